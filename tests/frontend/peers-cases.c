// SPDX-License-Identifier: MIT
/*
 * The cases: each a guest of frontend-guest, and what its backend does to it.
 */
#include <stdio.h>
#include <string.h>

#include "libcoproc-ring/wire.h"
#include "peers.h"

/* ---- lies ---- */

static bool wrong_id(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct xencoproc_cqe cqe = { .id = wire64(r->id + 1), .slot = wire16(r->slot) };

	played_put(p, q, &cqe);
	played_publish(p, q);
	return true;
}

static bool far_index(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct xencoproc_cell *cell = &p->be[XENCOPROC_RING_CQ(q->number)];

	played_publish(p, q);
	cell->index = wire32(q->published + q->entries + 1);
	played_notify(p, q);
	p->serve = false;       /* the next true index would hide it */
	return true;
}

static bool bad_event(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	played_honest_event(p, 99, 0, 0, 0);
	played_publish_events(p);
	return true;
}

static bool restart(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	peers_successor(p);
	return true;
}

static bool closing(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	played_state(p, COPROC_STATE_CLOSING);
	played_complete(p, q, r->slot, XENCOPROC_OK, 5);
	play->successor_in = 100;
	return true;
}

static bool silent(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	played_consume(p, q);   /* what was taken may have started */
	p->serve = p->follow = false;
	play->successor_in = 400;
	return true;
}

static bool flap(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	p->serve = p->follow = false;
	play->flapping = true;
	return true;
}

static bool vanish(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	p->serve = p->follow = false;
	played_end(p);
	played_remove(p, true, false);
	return true;
}

static bool deny(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	if (r->op == XENCOPROC_OP_CTX_CREATE)
		played_complete(p, q, r->slot, XENCOPROC_NO_QUOTA, 0);
	else if (r->op == XENCOPROC_OP_FW_LOAD)
		played_complete(p, q, r->slot, XENCOPROC_DENIED, 42);
	else
		return false;
	return true;
}

static bool deny_second(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	return (p->connections == 2 && deny(p, q, r)) || peers_honest(p, q, r);
}

/* Takes none from here on, and does not come back before it is called. */
static bool stand_still(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	p->serve = p->follow = false;
	play->until_called = true;
	return true;
}

static bool asked_weight(const struct coproc_request *r)
{
	return r->op == XENCOPROC_OP_QUERY && r->u.query.what == XENCOPROC_QUERY_WEIGHT;
}

/* With all that says where it was, or with the whole device. */
static bool vanish_when_asked(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	if (!asked_weight(r))
		return peers_honest(p, q, r);
	p->serve = p->follow = false;
	played_end(p);
	played_remove(p, true, !strcmp(play->test->guest, "removed"));
	return true;
}

/* The next one allows less. */
static bool shrink_when_asked(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	if (!asked_weight(r))
		return peers_honest(p, q, r);
	played_node(p, "max-contexts", "1");
	peers_successor(p);
	return true;
}

static bool refuse_ends(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	if (r->op != XENCOPROC_OP_CTX_DESTROY && r->op != XENCOPROC_OP_BUF_RELEASE &&
	    r->op != XENCOPROC_OP_FW_UNLOAD)
		return peers_honest(p, q, r);
	played_complete(p, q, r->slot, XENCOPROC_BAD_OBJECT, 0);
	return true;
}

/* Five events lost, by the sequence alone; and then all is different. */
static bool lose_events(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;
	uint64_t value;

	if (r->op != XENCOPROC_OP_QUERY)
		return peers_honest(p, q, r);
	if (asked_weight(r)) {
		play->lied = true;
		p->event_sequence += 5;
		played_honest_event(p, XENCOPROC_EVENT_LIMITS, 0, 0, 0);
		played_publish_events(p);
		return false;
	}
	if (!play->lied)
		return false;
	value = r->u.query.what == XENCOPROC_QUERY_DEVICE ? XENCOPROC_DEVICE_STOPPED :
		r->u.query.what == XENCOPROC_QUERY_CONTEXT ? 8 : 2;
	played_complete(p, q, r->slot, XENCOPROC_OK, value);
	return true;
}

/* Gone, instead of an answer to the last question of a caller that asks much. */
static bool go_when_asked(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	if (!asked_weight(r))
		return peers_honest(p, q, r);
	peers_successor(p);
	return true;
}

/* ---- what goes on all the time ---- */

static uint32_t random32(struct play *play)
{
	play->seed = play->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(play->seed >> 32);
}

/* One word, somewhere; small numbers are likelier to look true. */
static void scribble_turn(struct played *p)
{
	static const uint32_t masks[] = { 0xffffffff, 0xffff, 0xff, 0x1f };
	struct play *play = p->note;
	uint32_t q = random32(play) % 5;
	uint32_t *page[4], *at;

	if (!p->both || !play->lied || played_now() < play->next)
		return;
	play->next = played_now() + random32(play) % 16000;
	page[0] = (uint32_t *)p->be;
	page[1] = (uint32_t *)p->events;
	page[2] = (uint32_t *)p->queue[0].cq;
	page[3] = (uint32_t *)(p->queue[q].open ? p->queue[q].cq : p->queue[0].cq);
	at = page[random32(play) % 4] + random32(play) % 1024;
	/* Mostly an index or an event index of a ring that is in use. */
	if (random32(play) % 4 == 0)
		at = (uint32_t *)&p->be[random32(play) % 6] + random32(play) % 2;
	*at = random32(play) % 2 ? *at + random32(play) % 8 :
				   random32(play) & masks[random32(play) % 4];
	played_notify(p, NULL);
}

static bool scribble(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	p->polls = true;        /* its own words no longer ask for notifications */
	p->each_turn = scribble_turn;
	return peers_run(p, q, r);
}

static void flood_turn(struct played *p)
{
	unsigned int i;

	for (i = 0; p->both && i < 200; i++)
		played_honest_event(p, XENCOPROC_EVENT_LIMITS, 0, 0, 0);
	if (p->both)
		played_publish_events(p);
}

static void deaf_when_connected(struct played *p)
{
	p->follow = !p->both;
}

static void deaf_when_advertised(struct played *p)
{
	p->follow = p->mine != COPROC_STATE_INIT_WAIT;
}

/* ---- how cases begin ---- */

static void versions(struct played *p)
{
	played_node(p, "versions", "7,9");
}

static void many_queues(struct played *p)
{
	played_node(p, "max-queues", "4000000000");
}

static void escapes(struct played *p)
{
	played_node(p, "kind", "\033[2Jx");
}

static void refuses(struct played *p)
{
	p->refuse = true;
}

static void never_connects(struct played *p)
{
	p->each_turn = deaf_when_advertised;
}

static void answers_nothing(struct played *p)
{
	p->serve = false;
	p->each_turn = NULL;
}

static void keeps_mapped(struct played *p)
{
	p->keep = p->keep_buffers = true;
}

static void never_closes(struct played *p)
{
	p->each_turn = deaf_when_connected;
}

static void storms(struct played *p)
{
	p->storm = true;
}

static void floods(struct played *p)
{
	p->each_turn = flood_turn;
}

static void denies(struct played *p)
{
	p->hook = deny;
}

static void denies_second(struct played *p)
{
	p->hook = deny_second;
}

static void goes_when_asked(struct played *p)
{
	p->hook = go_when_asked;
}

static void obeys(struct played *p)
{
	p->hook = peers_obey;
}

static void has_no_backend(struct played *p)
{
	p->follow = p->serve = false;
	played_remove(p, true, false);
}

static void vanishes_when_asked(struct played *p)
{
	p->hook = vanish_when_asked;
}

static void shrinks_when_asked(struct played *p)
{
	p->hook = shrink_when_asked;
}

static void refuses_ends(struct played *p)
{
	p->hook = refuse_ends;
}

static void loses_events(struct played *p)
{
	p->hook = lose_events;
}

static void misspelt(struct played *p)
{
	char path[COPROC_PATH_SIZE + 16];

	snprintf(path, sizeof(path), "%s/backend-id", p->peer_dir);
	xs_write(p->xs, XBT_NULL, path, "zero", 4);
}

static void allows_batch(struct played *p)
{
	played_node(p, "max-class", "batch");
}

const struct test peers_tests[] = {
	{ .name = "honest backend: the whole interface", .guest = "whole" },
	{ .name = "honest backend: a hundred thousand jobs in flat memory", .guest = "flat" },
	{ .name = "honest backend: a caller that polls the descriptor", .guest = "poll" },
	{ .name = "honest backend: a clean close, and the same device again", .guest = "again" },
	{ .name = "honest backend: opened without waiting", .guest = "nowait" },
	{ .name = "honest backend: each allocation of the library fails once", .guest = "memory" },
	{ .name = "honest backend: each call to Xen and the kernel fails once", .guest = "failing",
	  .setup = goes_when_asked, .fails = true },
	{ .name = "a store whose nodes are gone, question by question", .guest = "gone",
	  .setup = goes_when_asked, .fails = true },
	{ .name = "calls that make no sense, before, in and after a connection", .guest = "refused",
	  .setup = goes_when_asked },
	{ .name = "a backend that goes or lies at each moment", .guest = "moments", .setup = obeys },
	{ .name = "a backend's directory that is not there", .guest = "open-fails",
	  .argument = "-ETIMEDOUT", .setup = has_no_backend },
	{ .name = "what is known of a backend that never connects", .guest = "unknown",
	  .setup = never_connects },
	{ .name = "a completion with another id", .guest = "broken", .lie = wrong_id },
	{ .name = "a completion index beyond the ring", .guest = "broken", .lie = far_index },
	{ .name = "an event of a type that does not exist", .guest = "broken", .lie = bad_event },
	{ .name = "a backend that restarts in mid-job", .guest = "reconnect", .lie = restart },
	{ .name = "a backend that closes in mid-job", .guest = "reconnect", .lie = closing },
	{ .name = "a backend that dies without a word", .guest = "reconnect", .lie = silent },
	{ .name = "a backend that dies, and a caller that only polls", .guest = "poll-lost",
	  .lie = silent },
	{ .name = "a backend that changes its state 200 times", .guest = "reconnect", .lie = flap },
	{ .name = "a backend that writes rubbish everywhere", .guest = "scribble",
	  .lie = scribble, .rubbish = true },
	{ .name = "a restart that the caller does not want to survive", .guest = "stays-lost",
	  .lie = restart },
	{ .name = "a device whose backend is removed in mid-job", .guest = "vanish",
	  .lie = vanish },
	{ .name = "objects that the next backend refuses", .guest = "stale",
	  .lie = restart, .setup = denies_second },
	{ .name = "a backend without a common version", .guest = "open-fails",
	  .argument = "-EPROTONOSUPPORT", .setup = versions },
	{ .name = "a number of queues out of range", .guest = "open-fails",
	  .argument = "-EPROTO", .setup = many_queues },
	{ .name = "a kind with escape sequences", .guest = "open-fails",
	  .argument = "-EPROTO", .setup = escapes },
	{ .name = "a backend that refuses, with a reason", .guest = "open-fails",
	  .argument = "-EREMOTEIO", .setup = refuses },
	{ .name = "a backend that never connects", .guest = "open-fails",
	  .argument = "-ETIMEDOUT", .setup = never_connects },
	{ .name = "a backend that connects and answers nothing", .guest = "control-silent",
	  .setup = answers_nothing },
	{ .name = "a backend that keeps pages mapped", .guest = "kept",
	  .setup = keeps_mapped, .after_close = true },
	{ .name = "a backend that never closes", .guest = "never-closes", .setup = never_closes },
	{ .name = "a storm of notifications", .guest = "storm", .setup = storms },
	{ .name = "a flood of events", .guest = "flood", .setup = floods },
	{ .name = "jobs that were never taken, with tables, cancelled or not", .guest = "tables-again",
	  .lie = stand_still },
	{ .name = "a buffer whose backend is another domain's next time", .guest = "moved",
	  .setup = goes_when_asked },
	{ .name = "a backend that does not come back in time", .guest = "gives-up",
	  .setup = vanishes_when_asked },
	{ .name = "a device that is taken away for good", .guest = "removed",
	  .setup = vanishes_when_asked },
	{ .name = "a domain without a device", .guest = "absent", .no_device = true },
	{ .name = "a toolstack's node that is no number", .guest = "open-fails",
	  .argument = "-EPROTO", .setup = misspelt },
	{ .name = "events that were lost, by the gap alone", .guest = "missed",
	  .setup = loses_events },
	{ .name = "a class that the toolstack does not allow", .guest = "class",
	  .setup = allows_batch },
	{ .name = "a next backend that allows fewer contexts", .guest = "fewer",
	  .setup = shrinks_when_asked },
	{ .name = "a backend that refuses to let go", .guest = "kept-objects", .setup = refuses_ends },
	{ .name = "refusals of objects", .guest = "deny", .setup = denies },
};

const unsigned int peers_test_count = sizeof(peers_tests) / sizeof(peers_tests[0]);
