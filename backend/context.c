/* SPDX-License-Identifier: MIT */
/*
 * Contexts: the unit of isolation, order, fault and timeline.  Each has a bank
 * of the coprocessor's local memory, which the worker maps.
 */
#include <errno.h>

#include "session.h"

/* What is left of a context: that it was not the next one of its index. */
static void clear(struct context *context)
{
	if (context->bank)
		bank_drop(context->bank);
	*context = (struct context){ .owed = NO_SLOT, .generation = context->generation };
}

static void context_gone(struct session *session, uint32_t index)
{
	struct context *context = &session->contexts[index];
	int owed = context->owed;

	clear(context);
	control_complete(session, owed, XENCOPROC_OK, 0);
}

static void context_answer(void *owner, void *arg, const struct worker_reply *reply)
{
	struct session *session = owner;
	uint32_t index = object_index(session, arg, reply);
	struct context *context = &session->contexts[index];
	enum xencoproc_status status = object_status(reply);
	int owed = context->owed;

	if (context->state == OBJECT_PENDING) {
		context->owed = NO_SLOT;
		context->state = OBJECT_READY;
		if (status != XENCOPROC_OK)
			clear(context);
		control_complete(session, owed, status, 0);
		control_retry(session);
	} else if (status != XENCOPROC_OK) {
		object_lost(session, reply, "context", index);
	}
}

static void context_destroyed(void *owner, void *arg, const struct worker_reply *reply)
{
	/* Also when the worker died: then there is no such context either. */
	context_gone(owner, (uint32_t)(uintptr_t)arg);
}

/* Return: 0, -ENOSPC: all banks are taken, or -ENOMEM. */
static int take_bank(struct session *session, struct context *context)
{
	struct bank_pool *banks = &session->coprocessor->banks;

	if (context->bank || !banks->bytes)
		return 0;
	context->bank = bank_take(banks, session->domain, session);
	if (context->bank)
		return 0;
	return errno == ENOSPC ? -ENOSPC : -ENOMEM;
}

void contexts_take_banks(struct session *session)
{
	/* What fails here is told when the new worker is told of the context. */
	for (uint32_t i = 0; i < session->limits.max_contexts; i++)
		if (session->contexts[i].state != OBJECT_ABSENT)
			(void)take_bank(session, &session->contexts[i]);
}

int context_send(struct session *session, uint32_t index)
{
	struct context *context = &session->contexts[index];
	struct worker_command command = {
		.type = WORKER_CTX_CREATE,
		.u.ctx = { .context = index, .bank_bytes = session->coprocessor->banks.bytes },
	};
	int rc = take_bank(session, context);

	return rc ? rc : object_call(session, &command, context->bank ? context->bank->fd : -1,
				     context_answer, index);
}

enum xencoproc_status context_create(struct session *session, uint32_t index, int slot)
{
	struct context *context = &session->contexts[index];
	int rc;

	if (session->coprocessor->state == XENCOPROC_DEVICE_STOPPED)
		return XENCOPROC_STOPPED;
	if (context->state != OBJECT_ABSENT)
		return XENCOPROC_IN_USE;
	*context = (struct context){
		.state = OBJECT_PENDING,
		.owed = slot,
		.generation = context->generation + 1,
	};
	/* Counted now, whether there is a worker to be told already or not (B-OBJ-2). */
	rc = take_bank(session, context);
	if (!rc && session->worker_live)
		rc = context_send(session, index);
	if (!rc)
		return LATER;
	clear(context);
	return rc == -ENOSPC ? XENCOPROC_NO_QUOTA : XENCOPROC_NO_MEMORY;
}

void context_settle(struct session *session, uint32_t index)
{
	struct context *context = &session->contexts[index];
	struct worker_command command = { .type = WORKER_CTX_DESTROY, .u.ctx = { .context = index } };

	if (context->state != OBJECT_LEAVING || context->jobs)
		return;
	if (!session->worker_live)
		context_gone(session, index);
	else if (worker_call(session->worker, &command, -1, context_destroyed,
			     (void *)(uintptr_t)index))
		worker_kill(session->worker);   /* it has it until it is dead */
}

enum xencoproc_status context_destroy(struct session *session, uint32_t index, int slot)
{
	struct context *context = &session->contexts[index];

	if (context->state != OBJECT_READY)
		return XENCOPROC_BAD_OBJECT;
	context->state = OBJECT_LEAVING;
	context->owed = slot;
	if (!context->jobs) {
		context_settle(session, index);
		return LATER;
	}
	for (uint32_t q = 1; q <= XENCOPROC_QUEUE_MAX; q++) {
		struct queue *queue = session->queues[q];

		for (uint32_t i = 0; queue && i < queue->server.sq.entries; i++)
			if (queue->jobs[i].state != JOB_FREE && queue->jobs[i].context == index)
				job_cancel(&queue->jobs[i]);
	}
	return LATER;
}

void context_was_reset(struct session *session, uint32_t index, enum xencoproc_status why)
{
	session->contexts[index].resets++;      /* K8 */
	session_event(session, XENCOPROC_EVENT_CTX_RESET, why, index,
		      session->contexts[index].resets);
}
