/* SPDX-License-Identifier: MIT */
/*
 * Queues: each side against a peer that writes the shared pages as it likes
 * (threats F2, F9, F13, B4, B5).
 */
#include "tests/ring/jobs.h"

static struct pair p;

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
	put_job(&p, 1);
	sq_slot(0xfffffff0)->h.slot = slots[_i];
	coproc_client_publish(&p.client);
	server_must_break(COPROC_BROKEN_SLOT);
}
END_TEST

START_TEST(server_breaks_on_a_live_slot)
{
	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0);
	put_job(&p, 1);
	put_job(&p, 2);
	sq_slot(1)->h.slot = sq_slot(0)->h.slot;
	coproc_client_publish(&p.client);
	ck_assert_int_ge(accept_job(&p), 0);
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
		put_job(&p, i);
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
	ck_assert_int_eq(put_job(&p, 1000), -1);
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
		put_job(&p, id);
	coproc_client_publish(&p.client);
	for (int i = 0; i < 4; i++)
		slot[i] = (uint32_t)accept_job(&p);
	complete_job(&p, slot[0]);
	complete_job(&p, slot[1]);
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
	ck_assert_int_eq(accept_job(&p), -2);
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
				coproc_request_decode(&sqe, r & 1, &job_limits, &request);
				done.slot = (uint16_t)(r % 32);
				done.status = XENCOPROC_OK;
				coproc_server_complete(&p.server, &done);
				coproc_server_publish(&p.server);
			}
			put_job(&p, r);
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
	Suite *suite = suite_create("queue-lies");
	TCase *t = tcase_create("queue-lies");

	tcase_set_timeout(t, 120);
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
