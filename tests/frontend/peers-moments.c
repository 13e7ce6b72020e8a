// SPDX-License-Identifier: MIT
/* A backend that goes, lies or breaks a ring at the moment that the guest names. */
#include "peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libcoproc-ring/wire.h"

static struct {
	unsigned int serial;
	char action[16];
	unsigned int op, n;
	bool later;             /* only in a connection after the one of the wish */
	unsigned int base;      /* connections when it was first seen */
	unsigned int seen;
	bool done;
} wish;

static void look(struct played *p)
{
	char *text = played_read(p, "wish"), action[16];
	unsigned int serial, op, n;

	if (text && sscanf(text, "%u %15s %u %u", &serial, action, &op, &n) == 4 &&
	    serial != wish.serial) {
		wish.serial = serial;
		snprintf(wish.action, sizeof(wish.action), "%s", action);
		wish.op = op;
		wish.n = n;
		wish.later = strstr(action, "-later");
		wish.base = p->connections;
		wish.seen = 0;
		wish.done = false;
	}
	free(text);
}

static bool is(const char *action)
{
	return !strncmp(wish.action, action, strlen(action));
}

/* A job queue whose index no ring holds. */
static void break_queue(struct played *p)
{
	struct xencoproc_cell *cell = &p->be[XENCOPROC_RING_CQ(1)];

	coproc_store_release(&cell->index, wire32(wire32(cell->index) + 5000));
}

static void tell(struct played *p, uint16_t type, uint32_t back)
{
	p->event_sequence -= back;
	p->events_lost -= back;
	played_honest_event(p, type, 0, 0, 0);
	p->event_sequence += back;
	p->events_lost += back;
	played_publish_events(p);
}

/* Return: whether the request is taken care of. */
static bool act(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	if (is("go")) {
		peers_successor(p);
	} else if (is("away")) {
		peers_away(p);
	} else if (is("refuse")) {
		played_complete(p, q, r->slot, XENCOPROC_NO_QUOTA, 0);
	} else if (is("lie")) {
		played_complete(p, q, r->slot, XENCOPROC_OK, 1000000);
	} else if (is("break")) {
		break_queue(p);
		played_complete(p, q, r->slot, XENCOPROC_OK, 0);
	} else if (is("rewind")) {
		coproc_store_release(&p->be[XENCOPROC_RING_SQ(1)].index, wire32(0));
		peers_successor(p);
	} else if (is("closing")) {
		played_state(p, COPROC_STATE_CLOSING);
		usleep(100000);
		return false;
	} else if (is("revoke")) {
		tell(p, XENCOPROC_EVENT_FW_REVOKED, 0);
		return false;
	} else if (is("limits")) {
		tell(p, XENCOPROC_EVENT_LIMITS, 0);
		return false;
	} else if (is("back")) {
		tell(p, XENCOPROC_EVENT_LIMITS, 10);
		return false;
	} else {
		played_hold(p, q, r);
	}
	return true;
}

bool peers_obey(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	look(p);
	/* What was held of questions is answered before this. */
	if (r->op == XENCOPROC_OP_CTX_DESTROY && is("missed"))
		played_release_all(p);
	if (r->op == XENCOPROC_OP_QUERY && r->u.query.what == XENCOPROC_QUERY_WEIGHT) {
		if (is("away-asked"))
			peers_away(p);
		else
			peers_successor(p);
		return true;
	}
	if (wish.done || r->op != wish.op || (wish.later && p->connections <= wish.base))
		return peers_honest(p, q, r);
	if (++wish.seen == 1 && is("missed")) {
		p->event_sequence += 5;
		tell(p, XENCOPROC_EVENT_LIMITS, 0);
	}
	if (wish.seen < wish.n) {
		if (!is("keep"))
			return peers_honest(p, q, r);
		played_hold(p, q, r);
		return true;
	}
	wish.done = true;
	if (is("keep")) {
		peers_successor(p);
		return true;
	}
	return act(p, q, r) || peers_honest(p, q, r);
}
