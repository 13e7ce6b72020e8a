// SPDX-License-Identifier: MIT
/*
 * Turns and memory.  A side loses its turn at any access.  Its stores to cells
 * reach memory in their order, but late: after loads that follow them, unless a
 * full fence is between (the one thing that x86 does too).  Slots are stored at
 * once: memory that lets a later store overtake an earlier release is real.
 */
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include "tests/ring/watched/watched.h"

#define STACK           65536u
#define WAITING_MAX     8u
#define CELL_WORDS      (sizeof(struct pair_pages) / sizeof(uint32_t))
#define IDLE_MAX        64u     /* turns in a row in which nobody had anything to do */
#define POINTS_MAX      100000u /* accesses of a run; some thousand are usual */

struct waiting {
	uint32_t *where;
	uint32_t value;
	bool release;
	struct clock clock;
};

struct party {
	ucontext_t context;
	uint8_t stack[STACK];
	side_fn *fn;
	bool done, asleep, notified;
	struct waiting store[WAITING_MAX];
	uint32_t stores;
};

enum side turn;
uint64_t chance;
const char *schedule_failed;

static struct party party[SIDES];
static ucontext_t over;
static uint32_t one_in_switch, one_in_drain, idle, points;
/* By word of shared memory: whether a release store is there, and its clock. */
static struct clock carried[CELL_WORDS];
static bool released[CELL_WORDS];

static size_t word_of(const uint32_t *where)
{
	return (size_t)(where - (const uint32_t *)&watched.pages);
}

static void drain(struct party *p)
{
	struct waiting first = p->store[0];

	*first.where = first.value;
	released[word_of(first.where)] = first.release;
	carried[word_of(first.where)] = first.clock;
	p->stores--;
	memmove(p->store, p->store + 1, p->stores * sizeof(p->store[0]));
}

static void drain_all(struct party *p)
{
	while (p->stores > 0)
		drain(p);
}

static void switch_to(enum side other)
{
	enum side me = turn;

	turn = other;
	swapcontext(&party[me].context, &party[other].context);
}

void schedule_fail(const char *what, uint32_t at)
{
	static char text[200];

	snprintf(text, sizeof(text), "%s, at %u, by the %s", what, at,
		 turn == FE ? "frontend" : "backend");
	schedule_failed = text;
	setcontext(&over);
}

void schedule_point(void)
{
	enum side other = turn == FE ? BE : FE;

	idle = 0;
	if (++points > POINTS_MAX)
		schedule_fail("nothing gets on", turn);
	for (enum side s = FE; s < SIDES; s++)
		if (party[s].stores > 0 && pair_random(&chance) % one_in_drain == 0)
			drain(&party[s]);
	if (!party[other].done && (!party[other].asleep || party[other].notified) &&
	    pair_random(&chance) % one_in_switch == 0)
		switch_to(other);
}

/* What waits goes in the end, and the other side gets its turn. */
void schedule_yield(void)
{
	enum side other = turn == FE ? BE : FE;
	bool can_run = !party[other].done && (!party[other].asleep || party[other].notified);

	if (party[turn].stores > 0)
		drain(&party[turn]);
	else if (!can_run)
		idle++;
	if (idle > IDLE_MAX)
		schedule_fail("asleep, or without room, and nobody will come", turn);
	if (can_run)
		switch_to(other);
}

void schedule_sleep(void)
{
	struct party *me = &party[turn];

	me->asleep = true;
	while (!me->notified)
		schedule_yield();
	me->asleep = false;
	me->notified = false;
	idle = 0;
}

void schedule_notify(enum side who)
{
	party[who].notified = true;
}

void schedule_store(uint32_t *where, uint32_t value, const struct clock *clock)
{
	struct party *me = &party[turn];

	if (me->stores == WAITING_MAX)
		drain(me);
	me->store[me->stores++] = (struct waiting){
		.where = where,
		.value = value,
		.release = clock != NULL,
		.clock = clock ? *clock : (struct clock){ 0, 0 },
	};
}

void schedule_fence(void)
{
	drain_all(&party[turn]);
}

const struct clock *schedule_carried(const uint32_t *where)
{
	return released[word_of(where)] ? &carried[word_of(where)] : NULL;
}

static void begin(void)
{
	struct party *me = &party[turn];

	me->fn();
	me->done = true;
	drain_all(me);
	if (!party[turn == FE ? BE : FE].done)
		switch_to(turn == FE ? BE : FE);
	setcontext(&over);
}

int schedule_run(side_fn *fe, side_fn *be, uint32_t switch_one_in, uint32_t drain_one_in)
{
	volatile bool began = false;

	one_in_switch = switch_one_in;
	one_in_drain = drain_one_in;
	schedule_failed = NULL;
	idle = points = 0;
	memset(released, 0, sizeof(released));
	for (enum side s = FE; s < SIDES; s++) {
		struct party *p = &party[s];

		p->fn = s == FE ? fe : be;
		p->done = p->asleep = p->notified = false;
		p->stores = 0;
		getcontext(&p->context);
		p->context.uc_stack.ss_sp = p->stack;
		p->context.uc_stack.ss_size = sizeof(p->stack);
		p->context.uc_link = NULL;
		makecontext(&p->context, begin, 0);
	}
	turn = pair_random(&chance) % 2 ? FE : BE;
	getcontext(&over);
	if (!began) {
		began = true;
		watching = true;
		setcontext(&party[turn].context);
	}
	watching = false;
	return schedule_failed ? 1 : 0;
}
