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

#include "policy.h"
#include "protocol/coprocif.h"

#define SCHED_CLASSES   3       /* realtime, normal, batch; index = class - 1 */
#define SCHED_NEVER     UINT64_MAX

/* Tokens are nanoseconds of service.  A period of 0 means: no bound. */
struct sched_bucket {
	uint64_t budget_ns;     /* most that can be saved up */
	uint64_t period_ns;     /* in which budget_ns flows in */
	int64_t tokens_ns;
	uint64_t filled_at_ns;
};

struct sched_lane {
	struct sched_entity entity;
	unsigned int qclass;            /* enum xencoproc_class it was made with */
	unsigned int effective;         /* the class it competes in now */
	bool ready;                     /* its owner says that it has work */
	bool throttled;                 /* over its cap: competes in no class */
	struct sched_bucket realtime;   /* of a realtime lane */
	struct sched_bucket cap;
	bool out;                       /* waits for a refill: throttled, or below its class */
	size_t place, out_place;        /* in sched's tables */
	uint64_t served_ns;             /* all it ever got */
	void *owner;                    /* the caller's */
};

struct sched {
	const struct sched_policy *policy[SCHED_CLASSES];
	void *state[SCHED_CLASSES];
	struct sched_lane **lanes;
	struct sched_lane **out;        /* those that wait for a refill */
	size_t count;
	size_t out_count;
	size_t room;
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

/* Bounds of a lane; full at first.  budget 0 or period 0: unbounded. */
void sched_set_realtime(struct sched *sched, struct sched_lane *lane, uint64_t budget_ns,
			uint64_t period_ns, uint64_t now_ns);
void sched_set_cap(struct sched *sched, struct sched_lane *lane, unsigned int percent,
		   uint64_t now_ns);
void sched_set_weight(struct sched *sched, struct sched_lane *lane, uint32_t weight);

/* The lane has work to be picked, or none.  Idempotent. */
void sched_ready(struct sched *sched, struct sched_lane *lane);
void sched_idle(struct sched *sched, struct sched_lane *lane);

/**
 * sched_pick() - whose turn it is
 * @now_ns: refills the buckets up to here first
 *
 * Return: the lane, or NULL when no lane that may compete has work.
 */
struct sched_lane *sched_pick(struct sched *sched, uint64_t now_ns);

/**
 * sched_charge() - a lane used the coprocessor, or cost it a switch
 */
void sched_charge(struct sched *sched, struct sched_lane *lane, uint64_t ns, uint64_t now_ns);

/**
 * sched_bound() - how long a lane may run before its buckets run dry
 *
 * Return: nanoseconds from @now_ns, or SCHED_NEVER.
 */
uint64_t sched_bound(const struct sched_lane *lane, uint64_t now_ns);

/**
 * sched_next() - when a refill will next change what sched_pick() says
 *
 * Return: absolute nanoseconds, or SCHED_NEVER.
 */
uint64_t sched_next(const struct sched *sched, uint64_t now_ns);

#endif /* COPROC_SCHED_SCHED_H */
