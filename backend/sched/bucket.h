/* SPDX-License-Identifier: MIT */
/*
 * A token bucket: so many nanoseconds of service flow in per period, no more
 * than that many are saved up, and what is spent may overdraw it.
 *
 * Exact: no call rounds a nanosecond away or up, however often it is made, so
 * that a bound holds over years and a test can ask for equality.
 */
#ifndef COPROC_SCHED_BUCKET_H
#define COPROC_SCHED_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#define SCHED_NEVER     UINT64_MAX

/* A budget or a period of 0 means: no bound. */
struct sched_bucket {
	uint64_t budget_ns;     /* most that can be saved up */
	uint64_t period_ns;     /* in which budget_ns flows in */
	int64_t tokens_ns;
	uint64_t rest;          /* of a token, in 1 / period_ns */
	uint64_t filled_at_ns;
};

static inline bool sched_bucket_bounded(const struct sched_bucket *bucket)
{
	return bucket->budget_ns && bucket->period_ns;
}

/* Full. */
void sched_bucket_set(struct sched_bucket *bucket, uint64_t budget_ns, uint64_t period_ns,
		      uint64_t now_ns);

/* What has flowed in up to now. */
void sched_bucket_fill(struct sched_bucket *bucket, uint64_t now_ns);

/* Service of @ns that ended at @now_ns. */
void sched_bucket_spend(struct sched_bucket *bucket, uint64_t ns, uint64_t now_ns);

bool sched_bucket_dry(const struct sched_bucket *bucket);

/* Whether a bucket that ran dry holds enough again; one without bound does. */
bool sched_bucket_refilled(const struct sched_bucket *bucket);

/* When it will: absolute; only of a bounded bucket that is not refilled. */
uint64_t sched_bucket_due(const struct sched_bucket *bucket);

/**
 * sched_bucket_lasts() - how long service without a pause leaves it not dry
 *
 * Return: the least nanoseconds from @now_ns after which it is dry, or
 * SCHED_NEVER where as much flows in.
 */
uint64_t sched_bucket_lasts(const struct sched_bucket *bucket, uint64_t now_ns);

#endif /* COPROC_SCHED_BUCKET_H */
