/* SPDX-License-Identifier: MIT */
/*
 * What contexts, buffers and firmware have in common: a worker is told of
 * them, and a new worker is told again.
 */
#include <stdlib.h>

#include "image.h"
#include "session.h"

/* What a worker's answer belongs to: the index, and whether a new worker was
 * being told of an object that exists already. */
int object_call(struct session *session, struct worker_command *command, int fd,
		worker_answer *answer, uint32_t index)
{
	bool again = !session->worker_ready;
	int rc = worker_call(session->worker, command, fd, answer,
			     (void *)((uintptr_t)index << 1 | again));

	if (!rc && again)
		tenant_sent(session);
	return rc;
}

uint32_t object_index(struct session *session, void *arg, const struct worker_reply *reply)
{
	if ((uintptr_t)arg & 1)
		tenant_answered(session, reply);
	return (uint32_t)((uintptr_t)arg >> 1);
}

enum xencoproc_status object_status(const struct worker_reply *reply)
{
	/* A worker that died, or says what is no status: none of the guest's business. */
	if (!reply || (reply->status > XENCOPROC_LOST && reply->status < XENCOPROC_BAD_OP))
		return XENCOPROC_NO_MEMORY;
	return (enum xencoproc_status)reply->status;
}

/* The new worker refused what the old one had: no job can be served honestly. */
void object_lost(struct session *session, const struct worker_reply *reply,
		 const char *what, uint32_t index)
{
	if (reply)
		session_break(session, "%s %u could not be given to a new engine process: %s", what,
			      index, coproc_status_text(reply->status));
}

int objects_resend(struct session *session)
{
	int rc = 0;

	for (uint32_t i = 0; !rc && i < session->limits.max_contexts; i++)
		if (session->contexts[i].state != OBJECT_ABSENT)
			rc = context_send(session, i);
	for (uint32_t i = 0; !rc && i < session->limits.max_buffers; i++)
		if (session->buffers[i].state != OBJECT_ABSENT)
			rc = buffer_send(session, i);
	/* A pending image may still be being copied: it is sent when that is done. */
	for (uint32_t i = 0; !rc && i < session->limits.max_firmware; i++)
		if (session->firmware[i].state != OBJECT_ABSENT && session->firmware[i].image)
			rc = firmware_send(session, i);
	return rc;
}

void objects_settle(struct session *session)
{
	for (uint32_t i = 0; i < session->limits.max_contexts; i++)
		context_settle(session, i);
	for (uint32_t i = 0; i < session->limits.max_buffers; i++)
		buffer_settle(session, i);
	for (uint32_t i = 0; i < session->limits.max_firmware; i++)
		firmware_settle(session, i);
}

void objects_free(struct session *session)
{
	if (session->images)
		image_cache_destroy(session->images);
	for (uint32_t i = 0; session->buffers && i < session->limits.max_buffers; i++)
		free(session->buffers[i].ref);
	free(session->contexts);
	free(session->buffers);
	free(session->firmware);
}
