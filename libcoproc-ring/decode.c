// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Submissions from wire form to host form: the one place where they are
 * validated (coprocif.md, B-MSG-1).  The order is part of the protocol,
 * because it decides which status a message with several faults gets:
 *
 *   1  the operation is known and belongs to this kind of queue    BAD_OP
 *   2  no flag that it does not have                               BAD_FIELD
 *   3  reserved fields are zero                                    BAD_FIELD
 *   4  features that it uses were negotiated                       NOT_SUPPORTED
 *   5  indexes of objects are below their limits                   BAD_OBJECT
 *   6  other fields are in range, unused ones say so               BAD_FIELD
 *   7  no piece ends behind the largest possible buffer            BAD_RANGE
 *   8  sizes are within the negotiated limits                      NO_QUOTA
 *   9  the class is allowed                                        DENIED
 *
 * An index outside its range is BAD_OBJECT whether the request creates the
 * object or names it: no such object can exist.  Fields that another field
 * leaves unused (a flag, or a count) belong to step 6.  The steps after 9
 * need the state of objects, and are the backend's.
 */
#include "decode.h"

#define OPERAND_SIZE    12u     /* of struct xencoproc_operand */

/* ---- operands and jobs ---- */

/* What is wrong with operands, by the step that says so: each is looked at
 * once, whatever the order in which the steps then ask. */
enum {
	WRONG_OBJECT = 1,       /* 5 */
	WRONG_ACCESS = 2,       /* 6 */
	WRONG_UNUSED = 4,       /* 6 */
	WRONG_RANGE = 8         /* 7 */
};

static inline void copy_operand(const struct xencoproc_operand *wire,
				struct coproc_operand *operand)
{
	operand->buffer = wire16(wire->buffer);
	operand->access = wire16(wire->access);
	operand->offset = wire32(wire->offset);
	operand->length = wire32(wire->length);
}

static unsigned int check_operand(const struct coproc_operand *operand, uint32_t max_buffers)
{
	return (operand->buffer >= max_buffers ? WRONG_OBJECT : 0) |
	       (is_access(operand->access) ? 0 : WRONG_ACCESS) |
	       (beyond_any_buffer(operand->offset, operand->length) ? WRONG_RANGE : 0);
}

enum xencoproc_status
coproc_operand_decode(const struct xencoproc_operand *wire,
		      const struct coproc_limits *limits, struct coproc_operand *operand)
{
	unsigned int wrong;

	copy_operand(wire, operand);
	wrong = check_operand(operand, limits->max_buffers);
	if (wrong & WRONG_OBJECT)
		return BAD_OBJECT;
	if (wrong & WRONG_ACCESS)
		return BAD_FIELD;
	return wrong & WRONG_RANGE ? BAD_RANGE : OK;
}

enum xencoproc_status
coproc_operand_inside(const struct coproc_operand *operand, uint64_t buffer_bytes,
		      uint32_t buffer_access)
{
	if ((uint64_t)operand->offset + operand->length > buffer_bytes)
		return BAD_RANGE;
	return ((uint32_t)operand->access & ~buffer_access) == 0 ? OK : BAD_ACCESS;
}

/* Step 5.  Where a wait names another device, the bound of that device's
 * contexts is not ours to know: the backend asks there. */
static bool job_objects_fit(const struct coproc_request *r, const struct coproc_limits *limits)
{
	if (r->u.job.context >= limits->max_contexts || r->u.job.firmware >= limits->max_firmware)
		return false;
	return !(r->flags & XENCOPROC_JOB_F_WAIT) || r->u.job.wait_device != 0 ||
	       r->u.job.wait_context < limits->max_contexts;
}

/* Step 6, for times and timelines.  Every wait is bounded in time, so that one
 * which nobody ends cannot hold a slot for ever; a field without its flag is
 * zero. */
static bool job_times_fit(const struct coproc_request *r, const struct coproc_limits *limits)
{
	if (r->u.job.run_limit_us > limits->max_run_limit_us)
		return false;
	if (r->flags & XENCOPROC_JOB_F_WAIT) {
		if (r->u.job.start_limit_us == 0)
			return false;
	} else if (r->u.job.wait_context != 0 || r->u.job.wait_device != 0 ||
		   r->u.job.wait_value != 0) {
		return false;
	}
	return (r->flags & XENCOPROC_JOB_F_SIGNAL) || r->u.job.signal_value == 0;
}

/*
 * Operands in a table of @bytes, rounded down: a division by 12, exact for
 * every 32-bit number, written out because a compiler for a machine without
 * a divider may call a library for it, and there is none.
 */
static uint32_t table_operands(uint32_t bytes)
{
	return (uint32_t)((uint64_t)bytes * 0xaaaaaaabu >> 35);
}

/* Step 6: with F_TABLE the only operand says where the table is. */
static bool job_table_fits(const struct coproc_request *r)
{
	const struct coproc_operand *table = &r->u.job.operand[0];

	return r->u.job.operands == 1 && table->access == XENCOPROC_ACCESS_READ &&
	       table->length != 0 &&
	       table_operands(table->length) * OPERAND_SIZE == table->length;
}

/* Whether all of the operands from @used on are zero. */
static inline bool rest_is_zero(const struct coproc_request *r, uint32_t used)
{
	const wire_word *word = (const wire_word *)r->u.job.operand;
	wire_word seen = 0;

	switch (used) {
	case 0:
		seen |= word[0] | word[1] | word[2];
		/* fall through */
	case 1:
		seen |= word[3] | word[4] | word[5];
		/* fall through */
	case 2:
		seen |= word[6] | word[7] | word[8];
		/* fall through */
	case 3:
		seen |= word[9] | word[10] | word[11];
		break;
	default:
		break;
	}
	return seen == 0;
}

/* Return: what is wrong with the used operands and the rest. */
static unsigned int check_operands(const struct coproc_request *r, uint32_t max_buffers)
{
	uint32_t used = r->u.job.operands;
	unsigned int wrong = rest_is_zero(r, used) ? 0 : WRONG_UNUSED;
	uint32_t i;

	for (i = 0; i < used && i < XENCOPROC_INLINE_OPERANDS; i++)
		wrong |= check_operand(&r->u.job.operand[i], max_buffers);
	return wrong;
}

/* Steps 4 to 8. */
static wire_rare enum xencoproc_status
check_job(const struct coproc_request *r, const struct coproc_limits *limits)
{
	unsigned int wrong = check_operands(r, limits->max_buffers);
	uint32_t operands = r->u.job.operands;
	bool table = (r->flags & XENCOPROC_JOB_F_TABLE) != 0;

	if (r->u.job.wait_device != 0 && !has(limits, COPROC_FEATURE_CROSS_TIMELINE))
		return NOT_SUPPORTED;
	if (!job_objects_fit(r, limits) || (wrong & WRONG_OBJECT))
		return BAD_OBJECT;
	if (operands > XENCOPROC_INLINE_OPERANDS || (wrong & (WRONG_ACCESS | WRONG_UNUSED)))
		return BAD_FIELD;
	if (!job_times_fit(r, limits) || (table && !job_table_fits(r)))
		return BAD_FIELD;
	if (wrong & WRONG_RANGE)
		return BAD_RANGE;
	if (table)
		operands = table_operands(r->u.job.operand[0].length);
	return operands > limits->max_operands ? NO_QUOTA : OK;
}

/* Where @field of a job lies must be the same in both forms. */
#define SAME_PLACE(field, wire)                                                         \
	_Static_assert(offsetof(struct coproc_request, field) ==                        \
		       offsetof(struct xencoproc_sqe_job, wire), "a job is copied whole")
SAME_PLACE(op, h.op);
SAME_PLACE(flags, h.flags);
SAME_PLACE(slot, h.slot);
SAME_PLACE(id, h.id);
SAME_PLACE(u.job.context, context);
SAME_PLACE(u.job.operands, operands);
SAME_PLACE(u.job.priority, priority);
SAME_PLACE(u.job.immediate, immediate);
SAME_PLACE(u.job.signal_value, signal_value);
SAME_PLACE(u.job.operand[1].access, operand[1].access);
SAME_PLACE(u.job.operand[3].length, operand[3].length);

static inline void copy_job(const struct xencoproc_sqe_job *m, struct coproc_request *r)
{
	unsigned int i;

	memcpy(r, m, offsetof(struct xencoproc_sqe_job, reserved1));
	if (!COPROC_WIRE_SWAP)
		return;
	r->op = wire16(r->op);
	r->flags = wire16(r->flags);
	r->slot = wire16(r->slot);
	r->id = wire64(r->id);
	r->u.job.context = wire32(r->u.job.context);
	r->u.job.firmware = wire32(r->u.job.firmware);
	r->u.job.entry = wire32(r->u.job.entry);
	r->u.job.run_limit_us = wire32(r->u.job.run_limit_us);
	r->u.job.start_limit_us = wire32(r->u.job.start_limit_us);
	r->u.job.operands = wire16(r->u.job.operands);
	r->u.job.immediate = wire64(r->u.job.immediate);
	r->u.job.wait_context = wire32(r->u.job.wait_context);
	r->u.job.wait_device = wire32(r->u.job.wait_device);
	r->u.job.wait_value = wire64(r->u.job.wait_value);
	r->u.job.signal_value = wire64(r->u.job.signal_value);
	for (i = 0; i < XENCOPROC_INLINE_OPERANDS; i++)
		copy_operand(&m->operand[i], &r->u.job.operand[i]);
}

/*
 * Whether a job passes every step, found in few instructions for those that
 * most are: no wait, no table, nothing wrong.  False says nothing: the steps
 * are then gone through in their order.  That this never says true where they
 * would not is what tests/ring/test_usual.c tries.
 */
static inline bool job_is_usual(const struct coproc_request *r, const struct coproc_limits *limits)
{
	const struct coproc_operand *at = r->u.job.operand;
	const struct coproc_operand *end = at + r->u.job.operands;

	if (r->flags & (XENCOPROC_JOB_F_WAIT | XENCOPROC_JOB_F_TABLE))
		return false;
	if ((r->u.job.wait_context | r->u.job.wait_device | r->u.job.wait_value) != 0 ||
	    (r->u.job.signal_value != 0 && !(r->flags & XENCOPROC_JOB_F_SIGNAL)))
		return false;
	if (r->u.job.context >= limits->max_contexts ||
	    r->u.job.firmware >= limits->max_firmware ||
	    r->u.job.run_limit_us > limits->max_run_limit_us ||
	    r->u.job.operands > XENCOPROC_INLINE_OPERANDS ||
	    r->u.job.operands > limits->max_operands)
		return false;
	for (; at < end; at++)
		if (at->buffer >= limits->max_buffers || !is_access(at->access) ||
		    beyond_any_buffer(at->offset, at->length))
			return false;
	return rest_is_zero(r, r->u.job.operands);
}

static enum xencoproc_status
decode_job(const struct xencoproc_sqe_job *m, const struct coproc_limits *limits,
	   struct coproc_request *r)
{
	copy_job(m, r);
	if (m->reserved0 != 0 || m->reserved1 != 0)
		return BAD_FIELD;
	return job_is_usual(r, limits) ? OK : check_job(r, limits);
}
/* ---- all of them ---- */

/* Steps 1 to 3 for the header that nearly every message has. */
static inline bool is_job(const struct xencoproc_sqe *sqe)
{
	const unsigned int known = XENCOPROC_JOB_F_WAIT | XENCOPROC_JOB_F_SIGNAL |
				   XENCOPROC_JOB_F_TABLE | XENCOPROC_JOB_F_RESTARTABLE;

	return wire16(sqe->h.op) == XENCOPROC_OP_JOB &&
	       ((wire16(sqe->h.flags) & ~known) | sqe->h.reserved) == 0;
}

enum xencoproc_status
coproc_request_decode(const struct xencoproc_sqe *sqe, bool control,
		      const struct coproc_limits *limits, struct coproc_request *request)
{
	if (!control && is_job(sqe))
		return decode_job((const struct xencoproc_sqe_job *)sqe, limits, request);
	return coproc_decode_other(sqe, control, limits, request);
}
