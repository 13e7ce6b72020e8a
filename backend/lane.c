/* SPDX-License-Identifier: MIT */
/*
 * What may start next: streams keep a context's jobs of one queue in order,
 * lanes, one for each class of a domain, hold the streams whose first job may
 * start, timelines hold back those whose may not yet.  Lanes are what the
 * scheduler weighs against each other.
 */
#include "session.h"

uint32_t queue_class(const struct queue *queue)
{
	uint32_t highest = queue->session->limits.max_class;

	/* Classes count downwards: 1 is the highest. */
	return queue->qclass < highest ? highest : queue->qclass;
}

static struct lane *queue_lane(const struct queue *queue)
{
	return &queue->session->lanes[queue_class(queue) - 1];
}

struct lane *job_lane(const struct job *job)
{
	return queue_lane(job->queue);
}

static struct stream *job_stream(const struct job *job)
{
	return job->queue->streams[job->context];
}

/* ---- lanes ---- */

void lane_update(struct lane *lane)
{
	struct session *session = lane->session;
	struct coprocessor *coprocessor = session->coprocessor;
	bool work = session->worker_ready && !session->closing &&
		    (!TAILQ_EMPTY(&lane->ready) || !TAILQ_EMPTY(&lane->paused) ||
		     (coprocessor->running && job_lane(coprocessor->running) == lane));

	if (!lane->joined || work == lane->sched.ready)
		return;
	if (work) {
		sched_ready(&coprocessor->sched, &lane->sched);
		coprocessor_kick(coprocessor);
	} else {
		sched_idle(&coprocessor->sched, &lane->sched);
	}
}

static bool stream_blocked(const struct stream *stream)
{
	const struct session *session = stream->queue->session;
	const struct job *job = TAILQ_FIRST(&stream->jobs);

	return !job || session->contexts[stream->context].active ||
	       ((job->flags & XENCOPROC_JOB_F_WAIT) &&
		(session->contexts[job->wait_context].generation != job->wait_generation ||
		 session->contexts[job->wait_context].timeline < job->wait_value));
}

/* By priority of the first job; among equals, who came first stays first. */
static void lane_insert(struct lane *lane, struct stream *stream)
{
	uint8_t priority = TAILQ_FIRST(&stream->jobs)->priority;
	struct stream *at;

	TAILQ_FOREACH_REVERSE(at, &lane->ready, stream_head, in_lane) {
		if (TAILQ_FIRST(&at->jobs)->priority >= priority) {
			TAILQ_INSERT_AFTER(&lane->ready, at, stream, in_lane);
			return;
		}
	}
	TAILQ_INSERT_HEAD(&lane->ready, stream, in_lane);
}

void stream_update(struct stream *stream)
{
	struct lane *lane = queue_lane(stream->queue);
	bool ready = !stream_blocked(stream);

	if (ready == stream->ready)
		return;
	stream->ready = ready;
	if (ready)
		lane_insert(lane, stream);
	else
		TAILQ_REMOVE(&lane->ready, stream, in_lane);
	lane_update(lane);
}

void context_update_streams(struct session *session, uint32_t context)
{
	for (uint32_t q = 1; q <= session->limits.max_queues; q++)
		if (session->queues[q] && session->queues[q]->streams[context])
			stream_update(session->queues[q]->streams[context]);
}

void session_update_streams(struct session *session)
{
	for (uint32_t c = 0; c < session->limits.max_contexts; c++)
		context_update_streams(session, c);
	for (uint32_t i = 0; i < SCHED_CLASSES; i++)
		lane_update(&session->lanes[i]);
}

/* Everything leaves its lane and comes back to the one that counts now. */
void lanes_set_class(struct session *session, uint32_t max_class)
{
	struct paused_head paused = TAILQ_HEAD_INITIALIZER(paused);
	struct stream *stream;
	struct job *job;

	if (session->limits.max_class == max_class)
		return;
	for (uint32_t i = 0; i < SCHED_CLASSES; i++) {
		struct lane *lane = &session->lanes[i];

		while ((stream = TAILQ_FIRST(&lane->ready))) {
			stream->ready = false;
			TAILQ_REMOVE(&lane->ready, stream, in_lane);
		}
		TAILQ_CONCAT(&paused, &lane->paused, link);
	}
	session->limits.max_class = max_class;
	while ((job = TAILQ_FIRST(&paused))) {
		TAILQ_REMOVE(&paused, job, link);
		TAILQ_INSERT_TAIL(&job_lane(job)->paused, job, link);
	}
	session_update_streams(session);
}

struct job *lane_next(struct lane *lane)
{
	struct session *session = lane->session;
	struct stream *stream = TAILQ_FIRST(&lane->ready);
	struct job *job = session->stopped;

	/* A stopped worker can go on with the job inside it and no other. */
	if (!job || job_lane(job) != lane)
		job = TAILQ_FIRST(&lane->paused);
	if (job) {
		lane_unpause(job);
		return job;
	}
	if (!stream)
		return NULL;
	job = TAILQ_FIRST(&stream->jobs);
	TAILQ_REMOVE(&stream->jobs, job, link);
	session->contexts[job->context].active = job;
	context_update_streams(session, job->context);
	return job;
}

void lane_return(struct job *job)
{
	struct session *session = job_session(job);

	session->contexts[job->context].active = NULL;
	TAILQ_INSERT_HEAD(&job_stream(job)->jobs, job, link);
	context_update_streams(session, job->context);
}

/* Whether the context has jobs of this lane in another queue, too: which of
 * them is next is known when the one that runs has ended, and not before. */
static bool has_rival(const struct stream *stream)
{
	const struct session *session = stream->queue->session;
	const struct lane *lane = queue_lane(stream->queue);

	for (uint32_t q = 1; q <= session->limits.max_queues; q++) {
		const struct queue *queue = session->queues[q];

		if (queue && queue != stream->queue && queue_lane(queue) == lane &&
		    queue->streams[stream->context] &&
		    !TAILQ_EMPTY(&queue->streams[stream->context]->jobs))
			return true;
	}
	return false;
}

struct job *lane_ahead(struct lane *lane, const struct job *running)
{
	struct session *session = lane->session;
	struct stream *stream = job_stream(running), *other = TAILQ_FIRST(&lane->ready);
	struct job *job = TAILQ_FIRST(&stream->jobs);

	if (!TAILQ_EMPTY(&lane->paused) || has_rival(stream))
		return NULL;
	/* Who waited in the lane already stays before its equals: lane_insert(). */
	if (other && (!job || TAILQ_FIRST(&other->jobs)->priority >= job->priority)) {
		stream = other;
		job = TAILQ_FIRST(&other->jobs);
	}
	if (!job || (job->flags & XENCOPROC_JOB_F_WAIT) || job->start_by_ns != SCHED_NEVER)
		return NULL;
	TAILQ_REMOVE(&stream->jobs, job, link);
	job->state = JOB_AHEAD;
	session->ahead = job;
	if (stream == other) {
		session->contexts[job->context].active = job;
		context_update_streams(session, job->context);
	}
	return job;
}

void lane_unahead(struct job *job)
{
	job_session(job)->ahead = NULL;
	job->state = JOB_QUEUED;
	TAILQ_INSERT_HEAD(&job_stream(job)->jobs, job, link);
	if (job_session(job)->contexts[job->context].active == job)
		job_session(job)->contexts[job->context].active = NULL;
	context_update_streams(job_session(job), job->context);
	lane_update(job_lane(job));
}

void lane_pause(struct job *job, enum job_state state)
{
	job->state = state;
	job->told |= XENCOPROC_CQE_F_PREEMPTED;
	TAILQ_INSERT_TAIL(&job_lane(job)->paused, job, link);
	lane_update(job_lane(job));
}

void lane_unpause(struct job *job)
{
	TAILQ_REMOVE(&job_lane(job)->paused, job, link);
}

void lane_leave(struct job *job)
{
	struct stream *stream = job_stream(job);

	if (job->state == JOB_QUEUED) {
		TAILQ_REMOVE(&stream->jobs, job, link);
		/* Its place in the lane was by the priority of its first job. */
		if (stream->ready) {
			stream->ready = false;
			TAILQ_REMOVE(&job_lane(job)->ready, stream, in_lane);
		}
	} else if (job->state == JOB_PARKED || job->state == JOB_STOPPED) {
		lane_unpause(job);
	}
}

/* ---- timelines ---- */

void timeline_reach(struct session *session, uint32_t context, uint64_t value)
{
	if (session->contexts[context].timeline >= value)
		return;
	session->contexts[context].timeline = value;
	if (session->waiting)
		session_update_streams(session);
}
