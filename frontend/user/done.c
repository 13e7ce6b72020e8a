// SPDX-License-Identifier: MIT
/*
 * Completions.  They are taken out of the shared ring into private memory as
 * soon as anybody looks, and kept there until the caller reads them.  Unread
 * ones count against the queue's entries (coproc_queue_room()), so there is
 * always a place for the completion of each live job (threat B7).
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

static void done_push(struct coproc_queue *q, const struct coproc_done *done)
{
	q->done[(q->done_first + q->done_count) & (q->entries - 1)] = *done;
	q->done_count++;
}

static struct coproc_done *done_at(const struct coproc_queue *q, uint32_t i)
{
	return &q->done[(q->done_first + i) & (q->entries - 1)];
}

/* One job has ended, by the backend's word or for want of a backend. */
void job_ended(struct coproc_queue *q, struct job_record *record,
	       const struct coproc_completion *completion)
{
	struct coproc_device *dev = q->o.dev;
	struct coproc_done done = {
		.job = record->job,
		.cookie = record->cookie,
		.result = completion->result,
		.waited_us = completion->waited_us,
		.ran_us = completion->ran_us,
		.status = completion->status,
		.flags = completion->flags,
	};

	record->live = 0;
	if (record->cancel == CANCEL_WANTED)
		q->cancels--;
	arena_give_back(q, record);
	if (record->flags & COPROC_JOB_SIGNAL)
		context_progress(dev, record->context, record->signal_value,
				 completion->status < XENCOPROC_BAD_OP);
	q->live--;
	dev->live_jobs--;
	dev->stats.completed++;
	/* Local ends have no id; jobs' ids begin at 1. */
	dev->stats.lost += completion->status == XENCOPROC_LOST && completion->id == 0;
	dev->stats.succeeded += completion->status == XENCOPROC_OK;
	if (!q->o.doomed)
		done_push(q, &done);
}

/* Takes the completions that are there.  Whether there were any. */
bool queue_take(struct coproc_queue *q)
{
	struct coproc_device *dev = q->o.dev;
	struct coproc_completion completion;
	bool any = false;
	int got;

	/* Once the connection has ended, only at the end of it all (F-RING-6). */
	while (q->open && !dev->lose && (dev->link.ready || dev->link.judging)) {
		got = coproc_client_take(&q->ring, &completion);
		if (got == 0)
			break;
		if (got < 0) {
			link_broken(dev, "job queue", coproc_client_broken(&q->ring));
			break;
		}
		any = true;
		dev->work++;
		job_ended(q, &q->record[completion.slot], &completion);
	}
	return any;
}

unsigned int coproc_queue_outstanding(const struct coproc_queue *queue)
{
	return queue->live;
}

unsigned int coproc_queue_room(const struct coproc_queue *queue)
{
	return queue->open ? queue->entries - queue->live - queue->done_count : 0;
}

static unsigned int done_read(struct coproc_queue *q, struct coproc_done *done, unsigned int max)
{
	unsigned int n;

	for (n = 0; n < max && q->done_count; n++) {
		done[n] = *done_at(q, 0);
		q->done_first = (q->done_first + 1) & (q->entries - 1);
		q->done_count--;
	}
	return n;
}

int coproc_read(struct coproc_queue *queue, struct coproc_done *done, unsigned int max)
{
	struct coproc_device *dev = queue->o.dev;
	unsigned int n;

	if (queue->done_count < max) {
		queue_take(queue);
		if (dev->lose)
			connection_settle(dev);
	}
	n = done_read(queue, done, max);
	pump_ready(dev);
	return (int)n;
}

/* Sleeps until something may have changed.  0, -ETIMEDOUT, or what pump() has. */
static int wait_more(struct coproc_queue *queue, uint64_t deadline)
{
	struct coproc_device *dev = queue->o.dev;
	int rc = 0;

	if (now_us() >= deadline)
		rc = fail(dev, -ETIMEDOUT, "the job has not ended in time");
	else
		rc = pump(dev, deadline);
	if (rc)
		pump_ready(dev);        /* others' completions may have come */
	return rc;
}

int coproc_wait_any(struct coproc_queue *queue, struct coproc_done *done, unsigned int max,
		    int timeout_ms)
{
	uint64_t deadline = deadline_of(timeout_ms, queue->o.dev->options.wait_timeout_ms);
	int rc;

	for (;;) {
		rc = coproc_read(queue, done, max);
		if (rc)
			return rc;
		if (!coproc_queue_outstanding(queue))
			return fail(queue->o.dev, -ENOENT, "no job is outstanding");
		rc = wait_more(queue, deadline);
		if (rc)
			return rc;
	}
}

/* Takes the completion of one job out of the middle, keeping the others' order. */
static bool done_extract(struct coproc_queue *q, uint64_t job, struct coproc_done *done)
{
	uint32_t i;

	for (i = 0; i < q->done_count && done_at(q, i)->job != job; i++)
		;
	if (i == q->done_count)
		return false;
	*done = *done_at(q, i);
	for (; i + 1 < q->done_count; i++)
		*done_at(q, i) = *done_at(q, i + 1);
	q->done_count--;
	return true;
}

static struct job_record *find_live(struct coproc_queue *q, uint64_t job)
{
	uint32_t slot;

	for (slot = 0; slot < q->entries; slot++)
		if (q->record[slot].live && q->record[slot].job == job)
			return &q->record[slot];
	return queue_find_again(q, job);
}

int coproc_wait(struct coproc_queue *queue, uint64_t job, int timeout_ms,
		struct coproc_done *done)
{
	struct coproc_device *dev = queue->o.dev;
	uint64_t deadline = deadline_of(timeout_ms, dev->options.wait_timeout_ms);
	int rc;

	for (;;) {
		queue_take(queue);
		if (dev->lose)
			connection_settle(dev);
		if (done_extract(queue, job, done)) {
			pump_ready(dev);
			return 0;
		}
		if (!find_live(queue, job))
			return fail(dev, -ENOENT, "no such job");
		rc = wait_more(queue, deadline);
		if (rc)
			return rc;
	}
}

/* ---- cancelling ---- */

static void want_cancel(struct coproc_queue *q, struct job_record *record)
{
	if (record->cancel != CANCEL_NO)
		return;
	record->cancel = CANCEL_WANTED;
	q->cancels++;
}

int coproc_cancel(struct coproc_queue *queue, uint64_t job)
{
	struct coproc_device *dev = queue->o.dev;
	struct job_record *record = find_live(queue, job);
	uint32_t i;

	if (!record) {
		for (i = 0; i < queue->done_count; i++)
			if (done_at(queue, i)->job == job)
				return 0;
		return fail(dev, -ENOENT, "no such job");
	}
	if (queue_cancel_again(queue, job, false))
		return 0;
	if (!dev->link.ready)
		return fail(dev, -ENOTCONN, "not connected");
	want_cancel(queue, record);
	control_pump(dev);
	return 0;
}

int coproc_cancel_all(struct coproc_queue *queue)
{
	struct coproc_device *dev = queue->o.dev;
	uint32_t slot;

	queue_cancel_again(queue, 0, true);
	if (!queue->open)
		return 0;
	for (slot = 0; slot < queue->entries; slot++)
		if (queue->record[slot].live)
			want_cancel(queue, &queue->record[slot]);
	control_pump(dev);
	return 0;
}
