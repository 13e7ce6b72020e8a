# SPDX-License-Identifier: MIT
PLAY := tests/engines/play.c tests/engines/world.c

$(eval $(call c_testprog,engine-guest,tests/engines/guest.c,,xengnttab))
$(eval $(call c_test,engine-harness,tests/engines/test_harness.c $(PLAY),,xengnttab))
$(eval $(call c_helper,engine-evil,tests/engines/evil.c,$(ENGINE_LIBS),$(ENGINE_PKGS)))
$(eval $(call c_test,engine-sandbox,tests/engines/test_sandbox.c $(PLAY),,xengnttab))
$(eval $(call c_test,engine-cortex-m,tests/engines/test_cortex_m.c $(PLAY),,xengnttab))
$(eval $(call c_test,engine-cortex-m-image,tests/engines/test_image.c backend/engines/cortex-m/image.c,,))
$(eval $(call c_test,engine-cortex-m-memory,tests/engines/test_memory.c $(PLAY),,xengnttab))
$(eval $(call c_test,engine-cortex-m-wild,tests/engines/test_wild.c $(PLAY),,xengnttab))

$(eval $(call c_test,engine-cortex-m-slices,tests/engines/test_slices.c $(PLAY),,xengnttab))
$(eval $(call c_test,engine-ahead,tests/engines/test_ahead.c $(PLAY),,xengnttab))
$(eval $(call c_test,engine-figures,tests/engines/test_figures.c $(PLAY),,xengnttab))

$(eval $(call c_test,engine-speed,tests/engines/test_speed.c tests/engines/bare.c $(PLAY),,xengnttab unicorn))

$(eval $(call fw_program,mixed,tests/engines/firmware/mixed.c))
$(eval $(call fw_program,work,tests/engines/firmware/work.c))
$(eval $(call fw_program,wild,tests/engines/firmware/wild.c))
$(eval $(call fw_program,sprawl,tests/engines/firmware/sprawl.c))
$(eval $(call fw_program,speed,tests/engines/firmware/speed.c))
