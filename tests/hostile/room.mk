# SPDX-License-Identifier: MIT
# What a hostile peer tries, and what must hold: README.md has the table.
HOSTILE_PKGS := xengnttab xenevtchn xenstore libsodium
HOSTILE_ATTACKS := $(addprefix tests/hostile/,attack.c bounds.c changes.c cunning.c firmware.c floods.c \
	grants.c guilty.c nodes.c order.c rings.c stale.c \
	unpaid.c) tests/unit/verdict.c
HOSTILE_RAW := tests/hostile/raw.c
$(eval $(call c_testprog,hostile,$(HOSTILE_ATTACKS) $(HOSTILE_RAW),coproc-ring,$(HOSTILE_PKGS)))
$(eval $(call c_testprog,guest-quota,tests/hostile/guest-quota.c $(HOSTILE_RAW),coproc-ring,$(HOSTILE_PKGS)))
$(eval $(call c_testprog,hostile-sleeps,tests/hostile/sleeps.c))
$(eval $(call fw_program,canary,tests/hostile/firmware/canary.c))
SCENARIOS += tests/hostile/quota.sh tests/hostile/leftovers.sh tests/hostile/aborts.sh
SLOW_SCENARIOS += tests/hostile/kill.sh tests/hostile/attacks.sh tests/hostile/stall.sh tests/hostile/sleeps.sh \
	tests/hostile/torture.sh
ifndef SAN
SLOW_SCENARIOS += tests/hostile/floods.sh tests/hostile/rates.sh tests/hostile/penalty.sh
endif

include tests/hostile/trace.mk tests/hostile/threads.mk
include tests/hostile/backend.mk

# Looks at what all of the above said.
SLOW_SCENARIOS += tests/hostile/table.sh
