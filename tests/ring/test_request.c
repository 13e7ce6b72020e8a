/* SPDX-License-Identifier: MIT */
/*
 * Submissions: every good one survives the way to host form and back, and
 * every rule of B-MSG-1, steps 1 to 9, refuses at least one that is bad in
 * nothing else.
 */
#include "tests/ring/requests.h"
#include "tests/unit/tap.h"

START_TEST(good_request_round_trip)
{
	struct xencoproc_sqe wire, again;
	struct coproc_request request;
	enum xencoproc_status status;

	make_good((enum good)_i, &wire);
	memset(&request, 0xa5, sizeof(request));
	status = coproc_request_decode(&wire, good[_i].control, &good_limits, &request);
	if (status != XENCOPROC_OK)
		ck_abort_msg("%s: %s", good[_i].name, coproc_status_text(status));
	ck_assert_uint_eq(request.slot, 0x1234);
	ck_assert_uint_eq(request.id, 0x8877665544332211);
	memset(&again, 0xa5, sizeof(again));
	coproc_request_encode(&request, &again);
	if (memcmp(&wire, &again, sizeof(wire)) != 0)
		ck_abort_msg("%s: not the same bytes again", good[_i].name);
}
END_TEST

/* Decoding and encoding might share a wrong idea: fields by name, once. */
START_TEST(fields_are_where_the_layout_says)
{
	struct coproc_request r;
	struct xencoproc_sqe wire;

	make_good(OPEN_BIG, &wire);
	ck_assert_uint_eq(coproc_request_decode(&wire, true, &good_limits, &r), XENCOPROC_OK);
	ck_assert_uint_eq(r.u.queue_open.queue, 1);
	ck_assert_uint_eq(r.u.queue_open.qclass, 3);
	ck_assert_uint_eq(r.u.queue_open.order, 8);
	ck_assert_uint_eq(r.u.queue_open.event_channel, 33);
	ck_assert_uint_eq(r.u.queue_open.journal_ref, 99);
	ck_assert_uint_eq(r.u.queue_open.sq_ref[7], 0x11);
	ck_assert_uint_eq(r.u.queue_open.cq_ref[1], 0x21);
	make_good(FW_SIGNED, &wire);
	ck_assert_uint_eq(coproc_request_decode(&wire, true, &good_limits, &r), XENCOPROC_OK);
	ck_assert_uint_eq(r.u.fw_load.kind, 5);
	ck_assert_uint_eq(r.u.fw_load.length, 1);
	ck_assert_uint_eq(r.u.fw_load.sig_offset, 4096);
	ck_assert_uint_eq(r.u.fw_load.sig_length, 64);
	ck_assert_uint_eq(r.u.fw_load.sha256[0], 1);
	make_good(CANCEL, &wire);
	ck_assert_uint_eq(coproc_request_decode(&wire, true, &good_limits, &r), XENCOPROC_OK);
	ck_assert_uint_eq(r.u.cancel.target_slot, 0xfedc);
	ck_assert_uint_eq(r.u.cancel.target_id, 0x0123456789abcdef);
	make_good(JOB_WAIT, &wire);
	ck_assert_uint_eq(coproc_request_decode(&wire, false, &good_limits, &r), XENCOPROC_OK);
	ck_assert_uint_eq(r.flags, XENCOPROC_JOB_F_WAIT | XENCOPROC_JOB_F_SIGNAL);
	ck_assert_uint_eq(r.u.job.wait_context, 6);
	ck_assert_uint_eq(r.u.job.wait_value, 0x8000000000000001);
	ck_assert_uint_eq(r.u.job.signal_value, 0x8000000000000002);
	make_good(JOB, &wire);
	ck_assert_uint_eq(coproc_request_decode(&wire, false, &good_limits, &r), XENCOPROC_OK);
	ck_assert_uint_eq(r.u.job.entry, 0xabcdef01);
	ck_assert_uint_eq(r.u.job.priority, 255);
	ck_assert_uint_eq(r.u.job.immediate, 0x1122334455667788);
	ck_assert_uint_eq(r.u.job.operand[0].buffer, 10);
	ck_assert_uint_eq(r.u.job.operand[0].access, 3);
	ck_assert_uint_eq(r.u.job.operand[0].offset, 0x03ffff00);
	ck_assert_uint_eq(r.u.job.operand[0].length, 0x100);
	ck_assert_uint_eq(r.u.job.operand[1].buffer, 0);
}
END_TEST

/* ---- one fault at a time ---- */

#define BAD(s) XENCOPROC_BAD_##s

struct bad {
	enum good base;
	struct patch patch[3];
	enum xencoproc_status status;
};

static const struct bad bad[] = {
	/* 6: fields */
	{ OPEN, { { 20, 2, 0 } }, BAD(FIELD) },
	{ OPEN, { { 20, 2, 4 } }, BAD(FIELD) },
	{ OPEN, { { 20, 2, 0xffff } }, BAD(FIELD) },
	{ OPEN, { { 22, 2, 4 } }, BAD(FIELD) },
	{ OPEN, { { 22, 2, 0 } }, BAD(FIELD) },
	{ OPEN, { { 22, 2, 0xffff } }, BAD(FIELD) },
	{ OPEN_BIG, { { 22, 2, 9 } }, BAD(FIELD) },             /* above max-ring-order */
	{ OPEN_BIG, { { 22, 2, 7 } }, BAD(FIELD) },             /* more pages than entries */
	{ OPEN, { { 22, 2, 6 } }, BAD(FIELD) },                 /* fewer */
	{ OPEN, { { 32, 4, NONE4 } }, BAD(FIELD) },
	{ OPEN, { { 36, 4, 1 } }, BAD(FIELD) },
	{ OPEN, { { 92, 4, 0 } }, BAD(FIELD) },
	{ OPEN_BIG, { { 60, 4, NONE4 } }, BAD(FIELD) },
	{ OPEN, { { 96, 4, NONE4 } }, BAD(FIELD) },
	{ OPEN, { { 100, 4, 1 } }, BAD(FIELD) },
	{ OPEN, { { 108, 4, 0 } }, BAD(FIELD) },
	{ OPEN_BIG, { { 100, 4, NONE4 } }, BAD(FIELD) },
	{ BUF, { { 20, 4, 0 }, { 26, 2, 0 }, { 32, 4, NONE4 } }, BAD(FIELD) },
	{ BUF, { { 20, 4, 16385 } }, BAD(FIELD) },
	{ BUF, { { 20, 4, NONE4 }, { 26, 2, 0 } }, BAD(FIELD) },
	{ BUF, { { 24, 2, 0 } }, BAD(FIELD) },
	{ BUF, { { 24, 2, 4 } }, BAD(FIELD) },
	{ BUF, { { 24, 2, 0x8001 } }, BAD(FIELD) },
	{ BUF, { { 26, 2, 0 } }, BAD(FIELD) },
	{ BUF, { { 26, 2, 2 } }, BAD(FIELD) },
	{ BUF, { { 20, 4, 1025 } }, BAD(FIELD) },               /* needs two */
	{ BUF_MANY, { { 20, 4, 2048 } }, BAD(FIELD) },          /* needs two */
	{ BUF, { { 32, 4, NONE4 } }, BAD(FIELD) },
	{ BUF, { { 36, 4, 5 } }, BAD(FIELD) },
	{ BUF, { { 92, 4, 5 } }, BAD(FIELD) },
	{ BUF_MANY, { { 36, 4, NONE4 } }, BAD(FIELD) },
	{ FW, { { 20, 4, 0 } }, BAD(FIELD) },
	{ FW, { { 20, 4, 6 } }, BAD(FIELD) },
	{ FW, { { 20, 4, NONE4 } }, BAD(FIELD) },
	{ FW, { { 32, 4, 0 } }, BAD(FIELD) },
	{ FW, { { 36, 4, 1 } }, BAD(FIELD) },                   /* where, but no signature */
	{ FW_SIGNED, { { 40, 4, 63 } }, BAD(FIELD) },
	{ FW_SIGNED, { { 40, 4, 65 } }, BAD(FIELD) },
	{ FW_DIGEST, { { 20, 4, 0 } }, BAD(FIELD) },
	{ FW_DIGEST, { { 24, 4, 0 } }, BAD(FIELD) },
	{ FW_DIGEST, { { 28, 4, 1 } }, BAD(FIELD) },
	{ FW_DIGEST, { { 32, 4, 1 } }, BAD(FIELD) },
	{ FW_DIGEST, { { 36, 4, 1 } }, BAD(FIELD) },
	{ FW_DIGEST, { { 40, 4, 64 } }, BAD(FIELD) },
	{ QUERY_DEVICE, { { 16, 4, 0 } }, BAD(FIELD) },
	{ QUERY_DEVICE, { { 16, 4, 9 } }, BAD(FIELD) },
	{ QUERY_DEVICE, { { 16, 4, NONE4 } }, BAD(FIELD) },
	{ QUERY_DEVICE, { { 20, 4, 1 } }, BAD(FIELD) },
	{ QUERY_LOST, { { 20, 4, 1 } }, BAD(FIELD) },
	{ QUERY_WEIGHT, { { 20, 4, 1 } }, BAD(FIELD) },
	{ JOB, { { 28, 4, 50001 } }, BAD(FIELD) },
	{ JOB_FULL, { { 36, 2, 5 } }, BAD(FIELD) },
	{ JOB_FULL, { { 36, 2, 0xffff } }, BAD(FIELD) },
	{ JOB_WAIT, { { 32, 4, 0 } }, BAD(FIELD) },             /* a wait without end */
	{ JOB, { { 48, 4, 1 } }, BAD(FIELD) },
	{ JOB, { { 52, 4, 1 } }, BAD(FIELD) },
	{ JOB, { { 56, 8, 1 } }, BAD(FIELD) },
	{ JOB, { { 64, 8, 1 } }, BAD(FIELD) },
	{ JOB_WAIT, { FLAGS(1) }, BAD(FIELD) },                 /* signal_value left behind */
	{ JOB_WAIT, { FLAGS(2) }, BAD(FIELD) },                 /* wait_value left behind */
	{ JOB, { { 74, 2, 0 } }, BAD(FIELD) },
	{ JOB, { { 74, 2, 4 } }, BAD(FIELD) },
	{ JOB_FULL, { { 110, 2, 0 } }, BAD(FIELD) },
	{ JOB, { { 36, 2, 0 } }, BAD(FIELD) },                  /* an operand not counted */
	{ JOB, { { 84, 2, 1 } }, BAD(FIELD) },
	{ JOB, { { 119, 1, 1 } }, BAD(FIELD) },
	{ JOB_TABLE, { { 36, 2, 0 }, { 72, 8, 0 }, { 80, 4, 0 } }, BAD(FIELD) },
	{ JOB_TABLE, { { 36, 2, 2 }, { 86, 2, 1 } }, BAD(FIELD) },
	{ JOB_TABLE, { { 74, 2, 3 } }, BAD(FIELD) },
	{ JOB_TABLE, { { 74, 2, 2 } }, BAD(FIELD) },
	{ JOB_TABLE, { { 80, 4, 0 } }, BAD(FIELD) },
	{ JOB_TABLE, { { 80, 4, 1 } }, BAD(FIELD) },
	{ JOB_TABLE, { { 80, 4, 1199 } }, BAD(FIELD) },
	{ JOB_TABLE, { { 80, 4, 0xfffffffe } }, BAD(FIELD) },
	/* 5: objects */
	{ OPEN, { { 16, 4, 0 } }, BAD(OBJECT) },
	{ OPEN, { { 16, 4, 6 } }, BAD(OBJECT) },
	{ OPEN, { { 16, 4, NONE4 } }, BAD(OBJECT) },
	{ CLOSE, { { 16, 4, 0 } }, BAD(OBJECT) },
	{ CLOSE, { { 16, 4, 6 } }, BAD(OBJECT) },
	{ CTX, { { 16, 4, 7 } }, BAD(OBJECT) },
	{ CTX_SAVE, { { 20, 4, 11 } }, BAD(OBJECT) },
	{ CTX_END, { { 16, 4, 7 } }, BAD(OBJECT) },
	{ BUF, { { 16, 4, 11 } }, BAD(OBJECT) },
	{ BUF_END, { { 16, 4, 11 } }, BAD(OBJECT) },
	{ FW, { { 16, 4, 3 } }, BAD(OBJECT) },
	{ FW, { { 24, 4, 11 } }, BAD(OBJECT) },
	{ FW, { { 24, 4, NONE4 } }, BAD(OBJECT) },
	{ FW_DIGEST, { { 16, 4, 3 } }, BAD(OBJECT) },
	{ FW_END, { { 16, 4, 3 } }, BAD(OBJECT) },
	{ CANCEL, { { 16, 4, 0 } }, BAD(OBJECT) },
	{ CANCEL, { { 16, 4, 6 } }, BAD(OBJECT) },
	{ SIGNAL, { { 16, 4, 7 } }, BAD(OBJECT) },
	{ QUERY_QUEUE, { { 20, 4, 0 } }, BAD(OBJECT) },
	{ QUERY_QUEUE, { { 20, 4, 6 } }, BAD(OBJECT) },
	{ QUERY_CONTEXT, { { 20, 4, 7 } }, BAD(OBJECT) },
	{ QUERY_TIMELINE, { { 20, 4, 7 } }, BAD(OBJECT) },
	{ QUERY_BUFFER, { { 20, 4, 11 } }, BAD(OBJECT) },
	{ QUERY_FIRMWARE, { { 20, 4, 3 } }, BAD(OBJECT) },
	{ JOB, { { 16, 4, 7 } }, BAD(OBJECT) },
	{ JOB, { { 20, 4, 3 } }, BAD(OBJECT) },
	{ JOB, { { 72, 2, 11 } }, BAD(OBJECT) },
	{ JOB_FULL, { { 108, 2, 11 } }, BAD(OBJECT) },
	{ JOB_TABLE, { { 72, 2, 0xffff } }, BAD(OBJECT) },
	{ JOB_WAIT, { { 48, 4, 7 } }, BAD(OBJECT) },
	/* 7: pieces */
	{ FW, { { 28, 4, 0x04000000 - 99999 } }, BAD(RANGE) },
	{ FW, { { 28, 4, 0xffffffff }, { 32, 4, 1 } }, BAD(RANGE) },
	{ FW_SIGNED, { { 36, 4, 0x04000000 - 63 } }, BAD(RANGE) },
	{ FW_SIGNED, { { 36, 4, 0xffffffc0 } }, BAD(RANGE) },
	{ JOB, { { 80, 4, 0x101 } }, BAD(RANGE) },
	{ JOB, { { 76, 4, NONE4 }, { 80, 4, 1 } }, BAD(RANGE) },
	{ JOB, { { 76, 4, NONE4 }, { 80, 4, NONE4 } }, BAD(RANGE) },
	{ JOB, { { 76, 4, 0x04000001 }, { 80, 4, 0 } }, BAD(RANGE) },
	{ JOB_FULL, { { 112, 4, 1 } }, BAD(RANGE) },
	{ JOB_TABLE, { { 76, 4, 0xfffffffc } }, BAD(RANGE) },
	{ JOB_TABLE, { { 80, 4, 0xfffffffc } }, BAD(RANGE) },
	/* 8: sizes */
	{ BUF_MANY, { { 20, 4, 3001 } }, XENCOPROC_NO_QUOTA },
	{ FW, { { 32, 4, 100001 } }, XENCOPROC_NO_QUOTA },
	{ JOB_TABLE, { { 80, 4, 1212 } }, XENCOPROC_NO_QUOTA },
	/* 9: class */
	{ OPEN, { { 20, 2, 1 } }, XENCOPROC_DENIED },
	/* 1: operations */
	{ NOP, { OP(0) }, BAD(OP) },
	{ NOP, { OP(13) }, BAD(OP) },
	{ NOP, { OP(15) }, BAD(OP) },
	{ NOP, { OP(17) }, BAD(OP) },
	{ NOP, { OP(0x0101) }, BAD(OP) },
	{ NOP, { OP(0xffff) }, BAD(OP) },
};

/* Also says that nothing is written behind the request, and that op, flags,
 * slot and id are there for the completion. */
START_TEST(bad_request_gets_its_status)
{
	const struct bad *b = &bad[_i];
	struct coproc_request request;
	struct xencoproc_sqe wire;
	enum xencoproc_status status;

	make_good(b->base, &wire);
	apply((uint8_t *)&wire, b->patch, 3);
	status = coproc_request_decode(&wire, good[b->base].control, &good_limits, &request);
	if (status != b->status)
		ck_abort_msg("row %d, %s with %u at %u: %s, not %s", _i, good[b->base].name,
			     (unsigned int)b->patch[0].value, b->patch[0].offset,
			     coproc_status_text(status), coproc_status_text(b->status));
	ck_assert_uint_eq(request.slot, 0x1234);
	ck_assert_uint_eq(request.id, 0x8877665544332211);
}
END_TEST

START_TEST(operation_belongs_to_its_queue)
{
	struct coproc_request request;
	struct xencoproc_sqe wire;
	bool both = _i == NOP || _i == NOP_JOBQ;

	make_good((enum good)_i, &wire);
	ck_assert_uint_eq(coproc_request_decode(&wire, !good[_i].control, &good_limits, &request),
			  both ? XENCOPROC_OK : XENCOPROC_BAD_OP);
}
END_TEST

START_TEST(unknown_flags_are_refused)
{
	struct coproc_request request;
	struct xencoproc_sqe wire;
	unsigned int known = 0;

	if (_i >= JOB)
		known = 0xf;
	else if (_i >= FW && _i <= FW_DIGEST)
		known = 0x1;
	for (unsigned int bit = 0; bit < 16; bit++) {
		if (known & 1u << bit)
			continue;
		make_good((enum good)_i, &wire);
		wire.h.flags |= (uint16_t)(1u << bit);
		ck_assert_uint_eq(coproc_request_decode(&wire, good[_i].control, &good_limits,
							&request), XENCOPROC_BAD_FIELD);
	}
}
END_TEST

/* First and last reserved byte of each operation's body; 0: none. */
static const struct {
	uint8_t op;
	uint8_t from[2], to[2];
} reserved[] = {
	{ 1, { 16 }, { 127 } }, { 2, { 112 }, { 127 } }, { 3, { 20 }, { 127 } },
	{ 4, { 24 }, { 127 } }, { 5, { 20 }, { 127 } }, { 6, { 28, 96 }, { 31, 127 } },
	{ 7, { 20 }, { 127 } }, { 8, { 44, 80 }, { 47, 127 } }, { 9, { 20 }, { 127 } },
	{ 10, { 22, 32 }, { 23, 127 } }, { 11, { 20, 32 }, { 23, 127 } },
	{ 12, { 24 }, { 127 } }, { 16, { 39, 120 }, { 39, 127 } },
};

static void must_be_zero(enum good which, unsigned int byte)
{
	struct coproc_request request;
	struct xencoproc_sqe wire;

	for (unsigned int bit = 0; bit < 8; bit++) {
		make_good(which, &wire);
		((uint8_t *)&wire)[byte] |= (uint8_t)(1u << bit);
		if (coproc_request_decode(&wire, good[which].control, &good_limits, &request) !=
		    XENCOPROC_BAD_FIELD)
			ck_abort_msg("%s: reserved byte %u, bit %u", good[which].name, byte, bit);
	}
}

START_TEST(every_reserved_bit_is_looked_at)
{
	unsigned int seen = 0;
	struct xencoproc_sqe wire;

	make_good((enum good)_i, &wire);
	must_be_zero((enum good)_i, 6);
	must_be_zero((enum good)_i, 7);
	for (unsigned int n = 0; n < sizeof(reserved) / sizeof(reserved[0]); n++) {
		if (reserved[n].op != ((uint8_t *)&wire)[0])
			continue;
		seen++;
		for (unsigned int r = 0; r < 2 && reserved[n].from[r]; r++)
			for (unsigned int at = reserved[n].from[r]; at <= reserved[n].to[r]; at++)
				must_be_zero((enum good)_i, at);
	}
	ck_assert_uint_eq(seen, 1);
}
END_TEST

/* ---- features ---- */

static const struct {
	enum good what;
	uint32_t feature;
} needs[] = {
	{ OPEN_BIG, COPROC_FEATURE_JOURNAL }, { CTX_SAVE, COPROC_FEATURE_SAVE_AREA },
	{ JOB_CROSS, COPROC_FEATURE_CROSS_TIMELINE }, { FW_DIGEST, COPROC_FEATURE_DIGEST_LOAD },
	{ FW_SIGNED, COPROC_FEATURE_SIGNATURE },
};

START_TEST(features_are_needed_when_used_and_only_then)
{
	struct coproc_limits limits = good_limits;
	struct coproc_request request;
	struct xencoproc_sqe wire;

	for (int which = 0; which < GOODS; which++) {
		bool uses = which == (int)needs[_i].what;

		make_good((enum good)which, &wire);
		limits.features = ALL_FEATURES & ~needs[_i].feature;
		ck_assert_uint_eq(coproc_request_decode(&wire, good[which].control, &limits,
							&request),
				  uses ? XENCOPROC_NOT_SUPPORTED : XENCOPROC_OK);
		limits.features = needs[_i].feature;
		if (uses)
			ck_assert_uint_eq(coproc_request_decode(&wire, good[which].control,
								&limits, &request), XENCOPROC_OK);
	}
}
END_TEST

/* ---- the order of checks ---- */

/* Each row adds a fault of an earlier step than the row before: the status is
 * that of the step, whatever later steps would say. */
START_TEST(first_fault_decides)
{
	static const struct {
		struct patch patch;
		enum xencoproc_status status;
	} fw[] = {
		{ { 32, 4, 0x03f00000 }, XENCOPROC_NO_QUOTA },          /* 8 */
		{ { 28, 4, 0x03f00000 }, XENCOPROC_BAD_RANGE },         /* 7 */
		{ { 20, 4, 77 }, XENCOPROC_BAD_FIELD },                 /* 6 */
		{ { 24, 4, 11 }, XENCOPROC_BAD_OBJECT },                /* 5 */
		{ { 36, 4, 1 }, XENCOPROC_NOT_SUPPORTED },              /* 4 */
		{ { 44, 4, 1 }, XENCOPROC_BAD_FIELD },                  /* 3 */
	}, open[] = {
		{ { 20, 2, 1 }, XENCOPROC_DENIED },                     /* 9 */
		{ { 22, 2, 4 }, XENCOPROC_BAD_FIELD },                  /* 6 */
		{ { 16, 4, 0 }, XENCOPROC_BAD_OBJECT },                 /* 5 */
		{ { 28, 4, 1 }, XENCOPROC_NOT_SUPPORTED },              /* 4 */
		{ { 112, 1, 1 }, XENCOPROC_BAD_FIELD },                 /* 3 */
		{ { 2, 2, 1 }, XENCOPROC_BAD_FIELD },                   /* 2 */
		{ { 0, 2, 99 }, XENCOPROC_BAD_OP },                     /* 1 */
	}, job[] = {
		{ { 80, 4, 1212 }, XENCOPROC_NO_QUOTA },                /* 8 */
		{ { 76, 4, 0x04000000 }, XENCOPROC_BAD_RANGE },         /* 7 */
		{ { 74, 2, 0 }, XENCOPROC_BAD_FIELD },                  /* 6 */
		{ { 72, 2, 11 }, XENCOPROC_BAD_OBJECT },                /* 5 */
		{ { 52, 4, 1 }, XENCOPROC_NOT_SUPPORTED },              /* 4 */
		{ { 120, 1, 1 }, XENCOPROC_BAD_FIELD },                 /* 3 */
		{ { 0, 2, 2 }, XENCOPROC_BAD_OP },                      /* 1: not on this queue */
	};
	struct coproc_limits limits = good_limits;
	struct coproc_request request;
	struct xencoproc_sqe wire;

	limits.features = 0;
#define RUN(base, rows)                                                                    \
	make_good(base, &wire);                                                            \
	for (unsigned int i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++) {              \
		apply((uint8_t *)&wire, &(rows)[i].patch, 1);                              \
		ck_assert_uint_eq(coproc_request_decode(&wire, good[base].control,         \
							&limits, &request),                \
				  (rows)[i].status);                                       \
	}
	RUN(FW, fw)
	RUN(OPEN, open)
	RUN(JOB_TABLE, job)
#undef RUN
}
END_TEST

/* Limits that are greater than the protocol's own give nothing more. */
START_TEST(limits_do_not_widen_the_protocol)
{
	struct coproc_limits limits = good_limits;
	struct coproc_request request;
	struct xencoproc_sqe wire;

	limits.max_ring_order = 31;
	limits.max_queues = 1000;
	limits.max_pages = 0xffffffff;
	/* each array of grants full, so that none of them is what is wrong */
	make_good(OPEN, &wire);
	memset((uint8_t *)&wire + 32, 1, 80);
	apply((uint8_t *)&wire, (const struct patch[]){ { 22, 2, 10 } }, 1);
	ck_assert_uint_eq(coproc_request_decode(&wire, true, &limits, &request),
			  XENCOPROC_BAD_FIELD);
	make_good(OPEN, &wire);
	apply((uint8_t *)&wire, (const struct patch[]){ { 16, 4, 31 } }, 1);
	ck_assert_uint_eq(coproc_request_decode(&wire, true, &limits, &request),
			  XENCOPROC_BAD_OBJECT);
	make_good(BUF, &wire);
	memset((uint8_t *)&wire + 32, 1, 64);
	apply((uint8_t *)&wire, (const struct patch[]){ { 20, 4, 16385 }, { 26, 2, 17 } }, 2);
	ck_assert_uint_eq(coproc_request_decode(&wire, true, &limits, &request),
			  XENCOPROC_BAD_FIELD);
	limits.max_operands = 3;
	make_good(JOB_FULL, &wire);
	ck_assert_uint_eq(coproc_request_decode(&wire, false, &limits, &request),
			  XENCOPROC_NO_QUOTA);
}
END_TEST

/* An encoder that is given an unknown op, or more operands than fit. */
START_TEST(encoding_never_overruns)
{
	struct coproc_request request;
	struct xencoproc_sqe wire[2];

	memset(&request, 0xff, sizeof(request));
	memset(wire, 0x5a, sizeof(wire));
	coproc_request_encode(&request, &wire[0]);
	for (unsigned int i = 0; i < sizeof(wire[0].body); i++)
		ck_assert_uint_eq(wire[0].body[i], 0);
	request.op = XENCOPROC_OP_JOB;
	coproc_request_encode(&request, &wire[0]);
	ck_assert_uint_eq(((uint8_t *)&wire[0])[120], 0);
	ck_assert_uint_eq(((uint8_t *)&wire[1])[0], 0x5a);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("request");
	TCase *t = tcase_create("request");

	tcase_add_loop_test(t, good_request_round_trip, 0, GOODS);
	tcase_add_test(t, fields_are_where_the_layout_says);
	tcase_add_loop_test(t, bad_request_gets_its_status, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(t, operation_belongs_to_its_queue, 0, GOODS);
	tcase_add_loop_test(t, unknown_flags_are_refused, 0, GOODS);
	tcase_add_loop_test(t, every_reserved_bit_is_looked_at, 0, GOODS);
	tcase_add_loop_test(t, features_are_needed_when_used_and_only_then, 0,
			    sizeof(needs) / sizeof(needs[0]));
	tcase_add_test(t, first_fault_decides);
	tcase_add_test(t, limits_do_not_widen_the_protocol);
	tcase_add_test(t, encoding_never_overruns);
	suite_add_tcase(suite, t);
	return tap_main(suite);
}
