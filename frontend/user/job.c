// SPDX-License-Identifier: MIT
/*
 * Jobs on their way out: checked, given a table where they have many pieces,
 * put into the ring in a batch with one notification.
 *
 * The backend checks all of this again, and would refuse what is wrong; it is
 * checked here so that a mistake shows where it was made.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define START_LIMIT_OF_WAIT_US  60000000u

int job_check_piece(const struct coproc_device *dev, const struct coproc_piece *piece)
{
	const struct coproc_buffer *b = piece->buffer;
	int rc = b ? object_usable(&b->o, dev) : -EINVAL;

	if (!b || rc)
		return rc;
	if (!piece->access || (piece->access & ~b->access))
		return -EINVAL;
	return (uint64_t)piece->offset + piece->length > b->pages * PAGE ? -EINVAL : 0;
}

static int check_job(const struct coproc_queue *queue, const struct coproc_job *job)
{
	const struct coproc_device *dev = queue->o.dev;
	uint32_t i;
	int rc = object_usable(job->context ? &job->context->o : NULL, dev);

	if (rc == 0)
		rc = object_usable(job->firmware ? &job->firmware->o : NULL, dev);
	if (rc == 0 && (job->flags & COPROC_JOB_WAIT))
		rc = object_usable(job->wait_context ? &job->wait_context->o : NULL, dev);
	if (rc)
		return rc;
	if (job->flags & ~(COPROC_JOB_WAIT | COPROC_JOB_SIGNAL | COPROC_JOB_RESTARTABLE))
		return -EINVAL;
	if (job->run_limit_us > dev->limits.max_run_limit_us ||
	    job->piece_count > dev->limits.max_operands)
		return -EINVAL;
	for (i = 0; i < job->piece_count; i++) {
		rc = job_check_piece(dev, &job->pieces[i]);
		if (rc)
			return rc;
	}
	return 0;
}

static void piece_to_operand(const struct coproc_piece *piece, struct coproc_operand *operand)
{
	operand->buffer = (uint16_t)piece->buffer->o.index;
	operand->access = (uint16_t)piece->access;
	operand->offset = piece->offset;
	operand->length = piece->length;
}

/*
 * A job in host form, all but its table and its id.
 * Return: 0, -EINVAL, -ESTALE.
 */
int job_request(const struct coproc_queue *queue, const struct coproc_job *job,
		struct coproc_request *request)
{
	uint32_t inlined = job->piece_count <= XENCOPROC_INLINE_OPERANDS ? job->piece_count : 0;
	int rc = check_job(queue, job);
	uint32_t i;

	if (rc)
		return rc;
	memset(request, 0, sizeof(*request));
	request->op = XENCOPROC_OP_JOB;
	request->flags = (uint16_t)job->flags;
	request->u.job.context = job->context->o.index;
	request->u.job.firmware = job->firmware->o.index;
	request->u.job.entry = job->entry;
	request->u.job.run_limit_us = job->run_limit_us;
	request->u.job.start_limit_us = job->start_limit_us;
	request->u.job.priority = job->priority;
	request->u.job.immediate = job->immediate;
	if (job->flags & COPROC_JOB_WAIT) {
		request->u.job.wait_context = job->wait_context->o.index;
		request->u.job.wait_value = job->wait_value;
		if (!job->start_limit_us)
			request->u.job.start_limit_us = START_LIMIT_OF_WAIT_US;
	}
	if (job->flags & COPROC_JOB_SIGNAL)
		request->u.job.signal_value = job->signal_value;
	request->u.job.operands = (uint16_t)inlined;
	for (i = 0; i < inlined; i++)
		piece_to_operand(&job->pieces[i], &request->u.job.operand[i]);
	return 0;
}

/* ---- tables ---- */

/* Jobs that are out keep their cells in the buffer that is left behind; it
 * goes back when they have ended. */
void arena_reset(struct coproc_queue *queue)
{
	struct arena *arena = &queue->arena;

	if (arena->buffer)
		object_doom(&arena->buffer->o);
	arena->buffer = NULL;
	arena->stride = 0;
	arena->nfree = 0;
	arena->generation++;
}

void arena_give_back(struct coproc_queue *queue, const struct job_record *record)
{
	struct arena *arena = &queue->arena;

	/* A cell of an arena before this one is of no use any more.  The
	 * generation has eight bits; the count is what keeps memory safe. */
	if (record->cell != NO_CELL && record->arena == arena->generation &&
	    arena->nfree < queue->entries)
		arena->free[arena->nfree++] = record->cell;
}

/* Room for tables of @pieces operands, for every entry of the queue. */
static int arena_grow(struct coproc_queue *queue, uint32_t pieces)
{
	struct coproc_device *dev = queue->o.dev;
	struct arena *arena = &queue->arena;
	struct coproc_buffer *buffer;
	uint32_t stride = 8;
	uint64_t bytes;
	uint32_t i;
	int rc;

	while (stride < pieces)
		stride *= 2;
	bytes = (uint64_t)stride * sizeof(struct xencoproc_operand) * queue->entries;
	if (bytes > (size_t)XENCOPROC_BUF_PAGES_MAX * PAGE)
		return fail(dev, -ENOSPC, "tables of %u pieces for %u jobs do not fit a buffer",
			    pieces, queue->entries);
	rc = coproc_buffer_create(dev, bytes, XENCOPROC_ACCESS_READ, &buffer);
	if (rc)
		return rc;
	arena_reset(queue);
	arena->buffer = buffer;
	arena->stride = stride;
	arena->nfree = queue->entries;
	for (i = 0; i < queue->entries; i++)
		arena->free[i] = (uint16_t)(queue->entries - 1 - i);
	return 0;
}

static void write_table(const struct coproc_queue *queue, const struct coproc_job *job,
			uint32_t cell, struct coproc_request *request)
{
	const struct arena *arena = &queue->arena;
	uint32_t offset = cell * arena->stride * (uint32_t)sizeof(struct xencoproc_operand);
	struct xencoproc_operand *wire = (void *)((char *)arena->buffer->data + offset);
	struct coproc_operand operand;
	uint32_t i;

	for (i = 0; i < job->piece_count; i++) {
		piece_to_operand(&job->pieces[i], &operand);
		coproc_operand_encode(&operand, &wire[i]);
	}
	request->flags |= XENCOPROC_JOB_F_TABLE;
	request->u.job.operands = 1;
	request->u.job.operand[0].buffer = (uint16_t)arena->buffer->o.index;
	request->u.job.operand[0].access = XENCOPROC_ACCESS_READ;
	request->u.job.operand[0].offset = offset;
	request->u.job.operand[0].length =
		job->piece_count * (uint32_t)sizeof(struct xencoproc_operand);
}

/* ---- submitting ---- */

static void remember(struct coproc_queue *queue, const struct coproc_job *job, uint64_t id,
		     uint32_t slot, uint16_t cell)
{
	struct coproc_device *dev = queue->o.dev;
	struct job_record *record = &queue->record[slot];
	uint32_t i;

	record->job = id;
	record->cookie = job->cookie;
	record->signal_value = job->signal_value;
	record->at = queue->ring.sq.index - 1;
	record->context = job->context->o.index;
	record->cell = cell;
	record->arena = queue->arena.generation;
	record->flags = (uint8_t)job->flags;
	record->live = 1;
	record->cancel = CANCEL_NO;
	queue->live++;
	/* From here a silent backend matters: link_ping(). */
	if (dev->live_jobs++ == 0) {
		dev->heard_at = now_us();
		pump_timer(dev);
	}
	dev->stats.submitted++;
	for (i = 0; i < job->piece_count; i++)
		dev->stats.bytes += job->pieces[i].length;
}

/* The table's cell, NO_CELL for a job that needs none, or -errno. */
static int job_cell(struct coproc_queue *queue, const struct coproc_job *job)
{
	struct arena *arena = &queue->arena;
	int rc;

	if (job->piece_count <= XENCOPROC_INLINE_OPERANDS)
		return NO_CELL;
	if (job->piece_count > arena->stride) {
		rc = arena_grow(queue, job->piece_count);
		if (rc)
			return rc;
	}
	return arena->nfree ? arena->free[--arena->nfree] : -EAGAIN;
}

static int submit_one(struct coproc_queue *queue, const struct coproc_job *job, uint64_t *id)
{
	struct coproc_device *dev = queue->o.dev;
	struct coproc_request request;
	int rc = job_request(queue, job, &request);
	int cell, slot;

	if (rc)
		return fail(dev, rc, rc == -ESTALE ? "an object of the job could not be made again"
						   : "the job is not well-formed");
	cell = job_cell(queue, job);
	if (cell < 0)
		return cell;
	/* Making a table may have slept, and the rings be gone since. */
	if (!dev->connected || !queue->open)
		return fail(dev, -ENOTCONN, "not connected");
	if (cell != NO_CELL)
		write_table(queue, job, (uint32_t)cell, &request);
	if ((job->flags & COPROC_JOB_RESTARTABLE) && !queue->restart) {
		queue->restart = calloc(queue->entries, sizeof(*queue->restart));
		if (!queue->restart)
			return fail(dev, -ENOMEM, "out of memory");
	}
	request.id = dev->next_job++;
	slot = coproc_client_put(&queue->ring, &request);
	if (slot < 0)
		return -ENOTCONN;       /* broken: the next take drops the connection */
	if (job->flags & COPROC_JOB_RESTARTABLE)
		coproc_request_encode(&request, &queue->restart[slot]);
	remember(queue, job, request.id, (uint32_t)slot, (uint16_t)cell);
	*id = request.id;
	return 0;
}

int coproc_submit(struct coproc_queue *queue, const struct coproc_job *jobs, unsigned int count,
		  uint64_t *ids)
{
	struct coproc_device *dev = queue->o.dev;
	unsigned int taken;
	uint64_t id = 0;
	int rc = 0;

	if (!dev->connected || dev->lose)
		return fail(dev, -ENOTCONN, "not connected");
	if (queue->o.state != OBJECT_MADE)
		return fail(dev, -ESTALE, "the queue could not be made again");
	for (taken = 0; taken < count; taken++) {
		rc = coproc_queue_room(queue) ? submit_one(queue, &jobs[taken], &id) : -EAGAIN;
		if (rc)
			break;
		if (ids)
			ids[taken] = id;
	}
	if (taken && queue->open && coproc_client_publish(&queue->ring))
		link_notify(dev, queue->port < 0 ? dev->link.port : queue->port);
	return taken ? (int)taken : rc;
}
