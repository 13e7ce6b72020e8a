// SPDX-License-Identifier: MIT
/*
 * Job queues: their pages and rings, and what happens to their jobs when a
 * queue or the connection ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static uint32_t sq_pages(const struct coproc_queue *q)
{
	return XENCOPROC_SQ_PAGES(q->order);
}

static uint32_t cq_pages(const struct coproc_queue *q)
{
	return XENCOPROC_CQ_PAGES(q->order);
}

/* Both rings' pages and the port go; none need be there. */
static void queue_drop(struct coproc_queue *q, bool confirmed)
{
	struct coproc_device *dev = q->o.dev;

	q->open = false;
	pages_end(dev, q->sq, sq_pages(q), confirmed);
	pages_end(dev, q->cq, cq_pages(q), confirmed);
	q->sq = NULL;
	q->cq = NULL;
	if (q->port >= 0)
		xenevtchn_unbind(dev->evtchn, (evtchn_port_t)q->port);
	q->port = -1;
}

static int queue_share(struct coproc_queue *q, struct coproc_request *request)
{
	struct coproc_device *dev = q->o.dev;
	uint32_t i;

	q->sq = pages_share(dev, dev->link.domain, sq_pages(q), request->u.queue_open.sq_ref,
			    false);
	if (q->sq)
		q->cq = pages_share(dev, dev->link.domain, cq_pages(q),
				    request->u.queue_open.cq_ref, true);
	if (!q->cq)
		return fail(dev, -ENOSPC, "the grant driver gave no pages for a queue: %s",
			    strerror(errno));
	for (i = sq_pages(q); i < XENCOPROC_SQ_PAGES_MAX; i++)
		request->u.queue_open.sq_ref[i] = XENCOPROC_GREF_NONE;
	for (i = cq_pages(q); i < XENCOPROC_CQ_PAGES_MAX; i++)
		request->u.queue_open.cq_ref[i] = XENCOPROC_GREF_NONE;
	if (q->flags & COPROC_QUEUE_OWN_EVENT) {
		q->port = xenevtchn_bind_unbound_port(dev->evtchn, dev->link.domain);
		if (q->port < 0)
			return fail(dev, -ENOSPC, "no event channel: %s", strerror(errno));
	}
	return 0;
}

static void queue_opened(struct ctl *ctl, int error, const struct coproc_completion *completion)
{
	struct object *o = (struct object *)((char *)ctl - offsetof(struct object, ctl));
	struct coproc_queue *q = (struct coproc_queue *)o;

	if (!error && completion->status == XENCOPROC_OK) {
		q->open = true;
		coproc_client_arm(&q->ring);
	}
	object_request_done(ctl, error, completion);
}

static int queue_make(struct object *o)
{
	struct coproc_queue *q = (struct coproc_queue *)o;
	struct coproc_request *request = &o->ctl.request;
	struct coproc_device *dev = o->dev;
	int rc;

	if (!dev->link.ready)
		return fail(dev, -ENOTCONN, "not connected");
	memset(request, 0, sizeof(*request));
	rc = queue_share(q, request);
	if (rc)
		goto drop;
	/* Before the backend hears of it, for it begins to look at once. */
	coproc_client_init(&q->ring, dev->link.fe_index, dev->link.be_index, o->index, q->order,
			   q->sq, q->cq, q->shadow);
	request->op = XENCOPROC_OP_QUEUE_OPEN;
	request->u.queue_open.queue = o->index;
	request->u.queue_open.qclass = q->qclass;
	request->u.queue_open.order = q->order;
	request->u.queue_open.event_channel = q->port < 0 ? 0 : (uint32_t)q->port;
	request->u.queue_open.journal_ref = XENCOPROC_GREF_NONE;
	o->ctl.done = queue_opened;
	rc = control_send(dev, &o->ctl, dev->options.control_timeout_ms);
	if (rc == 0)
		return 0;
drop:
	queue_drop(q, true);
	return rc;
}

static void queue_end(struct object *o, struct coproc_request *request)
{
	request->op = XENCOPROC_OP_QUEUE_CLOSE;
	request->u.queue_close.queue = o->index;
}

static void queue_gone(struct object *o, bool confirmed)
{
	struct coproc_queue *q = (struct coproc_queue *)o;

	/* What was published before the end still counts (F-QCLOSE-1, F-JRNL-2). */
	queue_take(q);
	queue_judge(q);
	queue_drop(q, confirmed);
}

static void queue_free(struct object *o)
{
	struct coproc_queue *q = (struct coproc_queue *)o;

	queue_end_again(q, XENCOPROC_LOST);
	queue_drop(q, false);
	free(q->restart);
	free(q->arena.free);
	free(q->shadow);
	free(q->record);
	free(q->done);
	free(q);
}

static const struct object_class queue_class = {
	.kind = OBJECT_QUEUE,
	.name = "queues",
	.make = queue_make,
	.end = queue_end,
	.gone = queue_gone,
	.free = queue_free,
};

static int queue_new(struct coproc_device *dev, unsigned int qclass, unsigned int order,
		     uint32_t flags, struct coproc_queue **out)
{
	struct coproc_queue *q = calloc(1, sizeof(*q));
	int rc = -ENOMEM;

	if (!q)
		return fail(dev, rc, "out of memory");
	q->qclass = qclass;
	q->order = order;
	q->entries = 1u << order;
	q->flags = flags;
	q->port = -1;
	q->shadow = calloc(q->entries, sizeof(*q->shadow));
	q->record = calloc(q->entries, sizeof(*q->record));
	q->done = calloc(q->entries, sizeof(*q->done));
	q->arena.free = calloc(q->entries, sizeof(*q->arena.free));
	if (q->shadow && q->record && q->done && q->arena.free)
		rc = object_add(dev, &q->o, &queue_class);
	else
		fail(dev, rc, "out of memory");
	*out = q;
	if (rc == 0)
		return 0;
	free(q->arena.free);
	free(q->shadow);
	free(q->record);
	free(q->done);
	free(q);
	return rc;
}

int coproc_queue_open_flags(struct coproc_device *dev, unsigned int qclass, unsigned int entries,
			    uint32_t flags, struct coproc_queue **queue)
{
	unsigned int order = XENCOPROC_ORDER_MIN;
	struct coproc_queue *q = NULL;
	int rc;

	if (!coproc_class_text(qclass) || (flags & ~COPROC_QUEUE_OWN_EVENT))
		return fail(dev, -EINVAL, "no such class of queue");
	if (!dev->connected)
		return fail(dev, -ENOTCONN, "not connected");
	if (qclass < dev->limits.max_class)
		return fail(dev, -EACCES, "the toolstack allows this domain class %s at most",
			    coproc_class_text(dev->limits.max_class));
	if (!entries)
		entries = 1u << (dev->limits.max_ring_order < 6 ? dev->limits.max_ring_order : 6);
	while (order < dev->limits.max_ring_order && (1u << order) < entries)
		order++;
	if ((1u << order) < entries)
		return fail(dev, -EINVAL, "a queue of this device has at most %u entries",
			    1u << order);
	rc = queue_new(dev, qclass, order, flags, &q);
	if (rc)
		return rc;
	rc = object_make_wait(&q->o);
	if (rc == 0)
		*queue = q;
	return rc;
}

int coproc_queue_open(struct coproc_device *dev, unsigned int qclass, unsigned int entries,
		      struct coproc_queue **queue)
{
	return coproc_queue_open_flags(dev, qclass, entries, 0, queue);
}

int coproc_queue_close(struct coproc_queue *queue)
{
	if (!queue)
		return 0;
	queue->done_count = 0;
	object_doom(&queue->o);
	return 0;
}

/* ---- all queues ---- */

#define for_each_queue(dev, q, i) \
	for ((i) = 1; (i) < (dev)->table[OBJECT_QUEUE].room; (i)++) \
		if (((q) = (struct coproc_queue *)(dev)->table[OBJECT_QUEUE].at[i]) && (q)->open)

bool queues_take(struct coproc_device *dev)
{
	struct coproc_queue *q;
	bool any = false;
	uint32_t i;

	for_each_queue(dev, q, i)
		any |= queue_take(q);
	return any;
}

/* Asks for notifications.  Whether something came meanwhile. */
bool queues_arm(struct coproc_device *dev)
{
	struct coproc_queue *q;
	bool more = false;
	uint32_t i;

	for_each_queue(dev, q, i)
		more |= coproc_client_arm(&q->ring);
	return more;
}

/* The number of the oldest live job, or NEVER. */
uint64_t queues_oldest(const struct coproc_device *dev)
{
	uint64_t oldest = NEVER;
	struct coproc_queue *q;
	uint32_t i, slot;

	for_each_queue(dev, q, i) {
		if (!q->ring.outstanding)
			continue;
		for (slot = 0; slot < q->entries; slot++)
			if (q->record[slot].live && q->record[slot].job < oldest)
				oldest = q->record[slot].job;
	}
	return oldest;
}

struct cancel {
	struct ctl ctl;
	struct coproc_device *dev;
};

/*
 * Whatever the answer: the job has ended, and its completion was published
 * before (B-CANCEL-1).  A backend that keeps the job all the same could keep it
 * for ever: it answers, so it is not silent (F-CANCEL-1).
 */
static void cancel_done(struct ctl *ctl, int error, const struct coproc_completion *completion)
{
	struct cancel *cancel = (struct cancel *)ctl;
	struct coproc_device *dev = cancel->dev;
	uint16_t slot = ctl->request.u.cancel.target_slot;
	struct object *o = object_at(dev, OBJECT_QUEUE, ctl->request.u.cancel.queue);
	struct coproc_queue *q = (struct coproc_queue *)o;

	if (!error && q && q->open && slot < q->entries) {
		queue_take(q);
		/* The number of a job is never given again. */
		if (q->record[slot].live && q->record[slot].job == ctl->request.u.cancel.target_id)
			link_lose(dev, "the backend answered a CANCEL, and its job has not ended "
				  "(F-CANCEL-1)");
	}
	free(cancel);
}

static bool queue_send_cancel(struct coproc_queue *q, uint32_t slot)
{
	struct coproc_device *dev = q->o.dev;
	struct cancel *cancel = calloc(1, sizeof(*cancel));
	struct ctl *ctl;

	if (!cancel)
		return false;
	cancel->dev = dev;
	ctl = &cancel->ctl;
	ctl->request.op = XENCOPROC_OP_CANCEL;
	ctl->request.u.cancel.queue = q->o.index;
	ctl->request.u.cancel.target_slot = (uint16_t)slot;
	ctl->request.u.cancel.target_id = q->record[slot].job;
	ctl->done = cancel_done;
	if (control_send(dev, ctl, control_patience(dev))) {
		free(cancel);
		return false;
	}
	q->record[slot].cancel = CANCEL_ASKED;
	q->cancels--;
	return true;
}

/* Sends one cancel that was wanted; false if there is none. */
bool queues_cancel(struct coproc_device *dev)
{
	struct coproc_queue *q;
	uint32_t i, slot;

	for_each_queue(dev, q, i)
		for (slot = 0; q->cancels && slot < q->entries; slot++)
			if (q->record[slot].live && q->record[slot].cancel == CANCEL_WANTED)
				return queue_send_cancel(q, slot);
	return false;
}
