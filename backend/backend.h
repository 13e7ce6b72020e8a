/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the backend share: the event loop, the handles of the Xen
 * libraries, the configuration, the trace.
 */
#ifndef COPROC_BACKEND_BACKEND_H
#define COPROC_BACKEND_BACKEND_H

#include <stdint.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "config.h"
#include "trace.h"

struct coproc_xs;
struct coprocessor;
struct event;
struct event_base;
struct inbox;
struct queue;

struct backend {
	struct event_base *base;
	struct inbox *inbox;            /* of the loop; see inbox.h */
	struct config *config;
	struct trace *trace;            /* NULL: none */
	struct coproc_xs *xs;           /* the store's thread's */
	uint32_t domain;                /* ours */
	xenevtchn_handle *evtchn;
	xengnttab_handle *gnttab;
	struct ports *ports;
	struct coprocessor **coprocessors;
	uint32_t count;
	struct devices *devices;
	struct event *housekeeping;     /* now and then: the trace to the kernel */
	int nicer;                      /* workers than the loop, by so much */
};

struct coprocessor *backend_find(struct backend *backend, const char *name);

/* ---- ports.c: event channels, and which queue each belongs to ---- */

/* Return: NULL with errno when the event channel device is not usable. */
struct ports *ports_create(struct backend *backend);
void ports_destroy(struct ports *ports);

/**
 * ports_bind() - bind a guest's port
 * @queue: told by queue_intake() when it fires; the control queue stands for
 *         all queues of its session that have no port of their own
 *
 * Return: our port, or -errno.
 */
int ports_bind(struct ports *ports, uint32_t domain, uint32_t remote, struct queue *queue);
void ports_unbind(struct ports *ports, uint32_t number);
void ports_notify(struct ports *ports, uint32_t number);

#endif /* COPROC_BACKEND_BACKEND_H */
