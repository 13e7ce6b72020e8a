// SPDX-License-Identifier: MIT
/*
 * The connection of the double: xenstore, mapping, the rings' turn.  What it
 * answers is in double_serve.c.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

#include "double_private.h"

static void put(struct backend_double *d, const char *name, const char *value)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	xs_write(d->xs, XBT_NULL, path, value, (unsigned int)strlen(value));
}

void double_state(struct backend_double *d, unsigned int state)
{
	char text[8];

	d->mine = state;
	snprintf(text, sizeof(text), "%u", state);
	put(d, "state", text);
}

static char *get(struct backend_double *d, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", d->peer_dir, name);
	return xs_read(d->xs, XBT_NULL, path, NULL);
}

static uint32_t get_u32(struct backend_double *d, const char *name)
{
	char *text = get(d, name);
	uint32_t value = text ? (uint32_t)strtoul(text, NULL, 10) : 0;

	free(text);
	return value;
}

static void advertise(struct backend_double *d)
{
	static const char *const nodes[][2] = {
		{ "versions", "1" }, { "kind", "null" }, { "preemption", "job" },
		{ "firmware-kinds", "1" }, { "local-memory", "0" }, { "max-queues", "4" },
		{ "max-ring-order", "9" }, { "max-contexts", "64" }, { "max-buffers", "256" },
		{ "max-pages", "8192" }, { "max-firmware", "8" },
		{ "max-firmware-bytes", "1048576" }, { "max-operands", "64" },
		{ "max-run-limit-us", "1000000" }, { "feature-journal", "0" },
		{ "feature-save-area", "0" }, { "feature-cross-timeline", "0" },
		{ "feature-digest-load", "0" }, { "feature-firmware-signature", "0" },
		{ "error", "" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		put(d, nodes[i][0], nodes[i][1]);
	if (d->what->lie == LIE_NODES)
		put(d, d->what->node, d->what->value);
	double_state(d, 2);
}

void *double_map(struct backend_double *d, uint32_t *refs, uint32_t count, bool writable)
{
	return xengnttab_map_domain_grant_refs(d->gnttab, count, d->domid, refs,
					       writable ? PROT_READ | PROT_WRITE : PROT_READ);
}

static void *map_one(struct backend_double *d, const char *node, bool writable)
{
	uint32_t ref = get_u32(d, node);

	return double_map(d, &ref, 1, writable);
}

static bool connect_rings(struct backend_double *d)
{
	int port;

	d->fe_index = map_one(d, "frontend-index-ref", false);
	d->be_index = map_one(d, "backend-index-ref", true);
	d->control_sq = map_one(d, "control-sq-ref", false);
	d->control_cq = map_one(d, "control-cq-ref", true);
	d->events = map_one(d, "event-ring-ref", true);
	port = xenevtchn_bind_interdomain(d->evtchn, d->domid, get_u32(d, "event-channel"));
	if (!d->fe_index || !d->be_index || !d->control_sq || !d->control_cq || !d->events ||
	    port < 0) {
		fprintf(stderr, "double: cannot connect: %s\n", strerror(errno));
		return false;
	}
	d->port = (evtchn_port_t)port;
	coproc_server_init(&d->queue[0].ring, d->be_index, d->fe_index, 0, 5, d->control_sq,
			   d->control_cq, d->queue[0].live);
	coproc_ring_init(&d->event_ring, &d->be_index[0], &d->fe_index[0], d->events, 128,
			 XENCOPROC_CQE_SIZE);
	d->queue[0].open = true;
	d->sequence = 0;
	d->lost = 0;
	d->connections++;
	return true;
}

void double_teardown(struct backend_double *d)
{
	unsigned int i;

	if (!d->fe_index || d->what->lie == LIE_KEEP_MAPPED)
		return;
	for (i = 1; i < QUEUES; i++)
		double_queue_close(d, i);
	for (i = 0; i < BUFFERS; i++)
		double_buffer_close(d, i);
	d->queue[0].open = false;
	xengnttab_unmap(d->gnttab, d->fe_index, 1);
	xengnttab_unmap(d->gnttab, d->be_index, 1);
	xengnttab_unmap(d->gnttab, d->control_sq, 1);
	xengnttab_unmap(d->gnttab, d->control_cq, 1);
	xengnttab_unmap(d->gnttab, d->events, 1);
	xenevtchn_unbind(d->evtchn, d->port);
	d->fe_index = NULL;
	d->held = 0;
}

/* What the frontend's state asks of this side. */
static void follow(struct backend_double *d)
{
	unsigned int peer = get_u32(d, "state");
	enum lie lie = d->what->lie;

	if (d->dead || d->gone)
		return;
	if (d->mine == 1 || (d->mine == 6 && peer == 1) || (d->mine == 6 && peer == 2)) {
		double_teardown(d);
		advertise(d);
	} else if (d->mine == 2 && peer == 3 && lie == LIE_REFUSE) {
		put(d, "error", "the test wants it so");
		double_state(d, 5);
	} else if (d->mine == 2 && peer == 3 && lie != LIE_NEVER_CONNECT) {
		double_state(d, connect_rings(d) ? 4 : 5);
	} else if (d->mine == 4 && peer == 4) {
		d->both = true;
	} else if (d->mine >= 4 && d->mine < 6 && (peer == 5 || peer == 6 || peer == 1)) {
		if (lie == LIE_NEVER_CLOSE)
			return;
		double_teardown(d);
		double_state(d, 6);
		d->both = false;
	}
}

struct backend_double *double_new(uint32_t domid, const struct double_case *what)
{
	struct backend_double *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->what = what;
	d->seed = domid;
	d->domid = domid;
	d->mine = 1;
	d->xs = xs_open(0);
	d->gnttab = xengnttab_open(NULL, 0);
	d->evtchn = xenevtchn_open(NULL, 0);
	if (!d->xs || !d->gnttab || !d->evtchn) {
		fprintf(stderr, "double: no Xen libraries: %s\n", strerror(errno));
		return NULL;
	}
	snprintf(d->dir, sizeof(d->dir), "/local/domain/0/backend/vcoproc/%u/0", domid);
	snprintf(d->peer_dir, sizeof(d->peer_dir), "/local/domain/%u/device/vcoproc/0", domid);
	return d;
}

void double_successor(struct backend_double *d)
{
	double_teardown(d);
	d->dead = false;
	d->lied = true;
	advertise(d);
}

void double_remove(struct backend_double *d)
{
	double_teardown(d);
	d->gone = true;
	xs_rm(d->xs, XBT_NULL, d->dir);
}

/* Two hundred states, one after the other, whatever the frontend does. */
static void flap(struct backend_double *d)
{
	static const unsigned int states[] = { 5, 2, 6, 4, 0, 1, 3, 7, 8, 2 };

	double_state(d, states[d->flaps % 10]);
	if (++d->flaps == 200) {
		d->flapping = false;
		double_successor(d);
	}
}

static void take_ports(struct backend_double *d)
{
	struct pollfd p = { .fd = xenevtchn_fd(d->evtchn), .events = POLLIN };
	int port;

	while (poll(&p, 1, 0) > 0) {
		port = xenevtchn_pending(d->evtchn);
		if (port < 0)
			return;
		xenevtchn_unmask(d->evtchn, (evtchn_port_t)port);
	}
}

void double_turn(struct backend_double *d)
{
	struct pollfd p = { .fd = xenevtchn_fd(d->evtchn), .events = POLLIN };
	bool busy = d->what->lie == LIE_STORM || d->what->lie == LIE_EVENT_FLOOD;

	/* 2 ms at most: states are polled, which a test may do. */
	poll(&p, 1, busy && d->both ? 0 : 2);
	take_ports(d);
	if (d->flapping)
		flap(d);
	else if (d->turns++ % 4 == 0 || !d->both)
		follow(d);
	if (d->successor_in && --d->successor_in == 0)
		double_successor(d);
	if (d->fe_index && !d->dead && d->mine >= 4 && d->mine < 6)
		double_serve(d);
}

bool double_kept_changed(struct backend_double *d)
{
	unsigned int i;
	size_t n;

	for (i = 0; i < BUFFERS; i++) {
		if (!d->buffer[i].data)
			continue;
		for (n = 0; n < d->buffer[i].pages * 4096ul; n++)
			if (d->buffer[i].data[n] != 0 && d->buffer[i].data[n] != 'a') {
				fprintf(stderr, "# buffer %u byte %zu: 0x%02x\n", i, n,
					d->buffer[i].data[n]);
				return true;
			}
	}
	return false;
}

void double_free(struct backend_double *d)
{
	if (!d)
		return;
	xengnttab_close(d->gnttab);
	xenevtchn_close(d->evtchn);
	xs_close(d->xs);
	free(d);
}
