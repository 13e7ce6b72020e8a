/* SPDX-License-Identifier: MIT */
/*
 * The contract of a scheduling policy: which of the domains that have work in
 * one class gets the coprocessor next.
 *
 * A policy is pure.  It has no clock, no I/O and no memory beyond what its
 * create() made: the same calls give the same picks, which is what lets the
 * tests run it in virtual time.  It never sees jobs, only entities: one
 * domain's work in one class.
 */
#ifndef COPROC_SCHED_POLICY_H
#define COPROC_SCHED_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHED_WEIGHT_MIN        1u
#define SCHED_WEIGHT_MAX        10000u
#define SCHED_WEIGHT_DEFAULT    100u

/* One domain's work in one class.  The policy owns what is below the line. */
struct sched_entity {
	uint32_t weight;        /* SCHED_WEIGHT_MIN .. SCHED_WEIGHT_MAX; see weigh() */
	void *owner;            /* the scheduler's */
	/* ---- */
	bool ready;
	size_t place;           /* in the policy's own table */
	uint64_t tag;           /* what the policy orders by */
	uint64_t rest;          /* of a charge, too small for the tag as yet */
	uint64_t sequence;      /* breaks ties: first come first */
};

struct sched_policy {
	const char *name;

	/* NULL when out of memory. */
	void *(*create)(void);
	void (*destroy)(void *policy);

	/* Room for one more entity, so that ready() cannot fail.  0 or -ENOMEM. */
	int (*join)(void *policy, struct sched_entity *entity);
	void (*leave)(void *policy, struct sched_entity *entity);

	/* The entity has work, or has none any more.  Both are idempotent. */
	void (*ready)(void *policy, struct sched_entity *entity);
	void (*idle)(void *policy, struct sched_entity *entity);

	/* Whose turn it is among the ready ones; the same entity again until one
	 * is charged, comes or goes.  NULL: none is ready, and as the coprocessor
	 * had time for them all, this ends a busy period.  Between two picks an
	 * entity may go idle and come back: that changes nothing. */
	struct sched_entity *(*pick)(void *policy);

	/* The entity used the coprocessor for so many nanoseconds.  Any entity
	 * may be charged at any time, in turn or not. */
	void (*charge)(void *policy, struct sched_entity *entity, uint64_t ns);

	/* The entity's weight is another from now on. */
	void (*weigh)(void *policy, struct sched_entity *entity, uint32_t weight);

	/* Whether @old, a copy of an entity made before it left, has had more than
	 * its turn, which the others have not made up for since. */
	bool (*owes)(void *policy, const struct sched_entity *old);

	/* The entity has just joined, and is @old's owner again: as far beyond its
	 * turn as if it had stayed, idle. */
	void (*inherit)(void *policy, struct sched_entity *entity, const struct sched_entity *old);
};

/* Weighted fair queueing by start tags: the default. */
extern const struct sched_policy sched_policy_wfq;

/**
 * sched_policy_find() - a policy by its name
 *
 * Return: the policy, or NULL.
 */
const struct sched_policy *sched_policy_find(const char *name);

#endif /* COPROC_SCHED_POLICY_H */
