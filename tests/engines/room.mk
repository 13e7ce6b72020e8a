# SPDX-License-Identifier: MIT
PLAY := tests/engines/play.c tests/engines/world.c

$(eval $(call c_testprog,engine-guest,tests/engines/guest.c,,xengnttab))
$(eval $(call c_test,engine-harness,tests/engines/test_harness.c $(PLAY),,xengnttab))
$(eval $(call c_helper,engine-evil,tests/engines/evil.c,$(ENGINE_LIBS),$(ENGINE_PKGS)))
$(eval $(call c_test,engine-channel,tests/engines/test_channel.c $(PLAY),,xengnttab))
$(eval $(call c_test,engine-sandbox,tests/engines/test_sandbox.c $(PLAY),,xengnttab))
$(eval $(call c_test,engine-cortex-m,tests/engines/test_cortex_m.c $(PLAY),,xengnttab))
$(eval $(call c_test,engine-cortex-m-image,tests/engines/test_image.c backend/engines/cortex-m/image.c,,))
$(eval $(call c_test,engine-cortex-m-window,tests/engines/test_window.c backend/engines/cortex-m/window.c,,unicorn))
$(eval $(call c_slow_test,engine-cortex-m-memory,tests/engines/test_memory.c $(PLAY),,xengnttab))
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

# The null engine with every failure that its surroundings may have, one by one.
FAULTY_ENGINE := getopt_long malloc mmap prctl syscall unshare mount umount2 chroot chdir setgroups \
	setresgid setresuid setrlimit close_range seccomp_init seccomp_load seccomp_attr_set \
	xengnttab_open xengnttab_map_domain_grant_refs xentoolcore_restrict_all
$(eval $(call c_helper,coproc-engine-faulty,$(ENGINES)/null/null.c tests/engines/faulty.c,$(ENGINE_LIBS),$(ENGINE_PKGS)))
$(B)/libexec/coproc-engine-faulty: LDFLAGS += $(FAULTY_ENGINE:%=-Wl,--wrap=%)
# And the Cortex-M engine, with what only it calls.
FAULTY_M := $(FAULTY_ENGINE) calloc madvise xengnttab_unmap uc_open uc_mem_map_ptr uc_mmio_map \
	uc_context_alloc uc_context_save uc_emu_start
$(eval $(call c_helper,coproc-engine-faulty-m,$(CORTEX_M_PARTS) tests/engines/faulty-m.c,$(ENGINE_LIBS),\
	$(ENGINE_PKGS) unicorn))
$(B)/libexec/coproc-engine-faulty-m: LDFLAGS += $(FAULTY_M:%=-Wl,--wrap=%)
# Not again with sanitizers, whose runtime asks for memory through the same calls.
ifndef SAN
$(eval $(call c_test,engine-failing,tests/engines/test_failing.c $(PLAY),,xengnttab))
SCENARIOS += tests/engines/faulty.sh
endif
