# SPDX-License-Identifier: MIT
# How things are built.  Rooms say what they have in <room>/room.mk with the
# macros below; nothing here knows any room by name.
#
#   $(eval $(call c_library,NAME,SRCS))                    $(B)/lib/libNAME.a
#   $(eval $(call c_program,NAME,SRCS,LIBS,PKGS))          $(B)/bin/NAME
#   $(eval $(call c_helper,NAME,SRCS,LIBS,PKGS))           $(B)/libexec/NAME
#   $(eval $(call c_test,NAME,SRCS,LIBS,PKGS))             $(B)/test/NAME, run by check
#   $(eval $(call c_slow_test,NAME,SRCS,LIBS,PKGS))       the same, left out by check-fast
#   $(eval $(call c_testprog,NAME,SRCS,LIBS,PKGS))         $(B)/test/NAME, used by scenarios
#
# SRCS are paths from the top of the tree, LIBS names of our own static
# libraries in link order, PKGS pkg-config modules.
#
# Variables that rooms append to:
#   ALL        what `make all` builds
#   ALL_TESTS  what the tests need beside it
#   TESTS      programs that print TAP (libcheck ones do so through tests/unit/tap.h)
#   SCENARIOS  scripts that print TAP, run from the top of the tree with $B set
#   SLOW_SCENARIOS  scripts and programs that check-fast leaves out

B ?= build
VERSION := 0.1.0

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wundef -Wvla -Wno-unused-parameter
HARDEN := -fstack-protector-strong -fno-strict-aliasing -fno-common
ifdef SAN
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else
HARDEN += -D_FORTIFY_SOURCE=2
endif
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -fPIC -MMD -MP -I. $(WARNINGS) $(HARDEN) \
	-DXENCOPROC_VERSION='"$(VERSION)"' $(CPPFLAGS) $(CFLAGS) $(SAN_FLAGS)
ALL_LDFLAGS = -Wl,--as-needed -Wl,-z,relro,-z,now $(LDFLAGS) $(SAN_FLAGS)

prefix ?= /usr/local
bindir ?= $(prefix)/bin
sbindir ?= $(prefix)/sbin
libdir ?= $(prefix)/lib
libexecdir ?= $(prefix)/libexec
includedir ?= $(prefix)/include
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
sysconfdir ?= /etc
INSTALL ?= install

# Silent: the product's sources that a test is linked with are compiled with the
# test's flags too, before its packages are needed; a missing header says its name.
pkg_cflags = $(if $(strip $(1)),$(shell pkg-config --cflags $(1) 2>/dev/null))
pkg_libs = $(if $(strip $(1)),$(shell pkg-config --libs $(1)))
objs = $(patsubst %.c,$(B)/obj/%.o,$(1))
archives = $(patsubst %,$(B)/lib/lib%.a,$(1))

Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

# OBJ_DEPS, given by who calls: what all objects depend on beside their sources.
$(B)/obj/%.o: %.c $(OBJ_DEPS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(OBJ_CFLAGS) -c -o $@ $<

define c_library
$(B)/lib/lib$(1).a: $(call objs,$(2))
	$$(call say,AR,$$@)
	@mkdir -p $$(@D)
	$$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
DEPS += $(patsubst %.c,$(B)/obj/%.d,$(2))
ALL += $(B)/lib/lib$(1).a
endef

# $(1) output path, $(2) sources, $(3) our libraries, $(4) packages,
# $(5) the variable that names it, ALL unless said
define c_link
$(1): $(call objs,$(2)) $(call archives,$(3))
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(call pkg_libs,$(4)) $$(LDLIBS)
$(call objs,$(2)): OBJ_CFLAGS += $$(call pkg_cflags,$(4))
DEPS += $(patsubst %.c,$(B)/obj/%.d,$(2))
$(or $(5),ALL) += $(1)
endef

c_program = $(call c_link,$(B)/bin/$(1),$(2),$(3),$(4))
c_helper = $(call c_link,$(B)/libexec/$(1),$(2),$(3),$(4))
c_testprog = $(call c_link,$(B)/test/$(1),$(2),$(3),$(4),ALL_TESTS)
define c_test
$(call c_link,$(B)/test/$(1),$(2),$(3),check $(4),ALL_TESTS)
TESTS += $(B)/test/$(1)
endef
define c_slow_test
$(call c_link,$(B)/test/$(1),$(2),$(3),check $(4),ALL_TESTS)
SLOW_SCENARIOS += $(B)/test/$(1)
endef
