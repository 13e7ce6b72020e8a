# SPDX-License-Identifier: MIT
# Static analysis and coverage: tests/analysis/README.md.

# Analysis is a build of everything with a compiler that also analyses.  Its
# goal is the objects, and the firmware; no program is linked.
# Expanded late: the rooms that follow this one count.
ANALYSED = $(sort $(filter $(B)/obj/% $(B)/loopback/obj/%,$(DEPS:.d=.o)) $(filter %.elf,$(ALL)))
ANALYSED_QUICK = $(filter-out %.elf $(B)/obj/tests/%,$(ANALYSED))
.PHONY: analysed analysed-quick analysed-begin
analysed:
	$(Q)$(MAKE) -f build.mk $(ANALYSED)
	$(Q)printf '%s\n' $(ANALYSED:=.findings) > $(B)/list
analysed-begin:
	$(Q)$(MAKE) -f build.mk $(filter $(B)/obj/backend/% $(B)/obj/demo/%,$(ANALYSED_QUICK))
analysed-quick:
	$(Q)$(MAKE) -f build.mk $(ANALYSED_QUICK)
	$(Q)printf '%s\n' $(ANALYSED_QUICK:=.findings) > $(B)/list

# Once: neither asks what the sanitizers do.
ifndef SAN
SCENARIOS += tests/analysis/coverage.sh
# In two, for a test may take ten minutes, and a busy machine needs some of them.
SLOW_SCENARIOS += tests/analysis/analysers.sh tests/analysis/analyse.sh
endif

.PHONY: run-analyse
run-analyse:
	@B=$(B) tests/analysis/analyse

# What coverage runs: not what measures time or instructions, looks at texts, or
# repeats for long what others reach.
UNCOVERED := %/ring-stress %/engine-speed %/engine-figures %/loopback-grants %/backend-sched-scale \
	tests/analysis/% tests/bench/% tests/models/% tests/demo/% tests/ring/instructions tests/protocol/% \
	tests/backend/docs %/abi.sh %/made %/coprocif-text %/reader.py
COVERED_SLOW := $(addprefix tests/,conformance/backend.sh conformance/backend-jobs.sh \
	conformance/frontend.sh hostile/attacks.sh hostile/kill.sh hostile/backend.sh \
	hostile/backend-states.sh hostile/backend-nodes.sh hostile/backend-reconnects.sh \
	scenario/restart.sh scenario/policy.sh backend/faulty.sh backend/edges.sh backend/moments.sh \
	frontend/peers.sh loopback/worlds.sh) $(B)/test/engine-cortex-m-memory
.PHONY: run-tests-covered
run-tests-covered: tests
	@B=$(B) SAN= tests/run $(filter-out $(UNCOVERED),$(TESTS) $(SCENARIOS)) $(COVERED_SLOW)

COVERED_UNITS = $(filter $(addprefix $(B)/test/,ring ring-queue ring-queue-lies ring-request ring-message \
	ring-swap schema-node schema-state schema-walk schema-sets session vectors-messages vectors-traces \
	engine-cortex-m-image),$(TESTS))
.PHONY: units-covered run-units-covered
units-covered:
	$(Q)$(MAKE) -f build.mk $(COVERED_UNITS)
run-units-covered: units-covered
	@B=$(B) SAN= tests/run $(COVERED_UNITS)

.PHONY: run-coverage
run-coverage:
	@B=$(B) tests/analysis/coverage
