// SPDX-License-Identifier: MIT
/* The liar's connection: xenstore, mappings, states. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "liar.h"
#include "libcoproc-ring/wire.h"

void liar_write(struct liar *l, const char *node, const void *value, size_t length)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", l->dir, node);
	if (value)
		xs_write(l->xs, l->transaction, path, value, (unsigned int)length);
	else
		xs_rm(l->xs, l->transaction, path);
}

void liar_state(struct liar *l, const char *state)
{
	l->mine = (unsigned int)atoi(state);
	liar_write(l, "state", state, strlen(state));
}

char *liar_peer_node(struct liar *l, const char *node)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", l->peer_dir, node);
	return xs_read(l->xs, XBT_NULL, path, NULL);
}

static uint32_t peer_u32(struct liar *l, const char *node)
{
	char *text = liar_peer_node(l, node);
	uint32_t value = text ? (uint32_t)strtoul(text, NULL, 10) : 0;

	free(text);
	return value;
}

/* All of its directory: an attack may have removed what the toolstack wrote. */
static void advertise(struct liar *l)
{
	static const char *const nodes[][2] = {
		{ "online", "1" }, { "coprocessor", "test" }, { "weight", "100" }, { "cap", "0" },
		{ "max-class", "realtime" }, { "realtime-budget-us", "0" },
		{ "realtime-period-us", "0" },
		{ "versions", "1" }, { "kind", "null" }, { "preemption", "job" },
		{ "firmware-kinds", "1" }, { "local-memory", "0" }, { "max-queues", "4" },
		{ "max-ring-order", "9" }, { "max-contexts", "16" }, { "max-buffers", "64" },
		{ "max-pages", "8192" }, { "max-firmware", "8" },
		{ "max-firmware-bytes", "1048576" }, { "max-operands", "64" },
		{ "max-run-limit-us", "1000000" }, { "feature-journal", "0" },
		{ "feature-save-area", "0" }, { "feature-cross-timeline", "0" },
		{ "feature-digest-load", "0" }, { "feature-firmware-signature", "0" },
		{ "error", "" },
	};
	struct xs_permissions perms[] = { { .id = 0, .perms = XS_PERM_NONE },
					  { .id = l->domid, .perms = XS_PERM_READ } };
	char text[16];
	bool done;

	l->transaction = xs_transaction_start(l->xs);
	xs_mkdir(l->xs, l->transaction, l->dir);
	xs_set_permissions(l->xs, l->transaction, l->dir, perms, 2);
	liar_write(l, "frontend", l->peer_dir, strlen(l->peer_dir));
	snprintf(text, sizeof(text), "%u", l->domid);
	liar_write(l, "frontend-id", text, strlen(text));
	for (unsigned int i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		liar_write(l, nodes[i][0], nodes[i][1], strlen(nodes[i][1]));
	if (l->node)
		liar_write(l, l->node, l->value, l->length);
	liar_state(l, "2");
	done = xs_transaction_end(l->xs, l->transaction, false);
	l->transaction = XBT_NULL;
	if (!done)
		advertise(l);   /* somebody wrote in between */
}

/* ---- mappings ---- */

void *liar_map(struct liar *l, const char *what, const uint32_t *refs, uint32_t count, bool writable)
{
	void *at = xengnttab_map_domain_grant_refs(l->gnttab, count, l->domid,
						   (uint32_t *)(uintptr_t)refs,
						   writable ? PROT_READ | PROT_WRITE : PROT_READ);

	if (at && l->mapped)
		l->mapped(l, what, at, count);
	return at;
}

void liar_let_go(struct liar *l, void *at, uint32_t pages)
{
	if (!at)
		return;
	if (l->keep && l->nkept < LIAR_KEPT)
		l->kept[l->nkept++] = (struct liar_kept){ at, pages };
	else
		xengnttab_unmap(l->gnttab, at, pages);
}

static void *map_node(struct liar *l, const char *node, bool writable)
{
	uint32_t ref = peer_u32(l, node);

	return liar_map(l, node, &ref, 1, writable);
}

static void unmap_some(struct liar *l)
{
	void **at[] = { (void **)&l->fe, (void **)&l->be, &l->queue[0].sq, &l->queue[0].cq, &l->events };

	for (unsigned int i = 0; i < 5; i++) {
		if (*at[i])
			xengnttab_unmap(l->gnttab, *at[i], 1);
		*at[i] = NULL;
	}
}

static bool map_all(struct liar *l)
{
	struct liar_queue *q = &l->queue[0];
	int port;

	l->fe = map_node(l, "frontend-index-ref", false);
	l->be = map_node(l, "backend-index-ref", true);
	q->sq = map_node(l, "control-sq-ref", false);
	q->cq = map_node(l, "control-cq-ref", true);
	l->events = map_node(l, "event-ring-ref", true);
	port = xenevtchn_bind_interdomain(l->evtchn, l->domid, peer_u32(l, "event-channel"));
	if (port >= 0 && (!l->fe || !l->be || !q->sq || !q->cq || !l->events))
		xenevtchn_unbind(l->evtchn, (evtchn_port_t)port);
	if (!l->fe || !l->be || !q->sq || !q->cq || !l->events || port < 0) {
		/* The guest was faster in giving up. */
		unmap_some(l);
		return false;
	}
	l->port = (evtchn_port_t)port;
	coproc_server_init(&q->ring, l->be, l->fe, 0, XENCOPROC_CONTROL_ORDER, q->sq, q->cq, q->live);
	coproc_ring_init(&l->event_ring, &l->be[0], &l->fe[0], l->events, 1u << XENCOPROC_EVENT_ORDER,
			 XENCOPROC_CQE_SIZE);
	q->open = true;
	q->order = XENCOPROC_CONTROL_ORDER;
	l->connections++;
	return true;
}

static void unmap_all(struct liar *l)
{
	if (!l->fe)
		return;
	for (unsigned int i = 0; i < LIAR_QUEUES; i++) {
		struct liar_queue *q = &l->queue[i];

		if (!q->open)
			continue;
		q->open = false;
		liar_let_go(l, q->sq, XENCOPROC_SQ_PAGES(q->order));
		liar_let_go(l, q->cq, XENCOPROC_CQ_PAGES(q->order));
	}
	for (unsigned int i = 0; i < LIAR_BUFFERS; i++) {
		liar_let_go(l, l->buffer[i].at, l->buffer[i].pages);
		l->buffer[i].at = NULL;
	}
	liar_let_go(l, l->fe, 1);
	liar_let_go(l, l->be, 1);
	liar_let_go(l, l->events, 1);
	xenevtchn_unbind(l->evtchn, l->port);
	l->fe = l->be = NULL;
	l->events = NULL;
	l->both = false;
	l->nheld = 0;
	l->timeline = 0;
}

void liar_unmap(struct liar *l)
{
	l->keep = false;
	unmap_all(l);
	while (l->nkept) {
		l->nkept--;
		xengnttab_unmap(l->gnttab, l->kept[l->nkept].at, l->kept[l->nkept].pages);
	}
}

void liar_remove(struct liar *l)
{
	xs_rm(l->xs, XBT_NULL, l->dir);
}

void liar_notify(struct liar *l)
{
	if (l->fe)
		xenevtchn_notify(l->evtchn, l->port);
}

/* ---- states ---- */

static void follow(struct liar *l)
{
	unsigned int peer = peer_u32(l, "state");

	if (l->peer && l->peer(l, peer))
		return;
	if (l->mine == 1 || (l->mine == 6 && (peer == 1 || peer == 2))) {
		unmap_all(l);
		advertise(l);
	} else if (l->mine == 2 && peer == 3) {
		liar_state(l, map_all(l) ? "4" : "5");
	} else if (l->mine == 4 && peer == 4) {
		l->both = true;
	} else if ((l->mine == 2 || l->mine == 4 || l->mine == 5) && (peer == 5 || (l->mine > 2 && (peer == 6 || peer == 1)))) {
		unmap_all(l);
		liar_state(l, "6");
	}
}

void liar_open(struct liar *l, uint32_t domid, uint32_t devid)
{
	memset(l, 0, sizeof(*l));
	l->domid = domid;
	l->devid = devid;
	l->mine = 1;
	l->xs = xs_open(0);
	l->gnttab = xengnttab_open(NULL, 0);
	l->evtchn = xenevtchn_open(NULL, 0);
	if (!l->xs || !l->gnttab || !l->evtchn) {
		fprintf(stderr, "liar: no Xen libraries: %s\n", strerror(errno));
		exit(2);
	}
	snprintf(l->dir, sizeof(l->dir), "/local/domain/0/backend/vcoproc/%u/%u", domid, devid);
	snprintf(l->peer_dir, sizeof(l->peer_dir), "/local/domain/%u/device/vcoproc/%u", domid, devid);
}

void liar_fresh(struct liar *l)
{
	liar_unmap(l);
	l->attack = NULL;
	l->node = NULL;
	l->request = NULL;
	l->peer = NULL;
	l->turn = NULL;
	l->mapped = NULL;
	l->dead = false;
	advertise(l);
}

static void take_ports(struct liar *l)
{
	struct pollfd p = { .fd = xenevtchn_fd(l->evtchn), .events = POLLIN };

	while (poll(&p, 1, 0) > 0) {
		int port = xenevtchn_pending(l->evtchn);

		if (port < 0)
			return;
		xenevtchn_unmask(l->evtchn, (evtchn_port_t)port);
	}
}

void liar_turn(struct liar *l, int ms)
{
	struct pollfd p = { .fd = xenevtchn_fd(l->evtchn), .events = POLLIN };

	poll(&p, 1, ms);        /* states are polled, which a test may do */
	take_ports(l);
	if (l->dead)
		return;
	follow(l);
	if (l->fe && l->both)
		liar_serve(l);
	if (l->turn)
		l->turn(l);
}
