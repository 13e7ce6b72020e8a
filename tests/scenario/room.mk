# SPDX-License-Identifier: MIT
SCENARIO_LIBS := coproc coproc-xenstore coproc-schema coproc-ring
SCENARIO_PKGS := xengnttab xenevtchn xenstore libsodium
$(eval $(call c_testprog,guest-jobs,tests/scenario/guest-jobs.c,$(SCENARIO_LIBS),$(SCENARIO_PKGS)))
SCENARIOS += tests/scenario/jobs.sh
$(eval $(call c_testprog,guest-load,tests/scenario/guest-load.c,$(SCENARIO_LIBS),$(SCENARIO_PKGS)))
SCENARIOS += tests/scenario/share.sh
SCENARIOS += tests/scenario/leftovers.sh
$(eval $(call c_testprog,guest-once,tests/scenario/guest-once.c,$(SCENARIO_LIBS),$(SCENARIO_PKGS)))
SLOW_SCENARIOS += tests/scenario/restart.sh
SLOW_SCENARIOS += tests/scenario/kill.sh
$(eval $(call c_testprog,hostile,tests/scenario/hostile.c tests/scenario/raw.c,coproc-ring,$(SCENARIO_PKGS)))
SLOW_SCENARIOS += tests/scenario/hostile.sh
SLOW_SCENARIOS += tests/scenario/floods.sh
$(eval $(call c_testprog,guest-quota,tests/scenario/guest-quota.c tests/scenario/raw.c,coproc-ring,$(SCENARIO_PKGS)))
SCENARIOS += tests/scenario/quota.sh
SLOW_SCENARIOS += tests/scenario/policy.sh
SCENARIOS += tests/scenario/again.sh
