# SPDX-License-Identifier: MIT
# What people call.  Each target first installs the Debian packages that it
# misses (scripts/deps says which, and how to do it by hand), then hands over
# to build.mk, where the build itself is.

MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
BUILD = $(MAKE) -f build.mk -j$(JOBS)
B ?= build
export B

.PHONY: all deps demo check check-fast model fuzz bench analyse coverage install clean help

all: deps
	@$(BUILD) B=$(B) all

deps:
	@scripts/deps build

demo: all
	@$(MAKE) -f build.mk B=$(B) run-demo

# Everything: all tests, all of them again under the sanitizers, the
# demonstration.  The last line is "N passed, N failed, N skipped".
check:
	@scripts/deps check
	@B=$(B) tests/check

# Unit tests and short scenarios only: under three minutes.
check-fast:
	@scripts/deps check
	@B=$(B) tests/check --fast

# The Spin models of protocol/models and their seeded mutations.
model:
	@scripts/deps model
	@$(MAKE) -f build.mk B=$(B) run-model

# Each fuzz target for this long: make fuzz SECONDS=600
SECONDS ?= 60
fuzz:
	@scripts/deps fuzz
	@$(BUILD) B=$(B) fuzzers
	@$(MAKE) -f build.mk B=$(B) SECONDS=$(SECONDS) run-fuzz

# Figures beside what one would use instead: build/bench.json, plots, a table.
bench:
	@scripts/deps bench
	@$(BUILD) B=$(B) tests
	@$(MAKE) -f build.mk B=$(B) run-bench

# gcc -fanalyzer, clang-tidy, cppcheck.
analyse:
	@scripts/deps analyse
	@$(MAKE) -f build.mk B=$(B) run-analyse

# Which lines the tests reach; the peer-facing ones that none does are listed.
coverage:
	@scripts/deps coverage
	@$(MAKE) -f build.mk B=$(B) run-coverage

# In two steps, the second one after the other: rooms install what `all` built.
install:
	@$(BUILD) B=$(B) all
	@$(MAKE) -f build.mk B=$(B) install

clean:
	rm -rf build

help:
	@echo 'make              build everything into build/'
	@echo 'make demo         two guests with different firmware share one Cortex-M core'
	@echo 'make check        all tests; make check-fast: the short ones'
	@echo 'make model        model checking of the protocol, with seeded mutations'
	@echo 'make fuzz         fuzzing by coverage, SECONDS=n for each target'
	@echo 'make bench        figures and plots, into build/bench.json and build/bench/'
	@echo 'make analyse      static analysis; make coverage: lines the tests reach'
	@echo 'make install      with the usual prefix=, DESTDIR=, ...'
	@echo 'make clean'
	@echo 'V=1 shows commands, JOBS=n limits parallel jobs.'
