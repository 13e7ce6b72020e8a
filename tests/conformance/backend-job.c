// SPDX-License-Identifier: MIT
/*
 * Jobs: operands, limits, ends (sections 6.13 and 8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

/* More than a limit may be overrun on a machine that is busy. */
#define LATE_US         1500000u

static bool said(struct bench *b, const struct asked *a, unsigned int status, unsigned int started, const char *what)
{
	return report_check(b->report, a && a->answered && a->got.status == status && (a->got.flags & 1u) == started,
			    "%s: expected %s, STARTED %u; came %s, STARTED %u", what, status_name(status), started,
			    status_name(a && a->answered ? a->got.status : SILENCE), a ? a->got.flags & 1u : 0);
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
		said(b, a, OK, 1, "a job that ends at once");
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
	said(b, a, FAILED, 1, "a job that fails");
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
	said(b, a, FAULT, 1, "a store to 0xffff0000");
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

/* ---- memory ---- */

/* What was written before is read, what was written is seen, and nothing else changes. */
static void copies(struct bench *b)
{
	struct peer *p = &b->peer;
	uint8_t *from, *to;
	void *at;

	expect(p, OK, buf_register(p, 1, 2, READ, &at), "BUF_REGISTER");
	from = at;
	expect(p, OK, buf_register(p, 2, 3, READ | WRITE, &at), "BUF_REGISTER");
	to = at;
	for (unsigned int i = 0; i < 30; i++) {
		uint32_t length = i * 271 % 4000, in = i * 131 % 4096, out = 4096 + i * 89 % 2000;
		struct request r = job(i % 3, P_COPY, 0);
		struct asked *a;
		bool same = true;

		for (unsigned int k = 0; k < 2 * PAGE; k++)
			from[k] = (uint8_t)(k * 7 + i * 13 + (k >> 8));
		memset(to, 0xee, 3 * PAGE);
		add_operand(&r, 1, READ, in, length);
		add_operand(&r, 2, WRITE, out, length);
		a = peer_send(p, 1, r);
		if (!expect_answer(p, a, OK, "a copy"))
			return;
		report_check(b->report, !memcmp(from + in, to + out, length), "copy %u of %u bytes: other bytes than were there", i,
			     length);
		for (uint32_t k = 0; k < 3 * PAGE; k++)
			same = same && (to[k] == 0xee || (k >= out && k < out + length));
		report_check(b->report, same, "copy %u: bytes outside the operand were written", i);
	}
}

/* Across pages that are not neighbours, to the last byte of a buffer. */
static void whole_buffer(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_COPY, 0);
	const uint32_t bytes = 16 * PAGE;
	uint8_t *from, *to;
	void *at;

	expect(p, OK, buf_register(p, 1, 16, READ, &at), "BUF_REGISTER");
	from = at;
	expect(p, OK, buf_register(p, 2, 16, WRITE, &at), "BUF_REGISTER");
	to = at;
	for (uint32_t i = 0; i < bytes; i++)
		from[i] = (uint8_t)(i ^ i >> 12);
	add_operand(&r, 1, READ, 0, bytes);
	add_operand(&r, 2, WRITE, 0, bytes);
	expect_on(p, 1, OK, r, "a copy of 16 pages");
	report_check(b->report, !memcmp(from, to, bytes), "a copy of 16 pages: other bytes than were there");
}

static void read_only(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_WRITE, 0x5a);
	struct asked *a;
	void *at;

	expect(p, OK, buf_register(p, 1, 1, READ, &at), "BUF_REGISTER");
	memset(at, 0x11, PAGE);
	add_operand(&r, 1, READ, 100, 8);
	a = peer_send(p, 1, r);
	peer_wait(p, a);
	said(b, a, FAULT, 1, "a store into a buffer to be read");
	report_check(b->report, ((uint8_t *)at)[100] == 0x11, "the byte changed");
	expect_on(p, 1, OK, job(0, P_END, 0), "the next job");
}

/* Four bytes behind a buffer: whatever it gets, it is not another buffer's. */
static void behind(struct bench *b)
{
	static const uint32_t far[] = { 0, 4, PAGE - 4, PAGE, 2 * PAGE, 16 * PAGE, 1u << 20 };
	struct peer *p = &b->peer;
	void *at[3];

	for (uint32_t i = 1; i < 4; i++) {
		expect(p, OK, buf_register(p, i, 1, READ, &at[i - 1]), "BUF_REGISTER");
		memset(at[i - 1], 0xc0 + (int)i, PAGE);
	}
	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		struct request r = job(0, P_BEHIND, far[i]);
		struct asked *a;
		unsigned int status;

		add_operand(&r, 2, READ, 0, PAGE);
		a = peer_send(p, 1, r);
		status = peer_wait(p, a);
		report_check(b->report, status == FAULT || (status == OK && a->got.result == 0),
			     "%u bytes behind a buffer: %s, 0x%llx; expected FAULT, or 0", far[i], status_name(status),
			     (unsigned long long)a->got.result);
	}
}

/* ---- tables ---- */

static void table(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_COPY, 0);
	uint8_t *table_, *from, *to;
	void *at;

	expect(p, OK, buf_register(p, 1, 1, READ, &at), "BUF_REGISTER");
	table_ = at;
	expect(p, OK, buf_register(p, 2, 1, READ, &at), "BUF_REGISTER");
	from = at;
	expect(p, OK, buf_register(p, 3, 1, READ | WRITE, &at), "BUF_REGISTER");
	to = at;
	memset(from, 0x33, PAGE);
	set_flags(&r, F_TABLE);
	add_operand(&r, 1, READ, 60, 24);
	operand_at(table_ + 60, 2, READ, 0, 512);
	operand_at(table_ + 72, 3, WRITE, 1024, 512);
	expect_on(p, 1, OK, r, "a job with its operands in a table");
	report_check(b->report, to[1024] == 0x33 && to[1535] == 0x33 && !to[1023] && !to[1536], "it did not copy what the table says");
	/* Changed after it was accepted: what was there is what counts. */
	memset(to, 0, PAGE);
	set_wait(&r, 1, 1, 60000000);
	{
		struct asked *a = peer_send(p, 1, r);

		expect_on(p, 1, OK, request(NOP), "NOP behind it");
		memset(table_, 0xff, PAGE);
		expect(p, OK, ctx_signal(1, 1), "CTX_SIGNAL");
		expect_answer(p, a, OK, "a job whose table was changed after it was accepted");
		report_check(b->report, to[1024] == 0x33 && to[1535] == 0x33 && !to[1023] && !to[1536], "it used the changed table");
	}
}

static void table_checks(struct bench *b)
{
	static const struct {
		const char *what;
		uint32_t buffer, access, offset, length;
		unsigned int status;
	} entry[] = {
		{ "a buffer that does not exist", 3, READ, 0, 4, BAD_OBJECT },
		{ "a buffer that cannot exist", 0xffff, READ, 0, 4, BAD_OBJECT },
		{ "access 0", 2, 0, 0, 4, BAD_FIELD },
		{ "access 7", 2, 7, 0, 4, BAD_FIELD },
		{ "a piece behind 2^26", 2, READ, 1u << 26, 1, BAD_RANGE },
		{ "a piece that wraps", 2, READ, 0xffffffffu, 2, BAD_RANGE },
		{ "a piece behind its buffer", 2, READ, PAGE - 3, 4, BAD_RANGE },
		{ "more access than the buffer has", 2, READ | WRITE, 0, 4, BAD_ACCESS },
	};
	struct peer *p = &b->peer;
	uint32_t most = p->offer.max_operands;
	struct request r = job(0, P_END, 3), long_;
	uint8_t *table_;
	void *at;

	expect(p, OK, buf_register(p, 1, 16, READ, &at), "BUF_REGISTER");
	table_ = at;
	expect(p, OK, buf_register(p, 2, 1, READ, &at), "BUF_REGISTER");
	set_flags(&r, F_TABLE);
	set_signal(&r, 8);
	add_operand(&r, 1, READ, 0, 36);
	for (size_t i = 0; i < sizeof(entry) / sizeof(entry[0]); i++)
		for (unsigned int place = 0; place < 3; place++) {
			for (unsigned int k = 0; k < 3; k++)
				operand_at(table_ + 12 * k, 2, READ, 0, 4);
			operand_at(table_ + 12 * place, (uint16_t)entry[i].buffer, (uint16_t)entry[i].access, entry[i].offset,
				   entry[i].length);
			expect_on(p, 1, entry[i].status, r, entry[i].what);
		}
	expect_query(p, Q_TIMELINE, 0, 0);
	/* Two entries, two faults: the earlier step, wherever it stands. */
	for (unsigned int i = 0; i < 8; i++)
		for (unsigned int j = 0; j < 8; j++) {
			static const unsigned int step[] = { 11, 5, 6, 6, 7, 7, 13, 14 };

			operand_at(table_, (uint16_t)entry[i].buffer, (uint16_t)entry[i].access, entry[i].offset, entry[i].length);
			operand_at(table_ + 12, (uint16_t)entry[j].buffer, (uint16_t)entry[j].access, entry[j].offset, entry[j].length);
			operand_at(table_ + 24, 2, READ, 0, 4);
			expect_on(p, 1, entry[step[i] <= step[j] ? i : j].status, r, "two entries of a table with faults");
		}
	/* As many as are allowed, and one more. */
	for (unsigned int k = 0; k <= most && 12 * (k + 1) <= 16 * PAGE; k++)
		operand_at(table_ + 12 * k, 2, READ, 0, 4);
	long_ = job(0, P_END, 3);
	set_flags(&long_, F_TABLE);
	add_operand(&long_, 1, READ, 0, 12 * most);
	expect_on(p, 1, OK, long_, "max-operands operands");
	SET32(&long_, 80, 12 * (most + 1));
	expect_on(p, 1, NO_QUOTA, long_, "one operand more");
	SET32(&long_, 80, 13);
	expect_on(p, 1, BAD_FIELD, long_, "a table of 13 bytes");
	SET32(&long_, 80, 0);
	expect_on(p, 1, BAD_FIELD, long_, "a table of 0 bytes");
	SET32(&long_, 80, 12);
	SET16(&long_, 74, READ | WRITE);
	expect_on(p, 1, BAD_FIELD, long_, "a table with access READ and WRITE");
	SET16(&long_, 74, READ);
	SET32(&long_, 76, 16 * PAGE - 11);
	expect_on(p, 1, BAD_RANGE, long_, "a table behind its buffer");
	SET16(&long_, 72, 3);
	expect_on(p, 1, BAD_OBJECT, long_, "a table in no buffer");
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

/* ---- limits ---- */

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
		said(b, a, TIMED_OUT, 1, "a job without an end");
		report_check(b->report, a->got.ran_us >= limit[i] && a->got.ran_us <= limit[i] + LATE_US,
			     "run limit %u us, ran %u us", limit[i], a->got.ran_us);
		expect_query(p, Q_TIMELINE, 0, i + 1);
		expect_answer(p, next, OK, "the context's next job");
		n = peer_event(p, E_CTX_RESET);
		report_check(b->report, n && n->object == 0 && n->status == TIMED_OUT && n->value == i + 1,
			     "event CTX_RESET: context %u, %s, %llu times; expected 0, TIMED_OUT, %u", n ? n->object : 0,
			     n ? status_name(n->status) : "none", n ? (unsigned long long)n->value : 0, i + 1);
		expect_query(p, Q_CONTEXT, 0, i + 2);
	}
	expect_query(p, Q_CONTEXT, 1, 1);
	{
		struct request r = job(1, P_SPIN, bench_steps(b, 20000));

		SET32(&r, 28, 1000000 <= p->offer.max_run_limit_us ? 1000000 : 0);
		expect_on(p, 1, OK, r, "a job that ends within its limit");
	}
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
		said(b, a, EXPIRED, 0, "a job that waits in vain");
		report_check(b->report, a->got.waited_us >= limit[i] && a->got.waited_us <= limit[i] + LATE_US && took >= limit[i],
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

	SET32(&late, 32, 20000);
	s = peer_send(p, 1, slow);
	l = peer_send(p, 1, late);
	peer_wait(p, s);
	peer_wait(p, l);
	said(b, s, OK, 1, "a job of 200 ms");
	if (s->got.ran_us < 50000)
		report_na(b->report, "the job took only %u us", s->got.ran_us);
	else
		said(b, l, EXPIRED, 0, "a job behind it, to start within 20 ms");
	/* One that can start in time is not ended. */
	SET32(&late, 32, 5000000);
	expect_on(p, 1, OK, late, "a job to start within 5 s");
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
	said(b, a, CANCELLED, 0, "the job");
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
	said(b, a, CANCELLED, 1, "the job");
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
	{ "job-copies", "B-JOB-9 B-JOB-2", NEEDS(P_COPY), copies },
	{ "job-copies-16-pages", "B-JOB-9 B-PAGE-1", NEEDS(P_COPY), whole_buffer },
	{ "job-writes-what-is-to-be-read", "B-JOB-2 B-PAGE-1", NEEDS(P_END) | NEEDS(P_WRITE), read_only },
	{ "job-reads-behind-its-buffer", "B-JOB-2", NEEDS(P_BEHIND), behind },
	{ "table-of-operands", "B-JOB-1 B-PAGE-3", NEEDS(P_COPY), table },
	{ "table-checked", "B-JOB-1 B-MSG-1", NEEDS(P_END), table_checks },
	{ "jobs-in-order", "B-JOB-4", NEEDS(P_KEEP), in_order },
	{ "jobs-end-in-order", "B-JOB-4", NEEDS(P_END), completes_in_order },
	{ "one-job-of-a-context", "B-JOB-4", NEEDS(P_SPIN), one_at_a_time },
	{ "job-times-out", "B-JOB-5 B-CTX-1 B-CTX-3 B-TIME-1 B-EVENT-3", NEEDS(P_SPIN) | NEEDS(P_END), times_out },
	{ "job-expires", "B-JOB-6 B-TIME-1 B-TIME-4", NEEDS(P_END), expires },
	{ "job-expires-in-line", "B-JOB-6", NEEDS(P_SPIN) | NEEDS(P_END), expires_in_line },
	{ "cancel-waiting", "B-JOB-7 B-CANCEL-1 B-QUEUE-7 B-TIME-1", NEEDS(P_END), cancels_waiting },
	{ "cancel-running", "B-JOB-7 B-CTX-1 B-CANCEL-1", NEEDS(P_SPIN) | NEEDS(P_END), cancels_running },
	{ "cancel-answered-last", "B-CANCEL-1", NEEDS(P_SPIN), cancel_after_job },
	{ "cancel-in-the-batch", "B-CANCEL-2", NEEDS(P_END), cancel_in_the_batch },
	{ "exactly-once", "B-JOB-3 B-QUEUE-5", NEEDS(P_END), exactly_once },
	{ NULL, NULL, 0, NULL }
};
