# SPDX-License-Identifier: MIT
# The vectors of protocol/vectors against libcoproc-ring, both sides.
$(eval $(call c_test,vectors-messages,tests/vectors/messages.c tests/vectors/vector.c,coproc-ring))
$(eval $(call c_test,vectors-traces,tests/vectors/traces.c tests/vectors/vector.c,coproc-ring))
