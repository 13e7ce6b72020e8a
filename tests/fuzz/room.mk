# SPDX-License-Identifier: MIT
# Fuzzers guided by coverage: each target once for libFuzzer and once for
# AFL++, from the same sources, with AddressSanitizer and UBSan.  README.md
# says how to run them and how to add one.
#
#   $(eval $(call fuzz_target,NAME,SRCS,PKGS,FLAVOUR))
#
# gives $(B)/fuzz/libfuzzer/NAME and $(B)/fuzz/afl/NAME.  FLAVOUR names a set of
# extra flags, FUZZ_FLAGS_<flavour>, and has objects of its own.
ifndef SAN
FUZZ_DIR := tests/fuzz
FUZZ_CC_libfuzzer := clang-14 -fsanitize=fuzzer-no-link
FUZZ_CC_afl := AFL_QUIET=1 afl-clang-fast
FUZZ_LD_libfuzzer := clang-14 -fsanitize=fuzzer
FUZZ_LD_afl := AFL_QUIET=1 afl-clang-fast -fsanitize=fuzzer
FUZZ_SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_CFLAGS = -std=c11 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -fno-strict-aliasing \
	-MMD -MP -I. -DXENCOPROC_VERSION='"$(VERSION)"' $(FUZZ_SAN)
FUZZ_FLAGS_plain :=
FUZZ_PKGS = $(BACKEND_PKGS)
FUZZ_TARGETS :=

fuzz_objs = $(patsubst %.c,$(B)/fuzz/$(1)/obj/$(2)/%.o,$(3))

# $(1) engine, $(2) name, $(3) sources, $(4) packages, $(5) flavour
define fuzz_link
$(B)/fuzz/$(1)/$(2): $(call fuzz_objs,$(1),$(5),$(3))
	$$(call say,FUZZ,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(FUZZ_LD_$(1)) $$(FUZZ_SAN) -o $$@ $$^ $$(call pkg_libs,$(4)) $$(FUZZ_LIBS_$(2))
$(call fuzz_objs,$(1),$(5),$(3)): FUZZ_PKG_CFLAGS = $$(call pkg_cflags,$(4))
DEPS += $(patsubst %.o,%.d,$(call fuzz_objs,$(1),$(5),$(3)))
FUZZERS_$(1) += $(B)/fuzz/$(1)/$(2)
endef

define fuzz_target
$(call fuzz_link,libfuzzer,$(1),$(2),$(3),$(or $(4),plain))
$(call fuzz_link,afl,$(1),$(2),$(3),$(or $(4),plain))
FUZZ_TARGETS += $(1)
# For tests/fuzz/seeded: how it is compiled and linked.
.PHONY: fuzz-how-$(1)
fuzz-how-$(1):
	@:$$(info $$(FUZZ_CC_libfuzzer) $$(FUZZ_CFLAGS) $$(FUZZ_FLAGS_$(or $(4),plain)) \
		$$(call pkg_cflags,$(3) $$(FUZZ_PKGS)))
	@:$$(info $$(FUZZ_LD_libfuzzer) $$(FUZZ_SAN))
	@:$$(info $(call fuzz_objs,libfuzzer,$(or $(4),plain),$(2)))
	@:$$(info $$(call pkg_libs,$(3)) $$(FUZZ_LIBS_$(1)))
endef

# $(1) engine, $(2) flavour
define fuzz_rule
$(B)/fuzz/$(1)/obj/$(2)/%.o: %.c
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(FUZZ_CC_$(1)) $$(FUZZ_CFLAGS) $$(FUZZ_FLAGS_$(2)) $$(FUZZ_PKG_CFLAGS) -c -o $$@ $$<
endef
$(foreach e,libfuzzer afl,$(eval $(call fuzz_rule,$(e),plain)))

$(eval $(call fuzz_target,ring,$(FUZZ_DIR)/ring.c $(FUZZ_DIR)/judge.c $(COPROC_RING_SRCS)))
$(eval $(call fuzz_target,request,$(FUZZ_DIR)/request.c $(FUZZ_DIR)/judge.c $(COPROC_RING_SRCS)))
$(eval $(call fuzz_target,nodes,$(FUZZ_DIR)/nodes.c $(SCHEMA_SRCS)))
$(eval $(call fuzz_target,elf,$(FUZZ_DIR)/elf.c backend/engines/cortex-m/image.c))
$(eval $(call fuzz_target,config,$(FUZZ_DIR)/config.c backend/config.c backend/log.c \
	$(wildcard backend/sched/*.c),libconfuse))
$(eval $(call fuzz_target,options,$(FUZZ_DIR)/options.c $(addprefix frontend/user/,run-options.c \
	run-plan.c)))
FUZZ_LIBS_options := -lm

# A backend, a frontend: whole, with rim/ around them.
FUZZ_FLAGS_rim := -include $(FUZZ_DIR)/rim/redirect.h
$(foreach e,libfuzzer afl,$(eval $(call fuzz_rule,$(e),rim)))
# The rim itself is no code under test: no coverage, no sanitizers, so that what
# the fuzzers see and pay for is the product.
define fuzz_bare
$(B)/fuzz/$(1)/obj/rim/$(FUZZ_DIR)/rim/%.o: FUZZ_CC_$(1) := clang-14
$(B)/fuzz/$(1)/obj/rim/$(FUZZ_DIR)/rim/%.o: FUZZ_SAN :=
endef
$(foreach e,libfuzzer afl,$(eval $(call fuzz_bare,$(e))))
$(eval $(call fuzz_target,session,$(addprefix $(FUZZ_DIR)/,session.c events.c guest.c judge.c $(addprefix rim/,clock.c loop.c \
	inbox.c grants.c store.c descriptors.c process.c engine.c)) $(filter-out backend/inbox.c,$(BACKEND_SRCS)) \
	$(COPROC_RING_SRCS) $(SCHEMA_SRCS) $(XENSTORE_SRCS),libsodium,rim))
$(foreach e,libfuzzer afl,$(eval $(call fuzz_objs,$(e),rim,$(BACKEND_SRCS)): FUZZ_PKG_CFLAGS = \
	$(call pkg_cflags,$(BACKEND_PKGS))))
FUZZ_LIBS_session := -Wl,--wrap=worker_start $(call pkg_libs,libconfuse)

$(eval $(call fuzz_target,frontend,$(addprefix $(FUZZ_DIR)/,frontend.c peer.c rim/clock.c \
	rim/store.c rim/front.c) $(COPROC_ALL_SRCS),libsodium,rim))
$(foreach e,libfuzzer afl,$(eval $(call fuzz_objs,$(e),rim,$(COPROC_SRCS)): FUZZ_PKG_CFLAGS = \
	$(call pkg_cflags,$(COPROC_PKGS))))

# Inputs to begin with: the vectors, traces and talks of the protocol as each
# target reads them, firmware as it is built here, the tables' words.
$(B)/fuzz/seeds/made: $(FUZZ_DIR)/seeds.py $(FUZZ_DIR)/scripts.py $(wildcard protocol/vectors/*) xenstore-schema/nodes.tbl \
		backend/coprocd.conf.example 
	$(call say,SEEDS,$(@D))
	$(Q)B=$(B) python3 $(FUZZ_DIR)/seeds.py $(@D)
	@touch $@

# They build and run in here and not with the other tests: nobody who edits
# waits for two more compilers.
SLOW_SCENARIOS += tests/fuzz/build tests/fuzz/check tests/fuzz/seeded

.PHONY: fuzzers fuzzers-libfuzzer fuzzers-afl run-fuzz fuzz-targets
fuzzers: fuzzers-libfuzzer fuzzers-afl
fuzzers-libfuzzer: $(FUZZERS_libfuzzer) $(B)/fuzz/seeds/made
fuzzers-afl: $(FUZZERS_afl) $(B)/fuzz/seeds/made
fuzz-targets:
	@echo $(FUZZ_TARGETS)
SECONDS ?= 60
ENGINE ?= both
run-fuzz: fuzzers
	@B=$(B) $(FUZZ_DIR)/run --seconds $(SECONDS) --engine $(ENGINE) $(FUZZ)
endif
