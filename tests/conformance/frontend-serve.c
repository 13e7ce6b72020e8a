// SPDX-License-Identifier: MIT
/*
 * What the played backend answers, and what it remembers of objects and jobs
 * so as to see whether the frontend keeps their rules.
 *
 * Jobs: the result is the immediate value + 1, so that an answer that is given
 * to the wrong job shows.
 */
#include <stdlib.h>
#include <string.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"

#define PAGE            ((size_t)XENCOPROC_PAGE_SIZE)
/* A notification that is owed, by the time in which this side looked: that it
 * was kept from looking says nothing. */
#define LATE_US         1500000u
#define LOOKED_US       5000u           /* between two looks, at most */

/* ---- objects ---- */

/* The index that the completion of the request at hand will have. */
static uint32_t next_completion(const struct played *p)
{
	return p->queue[0].put;
}

/* F-CTRL-1: made, and the frontend has seen that it was. */
static void look_at_made(struct played *p, const char *what, uint32_t index, bool exists,
			 uint32_t made_at)
{
	uint32_t consumed = played_consumed(p, XENCOPROC_RING_CQ(0));

	if (!exists)
		played_fault(p, "F-CTRL-1", "a job names %s %u, which does not exist", what, index);
	else if ((int32_t)(consumed - made_at) <= 0)
		played_fault(p, "F-CTRL-1", "a job names %s %u; that it was made (completion %u) is "
			     "not consumed (index %u)", what, index, made_at, consumed);
}

void played_queue_end(struct played *p, struct played_queue *q)
{
	if (!q->open && !q->sq && !q->cq)
		return;
	if (p->keep) {
		watch_keep(p, q->sq, XENCOPROC_SQ_PAGES(q->order), false);
		watch_keep(p, q->cq, XENCOPROC_CQ_PAGES(q->order), true);
	} else {
		played_unmap(p, q->sq, XENCOPROC_SQ_PAGES(q->order));
		played_unmap(p, q->cq, XENCOPROC_CQ_PAGES(q->order));
	}
	if (q->port >= 0)
		xenevtchn_unbind(p->evtchn, (evtchn_port_t)q->port);
	memset(q, 0, sizeof(*q));
}

void played_buffer_end(struct played *p, struct played_buffer *b)
{
	if (b->data && p->keep && p->keep_buffers)
		watch_keep(p, b->data, b->pages, b->access & XENCOPROC_ACCESS_WRITE);
	else
		played_unmap(p, b->data, b->pages);
	free(b->refs);
	memset(b, 0, sizeof(*b));
}

/* F-PAGE-2: what is read-only by the table cannot be mapped writable. */
static void look_at_access(struct played *p, const char *what, const uint32_t *refs, uint32_t count)
{
	void *more = played_map(p, refs, count, true);

	if (!more)
		return;
	played_fault(p, "F-PAGE-2", "%s can be mapped writable", what);
	played_unmap(p, more, count);
}

static uint16_t queue_open(struct played *p, const struct coproc_request *r)
{
	struct played_queue *q = &p->queue[r->u.queue_open.queue];
	int port;

	if (q->open)
		return XENCOPROC_IN_USE;
	memset(q, 0, sizeof(*q));
	q->number = r->u.queue_open.queue;
	q->order = r->u.queue_open.order;
	q->entries = 1u << q->order;
	q->port = -1;
	memcpy(q->sq_ref, r->u.queue_open.sq_ref, sizeof(q->sq_ref));
	memcpy(q->cq_ref, r->u.queue_open.cq_ref, sizeof(q->cq_ref));
	look_at_access(p, "the SQ of a job queue", q->sq_ref, XENCOPROC_SQ_PAGES(q->order));
	q->sq = played_map(p, q->sq_ref, XENCOPROC_SQ_PAGES(q->order), false);
	q->cq = played_map(p, q->cq_ref, XENCOPROC_CQ_PAGES(q->order), true);
	if (r->u.queue_open.event_channel) {
		port = xenevtchn_bind_interdomain(p->evtchn, p->domid, r->u.queue_open.event_channel);
		q->port = port;
	}
	if (!q->sq || !q->cq || (r->u.queue_open.event_channel && q->port < 0)) {
		played_fault(p, "F-PAGE-2", "a grant or port of QUEUE_OPEN is refused");
		played_queue_end(p, q);
		return XENCOPROC_BAD_GRANT;
	}
	watch_queue(p, q);
	memset(&p->be[XENCOPROC_RING_SQ(q->number)], 0, sizeof(struct xencoproc_cell));
	memset(&p->be[XENCOPROC_RING_CQ(q->number)], 0, sizeof(struct xencoproc_cell));
	q->open = true;
	if (!p->polls)
		played_arm(p, q);
	return XENCOPROC_OK;
}

static uint16_t read_directories(struct played *p, const struct coproc_request *r,
				 struct played_buffer *b)
{
	uint32_t dirs = r->u.buf_register.dirs, i;
	uint32_t *entry = played_map(p, r->u.buf_register.dir_ref, dirs, false);
	bool bad = false;

	if (!entry)
		return XENCOPROC_BAD_GRANT;
	look_at_access(p, "a directory", r->u.buf_register.dir_ref, dirs);
	for (i = 0; i < dirs * XENCOPROC_DIR_ENTRIES; i++) {
		uint32_t ref = wire32(entry[i]);

		if (i < b->pages)
			b->refs[i] = ref;
		bad |= (ref == XENCOPROC_GREF_NONE) != (i >= b->pages);
	}
	played_unmap(p, entry, dirs);
	if (bad)
		played_fault(p, "F-MSG-1", "a directory has NONE among its pages, or more than that "
			     "behind them");
	return bad ? XENCOPROC_BAD_FIELD : XENCOPROC_OK;
}

static uint16_t buf_register(struct played *p, const struct coproc_request *r)
{
	struct played_buffer *b = &p->buffer[r->u.buf_register.buffer];
	bool writable = r->u.buf_register.access & XENCOPROC_ACCESS_WRITE;
	uint16_t status;

	if (b->exists)
		return XENCOPROC_IN_USE;
	b->pages = r->u.buf_register.pages;
	b->access = r->u.buf_register.access;
	b->refs = calloc(b->pages, sizeof(*b->refs));
	status = b->refs ? read_directories(p, r, b) : XENCOPROC_NO_MEMORY;
	if (status == XENCOPROC_OK) {
		if (!writable)
			look_at_access(p, "a page of a buffer with access READ", b->refs, 1);
		b->data = played_map(p, b->refs, b->pages, writable);
		if (!b->data) {
			played_fault(p, "F-PAGE-2", "pages of a buffer cannot be mapped%s",
				     writable ? " writable" : "");
			status = XENCOPROC_BAD_GRANT;
		}
	}
	if (status != XENCOPROC_OK) {
		played_buffer_end(p, b);
		return status;
	}
	b->exists = true;
	b->made_at = next_completion(p);
	watch_buffer(p, b);
	return status;
}

static uint16_t make_object(struct played *p, struct played_object *o)
{
	if (o->exists)
		return XENCOPROC_IN_USE;
	*o = (struct played_object){ .exists = true, .made_at = next_completion(p) };
	return XENCOPROC_OK;
}

static uint16_t end_object(struct played_object *o)
{
	uint16_t status = o->exists ? XENCOPROC_OK : XENCOPROC_BAD_OBJECT;

	o->exists = false;
	return status;
}

static uint16_t query(struct played *p, const struct coproc_request *r, uint64_t *result)
{
	uint32_t object = r->u.query.object;

	p->queries[r->u.query.what % 16]++;
	switch (r->u.query.what) {
	case XENCOPROC_QUERY_CONTEXT:
		*result = p->context[object].exists;
		break;
	case XENCOPROC_QUERY_TIMELINE:
		*result = p->context[object].timeline;
		return p->context[object].exists ? XENCOPROC_OK : XENCOPROC_BAD_OBJECT;
	case XENCOPROC_QUERY_BUFFER:
		*result = p->buffer[object].exists ? p->buffer[object].pages : 0;
		break;
	case XENCOPROC_QUERY_FIRMWARE:
		*result = p->firmware[object].exists;
		break;
	case XENCOPROC_QUERY_QUEUE:
		*result = p->queue[object].open ? p->queue[object].live + 1 : 0;
		break;
	case XENCOPROC_QUERY_EVENTS_LOST:
		*result = p->events_lost;
		break;
	case XENCOPROC_QUERY_WEIGHT:
		*result = 100;
		break;
	default:
		*result = XENCOPROC_DEVICE_RUNNING;
		break;
	}
	return XENCOPROC_OK;
}

/* ---- jobs ---- */

static void serve_queue(struct played *p, struct played_queue *q);

/* Ends what is held: one job, or all of a queue. */
static uint16_t cancel(struct played *p, uint32_t queue, bool all, uint16_t slot, uint64_t id)
{
	struct played_queue *q = &p->queue[queue];
	uint16_t status = XENCOPROC_NOT_FOUND;
	unsigned int i = 0;

	if (!q->open)
		return status;
	serve_queue(p, q);      /* B-CANCEL-2 */
	while (i < p->nheld) {
		const struct coproc_request *r = &p->held[i].request;

		if (p->held[i].queue != queue || (!all && (r->slot != slot || r->id != id))) {
			i++;
			continue;
		}
		played_complete(p, q, r->slot, XENCOPROC_CANCELLED, 0);
		memmove(&p->held[i], &p->held[i + 1], (--p->nheld - i) * sizeof(p->held[0]));
		status = XENCOPROC_OK;
	}
	played_publish(p, q);
	return status;
}

static void look_at_operand(struct played *p, const struct coproc_operand *o)
{
	const struct played_buffer *b = &p->buffer[o->buffer];

	look_at_made(p, "buffer", o->buffer, b->exists, b->made_at);
}

/* The table as it is when the job is admitted (B-JOB-1). */
static void look_at_table(struct played *p, const struct coproc_operand *table)
{
	const struct played_buffer *b = &p->buffer[table->buffer];
	struct xencoproc_operand wire;
	struct coproc_operand o;
	uint32_t at;

	if (!b->exists || coproc_operand_inside(table, b->pages * PAGE, b->access))
		return;
	for (at = 0; at < table->length; at += (uint32_t)sizeof(wire)) {
		memcpy(&wire, b->data + table->offset + at, sizeof(wire));
		if (coproc_operand_decode(&wire, &p->limits, &o))
			played_fault(p, "F-MSG-1", "operand %u of a table is not well-formed",
				     at / (unsigned int)sizeof(wire));
		else
			look_at_operand(p, &o);
	}
}

static void look_at_objects(struct played *p, const struct coproc_request *r)
{
	const struct played_object *o = &p->context[r->u.job.context];
	uint32_t i;

	look_at_made(p, "context", r->u.job.context, o->exists, o->made_at);
	o = &p->firmware[r->u.job.firmware];
	look_at_made(p, "firmware", r->u.job.firmware, o->exists, o->made_at);
	if (r->flags & XENCOPROC_JOB_F_WAIT) {
		o = &p->context[r->u.job.wait_context];
		look_at_made(p, "context", r->u.job.wait_context, o->exists, o->made_at);
	}
	for (i = 0; i < r->u.job.operands; i++)
		look_at_operand(p, &r->u.job.operand[i]);
	if (r->flags & XENCOPROC_JOB_F_TABLE)
		look_at_table(p, &r->u.job.operand[0]);
}

static void look_at_job(struct played *p, const struct played_queue *q,
			const struct coproc_request *r)
{
	look_at_objects(p, r);
	if (p->nlog < PLAYED_LOG)
		p->log[p->nlog++] = (struct played_job){
			.number = r->u.job.immediate, .connection = p->connections,
			.queue = q->number, .context = r->u.job.context, .flags = r->flags,
		};
}

static uint16_t run_job(struct played *p, const struct coproc_request *r, uint64_t *result)
{
	struct played_object *ctx = &p->context[r->u.job.context];

	if ((r->flags & XENCOPROC_JOB_F_SIGNAL) && ctx->timeline < r->u.job.signal_value)
		ctx->timeline = r->u.job.signal_value;
	*result = r->u.job.immediate + 1;
	return XENCOPROC_OK;
}

/* ---- answers ---- */

static uint16_t control(struct played *p, const struct coproc_request *r, uint64_t *result)
{
	switch (r->op) {
	case XENCOPROC_OP_QUEUE_OPEN:
		return queue_open(p, r);
	case XENCOPROC_OP_QUEUE_CLOSE:
		if (!p->queue[r->u.queue_close.queue].open)
			return XENCOPROC_BAD_OBJECT;
		cancel(p, r->u.queue_close.queue, true, 0, 0);
		played_queue_end(p, &p->queue[r->u.queue_close.queue]);
		return XENCOPROC_OK;
	case XENCOPROC_OP_CTX_CREATE:
		return make_object(p, &p->context[r->u.ctx_create.context]);
	case XENCOPROC_OP_CTX_DESTROY:
		return end_object(&p->context[r->u.ctx_destroy.context]);
	case XENCOPROC_OP_BUF_REGISTER:
		return buf_register(p, r);
	case XENCOPROC_OP_BUF_RELEASE:
		if (!p->buffer[r->u.buf_release.buffer].exists)
			return XENCOPROC_BAD_OBJECT;
		played_buffer_end(p, &p->buffer[r->u.buf_release.buffer]);
		return XENCOPROC_OK;
	case XENCOPROC_OP_FW_LOAD:
		return make_object(p, &p->firmware[r->u.fw_load.firmware]);
	case XENCOPROC_OP_FW_UNLOAD:
		return end_object(&p->firmware[r->u.fw_unload.firmware]);
	case XENCOPROC_OP_CANCEL:
		return cancel(p, r->u.cancel.queue, false, r->u.cancel.target_slot,
			      r->u.cancel.target_id);
	case XENCOPROC_OP_CTX_SIGNAL:
		if (!p->context[r->u.ctx_signal.context].exists)
			return XENCOPROC_BAD_OBJECT;
		if (p->context[r->u.ctx_signal.context].timeline < r->u.ctx_signal.value)
			p->context[r->u.ctx_signal.context].timeline = r->u.ctx_signal.value;
		return XENCOPROC_OK;
	case XENCOPROC_OP_QUERY:
		return query(p, r, result);
	default:
		return XENCOPROC_OK;
	}
}

void played_hold(struct played *p, const struct played_queue *q, const struct coproc_request *r)
{
	if (p->nheld < PLAYED_HELD)
		p->held[p->nheld++] = (struct played_held){ q->number, *r };
}

static void answer(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	uint64_t result = 0;
	uint16_t status = r->op == XENCOPROC_OP_JOB ? run_job(p, r, &result) :
						      control(p, r, &result);

	played_complete(p, q, r->slot, status, result);
}

void played_release(struct played *p, unsigned int i)
{
	struct played_held held = p->held[i];
	struct played_queue *q = &p->queue[held.queue];

	memmove(&p->held[i], &p->held[i + 1], (--p->nheld - i) * sizeof(p->held[0]));
	if (!q->open)
		return;
	answer(p, q, &held.request);
	played_publish(p, q);
}

void played_release_all(struct played *p)
{
	while (p->nheld)
		played_release(p, 0);
}

static void accept_one(struct played *p, struct played_queue *q, const struct xencoproc_sqe *sqe)
{
	struct coproc_request r;
	uint16_t status = (uint16_t)coproc_request_decode(sqe, q->number == 0, &p->limits, &r);

	if (status != XENCOPROC_OK) {
		played_fault(p, "F-MSG-1", "a request with op %u is answered %s", r.op,
			     coproc_status_text(status));
		played_complete(p, q, r.slot, status, 0);
		return;
	}
	p->requests[r.op]++;
	if (r.op == XENCOPROC_OP_JOB)
		look_at_job(p, q, &r);
	if (p->hook && p->hook(p, q, &r))
		return;
	if (q->number ? p->hold_jobs : p->hold_control)
		played_hold(p, q, &r);
	else
		answer(p, q, &r);
}

/* What a hook ends, the connection or the queue, must not be touched again. */
static void serve_queue(struct played *p, struct played_queue *q)
{
	unsigned int connection = p->connections;
	struct xencoproc_sqe sqe;

	while (q->open && p->connected && connection == p->connections && p->serve &&
	       played_take(p, q, &sqe))
		accept_one(p, q, &sqe);
	if (!q->open || !p->connected || connection != p->connections || !p->serve)
		return;
	played_publish(p, q);
	if (!p->polls)
		played_arm(p, q);
}

/*
 * Whether to look at a queue.  One that rests is looked at when its channel was
 * notified, and not before: a frontend that does not notify must be seen
 * (F-RING-2).  It gets its answers in the end all the same.
 */
static bool is_due(struct played *p, struct played_queue *q)
{
	uint64_t now = played_now();

	if (p->polls || !q->resting || q->notified)
		return true;
	if (played_sq_index(p, q) == q->taken)
		return false;
	if (q->looked)
		q->late += now - q->looked < LOOKED_US ? now - q->looked : LOOKED_US;
	q->looked = now;
	if (q->late < LATE_US)
		return false;
	played_fault(p, "F-RING-2", "queue %u: the index passed the event, and no notification "
		     "came", q->number);
	return true;
}

/*
 * A job that is there sooner than the index that says its objects' making is
 * consumed is seen only just then (F-CTRL-1).  For a moment after something was
 * made, look at what comes, without taking it.
 */
static void peek(struct played *p)
{
	bool any = false;
	uint64_t end = played_now() + 5000;
	struct coproc_request r;
	struct xencoproc_sqe sqe;
	uint32_t i, index;

	do {
		for (i = 1; i < PLAYED_QUEUES; i++) {
			struct played_queue *q = &p->queue[i];

			any |= q->open;
			index = q->open ? played_sq_index(p, q) : q->taken;
			if (index == q->taken || index - q->taken > q->entries)
				continue;
			memcpy(&sqe, q->sq + (size_t)(q->taken % q->entries) * sizeof(sqe), sizeof(sqe));
			if (coproc_request_decode(&sqe, false, &p->limits, &r) == XENCOPROC_OK &&
			    r.op == XENCOPROC_OP_JOB)
				look_at_objects(p, &r);
			return;
		}
	} while (any && played_now() < end);
}

static uint32_t made(const struct played *p)
{
	return p->requests[XENCOPROC_OP_CTX_CREATE] + p->requests[XENCOPROC_OP_FW_LOAD] +
	       p->requests[XENCOPROC_OP_BUF_REGISTER];
}

void played_serve(struct played *p)
{
	uint32_t before = made(p), i;

	/* No request before the frontend is Connected is looked at (F-LIFE-2). */
	if (!p->both)
		return;
	for (i = 0; i < PLAYED_QUEUES && p->connected; i++)
		if (p->queue[i].open && is_due(p, &p->queue[i])) {
			serve_queue(p, &p->queue[i]);
			if (i == 0 && p->connected && made(p) != before)
				peek(p);
		}
}
