/* SPDX-License-Identifier: MIT */
/*
 * The lanes that have work and wait for a refill, by when it is due: a binary
 * heap, so that thousands of capped domains cost a decision no more than a few
 * comparisons, and sched_next() one look.
 */
#ifndef COPROC_SCHED_WAITING_H
#define COPROC_SCHED_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sched_lane;

struct sched_waiting {
	struct sched_lane **heap;
	size_t count;
	size_t room;
};

/* Room for so many lanes, so that put() cannot fail.  0 or -ENOMEM. */
int sched_waiting_reserve(struct sched_waiting *waiting, size_t room);
void sched_waiting_fini(struct sched_waiting *waiting);

/* The lane waits until @due_ns; it may wait already, for another time. */
void sched_waiting_put(struct sched_waiting *waiting, struct sched_lane *lane, uint64_t due_ns);

/* It waits no more; nothing if it did not. */
void sched_waiting_remove(struct sched_waiting *waiting, struct sched_lane *lane);

/* Whose refill is due first, or NULL. */
struct sched_lane *sched_waiting_first(const struct sched_waiting *waiting);

#endif /* COPROC_SCHED_WAITING_H */
