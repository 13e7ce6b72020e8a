/* SPDX-License-Identifier: MIT */
/*
 * Thousands of domains: what a decision costs, by counts that are the same on
 * every machine and by a ratio within one run, and the scheduler's own books
 * after random joining, leaving, pausing and changing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/backend/model.h"
#include "tests/unit/tap.h"

#define MANY    4096

static struct model model;
static struct domain *domains;

static void setup(void)
{
	domains = calloc(MANY, sizeof(*domains));
	ck_assert_ptr_nonnull(domains);
	model_init(&model, 3);
}

static void teardown(void)
{
	model_fini(&model);
	free(domains);
}

/* ---- the cost of a decision ---- */

enum load { NORMAL_ONLY, CAPPED, REALTIME_SPENT, LOADS };

static const char *const load_names[] = { "normal", "capped", "realtime, budget spent" };

static double decisions(unsigned int count, enum load load)
{
	const unsigned int rounds = 40000;
	struct timespec begin, end;

	model_fini(&model);
	model_init(&model, count);
	for (unsigned int i = 0; i < count; i++) {
		domains[i] = (struct domain){ .shortest = US, .longest = 100 * US };
		model_add(&model, &domains[i], load == REALTIME_SPENT ? XENCOPROC_CLASS_REALTIME :
			  XENCOPROC_CLASS_NORMAL, (uint32_t)model_random(&model, 1, 10000), true);
		if (load == CAPPED)
			sched_set_cap(&model.sched, &domains[i].lane, 1, 0);
		if (load == REALTIME_SPENT)
			sched_set_realtime(&model.sched, &domains[i].lane, 10 * US, SECOND, 0);
	}
	for (unsigned int i = 0; i < count; i++)
		model_job(&model);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (unsigned int i = 0; i < rounds; i++)
		model_job(&model);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
	       rounds;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* pick + charge + the model itself, which costs the same for any number. */
START_TEST(decision_grows_with_the_logarithm)
{
	double ratio[9], small[9], large[9];

	for (int round = 0; round < 9; round++) {
		small[round] = decisions(64, (enum load)_i);
		large[round] = decisions(MANY, (enum load)_i);
		ratio[round] = large[round] / small[round];
	}
	qsort(ratio, 9, sizeof(ratio[0]), ascending);
	qsort(small, 9, sizeof(small[0]), ascending);
	qsort(large, 9, sizeof(large[0]), ascending);
	printf("# %s: %.0f ns a job at 64 domains, %.0f ns at 4096, ratio %.2f (%.2f to %.2f)\n",
	       load_names[_i], small[4], large[4], ratio[4], ratio[0], ratio[8]);
	ck_assert_double_le(ratio[4], 4.0);
}
END_TEST

/* The policy, with its calls counted. */
static uint64_t looks;

static int counting_join(void *policy, struct sched_entity *entity)
{
	return sched_policy_wfq.join(policy, entity);
}

static void counting_leave(void *policy, struct sched_entity *entity)
{
	sched_policy_wfq.leave(policy, entity);
}

static void counting_ready(void *policy, struct sched_entity *entity)
{
	looks++;
	sched_policy_wfq.ready(policy, entity);
}

static void counting_idle(void *policy, struct sched_entity *entity)
{
	looks++;
	sched_policy_wfq.idle(policy, entity);
}

static struct sched_entity *counting_pick(void *policy)
{
	looks++;
	return sched_policy_wfq.pick(policy);
}

static void counting_charge(void *policy, struct sched_entity *entity, uint64_t ns)
{
	looks++;
	sched_policy_wfq.charge(policy, entity, ns);
}

/* A decision asks the policy a bounded number of times, however many lanes
 * wait for a refill. */
START_TEST(waiting_lanes_are_not_looked_at)
{
	static struct sched_policy counting;
	uint64_t most = 0;

	counting = sched_policy_wfq;
	counting.join = counting_join;
	counting.leave = counting_leave;
	counting.ready = counting_ready;
	counting.idle = counting_idle;
	counting.pick = counting_pick;
	counting.charge = counting_charge;
	model_fini(&model);
	model_init(&model, 9);
	for (int c = 0; c < SCHED_CLASSES; c++)
		model.sched.policy[c] = &counting;
	for (unsigned int i = 0; i < MANY; i++) {
		domains[i].shortest = domains[i].longest = 2 * MS;
		model_add(&model, &domains[i], XENCOPROC_CLASS_NORMAL, 100, true);
		sched_set_cap(&model.sched, &domains[i].lane, 1, 0);
	}
	/* Each runs dry by its one job; none is back for 100 ms and more. */
	for (unsigned int i = 0; i < 20; i++) {
		looks = 0;
		MUST(model_job(&model));
		most = looks > most ? looks : most;
	}
	ck_assert_uint_gt(model.sched.waiting.count, 10);
	ck_assert_uint_le(most, SCHED_CLASSES + 3);
}
END_TEST

/* ---- the books ---- */

/* Which class a lane's entity competes in, as the lanes say. */
static bool competes(const struct domain *domain, unsigned int qclass)
{
	const struct sched_lane *lane = &domain->lane;

	return lane->ready && !lane->throttled && lane->effective == qclass;
}

static void check_lane(const struct domain *domain)
{
	const struct sched_lane *lane = &domain->lane;
	bool below = lane->effective != lane->qclass;

	MUST(lane->entity.ready == (competes(domain, lane->qclass)));
	MUST(lane->demoted.ready == (below && competes(domain, XENCOPROC_CLASS_NORMAL)));
	MUST(lane->waits == (lane->ready && (lane->throttled || below)));
	MUST(!below || (lane->qclass == XENCOPROC_CLASS_REALTIME &&
			lane->effective == XENCOPROC_CLASS_NORMAL));
	if (lane->waits)
		MUST(model.sched.waiting.heap[lane->wait_place] == lane);
	MUST(lane->cap.tokens_ns <= (int64_t)lane->cap.budget_ns);
	MUST(lane->realtime.tokens_ns <= (int64_t)lane->realtime.budget_ns);
}

static void check_books(const bool *member, unsigned int count)
{
	uint64_t first = SCHED_NEVER;
	size_t members = 0, waits = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (!member[i])
			continue;
		members++;
		check_lane(&domains[i]);
		waits += domains[i].lane.waits;
		if (domains[i].lane.waits && domains[i].lane.due_ns < first)
			first = domains[i].lane.due_ns;
	}
	MUST(model.sched.count == members);
	MUST(model.sched.waiting.count == waits);
	MUST(sched_next(&model.sched, 0) == first);
}

/* Who is picked is of the highest class in which anybody competes. */
static void check_pick(const struct domain *picked, const bool *member, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (!member[i])
			continue;
		for (unsigned int c = XENCOPROC_CLASS_REALTIME;
		     c < (picked ? picked->lane.effective : XENCOPROC_CLASS_BATCH + 1); c++)
			MUST(!competes(&domains[i], c));
	}
}

static void join_anyhow(struct domain *domain)
{
	unsigned int qclass = (unsigned int)model_random(&model, XENCOPROC_CLASS_REALTIME,
							  XENCOPROC_CLASS_BATCH);

	*domain = (struct domain){ .shortest = US, .longest = model_random_log(&model, US, 50 * MS) };
	model_add(&model, domain, qclass, (uint32_t)model_random_log(&model, 1, 10000),
		  model_random(&model, 0, 1));
}

static void change_anyhow(struct domain *domain)
{
	switch (model_random(&model, 0, 4)) {
	case 0:
		sched_set_weight(&model.sched, &domain->lane,
				 (uint32_t)model_random_log(&model, 1, 10000));
		break;
	case 1:
		sched_set_cap(&model.sched, &domain->lane,
			      (unsigned int)model_random(&model, 0, 100), model.now);
		break;
	case 2:
		sched_set_realtime(&model.sched, &domain->lane, model_random_log(&model, 1, SECOND),
				   model_random(&model, 0, 1) * SECOND, model.now);
		break;
	case 3:
		model_ready(&model, domain);
		break;
	default:
		model_idle(&model, domain);
	}
}

START_TEST(books_are_right_whatever_happens)
{
	enum { COUNT = 150 };
	bool member[COUNT] = { false };

	model_fini(&model);
	model_init(&model, 500 + (uint64_t)_i);
	for (int step = 0; step < 30000; step++) {
		unsigned int i = (unsigned int)model_random(&model, 0, COUNT - 1);
		struct domain *picked;

		if (!member[i]) {
			join_anyhow(&domains[i]);
			member[i] = true;
		} else if (model_random(&model, 0, 9) == 0) {
			sched_remove(&model.sched, &domains[i].lane);
			member[i] = false;
		} else {
			change_anyhow(&domains[i]);
		}
		picked = (struct domain *)sched_pick(&model.sched, model.now);
		check_pick(picked, member, COUNT);
		if (picked)
			model_end(&model, picked, model_length(&model, picked));
		else
			model.now += US;
		check_books(member, COUNT);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backend-sched-scale");
	TCase *tc = tcase_create("scale");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, decision_grows_with_the_logarithm, 0, LOADS);
	tcase_add_test(tc, waiting_lanes_are_not_looked_at);
	tcase_add_loop_test(tc, books_are_right_whatever_happens, 0, 8);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
