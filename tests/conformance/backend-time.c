// SPDX-License-Identifier: MIT
/*
 * Timelines, and what is left in local memory (sections 7 and 8).
 */
#include <string.h>

#include "backend.h"

static struct request waits(uint32_t context, uint32_t for_, uint64_t value)
{
	struct request r = job(context, P_END, value);

	set_wait(&r, for_, value, 60000000);
	return r;
}

/* Ends exactly when the timeline is there, not before. */
static void waits_for(struct bench *b)
{
	struct peer *p = &b->peer;
	struct asked *a = peer_send(p, 1, waits(0, 1, 10));

	/* Accepted from here on: the time that it waits counts. */
	expect_on(p, 1, OK, request(NOP), "NOP behind it");
	for (uint64_t value = 7; value < 10; value++) {
		expect(p, OK, ctx_signal(1, value), "CTX_SIGNAL");
		sleep_us(5000);
		peer_reap(p);
		report_check(b->report, !a->answered, "a job that waits for 10 started at %llu", (unsigned long long)value);
	}
	expect(p, OK, ctx_signal(2, 99), "CTX_SIGNAL of another context");
	sleep_us(5000);
	peer_reap(p);
	report_check(b->report, !a->answered, "a job that waits for context 1 started by context 2");
	expect(p, OK, ctx_signal(1, 11), "CTX_SIGNAL");
	expect_answer(p, a, OK, "the job when the timeline has passed its value");
	report_check(b->report, a->got.waited_us >= 20000, "it says that it waited %u us, it was more than 20000", a->got.waited_us);
	expect_on(p, 1, OK, waits(0, 1, 11), "a job whose value has been reached");
	expect_on(p, 1, OK, waits(0, 1, 0), "a job that waits for 0");
}

/* What waits holds back the later ones of its context and queue, and no others. */
static void holds_back(struct bench *b)
{
	struct peer *p = &b->peer;
	struct asked *first, *second, *third;

	if (!peer_queue(p, 2, NORMAL, 5))
		return;
	first = peer_send(p, 1, waits(0, 1, 1));
	second = peer_send(p, 1, job(0, P_END, 2));
	third = peer_send(p, 1, job(0, P_END, 3));
	expect_on(p, 1, OK, job(2, P_END, 0), "a job of another context in the queue");
	expect_on(p, 2, OK, job(0, P_END, 0), "a job of the context in another queue");
	expect_on(p, 2, OK, job(1, P_END, 0), "a job of the context that is waited for");
	report_check(b->report, !first->answered && !second->answered && !third->answered,
		     "a job behind one that waits ran before it");
	expect(p, OK, ctx_signal(1, 1), "CTX_SIGNAL");
	expect_answer(p, third, OK, "the last");
	report_check(b->report, first->answered && second->answered && first->at_us <= second->at_us &&
		     second->at_us <= third->at_us, "they did not end in their order");
}

/* Jobs signal each other, to and fro. */
static void chain(struct bench *b)
{
	struct peer *p = &b->peer;
	struct asked *last = NULL;

	for (unsigned int i = 0; i < 20; i++) {
		struct request r = i ? waits(i % 2, (i + 1) % 2, i) : job(0, P_END, 0);

		set_signal(&r, i + 1);
		last = peer_put(p, 1, &r);
	}
	peer_publish(p, 1);
	expect_answer(p, last, OK, "the last of 20 jobs that each wait for the one before");
	expect_query(p, Q_TIMELINE, 1, 20);
	expect_query(p, Q_TIMELINE, 0, 19);
}

/* Seen the completion, seen the timeline. */
static void before_completion(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int late = 0;

	for (unsigned int i = 1; i <= 60; i++) {
		struct request r = job(0, P_END, 0);

		set_signal(&r, i);
		peer_ask_on(p, 1, r);
		late += peer_query(p, Q_TIMELINE, 0) != i;
	}
	report_check(b->report, !late, "%u of 60 times the timeline was not there when the completion was", late);
	{
		struct request r = job(0, P_END, 0);

		set_signal(&r, 5);
		expect_on(p, 1, OK, r, "a job that signals less");
		expect_query(p, Q_TIMELINE, 0, 60);
	}
}

/* Tied to the context, not to its index. */
static void tied(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_END, 0);
	struct asked *a;

	set_wait(&r, 1, 5, 400000);
	a = peer_send(p, 1, r);
	expect_on(p, 1, OK, request(NOP), "NOP behind it");
	expect(p, OK, ctx_destroy(1), "CTX_DESTROY of the context that is waited for");
	expect(p, OK, ctx_create(1), "CTX_CREATE of the same index");
	expect(p, OK, ctx_signal(1, 5), "CTX_SIGNAL");
	expect_on(p, 1, OK, job(1, P_END, 0), "a job of the new context");
	expect_answer(p, a, EXPIRED, "a wait for a context that ended");
	expect_on(p, 1, OK, waits(0, 1, 5), "a wait for the new one");
}

/* ---- local memory ---- */

static uint64_t keep(struct peer *p, uint32_t context, uint64_t value)
{
	struct asked *a = peer_send(p, 1, job(context, P_KEEP, value));

	return peer_wait(p, a) == OK ? a->got.result : ~0ull;
}

static void found(struct bench *b, uint32_t context, uint64_t value, uint64_t expected, const char *when)
{
	uint64_t got = keep(&b->peer, context, value);

	report_check(b->report, got == expected, "local memory of context %u %s: 0x%llx, expected 0x%llx", context, when,
		     (unsigned long long)got, (unsigned long long)expected);
}

static void local_memory(struct bench *b)
{
	struct peer *p = &b->peer;

	found(b, 0, 0xaaaa, 0, "when it is new");
	found(b, 1, 0xbbbb, 0, "when it is new");
	found(b, 0, 0xaaab, 0xaaaa, "after a job");
	found(b, 1, 0xbbbc, 0xbbbb, "after a job");
	expect(p, OK, ctx_destroy(0), "CTX_DESTROY");
	expect(p, OK, ctx_create(0), "CTX_CREATE");
	expect(p, OK, ctx_create(3), "CTX_CREATE");
	found(b, 3, 1, 0, "made after another ended");
	found(b, 0, 1, 0, "made again");
	found(b, 1, 1, 0xbbbc, "beside it");
	report_check(b->report, peer_disconnect(p), "no Closed");
	if (!peer_must_connect(p) || !bench_program(b))
		return;
	for (uint32_t c = 0; c < 3; c++)
		found(b, c, 1, 0, "in the next connection");
}

static void reset_zeroes(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_SPIN, FOREVER);

	SET32(&r, 28, 5000);
	found(b, 0, 0x77, 0, "when it is new");
	found(b, 1, 0x88, 0, "when it is new");
	expect_on(p, 1, TIMED_OUT, r, "a job without an end");
	found(b, 0, 0x99, 0, "after TIMED_OUT");
	found(b, 1, 0x88, 0x88, "beside a TIMED_OUT");
	if (b->entries & 1u << P_FAULT) {
		expect_on(p, 1, FAULT, job(0, P_FAULT, 0xffff0000u), "a job that faults");
		found(b, 0, 0x55, 0, "after FAULT");
	}
	if (!bench_cancel_running(b, 0))
		return;
	found(b, 0, 0x66, 0, "after CANCELLED");
	found(b, 1, 0x88, 0x88, "beside them");
	expect_query(p, Q_TIMELINE, 0, 0);
}

const struct conform_case time_cases[] = {
	{ "wait-until", "B-TIME-2 B-TIME-3 B-DONE-1", NEEDS(P_END), waits_for },
	{ "wait-holds-back", "B-TIME-4 B-JOB-4", NEEDS(P_END), holds_back },
	{ "wait-in-a-chain", "B-TIME-1 B-TIME-3", NEEDS(P_END), chain },
	{ "signal-before-completion", "B-TIME-1", NEEDS(P_END), before_completion },
	{ "wait-tied-to-its-context", "B-TIME-3", NEEDS(P_END), tied },
	{ "local-memory-zero", "B-CTX-2 B-JOB-10 B-LIFE-4", NEEDS(P_KEEP), local_memory },
	{ "reset-zeroes", "B-CTX-2 B-CTX-1 B-CTX-3", NEEDS(P_KEEP) | NEEDS(P_SPIN), reset_zeroes },
	{ NULL, NULL, 0, NULL }
};
