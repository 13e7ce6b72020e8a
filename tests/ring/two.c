/* SPDX-License-Identifier: MIT */
/*
 * Two threads at the two ends of a ring or of a queue, over the product's own
 * sources and with nothing between them but the ring and, when a side sleeps,
 * an eventfd.  Plain C without a test library, so that it can be built for
 * another machine and with other sanitizers: see tests/ring/order.
 *
 *   ring-two ring|queue poll|sleep ORDER MESSAGES
 *
 * Prints what was moved and how often a side slept.  Ends with 0, or with 1 and
 * a line that says what went wrong: a message that is not what was sent, a ring
 * found broken, a sleep that nobody ended (a lost notification).
 *
 * In `poll` mode nothing but the ring itself orders the threads, so a thread
 * sanitizer sees every ordering that the ring does not make.
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "libcoproc-ring/wire.h"
#include "tests/ring/pair.h"

#ifndef SLEEP_LIMIT_MS
#define SLEEP_LIMIT_MS 20000
#endif

struct end {
	int wake;               /* what this side sleeps on */
	uint64_t sleeps;
};

static struct pair p;
static struct end to_fe, to_be;
static uint64_t messages;
static bool sleeps;
static int failed;              /* atomic; set once, both threads end */

static void fail(const char *what, uint64_t at)
{
	if (!__atomic_exchange_n(&failed, 1, __ATOMIC_RELAXED))
		printf("FAILED: %s, at message %llu\n", what, (unsigned long long)at);
}

static bool over(void)
{
	return __atomic_load_n(&failed, __ATOMIC_RELAXED);
}

static void notify(struct end *end)
{
	uint64_t one = 1;

	if (sleeps && write(end->wake, &one, sizeof(one)) != (ssize_t)sizeof(one))
		fail("eventfd", 0);
}

static void nap(struct end *end, uint64_t at)
{
	struct pollfd fd = { .fd = end->wake, .events = POLLIN };
	uint64_t count;

	end->sleeps++;
	if (poll(&fd, 1, SLEEP_LIMIT_MS) != 1)
		fail("asleep with nobody to wake it", at);
	else if (read(end->wake, &count, sizeof(count)) != (ssize_t)sizeof(count))
		fail("eventfd", at);
}

static void fill(uint8_t *message, size_t size, uint64_t n)
{
	for (size_t i = 0; i < size / 8; i++) {
		uint64_t word = pair_mix(n * 16 + i);

		memcpy(message + 8 * i, &word, 8);
	}
}

/* ---- a ring whose producer looks for room: events ---- */

static void *produce(void *arg)
{
	struct coproc_ring *ring = &p.server.cq;
	uint8_t message[XENCOPROC_CQE_SIZE];
	uint64_t sent = 0, seed = 5;

	while (sent < messages && !over()) {
		uint32_t room = coproc_ring_room(ring);
		uint32_t batch = 1 + pair_random(&seed) % 7;

		if (ring->broken)
			fail(coproc_broken_text(ring->broken), sent);
		if (room == 0) {
			sched_yield();
			continue;
		}
		for (; batch > 0 && room > 0 && sent < messages; batch--, room--) {
			fill(message, sizeof(message), sent++);
			coproc_ring_put(ring, message);
		}
		if (coproc_ring_publish(ring))
			notify(&to_fe);
		if (pair_random(&seed) % 8 == 0)
			sched_yield();
	}
	return arg;
}

static void consume(void)
{
	struct coproc_ring *ring = &p.client.cq;
	uint8_t got[XENCOPROC_CQE_SIZE], want[XENCOPROC_CQE_SIZE];
	uint64_t taken = 0;

	while (taken < messages && !over()) {
		uint32_t pending = coproc_ring_pending(ring);

		if (ring->broken)
			fail(coproc_broken_text(ring->broken), taken);
		for (; pending > 0; pending--) {
			fill(want, sizeof(want), taken);
			coproc_ring_take(ring, got);
			if (memcmp(got, want, sizeof(got)))
				fail("a message came with other contents", taken);
			taken++;
		}
		coproc_ring_consumed(ring);
		if (taken < messages && sleeps && !coproc_ring_arm(ring))
			nap(&to_fe, taken);
		else if (!sleeps)
			sched_yield();
	}
}

/* ---- a queue ---- */

static bool serve_one(uint64_t *served)
{
	struct coproc_completion done = { .status = XENCOPROC_OK };
	union {
		struct xencoproc_sqe sqe;
		struct xencoproc_sqe_job job;
	} got;
	uint64_t id;

	if (coproc_server_take(&p.server, &got.sqe) != 1)
		return false;
	id = wire64(got.job.h.id);
	if (wire64(got.job.immediate) != pair_mix(id))
		fail("a job came with other contents", id);
	done.slot = wire16(got.job.h.slot);
	done.result = pair_mix(~id);
	if (!coproc_server_complete(&p.server, &done))
		fail("a live job could not be completed", id);
	++*served;
	return true;
}

static void *serve(void *arg)
{
	uint64_t served = 0, seed = 77;

	while (served < messages && !over()) {
		uint32_t batch = 1 + pair_random(&seed) % 40;

		while (batch-- > 0 && serve_one(&served))
			;
		if (coproc_server_publish(&p.server))
			notify(&to_fe);
		if (coproc_server_broken(&p.server))
			fail(coproc_broken_text(coproc_server_broken(&p.server)), served);
		if (served == messages || coproc_ring_pending(&p.server.sq))
			continue;
		if (!sleeps)
			sched_yield();
		else if (!coproc_server_arm(&p.server))
			nap(&to_be, served);
	}
	return arg;
}

static void ask(uint64_t *sent, uint32_t batch)
{
	struct coproc_request request = { .op = XENCOPROC_OP_JOB };

	while (batch-- > 0 && *sent < messages) {
		request.id = *sent;
		request.u.job.immediate = pair_mix(*sent);
		if (coproc_client_put(&p.client, &request) < 0)
			break;
		++*sent;
	}
	if (coproc_client_publish(&p.client))
		notify(&to_be);
}

static void drive(void)
{
	struct coproc_completion done;
	uint64_t sent = 0, taken = 0, seed = 99;

	while (taken < messages && !over()) {
		ask(&sent, 1 + pair_random(&seed) % 40);
		while (coproc_client_take(&p.client, &done) == 1) {
			if (done.result != pair_mix(~done.id))
				fail("a completion came with other contents", done.id);
			taken++;
		}
		if (coproc_client_broken(&p.client))
			fail(coproc_broken_text(coproc_client_broken(&p.client)), taken);
		if (taken == messages ||
		    (sent < messages && p.client.outstanding < p.client.sq.entries))
			continue;
		if (!sleeps)
			sched_yield();
		else if (!coproc_client_arm(&p.client))
			nap(&to_fe, taken);
	}
}

int main(int argc, char **argv)
{
	bool queue = argc == 5 && !strcmp(argv[1], "queue");
	uint32_t order = argc == 5 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
	pthread_t thread;

	if (argc != 5 || order < XENCOPROC_ORDER_MIN || order > XENCOPROC_ORDER_MAX) {
		fprintf(stderr, "usage: %s ring|queue poll|sleep ORDER(5..9) MESSAGES\n", argv[0]);
		return 2;
	}
	sleeps = !strcmp(argv[2], "sleep");
	messages = strtoull(argv[4], NULL, 10);
	to_fe.wake = eventfd(0, 0);
	to_be.wake = eventfd(0, 0);
	/* through the wrap of 2^32 half-way */
	pair_begin(&p, 1, order, 0u - (uint32_t)messages / 2);
	if (to_fe.wake < 0 || to_be.wake < 0 ||
	    pthread_create(&thread, NULL, queue ? serve : produce, NULL)) {
		perror("ring-two");
		return 2;
	}
	if (queue)
		drive();
	else
		consume();
	pthread_join(thread, NULL);
	printf("%s %s, %u entries: %llu messages, %llu + %llu sleeps\n", argv[1], argv[2], 1u << order,
	       (unsigned long long)messages, (unsigned long long)to_fe.sleeps,
	       (unsigned long long)to_be.sleeps);
	return failed;
}
