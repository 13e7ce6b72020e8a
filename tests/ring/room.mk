# SPDX-License-Identifier: MIT
$(eval $(call c_test,ring,tests/ring/test_ring.c,coproc-ring,))
