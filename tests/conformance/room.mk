# SPDX-License-Identifier: MIT
# coproc-conform: peers that try any implementation of the protocol.
CONFORM := tests/conformance
CONFORM_SRCS := $(CONFORM)/main.c $(CONFORM)/report.c $(sort $(wildcard $(CONFORM)/backend*.c $(CONFORM)/frontend*.c)) \
	tests/vectors/fields.c tests/vectors/vector.c
CONFORM_LIBS := coproc-ring coproc-schema
CONFORM_PKGS := xengnttab xenevtchn xenstore libsodium
$(eval $(call c_program,coproc-conform,$(CONFORM_SRCS),$(CONFORM_LIBS),$(CONFORM_PKGS)))

# The table of rules is made from the text, so that none can be forgotten.
$(B)/obj/$(CONFORM)/rules.inc: $(CONFORM)/rules.awk protocol/coprocif.md $(CONFORM)/unseen.md
	$(call say,RULES,$@)
	@mkdir -p $(@D)
	$(Q)awk -f $^ > $@.new && mv $@.new $@
$(B)/obj/$(CONFORM)/report.o: $(B)/obj/$(CONFORM)/rules.inc
$(B)/obj/$(CONFORM)/report.o: OBJ_CFLAGS += -I$(B)/obj/$(CONFORM)

# The exerciser of libcoproc, on its public functions alone.
$(eval $(call c_testprog,conform-exercise,$(CONFORM)/exercise.c,coproc,$(CONFORM_PKGS)))
SLOW_SCENARIOS += $(CONFORM)/frontend.sh
$(eval $(call fw_program,conform,$(CONFORM)/firmware/conform.c))

SLOW_SCENARIOS += $(CONFORM)/backend-jobs.sh $(CONFORM)/backend-stopped.sh
ifndef SAN
# Under sanitizers each connection costs coprocd so much that the device's budget
# for them is spent; tests/hostile/attacks.sh tries hostile frontends there.
SLOW_SCENARIOS += $(CONFORM)/backend.sh
endif
# Faults that are found once need no second search under sanitizers.
ifndef SAN
SLOW_SCENARIOS += $(CONFORM)/broken-frontend.sh

# coprocd with a defect each, to be found by broken.sh.
BROKEN := $(shell sed -n 's/^\([a-z-]*\)\t.*/\1/p' $(CONFORM)/broken.tbl)
$(BROKEN:%=$(B)/broken/%/made): $(B)/broken/%/made: $(CONFORM)/broken.tbl $(CONFORM)/broken-build $(B)/bin/coprocd
	$(call say,BREAK,$*)
	@mkdir -p $(@D)
	$(Q)$(CONFORM)/broken-build $* $(@D) \
		"$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(call pkg_cflags,$(BACKEND_PKGS))" "$(CC) $(ALL_LDFLAGS)" \
		"$(call objs,backend/coprocd.c) $(call archives,coproc-backend coproc-xenstore coproc-schema coproc-ring) $(call pkg_libs,$(BACKEND_PKGS)) $(LDLIBS)"
	@touch $@
ALL_TESTS += $(BROKEN:%=$(B)/broken/%/made)
SLOW_SCENARIOS += $(CONFORM)/broken.sh
endif

.PHONY: install-conform
install:: install-conform
install-conform: $(B)/bin/coproc-conform
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(datadir)/xen-coproc/cortex-m
	$(INSTALL) -m 755 $(B)/bin/coproc-conform $(DESTDIR)$(bindir)
	$(INSTALL) -m 644 $(CONFORM)/coproc-conform.1 $(DESTDIR)$(mandir)/man1
	$(INSTALL) -m 644 $(B)/firmware/conform.elf $(CONFORM)/firmware/conform.c \
		$(DESTDIR)$(datadir)/xen-coproc/cortex-m/
