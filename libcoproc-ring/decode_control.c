// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The requests that are no jobs: those of the control queue, and NOP.  decode.c
 * has the order of the steps.
 */
#include "decode.h"

#define SIGNATURE_SIZE  64u     /* Ed25519 */

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

/* Job queues count from 1; the control queue is no object. */
static bool is_job_queue(const struct coproc_limits *limits, uint32_t queue)
{
	return queue != XENCOPROC_QUEUE_CONTROL && queue <= limits->max_queues &&
	       queue <= XENCOPROC_QUEUE_MAX;
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

wire_rare enum xencoproc_status
coproc_decode_other(const struct xencoproc_sqe *sqe, bool control,
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
