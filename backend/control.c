/* SPDX-License-Identifier: MIT */
/*
 * The control queue: everything that a frontend asks and that is no job.
 *
 * Each handler answers at once, or keeps the slot as owed and answers when
 * the effect is there.  Only what the checks of libcoproc-ring left is here:
 * whether objects exist, and quotas.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "log.h"
#include "session.h"

void control_complete(struct session *session, int slot, enum xencoproc_status status,
		      uint64_t result)
{
	if (slot != NO_SLOT && session->queues[XENCOPROC_QUEUE_CONTROL])
		queue_complete(session->queues[XENCOPROC_QUEUE_CONTROL], (uint16_t)slot, status,
			       result);
}

static enum xencoproc_status take_queue_open(struct session *session,
					     const struct coproc_request *request)
{
	int rc;

	if (session->queues[request->u.queue_open.queue])
		return XENCOPROC_IN_USE;
	rc = queue_open(session, request->u.queue_open.queue, request->u.queue_open.qclass,
			request->u.queue_open.order, request->u.queue_open.sq_ref,
			request->u.queue_open.cq_ref, request->u.queue_open.event_channel);
	switch (rc) {
	case 0:
		return XENCOPROC_OK;
	case -ENOMEM:
		return XENCOPROC_NO_MEMORY;
	default:
		return XENCOPROC_BAD_GRANT;
	}
}

static enum xencoproc_status take_queue_close(struct session *session,
					      const struct coproc_request *request)
{
	struct queue *queue = session->queues[request->u.queue_close.queue];

	if (!queue || queue->closing != NO_SLOT)
		return XENCOPROC_BAD_OBJECT;
	queue_accept(queue);
	for (uint32_t i = 0; i < queue->server.sq.entries; i++)
		if (queue->jobs[i].state != JOB_FREE)
			job_cancel(&queue->jobs[i]);
	/* Those that had started end later; the last one closes the queue. */
	queue->closing = request->slot;
	if (queue->server.live)
		return LATER;
	queue_flush(queue);
	queue_free(queue);
	return XENCOPROC_OK;
}

static enum xencoproc_status take_cancel(struct session *session,
					 const struct coproc_request *request)
{
	struct queue *queue = session->queues[request->u.cancel.queue];
	struct job *job = NULL;

	/* The job may have been published just before, and not been looked at. */
	if (queue && queue->number != XENCOPROC_QUEUE_CONTROL) {
		queue_accept(queue);
		job = job_find(queue, request->u.cancel.target_slot, request->u.cancel.target_id);
	}
	if (!job)
		return XENCOPROC_NOT_FOUND;
	if (job->state == JOB_QUEUED) {
		job_cancel(job);
		return XENCOPROC_OK;
	}
	/* The end of the job answers (B-CANCEL-1), all who asked for it. */
	_Static_assert(1u << XENCOPROC_CONTROL_ORDER <= 32, "a bit for each slot");
	job->cancels_owed |= 1u << request->slot;
	job_cancel(job);
	return LATER;
}

static enum xencoproc_status take_signal(struct session *session,
					 const struct coproc_request *request)
{
	struct context *context = &session->contexts[request->u.ctx_signal.context];

	if (context->state != OBJECT_READY)
		return XENCOPROC_BAD_OBJECT;
	timeline_reach(session, request->u.ctx_signal.context, request->u.ctx_signal.value);
	return XENCOPROC_OK;
}

static enum xencoproc_status query_object(struct session *session, uint32_t what, uint32_t object,
					  uint64_t *result)
{
	switch (what) {
	case XENCOPROC_QUERY_QUEUE:
		/* One that is closing counts as closed. */
		if (session->queues[object] && session->queues[object]->closing == NO_SLOT)
			*result = session->queues[object]->server.live + 1ull;
		return XENCOPROC_OK;
	case XENCOPROC_QUERY_CONTEXT:
		if (session->contexts[object].state == OBJECT_READY)
			*result = session->contexts[object].resets + 1ull;
		return XENCOPROC_OK;
	case XENCOPROC_QUERY_TIMELINE:
		if (session->contexts[object].state != OBJECT_READY)
			return XENCOPROC_BAD_OBJECT;
		*result = session->contexts[object].timeline;
		return XENCOPROC_OK;
	case XENCOPROC_QUERY_BUFFER:
		if (session->buffers[object].state == OBJECT_READY)
			*result = session->buffers[object].pages;
		return XENCOPROC_OK;
	default:
		if (session->firmware[object].state == OBJECT_READY)
			*result = 1;
		return XENCOPROC_OK;
	}
}

static enum xencoproc_status take_query(struct session *session,
					const struct coproc_request *request, uint64_t *result)
{
	switch (request->u.query.what) {
	case XENCOPROC_QUERY_DEVICE:
		*result = session->coprocessor->state;
		return XENCOPROC_OK;
	case XENCOPROC_QUERY_EVENTS_LOST:
		*result = session->events_lost;
		return XENCOPROC_OK;
	case XENCOPROC_QUERY_WEIGHT:
		*result = session->lanes[SCHED_CLASSES - 1].sched.entity.weight;
		return XENCOPROC_OK;
	default:
		return query_object(session, request->u.query.what, request->u.query.object, result);
	}
}

static enum xencoproc_status take_request(struct session *session,
					  const struct coproc_request *request, uint64_t *result)
{
	switch (request->op) {
	case XENCOPROC_OP_NOP:
		return XENCOPROC_OK;
	case XENCOPROC_OP_QUEUE_OPEN:
		return take_queue_open(session, request);
	case XENCOPROC_OP_QUEUE_CLOSE:
		return take_queue_close(session, request);
	case XENCOPROC_OP_CTX_CREATE:
		return context_create(session, request->u.ctx_create.context, request->slot);
	case XENCOPROC_OP_CTX_DESTROY:
		return context_destroy(session, request->u.ctx_destroy.context, request->slot);
	case XENCOPROC_OP_BUF_REGISTER:
		return buffer_register(session, request);
	case XENCOPROC_OP_BUF_RELEASE:
		return buffer_release(session, request->u.buf_release.buffer, request->slot);
	case XENCOPROC_OP_FW_LOAD:
		return firmware_load(session, request);
	case XENCOPROC_OP_FW_UNLOAD:
		return firmware_unload(session, request->u.fw_unload.firmware, request->slot);
	case XENCOPROC_OP_CANCEL:
		return take_cancel(session, request);
	case XENCOPROC_OP_CTX_SIGNAL:
		return take_signal(session, request);
	case XENCOPROC_OP_QUERY:
		return take_query(session, request, result);
	default:
		/* Decoded, and yet not here: an operation of a later version. */
		return XENCOPROC_BAD_OP;
	}
}

static void answer(struct session *session, const struct coproc_request *request,
		   enum xencoproc_status status)
{
	uint64_t result = 0;

	if (status == XENCOPROC_OK)
		status = take_request(session, request, &result);
	if (status == LATER)
		return;
	if (status != XENCOPROC_OK && session_may_log(session)) {
		const char *op = coproc_op_text(request->op);

		log_event(LOG_INFO, "request-refused", "dom=%u dev=%u op=%s status=%s",
			  session->domain, session->device, op ? op : "unknown",
			  coproc_status_text(status));
	}
	control_complete(session, request->slot, status, result);
}

/* ---- waiting for an object's making to end (B-CTRL-1) ---- */

struct waiting {
	STAILQ_ENTRY(waiting) link;
	struct coproc_request request;
};

enum object_kind { KIND_NONE, KIND_CONTEXT, KIND_BUFFER, KIND_FIRMWARE };

struct name {
	enum object_kind kind;
	uint32_t index;
	bool makes;
};

static struct name queried(const struct coproc_request *request)
{
	switch (request->u.query.what) {
	case XENCOPROC_QUERY_CONTEXT:
	case XENCOPROC_QUERY_TIMELINE:
		return (struct name){ KIND_CONTEXT, request->u.query.object, false };
	case XENCOPROC_QUERY_BUFFER:
		return (struct name){ KIND_BUFFER, request->u.query.object, false };
	case XENCOPROC_QUERY_FIRMWARE:
		return (struct name){ KIND_FIRMWARE, request->u.query.object, false };
	default:
		return (struct name){ KIND_NONE, 0, false };
	}
}

/* The objects that a request makes, ends or uses: at most two. */
static void names_of(const struct coproc_request *request, struct name name[2])
{
	name[0] = name[1] = (struct name){ KIND_NONE, 0, false };
	switch (request->op) {
	case XENCOPROC_OP_CTX_CREATE:
		name[0] = (struct name){ KIND_CONTEXT, request->u.ctx_create.context, true };
		break;
	case XENCOPROC_OP_CTX_DESTROY:
		name[0] = (struct name){ KIND_CONTEXT, request->u.ctx_destroy.context, false };
		break;
	case XENCOPROC_OP_CTX_SIGNAL:
		name[0] = (struct name){ KIND_CONTEXT, request->u.ctx_signal.context, false };
		break;
	case XENCOPROC_OP_BUF_REGISTER:
		name[0] = (struct name){ KIND_BUFFER, request->u.buf_register.buffer, true };
		break;
	case XENCOPROC_OP_BUF_RELEASE:
		name[0] = (struct name){ KIND_BUFFER, request->u.buf_release.buffer, false };
		break;
	case XENCOPROC_OP_FW_LOAD:
		name[0] = (struct name){ KIND_FIRMWARE, request->u.fw_load.firmware, true };
		if (!(request->flags & XENCOPROC_FW_F_DIGEST_ONLY))
			name[1] = (struct name){ KIND_BUFFER, request->u.fw_load.buffer, false };
		break;
	case XENCOPROC_OP_FW_UNLOAD:
		name[0] = (struct name){ KIND_FIRMWARE, request->u.fw_unload.firmware, false };
		break;
	case XENCOPROC_OP_QUERY:
		name[0] = queried(request);
		break;
	default:
		break;
	}
}

static enum object_state state_of(const struct session *session, const struct name *name)
{
	switch (name->kind) {
	case KIND_CONTEXT:
		return session->contexts[name->index].state;
	case KIND_BUFFER:
		return session->buffers[name->index].state;
	case KIND_FIRMWARE:
		return session->firmware[name->index].state;
	default:
		return OBJECT_ABSENT;
	}
}

/* Behind the making of what it names, and behind whoever waits for the same. */
static bool must_wait(struct session *session, const struct coproc_request *request,
		      const struct waiting *before)
{
	struct name mine[2], theirs[2];
	struct waiting *at;

	names_of(request, mine);
	for (int i = 0; i < 2; i++)
		if (mine[i].kind != KIND_NONE && !mine[i].makes &&
		    state_of(session, &mine[i]) == OBJECT_PENDING)
			return true;
	STAILQ_FOREACH(at, &session->requests, link) {
		if (at == before)
			break;
		names_of(&at->request, theirs);
		for (int i = 0; i < 4; i++)
			if (mine[i / 2].kind != KIND_NONE && mine[i / 2].kind == theirs[i % 2].kind &&
			    mine[i / 2].index == theirs[i % 2].index)
				return true;
	}
	return false;
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;
	struct waiting *at, *next;

	for (at = STAILQ_FIRST(&session->requests); at && !session->closing && !session->broken;
	     at = next) {
		next = STAILQ_NEXT(at, link);
		if (must_wait(session, &at->request, at))
			continue;
		STAILQ_REMOVE(&session->requests, at, waiting, link);
		answer(session, &at->request, XENCOPROC_OK);
		free(at);
	}
}

void control_retry(struct session *session)
{
	if (!STAILQ_EMPTY(&session->requests))
		event_active(session->retry, 0, 0);
}

int control_init(struct session *session)
{
	STAILQ_INIT(&session->requests);
	session->retry = event_new(session->backend->base, -1, 0, on_retry, session);
	return session->retry ? 0 : -ENOMEM;
}

void control_free(struct session *session)
{
	struct waiting *at;

	while ((at = STAILQ_FIRST(&session->requests))) {
		STAILQ_REMOVE_HEAD(&session->requests, link);
		free(at);
	}
	if (session->retry)
		event_free(session->retry);
}

void control_take(struct session *session, const struct xencoproc_sqe *sqe)
{
	struct coproc_request request;
	enum xencoproc_status status = coproc_request_decode(sqe, true, &session->limits, &request);
	struct waiting *waiting;

	if (status != XENCOPROC_OK || !must_wait(session, &request, NULL)) {
		answer(session, &request, status);
		return;
	}
	/* As many as the control queue has slots, at most. */
	waiting = malloc(sizeof(*waiting));
	if (!waiting) {
		answer(session, &request, XENCOPROC_NO_MEMORY);
		return;
	}
	waiting->request = request;
	STAILQ_INSERT_TAIL(&session->requests, waiting, link);
}
