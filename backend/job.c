/* SPDX-License-Identifier: MIT */
/*
 * Jobs from their admission to their one terminal status.  Between the two they
 * wait in a lane (lane.c) and run (running.c).
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "session.h"

/* ---- admission ---- */

/* Of what two operands are refused for, what the earlier step of section 5 says:
 * the steps are made over all operands, one step after the other (B-JOB-1). */
static enum xencoproc_status earlier_step(enum xencoproc_status one, enum xencoproc_status other)
{
	/* Steps 5, 6, 7; and again 11, 13, 14. */
	static const enum xencoproc_status order[] = {
		XENCOPROC_BAD_OBJECT, XENCOPROC_BAD_FIELD, XENCOPROC_BAD_RANGE,
	};

	if (one == XENCOPROC_OK || other == XENCOPROC_OK)
		return one == XENCOPROC_OK ? other : one;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (one == order[i] || other == order[i])
			return order[i];
	return one;
}

static enum xencoproc_status take_operand(struct session *session, const struct coproc_operand *from,
					  struct worker_operand *to)
{
	const struct buffer *buffer = &session->buffers[from->buffer];
	enum xencoproc_status status;

	if (buffer->state != OBJECT_READY)
		return XENCOPROC_BAD_OBJECT;
	status = coproc_operand_inside(from, (uint64_t)buffer->pages * XENCOPROC_PAGE_SIZE,
				       buffer->access);
	*to = (struct worker_operand){
		.buffer = from->buffer,
		.access = from->access,
		.offset = from->offset,
		.length = from->length,
	};
	return status;
}

/* @wire is our copy: it can be looked at twice, for steps 5 to 7 and 11 to 14. */
static enum xencoproc_status decode_table(struct session *session, struct job *job,
					  const struct xencoproc_operand *wire, uint32_t count)
{
	enum xencoproc_status status = XENCOPROC_OK;
	struct coproc_operand operand;

	for (uint32_t i = 0; i < count; i++)
		status = earlier_step(status, coproc_operand_decode(&wire[i], &session->limits,
								    &operand));
	if (status != XENCOPROC_OK)
		return status;
	for (uint32_t i = 0; i < count; i++) {
		(void)coproc_operand_decode(&wire[i], &session->limits, &operand);
		status = earlier_step(status, take_operand(session, &operand, &job->operand[i]));
	}
	job->operands = count;
	return status;
}

static enum xencoproc_status take_table(struct session *session, struct job *job,
					const struct coproc_operand *table)
{
	struct xencoproc_operand wire[WORKER_OPERANDS_MAX];
	const struct buffer *buffer = &session->buffers[table->buffer];
	uint32_t count = table->length / (uint32_t)sizeof(wire[0]);
	enum xencoproc_status status;

	if (buffer->state != OBJECT_READY)
		return XENCOPROC_BAD_OBJECT;
	status = coproc_operand_inside(table, (uint64_t)buffer->pages * XENCOPROC_PAGE_SIZE,
				       buffer->access);
	if (status != XENCOPROC_OK)
		return status;
	if (count > WORKER_OPERANDS_MAX)
		return XENCOPROC_NO_QUOTA;
	/* The one look at the guest's table: what is checked is what is used. */
	if (buffer_read(session, table->buffer, table->offset, wire, table->length))
		return XENCOPROC_BAD_GRANT;
	job->operand = malloc(count * sizeof(*job->operand));
	if (!job->operand)
		return XENCOPROC_NO_MEMORY;
	return decode_table(session, job, wire, count);
}

static enum xencoproc_status take_operands(struct session *session, struct job *job,
					   const struct coproc_request *request)
{
	enum xencoproc_status status = XENCOPROC_OK;

	job->operand = job->inline_operand;
	if (request->flags & XENCOPROC_JOB_F_TABLE)
		return take_table(session, job, &request->u.job.operand[0]);
	for (uint32_t i = 0; i < request->u.job.operands; i++)
		status = earlier_step(status, take_operand(session, &request->u.job.operand[i],
							   &job->operand[i]));
	job->operands = request->u.job.operands;
	return status;
}

static enum xencoproc_status check_objects(struct session *session, struct queue *queue,
					   const struct coproc_request *request)
{
	if (queue->closing != NO_SLOT)
		return XENCOPROC_CANCELLED;
	if (session->coprocessor->state == XENCOPROC_DEVICE_STOPPED)
		return XENCOPROC_STOPPED;
	if (session->contexts[request->u.job.context].state != OBJECT_READY ||
	    session->firmware[request->u.job.firmware].state != OBJECT_READY)
		return XENCOPROC_BAD_OBJECT;
	if ((request->flags & XENCOPROC_JOB_F_WAIT) &&
	    session->contexts[request->u.job.wait_context].state != OBJECT_READY)
		return XENCOPROC_BAD_OBJECT;
	return XENCOPROC_OK;
}

static struct stream *stream_get(struct queue *queue, uint32_t context)
{
	struct stream *stream = queue->streams[context];

	if (stream)
		return stream;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return NULL;
	stream->queue = queue;
	stream->context = context;
	TAILQ_INIT(&stream->jobs);
	queue->streams[context] = stream;
	return stream;
}

static void on_expiry(evutil_socket_t fd, short what, void *arg)
{
	struct job *job = arg;

	if (job->state == JOB_QUEUED)
		job_end(job, XENCOPROC_EXPIRED, 0);     /* K9 */
}

static bool arm_expiry(struct job *job, uint32_t start_limit_us)
{
	struct timeval limit = clock_timeval(start_limit_us * 1000ull);

	if (!start_limit_us)
		return true;
	if (!job->expiry) {
		job->expiry = evtimer_new(job_session(job)->backend->base, on_expiry, job);
		if (!job->expiry)
			return false;
	}
	return !event_add(job->expiry, &limit);
}

static void fill(struct job *job, struct queue *queue, const struct coproc_request *request)
{
	struct event *expiry = job->expiry;
	uint32_t limit = request->u.job.run_limit_us;

	*job = (struct job){
		.queue = queue,
		.expiry = expiry,
		.slot = request->slot,
		.flags = request->flags,
		.id = request->id,
		.priority = (uint8_t)request->u.job.priority,
		.context = request->u.job.context,
		.firmware = request->u.job.firmware,
		.entry = request->u.job.entry,
		.immediate = request->u.job.immediate,
		.wait_context = request->u.job.wait_context,
		.wait_generation = request->flags & XENCOPROC_JOB_F_WAIT ?
			queue->session->contexts[request->u.job.wait_context].generation : 0,
		.wait_value = request->u.job.wait_value,
		.signal_value = request->u.job.signal_value,
		.run_limit_ns = (limit ? limit : queue->session->limits.max_run_limit_us) * 1000ull,
		.accepted_ns = clock_now(),
		.start_by_ns = SCHED_NEVER,
	};
	if (request->u.job.start_limit_us)
		job->start_by_ns = job->accepted_ns + request->u.job.start_limit_us * 1000ull;
}

static void admit(struct job *job, struct stream *stream)
{
	struct session *session = job_session(job);

	job->state = JOB_QUEUED;                /* K1 of protocol/models/job.pml */
	session->jobs++;
	session->waiting += job->flags & XENCOPROC_JOB_F_WAIT ? 1 : 0;
	session->contexts[job->context].jobs++;
	session->firmware[job->firmware].users++;
	for (uint32_t i = 0; i < job->operands; i++)
		session->buffers[job->operand[i].buffer].users++;
	trace_event(session->backend->trace, job->accepted_ns, "accept",
		    "\"dom\":%u,\"dev\":%u,\"queue\":%u,\"class\":\"%s\",\"job\":%llu,\"ctx\":%u",
		    session->domain, session->device, job->queue->number,
		    coproc_class_text(queue_class(job->queue)), (unsigned long long)job->id, job->context);
	TAILQ_INSERT_TAIL(&stream->jobs, job, link);
	stream_update(stream);
}

void job_take(struct queue *queue, const struct xencoproc_sqe *sqe)
{
	struct session *session = queue->session;
	struct coproc_request request;
	enum xencoproc_status status = coproc_request_decode(sqe, false, &session->limits, &request);
	struct stream *stream = NULL;
	struct job *job;

	if (status != XENCOPROC_OK || request.op != XENCOPROC_OP_JOB) {
		queue_vain(session);
		queue_complete(queue, request.slot, status, 0);
		return;
	}
	job = &queue->jobs[request.slot];
	fill(job, queue, &request);
	status = check_objects(session, queue, &request);
	if (status == XENCOPROC_OK)
		status = take_operands(session, job, &request);
	if (status == XENCOPROC_OK) {
		stream = stream_get(queue, job->context);
		if (!stream || !arm_expiry(job, request.u.job.start_limit_us))
			status = XENCOPROC_NO_MEMORY;
	}
	if (status != XENCOPROC_OK) {
		if (job->operand && job->operand != job->inline_operand)
			free(job->operand);
		job->operand = NULL;
		queue_vain(session);
		queue_complete(queue, request.slot, status, 0);
		return;
	}
	admit(job, stream);
}

/* ---- the end ---- */

/* The wire's 32 bits: as much as they hold where it was longer. */
static uint32_t microseconds(uint64_t ns)
{
	return ns / 1000 < UINT32_MAX ? (uint32_t)(ns / 1000) : UINT32_MAX;
}

static void tell(struct job *job, enum xencoproc_status status, uint64_t result, uint64_t now)
{
	uint64_t waited = (job->started_ns ? job->started_ns : now) - job->accepted_ns;
	struct coproc_completion completion = {
		.slot = job->slot,
		.status = (uint16_t)status,
		.flags = job->told,
		.result = result,
		.waited_us = microseconds(waited),
		.ran_us = microseconds(job->ran_ns),
	};
	struct session *session = job_session(job);

	queue_put(job->queue, &completion);
	for (int slot = 0; job->cancels_owed >> slot; slot++)
		if (job->cancels_owed >> slot & 1)
			control_complete(session, slot, XENCOPROC_OK, 0);       /* K6 */
	trace_event(session->backend->trace, now, "end",
		    "\"dom\":%u,\"dev\":%u,\"queue\":%u,\"class\":\"%s\",\"job\":%llu,\"ctx\":%u,"
		    "\"status\":\"%s\",\"us\":%u,\"waited_us\":%u",
		    session->domain, session->device, job->queue->number,
		    coproc_class_text(queue_class(job->queue)), (unsigned long long)job->id, job->context,
		    coproc_status_text(status), completion.ran_us, completion.waited_us);
}

/* What it used may go now, if it was waited for. */
static void let_go(struct job *job)
{
	struct session *session = job_session(job);

	for (uint32_t i = 0; i < job->operands; i++) {
		uint32_t buffer = job->operand[i].buffer;

		session->buffers[buffer].users--;
		buffer_settle(session, buffer);
	}
	if (job->operand != job->inline_operand)
		free(job->operand);
	job->operand = NULL;
	session->firmware[job->firmware].users--;
	firmware_settle(session, job->firmware);
	if (job->flags & XENCOPROC_JOB_F_WAIT)
		session->waiting--;
	session->contexts[job->context].jobs--;
	session->jobs--;
	session_tell_stopped(session);
}

static void close_queue(struct queue *queue)
{
	struct session *session = queue->session;
	int slot = queue->closing;

	if (slot == NO_SLOT || queue->server.live || session->closing)
		return;
	/* Its completions are seen before it is unmapped and said to be closed. */
	queue_flush(queue);
	queue_free(queue);
	control_complete(session, slot, XENCOPROC_OK, 0);
}

void job_end(struct job *job, enum xencoproc_status status, uint64_t result)
{
	struct session *session = job_session(job);
	struct queue *queue = job->queue;
	struct lane *lane = job_lane(job);
	uint32_t context = job->context;

	/* It was taken, timed and answered, and no scheduler ever charges for it. */
	if (job->state == JOB_QUEUED)
		queue_vain(session);
	lane_leave(job);
	if (session->stopped == job)
		session->stopped = NULL;
	/* What is ahead in the same context takes its place before any other. */
	if (session->contexts[context].active == job)
		session->contexts[context].active =
			session->ahead && session->ahead->context == context ? session->ahead : NULL;
	if (job->expiry)
		event_del(job->expiry);
	tell(job, status, result, clock_now());
	job->state = JOB_FREE;
	let_go(job);
	if (job->flags & XENCOPROC_JOB_F_SIGNAL)
		timeline_reach(session, context, job->signal_value);
	context_update_streams(session, context);
	lane_update(lane);
	context_settle(session, context);
	close_queue(queue);
}

struct job *job_find(struct queue *queue, uint16_t slot, uint64_t id)
{
	struct job *job = queue->jobs && slot < queue->server.sq.entries ? &queue->jobs[slot] : NULL;

	return job && job->state != JOB_FREE && job->id == id ? job : NULL;
}

void job_cancel(struct job *job)
{
	if (job->state == JOB_QUEUED) {
		job_end(job, XENCOPROC_CANCELLED, 0);   /* K4 */
		return;
	}
	if (job->cancelled)
		return;
	job->cancelled = true;
	coprocessor_abort(job_session(job)->coprocessor, job);  /* K5 */
}

void job_lose(struct job *job)
{
	if (job->state == JOB_QUEUED) {
		job_end(job, XENCOPROC_LOST, 0);
		return;
	}
	if (job->cancelled)
		return;
	job->lost = true;
	job->cancelled = true;
	coprocessor_abort(job_session(job)->coprocessor, job);
}

enum xencoproc_status job_forced_status(const struct job *job)
{
	if (job->overrun)
		return XENCOPROC_TIMED_OUT;
	return job->lost ? XENCOPROC_LOST : XENCOPROC_CANCELLED;
}
