# SPDX-License-Identifier: MIT
# What a hostile backend tries: a liar, and the guest that it lies to.
HOSTILE_LIAR := $(addprefix tests/hostile/,liar-main.c liar.c liar-serve.c liar-rings.c liar-states.c liar-nodes.c \
	liar-pages.c liar-storms.c)
$(eval $(call c_testprog,hostile-liar,$(HOSTILE_LIAR),coproc-schema coproc-ring,xengnttab xenevtchn xenstore))
$(eval $(call c_testprog,hostile-victim,tests/hostile/victim.c,coproc,$(HOSTILE_PKGS)))
$(eval $(call c_testprog,hostile-flat,tests/hostile/flat.c,coproc,$(HOSTILE_PKGS)))
SLOW_SCENARIOS += $(addprefix tests/hostile/,backend.sh backend-states.sh backend-nodes.sh \
	backend-reconnects.sh flat.sh)
