// SPDX-License-Identifier: MIT
/*
 * The steps of a ring (coprocif.md, section 3) and what section 4 asks of two
 * rings, held against each access that the code makes.
 *
 * Beside order it keeps what happened before: a release store carries how many
 * slots its side had written and read, an acquire load of it learns that, and
 * each access to a slot must know of the other side's last: the ring is free of
 * data races as C11 has it, whatever this machine would forgive.
 */
#include "tests/ring/watched/watched.h"

#define ENTRIES_MAX     4u

enum step { NOTHING, P3, P4, A2, A3 };

struct state {
	uint32_t slot_size;
	/* the producer */
	uint32_t published, old;
	bool notify;            /* what the call has to return */
	uint32_t relies;        /* on so many messages of the other ring consumed */
	bool written[ENTRIES_MAX][XENCOPROC_SQE_SIZE];
	/* the consumer */
	uint32_t seen, consumed;
	bool armed;             /* A1 to A3 in this call */
	bool read[ENTRIES_MAX][XENCOPROC_SQE_SIZE];
};

static struct state state[RINGS];
static uint32_t entries, base;
static struct clock done[SIDES], knows[SIDES];
static enum step due[SIDES];    /* what the side has to do before all else */
static enum ring due_ring[SIDES];

static const char *const missing[] = {
	[P3] = "P2 without P3, or something between",
	[P4] = "P3 without P4, or something between",
	[A2] = "A1 without A2, or something between",
	[A3] = "A2 without A3, or something between",
};

void rules_begin(uint32_t entries_, uint32_t base_)
{
	entries = entries_;
	base = base_;
	memset(state, 0, sizeof(state));
	memset(done, 0, sizeof(done));
	memset(knows, 0, sizeof(knows));
	memset(due, 0, sizeof(due));
	for (enum ring r = SQ; r < RINGS; r++) {
		state[r].slot_size = r == SQ ? XENCOPROC_SQE_SIZE : XENCOPROC_CQE_SIZE;
		state[r].published = state[r].seen = state[r].consumed = base;
	}
}

static enum side producer(enum ring ring)
{
	return ring == SQ ? FE : BE;
}

struct clock rules_clock(void)
{
	return done[turn];
}

void rules_learn(const struct clock *carried)
{
	if (carried->wrote > knows[turn].wrote)
		knows[turn].wrote = carried->wrote;
	if (carried->read > knows[turn].read)
		knows[turn].read = carried->read;
}

static void must(bool held, const char *what, uint32_t at)
{
	if (!held)
		schedule_fail(what, at);
}

static bool whole(const bool *bytes, uint32_t size)
{
	return !memchr(bytes, false, size);
}

/* ---- slots ---- */

/* Which message lies in a slot, when the next one is @from. */
static uint32_t message_of(uint32_t from, uint32_t slot)
{
	return from + ((slot - from) & (entries - 1));
}

/* P1. */
static void slot_written(struct state *s, const struct access *access)
{
	uint32_t slot = access->offset / s->slot_size;
	uint32_t at = access->offset % s->slot_size;
	uint32_t message = message_of(s->published, slot) - base;

	must(turn == producer(access->ring), "a consumer stores to a slot", slot);
	must(slot < entries && at + access->size <= s->slot_size, "a store behind a slot", slot);
	/* So many of this ring's are known to have been copied out: R1, or section 4. */
	must(message < entries || knows[turn].read > message - entries,
	     "P1 into a slot that may still be read", message);
	memset(&s->written[slot][at], true, access->size);
	if (access->ring == SQ)
		s->relies = done[turn].read;
}

/* C3. */
static void slot_read(struct state *s, const struct access *access)
{
	uint32_t slot = access->offset / s->slot_size;
	uint32_t at = access->offset % s->slot_size;
	uint32_t message = message_of(s->consumed, slot);

	must(turn != producer(access->ring), "a producer reads a slot back", slot);
	must(slot < entries && at + access->size <= s->slot_size, "a load behind a slot", slot);
	must(message - s->consumed < s->seen - s->consumed, "C3 before C1, or after C4", message - base);
	message -= base;
	must(message == done[turn].read, "C3 out of order, or again", message);
	must(knows[turn].wrote > message, "C3 not ordered after P1", message);
	must(!memchr(&s->read[slot][at], true, access->size), "C3 reads a byte twice (B-PAGE-3)", message);
	memset(&s->read[slot][at], true, access->size);
	if (!whole(s->read[slot], s->slot_size))
		return;
	memset(s->read[slot], false, s->slot_size);
	done[turn].read++;
}

/* ---- cells ---- */

static void require(enum step step, enum ring ring)
{
	due[turn] = step;
	due_ring[turn] = ring;
}

/* P2. */
static void index_produced(struct state *s, const struct access *access)
{
	uint32_t next = access->value;

	must(access->order == __ATOMIC_RELEASE || access->order == __ATOMIC_SEQ_CST,
	     "P2 is no release store", next - base);
	must(next - s->published <= entries, "P2 goes back, or too far", next - base);
	s->old = s->published;
	for (; s->published != next; s->published++) {
		bool *bytes = s->written[s->published & (entries - 1)];

		must(whole(bytes, s->slot_size), "P2 before P1", s->published - base);
		memset(bytes, false, s->slot_size);
	}
	done[turn].wrote = next - base;
	if (access->ring == SQ)
		must(state[CQ].consumed - base >= s->relies, "P2 before C4 of the other ring (F-QUEUE-2)",
		     next - base);
	else
		must(state[SQ].consumed - base >= s->relies,
		     "P2 before C4 of the other ring (B-QUEUE-6)", next - base);
	require(P3, access->ring);
}

/* C4. */
static void index_consumed(struct state *s, const struct access *access)
{
	must(access->order == __ATOMIC_RELEASE || access->order == __ATOMIC_SEQ_CST,
	     "C4 is no release store", access->value - base);
	must(access->value - base <= done[turn].read, "C4 before C3", access->value - base);
	must(access->value - s->consumed <= entries, "C4 goes back", access->value - base);
	s->consumed = access->value;
}

static void cell_stored(struct state *s, const struct access *access)
{
	bool produces = turn == producer(access->ring);

	must(access->owner == turn, "a store into the peer's cell", access->field);
	must(access->field == F_INDEX || !produces, "a producer stores an event", access->value);
	if (access->field == F_INDEX) {
		if (produces)
			index_produced(s, access);
		else
			index_consumed(s, access);
		return;
	}
	/* A1. */
	must(access->value - base == done[turn].read, "A1 stores no index of its own", access->value - base);
	require(A2, access->ring);
}

static void cell_loaded(struct state *s, const struct access *access)
{
	must(access->owner != turn, "a load of its own cell (F-RING-5, B-RING-5)", access->field);
	if (access->field != F_INDEX)
		return;
	must(access->order == __ATOMIC_ACQUIRE || access->order == __ATOMIC_SEQ_CST,
	     "C1 or R1 is no acquire load", access->value - base);
	if (turn != producer(access->ring))
		s->seen = access->value;
}

/* P5, message by message. */
static bool passed(const struct state *s, uint32_t event)
{
	for (uint32_t i = s->old; i != s->published; i++)
		if (i == event)
			return true;
	return false;
}

/* A step that has to come next, and has come.  Return: whether there was one. */
static bool due_taken(const struct access *access)
{
	enum step step = due[turn];
	struct state *s = &state[due_ring[turn]];
	bool here = access->kind == ATOMIC_LOAD && access->ring == due_ring[turn] && access->owner != turn;

	if (step == P3 || step == A2) {
		must(access->kind == FENCE && access->order == __ATOMIC_SEQ_CST, missing[step], access->kind);
		due[turn] = step == P3 ? P4 : A3;
		return true;
	}
	if (step == P4) {
		must(here && access->field == F_EVENT, missing[step], access->kind);
		s->notify = passed(s, access->value);
	} else {
		must(here && access->field == F_INDEX, missing[step], access->kind);
		s->armed = true;
	}
	due[turn] = NOTHING;
	return false;
}

void rules_access(const struct access *access)
{
	struct state *s = &state[access->ring];

	if (due[turn] != NOTHING && due_taken(access))
		return;
	if (access->kind == FENCE)
		return;
	if (access->field == F_SLOT) {
		if (access->kind == PLAIN_READ)
			slot_read(s, access);
		else
			slot_written(s, access);
		return;
	}
	must(access->kind == ATOMIC_LOAD || access->kind == ATOMIC_STORE, "a cell by a plain access",
	     access->field);
	if (access->kind == ATOMIC_LOAD)
		cell_loaded(s, access);
	else
		cell_stored(s, access);
}

/* ---- calls ---- */

void rules_completes(uint32_t position)
{
	if (position > state[CQ].relies)
		state[CQ].relies = position;
}

void rules_call(void)
{
	for (enum ring r = SQ; r < RINGS; r++) {
		if (turn == producer(r))
			state[r].notify = false;
		else
			state[r].armed = false;
	}
}

void rules_returned(void)
{
	must(due[turn] == NOTHING, missing[due[turn]], due[turn]);
}

void rules_published(enum ring ring, bool notify)
{
	rules_returned();
	must(notify == state[ring].notify, "P5 says otherwise", state[ring].published - base);
}

void rules_armed(enum ring ring, bool busy)
{
	const struct state *s = &state[ring];

	rules_returned();
	must(busy || s->armed, "it may sleep without A1 to A3", done[turn].read);
	must(busy == (s->seen - base != done[turn].read), "A3 saw otherwise", done[turn].read);
}
