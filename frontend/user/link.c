// SPDX-License-Identifier: MIT
/*
 * One connection's shared things: two index pages, the control queue, the
 * event ring, the event channel.  All are fresh for each connection.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static void *share_one(struct coproc_device *dev, uint32_t domain, uint32_t *ref, bool writable)
{
	return pages_share(dev, domain, 1, ref, writable);
}

/* No word of shared memory has two writers: what this side writes is granted
 * read-only. */
static bool share_all(struct coproc_device *dev, uint32_t domain,
		      struct coproc_frontend_nodes *nodes)
{
	struct shared *link = &dev->link;

	link->fe_index = share_one(dev, domain, &nodes->frontend_index_ref, false);
	if (link->fe_index)
		link->be_index = share_one(dev, domain, &nodes->backend_index_ref, true);
	if (link->be_index)
		link->control_sq = share_one(dev, domain, &nodes->control_sq_ref, false);
	if (link->control_sq)
		link->control_cq = share_one(dev, domain, &nodes->control_cq_ref, true);
	if (link->control_cq)
		link->events = share_one(dev, domain, &nodes->event_ring_ref, true);
	return link->events != NULL;
}

/*
 * Grants pages and allocates the port; @nodes gets their numbers.
 * Return: 0; -ENOSPC, -EACCES and so on with a reason, and nothing is held.
 */
int link_open(struct coproc_device *dev, uint32_t domain, struct coproc_frontend_nodes *nodes)
{
	struct shared *link = &dev->link;
	int error;

	link->up = true;
	link->ready = false;
	link->ended = false;
	link->broken = false;
	link->domain = domain;
	link->port = -1;
	if (!share_all(dev, domain, nodes)) {
		error = errno ? errno : ENOMEM;
		link_close(dev, true);
		return fail(dev, -error, "the grant driver gave no pages: %s", strerror(error));
	}
	link->port = xenevtchn_bind_unbound_port(dev->evtchn, domain);
	if (link->port < 0) {
		error = errno ? errno : EIO;
		link_close(dev, true);
		return fail(dev, -error, "no event channel: %s", strerror(error));
	}
	nodes->event_channel = (uint32_t)link->port;
	coproc_client_init(&link->control, link->fe_index, link->be_index,
			   XENCOPROC_QUEUE_CONTROL, XENCOPROC_CONTROL_ORDER, link->control_sq,
			   link->control_cq, link->shadow);
	coproc_ring_init(&link->event_ring, &link->fe_index[XENCOPROC_RING_EVENT],
			 &link->be_index[XENCOPROC_RING_EVENT], link->events,
			 1u << XENCOPROC_EVENT_ORDER, XENCOPROC_CQE_SIZE);
	control_reset(link);
	link->event_sequence = 0;
	link->events_lost = 0;
	link->events_run = 0;
	link->events_missed = false;
	dev->asking = false;
	dev->asked = false;
	dev->device_state = XENCOPROC_DEVICE_RUNNING;
	return 0;
}

/* Both sides are Connected. */
void link_start(struct coproc_device *dev)
{
	dev->link.ready = true;
	dev->pinging = false;
	dev->heard_at = now_us();
	dev->stats.connections++;
	link_arm(dev);
}

bool link_arm(struct coproc_device *dev)
{
	bool more;

	if (!dev->link.ready)
		return false;
	more = coproc_client_arm(&dev->link.control);
	more |= coproc_ring_arm(&dev->link.event_ring);
	return more | queues_arm(dev);
}

void link_close(struct coproc_device *dev, bool confirmed)
{
	struct shared *link = &dev->link;

	if (!link->up)
		return;
	link->up = false;
	link->ready = false;
	link->ended = false;
	pages_end(dev, link->fe_index, 1, confirmed);
	pages_end(dev, link->be_index, 1, confirmed);
	pages_end(dev, link->control_sq, 1, confirmed);
	pages_end(dev, link->control_cq, 1, confirmed);
	pages_end(dev, link->events, 1, confirmed);
	link->fe_index = NULL;
	link->be_index = NULL;
	link->control_sq = NULL;
	link->control_cq = NULL;
	link->events = NULL;
	if (link->port >= 0)
		xenevtchn_unbind(dev->evtchn, (evtchn_port_t)link->port);
	link->port = -1;
}

/* A peer that is gone cannot be told; that it is gone is found elsewhere. */
void link_notify(struct coproc_device *dev, int port)
{
	dev->stats.sent++;
	xenevtchn_notify(dev->evtchn, (evtchn_port_t)port);
}

void link_lose(struct coproc_device *dev, const char *format, ...)
{
	va_list args;

	if (dev->lose)
		return;         /* the first reason is the one that counts */
	va_start(args, format);
	vsnprintf(dev->lose_text, sizeof(dev->lose_text), format, args);
	va_end(args);
	dev->lose = true;
	dev->lose_broken = false;
}

void link_broken(struct coproc_device *dev, const char *what, enum coproc_broken why)
{
	if (dev->lose)
		return;
	link_lose(dev, "the backend broke the %s: %s", what, coproc_broken_text(why));
	dev->lose_broken = true;
}

/* ---- is anybody there? ---- */

static void ping_done(struct ctl *ctl, int error, const struct coproc_completion *completion)
{
	struct coproc_device *dev =
		(struct coproc_device *)((char *)ctl - offsetof(struct coproc_device, ping));

	dev->pinging = false;
}

/*
 * Jobs are out and nothing was heard for long: a backend that was killed gives
 * no other sign than silence.  A NOP has a deadline, as all requests have.
 */
void link_ping(struct coproc_device *dev)
{
	if (dev->pinging)
		return;
	memset(&dev->ping, 0, sizeof(dev->ping));
	dev->ping.request.op = XENCOPROC_OP_NOP;
	dev->ping.done = ping_done;
	if (control_send(dev, &dev->ping, dev->options.control_timeout_ms) == 0)
		dev->pinging = true;
}
