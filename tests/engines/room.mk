# SPDX-License-Identifier: MIT
PLAY := tests/engines/play.c

$(eval $(call c_test,engine-harness,tests/engines/test_null.c $(PLAY),,))
