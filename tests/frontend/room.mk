# SPDX-License-Identifier: MIT
FRONTEND_TEST_PKGS := xengnttab xenevtchn xenstore libsodium
$(eval $(call c_test,frontend-parts,tests/frontend/test_parts.c frontend/user/run-plan.c,coproc,\
	$(FRONTEND_TEST_PKGS)))
$(eval $(call c_testprog,frontend-guest,$(addprefix tests/frontend/guest,.c _honest.c _lost.c \
	_real.c _lazy.c _memory.c _failing.c _refused.c _again.c _moments.c),coproc,\
	$(FRONTEND_TEST_PKGS)))
$(B)/test/frontend-guest: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
FAILING := xengntshr_open xengntshr_share_pages xengntshr_unshare xenevtchn_open xenevtchn_pending \
	xenevtchn_bind_unbound_port xs_open xs_read xs_write xs_directory xs_watch xs_check_watch \
	xs_transaction_start socket bind epoll_create1 epoll_ctl epoll_wait
$(B)/test/frontend-guest: LDFLAGS += $(FAILING:%=-Wl,--wrap=%)
# The backend is the one that coproc-conform plays.
$(eval $(call c_testprog,frontend-peers,$(wildcard tests/frontend/peers*.c) $(addprefix tests/conformance/frontend-,\
	device.c ring.c serve.c toolstack.c watch.c),coproc-ring coproc-schema,xengnttab xenevtchn xenstore))
SCENARIOS += tests/frontend/run.sh tests/frontend/abi.sh
SLOW_SCENARIOS += tests/frontend/peers.sh
