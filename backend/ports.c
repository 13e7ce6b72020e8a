/* SPDX-License-Identifier: MIT */
/*
 * Event channels of all sessions over one handle, and what keeps a guest that
 * storms events from taking the loop (F7): a port that fires without work is
 * unmasked later and later, and while it is masked its events merge into one.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "backend.h"
#include "clock.h"
#include "log.h"
#include "session.h"

#define PORTS_MAX               131072u /* event channels of a domain, at most */
#define SPURIOUS_FREE           8u      /* races make a few: not held against anyone */
#define BACKOFF_FIRST_NS        500000ull
#define BACKOFF_SHIFT_MAX       5u      /* 16 ms */

struct port {
	struct queue *queue;            /* NULL: free */
	struct event *unmask;           /* later, while it storms */
	uint32_t number;
	uint32_t spurious;              /* in a row */
	struct ports *ports;
};

struct ports {
	struct backend *backend;
	struct event *readable;
	struct port **table;
	uint32_t room;
};

static void on_unmask(evutil_socket_t fd, short what, void *arg)
{
	struct port *port = arg;

	/* It may have fired meanwhile and been merged: look before listening. */
	if (queue_intake(port->queue))
		port->spurious = 0;
	xenevtchn_unmask(port->ports->backend->evtchn, port->number);
}

static void port_done(struct port *port, bool work)
{
	uint32_t shift;
	struct timeval later;

	port->spurious = work ? 0 : port->spurious + 1;
	if (port->spurious <= SPURIOUS_FREE) {
		xenevtchn_unmask(port->ports->backend->evtchn, port->number);
		return;
	}
	shift = port->spurious - SPURIOUS_FREE - 1;
	later = clock_timeval(BACKOFF_FIRST_NS << (shift < BACKOFF_SHIFT_MAX ? shift : BACKOFF_SHIFT_MAX));
	event_add(port->unmask, &later);
}

static void on_events(evutil_socket_t fd, short what, void *arg)
{
	struct ports *ports = arg;
	xenevtchn_port_or_error_t number = xenevtchn_pending(ports->backend->evtchn);
	bool work;

	/* One port a turn: the loop looks at everybody else in between. */
	if (number < 0)
		return;
	if ((uint32_t)number >= ports->room || !ports->table[number]) {
		/* Fired before it was unbound: nothing listens any more. */
		return;
	}
	work = queue_intake(ports->table[number]->queue);
	/* A request may have closed the very queue that the port was of. */
	if (ports->table[number])
		port_done(ports->table[number], work);
}

struct ports *ports_create(struct backend *backend)
{
	struct ports *ports = calloc(1, sizeof(*ports));
	int fd = xenevtchn_fd(backend->evtchn);

	if (!ports)
		return NULL;
	ports->backend = backend;
	/* What had fired may be let go of between the loop's look and ours: then
	 * there is nothing to read, and nobody may wait for it. */
	if (evutil_make_socket_nonblocking(fd)) {
		free(ports);
		return NULL;
	}
	ports->readable = event_new(backend->base, fd, EV_READ | EV_PERSIST, on_events, ports);
	if (!ports->readable || event_add(ports->readable, NULL)) {
		ports_destroy(ports);
		errno = ENOMEM;
		return NULL;
	}
	return ports;
}

void ports_destroy(struct ports *ports)
{
	if (!ports)
		return;
	/* No port is bound: sessions are gone, and each unbinds its own. */
	if (ports->readable)
		event_free(ports->readable);
	free(ports->table);
	free(ports);
}

static int table_fit(struct ports *ports, uint32_t number)
{
	uint32_t room = ports->room ? ports->room : 64;
	struct port **table;

	if (number >= PORTS_MAX)
		return -ERANGE;
	while (room <= number)
		room *= 2;
	if (room == ports->room)
		return 0;
	table = realloc(ports->table, room * sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (uint32_t i = ports->room; i < room; i++)
		table[i] = NULL;
	ports->table = table;
	ports->room = room;
	return 0;
}

int ports_bind(struct ports *ports, uint32_t domain, uint32_t remote, struct queue *queue)
{
	xenevtchn_port_or_error_t number;
	struct port *port;
	int rc;

	number = xenevtchn_bind_interdomain(ports->backend->evtchn, domain, remote);
	if (number < 0)
		return errno ? -errno : -EIO;
	rc = table_fit(ports, (uint32_t)number);
	port = rc ? NULL : calloc(1, sizeof(*port));
	if (port)
		port->unmask = evtimer_new(ports->backend->base, on_unmask, port);
	if (!port || !port->unmask) {
		free(port);
		xenevtchn_unbind(ports->backend->evtchn, (evtchn_port_t)number);
		return rc ? rc : -ENOMEM;
	}
	port->queue = queue;
	port->number = (uint32_t)number;
	port->ports = ports;
	ports->table[number] = port;
	return number;
}

void ports_unbind(struct ports *ports, uint32_t number)
{
	struct port *port = number < ports->room ? ports->table[number] : NULL;

	if (!port)
		return;
	ports->table[number] = NULL;
	event_free(port->unmask);
	free(port);
	xenevtchn_unbind(ports->backend->evtchn, number);
}

void ports_notify(struct ports *ports, uint32_t number)
{
	/* It fails when the other end is gone, which xenstore tells better. */
	(void)xenevtchn_notify(ports->backend->evtchn, number);
}
