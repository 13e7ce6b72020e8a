# SPDX-License-Identifier: MIT
# The build itself.  `Makefile` is what people call: it installs what is
# missing first, because this file needs a compiler and pkg-config to be read.
.DEFAULT_GOAL := all
ALL :=
DEPS :=
TESTS :=
SCENARIOS :=
SLOW_SCENARIOS :=

include mk/rules.mk
ROOMS := protocol libcoproc-ring xenstore-schema loopback frontend/user backend
include $(wildcard $(ROOMS:%=%/room.mk) tests/*/room.mk demo/room.mk)

.PHONY: all run-tests run-tests-fast install
all: $(ALL)

run-tests: all
	@B=$(B) tests/run $(TESTS) $(SCENARIOS) $(SLOW_SCENARIOS)

run-tests-fast: all
	@B=$(B) tests/run $(TESTS) $(SCENARIOS)

install:: all

-include $(sort $(DEPS))
