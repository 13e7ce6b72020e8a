// SPDX-License-Identifier: MIT
/*
 *   ring-watched RUNS
 *
 * Tries a ring and a queue of 2 and of 4 entries, RUNS times each with other
 * turns.  Prints TAP; ends with 1 when a run fails or when the runs did not meet
 * what they are for: both ends of each race.
 */
#include <stdio.h>
#include <stdlib.h>

#include "libcoproc-ring/wire.h"
#include "tests/ring/watched/watched.h"

#define MESSAGES        24u

/* What the runs of one kind came to. */
struct met {
	uint64_t told, untold;          /* publishes that had to notify, or not */
	uint64_t slept, caught;         /* arms that slept, or saw a message come */
	uint64_t full;                  /* producers that found no room */
};

static struct met met;

static void published(enum ring ring, bool notify)
{
	rules_published(ring, notify);
	if (notify) {
		schedule_notify(turn == FE ? BE : FE);
		met.told++;
	} else {
		met.untold++;
	}
}

static void armed(enum ring ring, bool busy)
{
	rules_armed(ring, busy);
	if (busy) {
		met.caught++;
		return;
	}
	met.slept++;
	schedule_sleep();
}

static uint32_t one_to(uint32_t most)
{
	return 1 + pair_random(&chance) % most;
}

static void content(uint8_t *message, uint64_t n)
{
	for (uint32_t i = 0; i < XENCOPROC_CQE_SIZE / 8; i++) {
		uint64_t word = pair_mix(n * 16 + i + 1);

		memcpy(message + 8 * i, &word, 8);
	}
}

/* ---- a ring ---- */

static void produce(void)
{
	struct coproc_ring *ring = &watched.server.cq;
	uint8_t message[XENCOPROC_CQE_SIZE] __attribute__((aligned(16)));
	uint32_t sent = 0;

	while (sent < MESSAGES) {
		uint32_t room, batch = one_to(ring->entries);

		rules_call();
		room = coproc_ring_room(ring);
		rules_returned();
		if (ring->broken)
			schedule_fail(coproc_broken_text(ring->broken), sent);
		if (room == 0) {
			met.full++;
			schedule_yield();
		}
		for (; batch > 0 && room > 0 && sent < MESSAGES; batch--, room--) {
			content(message, sent++);
			rules_call();
			coproc_ring_put(ring, message);
			rules_returned();
		}
		rules_call();
		published(CQ, coproc_ring_publish(ring));
	}
}

static void consume(void)
{
	struct coproc_ring *ring = &watched.client.cq;
	uint8_t got[XENCOPROC_CQE_SIZE] __attribute__((aligned(16)));
	uint8_t want[XENCOPROC_CQE_SIZE];
	uint32_t taken = 0;

	while (taken < MESSAGES) {
		uint32_t pending, some;

		rules_call();
		pending = coproc_ring_pending(ring);
		rules_returned();
		if (ring->broken)
			schedule_fail(coproc_broken_text(ring->broken), taken);
		for (some = pending ? one_to(pending) : 0; some > 0; some--) {
			coproc_ring_take(ring, got);
			content(want, taken);
			if (memcmp(got, want, sizeof(got)))
				schedule_fail("a message came with other contents", taken);
			taken++;
		}
		/* It may sleep on what it has taken, but not on all slots. */
		if (one_to(2) == 1 || (!pending && ring->index - ring->published == ring->entries))
			coproc_ring_consumed(ring);
		if (pending || taken == MESSAGES)
			continue;
		rules_call();
		armed(CQ, coproc_ring_arm(ring));
	}
}

/* ---- a queue ---- */

/* Live requests of the backend, and their place in the SQ. */
static struct job {
	uint16_t slot;
	uint64_t id;
	uint32_t position;
} live[4];
static uint32_t live_count, accepted;

static bool accept_one(void)
{
	union {
		struct xencoproc_sqe sqe;
		struct xencoproc_sqe_job job;
	} got __attribute__((aligned(16)));
	struct job *job = &live[live_count];
	int rc;

	rules_call();
	rc = coproc_server_take(&watched.server, &got.sqe);
	rules_returned();
	if (rc < 0)
		schedule_fail(coproc_broken_text(coproc_server_broken(&watched.server)), accepted);
	if (rc != 1)
		return false;
	*job = (struct job){ wire16(got.job.h.slot), wire64(got.job.h.id), ++accepted };
	live_count++;
	if (wire64(got.job.immediate) != pair_mix(job->id))
		schedule_fail("a job came with other contents", accepted);
	return true;
}

static void complete_one(void)
{
	struct job *job = &live[pair_random(&chance) % live_count];
	struct coproc_completion completion = { .slot = job->slot, .result = pair_mix(~job->id) };

	rules_call();
	rules_completes(job->position);
	if (!coproc_server_complete(&watched.server, &completion))
		schedule_fail("a live job could not be completed", job->position);
	rules_returned();
	*job = live[--live_count];
}

static void serve(void)
{
	uint32_t served = 0;

	live_count = accepted = 0;
	while (served < MESSAGES) {
		bool more = accept_one();

		/* In any order, and more than one at once. */
		while (live_count > 0 && (!more || one_to(2) == 1)) {
			complete_one();
			served++;
		}
		if (more && served < MESSAGES && one_to(2) == 1)
			continue;
		rules_call();
		published(CQ, coproc_server_publish(&watched.server));
		if (more || served == MESSAGES)
			continue;
		rules_call();
		armed(SQ, coproc_server_arm(&watched.server));
	}
}

static uint32_t ask(uint32_t sent)
{
	struct coproc_request request = { .op = XENCOPROC_OP_JOB };
	uint32_t begun = sent;

	for (uint32_t batch = one_to(4); batch > 0 && sent < MESSAGES; batch--) {
		request.id = sent + 1;
		request.u.job.immediate = pair_mix(request.id);
		rules_call();
		if (coproc_client_put(&watched.client, &request) < 0) {
			met.full++;
			break;
		}
		rules_returned();
		sent++;
	}
	rules_call();
	if (sent != begun)
		published(SQ, coproc_client_publish(&watched.client));
	return sent;
}

static void drive(void)
{
	struct coproc_completion done;
	uint32_t sent = 0, taken = 0;

	while (taken < MESSAGES) {
		bool more = false;
		int rc = 0;

		sent = ask(sent);
		do {
			rules_call();
			rc = coproc_client_take(&watched.client, &done);
			rules_returned();
			if (rc < 0)
				schedule_fail(coproc_broken_text(coproc_client_broken(&watched.client)), taken);
			if (rc == 1 && done.result != pair_mix(~done.id))
				schedule_fail("a completion came with other contents", taken);
			more |= rc == 1;
			taken += rc == 1;
		} while (rc == 1 && one_to(4) > 1);
		if (more || (sent < MESSAGES && watched.client.outstanding < watched.client.sq.entries))
			continue;
		rules_call();
		armed(CQ, coproc_client_arm(&watched.client));
	}
}

/* ---- */

static bool try(bool queue, uint32_t order, uint32_t runs, uint32_t *at)
{
	for (uint32_t run = 1; run <= runs; run++) {
		/* Some through the wrap, some with fast turns, some with slow stores. */
		uint32_t base = run % 3 ? 0u - run % MESSAGES : 0;

		chance = run * 0x9e3779b97f4a7c15ull + order;
		pair_begin(&watched, WATCHED_QUEUE, order, base);
		rules_begin(1u << order, base);
		*at = run;
		if (schedule_run(queue ? drive : consume, queue ? serve : produce, 2u << run % 4,
				 2u << run / 4 % 4))
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	uint32_t runs = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	uint32_t n = 0, bad = 0, at;

	if (runs == 0) {
		fprintf(stderr, "usage: %s RUNS\n", argv[0]);
		return 2;
	}
	for (int queue = 0; queue < 2; queue++) {
		for (uint32_t order = 1; order <= 2; order++) {
			const char *what = queue ? "queue" : "ring";
			bool good;

			memset(&met, 0, sizeof(met));
			good = try(queue, order, runs, &at);
			bad += !good;
			if (good)
				printf("ok %u - %s of %u: %u runs\n", ++n, what, 1u << order, runs);
			else
				printf("not ok %u - %s of %u: FAILED: %s, run %u\n", ++n, what,
				       1u << order, schedule_failed, at);
			good = good && met.told && met.untold && met.slept && met.caught && met.full;
			bad += !good;
			printf("%s %u - %s of %u: met %llu told, %llu not, %llu sleeps, %llu caught awake, "
			       "%llu without room\n", good ? "ok" : "not ok", ++n, what, 1u << order,
			       (unsigned long long)met.told, (unsigned long long)met.untold,
			       (unsigned long long)met.slept, (unsigned long long)met.caught,
			       (unsigned long long)met.full);
		}
	}
	printf("1..%u\n", n);
	return bad ? 1 : 0;
}
