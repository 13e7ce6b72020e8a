/* SPDX-License-Identifier: MIT */
/*
 * The side that swaps, without a machine that does: the library's own files,
 * compiled here with COPROC_WIRE_SWAP turned round.  On a little-endian host
 * they then lay every field out in big-endian order, which is to say that
 * every access to a field went through an accessor of its own width.  One
 * that did not shows as bytes in host order.
 */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define COPROC_WIRE_SWAP 0
#else
#define COPROC_WIRE_SWAP 1
#endif
/* And in pieces of eight bytes, as a kernel copies. */
#undef __SSE2__
#undef __ARM_NEON
#include "libcoproc-ring/decode.c"
#include "libcoproc-ring/decode_control.c"
#include "libcoproc-ring/message.c"
#include "libcoproc-ring/queue.c"
#include "libcoproc-ring/ring.c"
#include "libcoproc-ring/text.c"

#undef BAD_OP
#undef OK
#include "tests/ring/pair.h"
#include "tests/ring/requests.h"
#include "tests/unit/tap.h"

/* A field of the layout, in the other order than the one it is applied in. */
static void apply_swapped(uint8_t *message, const struct patch *patch, unsigned int count)
{
	for (; count > 0 && patch->size != 0; patch++, count--)
		for (uint32_t i = 0; i < patch->size; i++)
			message[patch->offset + i] =
				(uint8_t)(patch->value >> (8 * (patch->size - 1 - i)));
}

START_TEST(accessors_swap)
{
	ck_assert_uint_eq(wire16(0x0102), 0x0201);
	ck_assert_uint_eq(wire32(0x01020304), 0x04030201);
	ck_assert_uint_eq(wire64(0x0102030405060708), 0x0807060504030201);
	ck_assert_uint_eq(wire64(wire64(0xfedcba9876543210)), 0xfedcba9876543210);
}
END_TEST

/* The recipes put some pairs of 32-bit fields, and some digests, as one 64-bit
 * number; those are left to the round trip. */
static const enum good plain[] = {
	NOP, CLOSE, CTX, CTX_SAVE, CTX_END, BUF_END, FW_END, CANCEL, SIGNAL, QUERY_QUEUE, JOB,
	JOB_WAIT, JOB_CROSS, JOB_TABLE,
};

START_TEST(fields_lie_swapped)
{
	enum good which = plain[_i];
	struct xencoproc_sqe want, got;
	struct coproc_request request;

	/* Whatever was in the memory: every byte is written. */
	memset(&request, 0xa5, sizeof(request));
	memset(&want, 0, sizeof(want));
	apply_swapped((uint8_t *)&want, good[which].patch, PATCHES);
	ck_assert_uint_eq(coproc_request_decode(&want, good[which].control, &good_limits,
						&request), XENCOPROC_OK);
	ck_assert_uint_eq(request.id, 0x8877665544332211);
	ck_assert_uint_eq(request.slot, 0x1234);
	ck_assert_uint_eq(request.reserved, 0);
	memset(&got, 0xa5, sizeof(got));
	coproc_request_encode(&request, &got);
	ck_assert_mem_eq(&want, &got, sizeof(want));
	ck_assert_uint_eq(coproc_sqe_slot(&want), 0x1234);
	ck_assert_uint_eq(coproc_sqe_id(&want), 0x8877665544332211);
}
END_TEST

START_TEST(completions_and_events_lie_swapped)
{
	static const uint8_t cqe_wire[XENCOPROC_CQE_SIZE] = {
		1, 2, 3, 4, 5, 6, 7, 8, 0x12, 0x34, 0, 3, 0, 1, 0, 0,
		11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 23, 24, 31, 32, 33, 34,
	};
	static const uint8_t event_wire[XENCOPROC_CQE_SIZE] = {
		1, 2, 3, 4, 5, 6, 7, 8, 0, 2, 0, 6, 9, 10, 11, 12,
		21, 22, 23, 24, 25, 26, 27, 28,
	};
	struct coproc_completion completion;
	struct coproc_notice notice;
	struct xencoproc_event event;
	struct xencoproc_cqe cqe;

	memcpy(&cqe, cqe_wire, sizeof(cqe));
	ck_assert_int_eq(coproc_completion_decode(&cqe, &completion), COPROC_NOT_BROKEN);
	ck_assert_uint_eq(completion.id, 0x0102030405060708);
	ck_assert_uint_eq(completion.slot, 0x1234);
	ck_assert_uint_eq(completion.status, XENCOPROC_TIMED_OUT);
	ck_assert_uint_eq(completion.ran_us, 0x1f202122);
	memset(&cqe, 0xa5, sizeof(cqe));
	coproc_completion_encode(&completion, &cqe);
	ck_assert_mem_eq(&cqe, cqe_wire, sizeof(cqe));
	memcpy(&event, event_wire, sizeof(event));
	ck_assert_int_eq(coproc_notice_decode(&event, &notice), COPROC_NOT_BROKEN);
	ck_assert_uint_eq(notice.type, XENCOPROC_EVENT_CTX_RESET);
	ck_assert_uint_eq(notice.object, 0x090a0b0c);
	memset(&event, 0xa5, sizeof(event));
	coproc_notice_encode(&notice, &event);
	ck_assert_mem_eq(&event, event_wire, sizeof(event));
}
END_TEST

/* Indexes and events too, with both sides swapping, through the wrap. */
START_TEST(queue_works_swapped)
{
	static struct pair p;
	struct coproc_request request = { .op = XENCOPROC_OP_NOP };
	struct coproc_completion done = { .slot = 0 };
	struct xencoproc_sqe sqe;

	pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0);
	for (uint64_t id = 0; id < 1000; id++) {
		request.id = id * 0x0123456789abcdefull;
		ck_assert_int_ge(coproc_client_put(&p.client, &request), 0);
		ck_assert(!coproc_server_arm(&p.server));
		ck_assert(coproc_client_publish(&p.client));
		ck_assert_uint_eq(p.pages.fe[4].index, wire32((uint32_t)id + 1));
		ck_assert_uint_eq(p.pages.be[4].event, wire32((uint32_t)id));
		ck_assert_int_eq(coproc_server_take(&p.server, &sqe), 1);
		done.slot = coproc_sqe_slot(&sqe);
		ck_assert(coproc_server_complete(&p.server, &done));
		coproc_server_publish(&p.server);
		ck_assert_int_eq(coproc_client_take(&p.client, &done), 1);
		ck_assert_uint_eq(done.id, request.id);
	}
}
END_TEST

/* In pieces of eight bytes: each of a message's bytes arrives, in its place. */
START_TEST(messages_arrive_whole)
{
	static struct pair p;
	uint8_t message[XENCOPROC_SQE_SIZE], back[XENCOPROC_SQE_SIZE];
	struct coproc_ring *from, *to;

	for (unsigned int i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)(i + 1);
	for (int completions = 0; completions < 2; completions++) {
		uint32_t size = completions ? XENCOPROC_CQE_SIZE : XENCOPROC_SQE_SIZE;

		pair_begin(&p, 1, XENCOPROC_ORDER_MIN, 0);
		from = completions ? &p.server.cq : &p.client.sq;
		to = completions ? &p.client.cq : &p.server.sq;
		ck_assert_uint_gt(coproc_ring_room(from), 0);
		coproc_ring_put(from, message);
		coproc_ring_publish(from);
		ck_assert_mem_eq(completions ? p.pages.cq : p.pages.sq, message, size);
		ck_assert_uint_eq(coproc_ring_pending(to), 1);
		memset(back, 0, sizeof(back));
		coproc_ring_take(to, back);
		ck_assert_mem_eq(back, message, size);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("swap");
	TCase *t = tcase_create("swap");

	tcase_add_test(t, accessors_swap);
	tcase_add_loop_test(t, fields_lie_swapped, 0, sizeof(plain) / sizeof(plain[0]));
	tcase_add_test(t, completions_and_events_lie_swapped);
	tcase_add_test(t, queue_works_swapped);
	tcase_add_test(t, messages_arrive_whole);
	suite_add_tcase(suite, t);
	return tap_main(suite);
}
