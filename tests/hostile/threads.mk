# SPDX-License-Identifier: MIT
# coprocd under ThreadSanitizer: its two threads share nothing but calls (backend/inbox.h).
# One compilation, because no other program is built so.
ifndef SAN
THREADS_SRCS := backend/coprocd.c $(BACKEND_SRCS) $(XENSTORE_SRCS) $(SCHEMA_SRCS) $(COPROC_RING_SRCS)
$(B)/test/coprocd-threads: $(THREADS_SRCS) $(wildcard backend/*.h backend/*/*.h) tests/hostile/threads.mk | $(B)/bin/coprocd
	$(call say,TSAN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -I. $(WARNINGS) -O1 -g -fno-strict-aliasing -fsanitize=thread -Wno-tsan \
		-DXENCOPROC_VERSION='"$(VERSION)"' -DCOPROC_SYSCONFDIR='"$(sysconfdir)"' \
		$(call pkg_cflags,$(BACKEND_PKGS)) -o $@ $(THREADS_SRCS) -Wl,--as-needed $(call pkg_libs,$(BACKEND_PKGS))
ALL_TESTS += $(B)/test/coprocd-threads
SLOW_SCENARIOS += tests/hostile/threads.sh
endif
