# SPDX-License-Identifier: MIT
FRONTEND_TEST_PKGS := xengnttab xenevtchn xenstore libsodium
$(eval $(call c_test,frontend-parts,tests/frontend/test_parts.c frontend/user/run-plan.c,coproc,\
	$(FRONTEND_TEST_PKGS)))
$(eval $(call c_testprog,frontend-guest,tests/frontend/guest.c tests/frontend/guest_memory.c,coproc,\
	$(FRONTEND_TEST_PKGS)))
$(B)/test/frontend-guest: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
$(eval $(call c_testprog,frontend-peers,$(addprefix tests/frontend/,peers.c double.c \
	double_serve.c),coproc-ring,xengnttab xenevtchn xenstore))
SCENARIOS += tests/frontend/peers.sh tests/frontend/run.sh tests/frontend/abi.sh
