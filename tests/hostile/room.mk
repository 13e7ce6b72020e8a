# SPDX-License-Identifier: MIT
# What a hostile peer tries, and what must hold: README.md has the table.
HOSTILE_PKGS := xengnttab xenevtchn xenstore libsodium
HOSTILE_ATTACKS := $(addprefix tests/hostile/,attack.c bounds.c changes.c firmware.c floods.c \
	grants.c nodes.c order.c rings.c stale.c)
HOSTILE_RAW := tests/hostile/raw.c
$(eval $(call c_testprog,hostile,$(HOSTILE_ATTACKS) $(HOSTILE_RAW),coproc-ring,$(HOSTILE_PKGS)))
$(eval $(call c_testprog,guest-quota,tests/hostile/guest-quota.c $(HOSTILE_RAW),coproc-ring,$(HOSTILE_PKGS)))
SCENARIOS += tests/hostile/quota.sh
SCENARIOS += tests/hostile/leftovers.sh
SLOW_SCENARIOS += tests/hostile/kill.sh
SLOW_SCENARIOS += tests/hostile/attacks.sh
SLOW_SCENARIOS += tests/hostile/floods.sh

include tests/hostile/trace.mk
include tests/hostile/backend.mk
