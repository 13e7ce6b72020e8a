# SPDX-License-Identifier: MIT
# The double-fetch tracer: preloaded, x86-64 alone, and of no use where a
# sanitizer's run-time has to be the first library.
ifndef SAN
TRACE_SRCS := $(addprefix tests/hostile/,trace-step.c trace-rules.c trace-roles.c trace-xen.c trace-report.c)
$(eval $(call c_testprog,hostile-ops,tests/hostile/ops.c,coproc,$(HOSTILE_PKGS)))
ifeq ($(shell $(CC) -dumpmachine),x86_64-linux-gnu)
$(B)/test/hostile-trace.so: $(call objs,$(TRACE_SRCS))
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared $(ALL_LDFLAGS) -o $@ $^ $(call pkg_libs,capstone)
$(call objs,$(TRACE_SRCS)): OBJ_CFLAGS += $(call pkg_cflags,capstone xengnttab xenstore)
DEPS += $(patsubst %.c,$(B)/obj/%.d,$(TRACE_SRCS))
ALL_TESTS += $(B)/test/hostile-trace.so
endif
# How the programs with a seeded double fetch are compiled and linked.
$(B)/test/hostile-seeds.env: tests/hostile/trace.mk mk/rules.mk | $(B)/bin/coprocd $(B)/test/hostile-ops
	@mkdir -p $(@D)
	@printf "%s='%s'\n" \
		COMPILE '$(CC) $(subst ','\'',$(filter-out -MMD -MP,$(ALL_CFLAGS))) $(call pkg_cflags,$(BACKEND_PKGS) $(HOSTILE_PKGS))' \
		LINK '$(CC) $(ALL_LDFLAGS)' \
		COPROCD '$(call objs,backend/coprocd.c)' \
		COPROCD_LIBS '$(call archives,coproc-backend coproc-xenstore coproc-schema coproc-ring) $(call pkg_libs,$(BACKEND_PKGS))' \
		OPS '$(call objs,tests/hostile/ops.c)' \
		OPS_LIBS '$(call archives,coproc) $(call pkg_libs,$(HOSTILE_PKGS))' > $@
ALL_TESTS += $(B)/test/hostile-seeds.env
SLOW_SCENARIOS += tests/hostile/double-fetch.sh
endif
