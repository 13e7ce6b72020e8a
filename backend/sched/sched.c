/* SPDX-License-Identifier: MIT */
#include "sched.h"

#include <errno.h>
#include <stdlib.h>

/* A cap is a bucket over this long: short enough to be smooth, long enough
 * for a job of some milliseconds not to overdraw it by much. */
#define CAP_PERIOD_NS   100000000ull

/* A lane that ran dry competes again once this part of its budget is back:
 * at the first token it would flap between classes with every job. */
#define REFILL_PART     4

static bool bucket_bounded(const struct sched_bucket *bucket)
{
	return bucket->budget_ns && bucket->period_ns;
}

static void bucket_set(struct sched_bucket *bucket, uint64_t budget_ns, uint64_t period_ns,
		       uint64_t now_ns)
{
	bucket->budget_ns = budget_ns;
	bucket->period_ns = period_ns;
	bucket->tokens_ns = (int64_t)budget_ns;
	bucket->filled_at_ns = now_ns;
}

static void bucket_fill(struct sched_bucket *bucket, uint64_t now_ns)
{
	uint64_t elapsed, inflow;

	if (!bucket_bounded(bucket) || now_ns <= bucket->filled_at_ns)
		return;
	elapsed = now_ns - bucket->filled_at_ns;
	/* 128 bits: a budget of minutes times a pause of days must not wrap. */
	inflow = (uint64_t)((unsigned __int128)elapsed * bucket->budget_ns / bucket->period_ns);
	if ((int64_t)inflow >= (int64_t)bucket->budget_ns - bucket->tokens_ns) {
		bucket->tokens_ns = (int64_t)bucket->budget_ns;
		bucket->filled_at_ns = now_ns;
		return;
	}
	/* Only the time that made whole tokens is spent: frequent calls lose none. */
	bucket->tokens_ns += (int64_t)inflow;
	bucket->filled_at_ns += (uint64_t)((unsigned __int128)inflow * bucket->period_ns /
					   bucket->budget_ns);
}

static int64_t bucket_refilled(const struct sched_bucket *bucket)
{
	return (int64_t)(bucket->budget_ns / REFILL_PART) + 1;
}

/* When the bucket will hold enough to compete again. */
static uint64_t bucket_due(const struct sched_bucket *bucket)
{
	uint64_t missing = (uint64_t)(bucket_refilled(bucket) - bucket->tokens_ns);

	return bucket->filled_at_ns +
	       (uint64_t)((unsigned __int128)missing * bucket->period_ns / bucket->budget_ns) + 1;
}

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
	free(sched->lanes);
	free(sched->out);
	*sched = (struct sched){ 0 };
}

int sched_add(struct sched *sched, struct sched_lane *lane, unsigned int qclass,
	      uint32_t weight, uint64_t now_ns)
{
	unsigned int joined;
	int rc = 0;

	if (qclass < XENCOPROC_CLASS_REALTIME || qclass > XENCOPROC_CLASS_BATCH ||
	    weight < SCHED_WEIGHT_MIN || weight > SCHED_WEIGHT_MAX)
		return -EINVAL;
	if (sched->count == sched->room) {
		size_t room = sched->room ? 2 * sched->room : 16;
		struct sched_lane **lanes = realloc(sched->lanes, room * sizeof(*lanes));
		struct sched_lane **out;

		if (!lanes)
			return -ENOMEM;
		sched->lanes = lanes;
		out = realloc(sched->out, room * sizeof(*out));
		if (!out)
			return -ENOMEM;
		sched->out = out;
		sched->room = room;
	}
	lane->entity = (struct sched_entity){ .weight = weight };
	lane->qclass = qclass;
	lane->effective = qclass;
	lane->ready = false;
	lane->throttled = false;
	lane->served_ns = 0;
	bucket_set(&lane->realtime, 0, 0, now_ns);
	bucket_set(&lane->cap, 0, 0, now_ns);
	/* A realtime lane out of budget competes as normal: it needs room there too. */
	for (joined = 0; joined < SCHED_CLASSES && !rc; joined++)
		rc = sched->policy[joined]->join(sched->state[joined], &lane->entity);
	if (rc) {
		while (--joined > 0)
			sched->policy[joined - 1]->leave(sched->state[joined - 1], &lane->entity);
		return rc;
	}
	lane->place = sched->count;
	lane->out = false;
	sched->lanes[sched->count++] = lane;
	return 0;
}

static void compete(struct sched *sched, struct sched_lane *lane, bool yes)
{
	unsigned int c = of(lane->effective);

	if (yes)
		sched->policy[c]->ready(sched->state[c], &lane->entity);
	else
		sched->policy[c]->idle(sched->state[c], &lane->entity);
}

/* The few lanes that wait for a refill are kept apart: looking at all of them
 * for each decision would cost more than the decision. */
static void set_out(struct sched *sched, struct sched_lane *lane, bool out)
{
	if (out == lane->out)
		return;
	lane->out = out;
	if (out) {
		lane->out_place = sched->out_count;
		sched->out[sched->out_count++] = lane;
	} else {
		sched->out[lane->out_place] = sched->out[--sched->out_count];
		sched->out[lane->out_place]->out_place = lane->out_place;
	}
}

void sched_remove(struct sched *sched, struct sched_lane *lane)
{
	sched_idle(sched, lane);
	for (unsigned int i = 0; i < SCHED_CLASSES; i++)
		sched->policy[i]->leave(sched->state[i], &lane->entity);
	set_out(sched, lane, false);
	sched->lanes[lane->place] = sched->lanes[--sched->count];
	sched->lanes[lane->place]->place = lane->place;
}

/* Put the lane where its buckets say that it may compete. */
static void place(struct sched *sched, struct sched_lane *lane)
{
	unsigned int effective = lane->effective;
	bool throttled = lane->throttled;

	if (!bucket_bounded(&lane->realtime) ||
	    lane->realtime.tokens_ns >= bucket_refilled(&lane->realtime))
		effective = lane->qclass;
	else if (lane->realtime.tokens_ns <= 0)
		effective = XENCOPROC_CLASS_NORMAL;

	if (!bucket_bounded(&lane->cap) || lane->cap.tokens_ns >= bucket_refilled(&lane->cap))
		throttled = false;
	else if (lane->cap.tokens_ns <= 0)
		throttled = true;

	if (effective == lane->effective && throttled == lane->throttled)
		return;
	compete(sched, lane, false);
	if (effective != lane->effective) {
		/* Another class has another clock: begin there as a newcomer. */
		lane->effective = effective;
		lane->entity.tag = 0;
		sched->policy[of(effective)]->leave(sched->state[of(effective)], &lane->entity);
		sched->policy[of(effective)]->join(sched->state[of(effective)], &lane->entity);
	}
	lane->throttled = throttled;
	set_out(sched, lane, throttled || effective != lane->qclass);
	compete(sched, lane, lane->ready && !throttled);
}

void sched_set_realtime(struct sched *sched, struct sched_lane *lane, uint64_t budget_ns,
			uint64_t period_ns, uint64_t now_ns)
{
	if (lane->qclass != XENCOPROC_CLASS_REALTIME)
		return;
	bucket_set(&lane->realtime, budget_ns, period_ns, now_ns);
	place(sched, lane);
}

void sched_set_cap(struct sched *sched, struct sched_lane *lane, unsigned int percent,
		   uint64_t now_ns)
{
	bucket_set(&lane->cap, CAP_PERIOD_NS / 100 * percent, percent ? CAP_PERIOD_NS : 0, now_ns);
	place(sched, lane);
}

void sched_set_weight(struct sched *sched, struct sched_lane *lane, uint32_t weight)
{
	if (weight >= SCHED_WEIGHT_MIN && weight <= SCHED_WEIGHT_MAX)
		lane->entity.weight = weight;
}

void sched_ready(struct sched *sched, struct sched_lane *lane)
{
	if (lane->ready)
		return;
	lane->ready = true;
	if (!lane->throttled)
		compete(sched, lane, true);
}

void sched_idle(struct sched *sched, struct sched_lane *lane)
{
	lane->ready = false;
	compete(sched, lane, false);
}

static void refill(struct sched *sched, struct sched_lane *lane, uint64_t now_ns)
{
	bucket_fill(&lane->realtime, now_ns);
	bucket_fill(&lane->cap, now_ns);
	place(sched, lane);
}

struct sched_lane *sched_pick(struct sched *sched, uint64_t now_ns)
{
	/* Backwards: a lane that comes back is replaced by the last one. */
	for (size_t i = sched->out_count; i > 0; i--)
		refill(sched, sched->out[i - 1], now_ns);
	for (unsigned int c = 0; c < SCHED_CLASSES; c++) {
		struct sched_entity *entity = sched->policy[c]->pick(sched->state[c]);

		if (entity)
			return (struct sched_lane *)((char *)entity -
						     offsetof(struct sched_lane, entity));
	}
	return NULL;
}

void sched_charge(struct sched *sched, struct sched_lane *lane, uint64_t ns, uint64_t now_ns)
{
	unsigned int c = of(lane->effective);

	lane->served_ns += ns;
	sched->policy[c]->charge(sched->state[c], &lane->entity, ns);
	bucket_fill(&lane->realtime, now_ns);
	bucket_fill(&lane->cap, now_ns);
	if (bucket_bounded(&lane->realtime))
		lane->realtime.tokens_ns -= (int64_t)ns;
	if (bucket_bounded(&lane->cap))
		lane->cap.tokens_ns -= (int64_t)ns;
	place(sched, lane);
}

/* Time until spending 1 per 1 while budget / period flows in leaves nothing. */
static uint64_t bucket_lasts(const struct sched_bucket *bucket, uint64_t now_ns)
{
	struct sched_bucket filled = *bucket;

	if (!bucket_bounded(bucket) || bucket->budget_ns >= bucket->period_ns)
		return SCHED_NEVER;
	bucket_fill(&filled, now_ns);
	if (filled.tokens_ns <= 0)
		return 0;
	return (uint64_t)((unsigned __int128)filled.tokens_ns * bucket->period_ns /
			  (bucket->period_ns - bucket->budget_ns)) + 1;
}

uint64_t sched_bound(const struct sched_lane *lane, uint64_t now_ns)
{
	uint64_t realtime = SCHED_NEVER, cap = bucket_lasts(&lane->cap, now_ns);

	if (lane->effective == lane->qclass)
		realtime = bucket_lasts(&lane->realtime, now_ns);
	return realtime < cap ? realtime : cap;
}

uint64_t sched_next(const struct sched *sched, uint64_t now_ns)
{
	uint64_t next = SCHED_NEVER;

	for (size_t i = 0; i < sched->out_count; i++) {
		const struct sched_lane *lane = sched->out[i];
		uint64_t due = SCHED_NEVER;

		if (!lane->ready)
			continue;
		if (lane->throttled)
			due = bucket_due(&lane->cap);
		else if (lane->effective != lane->qclass)
			due = bucket_due(&lane->realtime);
		if (due < next)
			next = due;
	}
	return next < now_ns ? now_ns : next;
}
