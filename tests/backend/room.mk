# SPDX-License-Identifier: MIT
# The scheduler is tested in virtual time; the rest of the backend's parts with
# real descriptors and real processes.
BACKEND_SCHED := $(wildcard backend/sched/*.c) tests/backend/model.c

$(eval $(call c_test,backend-sched-share,tests/backend/test_sched_share.c $(BACKEND_SCHED)))
$(eval $(call c_test,backend-sched-bounds,tests/backend/test_sched_bounds.c $(BACKEND_SCHED)))
$(eval $(call c_test,backend-sched-scale,tests/backend/test_sched_scale.c $(BACKEND_SCHED)))

$(eval $(call c_test,backend-bank,tests/backend/test_bank.c backend/bank.c))
$(B)/test/backend-bank: LDFLAGS += -Wl,--wrap=fallocate
$(eval $(call c_test,backend-config,tests/backend/test_config.c backend/config.c backend/log.c \
	$(wildcard backend/sched/*.c),,libconfuse))

$(eval $(call c_testprog,backend-worker-double,tests/backend/double.c tests/backend/commands.c))
$(eval $(call c_test,backend-worker,tests/backend/test_worker.c backend/worker.c backend/log.c,,libevent_core))
$(B)/test/backend-worker: LDFLAGS += -Wl,--wrap=malloc
# Of objects.c it needs buffer_read() alone, which the test has instead.
$(eval $(call c_test,backend-image,tests/backend/test_image.c backend/image.c,,$(BACKEND_PKGS)))
$(eval $(call c_test,backend-budget,tests/backend/test_budget.c))
$(eval $(call c_test,backend-log,tests/backend/test_log.c backend/log.c backend/trace.c))
$(eval $(call c_testprog,backend-ports,tests/backend/ports.c,coproc-backend coproc-xenstore coproc-schema coproc-ring,\
	$(BACKEND_PKGS)))
SCENARIOS += tests/backend/docs tests/backend/ports.sh

# coprocd with every failure that its surroundings may have, one by one.
FAULTY := getopt_long malloc calloc realloc strdup memfd_create ftruncate fcntl fallocate mmap recv \
	pthread_cond_wait socketpair fork event_new xengnttab_grant_copy xengnttab_map_domain_grant_refs xengnttab_map_grant_ref \
	xenevtchn_bind_interdomain xenevtchn_pending xs_write xs_read xs_transaction_start xs_watch xs_directory
$(eval $(call c_testprog,coprocd-faulty,backend/coprocd.c tests/backend/faulty.c,coproc-backend \
	coproc-xenstore coproc-schema coproc-ring,$(BACKEND_PKGS)))
# A worker and a guest that choose the moment.
$(eval $(call c_helper,coproc-engine-puppet,tests/backend/puppet.c tests/backend/commands.c))
$(eval $(call c_testprog,backend-moments,$(wildcard tests/backend/moments*.c) tests/hostile/raw.c \
	tests/unit/verdict.c,coproc-ring,xengnttab xenevtchn xenstore libsodium))
$(B)/test/coprocd-faulty: LDFLAGS += $(FAULTY:%=-Wl,--wrap=%)
$(eval $(call c_testprog,backend-edges,tests/backend/edges.c tests/hostile/raw.c tests/unit/verdict.c,coproc-ring,xengnttab xenevtchn \
	xenstore libsodium))
# Not again with sanitizers, whose runtime asks for memory through the same calls.
ifndef SAN
SLOW_SCENARIOS += tests/backend/edges.sh tests/backend/faulty.sh tests/backend/moments.sh
endif
