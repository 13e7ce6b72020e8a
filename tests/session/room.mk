# SPDX-License-Identifier: MIT
# The worked session and the tables of coprocif.md against the code.
$(eval $(call c_test,session,tests/session/session.c tests/vectors/vector.c,coproc-ring))
SCENARIOS += tests/session/coprocif-text
