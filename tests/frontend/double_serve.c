// SPDX-License-Identifier: MIT
/*
 * What the double answers.  Jobs: entry 0 copies piece 0 to piece 1 and gives
 * its length, entry 1 gives the immediate + 1, entry 2 fails with code 7,
 * entry 3 gives the sum of the lengths of its pieces, entry 9 waits to be
 * cancelled.
 */
#include <string.h>

#include "double_private.h"
#include "libcoproc-ring/wire.h"

static const struct coproc_limits limits = {
	.max_queues = 4, .max_ring_order = 9, .max_contexts = 64, .max_buffers = BUFFERS,
	.max_pages = 8192, .max_firmware = 8, .max_firmware_bytes = 1048576,
	.max_operands = 64, .max_run_limit_us = 1000000, .max_class = 1,
};

void double_queue_close(struct backend_double *d, uint32_t index)
{
	struct double_queue *q = &d->queue[index];

	if (!q->open)
		return;
	q->open = false;
	xengnttab_unmap(d->gnttab, q->sq, XENCOPROC_SQ_PAGES(q->order));
	xengnttab_unmap(d->gnttab, q->cq, XENCOPROC_CQ_PAGES(q->order));
	if (q->port >= 0)
		xenevtchn_unbind(d->evtchn, (evtchn_port_t)q->port);
}

void double_buffer_close(struct backend_double *d, uint32_t index)
{
	struct double_buffer *b = &d->buffer[index];

	if (b->data)
		xengnttab_unmap(d->gnttab, b->data, b->pages);
	b->data = NULL;
}

static uint16_t queue_open(struct backend_double *d, struct coproc_request *r)
{
	struct double_queue *q = &d->queue[r->u.queue_open.queue];

	if (q->open)
		return XENCOPROC_IN_USE;
	memset(q, 0, sizeof(*q));
	q->order = r->u.queue_open.order;
	q->sq = double_map(d, r->u.queue_open.sq_ref, XENCOPROC_SQ_PAGES(q->order), false);
	q->cq = double_map(d, r->u.queue_open.cq_ref, XENCOPROC_CQ_PAGES(q->order), true);
	if (!q->sq || !q->cq)
		return XENCOPROC_BAD_GRANT;
	q->port = -1;
	if (r->u.queue_open.event_channel)
		q->port = xenevtchn_bind_interdomain(d->evtchn, d->domid,
						     r->u.queue_open.event_channel);
	coproc_server_init(&q->ring, d->be_index, d->fe_index, r->u.queue_open.queue, q->order,
			   q->sq, q->cq, q->live);
	q->open = true;
	return XENCOPROC_OK;
}

static uint16_t buf_register(struct backend_double *d, struct coproc_request *r)
{
	static uint32_t refs[XENCOPROC_BUF_PAGES_MAX];
	struct double_buffer *b = &d->buffer[r->u.buf_register.buffer];
	uint32_t *dir = double_map(d, r->u.buf_register.dir_ref, r->u.buf_register.dirs, false);
	uint32_t i;

	if (b->data)
		return XENCOPROC_IN_USE;
	if (!dir)
		return XENCOPROC_BAD_GRANT;
	for (i = 0; i < r->u.buf_register.dirs * XENCOPROC_DIR_ENTRIES; i++)
		if (i < r->u.buf_register.pages)
			refs[i] = wire32(dir[i]);
		else if (dir[i] != XENCOPROC_GREF_NONE)
			return XENCOPROC_BAD_FIELD;
	xengnttab_unmap(d->gnttab, dir, r->u.buf_register.dirs);
	b->pages = r->u.buf_register.pages;
	b->access = r->u.buf_register.access;
	b->data = double_map(d, refs, b->pages, b->access & XENCOPROC_ACCESS_WRITE);
	return b->data ? XENCOPROC_OK : XENCOPROC_BAD_GRANT;
}

static void answer(struct backend_double *d, uint32_t queue, uint16_t slot, uint16_t status,
		   uint64_t result)
{
	struct coproc_completion c = { .slot = slot, .status = status, .result = result,
				       .flags = XENCOPROC_CQE_F_STARTED };

	if (status >= XENCOPROC_BAD_OP || queue == 0)
		c.flags = 0;
	coproc_server_complete(&d->queue[queue].ring, &c);
}

static void publish(struct backend_double *d, uint32_t queue)
{
	struct double_queue *q = &d->queue[queue];

	if (coproc_server_publish(&q->ring))
		xenevtchn_notify(d->evtchn, queue && q->port >= 0 ? (evtchn_port_t)q->port :
								   d->port);
}

static void serve_queue(struct backend_double *d, uint32_t queue);

/* Ends held jobs: the one that is named, or all of a queue. */
static uint16_t cancel(struct backend_double *d, uint32_t queue, bool all, uint16_t slot,
		       uint64_t id)
{
	uint16_t status = XENCOPROC_NOT_FOUND;
	unsigned int i = 0;

	/* What was published before the CANCEL counts (B-CANCEL-2). */
	serve_queue(d, queue);
	while (i < d->held) {
		if (d->hold[i].queue != queue ||
		    (!all && (d->hold[i].slot != slot || d->hold[i].id != id))) {
			i++;
			continue;
		}
		answer(d, queue, d->hold[i].slot, XENCOPROC_CANCELLED, 0);
		d->hold[i] = d->hold[--d->held];
		status = XENCOPROC_OK;
	}
	publish(d, queue);
	return status;
}

static uint16_t control(struct backend_double *d, struct coproc_request *r, uint64_t *result)
{
	bool deny = d->what->lie == LIE_DENY ||
		    (d->what->lie == LIE_REFUSE_SECOND && d->connections == 2);

	switch (r->op) {
	case XENCOPROC_OP_QUEUE_OPEN:
		return queue_open(d, r);
	case XENCOPROC_OP_QUEUE_CLOSE:
		cancel(d, r->u.queue_close.queue, true, 0, 0);
		double_queue_close(d, r->u.queue_close.queue);
		return XENCOPROC_OK;
	case XENCOPROC_OP_BUF_REGISTER:
		return buf_register(d, r);
	case XENCOPROC_OP_BUF_RELEASE:
		double_buffer_close(d, r->u.buf_release.buffer);
		return XENCOPROC_OK;
	case XENCOPROC_OP_CTX_CREATE:
		d->timeline[r->u.ctx_create.context] = 0;
		return deny ? XENCOPROC_NO_QUOTA : XENCOPROC_OK;
	case XENCOPROC_OP_FW_LOAD:
		*result = deny ? 42 : 0;
		return deny ? XENCOPROC_DENIED : XENCOPROC_OK;
	case XENCOPROC_OP_CANCEL:
		return cancel(d, r->u.cancel.queue, false, r->u.cancel.target_slot,
			      r->u.cancel.target_id);
	case XENCOPROC_OP_CTX_SIGNAL:
		if (d->timeline[r->u.ctx_signal.context] < r->u.ctx_signal.value)
			d->timeline[r->u.ctx_signal.context] = r->u.ctx_signal.value;
		return XENCOPROC_OK;
	case XENCOPROC_OP_QUERY:
		*result = r->u.query.what == XENCOPROC_QUERY_TIMELINE ?
			  d->timeline[r->u.query.object] : 1;
		return XENCOPROC_OK;
	default:
		return XENCOPROC_OK;
	}
}

static void event(struct backend_double *d, uint16_t type)
{
	struct coproc_notice notice = { .sequence = ++d->sequence, .lost = d->lost, .type = type,
					.value = type == 1 ? XENCOPROC_DEVICE_RUNNING : 0 };
	struct xencoproc_event wire;

	if (!coproc_ring_room(&d->event_ring)) {
		d->lost++;
		return;
	}
	coproc_notice_encode(&notice, &wire);
	coproc_ring_put(&d->event_ring, &wire);
	if (coproc_ring_publish(&d->event_ring))
		xenevtchn_notify(d->evtchn, d->port);
}

/* A completion that the library for servers would not send. */
static void forge(struct backend_double *d, uint32_t queue, struct coproc_completion *c)
{
	struct coproc_server_queue *ring = &d->queue[queue].ring;
	struct xencoproc_cqe cqe;

	coproc_completion_encode(c, &cqe);
	if (d->what->lie == LIE_RESERVED)
		cqe.reserved = 1;
	coproc_ring_put(&ring->cq, &cqe);
	coproc_ring_publish(&ring->cq);
	xenevtchn_notify(d->evtchn, d->port);
}

/* From what the frontend has seen by now: what was put is published first. */
static void jump(struct backend_double *d, uint32_t ring, uint32_t by)
{
	if (ring)
		coproc_server_publish(&d->queue[(ring - 3) / 2].ring);
	d->be_index[ring].index = wire32(wire32(d->be_index[ring].index) + by);
	xenevtchn_notify(d->evtchn, d->port);
	d->pause = 50;          /* the next true index would hide it */
}

/* The lie that is told instead of, or beside, the answer to a job. */
static void lie(struct backend_double *d, uint32_t queue, const struct coproc_request *r)
{
	struct coproc_completion c = { .slot = r->slot, .id = r->id };

	d->lied = true;
	switch (d->what->lie) {
	case LIE_WRONG_ID:
		c.id++;
		forge(d, queue, &c);
		break;
	case LIE_DEAD_SLOT:
		c.slot = (uint16_t)((r->slot + 7) % (1u << d->queue[queue].order));
		forge(d, queue, &c);
		break;
	case LIE_FAR_SLOT:
		c.slot = 60000;
		forge(d, queue, &c);
		break;
	case LIE_TWICE:
		forge(d, queue, &c);
		forge(d, queue, &c);
		break;
	case LIE_STATUS:
		c.status = 9;
		forge(d, queue, &c);
		break;
	case LIE_RESERVED:
		forge(d, queue, &c);
		break;
	case LIE_INDEX:
		jump(d, XENCOPROC_RING_CQ(queue), (1u << d->queue[queue].order) + 1);
		break;
	case LIE_INDEX_BACK:
		jump(d, XENCOPROC_RING_CQ(queue), -(1u << d->queue[queue].order) - 1);
		break;
	case LIE_EVENT_TYPE:
		event(d, 99);
		break;
	case LIE_EVENT_INDEX:
		jump(d, XENCOPROC_RING_EVENT, 1000);
		break;
	case LIE_SILENT:
		d->dead = true;
		d->successor_in = 400;
		break;
	case LIE_CLOSING:
		double_state(d, 5);
		answer(d, queue, r->slot, XENCOPROC_OK, 5);
		publish(d, queue);
		d->successor_in = 100;
		break;
	case LIE_CLOSED:
		double_state(d, 6);
		break;
	case LIE_RESTART:
	case LIE_REFUSE_SECOND:
		double_successor(d);
		break;
	case LIE_GARBAGE_STATE:
		double_state(d, 77);
		d->dead = true;
		d->successor_in = 50;
		break;
	case LIE_VANISH:
		double_remove(d);
		break;
	case LIE_SCRIBBLE:
		d->scribbling = true;
		d->lied = false;
		break;
	case LIE_FLAP:
		d->flapping = true;
		break;
	default:
		d->lied = false;
		break;
	}
}

static const struct double_buffer *operand(struct backend_double *d,
					   const struct coproc_operand *o, uint16_t *status)
{
	const struct double_buffer *b = &d->buffer[o->buffer];

	if (!b->data)
		*status = XENCOPROC_BAD_OBJECT;
	else if (*status == XENCOPROC_OK)
		*status = coproc_operand_inside(o, b->pages * 4096ul, b->access);
	return b;
}

static uint16_t sum_table(struct backend_double *d, const struct coproc_operand *table,
			  uint64_t *result)
{
	const struct xencoproc_operand *wire;
	struct coproc_operand o;
	uint16_t status = XENCOPROC_OK;
	uint32_t i;

	wire = (const void *)(operand(d, table, &status)->data + table->offset);
	for (i = 0; status == XENCOPROC_OK && i < table->length / sizeof(*wire); i++) {
		status = coproc_operand_decode(&wire[i], &limits, &o);
		if (status == XENCOPROC_OK)
			operand(d, &o, &status);
		*result += o.length;
	}
	return status;
}

static uint16_t run(struct backend_double *d, const struct coproc_request *r, uint64_t *result)
{
	const struct coproc_operand *o = r->u.job.operand;
	uint16_t status = XENCOPROC_OK;

	if (r->flags & XENCOPROC_JOB_F_SIGNAL)
		d->timeline[r->u.job.context] = r->u.job.signal_value;
	switch (r->u.job.entry) {
	case 0:
		*result = o[0].length < o[1].length ? o[0].length : o[1].length;
		operand(d, &o[0], &status);
		operand(d, &o[1], &status);
		if (status == XENCOPROC_OK)
			memcpy(d->buffer[o[1].buffer].data + o[1].offset,
			       d->buffer[o[0].buffer].data + o[0].offset, *result);
		return status;
	case 1:
		*result = r->u.job.immediate + 1;
		return XENCOPROC_OK;
	case 2:
		*result = 7;
		return XENCOPROC_FAILED;
	default:
		return sum_table(d, &o[0], result);
	}
}

static void job(struct backend_double *d, uint32_t queue, const struct coproc_request *r)
{
	uint64_t result = 0;
	uint16_t status;

	if (!d->lied && d->what->after && d->jobs++ == d->what->after) {
		lie(d, queue, r);
		if (d->lied)
			return;
	}
	if (r->u.job.entry == 9) {
		d->hold[d->held++] = (struct held_job){ queue, r->slot, r->id };
		return;
	}
	status = run(d, r, &result);
	answer(d, queue, r->slot, status, result);
}

/* A queue that a lie has just ended must not be touched any more. */
static void serve_queue(struct backend_double *d, uint32_t queue)
{
	struct double_queue *q = &d->queue[queue];
	unsigned int connection = d->connections;
	struct coproc_request r;
	struct xencoproc_sqe sqe;
	uint64_t result;
	uint16_t status;

	while (q->open && !d->dead && !d->pause && d->fe_index && connection == d->connections &&
	       coproc_server_take(&q->ring, &sqe) > 0) {
		coproc_server_consumed(&q->ring);
		status = (uint16_t)coproc_request_decode(&sqe, queue == 0, &limits, &r);
		result = 0;
		if (status == XENCOPROC_OK && r.op == XENCOPROC_OP_JOB) {
			job(d, queue, &r);
			continue;
		}
		if (status == XENCOPROC_OK)
			status = control(d, &r, &result);
		answer(d, queue, r.slot, status, result);
	}
	if (!q->open || d->dead || d->pause || !d->fe_index)
		return;
	publish(d, queue);
	coproc_server_arm(&q->ring);
}

static uint32_t random32(struct backend_double *d)
{
	d->seed = d->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(d->seed >> 32);
}

/* One word, somewhere; small numbers are likelier to look true. */
static void scribble(struct backend_double *d)
{
	static const uint32_t masks[] = { 0xffffffff, 0xffff, 0xff, 0x1f };
	uint32_t q = random32(d) % QUEUES;
	uint32_t *page[4] = { (uint32_t *)d->be_index, d->events, d->control_cq,
			      d->queue[q].open && q ? d->queue[q].cq : d->control_cq };
	uint32_t *at = page[random32(d) % 4] + random32(d) % 1024;

	/* Mostly an index or an event index of a ring that is in use. */
	if (random32(d) % 4 == 0)
		at = (uint32_t *)&d->be_index[random32(d) % 6] + random32(d) % 2;
	*at = random32(d) % 2 ? *at + random32(d) % 8 : random32(d) & masks[random32(d) % 4];
	xenevtchn_notify(d->evtchn, d->port);
}

void double_serve(struct backend_double *d)
{
	uint32_t i;

	if (d->scribbling && d->both && random32(d) % 8 == 0)
		scribble(d);
	if (d->pause)
		d->pause--;
	if (d->what->lie == LIE_CONTROL_SILENT)
		return;
	for (i = 0; i < QUEUES; i++)
		serve_queue(d, i);
	if (d->fe_index && d->what->lie == LIE_STORM)
		xenevtchn_notify(d->evtchn, d->port);
	if (d->fe_index && d->what->lie == LIE_EVENT_FLOOD && d->both)
		event(d, XENCOPROC_EVENT_LIMITS);
}
