# SPDX-License-Identifier: MIT
# The vectors of protocol/vectors against libcoproc-ring, both sides.
$(eval $(call c_test,vectors-messages,tests/vectors/messages.c tests/vectors/fields.c tests/vectors/vector.c,coproc-ring))
$(eval $(call c_test,vectors-traces,tests/vectors/traces.c tests/vectors/vector.c,coproc-ring))
# A second reader, written from the text; Python is not needed for anything else here.
ifneq ($(shell command -v python3),)
SCENARIOS += tests/vectors/reader.py
endif
# Messages and talks, against a live backend.
SCENARIOS += tests/vectors/live.sh
