# SPDX-License-Identifier: MIT
# Tests of loopback/.  All link with Debian's libraries, as any program would;
# which ones they meet is decided by the world that they run in.
LB_TEST_PKGS := xengnttab xenevtchn xentoolcore xenstore
LB_PAIR := tests/loopback/pair.c tests/loopback/world.c
$(eval $(call c_testprog,loopback-guest,tests/loopback/guest.c,,$(LB_TEST_PKGS)))
$(eval $(call c_testprog,loopback-vchan,tests/loopback/vchan.c,,xenvchan xenstore))
$(eval $(call c_testprog,loopback-bench,tests/loopback/bench.c,,$(LB_TEST_PKGS)))
$(eval $(call c_testprog,loopback-hostile,tests/loopback/hostile.c,,))
$(eval $(call c_test,loopback-grants,tests/loopback/test_grants.c $(LB_PAIR),,))
$(eval $(call c_test,loopback-events,tests/loopback/test_events.c $(LB_PAIR),,))
$(eval $(call c_test,loopback-xenstore,tests/loopback/test_xenstore.c $(LB_PAIR),,))
SCENARIOS += tests/loopback/vchan.sh tests/loopback/abi.sh
SLOW_SCENARIOS += tests/loopback/worlds.sh
