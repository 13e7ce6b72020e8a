// SPDX-License-Identifier: MIT
/*
 * Jobs that do not end by themselves: limits and CANCEL (sections 6.10 and 8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

/* ---- limits ---- */

#define TRIES           8u
#define ANSWERS_LATE    100u    /* a limit may be overrun by as long as so many slow answers take */

/* The slowest of some answers, of a backend that slept before each: what this
 * machine makes of "at once" just now.  Microseconds. */
static uint64_t slow_answer(struct bench *b)
{
	uint64_t slowest = 100;

	for (unsigned int i = 0; i < 20; i++) {
		uint64_t began, took;

		sleep_us(500);
		began = now_us();
		if (!expect_on(&b->peer, 1, OK, request(NOP), "a NOP in the queue of jobs"))
			break;
		took = now_us() - began;
		slowest = took > slowest ? took : slowest;
	}
	return slowest;
}

/* Whether a job that stands for @limit_us ends soon after it, once in TRIES: a
 * machine that is busy may be late, a backend that looks too seldom always is. */
static void soon(struct bench *b, struct request r, unsigned int status, uint32_t limit_us, const char *what)
{
	uint64_t over = 0, allowed = 0;

	for (unsigned int i = 0; i < TRIES; i++) {
		struct asked *a = peer_send(&b->peer, 1, r);
		uint64_t took;

		if (!expect_answer(&b->peer, a, status, what))
			return;
		took = status == EXPIRED ? a->got.waited_us : a->got.ran_us;
		over = took > limit_us ? took - limit_us : 0;
		allowed = ANSWERS_LATE * slow_answer(b);
		if (over <= allowed)
			break;
	}
	report_check(b->report, over <= allowed, "%s: %u times it was overrun, the last by %llu us, where %llu us are "
		     "what %u slow answers take", what, TRIES, (unsigned long long)over, (unsigned long long)allowed, ANSWERS_LATE);
}

static void run_limit_soon(struct bench *b)
{
	struct request r = job(0, P_SPIN, FOREVER);

	SET32(&r, 28, 3000);
	soon(b, r, TIMED_OUT, 3000, "a run limit of 3 ms");
}

static void start_limit_soon(struct bench *b)
{
	struct request r = job(0, P_END, 1);

	set_wait(&r, 1, 9, 2000);
	soon(b, r, EXPIRED, 2000, "a start limit of 2 ms");
}

static void times_out(struct bench *b)
{
	static const uint32_t limit[] = { 3000, 50000 };
	struct peer *p = &b->peer;
	const struct notice *n;

	for (unsigned int i = 0; i < 2; i++) {
		struct request r = job(0, P_SPIN, FOREVER);
		struct asked *a, *next;

		SET32(&r, 28, limit[i]);
		set_signal(&r, i + 1);
		a = peer_send(p, 1, r);
		next = peer_send(p, 1, job(0, P_END, 1));
		peer_wait(p, a);
		bench_said(b, a, TIMED_OUT, 1, "a job without an end");
		report_check(b->report, a->got.ran_us >= limit[i], "run limit %u us, ran %u us", limit[i], a->got.ran_us);
		expect_query(p, Q_TIMELINE, 0, i + 1);
		expect_answer(p, next, OK, "the context's next job");
		n = peer_event(p, E_CTX_RESET);
		report_check(b->report, n && n->object == 0 && n->status == TIMED_OUT && n->value == i + 1,
			     "event CTX_RESET: context %u, %s, %llu times; expected 0, TIMED_OUT, %u", n ? n->object : 0,
			     n ? status_name(n->status) : "none", n ? (unsigned long long)n->value : 0, i + 1);
		expect_query(p, Q_CONTEXT, 0, i + 2);
	}
	expect_query(p, Q_CONTEXT, 1, 1);
	expect_on(p, 1, OK, job(1, P_SPIN, bench_steps(b, 20000)), "a job that ends within its limit");
}

static void expires(struct bench *b)
{
	static const uint32_t limit[] = { 2000, 60000 };
	struct peer *p = &b->peer;

	for (unsigned int i = 0; i < 2; i++) {
		struct request r = job(0, P_END, 1);
		struct asked *a, *next;
		uint64_t began = now_us(), took;

		set_wait(&r, 1, 9, limit[i]);
		set_signal(&r, i + 4);
		a = peer_send(p, 1, r);
		next = peer_send(p, 1, job(0, P_END, 1));
		peer_wait(p, a);
		took = now_us() - began;
		bench_said(b, a, EXPIRED, 0, "a job that waits in vain");
		report_check(b->report, a->got.waited_us >= limit[i] && took >= limit[i],
			     "start limit %u us, waited %u us, answered after %llu us", limit[i], a->got.waited_us,
			     (unsigned long long)took);
		expect_answer(p, next, OK, "the context's next job");
		expect_query(p, Q_TIMELINE, 0, i + 4);
	}
	expect_query(p, Q_CONTEXT, 0, 1);
}

/* Behind a job that runs: the limit is to the start, and it does not start after it. */
static void expires_in_line(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request slow = job(0, P_SPIN, bench_steps(b, 200000)), late = job(0, P_END, 1);
	struct asked *s, *l;

	/* One batch: both are accepted before the first starts. */
	SET32(&late, 32, 20000);
	s = peer_put(p, 1, &slow);
	l = peer_put(p, 1, &late);
	peer_publish(p, 1);
	peer_wait(p, s);
	peer_wait(p, l);
	bench_said(b, s, OK, 1, "a job of 200 ms");
	if (s->got.ran_us < 50000)
		report_na(b->report, "the job took only %u us", s->got.ran_us);
	else
		bench_said(b, l, EXPIRED, 0, "a job behind it, to start within 20 ms");
	/* One that can start in time is not ended. */
	SET32(&late, 32, 60000000);
	expect_on(p, 1, OK, late, "a job to start within a minute");
}

/* ---- cancel ---- */

static void cancels_waiting(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_END, 1);
	struct asked *a;

	set_wait(&r, 1, 9, 60000000);
	set_signal(&r, 2);
	a = peer_send(p, 1, r);
	expect_on(p, 1, OK, request(NOP), "NOP behind it");
	expect(p, NOT_FOUND, cancel(1, a->slot, a->id ^ 1), "CANCEL with another id");
	expect(p, NOT_FOUND, cancel(1, a->slot, a->id ^ 1ull << 63), "CANCEL with another upper half of the id");
	expect(p, NOT_FOUND, cancel(1, a->slot + 1u, a->id), "CANCEL of another slot");
	expect(p, NOT_FOUND, cancel(2, a->slot, a->id), "CANCEL in a queue that is not open");
	expect(p, NOT_FOUND, cancel(1, 0xffff, a->id), "CANCEL of slot 65535");
	report_check(b->report, !a->answered, "the job ended");
	expect(p, OK, cancel(1, a->slot, a->id), "CANCEL");
	peer_reap(p);
	bench_said(b, a, CANCELLED, 0, "the job");
	expect(p, NOT_FOUND, cancel(1, a->slot, a->id), "CANCEL again");
	expect_query(p, Q_CONTEXT, 0, 1);
	expect_query(p, Q_TIMELINE, 0, 2);
	expect_query(p, Q_QUEUE, 1, 1);
}

static void cancels_running(struct bench *b)
{
	struct peer *p = &b->peer;
	struct asked *a, *next;
	const struct notice *n;

	a = peer_send(p, 1, job(0, P_SPIN, FOREVER));
	next = peer_send(p, 1, job(0, P_END, 1));
	sleep_us(50000);
	expect(p, OK, cancel(1, a->slot, a->id), "CANCEL of a job that runs");
	peer_reap(p);
	bench_said(b, a, CANCELLED, 1, "the job");
	expect_answer(p, next, OK, "the context's next job");
	n = peer_event(p, E_CTX_RESET);
	report_check(b->report, n && n->object == 0 && n->status == CANCELLED && n->value == 1,
		     "event CTX_RESET: context %u, %s, %llu times; expected 0, CANCELLED, 1", n ? n->object : 0,
		     n ? status_name(n->status) : "none", n ? (unsigned long long)n->value : 0);
	expect_query(p, Q_CONTEXT, 0, 2);
}

/* Who sees the answer to a CANCEL can see the job's end. */
static void cancel_after_job(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int early = 0, other = 0;

	for (unsigned int i = 0; i < 60; i++) {
		struct asked *a = peer_send(p, 1, job(0, P_SPIN, FOREVER)), *c;
		uint64_t end = now_us() + SOON_US;
		uint32_t control = p->queue[0].cq_index, mine = p->queue[1].cq_index;

		sleep_us(i % 3 * 150);
		c = peer_send(p, 0, cancel(1, a->slot, a->id));
		while (load32(be_cell(p, RING_CQ(0))) == control && now_us() < end)
			;
		early += load32(be_cell(p, RING_CQ(1))) == mine;
		other += peer_wait(p, c) != OK;
		other += peer_wait(p, a) != CANCELLED;
		p->count = 0;
	}
	report_check(b->report, !early, "%u of 60 CANCELs were answered before their job's completion was published", early);
	report_check(b->report, !other, "%u of 60 times: not OK and CANCELLED", other);
}

/* Asked for twice, each answered, and the job ends once. */
static void cancels_twice(struct bench *b)
{
	struct peer *p = &b->peer;
	struct asked *a = peer_send(p, 1, job(0, P_SPIN, FOREVER)), *c[5];

	sleep_us(20000);
	for (unsigned int i = 0; i < 5; i++) {
		struct request stop = cancel(1, a->slot, a->id);

		c[i] = peer_put(p, 0, &stop);
	}
	peer_publish(p, 0);
	expect_answer(p, a, CANCELLED, "a job without an end");
	for (unsigned int i = 0; i < 5; i++) {
		unsigned int status = peer_wait(p, c[i]);

		/* It may have ended by an earlier one of them. */
		report_check(b->report, status == OK || (i && status == NOT_FOUND),
			     "CANCEL %u of 5 of one job: %s", i + 1, status_name(status));
	}
	expect_query(p, Q_QUEUE, 1, 1);
	expect_query(p, Q_QUEUE, 2, 0);
}

/* Published before the CANCEL, however they arrive: a backend may look at a queue
 * with a port of its own apart from the control queue. */
static void cancel_in_the_batch(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int lost = 0;

	if (!peer_queue_with_port(p, 2, NORMAL))
		return;
	for (unsigned int i = 0; i < 40; i++) {
		unsigned int q = 1 + i % 2;
		struct request r = job(0, P_END, 1), stop;
		struct asked *a, *c;

		set_wait(&r, 1, 9, 60000000);
		a = peer_put(p, q, &r);
		stop = cancel(q, a->slot, a->id);
		c = peer_put(p, 0, &stop);
		store32(fe_cell(p, RING_SQ(q)), p->queue[q].sq_published = p->queue[q].sq_index);
		peer_publish(p, 0);
		if (peer_wait(p, c) != OK) {
			lost++;
			peer_ask(p, stop);
		}
		peer_notify(p, q);
		if (peer_wait_us(p, a, 200000))
			lost += a->got.status != CANCELLED;
		else
			peer_ask(p, cancel(q, a->slot, a->id));
		peer_wait(p, a);
		p->count = 0;
	}
	report_check(b->report, !lost, "%u of 40 CANCELs did not find a job that was published before", lost);
}

const struct conform_case limit_cases[] = {
	{ "job-times-out", "B-JOB-5 B-CTX-1 B-CTX-3 B-TIME-1 B-EVENT-3", NEEDS(P_SPIN) | NEEDS(P_END), times_out },
	{ "job-expires", "B-JOB-6 B-TIME-1 B-TIME-4", NEEDS(P_END), expires },
	{ "job-expires-in-line", "B-JOB-6", NEEDS(P_SPIN) | NEEDS(P_END), expires_in_line },
	{ "run-limit-kept-soon", "B-JOB-5", NEEDS(P_SPIN), run_limit_soon },
	{ "start-limit-kept-soon", "B-JOB-6", NEEDS(P_END), start_limit_soon },
	{ "cancel-waiting", "B-JOB-7 B-CANCEL-1 B-QUEUE-7 B-TIME-1", NEEDS(P_END), cancels_waiting },
	{ "cancel-running", "B-JOB-7 B-CTX-1 B-CANCEL-1", NEEDS(P_SPIN) | NEEDS(P_END), cancels_running },
	{ "cancel-twice", "B-CANCEL-1 B-QUEUE-5", NEEDS(P_SPIN), cancels_twice },
	{ "cancel-answered-last", "B-CANCEL-1", NEEDS(P_SPIN), cancel_after_job },
	{ "cancel-in-the-batch", "B-CANCEL-2", NEEDS(P_END), cancel_in_the_batch },
	{ NULL, NULL, 0, NULL }
};
