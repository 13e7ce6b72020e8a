// SPDX-License-Identifier: MIT
/*
 * Queues: slots, and how many requests may be out (section 4).
 */
#include <string.h>

#include "backend.h"

/* One request with this slot, published, whatever the rules say. */
static void slot_by_hand(struct peer *p, unsigned int queue, struct request r, uint16_t slot)
{
	SET16(&r, 4, slot);
	put(r.b + 8, 8, 0xabcd000000000000ull + slot);
	peer_put_raw(p, queue, &r);
	peer_publish(p, queue);
}

static void slot_too_great(struct bench *b)
{
	static const uint16_t slot[] = { 32, 33, 63, 0x7fff, 0x8000, 0xffff };
	struct peer *p = &b->peer;

	for (size_t i = 0; i < sizeof(slot) / sizeof(slot[0]); i++) {
		peer_turn(p);
		if (!peer_must_connect(p))
			return;
		slot_by_hand(p, 0, request(NOP), slot[i]);
		peer_check_broken(p, "B-QUEUE-1");
	}
	bench_serves(b);
}

/* The limit is the queue's own. */
static void slot_of_greater_queue(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int order = p->offer.max_ring_order, entries = 1u << order;
	struct request nop = request(NOP);
	struct asked *last = NULL;

	if (!peer_queue(p, 1, NORMAL, order))
		return;
	for (unsigned int i = 0; i < entries; i++)
		last = peer_put(p, 1, &nop);
	peer_publish(p, 1);
	expect_answer(p, last, OK, "the greatest slot");
	slot_by_hand(p, 1, nop, (uint16_t)entries);
	peer_check_broken(p, "B-QUEUE-1");
	bench_serves(b);
}

/* Before any other look: a request that is also bad in all else. */
static void slot_first(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = request(99);

	memset(r.b + 16, 0xff, 112);
	SET16(&r, 2, 0xffff);
	SET16(&r, 6, 1);
	slot_by_hand(p, 0, r, 32);
	peer_check_broken(p, "B-QUEUE-1");
	bench_serves(b);
}

/* Any order of slots, and answers by slot. */
static void slots_in_any_order(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int round = 0; round < 8; round++) {
		uint32_t mark = 0;

		for (unsigned int i = 0; i < 32; i++) {
			uint16_t slot = (uint16_t)((i * 13 + round * 7) % 32);
			struct request nop = request(NOP);
			struct asked *a = &p->asked[p->count++];

			*a = (struct asked){ .op = NOP, .slot = slot, .place = p->queue[0].sq_index,
					     .id = ~(uint64_t)0 - slot * 0x100000001ull };
			p->queue[0].live[slot] = a;
			SET16(&nop, 4, slot);
			put(nop.b + 8, 8, a->id);
			peer_put_raw(p, 0, &nop);
		}
		peer_publish(p, 0);
		for (unsigned int i = 0; i < 32; i++)
			mark += peer_wait(p, &p->asked[p->count - 32 + i]) == OK;
		if (!report_check(b->report, mark == 32, "%u of 32 requests answered OK", mark))
			return;
	}
}

/* B-QUEUE-7: an id is the frontend's own affair. */
static void ids_equal(struct bench *b)
{
	static const uint64_t id[] = { 0, 0, 7, 7, ~0ull, ~0ull, 0x700000000ull, 7 };
	struct peer *p = &b->peer;
	unsigned int good = 0;

	for (unsigned int i = 0; i < 8; i++) {
		struct request nop = request(NOP);
		struct asked *a = &p->asked[p->count++];

		*a = (struct asked){ .op = NOP, .slot = (uint16_t)i, .id = id[i], .place = p->queue[0].sq_index };
		p->queue[0].live[i] = a;
		SET16(&nop, 4, i);
		put(nop.b + 8, 8, id[i]);
		peer_put_raw(p, 0, &nop);
	}
	peer_publish(p, 0);
	for (unsigned int i = 0; i < 8; i++)
		good += peer_wait(p, &p->asked[i]) == OK;
	report_check(b->report, good == 8, "%u of 8 requests with equal ids answered OK", good);
}

/* ---- live ---- */

/* A job that waits for longer than the case takes: its slot is live. */
static struct asked *parked_job(struct peer *p)
{
	struct request r = job(0, P_END, 1);
	struct asked *a;

	set_wait(&r, 1, 1000, 60000000);
	a = peer_send(p, 1, r);
	peer_ask_on(p, 1, request(NOP));        /* behind it: it has been accepted */
	return a;
}

static void slot_live(struct bench *b)
{
	struct peer *p = &b->peer;
	struct asked *a = parked_job(p);

	slot_by_hand(p, 1, request(NOP), a->slot);
	p->queue[1].live[a->slot] = NULL;
	peer_check_broken(p, "B-QUEUE-2");
	bench_serves(b);
}

/* Both in one batch: the first is live when the second is looked at. */
static void slot_twice_in_a_batch(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_END, 1);

	set_wait(&r, 1, 1000, 60000000);
	SET16(&r, 4, 9);
	peer_put_raw(p, 1, &r);
	peer_put_raw(p, 1, &r);
	peer_publish(p, 1);
	peer_check_broken(p, "B-QUEUE-2");
	bench_serves(b);
}

static void consumed_only(struct peer *p, unsigned int queue, uint32_t index)
{
	p->queue[queue].cq_index = index;
	memset(p->queue[queue].consumed, 1, sizeof(p->queue[queue].consumed));
	store32(fe_cell(p, RING_CQ(queue)), index);
}

/* What is consumed is said only when the backend has judged: to say it earlier
 * would make room. */
static void judged(struct peer *p)
{
	uint64_t end = now_us() + STATE_US;

	while (backend_state(p) == 4 && now_us() < end)
		sleep_us(500);
}

static bool until_published(struct peer *p, unsigned int queue, uint32_t index)
{
	uint64_t end = now_us() + SOON_US;

	while (load32(be_cell(p, RING_CQ(queue))) != index && now_us() < end)
		sleep_us(50);
	return load32(be_cell(p, RING_CQ(queue))) == index;
}

/* 1, 2, 3 in this order: a full queue, and a slot wrong in another way too. */
static void order_of_slot_checks(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request nop = request(NOP);
	struct asked *a = parked_job(p);
	uint32_t published = p->queue[1].cq_index;

	for (unsigned int i = 0; i < 31; i++) {
		SET16(&nop, 4, i < a->slot ? i : i + 1u);
		peer_put_raw(p, 1, &nop);
	}
	peer_publish(p, 1);
	report_check(b->report, until_published(p, 1, published + 31), "31 NOPs beside a job that waits are not all answered");
	slot_by_hand(p, 1, nop, a->slot);       /* live, and one too many */
	memset(p->queue[1].live, 0, sizeof(p->queue[1].live));
	judged(p);
	consumed_only(p, 1, load32(be_cell(p, RING_CQ(1))));
	peer_check_broken(p, "B-QUEUE-2");
	peer_turn(p);
	if (!peer_must_connect(p))
		return;
	for (unsigned int i = 0; i < 32; i++) {
		SET16(&nop, 4, i);
		peer_put_raw(p, 0, &nop);
	}
	peer_publish(p, 0);
	until_published(p, 0, 32);
	slot_by_hand(p, 0, nop, 32);            /* no slot, and one too many */
	judged(p);
	consumed_only(p, 0, load32(be_cell(p, RING_CQ(0))));
	peer_check_broken(p, "B-QUEUE-1");
	bench_serves(b);
}

/* ---- room ---- */

static void one_too_many(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request nop = request(NOP);

	for (unsigned int i = 0; i < 32; i++) {
		SET16(&nop, 4, i);
		peer_put_raw(p, 0, &nop);
	}
	peer_publish(p, 0);
	report_check(b->report, until_published(p, 0, 32), "32 requests, none consumed: %u completions",
		     load32(be_cell(p, RING_CQ(0))));
	report_check(b->report, backend_state(p) == 4, "32 requests of 32: the backend is in state %d, \"%s\"",
		     backend_state(p), backend_error(p));
	slot_by_hand(p, 0, nop, 3);
	judged(p);
	consumed_only(p, 0, load32(be_cell(p, RING_CQ(0))));
	peer_check_broken(p, "B-QUEUE-3");
	bench_serves(b);
}

static void one_too_many_at_once(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request nop = request(NOP);

	if (!peer_queue(p, 1, NORMAL, 5))
		return;
	for (unsigned int i = 0; i < 20; i++)
		peer_ask_on(p, 1, nop);
	/* 20 consumed and said so; 32 fit, and then one more. */
	for (unsigned int i = 0; i < 32; i++) {
		SET16(&nop, 4, i);
		peer_put_raw(p, 1, &nop);
	}
	peer_publish(p, 1);
	until_published(p, 1, 52);
	report_check(b->report, backend_state(p) == 4, "a full queue: the backend is in state %d", backend_state(p));
	slot_by_hand(p, 1, nop, 31);
	judged(p);
	consumed_only(p, 1, load32(be_cell(p, RING_CQ(1))));
	peer_check_broken(p, "B-QUEUE-3");
	bench_serves(b);
}

/* Full at every moment, one consumed for one submitted: all good (C4 before P2). */
static void always_full(struct bench *b)
{
	struct peer *p = &b->peer;
	struct peer_queue *q = &p->queue[0];
	struct request nop = request(NOP);

	for (unsigned int i = 0; i < 32; i++) {
		SET16(&nop, 4, i);
		peer_put_raw(p, 0, &nop);
	}
	peer_publish(p, 0);
	for (uint32_t i = 0; i < 300; i++) {
		struct completion c;

		if (!report_check(b->report, until_published(p, 0, 32 + i), "the queue is full: completion %u does not come", 32 + i))
			return;
		c = completion(q->cq + (i & 31) * CQE);
		consumed_only(p, 0, i + 1);
		q->consumed[i & 31] = true;
		slot_by_hand(p, 0, nop, c.slot);
	}
	until_published(p, 0, 332);
	report_check(b->report, backend_state(p) == 4, "the backend is in state %d, \"%s\"", backend_state(p), backend_error(p));
	consumed_only(p, 0, 332);
	memset(q->consumed, 1, sizeof(q->consumed));
}

/* A slot of one queue is none of another's business. */
static void queues_are_apart(struct bench *b)
{
	struct peer *p = &b->peer;
	struct asked *a = parked_job(p);

	if (!peer_queue(p, 2, NORMAL, 5))
		return;
	for (unsigned int i = 0; i < 64; i++)
		expect_on(p, 2, OK, request(NOP), "NOP in another queue");
	report_check(b->report, a->slot == 0 && !a->answered, "the job that waits in queue 1 ended");
	expect(p, OK, ctx_signal(1, 1000), "CTX_SIGNAL");
	expect_answer(p, a, OK, "the job that waited");
}

const struct conform_case queue_cases[] = {
	{ "slots-in-any-order", "B-QUEUE-5", CONNECTED, slots_in_any_order },
	{ "ids-that-are-equal", "B-QUEUE-7 B-QUEUE-5", CONNECTED, ids_equal },
	{ "slot-too-great", "B-QUEUE-1 B-LIFE-6", 0, slot_too_great },
	{ "slot-too-great-for-its-queue", "B-QUEUE-1", CONNECTED, slot_of_greater_queue },
	{ "slot-before-all-else", "B-QUEUE-4 B-QUEUE-1", CONNECTED, slot_first },
	{ "slot-live", "B-QUEUE-2", NEEDS(P_END), slot_live },
	{ "slot-twice-in-a-batch", "B-QUEUE-2", NEEDS(P_END), slot_twice_in_a_batch },
	{ "slot-checks-in-order", "B-QUEUE-4 B-QUEUE-2 B-QUEUE-3", NEEDS(P_END), order_of_slot_checks },
	{ "one-request-too-many", "B-QUEUE-3", CONNECTED, one_too_many },
	{ "one-too-many-in-a-job-queue", "B-QUEUE-3", CONNECTED, one_too_many_at_once },
	{ "always-full", "B-QUEUE-3 B-QUEUE-5", CONNECTED, always_full },
	{ "slots-are-of-a-queue", "B-QUEUE-2", NEEDS(P_END), queues_are_apart },
	{ NULL, NULL, 0, NULL }
};
