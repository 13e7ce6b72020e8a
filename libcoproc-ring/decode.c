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
#include "message.h"
#include "wire.h"

#define OK              XENCOPROC_OK
#define BAD_OP          XENCOPROC_BAD_OP
#define BAD_FIELD       XENCOPROC_BAD_FIELD
#define BAD_OBJECT      XENCOPROC_BAD_OBJECT
#define BAD_RANGE       XENCOPROC_BAD_RANGE
#define BAD_ACCESS      XENCOPROC_BAD_ACCESS
#define NO_QUOTA        XENCOPROC_NO_QUOTA
#define DENIED          XENCOPROC_DENIED
#define NOT_SUPPORTED   XENCOPROC_NOT_SUPPORTED

#define SIGNATURE_SIZE  64u     /* Ed25519 */
#define OPERAND_SIZE    12u     /* of struct xencoproc_operand */
#define ALL_ACCESS (XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE)

/* ---- questions that several operations ask ---- */

/* Every reserved field that is longer than a word begins at a multiple of 4
 * bytes and is as long (layout.tbl). */
static bool all_zero(const void *field, size_t size)
{
	const wire_word *at = field;
	wire_word seen = 0;
	size_t i;

	for (i = 0; i < size / sizeof(*at); i++)
		seen |= at[i];
	return seen == 0;
}

static bool has(const struct coproc_limits *limits, uint32_t feature)
{
	return (limits->features & feature) != 0;
}

/* Job queues count from 1; the control queue is no object. */
static bool is_job_queue(const struct coproc_limits *limits, uint32_t queue)
{
	return queue != XENCOPROC_QUEUE_CONTROL && queue <= limits->max_queues &&
	       queue <= XENCOPROC_QUEUE_MAX;
}

static bool is_access(uint32_t access)
{
	return access - 1 < ALL_ACCESS;
}

/* Step 7, for one piece.  No buffer is longer, whichever it names. */
static bool beyond_any_buffer(uint32_t offset, uint32_t length)
{
	return (uint64_t)offset + length >
	       (uint64_t)XENCOPROC_BUF_PAGES_MAX * XENCOPROC_PAGE_SIZE;
}

/* The first @used name a grant and the rest say that they do not. */
static bool refs_fit(const uint32_t *refs, uint32_t count, uint32_t used)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if ((refs[i] != XENCOPROC_GREF_NONE) != (i < used))
			return false;
	return true;
}

static void decode_refs(uint32_t *refs, const uint32_t *wire, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		refs[i] = wire32(wire[i]);
}

/* ---- queues ---- */

static enum xencoproc_status
check_queue_fields(const struct coproc_request *r,
		   const struct coproc_limits *limits)
{
	uint32_t qclass = r->u.queue_open.qclass;
	uint32_t order = r->u.queue_open.order;

	if (qclass < XENCOPROC_CLASS_REALTIME || qclass > XENCOPROC_CLASS_BATCH)
		return BAD_FIELD;
	if (order < XENCOPROC_ORDER_MIN || order > limits->max_ring_order ||
	    order > XENCOPROC_ORDER_MAX)
		return BAD_FIELD;
	if (!refs_fit(r->u.queue_open.sq_ref, XENCOPROC_SQ_PAGES_MAX, XENCOPROC_SQ_PAGES(order)) ||
	    !refs_fit(r->u.queue_open.cq_ref, XENCOPROC_CQ_PAGES_MAX, XENCOPROC_CQ_PAGES(order)))
		return BAD_FIELD;
	/* The highest class has the lowest number. */
	return qclass < limits->max_class ? DENIED : OK;
}

static enum xencoproc_status
decode_queue_open(const struct xencoproc_sqe_queue_open *m,
		  const struct coproc_limits *limits, struct coproc_request *r)
{
	r->u.queue_open.queue = wire32(m->queue);
	r->u.queue_open.qclass = wire16(m->qclass);
	r->u.queue_open.order = wire16(m->order);
	r->u.queue_open.event_channel = wire32(m->event_channel);
	r->u.queue_open.journal_ref = wire32(m->journal_ref);
	decode_refs(r->u.queue_open.sq_ref, m->sq_ref, XENCOPROC_SQ_PAGES_MAX);
	decode_refs(r->u.queue_open.cq_ref, m->cq_ref, XENCOPROC_CQ_PAGES_MAX);
	if (!all_zero(m->reserved, sizeof(m->reserved)))
		return BAD_FIELD;
	if (r->u.queue_open.journal_ref != XENCOPROC_GREF_NONE &&
	    !has(limits, COPROC_FEATURE_JOURNAL))
		return NOT_SUPPORTED;
	if (!is_job_queue(limits, r->u.queue_open.queue))
		return BAD_OBJECT;
	return check_queue_fields(r, limits);
}

static enum xencoproc_status
decode_queue_close(const struct xencoproc_sqe_queue_close *m,
		   const struct coproc_limits *limits, struct coproc_request *r)
{
	r->u.queue_close.queue = wire32(m->queue);
	if (!all_zero(m->reserved, sizeof(m->reserved)))
		return BAD_FIELD;
	return is_job_queue(limits, r->u.queue_close.queue) ? OK : BAD_OBJECT;
}

/* ---- contexts ---- */

static enum xencoproc_status
decode_ctx_create(const struct xencoproc_sqe_ctx_create *m,
		  const struct coproc_limits *limits, struct coproc_request *r)
{
	uint32_t save_buffer = wire32(m->save_buffer);

	r->u.ctx_create.context = wire32(m->context);
	r->u.ctx_create.save_buffer = save_buffer;
	if (!all_zero(m->reserved, sizeof(m->reserved)))
		return BAD_FIELD;
	if (save_buffer != XENCOPROC_NONE && !has(limits, COPROC_FEATURE_SAVE_AREA))
		return NOT_SUPPORTED;
	if (r->u.ctx_create.context >= limits->max_contexts)
		return BAD_OBJECT;
	if (save_buffer != XENCOPROC_NONE && save_buffer >= limits->max_buffers)
		return BAD_OBJECT;
	return OK;
}

static enum xencoproc_status
decode_ctx_destroy(const struct xencoproc_sqe_ctx_destroy *m,
		   const struct coproc_limits *limits, struct coproc_request *r)
{
	r->u.ctx_destroy.context = wire32(m->context);
	if (!all_zero(m->reserved, sizeof(m->reserved)))
		return BAD_FIELD;
	return r->u.ctx_destroy.context < limits->max_contexts ? OK : BAD_OBJECT;
}

static enum xencoproc_status
decode_ctx_signal(const struct xencoproc_sqe_ctx_signal *m,
		  const struct coproc_limits *limits, struct coproc_request *r)
{
	r->u.ctx_signal.context = wire32(m->context);
	r->u.ctx_signal.value = wire64(m->value);
	if (m->reserved0 != 0 || !all_zero(m->reserved1, sizeof(m->reserved1)))
		return BAD_FIELD;
	return r->u.ctx_signal.context < limits->max_contexts ? OK : BAD_OBJECT;
}

/* ---- buffers ---- */

static enum xencoproc_status
check_buffer_fields(const struct coproc_request *r,
		    const struct coproc_limits *limits)
{
	uint32_t pages = r->u.buf_register.pages;
	uint32_t dirs;

	if (pages == 0 || pages > XENCOPROC_BUF_PAGES_MAX)
		return BAD_FIELD;
	if (!is_access(r->u.buf_register.access))
		return BAD_FIELD;
	dirs = (pages + XENCOPROC_DIR_ENTRIES - 1) / XENCOPROC_DIR_ENTRIES;
	if (r->u.buf_register.dirs != dirs ||
	    !refs_fit(r->u.buf_register.dir_ref, XENCOPROC_DIRS_MAX, dirs))
		return BAD_FIELD;
	return pages > limits->max_pages ? NO_QUOTA : OK;
}

static enum xencoproc_status
decode_buf_register(const struct xencoproc_sqe_buf_register *m,
		    const struct coproc_limits *limits, struct coproc_request *r)
{
	r->u.buf_register.buffer = wire32(m->buffer);
	r->u.buf_register.pages = wire32(m->pages);
	r->u.buf_register.access = wire16(m->access);
	r->u.buf_register.dirs = wire16(m->dirs);
	decode_refs(r->u.buf_register.dir_ref, m->dir_ref, XENCOPROC_DIRS_MAX);
	if (m->reserved0 != 0 || !all_zero(m->reserved1, sizeof(m->reserved1)))
		return BAD_FIELD;
	if (r->u.buf_register.buffer >= limits->max_buffers)
		return BAD_OBJECT;
	return check_buffer_fields(r, limits);
}

static enum xencoproc_status
decode_buf_release(const struct xencoproc_sqe_buf_release *m,
		   const struct coproc_limits *limits, struct coproc_request *r)
{
	r->u.buf_release.buffer = wire32(m->buffer);
	if (!all_zero(m->reserved, sizeof(m->reserved)))
		return BAD_FIELD;
	return r->u.buf_release.buffer < limits->max_buffers ? OK : BAD_OBJECT;
}

/* ---- firmware ---- */

/* A load by digest alone has no image: nothing may say where it lies. */
static enum xencoproc_status
check_digest_only(const struct coproc_request *r)
{
	if (r->u.fw_load.buffer != XENCOPROC_NONE || r->u.fw_load.offset != 0 ||
	    r->u.fw_load.length != 0 || r->u.fw_load.sig_offset != 0 ||
	    r->u.fw_load.sig_length != 0)
		return BAD_FIELD;
	return OK;
}

static enum xencoproc_status
check_image(const struct coproc_request *r, const struct coproc_limits *limits)
{
	uint32_t sig_length = r->u.fw_load.sig_length;

	if (r->u.fw_load.length == 0)
		return BAD_FIELD;
	/* No signature is length 0, and that has one spelling. */
	if (sig_length != 0 && sig_length != SIGNATURE_SIZE)
		return BAD_FIELD;
	if (sig_length == 0 && r->u.fw_load.sig_offset != 0)
		return BAD_FIELD;
	if (beyond_any_buffer(r->u.fw_load.offset, r->u.fw_load.length) ||
	    beyond_any_buffer(r->u.fw_load.sig_offset, sig_length))
		return BAD_RANGE;
	return r->u.fw_load.length > limits->max_firmware_bytes ? NO_QUOTA : OK;
}

static enum xencoproc_status
check_fw_load(const struct coproc_request *r, const struct coproc_limits *limits)
{
	bool digest_only = (r->flags & XENCOPROC_FW_F_DIGEST_ONLY) != 0;

	if (digest_only && !has(limits, COPROC_FEATURE_DIGEST_LOAD))
		return NOT_SUPPORTED;
	if ((r->u.fw_load.sig_offset != 0 || r->u.fw_load.sig_length != 0) &&
	    !has(limits, COPROC_FEATURE_SIGNATURE))
		return NOT_SUPPORTED;
	if (r->u.fw_load.firmware >= limits->max_firmware)
		return BAD_OBJECT;
	if (!digest_only && r->u.fw_load.buffer >= limits->max_buffers)
		return BAD_OBJECT;
	if (r->u.fw_load.kind < XENCOPROC_FW_KIND_ELF || r->u.fw_load.kind > XENCOPROC_FW_KIND_ONNX)
		return BAD_FIELD;
	return digest_only ? check_digest_only(r) : check_image(r, limits);
}

static enum xencoproc_status
decode_fw_load(const struct xencoproc_sqe_fw_load *m,
	       const struct coproc_limits *limits, struct coproc_request *r)
{
	r->u.fw_load.firmware = wire32(m->firmware);
	r->u.fw_load.kind = wire32(m->kind);
	r->u.fw_load.buffer = wire32(m->buffer);
	r->u.fw_load.offset = wire32(m->offset);
	r->u.fw_load.length = wire32(m->length);
	r->u.fw_load.sig_offset = wire32(m->sig_offset);
	r->u.fw_load.sig_length = wire32(m->sig_length);
	memcpy(r->u.fw_load.sha256, m->sha256, sizeof(m->sha256));
	if (m->reserved0 != 0 || !all_zero(m->reserved1, sizeof(m->reserved1)))
		return BAD_FIELD;
	return check_fw_load(r, limits);
}

static enum xencoproc_status
decode_fw_unload(const struct xencoproc_sqe_fw_unload *m,
		 const struct coproc_limits *limits, struct coproc_request *r)
{
	r->u.fw_unload.firmware = wire32(m->firmware);
	if (!all_zero(m->reserved, sizeof(m->reserved)))
		return BAD_FIELD;
	return r->u.fw_unload.firmware < limits->max_firmware ? OK : BAD_OBJECT;
}

/* ---- cancel and query ---- */

/* Whether the target exists, slot included, is for the queue that it names:
 * NOT_FOUND from there, because a job may end before its cancel arrives. */
static enum xencoproc_status
decode_cancel(const struct xencoproc_sqe_cancel *m,
	      const struct coproc_limits *limits, struct coproc_request *r)
{
	r->u.cancel.queue = wire32(m->queue);
	r->u.cancel.target_slot = wire16(m->target_slot);
	r->u.cancel.target_id = wire64(m->target_id);
	if (m->reserved0 != 0 || !all_zero(m->reserved1, sizeof(m->reserved1)))
		return BAD_FIELD;
	return is_job_queue(limits, r->u.cancel.queue) ? OK : BAD_OBJECT;
}

static enum xencoproc_status
check_query_object(uint32_t what, uint32_t object,
		   const struct coproc_limits *limits)
{
	switch (what) {
	case XENCOPROC_QUERY_QUEUE:
		return is_job_queue(limits, object) ? OK : BAD_OBJECT;
	case XENCOPROC_QUERY_CONTEXT:
	case XENCOPROC_QUERY_TIMELINE:
		return object < limits->max_contexts ? OK : BAD_OBJECT;
	case XENCOPROC_QUERY_BUFFER:
		return object < limits->max_buffers ? OK : BAD_OBJECT;
	case XENCOPROC_QUERY_FIRMWARE:
		return object < limits->max_firmware ? OK : BAD_OBJECT;
	case XENCOPROC_QUERY_DEVICE:
	case XENCOPROC_QUERY_EVENTS_LOST:
	case XENCOPROC_QUERY_WEIGHT:
		return object == 0 ? OK : BAD_FIELD;
	default:
		return BAD_FIELD;
	}
}

static enum xencoproc_status
decode_query(const struct xencoproc_sqe_query *m,
	     const struct coproc_limits *limits, struct coproc_request *r)
{
	r->u.query.what = wire32(m->what);
	r->u.query.object = wire32(m->object);
	if (!all_zero(m->reserved, sizeof(m->reserved)))
		return BAD_FIELD;
	return check_query_object(r->u.query.what, r->u.query.object, limits);
}

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

enum { ON_CONTROL = 1, ON_JOB = 2 };

static const struct {
	uint16_t flags;         /* that the operation knows */
	uint16_t where;         /* the kinds of queue that it may come on; 0: no operation */
} rules[] = {
	[XENCOPROC_OP_NOP] = { 0, ON_CONTROL | ON_JOB },
	[XENCOPROC_OP_QUEUE_OPEN] = { 0, ON_CONTROL },
	[XENCOPROC_OP_QUEUE_CLOSE] = { 0, ON_CONTROL },
	[XENCOPROC_OP_CTX_CREATE] = { 0, ON_CONTROL },
	[XENCOPROC_OP_CTX_DESTROY] = { 0, ON_CONTROL },
	[XENCOPROC_OP_BUF_REGISTER] = { 0, ON_CONTROL },
	[XENCOPROC_OP_BUF_RELEASE] = { 0, ON_CONTROL },
	[XENCOPROC_OP_FW_LOAD] = { XENCOPROC_FW_F_DIGEST_ONLY, ON_CONTROL },
	[XENCOPROC_OP_FW_UNLOAD] = { 0, ON_CONTROL },
	[XENCOPROC_OP_CANCEL] = { 0, ON_CONTROL },
	[XENCOPROC_OP_CTX_SIGNAL] = { 0, ON_CONTROL },
	[XENCOPROC_OP_QUERY] = { 0, ON_CONTROL },
	[XENCOPROC_OP_JOB] = { XENCOPROC_JOB_F_WAIT | XENCOPROC_JOB_F_SIGNAL |
			       XENCOPROC_JOB_F_TABLE | XENCOPROC_JOB_F_RESTARTABLE, ON_JOB },
};

/* Steps 1 to 4, as far as they are the same for every operation. */
static enum xencoproc_status
check_header(const struct xencoproc_sqe *sqe, bool control,
	     const struct coproc_request *r)
{
	if (r->op >= sizeof(rules) / sizeof(rules[0]) || rules[r->op].where == 0)
		return BAD_OP;
	if ((rules[r->op].where & (control ? ON_CONTROL : ON_JOB)) == 0)
		return BAD_OP;
	if ((r->flags & ~(uint32_t)rules[r->op].flags) != 0 || sqe->h.reserved != 0)
		return BAD_FIELD;
	return OK;
}

/* Every operation but JOB. */
static wire_rare enum xencoproc_status
decode_other(const struct xencoproc_sqe *sqe, bool control,
	     const struct coproc_limits *limits, struct coproc_request *request)
{
	const void *m = sqe;
	enum xencoproc_status found;

	request->op = wire16(sqe->h.op);
	request->flags = wire16(sqe->h.flags);
	request->slot = wire16(sqe->h.slot);
	request->reserved = 0;
	request->id = wire64(sqe->h.id);
	found = check_header(sqe, control, request);
	if (found != OK)
		return found;
	switch (request->op) {
	case XENCOPROC_OP_QUEUE_OPEN:
		return decode_queue_open(m, limits, request);
	case XENCOPROC_OP_QUEUE_CLOSE:
		return decode_queue_close(m, limits, request);
	case XENCOPROC_OP_CTX_CREATE:
		return decode_ctx_create(m, limits, request);
	case XENCOPROC_OP_CTX_DESTROY:
		return decode_ctx_destroy(m, limits, request);
	case XENCOPROC_OP_BUF_REGISTER:
		return decode_buf_register(m, limits, request);
	case XENCOPROC_OP_BUF_RELEASE:
		return decode_buf_release(m, limits, request);
	case XENCOPROC_OP_FW_LOAD:
		return decode_fw_load(m, limits, request);
	case XENCOPROC_OP_FW_UNLOAD:
		return decode_fw_unload(m, limits, request);
	case XENCOPROC_OP_CANCEL:
		return decode_cancel(m, limits, request);
	case XENCOPROC_OP_CTX_SIGNAL:
		return decode_ctx_signal(m, limits, request);
	case XENCOPROC_OP_QUERY:
		return decode_query(m, limits, request);
	default: /* NOP; no JOB comes this far */
		return all_zero(sqe->body, sizeof(sqe->body)) ? OK : BAD_FIELD;
	}
}

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
	return decode_other(sqe, control, limits, request);
}
