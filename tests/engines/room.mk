# SPDX-License-Identifier: MIT
PLAY := tests/engines/play.c

$(eval $(call c_test,engine-harness,tests/engines/test_null.c $(PLAY),,))
$(eval $(call c_test,engine-cortex-m,tests/engines/test_cortex_m.c $(PLAY),,))

$(eval $(call fw_program,work,tests/engines/firmware/work.c))
