/* SPDX-License-Identifier: MIT */
#include "inbox.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct inbox {
	int wake;
	struct event *readable;
	pthread_mutex_t lock;           /* held for a few instructions, never across a call */
	pthread_cond_t made;
	bool closed;
	STAILQ_HEAD(, inbox_call) calls;
};

/* Somebody waits for it. */
struct asked {
	struct inbox_call call;
	struct inbox *inbox;
	void (*make)(void *arg);
	void *arg;
	bool made;
};

static struct inbox_call *next_call(struct inbox *inbox)
{
	struct inbox_call *call;

	pthread_mutex_lock(&inbox->lock);
	call = STAILQ_FIRST(&inbox->calls);
	if (call)
		STAILQ_REMOVE_HEAD(&inbox->calls, link);
	pthread_mutex_unlock(&inbox->lock);
	return call;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct inbox *inbox = arg;
	struct inbox_call *call;
	uint64_t count;

	/* The count first: a call sent after this read wakes once more. */
	if (read(inbox->wake, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	/* One for each turn of the loop, which looks at everybody else in between. */
	call = next_call(inbox);
	if (!call)
		return;
	count = 1;
	if (write(inbox->wake, &count, sizeof(count)) < 0)
		return;         /* full: it wakes in any case */
	call->make(call->arg);
}

struct inbox *inbox_create(struct event_base *base)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));

	if (!inbox)
		return NULL;
	STAILQ_INIT(&inbox->calls);
	pthread_mutex_init(&inbox->lock, NULL);
	pthread_cond_init(&inbox->made, NULL);
	inbox->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	inbox->readable = inbox->wake < 0 ? NULL :
			  event_new(base, inbox->wake, EV_READ | EV_PERSIST, on_wake, inbox);
	if (!inbox->readable || event_add(inbox->readable, NULL)) {
		inbox_destroy(inbox);
		return NULL;
	}
	return inbox;
}

void inbox_destroy(struct inbox *inbox)
{
	if (!inbox)
		return;
	if (inbox->readable)
		event_free(inbox->readable);
	if (inbox->wake >= 0)
		close(inbox->wake);
	pthread_cond_destroy(&inbox->made);
	pthread_mutex_destroy(&inbox->lock);
	free(inbox);
}

static bool put(struct inbox *inbox, struct inbox_call *call)
{
	uint64_t one = 1;
	bool open;

	pthread_mutex_lock(&inbox->lock);
	open = !inbox->closed;
	if (open)
		STAILQ_INSERT_TAIL(&inbox->calls, call, link);
	pthread_mutex_unlock(&inbox->lock);
	if (open && write(inbox->wake, &one, sizeof(one)) < 0)
		return open;    /* full: it wakes in any case */
	return open;
}

void inbox_send(struct inbox *inbox, struct inbox_call *call)
{
	(void)put(inbox, call);
}

static void make_asked(void *arg)
{
	struct asked *asked = arg;
	struct inbox *inbox = asked->inbox;

	asked->make(asked->arg);
	pthread_mutex_lock(&inbox->lock);
	asked->made = true;
	pthread_cond_broadcast(&inbox->made);
	pthread_mutex_unlock(&inbox->lock);
}

bool inbox_ask(struct inbox *inbox, void (*make)(void *arg), void *arg)
{
	struct asked asked = { .inbox = inbox, .make = make, .arg = arg };

	asked.call = (struct inbox_call){ .make = make_asked, .arg = &asked };
	if (!put(inbox, &asked.call))
		return false;
	pthread_mutex_lock(&inbox->lock);
	while (!asked.made && !inbox->closed)
		pthread_cond_wait(&inbox->made, &inbox->lock);
	pthread_mutex_unlock(&inbox->lock);
	return asked.made;
}

void inbox_close(struct inbox *inbox)
{
	pthread_mutex_lock(&inbox->lock);
	inbox->closed = true;
	/* What stands in it belongs to those who stop waiting now. */
	STAILQ_INIT(&inbox->calls);
	pthread_cond_broadcast(&inbox->made);
	pthread_mutex_unlock(&inbox->lock);
}
