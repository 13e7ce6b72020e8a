// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Host form to wire form for every message, and back for the small ones.
 * Submissions are decoded in decode.c, because decoding them is validating.
 *
 * A submission is one piece of memory seen as the structure that its op says.
 * The casts are sound under type-based aliasing too: whatever else touches
 * those bytes does it as characters or through a may_alias type (wire.h).
 */
#include "completion.h"
#include "message.h"
#include "ring.h"
#include "wire.h"

uint16_t coproc_sqe_slot(const struct xencoproc_sqe *sqe)
{
	return wire16(sqe->h.slot);
}

uint64_t coproc_sqe_id(const struct xencoproc_sqe *sqe)
{
	return wire64(sqe->h.id);
}

/* ---- submissions ---- */

static void encode_refs(uint32_t *wire, const uint32_t *refs, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		wire[i] = wire32(refs[i]);
}

static void encode_queue_open(const struct coproc_request *r, struct xencoproc_sqe_queue_open *m)
{
	m->queue = wire32(r->u.queue_open.queue);
	m->qclass = wire16((uint16_t)r->u.queue_open.qclass);
	m->order = wire16((uint16_t)r->u.queue_open.order);
	m->event_channel = wire32(r->u.queue_open.event_channel);
	m->journal_ref = wire32(r->u.queue_open.journal_ref);
	encode_refs(m->sq_ref, r->u.queue_open.sq_ref, XENCOPROC_SQ_PAGES_MAX);
	encode_refs(m->cq_ref, r->u.queue_open.cq_ref, XENCOPROC_CQ_PAGES_MAX);
}

static void encode_buf_register(const struct coproc_request *r,
				struct xencoproc_sqe_buf_register *m)
{
	m->buffer = wire32(r->u.buf_register.buffer);
	m->pages = wire32(r->u.buf_register.pages);
	m->access = wire16((uint16_t)r->u.buf_register.access);
	m->dirs = wire16((uint16_t)r->u.buf_register.dirs);
	encode_refs(m->dir_ref, r->u.buf_register.dir_ref, XENCOPROC_DIRS_MAX);
}

static void encode_fw_load(const struct coproc_request *r, struct xencoproc_sqe_fw_load *m)
{
	m->firmware = wire32(r->u.fw_load.firmware);
	m->kind = wire32(r->u.fw_load.kind);
	m->buffer = wire32(r->u.fw_load.buffer);
	m->offset = wire32(r->u.fw_load.offset);
	m->length = wire32(r->u.fw_load.length);
	m->sig_offset = wire32(r->u.fw_load.sig_offset);
	m->sig_length = wire32(r->u.fw_load.sig_length);
	memcpy(m->sha256, r->u.fw_load.sha256, sizeof(m->sha256));
}

/* The fields of a job that are neither header nor operands lie in both forms
 * alike (decode.c asserts it): one copy, or each field swapped. */
static inline void encode_job_fields(const struct coproc_request *r, struct xencoproc_sqe_job *m)
{
	if (!COPROC_WIRE_SWAP) {
		memcpy(&m->context, &r->u.job, offsetof(struct xencoproc_sqe_job, operand) -
		       offsetof(struct xencoproc_sqe_job, context));
		m->reserved0 = 0;
		return;
	}
	m->context = wire32(r->u.job.context);
	m->firmware = wire32(r->u.job.firmware);
	m->entry = wire32(r->u.job.entry);
	m->run_limit_us = wire32(r->u.job.run_limit_us);
	m->start_limit_us = wire32(r->u.job.start_limit_us);
	m->operands = wire16(r->u.job.operands);
	m->priority = r->u.job.priority;
	m->reserved0 = 0;
	m->immediate = wire64(r->u.job.immediate);
	m->wait_context = wire32(r->u.job.wait_context);
	m->wait_device = wire32(r->u.job.wait_device);
	m->wait_value = wire64(r->u.job.wait_value);
	m->signal_value = wire64(r->u.job.signal_value);
}

static inline void encode_operand(const struct coproc_operand *operand,
				  struct xencoproc_operand *wire)
{
	wire->buffer = wire16(operand->buffer);
	wire->access = wire16(operand->access);
	wire->offset = wire32(operand->offset);
	wire->length = wire32(operand->length);
}

void coproc_operand_encode(const struct coproc_operand *operand, struct xencoproc_operand *wire)
{
	encode_operand(operand, wire);
}

static void encode_job(const struct coproc_request *r, struct xencoproc_sqe_job *m)
{
	unsigned int i;

	memset(m->operand, 0, sizeof(*m) - offsetof(struct xencoproc_sqe_job, operand));
	encode_job_fields(r, m);
	/* Those beyond the count stay zero, whatever the caller left there. */
	for (i = 0; i < XENCOPROC_INLINE_OPERANDS && i < r->u.job.operands; i++)
		encode_operand(&r->u.job.operand[i], &m->operand[i]);
}

static void encode_cancel(const struct coproc_request *r, struct xencoproc_sqe_cancel *m)
{
	m->queue = wire32(r->u.cancel.queue);
	m->target_slot = wire16(r->u.cancel.target_slot);
	m->target_id = wire64(r->u.cancel.target_id);
}

/* The operations that name one object, and little else. */
static void encode_small(const struct coproc_request *r, struct xencoproc_sqe *sqe)
{
	switch (r->op) {
	case XENCOPROC_OP_QUEUE_CLOSE:
		((struct xencoproc_sqe_queue_close *)sqe)->queue = wire32(r->u.queue_close.queue);
		break;
	case XENCOPROC_OP_CTX_CREATE:
		((struct xencoproc_sqe_ctx_create *)sqe)->context = wire32(r->u.ctx_create.context);
		((struct xencoproc_sqe_ctx_create *)sqe)->save_buffer = wire32(r->u.ctx_create.save_buffer);
		break;
	case XENCOPROC_OP_CTX_DESTROY:
		((struct xencoproc_sqe_ctx_destroy *)sqe)->context = wire32(r->u.ctx_destroy.context);
		break;
	case XENCOPROC_OP_BUF_RELEASE:
		((struct xencoproc_sqe_buf_release *)sqe)->buffer = wire32(r->u.buf_release.buffer);
		break;
	case XENCOPROC_OP_FW_UNLOAD:
		((struct xencoproc_sqe_fw_unload *)sqe)->firmware = wire32(r->u.fw_unload.firmware);
		break;
	case XENCOPROC_OP_CTX_SIGNAL:
		((struct xencoproc_sqe_ctx_signal *)sqe)->context = wire32(r->u.ctx_signal.context);
		((struct xencoproc_sqe_ctx_signal *)sqe)->value = wire64(r->u.ctx_signal.value);
		break;
	case XENCOPROC_OP_QUERY:
		((struct xencoproc_sqe_query *)sqe)->what = wire32(r->u.query.what);
		((struct xencoproc_sqe_query *)sqe)->object = wire32(r->u.query.object);
		break;
	default:
		break;
	}
}

static wire_rare void encode_other(const struct coproc_request *request, struct xencoproc_sqe *sqe)
{
	memset(sqe->body, 0, sizeof(sqe->body));
	switch (request->op) {
	case XENCOPROC_OP_QUEUE_OPEN:
		encode_queue_open(request, (struct xencoproc_sqe_queue_open *)sqe);
		break;
	case XENCOPROC_OP_BUF_REGISTER:
		encode_buf_register(request, (struct xencoproc_sqe_buf_register *)sqe);
		break;
	case XENCOPROC_OP_FW_LOAD:
		encode_fw_load(request, (struct xencoproc_sqe_fw_load *)sqe);
		break;
	case XENCOPROC_OP_CANCEL:
		encode_cancel(request, (struct xencoproc_sqe_cancel *)sqe);
		break;
	default:
		encode_small(request, sqe);
		break;
	}
}

void coproc_request_encode(const struct coproc_request *request, struct xencoproc_sqe *sqe)
{
	sqe->h.op = wire16(request->op);
	sqe->h.flags = wire16(request->flags);
	sqe->h.slot = wire16(request->slot);
	sqe->h.reserved = 0;
	sqe->h.id = wire64(request->id);
	if (request->op == XENCOPROC_OP_JOB)
		encode_job(request, (struct xencoproc_sqe_job *)sqe);
	else
		encode_other(request, sqe);
}

/* ---- completions ---- */

void coproc_completion_encode(const struct coproc_completion *completion, struct xencoproc_cqe *cqe)
{
	completion_to_wire(completion, completion->id, cqe);
}

int coproc_completion_decode(const struct xencoproc_cqe *cqe, struct coproc_completion *completion)
{
	memcpy(completion, cqe, sizeof(*completion));
	completion_to_host(completion);
	return (int)completion_check(completion);
}

/* ---- events ---- */

void coproc_notice_encode(const struct coproc_notice *notice, struct xencoproc_event *event)
{
	event->sequence = wire32(notice->sequence);
	event->lost = wire32(notice->lost);
	event->type = wire16(notice->type);
	event->status = wire16(notice->status);
	event->object = wire32(notice->object);
	event->value = wire64(notice->value);
	event->reserved = 0;
}

int coproc_notice_decode(const struct xencoproc_event *event, struct coproc_notice *notice)
{
	notice->sequence = wire32(event->sequence);
	notice->lost = wire32(event->lost);
	notice->type = wire16(event->type);
	notice->status = wire16(event->status);
	notice->object = wire32(event->object);
	notice->value = wire64(event->value);
	if (event->reserved != 0)
		return COPROC_BROKEN_RESERVED;
	if (notice->type < XENCOPROC_EVENT_DEVICE || notice->type > XENCOPROC_EVENT_LIMITS ||
	    !status_exists(notice->status))
		return COPROC_BROKEN_STATUS;
	/* An enumeration: a frontend may keep it in a table of its own. */
	if (notice->type == XENCOPROC_EVENT_DEVICE &&
	    (notice->value < XENCOPROC_DEVICE_RUNNING || notice->value > XENCOPROC_DEVICE_STOPPED))
		return COPROC_BROKEN_STATUS;
	return COPROC_NOT_BROKEN;
}
