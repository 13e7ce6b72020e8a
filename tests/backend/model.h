/* SPDX-License-Identifier: MIT */
/*
 * A coprocessor in virtual time: domains with jobs of random lengths, one job
 * at a time, not to be interrupted.  Deterministic by its seed.
 */
#ifndef TESTS_BACKEND_MODEL_H
#define TESTS_BACKEND_MODEL_H

#include <check.h>

#include "backend/sched/sched.h"

/* As ck_assert(), which however talks to its parent process each time: too
 * much for what is checked millions of times. */
#define MUST(condition) \
	do { \
		if (!(condition)) \
			ck_abort_msg("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

#define US      1000ull
#define MS      1000000ull
#define SECOND  1000000000ull

struct domain {
	struct sched_lane lane;         /* first: a lane is its domain */
	uint64_t shortest, longest;     /* of its jobs; equal: all the same */
	uint64_t jobs;                  /* done */
	uint64_t service;               /* of them */
	uint64_t wait;                  /* longest from ready to start of a job */
	uint64_t since;                 /* ready, or last served */
};

struct model {
	struct sched sched;
	uint64_t now;
	uint64_t random;
	uint64_t busy;                  /* time that served anybody */
};

void model_init(struct model *model, uint64_t seed);
void model_fini(struct model *model);

/* Uniform in low..high, both included. */
uint64_t model_random(struct model *model, uint64_t low, uint64_t high);

/* Uniform in its logarithm: as many short as long ones. */
uint64_t model_random_log(struct model *model, uint64_t low, uint64_t high);

/* A domain joins with work to do, or without. */
void model_add(struct model *model, struct domain *domain, unsigned int qclass, uint32_t weight,
	       bool ready);
void model_ready(struct model *model, struct domain *domain);
void model_idle(struct model *model, struct domain *domain);

/* The length of the domain's next job. */
uint64_t model_length(struct model *model, const struct domain *domain);

/**
 * model_begin() - pick, and if nobody may run pass the time to the next refill
 *
 * Return: who runs, or NULL when nothing will ever run.
 */
struct domain *model_begin(struct model *model);

/* Its job of so long is over. */
void model_end(struct model *model, struct domain *domain, uint64_t length);

/* Both: one whole job.  Return: whose, or NULL. */
struct domain *model_job(struct model *model);

/* Jobs until that time is reached. */
void model_until(struct model *model, uint64_t time);

#endif /* TESTS_BACKEND_MODEL_H */
