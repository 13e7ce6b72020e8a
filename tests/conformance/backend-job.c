// SPDX-License-Identifier: MIT
/*
 * Jobs: how they end, in which order, how often (sections 6.13 and 8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

bool bench_said(struct bench *b, const struct asked *a, unsigned int status, unsigned int started, const char *what)
{
	return report_check(b->report, a && a->answered && a->got.status == status && (a->got.flags & 1u) == started,
			    "%s: expected %s, STARTED %u; came %s, STARTED %u", what, status_name(status), started,
			    status_name(a && a->answered ? a->got.status : SILENCE), a ? a->got.flags & 1u : 0);
}

/* Whether it started shows in its end alone: so, later each time, until it had. */
bool bench_cancel_running(struct bench *b, uint32_t context)
{
	struct peer *p = &b->peer;
	uint64_t end = now_us() + SOON_US, wait;
	struct asked *a;

	for (wait = 10000; ; wait *= 2) {
		a = peer_send(p, 1, job(context, P_SPIN, FOREVER));
		sleep_us(wait);
		if (!expect(p, OK, cancel(1, a->slot, a->id), "CANCEL of a job that runs"))
			return false;
		peer_reap(p);
		if (!a->answered || a->got.status != CANCELLED || a->got.flags & 1u || now_us() + wait > end)
			return bench_said(b, a, CANCELLED, 1, "a job without an end, cancelled");
	}
}

/* ---- ends ---- */

static void results(struct bench *b)
{
	static const uint64_t value[] = { 0, 1, 0xffffffffu, 0x100000000ull, 0x0123456789abcdefull, ~0ull };
	struct peer *p = &b->peer;

	for (size_t i = 0; i < sizeof(value) / sizeof(value[0]); i++) {
		uint64_t began = now_us(), took;
		struct asked *a = peer_send(p, 1, job(i % 2, P_END, value[i]));

		peer_wait(p, a);
		took = now_us() - began;
		bench_said(b, a, OK, 1, "a job that ends at once");
		report_check(b->report, a->got.result == value[i], "result 0x%llx, expected the immediate 0x%llx",
			     (unsigned long long)a->got.result, (unsigned long long)value[i]);
		report_check(b->report, (uint64_t)a->got.waited_us + a->got.ran_us <= took,
			     "waited %u us, ran %u us; it was answered after %llu us", a->got.waited_us, a->got.ran_us,
			     (unsigned long long)took);
	}
}

static void fails(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_FAIL, 77);
	struct asked *a;

	set_signal(&r, 3);
	a = peer_send(p, 1, r);
	peer_wait(p, a);
	bench_said(b, a, FAILED, 1, "a job that fails");
	report_check(b->report, a->got.result == 77, "FAILED: result %llu, expected the code 77",
		     (unsigned long long)a->got.result);
	expect_query(p, Q_TIMELINE, 0, 3);
	expect_query(p, Q_CONTEXT, 0, 1);
}

static void no_such_entry(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, 99, 0);
	struct asked *a;
	unsigned int status;

	set_signal(&r, 4);
	a = peer_send(p, 1, r);
	status = peer_wait(p, a);
	report_check(b->report, status == BAD_FIELD || status == FAILED, "entry 99: expected BAD_FIELD or FAILED, came %s",
		     status_name(status));
	expect_query(p, Q_TIMELINE, 0, 4);
	expect_on(p, 1, OK, job(0, P_END, 1), "the next job");
}

static void faults(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_FAULT, 0xffff0000u);
	const struct notice *n;
	struct asked *a, *next;

	set_signal(&r, 5);
	a = peer_send(p, 1, r);
	next = peer_send(p, 1, job(0, P_END, 6));
	peer_wait(p, a);
	bench_said(b, a, FAULT, 1, "a store to 0xffff0000");
	report_check(b->report, a->got.result == (2ull << 32 | 0xffff0000u), "FAULT: result 0x%llx, expected WRITE of 0xffff0000",
		     (unsigned long long)a->got.result);
	expect_answer(p, next, OK, "the context's next job");
	n = peer_event(p, E_CTX_RESET);
	report_check(b->report, n && n->object == 0 && n->status == FAULT && n->value == 1,
		     "event CTX_RESET: %s context %u, %s, %llu times; expected context 0, FAULT, once", n ? "" : "none:",
		     n ? n->object : 0, n ? status_name(n->status) : "", n ? (unsigned long long)n->value : 0);
	expect_query(p, Q_CONTEXT, 0, 2);
	expect_query(p, Q_CONTEXT, 1, 1);
	expect_query(p, Q_TIMELINE, 0, 5);
}

/* ---- order ---- */

/* Each job gets what the one before left: any other order, or two at once, shows. */
static void in_order(struct bench *b)
{
	struct peer *p = &b->peer;
	struct asked *a[2][30];
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < 30; i++)
		for (unsigned int c = 0; c < 2 && i < 15; c++) {
			struct request r = job(c, P_KEEP, i + 1 + 100 * c);

			put(r.b + 38, 1, i * 37 % 256);         /* priority changes nothing inside a context */
			a[c][i] = peer_put(p, 1, &r);
		}
	peer_publish(p, 1);
	for (unsigned int i = 0; i < 15; i++)
		for (unsigned int c = 0; c < 2; c++) {
			peer_wait(p, a[c][i]);
			wrong += !a[c][i]->answered || a[c][i]->got.status != OK ||
				 a[c][i]->got.result != (i ? i + 100 * c : 0);
		}
	report_check(b->report, !wrong, "%u of 30 jobs did not find what the job before them in their context left", wrong);
}

static void completes_in_order(struct bench *b)
{
	struct peer *p = &b->peer;
	uint32_t first = p->queue[1].cq_index;
	struct asked *a[20];
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < 20; i++) {
		struct request r = job(0, P_END, i);

		put(r.b + 38, 1, 255 - i);
		a[i] = peer_put(p, 1, &r);
	}
	peer_publish(p, 1);
	for (unsigned int i = 0; i < 20; i++) {
		peer_wait(p, a[i]);
		wrong += completion(p->queue[1].cq + ((first + i) & 31) * CQE).id != a[i]->id;
	}
	report_check(b->report, !wrong, "%u of 20 jobs of one context did not end in the order of submission", wrong);
}

/* One context, two queues: never two at once. */
static void one_at_a_time(struct bench *b)
{
	struct peer *p = &b->peer;
	struct asked *a[2];
	uint64_t began, took;

	if (!peer_queue(p, 2, NORMAL, 5))
		return;
	began = now_us();
	a[0] = peer_send(p, 1, job(0, P_SPIN, bench_steps(b, 60000)));
	a[1] = peer_send(p, 2, job(0, P_SPIN, bench_steps(b, 60000)));
	expect_answer(p, a[0], OK, "a job");
	expect_answer(p, a[1], OK, "a job of the same context in another queue");
	took = now_us() - began;
	report_check(b->report, (uint64_t)a[0]->got.ran_us + a[1]->got.ran_us <= took + 1000,
		     "two jobs of one context ran %u and %u us in %llu us", a[0]->got.ran_us, a[1]->got.ran_us,
		     (unsigned long long)took);
}

/* ---- exactly once ---- */

static void exactly_once(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int seed = 1, bad = 0;

	if (!peer_queue(p, 2, BATCH, 5))
		return;
	for (unsigned int round = 0; round < 25; round++) {
		struct asked *a[40], *c[20];
		unsigned int n = 0;

		for (unsigned int i = 0; i < 40; i++) {
			struct request r = job(rand_r(&seed) % 3, P_END, i);

			if (rand_r(&seed) % 4 == 0)
				set_wait(&r, rand_r(&seed) % 3, 1000, 1 + (unsigned int)rand_r(&seed) % 3000);
			if (rand_r(&seed) % 4 == 0)
				SET16(&r, 36, 9);       /* refused */
			a[i] = peer_put(p, 1 + i % 2, &r);
		}
		peer_publish(p, 1);
		peer_publish(p, 2);
		for (unsigned int i = 0; i < 40; i += 2) {
			struct request stop = cancel(1 + i % 2, a[i]->slot, a[i]->id);

			c[n++] = peer_put(p, 0, &stop);
		}
		peer_publish(p, 0);
		for (unsigned int i = 0; i < 40; i++) {
			unsigned int status = peer_wait(p, a[i]);

			bad += status != OK && status != CANCELLED && status != EXPIRED && status != BAD_FIELD;
		}
		for (unsigned int i = 0; i < n; i++) {
			unsigned int status = peer_wait(p, c[i]);

			bad += status != OK && status != NOT_FOUND;
		}
		p->count = 0;
	}
	report_check(b->report, !bad, "%u of 1500 requests answered otherwise than they could be", bad);
	expect_query(p, Q_QUEUE, 1, 1);
	expect_query(p, Q_QUEUE, 2, 1);
}

const struct conform_case job_cases[] = {
	{ "job-results", "B-DONE-1 B-JOB-3", NEEDS(P_END), results },
	{ "job-fails", "B-DONE-1 B-JOB-3 B-TIME-1", NEEDS(P_FAIL), fails },
	{ "job-of-no-entry", "B-JOB-3 B-TIME-1", NEEDS(P_END), no_such_entry },
	{ "job-faults", "B-CTX-1 B-CTX-3 B-TIME-1 B-EVENT-3", NEEDS(P_END) | NEEDS(P_FAULT), faults },
	{ "jobs-in-order", "B-JOB-4", NEEDS(P_KEEP), in_order },
	{ "jobs-end-in-order", "B-JOB-4", NEEDS(P_END), completes_in_order },
	{ "one-job-of-a-context", "B-JOB-4", NEEDS(P_SPIN), one_at_a_time },
	{ "exactly-once", "B-JOB-3 B-QUEUE-5", NEEDS(P_END), exactly_once },
	{ NULL, NULL, 0, NULL }
};
