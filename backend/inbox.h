/* SPDX-License-Identifier: MIT */
/*
 * What one thread asks another to do.  coprocd has two: the loop, which serves
 * rings and workers and never waits for anybody, and the store's, which talks
 * with xenstored and waits for each answer.  Neither touches what is the
 * other's: they send each other calls.
 */
#ifndef COPROC_BACKEND_INBOX_H
#define COPROC_BACKEND_INBOX_H

#include <stdbool.h>
#include <sys/queue.h>

struct event_base;
struct inbox;

/* A call under way; owned by who sends it, until @make was called. */
struct inbox_call {
	STAILQ_ENTRY(inbox_call) link;
	void (*make)(void *arg);
	void *arg;
};

/* @base: of the thread that makes the calls.  Return: NULL when out of memory. */
struct inbox *inbox_create(struct event_base *base);
void inbox_destroy(struct inbox *inbox);        /* both threads are done with it */

/* The call is made in its turn; calls of one sender stay in order.  Does not wait. */
void inbox_send(struct inbox *inbox, struct inbox_call *call);

/**
 * inbox_ask() - have a call made, and wait until it was
 *
 * Return: whether it was; false: nobody makes calls any more.
 */
bool inbox_ask(struct inbox *inbox, void (*make)(void *arg), void *arg);

/* No call is made any more, and who waits for one waits no longer. */
void inbox_close(struct inbox *inbox);

#endif /* COPROC_BACKEND_INBOX_H */
