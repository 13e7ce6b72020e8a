# SPDX-License-Identifier: MIT
# coproc-conform: peers that try any implementation of the protocol.
CONFORM := tests/conformance
CONFORM_SRCS := $(CONFORM)/main.c $(CONFORM)/report.c $(sort $(wildcard $(CONFORM)/backend*.c $(CONFORM)/frontend*.c))
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

SLOW_SCENARIOS += $(CONFORM)/backend.sh $(CONFORM)/backend-jobs.sh
# Faults that are found once need no second search under sanitizers.
ifndef SAN
SLOW_SCENARIOS += $(CONFORM)/broken-frontend.sh
endif
