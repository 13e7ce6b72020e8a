# SPDX-License-Identifier: MIT
# The benchmark: README.md says what it measures, `bars` against what.
BENCH := tests/bench
BENCH_XEN := xengnttab xenevtchn

$(eval $(call c_testprog,bench-profile,$(BENCH)/profile.c $(BENCH)/symbols.c))
$(eval $(call c_testprog,bench-guest,$(BENCH)/guest.c $(BENCH)/bench.c,coproc coproc-xenstore coproc-schema coproc-ring,\
	$(BENCH_XEN) xenstore libsodium))

$(eval $(call c_testprog,bench-contest,$(addprefix $(BENCH)/,contest.c contest-ours.c contest-ring-h.c \
	contest-vchan.c contest-pipe.c link.c bench.c),coproc-ring,xenvchan $(BENCH_XEN)))
$(eval $(call c_testprog,bench-native,$(BENCH)/native.c $(BENCH)/checked.c $(BENCH)/bench.c tests/engines/bare.c \
	tests/engines/play.c,,check xengnttab unicorn))

$(eval $(call c_testprog,bench-sched,$(BENCH)/sched.c $(BENCH)/checked.c $(BENCH)/bench.c tests/backend/model.c \
	$(wildcard backend/sched/*.c),,check))
$(eval $(call c_testprog,bench-scrub,$(BENCH)/scrub.c $(BENCH)/bench.c backend/bank.c))

# Preloaded into programs that may be Debian's: never with sanitizers.
ifeq ($(shell $(CC) -dumpmachine | cut -d- -f1),x86_64)
$(B)/test/bench-count.so: $(BENCH)/count.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -fsanitize=% -fno-sanitize-recover=% -MMD -MP,$(ALL_CFLAGS)) -shared \
		-o $@ $< -ldl
ALL_TESTS += $(B)/test/bench-count.so
endif

.PHONY: run-bench bench-doc
run-bench: tests
	@B=$(B) tests/bench/run

# What the last run left, into the documentation.
bench-doc:
	@test -s $(B)/bench/table.md || { echo "no run to take figures from: make bench" >&2; exit 1; }
	@mkdir -p $(BENCH)/figures
	@cp $(B)/bench/table.md $(BENCH)/figures/README.md
	@cp $(B)/bench/*.svg $(B)/bench.json $(BENCH)/figures/
	@echo "$(BENCH)/figures: look at the difference, then commit it"

# That all of it works, in under a minute; not with sanitizers, which count too.
ifndef SAN
SLOW_SCENARIOS += $(BENCH)/smoke
endif
