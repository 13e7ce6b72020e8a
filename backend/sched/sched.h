/* SPDX-License-Identifier: MIT */
/*
 * The scheduler of one coprocessor: classes in strict order, realtime bounded
 * by a token bucket, a cap per lane, and inside each class the policy.
 *
 * Pure, like the policies: time comes in as an argument, nothing goes out but
 * the answer.  A lane is one domain's work in one class.
 */
#ifndef COPROC_SCHED_SCHED_H
#define COPROC_SCHED_SCHED_H

#include "bucket.h"
#include "policy.h"
#include "protocol/coprocif.h"
#include "waiting.h"

#define SCHED_CLASSES   3       /* realtime, normal, batch; index = class - 1 */

struct sched_lane {
	struct sched_entity entity;
	struct sched_entity demoted;    /* of a realtime lane: its place among the normal ones */
	unsigned int qclass;            /* enum xencoproc_class it was made with */
	unsigned int effective;         /* the class it competes in now */
	bool ready;                     /* its owner says that it has work */
	bool throttled;                 /* over its cap: competes in no class */
	struct sched_bucket realtime;   /* of a realtime lane */
	struct sched_bucket cap;
	bool waits;                     /* in sched.waiting, for due_ns */
	uint64_t due_ns;
	size_t wait_place;
	uint64_t served_ns;             /* all it ever got */
	void *owner;                    /* the caller's */
};

struct sched {
	const struct sched_policy *policy[SCHED_CLASSES];
	void *state[SCHED_CLASSES];
	size_t count;                   /* lanes */
	size_t ready;                   /* of them have work, throttled or not */
	struct sched_waiting waiting;   /* of them: ready, and throttled or below their class */
};

/**
 * sched_init() - one policy for all classes
 *
 * Return: 0 or -ENOMEM.
 */
int sched_init(struct sched *sched, const struct sched_policy *policy);
void sched_fini(struct sched *sched);

/**
 * sched_add() - a lane joins, idle
 * @lane: the caller's memory, until sched_remove(); owner is kept as it is
 * @qclass: enum xencoproc_class
 * @weight: SCHED_WEIGHT_MIN .. SCHED_WEIGHT_MAX
 *
 * Return: 0, -EINVAL, or -ENOMEM.
 */
int sched_add(struct sched *sched, struct sched_lane *lane, unsigned int qclass,
	      uint32_t weight, uint64_t now_ns);
void sched_remove(struct sched *sched, struct sched_lane *lane);

/* Bounds of a lane; full at first, and left as they are when nothing changes.
 * budget 0 or period 0: unbounded.  Only what runs as realtime spends of the
 * realtime budget: time that was left over costs nobody his place. */
void sched_set_realtime(struct sched *sched, struct sched_lane *lane, uint64_t budget_ns,
			uint64_t period_ns, uint64_t now_ns);
void sched_set_cap(struct sched *sched, struct sched_lane *lane, unsigned int percent,
		   uint64_t now_ns);
void sched_set_weight(struct sched *sched, struct sched_lane *lane, uint32_t weight);

/**
 * sched_owes() - whether a lane had more than was its own when it was removed
 * @old: a copy of the lane, made before sched_remove()
 *
 * Return: true until its buckets would be full and the others of its class have
 * made up for what it had beyond its turn, or nobody wanted the coprocessor.
 */
bool sched_owes(const struct sched *sched, const struct sched_lane *old, uint64_t now_ns);

/**
 * sched_inherit() - a lane is its owner's next one
 * @lane: just added, its bounds set; nothing is ready
 * @old: as with sched_owes(), of the same class
 *
 * It is where it would be if the old one had stayed, idle; a bucket only if its
 * bounds are still the same.
 */
void sched_inherit(struct sched *sched, struct sched_lane *lane, const struct sched_lane *old,
		   uint64_t now_ns);

/* The lane has work to be picked, or none.  Idempotent. */
void sched_ready(struct sched *sched, struct sched_lane *lane);
void sched_idle(struct sched *sched, struct sched_lane *lane);

/* Fill the buckets that are due; sched_pick() does so too.  Whoever sets a timer
 * by sched_next() calls one of them when it rings. */
void sched_refill(struct sched *sched, uint64_t now_ns);

/* Whether no lane but this one has work, throttled or not. */
static inline bool sched_alone(const struct sched *sched, const struct sched_lane *lane)
{
	return sched->ready == (lane->ready ? 1 : 0);
}

/**
 * sched_pick() - whose turn it is
 * @now_ns: refills the buckets up to here first
 *
 * Return: the lane, or NULL when no lane that may compete has work.
 */
struct sched_lane *sched_pick(struct sched *sched, uint64_t now_ns);

/**
 * sched_charge() - a lane used the coprocessor, or cost it a switch
 * @ns: the time before @now_ns, without a pause
 */
void sched_charge(struct sched *sched, struct sched_lane *lane, uint64_t ns, uint64_t now_ns);

/* Another lane under the same cap was charged: this one has less left, too. */
void sched_spend_cap(struct sched *sched, struct sched_lane *lane, uint64_t ns, uint64_t now_ns);

/**
 * sched_bound() - how long a lane may run before its buckets run dry
 *
 * Return: nanoseconds from @now_ns, at least 1; SCHED_NEVER where nothing
 * bounds it, or nothing any more: it is throttled already.
 */
uint64_t sched_bound(const struct sched_lane *lane, uint64_t now_ns);

/**
 * sched_next() - when a refill will next let a lane compete that has work
 *
 * Return: absolute nanoseconds, or SCHED_NEVER.
 */
uint64_t sched_next(const struct sched *sched, uint64_t now_ns);

#endif /* COPROC_SCHED_SCHED_H */
