/* SPDX-License-Identifier: MIT */
/*
 * backend/inbox.c for one thread that plays both: what is sent is made in a
 * turn of the loop, what is asked at once, behind what was sent before.
 */
#include "real.h"

#include "backend/inbox.h"

#include <event2/event.h>
#include <pthread.h>

#include "../fuzz.h"

struct inbox {
	struct event *wake;
	bool closed;
	STAILQ_HEAD(, inbox_call) calls;
};

static bool make_one(struct inbox *inbox)
{
	struct inbox_call *call = STAILQ_FIRST(&inbox->calls);

	if (!call)
		return false;
	STAILQ_REMOVE_HEAD(&inbox->calls, link);
	call->make(call->arg);
	return true;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct inbox *inbox = arg;

	if (make_one(inbox) && !STAILQ_EMPTY(&inbox->calls))
		event_active(inbox->wake, 0, 0);
}

struct inbox *inbox_create(struct event_base *base)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));

	if (!inbox)
		return NULL;
	STAILQ_INIT(&inbox->calls);
	inbox->wake = event_new(base, -1, 0, on_wake, inbox);
	return inbox;
}

void inbox_destroy(struct inbox *inbox)
{
	if (!inbox)
		return;
	event_free(inbox->wake);
	free(inbox);
}

void inbox_send(struct inbox *inbox, struct inbox_call *call)
{
	if (inbox->closed)
		return;
	STAILQ_INSERT_TAIL(&inbox->calls, call, link);
	event_active(inbox->wake, 0, 0);
}

bool inbox_ask(struct inbox *inbox, void (*make)(void *arg), void *arg)
{
	while (!inbox->closed && make_one(inbox))
		;
	if (inbox->closed)
		return false;
	make(arg);
	return true;
}

void inbox_close(struct inbox *inbox)
{
	inbox->closed = true;
	STAILQ_INIT(&inbox->calls);
}

/* The store's thread: its events are run with all others. */
int rim_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*main)(void *), void *arg);
int rim_pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until);

int rim_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*main)(void *), void *arg)
{
	return 0;
}

int rim_pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until)
{
	return 0;
}
