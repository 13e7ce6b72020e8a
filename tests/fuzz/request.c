/* SPDX-License-Identifier: MIT */
/*
 * Target "request": each message of the wire, decoded by the product and
 * judged by judge.c.  Both must agree on the status, and what was taken for
 * good must be encoded again bit for bit.
 *
 * Input: kind (control request, job request, operand, completion, event),
 * limits (limits.h), the message.
 */
#include "fuzz.h"
#include "judge.h"
#include "libcoproc-ring/ring.h"
#include "limits.h"

static void try_request(struct input *in, bool control, const struct coproc_limits *limits)
{
	_Alignas(8) struct xencoproc_sqe sqe, again;
	struct coproc_request request;
	enum xencoproc_status got, want;

	in_bytes(in, &sqe, sizeof(sqe));
	memset(&request, 0xa5, sizeof(request));
	got = coproc_request_decode(&sqe, control, limits, &request);
	want = judge_request((const uint8_t *)&sqe, control, limits);
	if (got != want)
		fuzz_bug("op %u on %s: decode says %s, B-MSG-1 says %s", request.op,
			 control ? "control" : "job", coproc_status_text(got), coproc_status_text(want));
	fuzz_check(request.slot == coproc_sqe_slot(&sqe) && request.id == coproc_sqe_id(&sqe));
	if (got != XENCOPROC_OK)
		return;
	memset(&again, 0x5a, sizeof(again));
	coproc_request_encode(&request, &again);
	if (memcmp(&sqe, &again, sizeof(sqe)))
		fuzz_bug("op %u comes out of the encoder as another message", request.op);
}

static void try_operand(struct input *in, const struct coproc_limits *limits)
{
	_Alignas(8) struct xencoproc_operand wire, again;
	struct coproc_operand operand;
	uint64_t bytes;
	uint32_t access;
	enum xencoproc_status got, want;

	in_bytes(in, &wire, sizeof(wire));
	bytes = (uint64_t)in_u16(in) * 4096;
	access = in_u8(in) & 3;
	got = coproc_operand_decode(&wire, limits, &operand);
	want = judge_operand((const uint8_t *)&wire, limits);
	if (got != want)
		fuzz_bug("operand: decode says %s, B-JOB-1 says %s", coproc_status_text(got),
			 coproc_status_text(want));
	if (got != XENCOPROC_OK)
		return;
	coproc_operand_encode(&operand, &again);
	fuzz_check(!memcmp(&wire, &again, sizeof(wire)));
	want = operand.offset > bytes || operand.length > bytes - operand.offset ? XENCOPROC_BAD_RANGE :
	       (operand.access | access) != access ? XENCOPROC_BAD_ACCESS : XENCOPROC_OK;
	fuzz_check(coproc_operand_inside(&operand, bytes, access) == want);
}

static void try_completion(struct input *in)
{
	_Alignas(8) struct xencoproc_cqe cqe, again;
	struct coproc_completion completion;
	int got;

	in_bytes(in, &cqe, sizeof(cqe));
	got = coproc_completion_decode(&cqe, &completion);
	fuzz_check(got == judge_completion((const uint8_t *)&cqe));
	if (got != COPROC_NOT_BROKEN)
		return;
	coproc_completion_encode(&completion, &again);
	fuzz_check(!memcmp(&cqe, &again, sizeof(cqe)));
}

static void try_event(struct input *in)
{
	_Alignas(8) struct xencoproc_event event, again;
	struct coproc_notice notice;
	int got;

	in_bytes(in, &event, sizeof(event));
	got = coproc_notice_decode(&event, &notice);
	fuzz_check(got == judge_event((const uint8_t *)&event));
	if (got != COPROC_NOT_BROKEN)
		return;
	coproc_notice_encode(&notice, &again);
	fuzz_check(!memcmp(&event, &again, sizeof(event)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t kind = in_u8(&in) % 5;
	struct coproc_limits limits;

	in_limits(&in, &limits);
	switch (kind) {
	case 0:
	case 1:
		try_request(&in, kind == 0, &limits);
		break;
	case 2:
		try_operand(&in, &limits);
		break;
	case 3:
		try_completion(&in);
		break;
	default:
		try_event(&in);
	}
	return 0;
}
