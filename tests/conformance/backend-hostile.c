// SPDX-License-Identifier: MIT
/*
 * A frontend that keeps no rule.  Whatever it does, its own connection is all
 * that it breaks: after each case it is served again.
 */
#include <stdlib.h>
#include <string.h>

#include "backend.h"

static void over(struct bench *b, const char *what)
{
	struct peer *p = &b->peer;

	report_check(b->report, peer_disconnect(p), "after %s the backend does not let go: state %d", what, backend_state(p));
	bench_serves(b);
}

/* Each index of each cell to each corner, while requests are under way. */
static void corners(struct bench *b)
{
	static const uint32_t value[] = { 1, 0x7fffffffu, 0x80000000u, 0xffffffffu, 31, 33 };
	struct peer *p = &b->peer;

	for (unsigned int ring = 0; ring < 6; ring++)
		for (unsigned int k = 0; k < 6; k++) {
			struct request nop = request(NOP);

			peer_turn(p);
			if (!peer_must_connect(p))
				return;
			peer_queue(p, 1, NORMAL, 5);
			for (unsigned int i = 0; i < 8; i++)
				peer_put(p, i % 2, &nop);
			peer_publish(p, 0);
			peer_publish(p, 1);
			store32(fe_cell(p, ring), load32(fe_cell(p, ring)) + value[k]);
			store32(fe_cell(p, ring) + 4, value[k]);
			peer_notify(p, 0);
			sleep_us(3000);
			/* What it answered then is nobody's affair. */
			peer_forget_rings(p);
			if (!report_check(b->report, peer_disconnect(p), "ring %u, index + 0x%x: the backend does not let go", ring,
					  value[k]))
				return;
		}
	bench_serves(b);
}

/* Random bytes as requests, with slots that are free: none breaks the ring. */
static void rubbish(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int seed = 7, wrong = 0;

	for (unsigned int i = 0; i < 4000; i++) {
		struct request r;
		struct asked *a;
		unsigned int status;

		for (unsigned int k = 0; k < SQE; k++)
			r.b[k] = (uint8_t)rand_r(&seed);
		put(r.b, 2, i % 18);
		if (i % 3)
			put(r.b + 2, 2, 0);
		put(r.b + 6, 2, 0);
		if (i % 5 == 0)
			memset(r.b + 20, 0, 108);
		r.b[127] |= 1;          /* reserved in all of them: no effect */
		a = peer_send(p, 0, r);
		status = peer_wait(p, a);
		wrong += status < BAD_OP || status > NO_MEMORY;
		p->count = 0;
		if (status == SILENCE)
			break;
	}
	report_check(b->report, !wrong, "%u of 4000 requests of random bytes answered as if they were good", wrong);
	report_check(b->report, backend_state(p) == 4, "the backend is in state %d, \"%s\"", backend_state(p), backend_error(p));
}

/* A ring scribbled over while it is read. */
static void scribble(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int seed = 3;

	for (unsigned int i = 0; i < 4; i++) {
		uint64_t end = now_us() + 100000;

		peer_turn(p);
		if (!peer_must_connect(p))
			return;
		while (now_us() < end && backend_state(p) == 4)
			for (unsigned int k = 0; k < 2000; k++) {
				uint8_t *page = i % 2 ? p->fe : p->queue[0].sq;

				((volatile uint8_t *)page)[(unsigned int)rand_r(&seed) % (i % 2 ? 256u : PAGE)] = (uint8_t)rand_r(&seed);
				if (k % 50 == 0) {
					if (!(i % 2))
						store32(fe_cell(p, 2), load32(fe_cell(p, 2)) + 1);
					peer_notify(p, 0);
				}
			}
		peer_forget_rings(p);
		if (!report_check(b->report, peer_disconnect(p), "pages scribbled over: the backend does not let go"))
			return;
	}
	bench_serves(b);
}

/* Grants that are not this domain's, revoked, or of another kind. */
static void grants(struct bench *b)
{
	static const uint32_t ref[] = { 0, 1, 7, 1000000, 0x7fffffffu, 0x80000000u, 0xfffffffeu };
	struct peer *p = &b->peer;
	struct request r;
	uint32_t gone;
	void *at = peer_share(p, 1, &gone, true);

	peer_unshare(p, at);
	for (size_t i = 0; i < 8; i++) {
		uint32_t bad = i < 7 ? ref[i] : gone;
		unsigned int status;

		r = buf_register(p, 0, 1, READ | WRITE, &at);
		SET32(&r, 32, bad);
		status = peer_ask(p, r);
		report_check(b->report, status == BAD_GRANT || status == BAD_FIELD, "a directory by grant %u: %s, expected BAD_GRANT", bad,
			     status_name(status));
		r = queue_open(p, 2, NORMAL, 5);
		SET32(&r, 96, bad);
		status = peer_ask(p, r);
		/* Small numbers may be grants of ours to the same domain: good, then. */
		if (status == OK) {
			peer_ask(p, queue_close(2));
			continue;
		}
		report_check(b->report, status == BAD_GRANT, "a CQ by grant %u: %s, expected BAD_GRANT", bad, status_name(status));
	}
	memset(&p->queue[2], 0, sizeof(p->queue[2]));
	/* Ports: the device's own again, one that is bound, ones that are none. */
	for (uint32_t k = 0; k < 4; k++) {
		const uint32_t port[] = { (uint32_t)p->port, 131071, 0x7fffffff, 0xffffffff };

		r = queue_open(p, 2, NORMAL, 5);
		SET32(&r, 24, port[k]);
		expect(p, BAD_GRANT, r, "QUEUE_OPEN with a port that cannot be bound");
	}
	expect_query(p, Q_QUEUE, 2, 0);
	memset(&p->queue[2], 0, sizeof(p->queue[2]));
}

/* A read-only grant where the backend has to write; one page twice. */
static void grants_of_the_wrong_kind(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = queue_open(p, 2, NORMAL, 5);
	uint32_t ro;

	peer_share(p, 1, &ro, false);
	SET32(&r, 96, ro);
	expect(p, BAD_GRANT, r, "QUEUE_OPEN with a CQ granted read-only");
	expect_query(p, Q_QUEUE, 2, 0);
	/* The same page as SQ and CQ harms only its owner. */
	r = queue_open(p, 2, NORMAL, 5);
	SET32(&r, 32, p->queue[2].cq_ref[0]);
	p->queue[2].open = false;
	peer_ask(p, r);
	peer_ask(p, queue_close(2));
	memset(&p->queue[2], 0, sizeof(p->queue[2]));
	expect(p, OK, request(NOP), "NOP after it");
}

/* All objects there can be, at once; then gone without a word. */
static void all_of_everything(struct bench *b)
{
	struct peer *p = &b->peer;
	uint32_t contexts = p->offer.max_contexts, buffers = p->offer.max_buffers, made = 0;
	void *at;

	for (uint32_t q = 1; q <= p->offer.max_queues; q++)
		peer_queue(p, q, BATCH, 5);
	for (uint32_t i = 0; i < contexts && i < 256; i++) {
		unsigned int status = peer_ask(p, ctx_create(i));

		p->count = 0;
		made += status == OK;
		report_check(b->report, status == OK || status == NO_QUOTA || status == NO_MEMORY, "CTX_CREATE %u: %s", i,
			     status_name(status));
	}
	report_check(b->report, made >= 4, "only %u contexts could be made, max-contexts is %u", made, contexts);
	for (uint32_t i = 0; i < buffers && i < 128; i++) {
		struct request r = buf_register(p, i, 1, READ, &at);

		p->count = 0;
		if (!expect(p, i < p->offer.max_pages ? OK : NO_QUOTA, r, "BUF_REGISTER of each index"))
			break;
		peer_unshare(p, directory_last(p));
	}
	write_node(p, "state", "6");
	report_check(b->report, backend_reaches(p, 6, STATE_US), "gone without Closing: the backend is in state %d", backend_state(p));
	peer_forget(p);
	bench_serves(b);
}

/* Gone in the middle of everything. */
static void gone_with_jobs(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int i = 0; i < 4; i++) {
		for (unsigned int k = 0; k < 12; k++) {
			struct request r = job(k % 3, P_SPIN, FOREVER);

			if (k % 2)
				set_wait(&r, 1, 9, 60000000);
			peer_put(p, 1, &r);
		}
		peer_publish(p, 1);
		sleep_us(i * 5000);
		write_node(p, "state", i % 2 ? "5" : "1");
		report_check(b->report, backend_reaches(p, i % 2 ? 6 : 2, STATE_US),
			     "gone with jobs under way: the backend is in state %d", backend_state(p));
		peer_forget(p);
		write_node(p, "state", "6");
		if (!peer_must_connect(p) || !bench_program(b))
			return;
	}
	expect_on(p, 1, OK, job(0, P_END, 1), "a job afterwards");
}

/* States without sense, as fast as can be. */
static void flapping(struct bench *b)
{
	static const char *const states[] = { "1", "3", "4", "5", "6", "0", "9", "x", "2", "7", "" };
	struct peer *p = &b->peer;
	unsigned int seed = 5;
	uint64_t end = now_us() + 500000;

	if (!report_check(b->report, peer_begin(p) && peer_allocate(p) && peer_write_nodes(p), "no InitWait"))
		return;
	while (now_us() < end) {
		write_node(p, "state", states[(unsigned int)rand_r(&seed) % 11]);
		write_node(p, "junk", states[(unsigned int)rand_r(&seed) % 11]);
	}
	remove_node(p, "junk");
	peer_forget_rings(p);
	/* It may take its time for who did this, not for ever. */
	sleep_us(300000);
	over(b, "states that flap");
}

static void queues_opened_and_closed(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int i = 0; i < 200; i++) {
		if (!peer_queue(p, 1, NORMAL, 5 + i % 2) || !expect(p, OK, queue_close(1), "QUEUE_CLOSE"))
			return;
		p->count = 0;
	}
}

/* Closed and opened in one batch: each finds what the one before left. */
static void queue_batches(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request open_ = queue_open(p, 1, NORMAL, 5), close_ = queue_close(1);
	struct asked *a[8];

	for (unsigned int round = 0; round < 10; round++) {
		for (unsigned int i = 0; i < 8; i++)
			a[i] = peer_put(p, 0, i % 2 ? &close_ : &open_);
		peer_publish(p, 0);
		for (unsigned int i = 0; i < 8; i++)
			expect_answer(p, a[i], OK, op_name(a[i]->op));
		p->count = 0;
	}
	expect_query(p, Q_QUEUE, 1, 0);
	memset(&p->queue[1], 0, sizeof(p->queue[1]));
}

const struct conform_case hostile_cases[] = {
	{ "hostile-index-corners", "B-RING-3 B-LIFE-4", 0, corners },
	{ "hostile-requests-of-random-bytes", "B-MSG-2", CONNECTED, rubbish },
	{ "hostile-pages-scribbled-over", "B-PAGE-3 B-RING-3", 0, scribble },
	{ "hostile-grants", "B-PAGE-2 B-OBJ-3", CONNECTED, grants },
	{ "hostile-grants-of-the-wrong-kind", "B-PAGE-2", CONNECTED, grants_of_the_wrong_kind },
	{ "hostile-all-of-everything", "B-OBJ-2 B-LIFE-4", CONNECTED, all_of_everything },
	{ "hostile-gone-with-jobs", "B-LIFE-4", NEEDS(P_SPIN) | NEEDS(P_END), gone_with_jobs },
	{ "hostile-states-flap", "B-LIFE-1 B-LIFE-4", 0, flapping },
	{ "hostile-queues-again-and-again", "B-QOPEN-1 B-QCLOSE-1 B-OBJ-3", CONNECTED, queues_opened_and_closed },
	{ "hostile-queues-in-batches", "B-CTRL-1", CONNECTED, queue_batches },
	{ NULL, NULL, 0, NULL }
};
