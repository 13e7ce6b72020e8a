/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <math.h>

void model_init(struct model *model, uint64_t seed)
{
	*model = (struct model){ .random = seed * 2 + 1 };
	ck_assert_int_eq(sched_init(&model->sched, sched_policy_find("wfq")), 0);
}

void model_fini(struct model *model)
{
	sched_fini(&model->sched);
}

/* xorshift64*: enough for mixes, the same on every machine. */
static uint64_t next(struct model *model)
{
	uint64_t x = model->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	model->random = x;
	return x * 0x2545f4914f6cdd1dull;
}

uint64_t model_random(struct model *model, uint64_t low, uint64_t high)
{
	return low + next(model) % (high - low + 1);
}

uint64_t model_random_log(struct model *model, uint64_t low, uint64_t high)
{
	double part = (double)(next(model) >> 11) / 9007199254740992.0;
	uint64_t value = (uint64_t)((double)low * pow((double)high / (double)low, part));

	return value < low ? low : value > high ? high : value;
}

void model_add(struct model *model, struct domain *domain, unsigned int qclass, uint32_t weight,
	       bool ready)
{
	ck_assert_int_eq(sched_add(&model->sched, &domain->lane, qclass, weight, model->now), 0);
	if (ready)
		model_ready(model, domain);
}

void model_ready(struct model *model, struct domain *domain)
{
	if (!domain->lane.ready)
		domain->since = model->now;
	sched_ready(&model->sched, &domain->lane);
}

void model_idle(struct model *model, struct domain *domain)
{
	sched_idle(&model->sched, &domain->lane);
}

uint64_t model_length(struct model *model, const struct domain *domain)
{
	return domain->shortest == domain->longest ? domain->longest :
	       model_random_log(model, domain->shortest, domain->longest);
}

struct domain *model_begin(struct model *model)
{
	struct sched_lane *lane = sched_pick(&model->sched, model->now);
	struct domain *domain;

	while (!lane) {
		uint64_t refill = sched_next(&model->sched, model->now);

		if (refill == SCHED_NEVER)
			return NULL;
		/* A promised refill that brings nobody back would turn for ever. */
		MUST(refill > model->now);
		model->now = refill;
		lane = sched_pick(&model->sched, model->now);
		MUST(lane);
	}
	domain = (struct domain *)lane;
	MUST(lane->ready && !lane->throttled);
	if (model->now - domain->since > domain->wait)
		domain->wait = model->now - domain->since;
	return domain;
}

void model_end(struct model *model, struct domain *domain, uint64_t length)
{
	model->now += length;
	model->busy += length;
	domain->jobs++;
	domain->service += length;
	domain->since = model->now;
	sched_charge(&model->sched, &domain->lane, length, model->now);
}

struct domain *model_job(struct model *model)
{
	struct domain *domain = model_begin(model);

	if (domain)
		model_end(model, domain, model_length(model, domain));
	return domain;
}

void model_until(struct model *model, uint64_t time)
{
	while (model->now < time && model_job(model))
		;
}
