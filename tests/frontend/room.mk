# SPDX-License-Identifier: MIT
FRONTEND_TEST_PKGS := xengnttab xenevtchn xenstore libsodium
$(eval $(call c_test,frontend-parts,tests/frontend/test_parts.c frontend/user/run-plan.c,coproc,\
	$(FRONTEND_TEST_PKGS)))
$(eval $(call c_testprog,frontend-guest,tests/frontend/guest.c tests/frontend/guest_memory.c,coproc,\
	$(FRONTEND_TEST_PKGS)))
$(B)/test/frontend-guest: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
# The backend is the one that coproc-conform plays.
$(eval $(call c_testprog,frontend-peers,tests/frontend/peers.c $(addprefix tests/conformance/frontend-,\
	device.c ring.c serve.c watch.c),coproc-ring coproc-schema,xengnttab xenevtchn xenstore))
SCENARIOS += tests/frontend/peers.sh tests/frontend/run.sh tests/frontend/abi.sh
