/* SPDX-License-Identifier: MIT */
/*
 * Completions, events, operands of a table, and the names of things.
 */
#include "tests/ring/requests.h"
#include "tests/unit/tap.h"

#include "libcoproc-ring/ring.h"

static bool is_status(unsigned int status)
{
	return status <= 6 || (status >= 16 && status <= 30);
}

START_TEST(completion_round_trip)
{
	static const uint8_t wire[XENCOPROC_CQE_SIZE] = {
		0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x34, 0x12, 0x03, 0x00,
		0x03, 0x00, 0x00, 0x00, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8,
		0xb1, 0xb2, 0xb3, 0xb4, 0xc1, 0xc2, 0xc3, 0xc4,
	};
	struct coproc_completion c;
	struct xencoproc_cqe cqe;

	memcpy(&cqe, wire, sizeof(cqe));
	ck_assert_int_eq(coproc_completion_decode(&cqe, &c), COPROC_NOT_BROKEN);
	ck_assert_uint_eq(c.id, 0x8877665544332211);
	ck_assert_uint_eq(c.slot, 0x1234);
	ck_assert_uint_eq(c.status, XENCOPROC_TIMED_OUT);
	ck_assert_uint_eq(c.flags, XENCOPROC_CQE_F_STARTED | XENCOPROC_CQE_F_PREEMPTED);
	ck_assert_uint_eq(c.result, 0xa8a7a6a5a4a3a2a1);
	ck_assert_uint_eq(c.waited_us, 0xb4b3b2b1);
	ck_assert_uint_eq(c.ran_us, 0xc4c3c2c1);
	memset(&cqe, 0xff, sizeof(cqe));
	coproc_completion_encode(&c, &cqe);
	ck_assert_mem_eq(&cqe, wire, sizeof(wire));
}
END_TEST

START_TEST(completion_statuses_and_reserved)
{
	struct coproc_completion c;
	struct xencoproc_cqe cqe;

	for (unsigned int status = 0; status <= 0xffff; status++) {
		memset(&cqe, 0, sizeof(cqe));
		((uint8_t *)&cqe)[10] = (uint8_t)status;
		((uint8_t *)&cqe)[11] = (uint8_t)(status >> 8);
		if (coproc_completion_decode(&cqe, &c) !=
		    (is_status(status) ? COPROC_NOT_BROKEN : COPROC_BROKEN_STATUS))
			ck_abort_msg("status %u", status);
	}
	for (unsigned int bit = 2; bit < 32; bit++) {
		memset(&cqe, 0, sizeof(cqe));
		((uint8_t *)&cqe)[12 + bit / 8] = (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(coproc_completion_decode(&cqe, &c), COPROC_BROKEN_RESERVED);
	}
}
END_TEST

START_TEST(event_round_trip)
{
	static const uint8_t wire[XENCOPROC_CQE_SIZE] = {
		0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24, 0x02, 0x00, 0x06, 0x00,
		0x41, 0x42, 0x43, 0x44, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
	};
	struct coproc_notice n;
	struct xencoproc_event event;

	memcpy(&event, wire, sizeof(event));
	ck_assert_int_eq(coproc_notice_decode(&event, &n), COPROC_NOT_BROKEN);
	ck_assert_uint_eq(n.sequence, 0x14131211);
	ck_assert_uint_eq(n.lost, 0x24232221);
	ck_assert_uint_eq(n.type, XENCOPROC_EVENT_CTX_RESET);
	ck_assert_uint_eq(n.status, XENCOPROC_LOST);
	ck_assert_uint_eq(n.object, 0x44434241);
	ck_assert_uint_eq(n.value, 0x5857565554535251);
	memset(&event, 0xff, sizeof(event));
	coproc_notice_encode(&n, &event);
	ck_assert_mem_eq(&event, wire, sizeof(wire));
}
END_TEST

START_TEST(events_that_cannot_be)
{
	struct coproc_notice n, good_one = { .sequence = 1, .type = XENCOPROC_EVENT_LIMITS };
	struct xencoproc_event event;

	for (unsigned int byte = 24; byte < 32; byte++) {
		coproc_notice_encode(&good_one, &event);
		((uint8_t *)&event)[byte] = 1;
		ck_assert_int_eq(coproc_notice_decode(&event, &n), COPROC_BROKEN_RESERVED);
	}
	for (unsigned int type = 0; type <= 0xffff; type++) {
		good_one.type = (uint16_t)type;
		good_one.value = 1;
		coproc_notice_encode(&good_one, &event);
		if (coproc_notice_decode(&event, &n) !=
		    (type >= 1 && type <= 4 ? COPROC_NOT_BROKEN : COPROC_BROKEN_STATUS))
			ck_abort_msg("type %u", type);
	}
	good_one.type = XENCOPROC_EVENT_DEVICE;
	for (uint64_t state = 0; state < 6; state++) {
		good_one.value = state;
		coproc_notice_encode(&good_one, &event);
		ck_assert_int_eq(coproc_notice_decode(&event, &n),
				 state >= 1 && state <= 3 ? COPROC_NOT_BROKEN :
				 COPROC_BROKEN_STATUS);
	}
	good_one.value = 1ull << 32 | 1;
	coproc_notice_encode(&good_one, &event);
	ck_assert_int_eq(coproc_notice_decode(&event, &n), COPROC_BROKEN_STATUS);
	good_one.value = 1;
	good_one.status = 15;
	coproc_notice_encode(&good_one, &event);
	ck_assert_int_eq(coproc_notice_decode(&event, &n), COPROC_BROKEN_STATUS);
}
END_TEST

/* ---- operands ---- */

START_TEST(operands_of_a_table)
{
	static const struct {
		struct coproc_operand operand;
		enum xencoproc_status status;
	} rows[] = {
		{ { 0, 1, 0, 0 }, XENCOPROC_OK },
		{ { 10, 3, 0x03ffffff, 1 }, XENCOPROC_OK },
		{ { 10, 2, 0x04000000, 0 }, XENCOPROC_OK },
		{ { 0, 1, 0, 0x04000000 }, XENCOPROC_OK },
		{ { 11, 1, 0, 0 }, XENCOPROC_BAD_OBJECT },
		{ { 0xffff, 0, 0xffffffff, 0xffffffff }, XENCOPROC_BAD_OBJECT },
		{ { 0, 0, 0, 0 }, XENCOPROC_BAD_FIELD },
		{ { 0, 4, 0, 0 }, XENCOPROC_BAD_FIELD },
		{ { 0, 0x8001, 0xffffffff, 0xffffffff }, XENCOPROC_BAD_FIELD },
		{ { 0, 1, 0x04000000, 1 }, XENCOPROC_BAD_RANGE },
		{ { 0, 1, 0, 0x04000001 }, XENCOPROC_BAD_RANGE },
		{ { 0, 1, 0xffffffff, 0xffffffff }, XENCOPROC_BAD_RANGE },
		{ { 0, 1, 0xffffffff, 1 }, XENCOPROC_BAD_RANGE },
	};
	struct xencoproc_operand wire;
	struct coproc_operand again;

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		coproc_operand_encode(&rows[i].operand, &wire);
		ck_assert_uint_eq(coproc_operand_decode(&wire, &good_limits, &again),
				  rows[i].status);
		ck_assert_mem_eq(&again, &rows[i].operand, sizeof(again));
	}
}
END_TEST

START_TEST(piece_inside_its_buffer)
{
	static const uint32_t edge[] = { 0, 1, 4095, 4096, 4097, 0x7fffffff, 0x80000000,
					 0xfffffffe, 0xffffffff };
	static const uint64_t sizes[] = { 0, 4096, 0x04000000, 0xffffffff, 0x1fffffffe };
	const unsigned int edges = sizeof(edge) / sizeof(edge[0]);

	for (unsigned int i = 0; i < edges * edges; i++) {
		for (unsigned int s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			struct coproc_operand o = { 0, 1, edge[i / edges], edge[i % edges] };
			bool inside = o.length <= sizes[s] && o.offset <= sizes[s] - o.length;

			if (coproc_operand_inside(&o, sizes[s], 3) !=
			    (inside ? XENCOPROC_OK : XENCOPROC_BAD_RANGE))
				ck_abort_msg("%#x + %#x in %#llx", o.offset, o.length,
					     (unsigned long long)sizes[s]);
		}
	}
	for (uint32_t want = 1; want <= 3; want++) {
		for (uint32_t have = 0; have <= 3; have++) {
			struct coproc_operand o = { 0, want, 0, 1 };

			ck_assert_uint_eq(coproc_operand_inside(&o, 1, have),
					  (want & have) == want ? XENCOPROC_OK :
					  XENCOPROC_BAD_ACCESS);
			ck_assert_uint_eq(coproc_operand_inside(&o, 0, have), XENCOPROC_BAD_RANGE);
		}
	}
}
END_TEST

/* ---- names ---- */

static bool is_one_word(const char *text)
{
	return *text != '\0' && strspn(text, "abcdefghijklmnopqrstuvwxyz-") == strlen(text);
}

START_TEST(every_status_has_words)
{
	for (unsigned int status = 0; status < 70000; status++) {
		bool known = strcmp(coproc_status_text(status), "unknown-status") != 0;

		ck_assert_int_eq(known, is_status(status));
		ck_assert_int_eq(known, strcmp(coproc_status_explain(status), "unknown-status") != 0);
		if (!known)
			continue;
		ck_assert(is_one_word(coproc_status_text(status)));
		for (unsigned int other = 0; other < status; other++)
			ck_assert_str_ne(coproc_status_text(status), coproc_status_text(other));
	}
	ck_assert_str_eq(coproc_status_text(~0u), "unknown-status");
	ck_assert_str_eq(coproc_status_text(XENCOPROC_TIMED_OUT), "timed-out");
}
END_TEST

START_TEST(every_operation_and_class_has_a_name)
{
	unsigned int ops = 0, classes = 0;

	for (unsigned int i = 0; i < 70000; i++) {
		ops += coproc_op_text(i) != NULL;
		classes += coproc_class_text(i) != NULL;
	}
	ck_assert_uint_eq(ops, 13);
	ck_assert_uint_eq(classes, 3);
	ck_assert_ptr_null(coproc_op_text(XENCOPROC_OP_INVALID));
	ck_assert_str_eq(coproc_op_text(XENCOPROC_OP_JOB), "JOB");
	ck_assert_str_eq(coproc_class_text(XENCOPROC_CLASS_BATCH), "batch");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("message");
	TCase *t = tcase_create("message");

	tcase_add_test(t, completion_round_trip);
	tcase_add_test(t, completion_statuses_and_reserved);
	tcase_add_test(t, event_round_trip);
	tcase_add_test(t, events_that_cannot_be);
	tcase_add_test(t, operands_of_a_table);
	tcase_add_test(t, piece_inside_its_buffer);
	tcase_add_test(t, every_status_has_words);
	tcase_add_test(t, every_operation_and_class_has_a_name);
	suite_add_tcase(suite, t);
	return tap_main(suite);
}
