/* SPDX-License-Identifier: MIT */
/*
 * A frontend and a backend on two threads, sleeping when there is nothing to
 * do.  Each job's contents and completion are checked.  A notification that
 * is lost ends as a sleep longer than any scheduler takes, and as a failure.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <time.h>

#include "tests/ring/pair.h"
#include "tests/unit/tap.h"

#define SLEEP_LIMIT_S 20

struct run {
	struct pair p;
	uint64_t jobs;
	bool polls;             /* neither side ever sleeps */
	sem_t to_client, to_server;
	uint64_t notified_client, notified_server;
	char fault[128];
};

static struct run run;

static void fault(const char *what, uint64_t id)
{
	snprintf(run.fault, sizeof(run.fault), "%s, id %llu", what, (unsigned long long)id);
}

/* False: nobody woke us, which is the fault this test is about. */
static bool wait_for(sem_t *sem, const char *who)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += SLEEP_LIMIT_S;
	while (sem_timedwait(sem, &limit) != 0) {
		if (errno == EINTR)
			continue;
		fault(who, 0);
		return false;
	}
	return true;
}

static bool serve_one(uint64_t *served)
{
	struct coproc_completion done = { .status = XENCOPROC_OK };
	static const struct coproc_limits limits = {
		.max_contexts = 1, .max_firmware = 1, .max_buffers = 1, .max_run_limit_us = 1,
	};
	struct coproc_request request;
	struct xencoproc_sqe sqe;

	if (coproc_server_take(&run.p.server, &sqe) != 1)
		return false;
	if (coproc_request_decode(&sqe, false, &limits, &request) != XENCOPROC_OK)
		fault("a good job was refused", coproc_sqe_id(&sqe));
	if (request.u.job.immediate != pair_mix(request.id))
		fault("a job came with other contents", request.id);
	done.slot = request.slot;
	done.result = pair_mix(~request.id);
	if (!coproc_server_complete(&run.p.server, &done))
		fault("a live job could not be completed", request.id);
	++*served;
	return true;
}

static void *serve(void *arg)
{
	uint64_t served = 0;
	uint64_t seed = 77;

	while (served < run.jobs && !run.fault[0]) {
		uint32_t batch = 1 + pair_random(&seed) % 40;

		while (batch-- > 0 && serve_one(&served))
			;
		coproc_server_consumed(&run.p.server);
		if (coproc_server_publish(&run.p.server) && !run.polls) {
			run.notified_client++;
			sem_post(&run.to_client);
		}
		if (coproc_server_broken(&run.p.server))
			fault(coproc_broken_text(coproc_server_broken(&run.p.server)), served);
		if (run.polls || served == run.jobs || coproc_ring_pending(&run.p.server.sq))
			continue;
		if (!coproc_server_arm(&run.p.server) &&
		    !wait_for(&run.to_server, "the backend was not woken"))
			break;
	}
	return arg;
}

static void ask(uint64_t *sent, uint32_t batch)
{
	struct coproc_request request = { .op = XENCOPROC_OP_JOB };

	while (batch-- > 0 && *sent < run.jobs) {
		request.id = *sent;
		request.u.job.immediate = pair_mix(*sent);
		if (coproc_client_put(&run.p.client, &request) < 0)
			break;
		++*sent;
	}
	if (coproc_client_publish(&run.p.client) && !run.polls) {
		run.notified_server++;
		sem_post(&run.to_server);
	}
}

static void drive(void)
{
	struct coproc_completion done;
	uint64_t sent = 0, taken = 0, seed = 99;

	while (taken < run.jobs && !run.fault[0]) {
		ask(&sent, 1 + pair_random(&seed) % 40);
		while (coproc_client_take(&run.p.client, &done) == 1) {
			if (done.result != pair_mix(~done.id))
				fault("a completion came with other contents", done.id);
			taken++;
		}
		if (coproc_client_broken(&run.p.client))
			fault(coproc_broken_text(coproc_client_broken(&run.p.client)), taken);
		/* Sleep only when full, or when all was sent. */
		if (run.polls || taken == run.jobs ||
		    (sent < run.jobs && run.p.client.outstanding < run.p.client.sq.entries))
			continue;
		if (!coproc_client_arm(&run.p.client) &&
		    !wait_for(&run.to_client, "the frontend was not woken"))
			break;
	}
}

static void stress(uint32_t order, bool polls, uint64_t jobs)
{
	pthread_t server;

	memset(&run, 0, sizeof(run));
	run.jobs = jobs;
	run.polls = polls;
	sem_init(&run.to_client, 0, 0);
	sem_init(&run.to_server, 0, 0);
	/* through the wrap of 2^32 half-way */
	pair_begin(&run.p, 1, order, 0u - (uint32_t)jobs / 2);
	ck_assert_int_eq(pthread_create(&server, NULL, serve, NULL), 0);
	drive();
	pthread_join(server, NULL);
	if (run.fault[0])
		ck_abort_msg("%s", run.fault);
	ck_assert_uint_eq(run.p.client.outstanding, 0);
	ck_assert_uint_eq(run.p.server.live, 0);
}

START_TEST(two_threads_that_sleep)
{
	stress((uint32_t)_i, false, 1000000);
}
END_TEST

START_TEST(two_threads_that_poll)
{
	stress((uint32_t)_i, true, 300000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stress");
	TCase *t = tcase_create("stress");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, two_threads_that_sleep, XENCOPROC_ORDER_MIN, XENCOPROC_ORDER_MAX + 1);
	tcase_add_loop_test(t, two_threads_that_poll, XENCOPROC_ORDER_MIN, XENCOPROC_ORDER_MIN + 3);
	suite_add_tcase(suite, t);
	return tap_main(suite);
}
