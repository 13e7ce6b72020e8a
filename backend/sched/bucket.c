/* SPDX-License-Identifier: MIT */
#include "bucket.h"

/* 128 bits: a budget of minutes times a pause of days must not wrap. */
__extension__ typedef unsigned __int128 wide;

/* A lane that ran dry competes again once this part of its budget is back:
 * at the first token it would flap between classes with every job. */
#define REFILL_PART     4

void sched_bucket_set(struct sched_bucket *bucket, uint64_t budget_ns, uint64_t period_ns,
		      uint64_t now_ns)
{
	*bucket = (struct sched_bucket){
		.budget_ns = budget_ns,
		.period_ns = period_ns,
		.tokens_ns = (int64_t)budget_ns,
		.filled_at_ns = now_ns,
	};
}

void sched_bucket_fill(struct sched_bucket *bucket, uint64_t now_ns)
{
	wide inflow, room;

	if (!sched_bucket_bounded(bucket) || now_ns <= bucket->filled_at_ns)
		return;
	room = (uint64_t)((int64_t)bucket->budget_ns - bucket->tokens_ns);
	inflow = (wide)(now_ns - bucket->filled_at_ns) * bucket->budget_ns + bucket->rest;
	bucket->filled_at_ns = now_ns;
	if (inflow / bucket->period_ns >= room) {
		bucket->tokens_ns = (int64_t)bucket->budget_ns;
		bucket->rest = 0;
		return;
	}
	bucket->tokens_ns += (int64_t)(inflow / bucket->period_ns);
	bucket->rest = (uint64_t)(inflow % bucket->period_ns);
}

void sched_bucket_spend(struct sched_bucket *bucket, uint64_t ns, uint64_t now_ns)
{
	if (!sched_bucket_bounded(bucket))
		return;
	/* What flowed in before the service began may have found the bucket
	 * full; what flowed in during it found the room that it made. */
	sched_bucket_fill(bucket, now_ns > ns ? now_ns - ns : 0);
	bucket->tokens_ns -= (int64_t)ns;
	sched_bucket_fill(bucket, now_ns);
}

bool sched_bucket_dry(const struct sched_bucket *bucket)
{
	return sched_bucket_bounded(bucket) && bucket->tokens_ns <= 0;
}

static int64_t enough(const struct sched_bucket *bucket)
{
	/* Never more than the bucket holds, never so little as to be dry. */
	return bucket->budget_ns < REFILL_PART ? 1 : (int64_t)(bucket->budget_ns / REFILL_PART);
}

bool sched_bucket_refilled(const struct sched_bucket *bucket)
{
	return !sched_bucket_bounded(bucket) || bucket->tokens_ns >= enough(bucket);
}

uint64_t sched_bucket_due(const struct sched_bucket *bucket)
{
	wide missing = (wide)(uint64_t)(enough(bucket) - bucket->tokens_ns) * bucket->period_ns -
		       bucket->rest;

	return bucket->filled_at_ns +
	       (uint64_t)((missing + bucket->budget_ns - 1) / bucket->budget_ns);
}

uint64_t sched_bucket_lasts(const struct sched_bucket *bucket, uint64_t now_ns)
{
	struct sched_bucket filled = *bucket;
	wide above;

	if (!sched_bucket_bounded(bucket) || bucket->budget_ns >= bucket->period_ns)
		return SCHED_NEVER;
	sched_bucket_fill(&filled, now_ns);
	if (filled.tokens_ns <= 0)
		return 0;
	/* The least t with tokens + (rest + t * budget) / period - t <= 0, the
	 * division rounding down as it does when the time has come. */
	above = (wide)(uint64_t)(filled.tokens_ns - 1) * filled.period_ns + filled.rest;
	return (uint64_t)(above / (filled.period_ns - filled.budget_ns)) + 1;
}
