// SPDX-License-Identifier: MIT
/*
 * Jobs that a lost connection left (coprocif.md section 11, without a journal).
 *
 * A job that the backend had not taken never started: it goes into the next
 * connection.  So does a RESTARTABLE one, which may have started.  Every other
 * one may have had an effect and ends LOST.  Either way each job ends once.
 *
 * What the backend's index says is believed for this and nothing else: by
 * lying it gets no more than it could by running a job wrongly.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "libcoproc-ring/wire.h"

static void end_one(struct coproc_queue *q, struct job_record *record, uint16_t status)
{
	const struct coproc_completion end = { .status = status };

	job_ended(q, record, &end);
}

/* Whether this device will have a next connection that takes jobs. */
static bool may_come_again(const struct coproc_queue *q)
{
	const struct coproc_device *dev = q->o.dev;

	return !q->o.doomed && !dev->gave_up && !dev->closing && !dev->link.broken &&
	       dev->wish == COPROC_WISH_STAY && !(dev->options.flags & COPROC_OPEN_NO_RECONNECT);
}

/* "p is behind i" of section 11: the backend had taken the request. */
static bool was_taken(const struct coproc_queue *q, const struct job_record *record, uint32_t taken)
{
	return taken - record->at - 1 < q->entries;
}

/*
 * The request as it was sent.  A slot of the ring is this side's own memory,
 * which the backend cannot write; later requests may have taken its place, if
 * the index was a lie.
 */
static bool request_of(const struct coproc_queue *q, uint32_t slot, struct coproc_request *request)
{
	const struct job_record *record = &q->record[slot];
	const struct xencoproc_sqe *sqe;

	if (record->flags & COPROC_JOB_RESTARTABLE)
		sqe = &q->restart[slot];
	else if (q->ring.sq.index - record->at <= q->entries)
		sqe = (const struct xencoproc_sqe *)q->sq + (record->at & (q->entries - 1));
	else
		return false;
	return coproc_request_decode(sqe, false, &q->o.dev->limits, request) == XENCOPROC_OK &&
	       request->id == record->job;
}

/* The table goes along: its pages are fresh in each connection (F-LIFE-2). */
static bool keep_table(const struct coproc_queue *q, struct again *again)
{
	const struct coproc_operand *o = &again->request.u.job.operand[0];
	const struct coproc_buffer *b = q->arena.buffer;

	if (again->record.cell == NO_CELL)
		return true;
	if (!b || !b->data || again->record.arena != q->arena.generation ||
	    o->buffer != b->o.index || (uint64_t)o->offset + o->length > b->pages * PAGE)
		return false;
	again->table = malloc(o->length);
	if (!again->table)
		return false;
	memcpy(again->table, (const char *)b->data + o->offset, o->length);
	again->bytes = o->length;
	return true;
}

/* Without memory it is as if it could not come again: LOST, and nothing twice. */
static bool keep(struct coproc_queue *q, uint32_t slot)
{
	struct again *again;

	if (!q->again)
		q->again = calloc(q->entries, sizeof(*q->again));
	if (!q->again || q->agains == q->entries)
		return false;
	again = &q->again[q->agains];
	memset(again, 0, sizeof(*again));
	again->record = q->record[slot];
	if (!request_of(q, slot, &again->request) || !keep_table(q, again))
		return false;
	q->record[slot].live = 0;
	q->agains++;
	return true;
}

static void judge_one(struct coproc_queue *q, uint32_t slot, uint32_t taken, bool may)
{
	struct job_record *record = &q->record[slot];
	bool started = was_taken(q, record, taken);

	/* Cancelled, and it never started: what was asked for has happened. */
	if (record->cancel != CANCEL_NO)
		end_one(q, record, started ? XENCOPROC_LOST : XENCOPROC_CANCELLED);
	else if (!may || (started && !(record->flags & COPROC_JOB_RESTARTABLE)) || !keep(q, slot))
		end_one(q, record, XENCOPROC_LOST);
}

static int compare_job(const void *a, const void *b)
{
	const struct again *one = a, *other = b;

	return one->record.job < other->record.job ? -1 : one->record.job > other->record.job;
}

static bool has_tables(const struct coproc_queue *q)
{
	uint32_t i;

	for (i = 0; i < q->agains && !q->again[i].table; i++)
		;
	return i < q->agains;
}

/*
 * F-JRNL-2: each request that is still live is judged, once.  The completions
 * were taken before.
 */
void queue_judge(struct coproc_queue *q)
{
	bool may = may_come_again(q);
	uint32_t taken = 0, slot;

	/* Read once: one liar's word for all jobs. */
	if (q->open)
		taken = wire32(coproc_load_acquire(&q->ring.sq.peer->index));
	for (slot = 0; q->open && slot < q->entries; slot++)
		if (q->record[slot].live)
			judge_one(q, slot, taken, may);
	if (q->agains)
		qsort(q->again, q->agains, sizeof(*q->again), compare_job);
	if (has_tables(q) && q->arena.buffer)
		q->arena.buffer->fresh = true;
	else
		arena_reset(q);
	if (q->agains && !q->o.dev->again_until)
		q->o.dev->again_until = deadline_in(q->o.dev->options.connect_timeout_ms);
}

/* ---- those that come again ---- */

#define for_each_queue(dev, q, i) \
	for ((i) = 1; (i) < (dev)->table[OBJECT_QUEUE].room; (i)++) \
		if (((q) = (struct coproc_queue *)(dev)->table[OBJECT_QUEUE].at[i]))

struct job_record *queue_find_again(struct coproc_queue *q, uint64_t job)
{
	uint32_t i;

	for (i = 0; i < q->agains; i++)
		if (q->again[i].record.job == job)
			return &q->again[i].record;
	return NULL;
}

uint64_t queues_oldest_again(const struct coproc_device *dev)
{
	uint64_t oldest = NEVER;
	struct coproc_queue *q;
	uint32_t i;

	for_each_queue(dev, q, i)
		if (q->agains && q->again[0].record.job < oldest)
			oldest = q->again[0].record.job;
	return oldest;
}

static void forget(struct coproc_queue *q)
{
	free(q->again);
	q->again = NULL;
	q->agains = 0;
}

void queue_end_again(struct coproc_queue *q, uint16_t status)
{
	uint32_t i;

	for (i = 0; i < q->agains; i++) {
		free(q->again[i].table);
		end_one(q, &q->again[i].record, status);
	}
	forget(q);
}

/* No next connection, or not in time (F-JRNL-3). */
void queues_end_again(struct coproc_device *dev)
{
	struct coproc_queue *q;
	uint32_t i;

	for_each_queue(dev, q, i)
		queue_end_again(q, XENCOPROC_LOST);
	dev->again_until = 0;
	objects_sweep(dev);
}

/* It never started, or its user lets it start twice: it ends here and now. */
bool queue_cancel_again(struct coproc_queue *q, uint64_t job, bool all)
{
	bool any = false;
	uint32_t i = 0;

	while (i < q->agains) {
		struct again *again = &q->again[i];

		if (!all && again->record.job != job) {
			i++;
			continue;
		}
		any = true;
		free(again->table);
		end_one(q, &again->record, XENCOPROC_CANCELLED);
		memmove(again, again + 1, (--q->agains - i) * sizeof(*again));
	}
	if (any)
		objects_sweep(q->o.dev);
	return any;
}

static bool is_made(const struct coproc_device *dev, enum object_kind kind, uint32_t index)
{
	const struct object *o = object_at(dev, kind, index);

	return o && o->state == OBJECT_MADE;
}

/* The buffers that its table names: they are named as well (F-CTRL-1). */
static bool table_is_made(const struct coproc_device *dev, const struct again *again)
{
	const struct xencoproc_operand *wire = again->table;
	struct coproc_operand operand;
	uint32_t i;

	for (i = 0; wire && i < again->bytes / sizeof(*wire); i++)
		if (coproc_operand_decode(&wire[i], &dev->limits, &operand) != XENCOPROC_OK ||
		    !is_made(dev, OBJECT_BUFFER, operand.buffer))
			return false;
	return true;
}

/* Whether everything that a job names was made again, and its table is there. */
static bool can_come(struct coproc_queue *q, const struct again *again)
{
	const struct coproc_device *dev = q->o.dev;
	const struct coproc_request *r = &again->request;
	struct coproc_request checked;
	struct xencoproc_sqe sqe;
	uint32_t i;

	if (!q->open || !is_made(dev, OBJECT_CONTEXT, r->u.job.context) ||
	    !is_made(dev, OBJECT_FIRMWARE, r->u.job.firmware))
		return false;
	if ((r->flags & XENCOPROC_JOB_F_WAIT) &&
	    !is_made(dev, OBJECT_CONTEXT, r->u.job.wait_context))
		return false;
	for (i = 0; i < r->u.job.operands; i++)
		if (!is_made(dev, OBJECT_BUFFER, r->u.job.operand[i].buffer))
			return false;
	if (!table_is_made(dev, again))
		return false;
	/* The limits of the new backend may be lower. */
	coproc_request_encode(r, &sqe);
	return coproc_request_decode(&sqe, false, &dev->limits, &checked) == XENCOPROC_OK;
}

static void submit_one(struct coproc_queue *q, struct again *again)
{
	int slot = -1;

	if (can_come(q, again)) {
		if (again->table)
			memcpy((char *)q->arena.buffer->data +
			       again->request.u.job.operand[0].offset, again->table, again->bytes);
		slot = coproc_client_put(&q->ring, &again->request);
	}
	free(again->table);
	if (slot < 0) {
		end_one(q, &again->record, XENCOPROC_LOST);
		return;
	}
	again->record.at = q->ring.sq.index - 1;
	q->record[slot] = again->record;
	if (again->record.flags & COPROC_JOB_RESTARTABLE)
		coproc_request_encode(&again->request, &q->restart[slot]);
}

/* All objects were made again: the jobs follow, in their old order (F-JRNL-3). */
void queues_submit_again(struct coproc_device *dev)
{
	struct coproc_queue *q;
	uint32_t i, k;

	dev->again_until = 0;
	/* That all was made is consumed before a job names it (F-CTRL-1). */
	coproc_ring_consumed(&dev->link.control.cq);
	for_each_queue(dev, q, i) {
		for (k = 0; k < q->agains; k++)
			submit_one(q, &q->again[k]);
		forget(q);
		if (q->arena.buffer && q->arena.buffer->o.state != OBJECT_MADE)
			arena_reset(q);
		if (q->open && coproc_client_publish(&q->ring))
			link_notify(dev, q->port < 0 ? dev->link.port : q->port);
	}
	dev->heard_at = now_us();
	objects_sweep(dev);
}
