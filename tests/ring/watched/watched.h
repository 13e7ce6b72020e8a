/* SPDX-License-Identifier: MIT */
/*
 * Two sides of a ring or of a queue, over the product's own sources, with each
 * access to shared memory seen.  The sources are compiled with -fsanitize=thread
 * and linked with hooks.c in place of the sanitizer's run-time: the compiler
 * itself says what is loaded and stored, where, and with which ordering.
 *
 *   hooks.c      what the compiler calls; which word or slot that is
 *   schedule.c   the two sides take turns, switched at any access; stores of
 *                cells wait in a buffer, as on every machine, until a fence
 *   rules.c      the steps of coprocif.md, section 3 and 4, access by access
 *   main.c       what the two sides do, and how often it is tried
 *
 * All of it is one thread and a random number begun anew: a run that fails
 * fails again.
 */
#ifndef TESTS_RING_WATCHED_H
#define TESTS_RING_WATCHED_H

#include "tests/ring/pair.h"

#define WATCHED_QUEUE   1u

enum side { FE, BE, SIDES };
enum ring { SQ, CQ, RINGS };

enum kind {
	PLAIN_READ, PLAIN_WRITE,        /* by a compiler's word of 1 to 16 bytes */
	ATOMIC_LOAD, ATOMIC_STORE,
	FENCE
};

enum field { F_INDEX, F_EVENT, F_REST, F_SLOT };

/* One access of the side that has its turn. */
struct access {
	enum kind kind;
	enum ring ring;
	enum field field;
	enum side owner;        /* of the cell */
	uint32_t offset;        /* F_SLOT: from the first slot on */
	uint32_t size;          /* bytes */
	int order;              /* __ATOMIC_*; of the atomic ones and fences */
	uint32_t value;         /* loaded, or to be stored; host order */
};

/* How many slots of the ring a side produced it has written, and of the other
 * one read: what happened before, as a release store carries it. */
struct clock {
	uint32_t wrote, read;
};

extern struct pair watched;
extern enum side turn;          /* who runs */
extern uint64_t chance;         /* pair_random()'s */
extern bool watching;

/* schedule.c */
typedef void side_fn(void);
/* Both from their beginning to their end; 0, or what went wrong was told. */
int schedule_run(side_fn *fe, side_fn *be, uint32_t switch_one_in, uint32_t drain_one_in);
void schedule_point(void);              /* before each access: others may come first */
void schedule_yield(void);              /* nothing to do here just now */
void schedule_sleep(void);              /* until notified */
void schedule_notify(enum side who);
void schedule_store(uint32_t *where, uint32_t value, const struct clock *carried);
void schedule_fence(void);
/* What the release store that @where holds carried; NULL: no release store. */
const struct clock *schedule_carried(const uint32_t *where);
/* @what is static, or NULL with @why formatted by the caller; ends the run. */
void schedule_fail(const char *what, uint32_t at);
extern const char *schedule_failed;

/* rules.c; each breach ends the run by schedule_fail() */
void rules_begin(uint32_t entries, uint32_t base);
void rules_access(const struct access *access);
void rules_learn(const struct clock *carried);
struct clock rules_clock(void);         /* of the side that has its turn */
/* What the side calls, and what it got. */
void rules_call(void);
void rules_published(enum ring ring, bool notify);
void rules_armed(enum ring ring, bool busy);
void rules_returned(void);
/* The slot of the request whose completion comes next. */
void rules_completes(uint32_t slot);

#endif /* TESTS_RING_WATCHED_H */
