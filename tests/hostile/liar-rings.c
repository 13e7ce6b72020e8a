// SPDX-License-Identifier: MIT
/*
 * B4: completions of ids and slots that are wrong, unknown or finished; B5:
 * indexes at all corners.  Each lie but those that are true has to break the
 * ring, with the reason of F-DONE-1, F-EVENT-1 or C2 in the frontend's error
 * node, and each job has to end once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "liar.h"
#include "libcoproc-ring/message.h"
#include "libcoproc-ring/wire.h"

enum where { JOB_QUEUE, CONTROL_QUEUE, EVENT_RING };

/* What is told once two of four jobs have ended, or while a query is live. */
struct lie {
	enum where where;
	bool index;                     /* B5: not a message, an index */
	uint32_t by;                    /* from what the guest has consumed */
	uint32_t event;                 /* in the cell of the SQ */
	unsigned int slot, id;          /* kinds, below */
	uint16_t status, flags, reserved;
	struct xencoproc_event notice;
	enum coproc_broken expected;
	bool answered, told;
};

enum { SLOT_LIVE, SLOT_OTHER, SLOT_FINISHED, SLOT_NEVER, SLOT_ENTRIES, SLOT_LAST, SLOTS };
enum { ID_LIVE, ID_OTHER, ID_FINISHED, ID_ZERO, ID_ONES, IDS };

static struct liar_held finished[2];
static unsigned int nfinished;

static void tell_message(struct liar *l, const struct lie *lie)
{
	uint32_t queue = lie->where == JOB_QUEUE ? 1 : 0;
	const struct liar_held *live = &l->held[0], *other = &l->held[l->nheld > 1 ? 1 : 0];
	uint16_t slots[SLOTS] = {
		[SLOT_LIVE] = live->slot, [SLOT_OTHER] = other->slot,
		[SLOT_FINISHED] = nfinished ? finished[0].slot : 0, [SLOT_NEVER] = 25,
		[SLOT_ENTRIES] = 32, [SLOT_LAST] = 0xffff,
	};
	uint64_t ids[IDS] = {
		[ID_LIVE] = live->id, [ID_OTHER] = other->id,
		[ID_FINISHED] = nfinished ? finished[0].id : ~1ull, [ID_ZERO] = 0, [ID_ONES] = ~0ull,
	};
	struct xencoproc_cqe cqe = {
		.id = wire64(ids[lie->id]), .slot = wire16(slots[lie->slot]),
		.status = wire16(lie->status), .flags = wire16(lie->flags),
		.reserved = wire16(lie->reserved),
	};

	if (lie->where == EVENT_RING)
		liar_event(l, &lie->notice);
	else
		liar_forge(l, queue, &cqe);
}

static void tell_index(struct liar *l, const struct lie *lie)
{
	uint32_t ring = lie->where == EVENT_RING ? XENCOPROC_RING_EVENT :
			XENCOPROC_RING_CQ(lie->where == JOB_QUEUE ? 1 : 0);
	uint32_t own = lie->where == EVENT_RING ? l->event_ring.published :
		       l->queue[lie->where == JOB_QUEUE ? 1 : 0].ring.cq.published;

	if (lie->where != EVENT_RING)
		coproc_store_relaxed(&l->be[ring - 1].event, wire32(lie->event));
	coproc_store_release(&l->be[ring].index, wire32(own + lie->by));
	liar_notify(l);
}

static bool all_consumed(const struct liar *l, uint32_t queue)
{
	uint32_t index = coproc_load_acquire(&l->fe[XENCOPROC_RING_CQ(queue)].index);

	return wire32(index) == l->queue[queue].ring.cq.published;
}

/* Where it was no lie, the rest of the truth follows. */
static void tell_rest(struct liar *l, const struct lie *lie)
{
	bool true_one = !lie->index && lie->where != EVENT_RING;
	uint64_t told = l->held[lie->id == ID_OTHER ? 1 : 0].id;

	while (l->nheld) {
		l->nheld--;
		if (!true_one || l->held[l->nheld].id != told)
			liar_answer(l, &l->held[l->nheld], XENCOPROC_OK, 0);
	}
}

/* Two of the jobs end and are consumed; then the lie. */
static void turn(struct liar *l)
{
	struct lie *lie = l->attack;

	if (lie->told || !l->fe || l->nheld < (lie->where == CONTROL_QUEUE ? 1u : lie->answered ? 2u : 4u))
		return;
	if (!lie->answered) {
		lie->answered = true;
		nfinished = 0;
		while (lie->where != CONTROL_QUEUE && l->nheld > 2) {
			finished[nfinished++] = l->held[--l->nheld];
			liar_answer(l, &l->held[l->nheld], XENCOPROC_OK, 0);
		}
	}
	if (!all_consumed(l, lie->where == CONTROL_QUEUE ? 0 : 1))
		return;
	lie->told = true;
	/* A slot never written has zeroes: is it the live one that they name? */
	if (lie->index && lie->expected == COPROC_BROKEN_ID && l->held[0].slot != 0 &&
	    (lie->where == CONTROL_QUEUE || l->held[1].slot != 0))
		lie->expected = COPROC_BROKEN_UNKNOWN;
	if (lie->index)
		tell_index(l, lie);
	else
		tell_message(l, lie);
	if (lie->expected == COPROC_NOT_BROKEN)
		tell_rest(l, lie);
}

static enum liar_does request(struct liar *l, uint32_t queue, const struct coproc_request *r)
{
	struct lie *lie = l->attack;

	if (lie->told)
		return LIAR_HONEST;
	if (lie->where == CONTROL_QUEUE)
		return r->op == XENCOPROC_OP_QUERY ? LIAR_HOLD : LIAR_HONEST;
	return r->op == XENCOPROC_OP_JOB ? LIAR_HOLD : LIAR_HONEST;
}

/* Return: whether it was taken as it has to be. */
static bool tell_once(struct liar *l, struct lie *lie)
{
	bool broken = lie->expected != COPROC_NOT_BROKEN, good;
	char *error;

	lie->told = lie->answered = false;
	liar_fresh(l);
	l->attack = lie;
	l->request = request;
	l->turn = turn;
	play(l, BOARD_JOBS, lie->where == CONTROL_QUEUE);
	error = liar_peer_node(l, "error");
	good = lie->told && board->open_rc == 0 && board->ended == board->jobs && board->jobs == 4 &&
	       !board->twice && !board->over && board->pages == (broken ? 0 : board->pages);
	if (broken)
		good = good && error && strstr(error, coproc_broken_text(lie->expected)) &&
		       board->state == 4 &&
		       (lie->where == CONTROL_QUEUE ? (int)board->query_rc < 0 :
						      board->status[XENCOPROC_LOST] == 2);
	else
		good = good && (!error || !*error) && board->status[XENCOPROC_LOST] == 0;
	if (!good)
		printf("# where %u index %d by %x event %x slot %u id %u status %u: told %d open %d jobs %u "
		       "ended %u pages %u twice %u lost %u state %u query %d over %u, error '%s', expected '%s'\n",
		       (unsigned int)lie->where, lie->index, lie->by, lie->event, lie->slot, lie->id, lie->status,
		       lie->told, board->open_rc, board->jobs, board->ended, (unsigned int)board->pages, board->twice,
		       board->status[XENCOPROC_LOST], board->state, (int)board->query_rc, board->over,
		       error ? error : "(none)", coproc_broken_text(lie->expected));
	free(error);
	return good;
}

/* The victim's pages are counted at one moment, which may come too early: what
 * is wrong is wrong three times. */
static bool tell(struct liar *l, struct lie *lie)
{
	return tell_once(l, lie) || tell_once(l, lie) || tell_once(l, lie);
}

static enum coproc_broken verdict(unsigned int slot, unsigned int id)
{
	if (slot == SLOT_ENTRIES || slot == SLOT_LAST)
		return COPROC_BROKEN_SLOT;
	if (slot == SLOT_FINISHED || slot == SLOT_NEVER)
		return COPROC_BROKEN_UNKNOWN;
	if ((slot == SLOT_LIVE && id == ID_LIVE) || (slot == SLOT_OTHER && id == ID_OTHER))
		return COPROC_NOT_BROKEN;
	return COPROC_BROKEN_ID;
}

static void ids(struct liar *l, enum where where)
{
	unsigned int good = 0, all = 0;

	for (unsigned int slot = 0; slot < SLOTS; slot++)
		for (unsigned int id = 0; id < IDS; id++) {
			struct lie lie = { .where = where, .slot = slot, .id = id,
					   .expected = verdict(slot, id) };

			/* One request is live there: it has no other, and none ended before it. */
			if (where == CONTROL_QUEUE && (slot == SLOT_OTHER || id == ID_OTHER ||
						       slot == SLOT_FINISHED))
				continue;
			all++;
			good += tell(l, &lie);
		}
	tap(good == all, "B4: %u of %u pairs of slot and id in a completion of %s were taken for what "
	    "they are", good, all, where == JOB_QUEUE ? "a job" : "a control request");
}

static void fields(struct liar *l)
{
	static const uint16_t statuses[] = { 7, 8, 15, 31, 32, 0x100, 0x7fff, 0xffff };
	static const uint16_t flags[] = { 4, 8, 0x4000, 0x8000, 0xffff };
	static const uint16_t reserved[] = { 1, 0x8000, 0xffff };
	unsigned int good = 0, all = 0;

	for (unsigned int w = JOB_QUEUE; w <= CONTROL_QUEUE; w++) {
		struct lie lie = { .where = (enum where)w };

		lie.expected = COPROC_BROKEN_STATUS;
		for (unsigned int i = 0; i < 8; i++, all++) {
			lie.status = statuses[i];
			good += tell(l, &lie);
		}
		lie.status = 0;
		lie.expected = COPROC_BROKEN_RESERVED;
		for (unsigned int i = 0; i < 5; i++, all++) {
			lie.flags = flags[i];
			good += tell(l, &lie);
		}
		lie.flags = 0;
		for (unsigned int i = 0; i < 3; i++, all++) {
			lie.reserved = reserved[i];
			good += tell(l, &lie);
		}
	}
	tap(good == all, "B4: %u of %u unknown statuses, flags and reserved bits broke the ring", good,
	    all);
}

static void notices(struct liar *l)
{
	static const struct {
		struct xencoproc_event event;
		enum coproc_broken expected;
	} events[] = {
		{ { .sequence = 1, .type = 0 }, COPROC_BROKEN_STATUS },
		{ { .sequence = 1, .type = 5 }, COPROC_BROKEN_STATUS },
		{ { .sequence = 1, .type = 0xffff }, COPROC_BROKEN_STATUS },
		{ { .sequence = 1, .type = 1, .value = 0 }, COPROC_BROKEN_STATUS },
		{ { .sequence = 1, .type = 1, .value = 4 }, COPROC_BROKEN_STATUS },
		{ { .sequence = 1, .type = 1, .value = 1ull << 32 | 1 }, COPROC_BROKEN_STATUS },
		{ { .sequence = 1, .type = 2, .status = 9 }, COPROC_BROKEN_STATUS },
		{ { .sequence = 1, .type = 4, .reserved = 1ull << 63 }, COPROC_BROKEN_RESERVED },
		/* Not broken: of objects that there are none of, or out of sequence. */
		{ { .sequence = 1, .type = 2, .object = 0xffffffff, .value = ~0ull }, 0 },
		{ { .sequence = 1, .type = 3, .object = 0x80000000 }, 0 },
		{ { .sequence = 0xffffffff, .lost = 0x80000000, .type = 4 }, 0 },
		{ { .sequence = 0, .lost = 0xffffffff, .type = 1, .value = 3 }, 0 },
	};
	unsigned int good = 0, all = sizeof(events) / sizeof(events[0]);

	for (unsigned int i = 0; i < all; i++) {
		struct lie lie = { .where = EVENT_RING, .notice = events[i].event,
				   .expected = events[i].expected };

		lie.notice.sequence = wire32(lie.notice.sequence);
		lie.notice.type = wire16(lie.notice.type);
		lie.notice.status = wire16(lie.notice.status);
		good += tell(l, &lie);
	}
	tap(good == all, "B4: %u of %u events that say what cannot be were taken for what they are",
	    good, all);
}

/* C2 for the corner, and F-DONE-1 or F-EVENT-1 for what a slot never written
 * holds: zeroes, of which slot 0 is live in both queues. */
static enum coproc_broken index_verdict(enum where where, uint32_t by)
{
	uint32_t entries = where == EVENT_RING ? 1u << XENCOPROC_EVENT_ORDER : 32;

	if (by == 0)
		return COPROC_NOT_BROKEN;
	if (by > entries)
		return COPROC_BROKEN_INDEX;
	return where == EVENT_RING ? COPROC_BROKEN_STATUS : COPROC_BROKEN_ID;
}

static void indexes(struct liar *l, enum where where, const char *name)
{
	uint32_t entries = where == EVENT_RING ? 1u << XENCOPROC_EVENT_ORDER : 32;
	const uint32_t by[] = { 0, 1, 2, entries - 1, entries, entries + 1, 2 * entries, 0x7fffffff,
				0x80000000, 0x80000001, 0u - entries - 1, 0u - entries,
				0u - entries + 1, 0xfffffffe, 0xffffffff };
	static const uint32_t event[] = { 0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff };
	unsigned int events = where == EVENT_RING ? 1 : quick ? 2 : 6;
	unsigned int good = 0, all = 0;

	for (unsigned int i = 0; i < sizeof(by) / sizeof(by[0]); i++)
		for (unsigned int e = 0; e < events; e++, all++) {
			struct lie lie = { .where = where, .index = true, .by = by[i],
					   .event = event[e], .expected = index_verdict(where, by[i]) };

			good += tell(l, &lie);
		}
	tap(good == all, "B5: %u of %u corners of index and event index of %s were taken for what they "
	    "are", good, all, name);
}

void attack_rings(struct liar *l)
{
	ids(l, JOB_QUEUE);
	ids(l, CONTROL_QUEUE);
	fields(l);
	notices(l);
	indexes(l, JOB_QUEUE, "a completion ring");
	indexes(l, CONTROL_QUEUE, "the control queue's");
	indexes(l, EVENT_RING, "the event ring");
	tap(honest(l), "B4, B5: an honest backend is served as before");
}
