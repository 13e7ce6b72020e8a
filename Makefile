# SPDX-License-Identifier: MIT
# What people call.  Each target first installs the Debian packages that it
# misses (scripts/deps says which, and how to do it by hand), then hands over
# to build.mk, where the build itself is.

MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
BUILD = $(MAKE) -f build.mk -j$(JOBS)
B ?= build

.PHONY: all deps demo check check-fast install clean help

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
	@echo 'make install      with the usual prefix=, DESTDIR=, ...'
	@echo 'make clean'
	@echo 'V=1 shows commands, JOBS=n limits parallel jobs.'
