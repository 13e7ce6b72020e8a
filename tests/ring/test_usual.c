/* SPDX-License-Identifier: MIT */
/*
 * decode.c has two ways to find that a job is good: job_is_usual(), in few
 * instructions, and check_job(), the steps of B-MSG-1 in their order.  Here
 * the first may never say yes where the second says no, and must say yes to
 * what it is for; both are tried on every mix of values at the limits.
 */
#include "libcoproc-ring/decode.c"

#undef BAD_OP
#undef OK
#include "tests/unit/tap.h"

static const struct coproc_limits at = {
	.max_contexts = 3, .max_firmware = 2, .max_buffers = 5, .max_operands = 4,
	.max_run_limit_us = 1000, .features = COPROC_FEATURE_CROSS_TIMELINE,
};

/* xorshift: the same numbers on every run. */
static uint64_t seed;
static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

static uint32_t one_of(const uint32_t *values, uint32_t count)
{
	return values[any(count)];
}

#define ONE_OF(...) one_of((const uint32_t[]){ __VA_ARGS__ },                           \
			   sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* Mostly good, with one or a few fields at or over an edge. */
static void make_job(struct coproc_request *r)
{
	const uint32_t top = XENCOPROC_BUF_PAGES_MAX * XENCOPROC_PAGE_SIZE;
	bool odd = any(2) != 0;

	memset(r, 0, sizeof(*r));
	r->op = XENCOPROC_OP_JOB;
	r->flags = (uint16_t)(any(3) ? 0 : any(16));
	r->u.job.context = odd ? ONE_OF(0, 2, 3, 0xffffffff) : any(3);
	r->u.job.firmware = odd ? ONE_OF(0, 1, 2, 0x80000000) : any(2);
	r->u.job.run_limit_us = odd ? ONE_OF(0, 1000, 1001, 0xffffffff) : any(1001);
	r->u.job.start_limit_us = any(2);
	r->u.job.operands = (uint16_t)(odd ? ONE_OF(0, 1, 2, 3, 4, 5, 0xffff) : any(5));
	if (!any(4))
		r->u.job.wait_context = ONE_OF(0, 2, 3);
	if (!any(8))
		r->u.job.wait_device = 1;
	if (!any(8))
		r->u.job.wait_value = 1ull << any(64);
	if (!any(4))
		r->u.job.signal_value = 1ull << any(64);
	for (uint32_t i = 0; i < XENCOPROC_INLINE_OPERANDS; i++) {
		struct coproc_operand *o = &r->u.job.operand[i];

		if (i >= r->u.job.operands && any(8))
			continue;
		o->buffer = (uint16_t)(any(8) ? any(5) : ONE_OF(4, 5, 0xffff));
		o->access = (uint16_t)(any(8) ? 1 + any(3) : ONE_OF(0, 3, 4, 0xffff));
		o->offset = any(4) ? any(4096) : ONE_OF(0, 1, top - 1, top, top + 1, 0xffffffff);
		o->length = any(4) ? any(4096) : ONE_OF(0, 1, top - 1, top, top + 1, 0xffffffff);
	}
}

START_TEST(never_says_more_than_the_steps)
{
	uint32_t usual = 0, refused = 0, bent = 0;

	seed = 0x9e3779b97f4a7c15ull;
	for (uint32_t i = 0; i < 2000000; i++) {
		struct coproc_request r;
		bool yes;
		enum xencoproc_status steps;

		make_job(&r);
		yes = job_is_usual(&r, &at);
		steps = check_job(&r, &at);
		ck_assert_msg(!yes || steps == XENCOPROC_OK, "round %u: usual, and the steps say %s",
			      i, coproc_status_text(steps));
		usual += yes;
		refused += steps != XENCOPROC_OK;
		/* What it is for: no wait, no table; then both say the same. */
		if (!(r.flags & (XENCOPROC_JOB_F_WAIT | XENCOPROC_JOB_F_TABLE)))
			ck_assert_int_eq(yes, steps == XENCOPROC_OK);
		else
			bent += steps == XENCOPROC_OK;
	}
	/* None of the three kinds may be missing, or nothing was tried. */
	ck_assert_uint_gt(usual, 10000);
	ck_assert_uint_gt(refused, 10000);
	ck_assert_uint_gt(bent, 1000);
}
END_TEST

/* Said again here, because both ways share the function that looks. */
static bool rest_zero(const struct xencoproc_sqe_job *job, uint32_t used)
{
	const uint8_t *byte = (const uint8_t *)&job->operand[used];
	const uint8_t *end = (const uint8_t *)&job->reserved1;

	while (byte < end)
		if (*byte++)
			return false;
	return true;
}

/* One field wrong in an otherwise good message, for every bit of the message:
 * the whole decoder, against the steps alone. */
START_TEST(every_bit_of_a_good_job)
{
	struct coproc_request good, r;
	union {
		struct xencoproc_sqe sqe;
		struct xencoproc_sqe_job job;
		uint8_t byte[sizeof(struct xencoproc_sqe)];
	} wire, bent;

	seed = 1;
	for (uint32_t i = 0; i < 500; i++) {
		do
			make_job(&good);
		while (check_job(&good, &at) != XENCOPROC_OK);
		coproc_request_encode(&good, &wire.sqe);
		ck_assert_uint_eq(coproc_request_decode(&wire.sqe, false, &at, &r), XENCOPROC_OK);
		for (uint32_t bit = 32; bit < 8 * sizeof(wire); bit++) {
			enum xencoproc_status want, got;

			bent = wire;
			bent.byte[bit / 8] ^= (uint8_t)(1u << bit % 8);
			got = coproc_request_decode(&bent.sqe, false, &at, &r);
			if (bent.sqe.h.reserved || bent.job.reserved0 || bent.job.reserved1)
				want = XENCOPROC_BAD_FIELD;
			else
				want = check_job(&r, &at);
			ck_assert(got != XENCOPROC_OK || rest_zero(&bent.job, r.u.job.operands));
			ck_assert_msg(got == want, "job %u, bit %u: %s, the steps say %s", i, bit,
				      coproc_status_text(got), coproc_status_text(want));
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("usual");
	TCase *t = tcase_create("usual");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, never_says_more_than_the_steps);
	tcase_add_test(t, every_bit_of_a_good_job);
	suite_add_tcase(suite, t);
	return tap_main(suite);
}
