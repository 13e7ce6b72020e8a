// SPDX-License-Identifier: MIT
/*
 * The checks of section 5: each fault alone, each two at once, and that a
 * refused request has had no effect.
 *
 * A fault is a few bytes of a good request replaced.  Its place in the order
 * is the step, times ten, so that the order inside a step (6.8) has numbers too.
 */
#include <stdio.h>
#include <string.h>

#include "backend.h"

struct fault {
	const char *what;
	unsigned int order;             /* step * 10 */
	unsigned int status;
	struct {
		uint16_t offset, size;
		uint64_t value;
	} set[6];
};

#define FAULTS_MAX      64

struct trial {
	struct bench *b;
	unsigned int queue;
	struct request good;
	struct fault fault[FAULTS_MAX];
	unsigned int count;
	unsigned int tried;
};

/* Values by hand, not by what the section's tables were made from. */
static struct fault *add(struct trial *t, const char *what, unsigned int order, unsigned int status,
			 unsigned int offset, unsigned int size, uint64_t value)
{
	struct fault *f = &t->fault[t->count++];

	*f = (struct fault){ what, order, status, { { (uint16_t)offset, (uint16_t)size, value } } };
	return f;
}

static void and(struct fault *f, unsigned int offset, unsigned int size, uint64_t value)
{
	unsigned int i = 0;

	while (f->set[i].size)
		i++;
	f->set[i].offset = (uint16_t)offset;
	f->set[i].size = (uint16_t)size;
	f->set[i].value = value;
}

static void apply(struct request *r, const struct fault *f)
{
	for (unsigned int i = 0; i < 6 && f->set[i].size; i++)
		put(r->b + f->set[i].offset, f->set[i].size, f->set[i].value);
}

static bool overlap(const struct fault *f, const struct fault *g)
{
	for (unsigned int i = 0; i < 6 && f->set[i].size; i++)
		for (unsigned int j = 0; j < 6 && g->set[j].size; j++)
			if (f->set[i].offset < g->set[j].offset + g->set[j].size &&
			    g->set[j].offset < f->set[i].offset + f->set[i].size)
				return true;
	return false;
}

static void common_faults(struct trial *t, unsigned int last_reserved)
{
	add(t, "op 0", 10, BAD_OP, 0, 2, 0);
	add(t, "op 13", 10, BAD_OP, 0, 2, 13);
	add(t, "op 17", 10, BAD_OP, 0, 2, 17);
	add(t, "op 0xffff", 10, BAD_OP, 0, 2, 0xffff);
	add(t, "op + 256", 10, BAD_OP, 0, 2, get(t->good.b, 2) + 256);
	if (t->queue == 0) {
		add(t, "JOB in the control queue", 10, BAD_OP, 0, 2, JOB);
	} else {
		add(t, "QUEUE_OPEN in a job queue", 10, BAD_OP, 0, 2, QUEUE_OPEN);
		add(t, "QUERY in a job queue", 10, BAD_OP, 0, 2, QUERY);
	}
	add(t, "flag 0x8000", 20, BAD_FIELD, 2, 2, 0x8000);
	add(t, "reserved of the header", 30, BAD_FIELD, 6, 2, 1);
	if (last_reserved)
		add(t, "the last byte", 30, BAD_FIELD, last_reserved, 1, 0x80);
}

static void expect_status(struct trial *t, const struct request *r, unsigned int status, const struct fault *f,
			  const struct fault *g)
{
	struct peer *p = &t->b->peer;
	unsigned int got = peer_wait(p, peer_send(p, t->queue, *r));

	t->tried++;
	p->count = 0;
	report_check(t->b->report, got == status, "%s with %s%s%s: expected %s, came %s", op_name((unsigned int)get(t->good.b, 2)),
		     f->what, g ? " and " : "", g ? g->what : "", status_name(status), status_name(got));
}

/* Alone, and each two.  Faults that a backend could only see with what the
 * other one took away are of the same step, or left out by @overlap. */
static void try_all(struct trial *t)
{
	for (unsigned int i = 0; i < t->count; i++) {
		struct request one = t->good;

		apply(&one, &t->fault[i]);
		expect_status(t, &one, t->fault[i].status, &t->fault[i], NULL);
		for (unsigned int j = i + 1; j < t->count; j++) {
			const struct fault *f = &t->fault[i], *g = &t->fault[j];
			struct request two = one;

			if (overlap(f, g) || (f->order == g->order && f->status != g->status))
				continue;
			apply(&two, g);
			expect_status(t, &two, f->order <= g->order ? f->status : g->status, f, g);
		}
	}
}

static struct trial trial(struct bench *b, unsigned int queue, struct request good, unsigned int last_reserved)
{
	struct trial t = { .b = b, .queue = queue, .good = good };

	common_faults(&t, last_reserved);
	return t;
}

/* ---- the operations ---- */

static void nop(struct bench *b)
{
	struct trial t = trial(b, 0, request(NOP), 127);

	add(&t, "flag 1", 20, BAD_FIELD, 2, 2, 1);
	add(&t, "the first byte of the body", 30, BAD_FIELD, 16, 1, 1);
	try_all(&t);
	for (unsigned int byte = 16; byte < SQE; byte++) {
		struct request r = request(NOP);

		r.b[byte] = (uint8_t)(1u << byte % 8);
		if (!expect(&b->peer, BAD_FIELD, r, "NOP with one bit of its body set"))
			break;
	}
	if (!peer_queue(&b->peer, 1, NORMAL, 5))
		return;
	t = trial(b, 1, request(NOP), 127);
	try_all(&t);
}

/* Every operation there is and is not, in both kinds of queues. */
static void operations(struct bench *b)
{
	struct peer *p = &b->peer;

	if (!peer_queue(p, 1, NORMAL, 5))
		return;
	for (unsigned int op = 0; op < 300; op++) {
		bool control = op >= NOP && op <= QUERY, of_job = op == NOP || op == JOB;
		struct request r;

		memset(&r, 0, sizeof(r));
		put(r.b, 2, op);
		memset(r.b + 6, 0xff, 2);       /* so that what exists has no effect */
		if (!expect(p, control ? BAD_FIELD : BAD_OP, r, op_name(op)) ||
		    !expect_on(p, 1, of_job ? BAD_FIELD : BAD_OP, r, op_name(op)))
			break;
		p->count = 0;
	}
}

static void queue_opened(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request good;
	struct trial t;
	uint32_t ref;

	if (!peer_queue(p, 1, NORMAL, 5))
		return;
	good = queue_open(p, 2, NORMAL, 6);
	t = trial(b, 0, good, 127);
	add(&t, "flag 1", 20, BAD_FIELD, 2, 2, 1);
	add(&t, "byte 112", 30, BAD_FIELD, 112, 1, 1);
	peer_share(p, 1, &ref, true);
	add(&t, "a journal", 40, NOT_SUPPORTED, 28, 4, ref);
	add(&t, "queue 0", 50, BAD_OBJECT, 16, 4, 0);
	add(&t, "queue max-queues + 1", 50, BAD_OBJECT, 16, 4, p->offer.max_queues + 1);
	add(&t, "queue 0xffffffff", 50, BAD_OBJECT, 16, 4, NONE);
	add(&t, "class 0", 60, BAD_FIELD, 20, 2, 0);
	add(&t, "class 4", 60, BAD_FIELD, 20, 2, 4);
	add(&t, "order 4", 60, BAD_FIELD, 22, 2, 4);
	add(&t, "order max-ring-order + 1", 60, BAD_FIELD, 22, 2, p->offer.max_ring_order + 1);
	add(&t, "order 0xffff", 60, BAD_FIELD, 22, 2, 0xffff);
	add(&t, "sq_ref[1] NONE", 60, BAD_FIELD, 36, 4, NONE);
	add(&t, "sq_ref[2] not NONE", 60, BAD_FIELD, 40, 4, 0);
	add(&t, "sq_ref[15] not NONE", 60, BAD_FIELD, 92, 4, ref);
	add(&t, "cq_ref[0] NONE", 60, BAD_FIELD, 96, 4, NONE);
	add(&t, "cq_ref[1] not NONE", 60, BAD_FIELD, 100, 4, 0);
	if (p->offer.max_class > REALTIME)
		add(&t, "class realtime", 90, DENIED, 20, 2, REALTIME);
	add(&t, "a queue that is open", 110, IN_USE, 16, 4, 1);
	add(&t, "an SQ page that is no grant", 160, BAD_GRANT, 32, 4, 1000000);
	add(&t, "a CQ page that is no grant", 160, BAD_GRANT, 96, 4, 1000000);
	add(&t, "a port that is none", 160, BAD_GRANT, 24, 4, 99999);
	add(&t, "port 0xffffffff", 160, BAD_GRANT, 24, 4, NONE);
	try_all(&t);
	expect_query(p, Q_QUEUE, 2, 0);
	expect_query(p, Q_QUEUE, 1, 1);
	p->queue[2].open = expect(p, OK, good, "QUEUE_OPEN after all that");
	expect_on(p, 2, OK, request(NOP), "NOP in it");
}

static void queue_closed(struct bench *b)
{
	struct peer *p = &b->peer;
	struct trial t;

	if (!peer_queue(p, 1, NORMAL, 5))
		return;
	t = trial(b, 0, queue_close(1), 127);
	add(&t, "flag 1", 20, BAD_FIELD, 2, 2, 1);
	add(&t, "byte 20", 30, BAD_FIELD, 20, 1, 1);
	add(&t, "queue 0", 50, BAD_OBJECT, 16, 4, 0);
	add(&t, "queue max-queues + 1", 50, BAD_OBJECT, 16, 4, p->offer.max_queues + 1);
	add(&t, "queue 0x10001", 50, BAD_OBJECT, 16, 4, 0x10001);
	if (p->offer.max_queues > 1)
		add(&t, "a queue that is not open", 110, BAD_OBJECT, 16, 4, 2);
	try_all(&t);
	expect_on(p, 1, OK, request(NOP), "NOP in a queue that was not closed");
}

static void contexts(struct bench *b)
{
	struct peer *p = &b->peer;
	uint32_t max = p->offer.max_contexts;
	struct request good[2] = { ctx_destroy(0), ctx_signal(0, 99) };
	struct trial t = trial(b, 0, ctx_create(1), 127);

	expect(p, OK, ctx_create(0), "CTX_CREATE");
	add(&t, "flag 1", 20, BAD_FIELD, 2, 2, 1);
	add(&t, "byte 24", 30, BAD_FIELD, 24, 1, 1);
	add(&t, "a save area", 40, NOT_SUPPORTED, 20, 4, 0);
	add(&t, "context max-contexts", 50, BAD_OBJECT, 16, 4, max);
	add(&t, "context 0xffffffff", 50, BAD_OBJECT, 16, 4, NONE);
	add(&t, "a context that exists", 110, IN_USE, 16, 4, 0);
	try_all(&t);
	for (unsigned int i = 0; i < 2; i++) {
		t = trial(b, 0, good[i], 127);
		add(&t, "flag 1", 20, BAD_FIELD, 2, 2, 1);
		add(&t, "byte 20", 30, BAD_FIELD, 20, 1, 1);
		add(&t, "context max-contexts", 50, BAD_OBJECT, 16, 4, max);
		add(&t, "context 0x80000000", 50, BAD_OBJECT, 16, 4, 0x80000000u);
		if (max > 1)
			add(&t, "a context that does not exist", 110, BAD_OBJECT, 16, 4, 1);
		try_all(&t);
	}
	expect_query(p, Q_CONTEXT, 0, 1);
	expect_query(p, Q_TIMELINE, 0, 0);
	if (max > 1)
		expect_query(p, Q_CONTEXT, 1, 0);
}

static void buffers(struct bench *b)
{
	struct peer *p = &b->peer;
	uint32_t max = p->offer.max_buffers, many = p->offer.max_pages + 1;
	struct request good, there;
	struct fault *f;
	struct trial t;
	void *at;

	there = buf_register(p, 0, 2, READ, &at);
	if (!expect(p, OK, there, "BUF_REGISTER"))
		return;
	good = buf_register(p, 1, 2, READ, &at);
	t = trial(b, 0, good, 127);
	add(&t, "flag 1", 20, BAD_FIELD, 2, 2, 1);
	add(&t, "byte 28", 30, BAD_FIELD, 28, 1, 1);
	add(&t, "byte 96", 30, BAD_FIELD, 96, 1, 1);
	add(&t, "buffer max-buffers", 50, BAD_OBJECT, 16, 4, max);
	add(&t, "buffer 0xffffffff", 50, BAD_OBJECT, 16, 4, NONE);
	add(&t, "0 pages", 60, BAD_FIELD, 20, 4, 0);
	add(&t, "16385 pages", 60, BAD_FIELD, 20, 4, 16385);
	add(&t, "1025 pages in one directory", 60, BAD_FIELD, 20, 4, 1025);
	add(&t, "access 0", 60, BAD_FIELD, 24, 2, 0);
	add(&t, "access 4", 60, BAD_FIELD, 24, 2, 4);
	add(&t, "access 0x8001", 60, BAD_FIELD, 24, 2, 0x8001);
	add(&t, "0 directories", 60, BAD_FIELD, 26, 2, 0);
	add(&t, "2 directories", 60, BAD_FIELD, 26, 2, 2);
	add(&t, "dir_ref[0] NONE", 60, BAD_FIELD, 32, 4, NONE);
	add(&t, "dir_ref[1] not NONE", 60, BAD_FIELD, 36, 4, 0);
	add(&t, "dir_ref[15] not NONE", 60, BAD_FIELD, 92, 4, 0);
	if (many <= 16384) {
		f = add(&t, "more pages than max-pages", 80, NO_QUOTA, 20, 4, many);
		and(f, 26, 2, (many + 1023) / 1024);
		for (uint32_t d = 1; d < (many + 1023) / 1024 && d < 4; d++)
			and(f, 32 + 4 * d, 4, 1);
		if ((many + 1023) / 1024 > 4)
			t.count--;      /* more directories than a fault can set */
	}
	add(&t, "a buffer that exists", 110, IN_USE, 16, 4, 0);
	add(&t, "a directory that is no grant", 160, BAD_GRANT, 32, 4, 1000000);
	try_all(&t);
	expect_query(p, Q_BUFFER, 0, 2);
	expect_query(p, Q_BUFFER, 1, 0);
	expect(p, OK, good, "BUF_REGISTER after all that");
	t = trial(b, 0, buf_release(1), 127);
	add(&t, "flag 1", 20, BAD_FIELD, 2, 2, 1);
	add(&t, "byte 20", 30, BAD_FIELD, 20, 1, 1);
	add(&t, "buffer max-buffers", 50, BAD_OBJECT, 16, 4, max);
	if (max > 2)
		add(&t, "a buffer that does not exist", 110, BAD_OBJECT, 16, 4, 2);
	try_all(&t);
	expect_query(p, Q_BUFFER, 1, 2);
}

static void firmware(struct bench *b)
{
	struct peer *p = &b->peer;
	uint32_t max = p->offer.max_firmware;
	struct request good;
	struct fault *f;
	struct trial t;
	void *at;

	if (!expect(p, OK, buf_register(p, 1, 2, WRITE, &at), "BUF_REGISTER"))
		return;
	good = fw_load(1, 0, b->image_length, b->digest);
	SET32(&good, 20, b->kind);
	t = trial(b, 0, good, 127);
	add(&t, "flag 2", 20, BAD_FIELD, 2, 2, 2);
	add(&t, "byte 44", 30, BAD_FIELD, 44, 1, 1);
	add(&t, "byte 80", 30, BAD_FIELD, 80, 1, 1);
	add(&t, "sig_offset", 40, NOT_SUPPORTED, 36, 4, 8);
	add(&t, "sig_length", 40, NOT_SUPPORTED, 40, 4, 64);
	add(&t, "firmware max-firmware", 50, BAD_OBJECT, 16, 4, max);
	add(&t, "buffer max-buffers", 50, BAD_OBJECT, 24, 4, p->offer.max_buffers);
	add(&t, "kind 0", 60, BAD_FIELD, 20, 4, 0);
	add(&t, "kind 6", 60, BAD_FIELD, 20, 4, 6);
	add(&t, "length 0", 60, BAD_FIELD, 32, 4, 0);
	and(add(&t, "a piece behind 2^26", 70, BAD_RANGE, 28, 4, (1u << 26) - 4), 32, 4, 8);
	and(add(&t, "a piece that wraps", 70, BAD_RANGE, 28, 4, 0xfffffff8u), 32, 4, 16);
	if (p->offer.max_firmware_bytes < 1u << 26)
		add(&t, "more than max-firmware-bytes", 80, NO_QUOTA, 32, 4, p->offer.max_firmware_bytes + 1);
	add(&t, "firmware that exists", 110, IN_USE, 16, 4, 0);
	if (!strcmp(p->offer.firmware_kinds, "1"))
		add(&t, "a kind that it does not load", 111, NOT_SUPPORTED, 20, 4, 5);
	add(&t, "a buffer that does not exist", 112, BAD_OBJECT, 24, 4, 2);
	add(&t, "a piece behind its buffer", 130, BAD_RANGE, 28, 4, (b->image_length + PAGE - 1) / PAGE * PAGE - 2);
	f = add(&t, "a buffer that is not readable", 140, BAD_ACCESS, 24, 4, 1);
	and(f, 28, 8, 8ull << 32);
	f = add(&t, "a piece behind a buffer that is not readable", 130, BAD_RANGE, 24, 4, 1);
	and(f, 28, 8, 8ull << 32 | (2 * PAGE - 7));
	add(&t, "a wrong digest", 175, BAD_DIGEST, 48, 1, b->digest[0] ^ 1u);
	add(&t, "a digest wrong at its end", 175, BAD_DIGEST, 79, 1, b->digest[31] ^ 0x80u);
	try_all(&t);
	expect_query(p, Q_FIRMWARE, 0, 1);
	expect_query(p, Q_FIRMWARE, 1, 0);
	t = trial(b, 0, fw_unload(0), 127);
	add(&t, "byte 20", 30, BAD_FIELD, 20, 1, 1);
	add(&t, "firmware max-firmware", 50, BAD_OBJECT, 16, 4, max);
	if (max > 1)
		add(&t, "firmware that does not exist", 110, BAD_OBJECT, 16, 4, 1);
	try_all(&t);
	expect_query(p, Q_FIRMWARE, 0, 1);
}

static void cancels_and_queries(struct bench *b)
{
	struct peer *p = &b->peer;
	static const struct { const char *what; uint64_t of, object; unsigned int status; } q[] = {
		{ "what 0", 0, 0, BAD_FIELD }, { "what 9", 9, 0, BAD_FIELD }, { "what 0x101", 0x101, 0, BAD_FIELD },
		{ "an object of DEVICE", Q_DEVICE, 1, BAD_FIELD }, { "an object of EVENTS_LOST", Q_EVENTS_LOST, 1, BAD_FIELD },
		{ "an object of WEIGHT", Q_WEIGHT, NONE, BAD_FIELD }, { "queue 0", Q_QUEUE, 0, BAD_OBJECT },
		{ "queue 31", Q_QUEUE, 31, BAD_OBJECT }, { "context 0x10000", Q_CONTEXT, 0x10000, BAD_OBJECT },
		{ "timeline 0x10000", Q_TIMELINE, 0x10000, BAD_OBJECT },
		{ "buffer 0x10000", Q_BUFFER, 0x10000, BAD_OBJECT },
		{ "firmware 0x10000", Q_FIRMWARE, 0x10000, BAD_OBJECT },
	};
	struct trial t = trial(b, 0, cancel(1, 0, 1), 127);

	add(&t, "flag 1", 20, BAD_FIELD, 2, 2, 1);
	add(&t, "byte 22", 30, BAD_FIELD, 22, 1, 1);
	add(&t, "byte 32", 30, BAD_FIELD, 32, 1, 1);
	add(&t, "queue 0", 50, BAD_OBJECT, 16, 4, 0);
	add(&t, "queue max-queues + 1", 50, BAD_OBJECT, 16, 4, p->offer.max_queues + 1);
	add(&t, "no such job", 200, NOT_FOUND, 24, 8, 5);
	try_all(&t);
	t = trial(b, 0, query(Q_DEVICE, 0), 127);
	add(&t, "flag 1", 20, BAD_FIELD, 2, 2, 1);
	add(&t, "byte 24", 30, BAD_FIELD, 24, 1, 1);
	for (size_t i = 0; i < sizeof(q) / sizeof(q[0]); i++)
		and(add(&t, q[i].what, q[i].status == BAD_OBJECT ? 50 : 60, q[i].status, 16, 4, q[i].of), 20, 4, q[i].object);
	try_all(&t);
}

/* What a job is refused for without any object. */
static void job_faults(struct trial *t, const struct offer *o)
{
	add(t, "flag 0x10", 20, BAD_FIELD, 2, 2, 0x10);
	add(t, "byte 39", 30, BAD_FIELD, 39, 1, 1);
	add(t, "byte 120", 30, BAD_FIELD, 120, 1, 1);
	add(t, "wait_device", 40, NOT_SUPPORTED, 52, 4, 1);
	add(t, "context max-contexts", 50, BAD_OBJECT, 16, 4, o->max_contexts);
	add(t, "firmware max-firmware", 50, BAD_OBJECT, 20, 4, o->max_firmware);
	if (o->max_buffers < 65536) {
		add(t, "buffer max-buffers", 50, BAD_OBJECT, 72, 2, o->max_buffers);
		add(t, "buffer 0xffff in operand 1", 50, BAD_OBJECT, 84, 2, 0xffff);
	}
	and(add(t, "a wait for context max-contexts", 50, BAD_OBJECT, 2, 2, F_WAIT), 48, 4, o->max_contexts);
	and(&t->fault[t->count - 1], 32, 4, 1000);
	if (o->max_run_limit_us < NONE)
		add(t, "run_limit_us max-run-limit-us + 1", 60, BAD_FIELD, 28, 4, o->max_run_limit_us + 1);
	add(t, "5 operands", 60, BAD_FIELD, 36, 2, 5);
	add(t, "0xffff operands", 60, BAD_FIELD, 36, 2, 0xffff);
	add(t, "wait_context without WAIT", 60, BAD_FIELD, 48, 4, 1);
	add(t, "wait_value without WAIT", 60, BAD_FIELD, 56, 8, 1ull << 63);
	add(t, "signal_value without SIGNAL", 60, BAD_FIELD, 64, 8, 1);
	add(t, "an operand behind the last", 60, BAD_FIELD, 96, 2, 1);
	add(t, "a length behind the last operand", 60, BAD_FIELD, 116, 4, 1);
	add(t, "WAIT without a start limit", 60, BAD_FIELD, 2, 2, F_WAIT);
	add(t, "TABLE of 2 operands", 60, BAD_FIELD, 2, 2, F_TABLE);
	add(t, "access 0 of an operand", 60, BAD_FIELD, 74, 2, 0);
	add(t, "access 4 of an operand", 60, BAD_FIELD, 86, 2, 4);
	and(add(t, "an operand behind 2^26", 70, BAD_RANGE, 76, 4, (1u << 26) - 3), 80, 4, 4);
	and(add(t, "an operand that wraps", 70, BAD_RANGE, 88, 4, 0xfffffffcu), 92, 4, 8);
}

static void jobs_without_objects(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request good = job(0, 0, 0);
	struct trial t;

	if (!peer_queue(p, 1, NORMAL, 5))
		return;
	add_operand(&good, 0, READ, 0, 4);
	add_operand(&good, 0, READ, 0, 4);
	t = trial(b, 1, good, 127);
	job_faults(&t, &p->offer);
	add(&t, "nothing else", 110, BAD_OBJECT, 40, 8, 0);
	try_all(&t);
}

static void jobs(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request good = job(0, P_END, 0);
	struct trial t;
	void *at;

	expect(p, OK, buf_register(p, 1, 2, READ, &at), "BUF_REGISTER");
	expect(p, OK, ctx_signal(0, 3), "CTX_SIGNAL");
	add_operand(&good, 1, READ, 0, 4);
	add_operand(&good, 1, READ, 4, 4);
	t = trial(b, 1, good, 127);
	job_faults(&t, &p->offer);
	if (p->offer.max_contexts > 3)
		add(&t, "a context that does not exist", 110, BAD_OBJECT, 16, 4, 3);
	if (p->offer.max_firmware > 1)
		add(&t, "firmware that does not exist", 110, BAD_OBJECT, 20, 4, 1);
	add(&t, "a buffer that does not exist", 110, BAD_OBJECT, 72, 2, 2);
	add(&t, "a buffer that does not exist in operand 1", 110, BAD_OBJECT, 84, 2, 3);
	if (p->offer.max_contexts > 3) {
		struct fault *f = add(&t, "a wait for no context", 110, BAD_OBJECT, 2, 2, F_WAIT);

		and(f, 32, 4, 1000);
		and(f, 48, 4, 3);
		and(f, 56, 8, 1);       /* with WAIT it is no fault */
	}
	add(&t, "an operand behind its buffer", 130, BAD_RANGE, 76, 4, 2 * PAGE - 3);
	add(&t, "operand 1 behind its buffer", 130, BAD_RANGE, 92, 4, 2 * PAGE - 3);
	add(&t, "to write a buffer to be read", 140, BAD_ACCESS, 74, 2, WRITE);
	add(&t, "operand 1 to write a buffer to be read", 140, BAD_ACCESS, 86, 2, READ | WRITE);
	try_all(&t);
	expect_query(p, Q_TIMELINE, 0, 3);
	expect_query(p, Q_CONTEXT, 0, 1);
	expect_query(p, Q_QUEUE, 1, 1);
	expect_on(p, 1, OK, good, "the good job after all that");
}

/* Refused with SIGNAL: the timeline stays, and nothing is live. */
static void refused_signals_nothing(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_END, 0);

	set_signal(&r, 9);
	SET32(&r, 20, 1);
	expect_on(p, 1, BAD_OBJECT, r, "JOB of no firmware");
	SET32(&r, 20, 0);
	SET16(&r, 36, 5);
	expect_on(p, 1, BAD_FIELD, r, "JOB of 5 operands");
	expect_query(p, Q_TIMELINE, 0, 0);
	expect_query(p, Q_QUEUE, 1, 1);
}

const struct conform_case check_cases[] = {
	{ "operations-there-are", "B-MSG-1 B-VER-1", CONNECTED, operations },
	{ "checks-nop", "B-MSG-1 B-MSG-2 B-VER-1", CONNECTED, nop },
	{ "checks-queue-open", "B-MSG-1 B-MSG-2 B-CLASS-4 B-PAGE-2 B-OBJ-3", CONNECTED, queue_opened },
	{ "checks-queue-close", "B-MSG-1 B-MSG-2", CONNECTED, queue_closed },
	{ "checks-contexts", "B-MSG-1 B-MSG-2", CONNECTED, contexts },
	{ "checks-buffers", "B-MSG-1 B-MSG-2 B-PAGE-2 B-OBJ-3", CONNECTED, buffers },
	{ "checks-firmware", "B-MSG-1 B-MSG-2 B-FW-1", CONNECTED | PROGRAM, firmware },
	{ "checks-cancel-query", "B-MSG-1 B-MSG-2", CONNECTED, cancels_and_queries },
	{ "checks-job-alone", "B-MSG-1 B-MSG-2", CONNECTED, jobs_without_objects },
	{ "checks-job", "B-MSG-1 B-MSG-2 B-JOB-1", NEEDS(P_END), jobs },
	{ "refused-job-signals-nothing", "B-TIME-1 B-MSG-1", NEEDS(P_END), refused_signals_nothing },
	{ NULL, NULL, 0, NULL }
};
