/* SPDX-License-Identifier: MIT */
/*
 * Queues: client and server against each other in random order, and each of
 * them against a peer that writes the shared pages as it likes (threats F2,
 * F9, F13, B4, B5).
 */
#include <stdio.h>

#include "tests/ring/pair.h"
#include "tests/unit/tap.h"

static struct pair p;

static const struct coproc_limits limits = {
	.max_queues = 4, .max_ring_order = XENCOPROC_ORDER_MAX, .max_contexts = 4,
	.max_buffers = 16, .max_pages = 1024, .max_firmware = 4, .max_firmware_bytes = 65536,
	.max_operands = 16, .max_run_limit_us = 1000000, .max_class = XENCOPROC_CLASS_REALTIME,
};

static int put_job(uint64_t id)
{
	struct coproc_request request = { .op = XENCOPROC_OP_JOB, .id = id };

	request.u.job.immediate = pair_mix(id);
	return coproc_client_put(&p.client, &request);
}

/* Accept one submission, check its contents, return its slot. */
static int accept_job(void)
{
	struct xencoproc_sqe sqe;
	struct coproc_request request;
	int got = coproc_server_take(&p.server, &sqe);

	if (got <= 0)
		return -1 + got;
	if (coproc_request_decode(&sqe, false, &limits, &request) != XENCOPROC_OK)
		ck_abort_msg("a good job was refused");
	if (request.u.job.immediate != pair_mix(request.id) ||
	    request.slot != coproc_sqe_slot(&sqe) || request.id != coproc_sqe_id(&sqe))
		ck_abort_msg("job %llu came with other contents", (unsigned long long)request.id);
	return request.slot;
}

static void complete_job(uint32_t slot)
{
	struct coproc_completion done = { .slot = (uint16_t)slot, .status = XENCOPROC_OK };

	done.result = pair_mix(~p.live[slot].id);
	done.ran_us = 7;
	done.flags = XENCOPROC_CQE_F_STARTED;
	ck_assert(coproc_server_complete(&p.server, &done));
}

/* ---- random interleavings ---- */

struct walk {
	uint64_t seed;
	uint64_t sent, taken;
	bool client_sleeps, server_sleeps;
	uint32_t accepted[PAIR_ENTRIES_MAX];    /* slots the server owes a completion */
	uint32_t owed;
	unsigned int notified;
};

static void walk_client(struct walk *w, uint64_t jobs)
{
	struct coproc_completion done;
	uint32_t n = pair_random(&w->seed) % 9;

	if (w->client_sleeps)
		return;
	switch (pair_random(&w->seed) % 4) {
	case 0: /* submit a few */
		while (n-- > 0 && w->sent < jobs && put_job(w->sent) >= 0)
			w->sent++;
		break;
	case 1: /* and let them be seen */
		if (coproc_client_publish(&p.client)) {
			w->server_sleeps = false;
			w->notified++;
		}
		break;
	case 2: /* take some completions */
		while (n-- > 0 && coproc_client_take(&p.client, &done) == 1) {
			if (done.result != pair_mix(~done.id) || done.ran_us != 7)
				ck_abort_msg("a completion came with other contents");
			w->taken++;
		}
		break;
	default: /* sleep, having published, once there is nothing to do */
		if (w->sent < jobs && p.client.outstanding < p.client.sq.entries)
			break;
		if (coproc_client_publish(&p.client)) {
			w->server_sleeps = false;
			w->notified++;
		}
		w->client_sleeps = w->taken < w->sent && !coproc_client_arm(&p.client);
		break;
	}
}

static void walk_server(struct walk *w)
{
	uint32_t n = pair_random(&w->seed) % 9;
	uint32_t pick;
	int slot;

	if (w->server_sleeps)
		return;
	switch (pair_random(&w->seed) % 4) {
	case 0: /* accept some */
		while (n-- > 0 && (slot = accept_job()) >= 0)
			w->accepted[w->owed++] = (uint32_t)slot;
		coproc_server_consumed(&p.server);
		break;
	case 1: /* complete some, in any order */
		while (n-- > 0 && w->owed > 0) {
			pick = pair_random(&w->seed) % w->owed;
			complete_job(w->accepted[pick]);
			w->accepted[pick] = w->accepted[--w->owed];
		}
		break;
	case 2:
		if (coproc_server_publish(&p.server)) {
			w->client_sleeps = false;
			w->notified++;
		}
		break;
	default:
		if (w->owed > 0)
			break;
		if (coproc_server_publish(&p.server)) {
			w->client_sleeps = false;
			w->notified++;
		}
		w->server_sleeps = !coproc_server_arm(&p.server);
		break;
	}
}

/* Both at once asleep, with work left, would be a lost notification. */
static void walk(uint32_t order, uint32_t index, uint64_t seed, uint64_t jobs)
{
	struct walk w = { .seed = seed };
	uint64_t steps = 0;

	pair_begin(&p, 1 + (uint32_t)(seed % 30), order, index);
	while (w.taken < jobs) {
		if (pair_random(&w.seed) & 1)
			walk_client(&w, jobs);
		else
			walk_server(&w);
		if (coproc_client_broken(&p.client) || coproc_server_broken(&p.server))
			ck_abort_msg("seed %llu: broken: %s, %s", (unsigned long long)seed,
				     coproc_broken_text(coproc_client_broken(&p.client)),
				     coproc_broken_text(coproc_server_broken(&p.server)));
		if (w.client_sleeps && w.server_sleeps)
			ck_abort_msg("seed %llu: both sleep after %llu of %llu jobs",
				     (unsigned long long)seed, (unsigned long long)w.taken,
				     (unsigned long long)jobs);
		if (++steps > 1000 + jobs * 1000)
			ck_abort_msg("seed %llu: no end", (unsigned long long)seed);
	}
	ck_assert_uint_eq(w.taken, w.sent);
	ck_assert_uint_eq(p.client.outstanding, 0);
	ck_assert_uint_eq(p.server.live, 0);
}

START_TEST(any_order_of_steps_works)
{
	for (uint64_t seed = 1; seed <= 150; seed++)
		walk((uint32_t)_i, seed % 2 ? 0 : 0u - 700, seed * 0x9e3779b97f4a7c15ull + (uint64_t)_i,
		     2000);
}
END_TEST

START_TEST(lock_step_works)
{
	struct coproc_completion done;

	pair_begin(&p, 3, XENCOPROC_ORDER_MIN, 0u - 1000);
	for (uint64_t id = 0; id < 3000; id++) {
		ck_assert_int_ge(put_job(id), 0);
		coproc_client_publish(&p.client);
		complete_job((uint32_t)accept_job());
		coproc_server_publish(&p.server);
		ck_assert_int_eq(coproc_client_take(&p.client, &done), 1);
		ck_assert_uint_eq(done.id, id);
		ck_assert_int_eq(coproc_client_take(&p.client, &done), 0);
	}
}
END_TEST

/* Each queue has its own cells, and nothing else is written. */
START_TEST(queues_use_their_own_cells)
{
	for (uint32_t queue = 0; queue <= XENCOPROC_QUEUE_MAX; queue++) {
		pair_begin(&p, queue, XENCOPROC_ORDER_MIN, 0);
		memset(p.pages.fe, 0xee, sizeof(p.pages.fe));
		memset(p.pages.be, 0xee, sizeof(p.pages.be));
		coproc_client_init(&p.client, p.pages.fe, p.pages.be, queue, XENCOPROC_ORDER_MIN,
				   p.pages.sq, p.pages.cq, p.shadow);
		for (uint32_t cell = 0; cell < XENCOPROC_CELLS; cell++) {
			bool ours = cell == 2 * queue + 2 || cell == 2 * queue + 3;

			ck_assert_uint_eq(p.pages.fe[cell].index, ours ? 0 : 0xeeeeeeee);
			ck_assert_uint_eq(p.pages.be[cell].index, 0xeeeeeeee);
		}
		coproc_server_init(&p.server, p.pages.be, p.pages.fe, queue, XENCOPROC_ORDER_MIN,
				   p.pages.sq, p.pages.cq, p.live);
		put_job(1);
		coproc_client_publish(&p.client);
		ck_assert_uint_eq(p.pages.fe[2 * queue + 2].index, 1);
		complete_job((uint32_t)accept_job());
		coproc_server_publish(&p.server);
		ck_assert_uint_eq(p.pages.be[2 * queue + 3].index, 1);
	}
}
END_TEST

/* ---- limits ---- */

START_TEST(client_stops_at_the_number_of_entries)
{
	uint32_t entries = 1u << _i;
	struct coproc_completion done;
	bool seen[PAIR_ENTRIES_MAX] = { false };

	pair_begin(&p, 1, (uint32_t)_i, 0xffffffff);
	for (uint32_t i = 0; i < entries; i++) {
		int slot = put_job(i);

		ck_assert_int_ge(slot, 0);
		ck_assert_int_lt(slot, (int)entries);
		ck_assert(!seen[slot]);
		seen[slot] = true;
	}
	ck_assert_int_eq(put_job(99), -1);
	coproc_client_publish(&p.client);
	ck_assert_int_eq(put_job(99), -1);
	/* All accepted, all completed, none consumed: still none may be put. */
	for (uint32_t i = 0; i < entries; i++)
		complete_job((uint32_t)accept_job());
	ck_assert_int_eq(accept_job(), -1);
	coproc_server_publish(&p.server);
	ck_assert_int_eq(put_job(99), -1);
	ck_assert_int_eq(coproc_client_take(&p.client, &done), 1);
	ck_assert_int_ge(put_job(99), 0);
	ck_assert_int_eq(put_job(99), -1);
	coproc_client_publish(&p.client);
	ck_assert_int_ge(accept_job(), 0);
	ck_assert_uint_eq(coproc_server_broken(&p.server), COPROC_NOT_BROKEN);
}
END_TEST

START_TEST(server_completes_live_slots_once)
{
	struct coproc_completion done = { .slot = 0 };

	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0);
	ck_assert(!coproc_server_complete(&p.server, &done));
	/* what lies behind the table must not matter */
	p.live[32].live = 1;
	done.slot = 32;
	ck_assert(!coproc_server_complete(&p.server, &done));
	done.slot = 0xffff;
	ck_assert(!coproc_server_complete(&p.server, &done));
	put_job(5);
	coproc_client_publish(&p.client);
	done.slot = (uint16_t)accept_job();
	done.id = 0xbad;        /* not the caller's to say */
	ck_assert(coproc_server_complete(&p.server, &done));
	ck_assert(!coproc_server_complete(&p.server, &done));
	coproc_server_publish(&p.server);
	ck_assert_int_eq(coproc_client_take(&p.client, &done), 1);
	ck_assert_uint_eq(done.id, 5);
}
END_TEST

/* B-QUEUE-6, whether or not the caller thinks of it. */
START_TEST(server_tells_what_it_took_before_what_it_did)
{
	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0);
	put_job(1);
	put_job(2);
	coproc_client_publish(&p.client);
	complete_job((uint32_t)accept_job());
	accept_job();
	ck_assert_uint_eq(p.pages.be[4].index, 0);
	coproc_server_publish(&p.server);
	ck_assert_uint_eq(p.pages.be[4].index, 2);
	ck_assert_uint_eq(p.pages.be[5].index, 1);
}
END_TEST

/* ---- a frontend that lies ---- */

static struct xencoproc_sqe *sq_slot(uint32_t index)
{
	return (struct xencoproc_sqe *)p.pages.sq + index % p.client.sq.entries;
}

static void server_must_break(enum coproc_broken why)
{
	struct coproc_completion done = { .slot = 0 };
	struct xencoproc_sqe sqe;
	struct pair_pages before;

	ck_assert_int_eq(coproc_server_take(&p.server, &sqe), -1);
	ck_assert_uint_eq(coproc_server_broken(&p.server), why);
	/* The lies are taken back: nothing moves any more. */
	p.pages.fe[4].index = p.server.sq.index + 1;
	p.pages.fe[5].index = p.server.cq.index;
	memcpy(&before, &p.pages, sizeof(before));
	ck_assert_int_eq(coproc_server_take(&p.server, &sqe), -1);
	coproc_server_complete(&p.server, &done);
	ck_assert(!coproc_server_publish(&p.server));
	ck_assert(!coproc_server_arm(&p.server));
	coproc_server_consumed(&p.server);
	ck_assert_mem_eq(&before, &p.pages, sizeof(before));
	ck_assert_uint_eq(coproc_server_broken(&p.server), why);
}

START_TEST(server_breaks_on_a_slot_out_of_range)
{
	static const uint16_t slots[] = { 32, 33, 63, 64, 0x7fff, 0x8000, 0xffff };

	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0xfffffff0);
	put_job(1);
	sq_slot(0xfffffff0)->h.slot = slots[_i];
	coproc_client_publish(&p.client);
	server_must_break(COPROC_BROKEN_SLOT);
}
END_TEST

START_TEST(server_breaks_on_a_live_slot)
{
	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0);
	put_job(1);
	put_job(2);
	sq_slot(1)->h.slot = sq_slot(0)->h.slot;
	coproc_client_publish(&p.client);
	ck_assert_int_ge(accept_job(), 0);
	server_must_break(COPROC_BROKEN_LIVE);
}
END_TEST

START_TEST(server_breaks_on_an_index_too_far)
{
	static const uint32_t by[] = { 33, 34, 64, 0x7fffffff, 0x80000000, 0xffffffff };

	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0xfffffff8);
	p.pages.fe[4].index = 0xfffffff8 + by[_i];
	server_must_break(COPROC_BROKEN_INDEX);
}
END_TEST

/* A frontend that never consumes completions gets as many as it has slots,
 * and is caught with the next request (F9). */
START_TEST(server_breaks_when_there_is_no_room)
{
	const uint32_t begin = 0xffffffe8;
	uint32_t entries = 1u << XENCOPROC_ORDER_MIN;

	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, begin);
	for (uint32_t i = 0; i < entries + 1; i++) {
		/* a frontend of its own, which forgets what is outstanding */
		memset(sq_slot(begin + i), 0, XENCOPROC_SQE_SIZE);
		sq_slot(begin + i)->h.op = XENCOPROC_OP_NOP;
		sq_slot(begin + i)->h.slot = (uint16_t)(i % entries);
		p.pages.fe[4].index = begin + i + 1;
		if (i < entries) {
			struct xencoproc_sqe sqe;
			struct coproc_completion done = { .slot = (uint16_t)i };

			ck_assert_int_eq(coproc_server_take(&p.server, &sqe), 1);
			/* also when half are live and half wait to be consumed */
			if (_i == 0 || i % 2 == 0) {
				ck_assert(coproc_server_complete(&p.server, &done));
				coproc_server_publish(&p.server);
			}
		}
	}
	ck_assert_uint_eq(p.server.live, _i ? entries / 2 : 0);
	server_must_break(COPROC_BROKEN_ROOM);
}
END_TEST

/* Consumed completions that were never published: a lie that would make room. */
START_TEST(server_breaks_on_a_consumer_index_that_cannot_be)
{
	static const uint32_t by[] = { 33, 0x80000000, 0xffffffff };
	struct coproc_completion done = { .slot = 0 };
	struct xencoproc_sqe sqe;

	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0);
	for (uint32_t i = 0; i < 32; i++)
		put_job(i);
	coproc_client_publish(&p.client);
	for (done.slot = 0; done.slot < 32; done.slot++) {
		ck_assert_int_eq(coproc_server_take(&p.server, &sqe), 1);
		ck_assert(coproc_server_complete(&p.server, &done));
	}
	coproc_server_publish(&p.server);
	p.pages.fe[5].index = by[_i];
	p.pages.fe[4].index = 33;
	server_must_break(COPROC_BROKEN_INDEX);
}
END_TEST

/* ---- a backend that lies ---- */

static struct xencoproc_cqe *cq_slot(uint32_t index)
{
	return (struct xencoproc_cqe *)p.pages.cq + index % p.client.sq.entries;
}

static void client_must_break(enum coproc_broken why)
{
	struct coproc_completion done;
	struct pair_pages before;

	ck_assert_int_eq(coproc_client_take(&p.client, &done), -1);
	ck_assert_uint_eq(coproc_client_broken(&p.client), why);
	memcpy(&before, &p.pages, sizeof(before));
	ck_assert_int_eq(coproc_client_take(&p.client, &done), -1);
	ck_assert_int_eq(put_job(1000), -1);
	ck_assert(!coproc_client_publish(&p.client));
	ck_assert(!coproc_client_arm(&p.client));
	ck_assert_mem_eq(&before, &p.pages, sizeof(before));
	ck_assert_uint_eq(coproc_client_broken(&p.client), why);
}

/* Four jobs accepted, two of them completed and published, in slots 0 and 1. */
static void two_completions(void)
{
	uint32_t slot[4];

	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0);
	for (uint64_t id = 10; id < 14; id++)
		put_job(id);
	coproc_client_publish(&p.client);
	for (int i = 0; i < 4; i++)
		slot[i] = (uint32_t)accept_job();
	complete_job(slot[0]);
	complete_job(slot[1]);
	coproc_server_publish(&p.server);
}

START_TEST(client_breaks_on_a_lie)
{
	struct coproc_completion done;
	enum coproc_broken why = COPROC_NOT_BROKEN;

	two_completions();
	switch (_i) {
	case 0:
		cq_slot(0)->slot = 32;
		why = COPROC_BROKEN_SLOT;
		break;
	case 1:
		cq_slot(0)->slot = 0xffff;
		why = COPROC_BROKEN_SLOT;
		break;
	case 2: /* for a slot that was never used */
		cq_slot(0)->slot = 20;
		why = COPROC_BROKEN_UNKNOWN;
		break;
	case 3: /* the same completion twice */
		ck_assert_int_eq(coproc_client_take(&p.client, &done), 1);
		*cq_slot(1) = *cq_slot(0);
		why = COPROC_BROKEN_UNKNOWN;
		break;
	case 4: /* of another live request */
		cq_slot(0)->slot = cq_slot(1)->slot;
		why = COPROC_BROKEN_ID;
		break;
	case 5:
		cq_slot(0)->id ^= 1ull << 63;
		why = COPROC_BROKEN_ID;
		break;
	case 6:
		cq_slot(0)->status = 7;
		why = COPROC_BROKEN_STATUS;
		break;
	case 7:
		cq_slot(0)->status = 31;
		why = COPROC_BROKEN_STATUS;
		break;
	case 8:
		cq_slot(0)->reserved = 0x100;
		why = COPROC_BROKEN_RESERVED;
		break;
	case 9:
		cq_slot(0)->flags |= 4;
		why = COPROC_BROKEN_RESERVED;
		break;
	default: /* indexes that cannot be */
		p.pages.be[5].index = _i == 10 ? 33 : _i == 11 ? 0xffffffff : 0x80000000;
		why = COPROC_BROKEN_INDEX;
		break;
	}
	client_must_break(why);
}
END_TEST

/* More completions than requests: within the ring, but for nobody. */
START_TEST(client_breaks_on_completions_unasked)
{
	struct coproc_completion done;

	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0);
	p.pages.be[5].index = 1;
	client_must_break(COPROC_BROKEN_UNKNOWN);

	two_completions();
	p.pages.be[5].index = 32;
	ck_assert_int_eq(coproc_client_take(&p.client, &done), 1);
	ck_assert_int_eq(coproc_client_take(&p.client, &done), 1);
	client_must_break(COPROC_BROKEN_UNKNOWN);
}
END_TEST

/* A broken queue still lets its owner give back what is live. */
START_TEST(teardown_sees_live_fall_to_zero)
{
	struct coproc_completion done = { .slot = 0 };

	two_completions();
	p.pages.fe[4].index = 0x1000;
	ck_assert_int_eq(accept_job(), -2);
	ck_assert_uint_eq(p.server.live, 2);
	for (done.slot = 0; done.slot < 32; done.slot++)
		ck_assert(!coproc_server_complete(&p.server, &done));
	ck_assert_uint_eq(p.server.live, 0);
}
END_TEST

/* Any bytes in any page: never a crash, never a completion not owed (the
 * sanitizers look at the rest). */
START_TEST(rubbish_is_survived)
{
	uint64_t seed = 0x123456789abcdefull + (uint64_t)_i;
	struct coproc_completion done;
	struct coproc_request request;
	struct xencoproc_sqe sqe;
	uint32_t *word = (uint32_t *)&p.pages;

	for (int round = 0; round < 300; round++) {
		two_completions();
		for (int step = 0; step < 60; step++) {
			uint32_t r = pair_random(&seed);

			if (r % 3 == 0)
				word[r / 3 % (sizeof(p.pages) / 4)] = pair_random(&seed);
			else if (r % 3 == 1)
				*((&p.pages.fe[4].index) + (r >> 8) % 2 * 16) += r % 40;
			else
				*((&p.pages.be[4].index) + (r >> 8) % 2 * 16) += r % 40;
			if (coproc_server_take(&p.server, &sqe) == 1) {
				coproc_request_decode(&sqe, r & 1, &limits, &request);
				done.slot = (uint16_t)(r % 32);
				done.status = XENCOPROC_OK;
				coproc_server_complete(&p.server, &done);
				coproc_server_publish(&p.server);
			}
			put_job(r);
			coproc_client_publish(&p.client);
			coproc_client_take(&p.client, &done);
			ck_assert_uint_le(p.server.live, 32);
			ck_assert_uint_le(p.client.outstanding, 32);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("queue");
	TCase *t = tcase_create("queue");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, any_order_of_steps_works, XENCOPROC_ORDER_MIN,
			    XENCOPROC_ORDER_MAX + 1);
	tcase_add_test(t, lock_step_works);
	tcase_add_test(t, queues_use_their_own_cells);
	tcase_add_loop_test(t, client_stops_at_the_number_of_entries, XENCOPROC_ORDER_MIN,
			    XENCOPROC_ORDER_MAX + 1);
	tcase_add_test(t, server_completes_live_slots_once);
	tcase_add_test(t, server_tells_what_it_took_before_what_it_did);
	tcase_add_loop_test(t, server_breaks_on_a_slot_out_of_range, 0, 7);
	tcase_add_test(t, server_breaks_on_a_live_slot);
	tcase_add_loop_test(t, server_breaks_on_an_index_too_far, 0, 6);
	tcase_add_loop_test(t, server_breaks_when_there_is_no_room, 0, 2);
	tcase_add_loop_test(t, server_breaks_on_a_consumer_index_that_cannot_be, 0, 3);
	tcase_add_loop_test(t, client_breaks_on_a_lie, 0, 13);
	tcase_add_test(t, client_breaks_on_completions_unasked);
	tcase_add_test(t, teardown_sees_live_fall_to_zero);
	tcase_add_loop_test(t, rubbish_is_survived, 0, 8);
	suite_add_tcase(suite, t);
	return tap_main(suite);
}
