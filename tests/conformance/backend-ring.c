// SPDX-License-Identifier: MIT
/*
 * Rings: indexes, events, notifications, and whose memory is believed
 * (sections 2 and 3).
 */
#include <string.h>

#include "backend.h"

/* So many NOPs in batches; each is looked at as it is taken. */
static void nops(struct bench *b, unsigned int queue, unsigned int count, unsigned int batch)
{
	struct peer *p = &b->peer;
	unsigned int answered = 0;

	for (unsigned int done = 0; done < count; done += batch) {
		struct asked *a[512];

		for (unsigned int i = 0; i < batch; i++) {
			struct request nop = request(NOP);

			a[i] = peer_put(p, queue, &nop);
		}
		peer_publish(p, queue);
		for (unsigned int i = 0; i < batch; i++)
			answered += peer_wait(p, a[i]) == OK;
		p->count = 0;
		if (answered != done + batch)
			break;
	}
	report_check(b->report, answered == count, "queue %u: %u NOPs of %u answered OK, %u at a time", queue, answered,
		     count, batch);
}

static void round_and_round(struct bench *b)
{
	nops(b, 0, 1, 1);
	nops(b, 0, 7, 7);
	nops(b, 0, 160, 32);
	nops(b, 0, 99, 33 - 2 * 11);
	nops(b, 0, 62, 31);
}

static void orders(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int order = 5; order <= p->offer.max_ring_order; order++) {
		unsigned int entries = 1u << order;

		if (!peer_queue(p, 1, NORMAL, order))
			return;
		nops(b, 1, 3 * entries, entries);
		nops(b, 1, entries + 21 - (entries + 21) % 7, 7);
		expect(p, OK, queue_close(1), "QUEUE_CLOSE");
		p->count = 0;
	}
}

static void all_queues(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int count = p->offer.max_queues;

	for (unsigned int q = 1; q <= count; q++)
		if (!peer_queue(p, q, q % 2 ? NORMAL : BATCH, 5))
			return;
	for (unsigned int i = 0; i < 3; i++)
		for (unsigned int q = 0; q <= count; q++)
			nops(b, q, 21, 21);
	for (unsigned int q = count; q >= 1; q--)
		expect(p, OK, queue_close(q), "QUEUE_CLOSE");
}

/* ---- notifications ---- */

/* Whether one comes within so long. */
static bool notified(struct peer *p, uint64_t us)
{
	uint64_t end = now_us() + us;

	while (now_us() < end) {
		if (peer_notifications(p))
			return true;
		sleep_us(100);
	}
	return false;
}

static void settle(struct peer *p)
{
	sleep_us(20000);
	peer_notifications(p);
}

static void wakes(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int woke = 0;

	settle(p);
	for (unsigned int i = 0; i < 20; i++) {
		struct asked *a;

		peer_reap(p);
		store32(fe_cell(p, RING_CQ(0)) + 4, p->queue[0].cq_index);      /* A1 */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		a = peer_send(p, 0, request(NOP));
		woke += notified(p, SOON_US);
		peer_reap(p);
		report_check(b->report, a->answered, "notified of NOP %u before its completion could be seen", i);
		settle(p);
	}
	report_check(b->report, woke == 20, "asked for a notification 20 times, %u came", woke);
}

/* Batches: one that passes the event notifies, whichever of its messages did. */
static void wakes_in_batches(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int woke = 0;

	settle(p);
	for (unsigned int i = 0; i < 10; i++) {
		struct asked *last = NULL;

		peer_reap(p);
		store32(fe_cell(p, RING_CQ(0)) + 4, p->queue[0].cq_index + i);
		for (unsigned int n = 0; n < 12; n++) {
			struct request nop = request(NOP);

			last = peer_put(p, 0, &nop);
		}
		peer_publish(p, 0);
		woke += notified(p, SOON_US);
		peer_wait(p, last);
		settle(p);
	}
	report_check(b->report, woke == 10, "asked for a notification in 10 batches, %u came", woke);
}

static void quiet(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int came;

	peer_ask(p, request(NOP));
	/* An event that has been passed is passed again after 2^32 messages. */
	store32(fe_cell(p, RING_CQ(0)) + 4, p->queue[0].cq_index - 1);
	settle(p);
	p->notified = 0;
	for (unsigned int i = 0; i < 64; i++)
		peer_ask(p, request(NOP));
	sleep_us(20000);
	peer_notifications(p);
	came = p->notified;
	report_check(b->report, came == 0, "%u notifications for 64 completions that nobody asked to be told of", came);
}

/* The backend is notified when it asks, and only then: it must sleep rightly. */
static void sleeps(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int i = 0; i < 300; i++) {
		sleep_us(i * 37 % 1500);
		if (!expect(p, OK, request(NOP), "a NOP after a pause"))
			return;
		p->count = 0;
	}
}

static void spurious(struct bench *b)
{
	struct peer *p = &b->peer;
	uint64_t began, plain = 100, took = 0;

	for (unsigned int i = 0; i < 50; i++) {
		began = now_us();
		expect(p, OK, request(NOP), "a NOP");
		took = now_us() - began;
		plain = took > plain ? took : plain;
	}
	/* Each costs less than a tenth of what a NOP may, or they would not be bounded. */
	for (unsigned int i = 0; i < 5; i++) {
		for (unsigned int k = 0; k < 20000; k++)
			peer_notify(p, 0);
		began = now_us();
		expect(p, OK, request(NOP), "NOP after 20000 notifications");
		took = now_us() - began;
		if (took < 2000 * plain)
			break;
	}
	report_check(b->report, took < 2000 * plain, "NOP after 20000 notifications took %llu ms, where one without them "
		     "takes up to %llu us", (unsigned long long)took / 1000u, (unsigned long long)plain);
	report_check(b->report, backend_state(p) == 4, "the backend went to state %d", backend_state(p));
	nops(b, 0, 64, 32);
}

static void own_port(struct bench *b)
{
	struct peer *p = &b->peer;
	int port;

	if (!peer_queue_with_port(p, 1, NORMAL))
		return;
	port = p->queue[1].port;
	nops(b, 1, 200, 20);
	settle(p);
	for (unsigned int i = 0; i < 5; i++) {
		uint64_t end = now_us() + SOON_US;
		int came = -1;

		peer_reap(p);
		store32(fe_cell(p, RING_CQ(1)) + 4, p->queue[1].cq_index);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		peer_send(p, 1, request(NOP));
		while (came < 0 && now_us() < end) {
			if (peer_poll(p))
				came = (int)xenevtchn_pending(p->evtchn);
			else
				sleep_us(100);
		}
		if (came >= 0)
			xenevtchn_unmask(p->evtchn, (evtchn_port_t)came);
		report_check(b->report, came == port, "a completion of a queue with port %d notified port %d", port, came);
		settle(p);
	}
	expect(p, OK, queue_close(1), "QUEUE_CLOSE");
	expect(p, OK, request(NOP), "NOP");
}

/* ---- cells ---- */

static void begins_at_zero(struct bench *b)
{
	struct peer *p = &b->peer;

	if (!report_check(b->report, peer_begin(p) && peer_allocate(p) && peer_write_nodes(p), "no InitWait"))
		return;
	/* A frontend must not; a backend zeroes its cells all the same. */
	for (unsigned int r = 0; r < 4; r++)
		if (r != 1) {
			store32(be_cell(p, r), 9);
			store32(be_cell(p, r) + 4, 9);
		}
	write_node(p, "state", "3");
	if (!report_check(b->report, backend_reaches(p, 4, STATE_US) && write_node(p, "state", "4"), "does not connect"))
		return;
	p->connected = true;
	for (unsigned int r = 0; r < 4; r++)
		if (r != 1)
			report_check(b->report, load32(be_cell(p, r)) == 0 && load32(be_cell(p, r) + 4) == 0,
				     "cell %u of the backend says %u, %u when it is connected; expected 0, 0", r,
				     load32(be_cell(p, r)), load32(be_cell(p, r) + 4));
	nops(b, 0, 5, 5);
}

static void queue_begins_at_zero(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = queue_open(p, 2, NORMAL, 5), nop = request(NOP);
	struct asked *a;

	store32(be_cell(p, 6), 31);
	store32(be_cell(p, 6) + 4, 5);
	store32(be_cell(p, 7), 17);
	/* Published too early, and nobody was told. */
	p->queue[2].open = true;
	a = peer_put(p, 2, &nop);
	store32(fe_cell(p, 6), p->queue[2].sq_published = p->queue[2].sq_index);
	p->queue[2].open = false;
	if (!expect(p, OK, r, "QUEUE_OPEN"))
		return;
	report_check(b->report, load32(be_cell(p, 7)) <= 1 && load32(be_cell(p, 6)) <= 1 && load32(be_cell(p, 6) + 4) <= 1,
		     "the backend's cells of a queue just opened say %u, %u and %u", load32(be_cell(p, 6)),
		     load32(be_cell(p, 6) + 4), load32(be_cell(p, 7)));
	p->queue[2].open = true;
	expect_answer(p, a, OK, "what was published before the queue was open, without a notification");
	nops(b, 2, 64, 32);
}

/* Its own cells hold what it wrote: it has no need to look. */
static void own_cells(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int i = 0; i < 20; i++) {
		uint32_t expected = p->queue[0].cq_index + 1;
		uint64_t end = now_us() + SOON_US;
		struct request nop = request(NOP);

		store32(be_cell(p, 2), 0xdeadbeefu + i);
		store32(be_cell(p, 3), expected + 4 + i);
		store32(be_cell(p, 0), 77 + i);
		p->hold_events = true;
		peer_put(p, 0, &nop);
		store32(fe_cell(p, 2), p->queue[0].sq_published = p->queue[0].sq_index);
		peer_notify(p, 0);
		while (load32(be_cell(p, 3)) != expected && now_us() < end)
			sleep_us(50);
		if (!report_check(b->report, load32(be_cell(p, 3)) == expected && load32(be_cell(p, 2)) == p->queue[0].sq_index,
				  "its own cells overwritten: the backend went on at %u and %u, expected %u and %u",
				  load32(be_cell(p, 2)), load32(be_cell(p, 3)), p->queue[0].sq_index, expected))
			return;
		peer_reap(p);
	}
	store32(be_cell(p, 0), 0);
}

static void reserved_of_cells(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int r = 0; r < 64; r++) {
		memset(fe_cell(p, r) + 8, 0xff, 56);
		if (r > 3 || r == 1)
			memset(fe_cell(p, r), 0xff, 8);
	}
	nops(b, 0, 64, 32);
	if (peer_queue(p, 1, NORMAL, 5))
		nops(b, 1, 64, 32);
}

/* ---- broken rings ---- */

static void break_with(struct bench *b, unsigned int queue, uint32_t index, const char *rule)
{
	struct peer *p = &b->peer;

	store32(fe_cell(p, RING_SQ(queue)), index);
	peer_notify(p, queue);
	peer_check_broken(p, rule);
}

static const uint32_t far[] = { 33, 34, 64, 0x7fffffffu, 0x80000000u, 0xfffffffeu, 0xffffffffu };

static void index_far(struct bench *b)
{
	struct peer *p = &b->peer;

	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		peer_turn(p);
		if (!peer_must_connect(p))
			return;
		nops(b, 0, 5, 5);
		break_with(b, 0, p->queue[0].sq_index + far[i], "B-RING-3");
	}
	bench_serves(b);
}

static void index_far_in_a_job_queue(struct bench *b)
{
	struct peer *p = &b->peer;

	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
		peer_turn(p);
		if (!peer_must_connect(p) || !peer_queue(p, 1, NORMAL, 5))
			return;
		nops(b, 1, 40, 20);
		break_with(b, 1, p->queue[1].sq_index + far[i], "B-RING-3");
	}
	bench_serves(b);
}

/* Everything of a broken connection is left alone. */
static void all_stop(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request nop = request(NOP);
	uint64_t end = now_us() + SOON_US;
	uint32_t before;

	if (!peer_queue(p, 1, NORMAL, 5))
		return;
	before = p->queue[0].cq_index;
	store32(fe_cell(p, RING_SQ(1)), 0x40000000u);
	peer_notify(p, 1);
	while (backend_state(p) == 4 && now_us() < end)
		sleep_us(500);
	peer_put(p, 0, &nop);
	store32(fe_cell(p, RING_SQ(0)), p->queue[0].sq_index);
	peer_notify(p, 0);
	sleep_us(100000);
	report_check(b->report, load32(be_cell(p, 3)) == before,
		     "queue 1 is broken, and the backend goes on with the control queue");
	p->queue[0].live[0] = NULL;
	peer_check_broken(p, "B-RING-3");
	bench_serves(b);
}

/* The other side's consumer index, when the producer has to know the room. */
static void consumer_far(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int k = 0; k < 3; k++) {
		static const uint32_t lie[] = { 33, 0x80000000u, 0xffffffffu };
		struct request nop = request(NOP);

		peer_turn(p);
		if (!peer_must_connect(p))
			return;
		store32(fe_cell(p, RING_CQ(0)), lie[k]);
		for (unsigned int i = 0; i < 32; i++)
			peer_put(p, 0, &nop);
		peer_publish(p, 0);
		sleep_us(20000);
		/* By now there is no room by any value that may have been seen. */
		for (unsigned int i = 0; i < 32; i++) {
			SET16(&nop, 4, i);
			peer_put_raw(p, 0, &nop);
		}
		peer_publish(p, 0);
		peer_check_broken(p, "B-RING-3");
	}
	bench_serves(b);
}

static void consumer_back(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request nop = request(NOP);

	nops(b, 0, 96, 32);
	store32(fe_cell(p, RING_CQ(0)), 1);
	for (unsigned int i = 0; i < 32; i++) {
		SET16(&nop, 4, i);
		peer_put_raw(p, 0, &nop);
	}
	peer_publish(p, 0);
	sleep_us(20000);
	for (unsigned int i = 0; i < 32; i++) {
		SET16(&nop, 4, i);
		peer_put_raw(p, 0, &nop);
	}
	peer_publish(p, 0);
	peer_check_broken(p, "B-RING-3");
	bench_serves(b);
}

const struct conform_case ring_cases[] = {
	{ "ring-goes-round", "B-RING-2 B-QUEUE-5 B-QUEUE-6 B-DONE-1", CONNECTED, round_and_round },
	{ "rings-of-all-orders", "B-RING-1 B-RING-2 B-PAGE-4", CONNECTED, orders },
	{ "all-queues-at-once", "B-RING-2 B-QUEUE-5", CONNECTED, all_queues },
	{ "notifies-when-asked", "B-RING-2", CONNECTED, wakes },
	{ "notifies-in-batches", "B-RING-2", CONNECTED, wakes_in_batches },
	{ "silent-when-not-asked", "B-RING-2", CONNECTED, quiet },
	{ "asks-before-it-sleeps", "B-RING-2", CONNECTED, sleeps },
	{ "notifications-without-cause", "B-RING-4", CONNECTED, spurious },
	{ "port-of-its-own", "B-RING-2 B-QOPEN-1", CONNECTED, own_port },
	{ "cells-zeroed-at-connect", "B-RING-1", 0, begins_at_zero },
	{ "cells-zeroed-at-open", "B-RING-1 B-QOPEN-1", CONNECTED, queue_begins_at_zero },
	{ "own-cells-not-read", "B-RING-5", CONNECTED, own_cells },
	{ "reserved-of-cells-not-looked-at", "B-RING-5", CONNECTED, reserved_of_cells },
	{ "index-too-far", "B-RING-3 B-RING-6 B-LIFE-6", 0, index_far },
	{ "index-too-far-in-a-job-queue", "B-RING-3 B-RING-6 B-LIFE-6", 0, index_far_in_a_job_queue },
	{ "all-rings-stop", "B-RING-6 B-LIFE-6", CONNECTED, all_stop },
	{ "consumer-index-ahead", "B-RING-3", 0, consumer_far },
	{ "consumer-index-back", "B-RING-3", CONNECTED, consumer_back },
	{ NULL, NULL, 0, NULL }
};
