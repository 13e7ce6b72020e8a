// SPDX-License-Identifier: MIT
/*
 * Classes, priorities, budgets (section 4): by what starts before what.
 */
#include <stdio.h>
#include <string.h>

#include "backend.h"

/* Jobs of 30 ms of a lower class queue up, each with the greatest priority, which
 * counts inside a class alone; one of a higher class comes.  Return: how many of
 * the lower ended between its submission and its end. */
static unsigned int ended_before(struct bench *b, unsigned int low, unsigned int queue, struct asked *a[8])
{
	struct peer *p = &b->peer;
	struct asked *urgent;
	unsigned int then, now;

	for (unsigned int i = 0; i < 8; i++) {
		struct request r = job(i % 2, P_SPIN, bench_steps(b, 30000));

		r.b[38] = 255;
		a[i] = peer_put(p, low, &r);
	}
	peer_publish(p, low);
	sleep_us(10000);
	urgent = peer_send(p, queue, job(2, P_END, 1));
	then = load32(be_cell(p, RING_CQ(low)));
	expect_answer(p, urgent, OK, "the job of the higher class");
	now = load32(be_cell(p, RING_CQ(low)));
	expect_answer(p, a[7], OK, "the last job of the lower class");
	return now - then;
}

#define TRIES 5u

/* A busy machine may keep this side from looking in time, now and then. */
static void above(struct bench *b, unsigned int low, unsigned int high)
{
	struct peer *p = &b->peer;
	struct asked *a[8];
	unsigned int before = 8;

	if (!peer_queue(p, 2, low, 5) || (high != NORMAL && !peer_queue(p, 3, high, 5)))
		return;
	for (unsigned int i = 0; i < TRIES && before > 2 && !report_failing(b->report); i++)
		before = ended_before(b, 2, high == NORMAL ? 1 : 3, a);
	if (a[0]->got.ran_us < 5000)
		report_na(b->report, "the jobs of the lower class were too short: %u us", a[0]->got.ran_us);
	else
		report_check(b->report, before <= 2, "%u of 8 jobs of 30 ms of a lower class ended before it, as in the "
			     "tries before", before);
}

static void normal_above_batch(struct bench *b)
{
	if (b->peer.offer.max_class > NORMAL)
		report_na(b->report, "max-class is batch");
	else
		above(b, BATCH, NORMAL);
}

static void realtime_above_normal(struct bench *b)
{
	struct peer *p = &b->peer;

	if (p->offer.max_class > REALTIME)
		report_na(b->report, "max-class is not realtime");
	else if (p->offer.max_queues < 3)
		report_na(b->report, "fewer than 3 queues");
	else
		above(b, NORMAL, REALTIME);
}

/* Realtime without end, and a normal job beside it: the budget runs out. */
static void bounded(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_SPIN, FOREVER);
	struct asked *hog, *other;
	uint64_t began;

	if (p->offer.max_class > REALTIME) {
		report_na(b->report, "max-class is not realtime");
		return;
	}
	if (!strcmp(p->offer.preemption, "job")) {
		report_na(b->report, "a running job cannot be paused");
		return;
	}
	if (!peer_queue(p, 2, REALTIME, 5))
		return;
	hog = peer_send(p, 2, r);
	sleep_us(20000);
	began = now_us();
	other = peer_send(p, 1, job(1, P_SPIN, bench_steps(b, 10000)));
	peer_wait(p, other);
	report_check(b->report, other->answered && other->got.status == OK && !hog->answered,
		     "a normal job of 10 ms beside a realtime job without an end: %s after %llu ms, the realtime job %s",
		     status_name(other->answered ? other->got.status : SILENCE),
		     (unsigned long long)(now_us() - began) / 1000, hog->answered ? "ended" : "runs");
	expect(p, OK, cancel(2, hog->slot, hog->id), "CANCEL");
	report_check(b->report, !hog->answered || hog->got.flags & 2, "the realtime job says that it was never paused");
}

/* Inside a class and domain: by the priority of what is next in each context.
 * They wait for a signal that comes while another job runs: @met.  Return:
 * whether they ran as 200, 100, 1. */
static bool by_priority(struct bench *b, uint64_t value, bool *met)
{
	struct peer *p = &b->peer;
	static const uint8_t priority[] = { 1, 200, 100 };
	uint32_t first = p->queue[1].cq_index + 1;
	struct asked *block, *a[3];

	block = peer_send(p, 2, job(3, P_SPIN, bench_steps(b, 50000)));
	sleep_us(5000);
	for (unsigned int c = 0; c < 3; c++) {
		struct request r = job(c, P_SPIN, bench_steps(b, 3000));

		put(r.b + 38, 1, priority[c]);
		/* All become ready by one signal. */
		set_wait(&r, 3, value, 60000000);
		a[c] = peer_put(p, 1, &r);
	}
	peer_publish(p, 1);
	expect_on(p, 1, OK, request(NOP), "NOP behind them");
	expect(p, OK, ctx_signal(3, value), "CTX_SIGNAL");
	peer_reap(p);
	*met = !block->answered;
	expect_answer(p, block, OK, "the job before");
	for (unsigned int c = 0; c < 3; c++)
		expect_answer(p, a[c], OK, "a job with a priority");
	return completion(p->queue[1].cq + (first & 31) * CQE).id == a[1]->id &&
	       completion(p->queue[1].cq + ((first + 1) & 31) * CQE).id == a[2]->id;
}

static void priorities(struct bench *b)
{
	bool met = false, good = false;

	if (!peer_queue(&b->peer, 2, NORMAL, 5) || !expect(&b->peer, OK, ctx_create(3), "CTX_CREATE"))
		return;
	for (uint64_t i = 1; i <= TRIES && !met && !report_failing(b->report); i++)
		good = by_priority(b, i, &met);
	if (met)
		report_check(b->report, good, "priorities 1, 200, 100: they did not run as 200, 100, 1");
	else
		report_na(b->report, "the job before them always ended before they could be signalled");
}

static void denied(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = queue_open(p, 1, REALTIME, 5);

	if (p->offer.max_class == REALTIME && !b->toolstack) {
		report_na(b->report, "max-class is realtime, and no --toolstack was given");
		return;
	}
	if (p->offer.max_class > REALTIME)
		expect(p, DENIED, r, "QUEUE_OPEN of class realtime");
	if (p->offer.max_class > NORMAL) {
		SET16(&r, 20, NORMAL);
		expect(p, DENIED, r, "QUEUE_OPEN of class normal");
	}
	SET16(&r, 20, BATCH);
	p->queue[1].open = expect(p, OK, r, "QUEUE_OPEN of class batch");
	expect_on(p, 1, OK, request(NOP), "NOP");
}

/* The toolstack lowers and raises it while the connection is up. */
static void class_changes(struct bench *b)
{
	static const char *const name[] = { "", "realtime", "normal", "batch" };
	struct peer *p = &b->peer;
	const struct notice *n;
	struct request r;

	if (!b->toolstack) {
		report_na(b->report, "no --toolstack was given");
		return;
	}
	if (!bench_toolstack(b, "max-class", "batch"))
		return;
	n = peer_event(p, E_LIMITS);
	report_check(b->report, n != NULL, "max-class lowered: no event LIMITS");
	r = queue_open(p, 2, NORMAL, 5);
	expect(p, DENIED, r, "QUEUE_OPEN of class normal, max-class batch");
	expect_on(p, 1, OK, request(NOP), "NOP in a queue that is above now");
	expect_on(p, 1, OK, job(0, P_END, 1), "a job in it");
	bench_toolstack(b, "max-class", name[p->offer.max_class]);
	n = peer_event(p, E_LIMITS);
	report_check(b->report, n != NULL, "max-class raised: no event LIMITS");
	p->queue[2].open = expect(p, p->offer.max_class <= NORMAL ? OK : DENIED, r, "QUEUE_OPEN of class normal");
}

static void weight_changes(struct bench *b)
{
	struct peer *p = &b->peer;
	char before[16];

	if (!b->toolstack) {
		report_na(b->report, "no --toolstack was given");
		return;
	}
	snprintf(before, sizeof(before), "%u", p->offer.weight);
	if (!bench_toolstack(b, "weight", "333"))
		return;
	report_check(b->report, peer_event(p, E_LIMITS) != NULL, "weight changed: no event LIMITS");
	expect_query(p, Q_WEIGHT, 0, 333);
	bench_toolstack(b, "weight", before);
	report_check(b->report, peer_event(p, E_LIMITS) != NULL, "weight changed: no event LIMITS");
	expect_query(p, Q_WEIGHT, 0, p->offer.weight);
}

const struct conform_case class_cases[] = {
	{ "normal-above-batch", "B-CLASS-1", NEEDS(P_SPIN) | NEEDS(P_END), normal_above_batch },
	{ "realtime-above-normal", "B-CLASS-1", NEEDS(P_SPIN) | NEEDS(P_END), realtime_above_normal },
	{ "realtime-has-a-budget", "B-CLASS-2", NEEDS(P_SPIN), bounded },
	{ "greater-priority-first", "B-CLASS-3", NEEDS(P_SPIN), priorities },
	{ "class-denied", "B-CLASS-4", CONNECTED, denied },
	{ "class-changed", "B-CLASS-4 B-NEG-3", NEEDS(P_END), class_changes },
	{ "weight-changed", "B-NEG-3 B-EVENT-3 B-CLASS-3", CONNECTED, weight_changes },
	{ NULL, NULL, 0, NULL }
};
