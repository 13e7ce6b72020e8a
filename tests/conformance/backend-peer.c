// SPDX-License-Identifier: MIT
#include "backend-peer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t patience_us = 8000000;

uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

void sleep_us(uint64_t us)
{
	struct timespec t = { (time_t)(us / 1000000u), (long)(us % 1000000u) * 1000 };

	nanosleep(&t, NULL);
}

/* ---- xenstore ---- */

static char *read_node(struct peer *p, const char *dir, const char *name)
{
	unsigned int length;
	char path[384];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return xs_read(p->xs, XBT_NULL, path, &length);
}

char *backend_node(struct peer *p, const char *name)
{
	return read_node(p, p->backend, name);
}

bool write_node(struct peer *p, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", p->device, name);
	return xs_write(p->xs, XBT_NULL, path, value, (unsigned int)strlen(value));
}

bool write_number(struct peer *p, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return write_node(p, name, text);
}

void remove_node(struct peer *p, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", p->device, name);
	xs_rm(p->xs, XBT_NULL, path);
}

int backend_state(struct peer *p)
{
	char *text = backend_node(p, "state");
	int state = text ? atoi(text) : -1;

	free(text);
	return state;
}

bool backend_reaches(struct peer *p, int state, uint64_t us)
{
	uint64_t end = now_us() + us;

	do {
		if (backend_state(p) == state)
			return true;
		sleep_us(1000);
	} while (now_us() < end);
	return false;
}

const char *backend_error(struct peer *p)
{
	static char error[320];
	char *text = backend_node(p, "error");

	snprintf(error, sizeof(error), "%s", text ? text : "");
	free(text);
	return error;
}

int peer_open(struct peer *p, struct report *report, unsigned int first, unsigned int last)
{
	memset(p, 0, sizeof(*p));
	p->report = report;
	p->port = -1;
	p->first = first;
	p->last = p->number = last;
	p->xs = xs_open(0);
	p->gntshr = xengntshr_open(NULL, 0);
	p->evtchn = xenevtchn_open(NULL, 0);
	if (!p->xs || !p->gntshr || !p->evtchn) {
		fprintf(stderr, "coproc-conform: cannot open %s: %s; is this a Xen guest, or a domain of coproc-loopback?\n",
			!p->xs ? "xenstore" : !p->gntshr ? "the grant device" : "the event device",
			strerror(errno));
		return -1;
	}
	for (unsigned int i = first; i <= last; i++)
		if (!peer_turn(p))
			return -1;
	return 0;
}

bool peer_turn(struct peer *p)
{
	char *text;

	p->number = p->number == p->last ? p->first : p->number + 1;
	snprintf(p->device, sizeof(p->device), "device/vcoproc/%u", p->number);
	text = read_node(p, p->device, "backend");
	if (!text) {
		fprintf(stderr, "coproc-conform: no device: %s/backend is not there; attach one first\n", p->device);
		return false;
	}
	snprintf(p->backend, sizeof(p->backend), "%s", text);
	free(text);
	text = read_node(p, p->device, "backend-id");
	p->domain = text ? (uint32_t)strtoul(text, NULL, 10) : 0;
	free(text);
	return true;
}

void peer_shut(struct peer *p)
{
	if (p->evtchn)
		xenevtchn_close(p->evtchn);
	if (p->gntshr)
		xengntshr_close(p->gntshr);
	if (p->xs)
		xs_close(p->xs);
}

/* ---- what the backend offers ---- */

static uint64_t number(struct peer *p, const char *name, uint64_t otherwise)
{
	char *text = backend_node(p, name);
	uint64_t value = text ? strtoull(text, NULL, 10) : otherwise;

	free(text);
	return value;
}

static void word(struct peer *p, const char *name, char *to, size_t size)
{
	char *text = backend_node(p, name);

	snprintf(to, size, "%s", text ? text : "");
	free(text);
}

bool list_has(const char *list, unsigned long wanted)
{
	while (*list) {
		char *end;

		if (strtoul(list, &end, 10) == wanted && end != list)
			return true;
		list = *end ? end + 1 : end;
	}
	return false;
}

static void read_offer(struct peer *p)
{
	static const char *const feature[] = { "feature-journal", "feature-save-area",
		"feature-cross-timeline", "feature-digest-load", "feature-firmware-signature" };
	struct offer *o = &p->offer;
	char text[64];

	memset(o, 0, sizeof(*o));
	word(p, "versions", text, sizeof(text));
	o->version1 = list_has(text, 1);
	word(p, "kind", o->kind, sizeof(o->kind));
	word(p, "preemption", o->preemption, sizeof(o->preemption));
	word(p, "firmware-kinds", o->firmware_kinds, sizeof(o->firmware_kinds));
	o->local_memory = number(p, "local-memory", 0);
	o->max_queues = (uint32_t)number(p, "max-queues", 0);
	o->max_ring_order = (uint32_t)number(p, "max-ring-order", 0);
	o->max_contexts = (uint32_t)number(p, "max-contexts", 0);
	o->max_buffers = (uint32_t)number(p, "max-buffers", 0);
	o->max_pages = (uint32_t)number(p, "max-pages", 0);
	o->max_firmware = (uint32_t)number(p, "max-firmware", 0);
	o->max_firmware_bytes = (uint32_t)number(p, "max-firmware-bytes", 0);
	o->max_operands = (uint32_t)number(p, "max-operands", 0);
	o->max_run_limit_us = (uint32_t)number(p, "max-run-limit-us", 0);
	o->weight = (uint32_t)number(p, "weight", 100);
	word(p, "max-class", text, sizeof(text));
	o->max_class = !strcmp(text, "realtime") ? REALTIME : !strcmp(text, "batch") ? BATCH : NORMAL;
	for (unsigned int i = 0; i < 5; i++)
		o->features |= number(p, feature[i], 0) == 1 ? 1u << i : 0;
}

/* ---- memory ---- */

void *peer_share(struct peer *p, uint32_t pages, uint32_t *refs, bool writable)
{
	unsigned int i = 0;
	void *at;

	while (i < p->nshared && p->shared[i].at)
		i++;
	at = i < SHARED_MAX ? xengntshr_share_pages(p->gntshr, p->domain, (int)pages, refs, writable) : NULL;
	if (!at) {
		fprintf(stderr, "coproc-conform: cannot grant %u pages: %s\n", pages, strerror(errno));
		exit(REPORT_UNREACHABLE);
	}
	memset(at, 0, (size_t)pages * PAGE);
	p->shared[i].at = at;
	p->shared[i].pages = pages;
	if (i == p->nshared)
		p->nshared++;
	return at;
}

void peer_unshare(struct peer *p, void *at)
{
	for (unsigned int i = 0; i < p->nshared; i++)
		if (at && p->shared[i].at == at) {
			xengntshr_unshare(p->gntshr, at, p->shared[i].pages);
			p->shared[i].at = NULL;
		}
}

/* ---- connecting ---- */

bool peer_begin(struct peer *p)
{
	if (!write_node(p, "state", "1") || !backend_reaches(p, 2, STATE_US))
		return false;
	read_offer(p);
	return true;
}

bool peer_allocate(struct peer *p)
{
	struct peer_queue *control = &p->queue[0];

	p->fe = peer_share(p, 1, &p->fe_ref, false);
	p->be = peer_share(p, 1, &p->be_ref, true);
	p->events = peer_share(p, 1, &p->events_ref, true);
	memset(p->queue, 0, sizeof(p->queue));
	memset(p->cells_used, 0, sizeof(p->cells_used));
	p->cells_used[0] = p->cells_used[2] = p->cells_used[3] = true;
	control->order = 5;
	control->entries = ENTRIES_CONTROL;
	control->sq = peer_share(p, 1, control->sq_ref, false);
	control->cq = peer_share(p, 1, control->cq_ref, true);
	control->port = -1;
	p->events_index = 0;
	p->spoilt = false;
	p->hold_events = false;
	p->notices = p->noticed = p->count = p->notified = 0;
	p->port = (int)xenevtchn_bind_unbound_port(p->evtchn, p->domain);
	control->open = true;
	return p->port >= 0;
}

bool peer_write_nodes(struct peer *p)
{
	static const char *const request_[] = { "request-journal", "request-save-area",
		"request-cross-timeline", "request-digest-load", "request-firmware-signature" };
	bool good = write_node(p, "error", "") && write_number(p, "version", 1) &&
		write_number(p, "frontend-index-ref", p->fe_ref) &&
		write_number(p, "backend-index-ref", p->be_ref) &&
		write_number(p, "control-sq-ref", p->queue[0].sq_ref[0]) &&
		write_number(p, "control-cq-ref", p->queue[0].cq_ref[0]) &&
		write_number(p, "event-ring-ref", p->events_ref) &&
		write_number(p, "event-channel", (uint32_t)p->port);

	for (unsigned int i = 0; i < 5; i++)
		good = write_number(p, request_[i], p->features >> i & 1) && good;
	return good;
}

bool peer_connect(struct peer *p, unsigned int features)
{
	if (!peer_begin(p))
		return false;
	p->features = features & p->offer.features;
	if (!peer_allocate(p) || !peer_write_nodes(p) || !write_node(p, "state", "3") ||
	    !backend_reaches(p, 4, STATE_US) || !write_node(p, "state", "4")) {
		peer_forget(p);
		return false;
	}
	p->connected = true;
	return true;
}

bool peer_must_connect(struct peer *p)
{
	return report_check(p->report, peer_connect(p, 0), "does not connect: the backend is in state %d, error \"%s\"",
			    backend_state(p), backend_error(p));
}

void peer_forget_rings(struct peer *p)
{
	p->spoilt = true;
}

void peer_forget(struct peer *p)
{
	for (unsigned int i = 0; i < p->nshared; i++)
		peer_unshare(p, p->shared[i].at);
	p->nshared = 0;
	for (unsigned int q = 0; q < QUEUES; q++) {
		if (p->queue[q].open && q && p->queue[q].port >= 0)
			xenevtchn_unbind(p->evtchn, (evtchn_port_t)p->queue[q].port);
		p->queue[q].open = false;
	}
	if (p->port >= 0)
		xenevtchn_unbind(p->evtchn, (evtchn_port_t)p->port);
	p->port = -1;
	p->fe = p->be = p->events = NULL;
	p->connected = false;
}

/* ---- what the backend may have written (B-PAGE-4) ---- */

static bool zero(const uint8_t *at, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (at[i])
			return false;
	return true;
}

static void look_at_cells(struct peer *p)
{
	const bool *used = p->cells_used;

	for (unsigned int r = 0; r < 64; r++) {
		const uint8_t *cell = be_cell(p, r);
		unsigned int kept = !used[r] ? 0 : r == 0 || r % 2 ? 4 : 8;

		if (!zero(cell + kept, 64 - kept))
			report_breach(p->report, "B-PAGE-4",
				      "cell %u of the backend's index page has bytes not zero behind byte %u", r, kept);
	}
}

static void look_at_queue(struct peer *p, unsigned int q)
{
	const struct peer_queue *queue = &p->queue[q];
	size_t pages = queue->order > 7 ? (size_t)PAGE << (queue->order - 7) : PAGE;

	for (unsigned int i = 0; i < queue->entries; i++)
		if (!queue->consumed[i] && queue->cq_index == load32(be_cell(p, RING_CQ(q))) &&
		    !zero(queue->cq + i * CQE, CQE))
			report_breach(p->report, "B-PAGE-4", "queue %u: completion slot %u is not zero and was never published", q, i);
	if (!zero(queue->cq + queue->entries * CQE, pages - queue->entries * CQE))
		report_breach(p->report, "B-PAGE-4", "queue %u: bytes behind the last completion slot are not zero", q);
}

static void look_at_pages(struct peer *p)
{
	uint32_t published = load32(be_cell(p, 0));

	look_at_cells(p);
	for (unsigned int q = 0; q < QUEUES; q++)
		if (p->queue[q].open)
			look_at_queue(p, q);
	if (published < EVENTS && !zero(p->events + published * CQE, PAGE - published * CQE))
		report_breach(p->report, "B-PAGE-4", "the event ring's page is not zero behind event %u", published);
}

/* ---- leaving ---- */

bool peer_disconnect(struct peer *p)
{
	bool good = write_node(p, "state", "5") && backend_reaches(p, 6, STATE_US);

	if (p->fe && !p->spoilt) {
		peer_reap(p);
		look_at_pages(p);
	}
	peer_forget(p);
	return write_node(p, "state", "6") && good;
}

bool peer_check_broken(struct peer *p, const char *rule)
{
	uint64_t end = now_us() + STATE_US;
	/* A connection goes by way of Closing, which waits for this side. */
	bool connected = p->connected;
	int state;

	while ((state = backend_state(p)) != 5 && state != 6 && now_us() < end)
		sleep_us(1000);
	report_check(p->report, state == 5 || (state == 6 && !connected),
		     "the backend is in state %d, expected Closing (5)%s", state, connected ? "" : " or Closed (6)");
	report_check(p->report, strstr(backend_error(p), rule) != NULL,
		     "error is \"%s\", expected it to name %s", backend_error(p), rule);
	if (state != 5 && state != 6)
		return false;
	return report_check(p->report, peer_disconnect(p), "the backend does not come to Closed, it is in state %d",
			    backend_state(p));
}
