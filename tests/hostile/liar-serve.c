// SPDX-License-Identifier: MIT
/* What the liar answers. */
#include <stdlib.h>
#include <string.h>

#include "liar.h"
#include "libcoproc-ring/message.h"
#include "libcoproc-ring/wire.h"

static const struct coproc_limits limits = {
	.max_queues = 4, .max_ring_order = 9, .max_contexts = 16, .max_buffers = LIAR_BUFFERS,
	.max_pages = 8192, .max_firmware = 8, .max_firmware_bytes = 1048576,
	.max_operands = 64, .max_run_limit_us = 1000000, .max_class = 1,
};

void liar_forge(struct liar *l, uint32_t queue, const struct xencoproc_cqe *cqe)
{
	struct coproc_ring *cq = &l->queue[queue].ring.cq;

	coproc_ring_consumed(&l->queue[queue].ring.sq);
	coproc_ring_put(cq, cqe);
	coproc_ring_publish(cq);
	liar_notify(l);
}

void liar_event(struct liar *l, const struct xencoproc_event *event)
{
	coproc_ring_put(&l->event_ring, event);
	coproc_ring_publish(&l->event_ring);
	liar_notify(l);
}

static void publish(struct liar *l, uint32_t queue)
{
	if (coproc_server_publish(&l->queue[queue].ring))
		liar_notify(l);
}

void liar_answer(struct liar *l, const struct liar_held *held, uint16_t status, uint64_t result)
{
	struct coproc_completion c = { .slot = held->slot, .status = status, .result = result };

	if (!l->queue[held->queue].open)
		return;
	coproc_server_complete(&l->queue[held->queue].ring, &c);
	publish(l, held->queue);
}

static uint16_t queue_open(struct liar *l, const struct coproc_request *r)
{
	uint32_t number = r->u.queue_open.queue;
	struct liar_queue *q = &l->queue[number];

	if (q->open)
		return XENCOPROC_IN_USE;
	memset(q, 0, sizeof(*q));
	q->order = r->u.queue_open.order;
	q->sq = liar_map(l, "sq", r->u.queue_open.sq_ref, XENCOPROC_SQ_PAGES(q->order), false);
	q->cq = liar_map(l, "cq", r->u.queue_open.cq_ref, XENCOPROC_CQ_PAGES(q->order), true);
	if (!q->sq || !q->cq) {         /* the guest was faster in giving up */
		liar_let_go(l, q->sq, XENCOPROC_SQ_PAGES(q->order));
		liar_let_go(l, q->cq, XENCOPROC_CQ_PAGES(q->order));
		return XENCOPROC_BAD_GRANT;
	}
	coproc_server_init(&q->ring, l->be, l->fe, number, q->order, q->sq, q->cq, q->live);
	q->open = true;
	return XENCOPROC_OK;
}

static uint16_t buf_register(struct liar *l, const struct coproc_request *r)
{
	struct liar_kept *b = &l->buffer[r->u.buf_register.buffer];
	uint32_t pages = r->u.buf_register.pages;
	uint32_t *dir = liar_map(l, "directory", r->u.buf_register.dir_ref, r->u.buf_register.dirs,
				 false);
	uint32_t *refs = calloc(pages, sizeof(*refs));

	if (!dir || !refs || b->at) {
		liar_let_go(l, dir, r->u.buf_register.dirs);
		free(refs);
		return XENCOPROC_BAD_GRANT;
	}
	for (uint32_t i = 0; i < pages; i++)
		refs[i] = wire32(dir[i]);
	liar_let_go(l, dir, r->u.buf_register.dirs);
	b->pages = pages;
	b->at = liar_map(l, "buffer", refs, pages, r->u.buf_register.access & XENCOPROC_ACCESS_WRITE);
	free(refs);
	return b->at ? XENCOPROC_OK : XENCOPROC_BAD_GRANT;
}

/* Ends held jobs: one, or all of a queue. */
static uint16_t end_held(struct liar *l, uint32_t queue, bool all, uint64_t id)
{
	uint16_t status = XENCOPROC_NOT_FOUND;
	unsigned int i = 0;

	while (i < l->nheld) {
		if (l->held[i].queue != queue || (!all && l->held[i].id != id)) {
			i++;
			continue;
		}
		liar_answer(l, &l->held[i], XENCOPROC_CANCELLED, 0);
		l->held[i] = l->held[--l->nheld];
		status = XENCOPROC_OK;
	}
	return status;
}

static uint16_t queue_close(struct liar *l, uint32_t number)
{
	struct liar_queue *q = &l->queue[number];

	end_held(l, number, true, 0);
	if (!q->open)
		return XENCOPROC_BAD_OBJECT;
	q->open = false;
	liar_let_go(l, q->sq, XENCOPROC_SQ_PAGES(q->order));
	liar_let_go(l, q->cq, XENCOPROC_CQ_PAGES(q->order));
	return XENCOPROC_OK;
}

static uint16_t honest_answer(struct liar *l, const struct coproc_request *r, uint64_t *result)
{
	switch (r->op) {
	case XENCOPROC_OP_QUEUE_OPEN:
		return queue_open(l, r);
	case XENCOPROC_OP_QUEUE_CLOSE:
		return queue_close(l, r->u.queue_close.queue);
	case XENCOPROC_OP_BUF_REGISTER:
		return buf_register(l, r);
	case XENCOPROC_OP_BUF_RELEASE:
		liar_let_go(l, l->buffer[r->u.buf_release.buffer].at,
			    l->buffer[r->u.buf_release.buffer].pages);
		l->buffer[r->u.buf_release.buffer].at = NULL;
		return XENCOPROC_OK;
	case XENCOPROC_OP_CANCEL:
		return end_held(l, r->u.cancel.queue, false, r->u.cancel.target_id);
	case XENCOPROC_OP_CTX_SIGNAL:
		l->timeline = r->u.ctx_signal.value;
		return XENCOPROC_OK;
	case XENCOPROC_OP_QUERY:
		*result = r->u.query.what == XENCOPROC_QUERY_TIMELINE ? l->timeline : 1;
		return XENCOPROC_OK;
	default:
		return XENCOPROC_OK;
	}
}

static void one(struct liar *l, uint32_t queue, const struct xencoproc_sqe *sqe)
{
	struct coproc_request r;
	struct liar_held held = { .queue = queue };
	uint16_t status = (uint16_t)coproc_request_decode(sqe, queue == 0, &limits, &r);
	enum liar_does does = l->request ? l->request(l, queue, &r) : LIAR_HONEST;
	uint64_t result = 0;

	held.slot = r.slot;
	held.id = r.id;
	if (does == LIAR_SILENT)
		return;
	/* Jobs of entry 9 wait to be cancelled. */
	if (does == LIAR_HOLD || (status == XENCOPROC_OK && r.op == XENCOPROC_OP_JOB &&
				  r.u.job.entry == 9)) {
		if (l->nheld < 64)
			l->held[l->nheld++] = held;
		return;
	}
	if (status == XENCOPROC_OK)
		status = honest_answer(l, &r, &result);
	liar_answer(l, &held, status, result);
}

void liar_serve(struct liar *l)
{
	_Alignas(16) struct xencoproc_sqe sqe;

	/* Job queues first: what was published before a CANCEL counts (B-CANCEL-2). */
	for (uint32_t i = LIAR_QUEUES; i-- > 0;) {
		struct liar_queue *q = &l->queue[i];

		while (q->open && l->fe && coproc_server_take(&q->ring, &sqe) > 0)
			one(l, i, &sqe);
		if (!q->open || !l->fe)
			continue;
		coproc_server_consumed(&q->ring);
		coproc_server_arm(&q->ring);
	}
}
