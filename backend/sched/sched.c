/* SPDX-License-Identifier: MIT */
#include "sched.h"

#include <errno.h>

/* A cap is a bucket over this long: short enough to be smooth, long enough
 * for a job of some milliseconds not to overdraw it by much. */
#define CAP_PERIOD_NS   100000000ull

static unsigned int of(unsigned int qclass)
{
	return qclass - 1;
}

int sched_init(struct sched *sched, const struct sched_policy *policy)
{
	*sched = (struct sched){ 0 };
	for (unsigned int i = 0; i < SCHED_CLASSES; i++) {
		sched->policy[i] = policy;
		sched->state[i] = policy->create();
		if (!sched->state[i]) {
			sched_fini(sched);
			return -ENOMEM;
		}
	}
	return 0;
}

void sched_fini(struct sched *sched)
{
	for (unsigned int i = 0; i < SCHED_CLASSES; i++)
		if (sched->state[i])
			sched->policy[i]->destroy(sched->state[i]);
	sched_waiting_fini(&sched->waiting);
	*sched = (struct sched){ 0 };
}

static int join(struct sched *sched, unsigned int qclass, struct sched_entity *entity)
{
	return sched->policy[of(qclass)]->join(sched->state[of(qclass)], entity);
}

static void leave(struct sched *sched, unsigned int qclass, struct sched_entity *entity)
{
	sched->policy[of(qclass)]->leave(sched->state[of(qclass)], entity);
}

/* Doubling, so that n lanes cost n, and by the count alone. */
static int reserve(struct sched *sched)
{
	size_t room = sched->waiting.room;

	return sched->count < room ? 0 :
	       sched_waiting_reserve(&sched->waiting, room ? 2 * room : 16);
}

int sched_add(struct sched *sched, struct sched_lane *lane, unsigned int qclass,
	      uint32_t weight, uint64_t now_ns)
{
	void *owner = lane->owner;
	int rc;

	if (qclass < XENCOPROC_CLASS_REALTIME || qclass > XENCOPROC_CLASS_BATCH ||
	    weight < SCHED_WEIGHT_MIN || weight > SCHED_WEIGHT_MAX)
		return -EINVAL;
	rc = reserve(sched);
	if (rc)
		return rc;
	*lane = (struct sched_lane){
		.entity = { .weight = weight, .owner = lane },
		.demoted = { .weight = weight, .owner = lane },
		.qclass = qclass,
		.effective = qclass,
		.owner = owner,
	};
	sched_bucket_set(&lane->realtime, 0, 0, now_ns);
	sched_bucket_set(&lane->cap, 0, 0, now_ns);
	rc = join(sched, qclass, &lane->entity);
	/* A realtime lane out of budget competes as normal: its place there is
	 * its own, so that going to and fro makes it no newcomer. */
	if (!rc && qclass == XENCOPROC_CLASS_REALTIME) {
		rc = join(sched, XENCOPROC_CLASS_NORMAL, &lane->demoted);
		if (rc)
			leave(sched, qclass, &lane->entity);
	}
	if (!rc)
		sched->count++;
	return rc;
}

void sched_remove(struct sched *sched, struct sched_lane *lane)
{
	sched_idle(sched, lane);
	leave(sched, lane->qclass, &lane->entity);
	if (lane->qclass == XENCOPROC_CLASS_REALTIME)
		leave(sched, XENCOPROC_CLASS_NORMAL, &lane->demoted);
	sched->count--;
}

/* ---- where a lane competes ---- */

static struct sched_entity *entity_of(struct sched_lane *lane)
{
	return lane->effective == lane->qclass ? &lane->entity : &lane->demoted;
}

static void compete(struct sched *sched, struct sched_lane *lane, bool yes)
{
	unsigned int c = of(lane->effective);

	if (yes)
		sched->policy[c]->ready(sched->state[c], entity_of(lane));
	else
		sched->policy[c]->idle(sched->state[c], entity_of(lane));
}

/* Only lanes with work are waited for: the others look when they get some. */
static void wait_for_refill(struct sched *sched, struct sched_lane *lane)
{
	if (!lane->ready || (!lane->throttled && lane->effective == lane->qclass))
		sched_waiting_remove(&sched->waiting, lane);
	else
		sched_waiting_put(&sched->waiting, lane, sched_bucket_due(
				  lane->throttled ? &lane->cap : &lane->realtime));
}

/* Put the lane where its buckets say that it may compete. */
static void place(struct sched *sched, struct sched_lane *lane)
{
	unsigned int effective = lane->effective;
	bool throttled = lane->throttled;

	if (sched_bucket_refilled(&lane->realtime))
		effective = lane->qclass;
	else if (sched_bucket_dry(&lane->realtime))
		effective = XENCOPROC_CLASS_NORMAL;

	if (sched_bucket_refilled(&lane->cap))
		throttled = false;
	else if (sched_bucket_dry(&lane->cap))
		throttled = true;

	if (effective != lane->effective || throttled != lane->throttled) {
		compete(sched, lane, false);
		lane->effective = effective;
		lane->throttled = throttled;
		compete(sched, lane, lane->ready && !throttled);
	}
	wait_for_refill(sched, lane);
}

/* ---- bounds and weight ---- */

static void set_bucket(struct sched *sched, struct sched_lane *lane, struct sched_bucket *bucket,
		       uint64_t budget_ns, uint64_t period_ns, uint64_t now_ns)
{
	/* Told again what holds already: that is no reason for a full bucket. */
	if (bucket->budget_ns == budget_ns && bucket->period_ns == period_ns)
		return;
	sched_bucket_set(bucket, budget_ns, period_ns, now_ns);
	place(sched, lane);
}

void sched_set_realtime(struct sched *sched, struct sched_lane *lane, uint64_t budget_ns,
			uint64_t period_ns, uint64_t now_ns)
{
	if (lane->qclass == XENCOPROC_CLASS_REALTIME)
		set_bucket(sched, lane, &lane->realtime, budget_ns, period_ns, now_ns);
}

void sched_set_cap(struct sched *sched, struct sched_lane *lane, unsigned int percent,
		   uint64_t now_ns)
{
	set_bucket(sched, lane, &lane->cap, CAP_PERIOD_NS / 100 * percent,
		   percent ? CAP_PERIOD_NS : 0, now_ns);
}

void sched_set_weight(struct sched *sched, struct sched_lane *lane, uint32_t weight)
{
	unsigned int c = of(lane->qclass), normal = of(XENCOPROC_CLASS_NORMAL);

	if (weight < SCHED_WEIGHT_MIN || weight > SCHED_WEIGHT_MAX || weight == lane->entity.weight)
		return;
	sched->policy[c]->weigh(sched->state[c], &lane->entity, weight);
	if (lane->qclass == XENCOPROC_CLASS_REALTIME)
		sched->policy[normal]->weigh(sched->state[normal], &lane->demoted, weight);
}

/* ---- a lane that was removed, and its owner's next one ---- */

static bool missing(const struct sched_bucket *bucket, uint64_t now_ns)
{
	struct sched_bucket filled = *bucket;

	sched_bucket_fill(&filled, now_ns);
	return sched_bucket_bounded(&filled) && filled.tokens_ns < (int64_t)filled.budget_ns;
}

bool sched_owes(const struct sched *sched, const struct sched_lane *old, uint64_t now_ns)
{
	unsigned int c = of(old->qclass), normal = of(XENCOPROC_CLASS_NORMAL);

	return missing(&old->realtime, now_ns) || missing(&old->cap, now_ns) ||
	       sched->policy[c]->owes(sched->state[c], &old->entity) ||
	       (old->qclass == XENCOPROC_CLASS_REALTIME &&
		sched->policy[normal]->owes(sched->state[normal], &old->demoted));
}

static void inherit(struct sched_bucket *bucket, const struct sched_bucket *old, uint64_t now_ns)
{
	if (bucket->budget_ns != old->budget_ns || bucket->period_ns != old->period_ns)
		return;
	*bucket = *old;
	sched_bucket_fill(bucket, now_ns);
}

void sched_inherit(struct sched *sched, struct sched_lane *lane, const struct sched_lane *old,
		   uint64_t now_ns)
{
	unsigned int c = of(lane->qclass), normal = of(XENCOPROC_CLASS_NORMAL);

	inherit(&lane->realtime, &old->realtime, now_ns);
	inherit(&lane->cap, &old->cap, now_ns);
	sched->policy[c]->inherit(sched->state[c], &lane->entity, &old->entity);
	if (lane->qclass == XENCOPROC_CLASS_REALTIME)
		sched->policy[normal]->inherit(sched->state[normal], &lane->demoted, &old->demoted);
	place(sched, lane);
}

/* ---- work ---- */

void sched_ready(struct sched *sched, struct sched_lane *lane)
{
	if (lane->ready)
		return;
	lane->ready = true;
	sched->ready++;
	if (!lane->throttled)
		compete(sched, lane, true);
	wait_for_refill(sched, lane);
}

void sched_idle(struct sched *sched, struct sched_lane *lane)
{
	sched->ready -= lane->ready;
	lane->ready = false;
	compete(sched, lane, false);
	wait_for_refill(sched, lane);
}

void sched_refill(struct sched *sched, uint64_t now_ns)
{
	struct sched_lane *lane;

	/* Each turn either ends a wait or puts it off beyond now. */
	while ((lane = sched_waiting_first(&sched->waiting)) && lane->due_ns <= now_ns) {
		sched_bucket_fill(&lane->realtime, now_ns);
		sched_bucket_fill(&lane->cap, now_ns);
		place(sched, lane);
	}
}

struct sched_lane *sched_pick(struct sched *sched, uint64_t now_ns)
{
	sched_refill(sched, now_ns);
	for (unsigned int c = 0; c < SCHED_CLASSES; c++) {
		struct sched_entity *entity = sched->policy[c]->pick(sched->state[c]);

		if (entity)
			return entity->owner;
	}
	return NULL;
}

void sched_charge(struct sched *sched, struct sched_lane *lane, uint64_t ns, uint64_t now_ns)
{
	unsigned int c = of(lane->effective);

	lane->served_ns += ns;
	sched->policy[c]->charge(sched->state[c], entity_of(lane), ns);
	/* Without bounds, as most lanes are, its place cannot change. */
	if (!sched_bucket_bounded(&lane->realtime) && !sched_bucket_bounded(&lane->cap))
		return;
	/* A domain that took what was left over keeps its realtime budget. */
	if (lane->effective == lane->qclass)
		sched_bucket_spend(&lane->realtime, ns, now_ns);
	else
		sched_bucket_fill(&lane->realtime, now_ns);
	sched_bucket_spend(&lane->cap, ns, now_ns);
	place(sched, lane);
}

void sched_spend_cap(struct sched *sched, struct sched_lane *lane, uint64_t ns, uint64_t now_ns)
{
	sched_bucket_spend(&lane->cap, ns, now_ns);
	place(sched, lane);
}

uint64_t sched_bound(const struct sched_lane *lane, uint64_t now_ns)
{
	uint64_t realtime = SCHED_NEVER, cap = sched_bucket_lasts(&lane->cap, now_ns);

	/* Dry already: an alarm for that would ring until the job has ended. */
	if (lane->throttled)
		return SCHED_NEVER;
	if (lane->effective == lane->qclass)
		realtime = sched_bucket_lasts(&lane->realtime, now_ns);
	return realtime < cap ? realtime : cap;
}

uint64_t sched_next(const struct sched *sched, uint64_t now_ns)
{
	const struct sched_lane *first = sched_waiting_first(&sched->waiting);

	if (!first)
		return SCHED_NEVER;
	return first->due_ns < now_ns ? now_ns : first->due_ns;
}
