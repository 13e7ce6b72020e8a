# SPDX-License-Identifier: MIT
# The build itself.  `Makefile` is what people call: it installs what is
# missing first, because this file needs a compiler and pkg-config to be read.
.DEFAULT_GOAL := all
ALL :=
ALL_TESTS :=
DEPS :=
TESTS :=
SCENARIOS :=
SLOW_SCENARIOS :=

include mk/rules.mk

# Before the rooms' own, so that it is made first.
install:: all

ROOMS := protocol libcoproc-ring xenstore-schema loopback frontend/user backend
include $(wildcard $(ROOMS:%=%/room.mk) protocol/models/room.mk tests/*/room.mk demo/room.mk)

.PHONY: all tests run-tests run-tests-fast install
all: $(ALL)
tests: $(ALL) $(ALL_TESTS)

run-tests: tests
	@B=$(B) SAN=$(SAN) tests/run $(TESTS) $(SCENARIOS) $(SLOW_SCENARIOS)

run-tests-fast: tests
	@B=$(B) SAN=$(SAN) tests/run $(TESTS) $(SCENARIOS)

-include $(sort $(DEPS))
