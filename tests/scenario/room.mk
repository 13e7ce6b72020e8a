# SPDX-License-Identifier: MIT
SCENARIO_LIBS := coproc coproc-xenstore coproc-schema coproc-ring
SCENARIO_PKGS := xengnttab xenevtchn xenstore libsodium
$(eval $(call c_testprog,guest-jobs,tests/scenario/guest-jobs.c tests/unit/verdict.c,$(SCENARIO_LIBS),$(SCENARIO_PKGS)))
SCENARIOS += tests/scenario/jobs.sh
$(eval $(call c_testprog,guest-load,tests/scenario/guest-load.c,$(SCENARIO_LIBS),$(SCENARIO_PKGS)))
SCENARIOS += tests/scenario/share.sh
$(eval $(call c_testprog,guest-once,tests/scenario/guest-once.c,$(SCENARIO_LIBS),$(SCENARIO_PKGS)))
$(eval $(call c_testprog,guest-ahead,tests/scenario/guest-ahead.c tests/unit/verdict.c,$(SCENARIO_LIBS),$(SCENARIO_PKGS)))
SCENARIOS += tests/scenario/ahead.sh
SLOW_SCENARIOS += tests/scenario/restart.sh
SLOW_SCENARIOS += tests/scenario/policy.sh
SCENARIOS += tests/scenario/again.sh

# coprocd whose banks can be made impossible to scrub
$(eval $(call c_testprog,coprocd-unscrubbed,backend/coprocd.c tests/scenario/unscrubbed.c,coproc-backend \
	coproc-xenstore coproc-schema coproc-ring,$(BACKEND_PKGS)))
$(B)/test/coprocd-unscrubbed: LDFLAGS += -Wl,--wrap=fallocate
$(eval $(call c_testprog,guest-stopped,tests/scenario/guest-stopped.c tests/unit/verdict.c,$(SCENARIO_LIBS),$(SCENARIO_PKGS)))
SCENARIOS += tests/scenario/stopped.sh
