/* SPDX-License-Identifier: MIT */
/*
 * In a world: the descriptor of the event channels is readable when the loop
 * looks, and what had fired is unbound by somebody who comes first in the same
 * turn.  The loop must not wait for the next one.  Prints "ok - ..." lines.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xenevtchn.h>

#include "backend/session.h"

#define DOMAIN  0

static struct backend backend;
static int bound;

static void must(bool yes, const char *what)
{
	if (yes)
		return;
	perror(what);
	exit(1);
}

static void unbind(evutil_socket_t fd, short what, void *arg)
{
	must(!xenevtchn_unbind(backend.evtchn, (evtchn_port_t)bound), "unbind");
}

int main(void)
{
	xenevtchn_handle *peer = xenevtchn_open(NULL, 0);
	struct event *first;
	struct ports *ports;
	int port;

	backend.base = event_base_new();
	backend.evtchn = xenevtchn_open(NULL, 0);
	must(peer && backend.base && backend.evtchn, "event channels");
	ports = ports_create(&backend);
	first = event_new(backend.base, -1, 0, unbind, NULL);
	must(ports && first, "ports");
	port = xenevtchn_bind_unbound_port(peer, DOMAIN);
	must(port >= 0, "a port");
	bound = xenevtchn_bind_interdomain(backend.evtchn, DOMAIN, (evtchn_port_t)port);
	must(bound >= 0, "its other end");
	must(!xenevtchn_notify(peer, (evtchn_port_t)port), "notify");
	/* What is active already goes before what the loop then finds readable. */
	event_active(first, EV_TIMEOUT, 0);
	printf("# a loop that waits is ended by SIGALRM\n");
	fflush(stdout);
	alarm(10);
	event_base_loop(backend.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	printf("ok - F7: a port that fired and is let go of in the same turn: the loop goes on\n");
	event_free(first);
	ports_destroy(ports);
	xenevtchn_close(backend.evtchn);
	xenevtchn_close(peer);
	event_base_free(backend.base);
	return 0;
}
