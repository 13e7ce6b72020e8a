/* SPDX-License-Identifier: MIT */
/*
 * Classes, the realtime budget, caps, and what the device's alarm relies on:
 * sched_bound() and sched_next() to the nanosecond.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/backend/model.h"
#include "tests/unit/tap.h"

#define REALTIME        XENCOPROC_CLASS_REALTIME
#define NORMAL          XENCOPROC_CLASS_NORMAL
#define BATCH           XENCOPROC_CLASS_BATCH

static struct model model;
static struct domain urgent, others[1001];

static void setup(void)
{
	urgent = (struct domain){ 0 };
	for (int i = 0; i < 1001; i++)
		others[i] = (struct domain){ 0 };
	model_init(&model, 42);
}

static void teardown(void)
{
	model_fini(&model);
}

static void lengths(struct domain *domain, uint64_t shortest, uint64_t longest)
{
	domain->shortest = shortest;
	domain->longest = longest;
}

/* ---- classes ---- */

START_TEST(classes_are_strict)
{
	for (int i = 0; i < 3; i++) {
		lengths(&others[i], MS, MS);
		model_add(&model, &others[i], (unsigned int)(BATCH - i), i == 0 ? 10000 : 1, true);
	}
	for (int i = 2; i >= 0; i--) {
		for (int step = 0; step < 50; step++)
			MUST(model_job(&model) == &others[i]);
		model_idle(&model, &others[i]);
	}
	ck_assert_ptr_null(model_job(&model));
	/* A higher class is picked the moment it has work. */
	model_ready(&model, &others[0]);
	MUST(model_job(&model) == &others[0]);
	model_ready(&model, &others[2]);
	MUST(model_job(&model) == &others[2]);
}
END_TEST

START_TEST(bad_lanes_are_refused)
{
	struct sched_lane lane = { 0 };

	ck_assert_int_ne(sched_add(&model.sched, &lane, 0, 1, 0), 0);
	ck_assert_int_ne(sched_add(&model.sched, &lane, BATCH + 1, 1, 0), 0);
	ck_assert_int_ne(sched_add(&model.sched, &lane, NORMAL, SCHED_WEIGHT_MIN - 1, 0), 0);
	ck_assert_int_ne(sched_add(&model.sched, &lane, NORMAL, SCHED_WEIGHT_MAX + 1, 0), 0);
	ck_assert_uint_eq(model.sched.count, 0);
	ck_assert_ptr_null(sched_policy_find("fifo"));
	ck_assert_ptr_nonnull(sched_policy_find("wfq"));
}
END_TEST

/* Promise 5 without its switch and scrub, which the model has not: one job in
 * flight, so an urgent one waits for at most the one that runs. */
static void urgent_among(unsigned int count, uint64_t longest)
{
	uint64_t worst = 0;

	for (unsigned int i = 0; i < count; i++) {
		lengths(&others[i], longest / 100, longest);
		model_add(&model, &others[i], i & 1 ? NORMAL : BATCH, 10000, true);
	}
	lengths(&urgent, 100 * US, 100 * US);
	model_add(&model, &urgent, REALTIME, 1, false);
	sched_set_realtime(&model.sched, &urgent.lane, 50 * MS, 100 * MS, model.now);
	for (int round = 0; round < 2000; round++) {
		struct domain *running = model_begin(&model);
		uint64_t length = model_length(&model, running);
		uint64_t arrival = model.now + model_random(&model, 0, length);

		model_end(&model, running, length);
		/* It came while that job ran; whoever is next must be it. */
		model_ready(&model, &urgent);
		MUST(model_begin(&model) == &urgent);
		worst = model.now - arrival > worst ? model.now - arrival : worst;
		model_end(&model, &urgent, urgent.longest);
		model_idle(&model, &urgent);
	}
	ck_assert_uint_le(worst, longest);
	ck_assert_uint_ge(worst, longest / 2);  /* or the test tried nothing */
	printf("# urgent among %u: longest wait %.3f of one longest job\n", count,
	       (double)worst / (double)longest);
}

START_TEST(urgent_waits_for_one_job_16) { urgent_among(16, 50 * MS); } END_TEST
START_TEST(urgent_waits_for_one_job_1000) { urgent_among(1000, 50 * MS); } END_TEST

/* ---- the realtime budget ---- */

static const struct {
	uint64_t budget, period, longest;
} budgets[] = {
	{ 50 * MS, 100 * MS, MS }, { 10 * MS, 100 * MS, 30 * MS }, { US, 7 * US, 3 * US },
	{ 1, 3, 50 * US }, { 333333, 1000003, 777 * US }, { SECOND, 10 * SECOND, 50 * MS },
	{ 99 * MS, 100 * MS, 10 * MS },
};

/* A saturating realtime domain against a saturating normal one of far greater
 * weight: it gets its budget, no more than one job beyond it, and no less. */
START_TEST(realtime_share_is_its_budget)
{
	uint64_t allowed, as_realtime = 0;

	lengths(&urgent, budgets[_i].longest / 10, budgets[_i].longest);
	lengths(&others[0], budgets[_i].longest, budgets[_i].longest);
	model_add(&model, &urgent, REALTIME, 1, true);
	model_add(&model, &others[0], NORMAL, 10000, true);
	sched_set_realtime(&model.sched, &urgent.lane, budgets[_i].budget, budgets[_i].period, 0);
	for (int step = 0; step < 300000; step++) {
		struct domain *domain = model_begin(&model);
		bool realtime = domain->lane.effective == REALTIME;
		uint64_t length = model_length(&model, domain);

		/* While it has budget nobody else runs. */
		MUST(domain == &urgent || urgent.lane.effective != REALTIME);
		model_end(&model, domain, length);
		if (realtime)
			as_realtime += length;
		allowed = budgets[_i].budget +
			  (uint64_t)((__extension__ (unsigned __int128)model.now * budgets[_i].budget) /
				     budgets[_i].period);
		MUST(as_realtime <= allowed + budgets[_i].longest);
	}
	/* It saturates: nothing that flowed in is lost, unless the bucket is too
	 * small for what flows in during the other's job. */
	allowed -= budgets[_i].budget;
	if (budgets[_i].longest > budgets[_i].period / 2)
		return;
	ck_assert_uint_ge(as_realtime + allowed / 50 + budgets[_i].budget + budgets[_i].longest, allowed);
	printf("# budget %llu/%llu: %.5f of the time as realtime\n",
	       (unsigned long long)budgets[_i].budget, (unsigned long long)budgets[_i].period,
	       (double)as_realtime / (double)model.now);
}
END_TEST

START_TEST(realtime_is_demoted_and_returns)
{
	lengths(&urgent, 10 * MS, 10 * MS);
	lengths(&others[0], MS, MS);
	model_add(&model, &urgent, REALTIME, 1, true);
	model_add(&model, &others[0], NORMAL, 10000, true);
	sched_set_realtime(&model.sched, &urgent.lane, 10 * MS, 100 * MS, 0);
	/* 10 in, 1 flowed back: 1 ms of it as realtime again, 9 below nothing. */
	MUST(model_job(&model) == &urgent);
	ck_assert_uint_eq(urgent.lane.effective, REALTIME);
	MUST(model_job(&model) == &urgent);
	ck_assert_uint_eq(urgent.lane.effective, NORMAL);
	ck_assert_int_eq(urgent.lane.realtime.tokens_ns, -8 * (int64_t)MS);
	/* A quarter of 10 ms is back when 10.5 ms have flowed in: 105 ms. */
	ck_assert_uint_eq(sched_next(&model.sched, model.now), model.now + 105 * MS);
	for (;;) {
		struct domain *domain = model_begin(&model);

		if (urgent.lane.effective == REALTIME)
			break;
		MUST(model.now < 125 * MS);
		model_end(&model, domain, domain->longest);
	}
	ck_assert_uint_ge(model.now, 125 * MS);
	ck_assert_uint_le(model.now, 125 * MS + 10 * MS);
}
END_TEST

/* Being demoted again and again is no way to be a newcomer again and again:
 * among the normal ones it has its weight's share, and only that. */
START_TEST(demotion_is_no_arrival)
{
	uint64_t as_normal = 0;

	lengths(&urgent, 10 * MS, 10 * MS);
	lengths(&others[0], MS, MS);
	model_add(&model, &urgent, REALTIME, 1, true);
	model_add(&model, &others[0], NORMAL, 10000, true);
	sched_set_realtime(&model.sched, &urgent.lane, 10 * MS, 100 * MS, 0);
	while (model.now < 100 * SECOND) {
		struct domain *domain = model_begin(&model);

		if (domain == &urgent && urgent.lane.effective == NORMAL)
			as_normal += domain->longest;
		model_end(&model, domain, domain->longest);
	}
	/* 90 s among the normal ones, at one ten-thousandth, and one job. */
	ck_assert_uint_le(as_normal, 90 * SECOND / 10000 + 10 * MS);
}
END_TEST

/* What it took when nobody wanted it costs it nothing when somebody does. */
START_TEST(leftover_time_is_not_on_the_budget)
{
	lengths(&urgent, 10 * MS, 10 * MS);
	lengths(&others[0], MS, MS);
	model_add(&model, &urgent, REALTIME, 100, true);
	model_add(&model, &others[0], NORMAL, 100, false);
	sched_set_realtime(&model.sched, &urgent.lane, 10 * MS, 100 * MS, 0);
	model_until(&model, 10 * SECOND);
	ck_assert_uint_ge(urgent.service, 10 * SECOND);
	model_ready(&model, &others[0]);
	model_until(&model, 10 * SECOND + 200 * MS);
	/* Its debt is that of one job, not of ten seconds. */
	ck_assert_int_ge(urgent.lane.realtime.tokens_ns, -10 * (int64_t)MS);
}
END_TEST

/* ---- caps ---- */

START_TEST(cap_is_never_exceeded)
{
	static const unsigned int percents[] = { 1, 7, 30, 50, 99 };
	static const uint64_t longest[] = { 10 * US, 3 * MS, 50 * MS };
	unsigned int percent = percents[_i % 5];
	uint64_t l = longest[_i / 5];

	lengths(&urgent, l / 10, l);
	model_add(&model, &urgent, NORMAL, 10000, true);
	sched_set_cap(&model.sched, &urgent.lane, percent, 0);
	for (int step = 0; step < 50000; step++) {
		MUST(model_job(&model) == &urgent);
		/* What was saved up, what flowed in, one job beyond. */
		MUST(urgent.service <= (model.now + 100 * MS) / 100 * percent + l + 100);
	}
	/* Alone it gets all that it may have. */
	ck_assert_uint_ge(urgent.service + l, model.now / 100 * percent - model.now / 1000);
	printf("# cap %u %%, jobs to %llu us: %.5f of the time\n", percent,
	       (unsigned long long)(l / US), (double)urgent.service / (double)model.now);
}
END_TEST

/* A cap is its owner's alone, and others take what it leaves. */
START_TEST(cap_leaves_the_rest_to_others)
{
	lengths(&urgent, MS, MS);
	lengths(&others[0], MS, MS);
	model_add(&model, &urgent, NORMAL, 10000, true);
	model_add(&model, &others[0], NORMAL, 1, true);
	sched_set_cap(&model.sched, &urgent.lane, 20, 0);
	model_until(&model, 100 * SECOND);
	ck_assert_uint_eq(model.busy, model.now);
	ck_assert_uint_le(urgent.service, 20 * SECOND + 20 * MS + MS);
	ck_assert_uint_ge(urgent.service, 19 * SECOND);
	/* Taken away, the weight counts again at once. */
	sched_set_cap(&model.sched, &urgent.lane, 0, model.now);
	ck_assert(!urgent.lane.throttled);
	for (int i = 0; i < 1000; i++)
		model_job(&model);
	ck_assert_uint_ge(urgent.service, 20 * SECOND);
}
END_TEST

START_TEST(telling_the_same_bounds_fills_nothing)
{
	lengths(&urgent, 60 * MS, 60 * MS);
	model_add(&model, &urgent, REALTIME, 100, true);
	sched_set_cap(&model.sched, &urgent.lane, 50, 0);
	sched_set_realtime(&model.sched, &urgent.lane, 10 * MS, 100 * MS, 0);
	model_job(&model);
	model_job(&model);
	ck_assert(urgent.lane.throttled);
	sched_set_cap(&model.sched, &urgent.lane, 50, model.now);
	sched_set_realtime(&model.sched, &urgent.lane, 10 * MS, 100 * MS, model.now);
	ck_assert(urgent.lane.throttled);
	ck_assert_uint_eq(urgent.lane.effective, NORMAL);
	ck_assert_ptr_null(sched_pick(&model.sched, model.now));
	sched_set_cap(&model.sched, &urgent.lane, 60, model.now);
	ck_assert(!urgent.lane.throttled);
	ck_assert_ptr_eq(sched_pick(&model.sched, model.now), &urgent.lane);
}
END_TEST

/* ---- to the nanosecond ---- */

/* The lane may run for exactly sched_bound(), and is back at exactly
 * sched_next(): not one nanosecond before. */
START_TEST(bound_and_next_are_exact)
{
	for (int round = 0; round < 20000; round++) {
		uint64_t period = model_random_log(&model, 4, 10 * SECOND), bound, next;
		uint64_t budget = model_random(&model, 1, period - 1);
		struct sched_bucket bucket;

		sched_bucket_set(&bucket, budget, period, model.now);
		model.now += model_random_log(&model, 1, SECOND);
		sched_bucket_spend(&bucket, model_random(&model, 1, budget), model.now);
		model.now += model_random_log(&model, 1, SECOND);
		bound = sched_bucket_lasts(&bucket, model.now);
		if (bound > 1 && bound < 1ull << 50) {
			struct sched_bucket spent = bucket;

			sched_bucket_spend(&spent, bound - 1, model.now + bound - 1);
			MUST(!sched_bucket_dry(&spent));
			spent = bucket;
			sched_bucket_spend(&spent, bound, model.now + bound);
			MUST(sched_bucket_dry(&spent));
		}
		if (bound > 1ull << 50)
			continue;
		model.now += bound + 1;
		sched_bucket_spend(&bucket, bound + 1, model.now);
		MUST(sched_bucket_dry(&bucket) && !sched_bucket_refilled(&bucket));
		MUST(sched_bucket_lasts(&bucket, model.now) == 0);
		next = sched_bucket_due(&bucket);
		MUST(next > model.now);
		for (int late = 0; late < 2; late++) {
			struct sched_bucket filled = bucket;

			/* However often it is looked at on the way. */
			sched_bucket_fill(&filled, model.now + (next - model.now) / 3);
			sched_bucket_fill(&filled, model.now + (next - model.now) / 2);
			sched_bucket_fill(&filled, next - 1 + (uint64_t)late);
			MUST(sched_bucket_refilled(&filled) == (late == 1));
		}
	}
}
END_TEST

START_TEST(bound_and_next_of_lanes)
{
	uint64_t bound, next;

	lengths(&urgent, MS, MS);
	model_add(&model, &urgent, REALTIME, 100, true);
	ck_assert_uint_eq(sched_bound(&urgent.lane, 0), SCHED_NEVER);
	ck_assert_uint_eq(sched_next(&model.sched, 0), SCHED_NEVER);
	sched_set_realtime(&model.sched, &urgent.lane, 30 * MS, 90 * MS, 0);
	/* Of the last nanosecond, what flows in is not yet a whole one. */
	ck_assert_uint_eq(sched_bound(&urgent.lane, 0), 45 * MS - 1);
	sched_set_cap(&model.sched, &urgent.lane, 20, 0);
	ck_assert_uint_eq(sched_bound(&urgent.lane, 0), 25 * MS - 1);
	bound = sched_bound(&urgent.lane, 7);
	MUST(sched_pick(&model.sched, 7) == &urgent.lane);
	sched_charge(&model.sched, &urgent.lane, bound, 7 + bound);
	ck_assert(urgent.lane.throttled);
	ck_assert_uint_eq(sched_bound(&urgent.lane, 7 + bound), SCHED_NEVER);
	next = sched_next(&model.sched, 7 + bound);
	ck_assert_ptr_null(sched_pick(&model.sched, next - 1));
	ck_assert_ptr_eq(sched_pick(&model.sched, next), &urgent.lane);
	ck_assert_uint_eq(sched_next(&model.sched, next), SCHED_NEVER);
	/* A lane without work is nothing to wake up for. */
	sched_charge(&model.sched, &urgent.lane, 25 * MS, next + 25 * MS);
	ck_assert_uint_ne(sched_next(&model.sched, next), SCHED_NEVER);
	model_idle(&model, &urgent);
	ck_assert_uint_eq(sched_next(&model.sched, next), SCHED_NEVER);
	/* Work long after the refill: it runs at once. */
	model_ready(&model, &urgent);
	ck_assert_ptr_eq(sched_pick(&model.sched, next + 10 * SECOND), &urgent.lane);
	/* Overdue: now, not in the past. */
	sched_charge(&model.sched, &urgent.lane, 25 * MS, next + 10 * SECOND);
	ck_assert_uint_eq(sched_next(&model.sched, next + 90 * SECOND), next + 90 * SECOND);
}
END_TEST

/* Spent in any pieces, a budget is the same budget. */
START_TEST(pieces_cost_what_the_whole_costs)
{
	struct sched_bucket whole, pieces;

	for (int round = 0; round < 200; round++) {
		uint64_t period = model_random_log(&model, 1000, 10 * SECOND), used = 0;
		uint64_t budget = model_random(&model, 1, period);

		sched_bucket_set(&whole, budget, period, 0);
		sched_bucket_set(&pieces, budget, period, 0);
		for (int i = 0; i < 1000; i++) {
			uint64_t piece = model_random_log(&model, 1, period);

			used += piece;
			sched_bucket_spend(&pieces, piece, used);
		}
		sched_bucket_spend(&whole, used, used);
		if (pieces.tokens_ns < (int64_t)budget)
			MUST(pieces.tokens_ns == whole.tokens_ns && pieces.rest == whole.rest);
	}
	/* Days of pause and minutes of budget do not wrap. */
	sched_bucket_set(&whole, 600 * SECOND, 3600 * SECOND, 0);
	sched_bucket_spend(&whole, 1, 1000000 * SECOND);
	sched_bucket_fill(&whole, UINT64_MAX / 2);
	ck_assert_int_eq(whole.tokens_ns, 600 * (int64_t)SECOND);
}
END_TEST

/* What was had beyond one's turn is the same service at any weight: a toolstack
 * that changes it often gives nothing and takes nothing, not a nanosecond. */
START_TEST(weights_there_and_back_change_nothing)
{
	const struct sched_policy *wfq = &sched_policy_wfq;
	struct sched_entity one = { .weight = 7 }, other = { .weight = 100 };
	void *policy = wfq->create();
	uint64_t tag, rest;

	ck_assert_ptr_nonnull(policy);
	ck_assert_int_eq(wfq->join(policy, &one), 0);
	ck_assert_int_eq(wfq->join(policy, &other), 0);
	wfq->ready(policy, &one);
	wfq->ready(policy, &other);
	for (int round = 0; round < 1000; round++) {
		wfq->charge(policy, &one, model_random(&model, 1, SECOND));
		tag = one.tag;
		rest = one.rest;
		for (int change = 0; change < 10; change++)
			wfq->weigh(policy, &one, (uint32_t)model_random(&model, SCHED_WEIGHT_MIN, SCHED_WEIGHT_MAX));
		wfq->weigh(policy, &one, 7);
		MUST(one.tag == tag && one.rest == rest);
	}
	wfq->leave(policy, &one);
	wfq->leave(policy, &other);
	wfq->destroy(policy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backend-sched-bounds");
	TCase *tc = tcase_create("bounds");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, classes_are_strict);
	tcase_add_test(tc, bad_lanes_are_refused);
	tcase_add_test(tc, urgent_waits_for_one_job_16);
	tcase_add_test(tc, urgent_waits_for_one_job_1000);
	tcase_add_loop_test(tc, realtime_share_is_its_budget, 0, 7);
	tcase_add_test(tc, realtime_is_demoted_and_returns);
	tcase_add_test(tc, demotion_is_no_arrival);
	tcase_add_test(tc, leftover_time_is_not_on_the_budget);
	tcase_add_loop_test(tc, cap_is_never_exceeded, 0, 15);
	tcase_add_test(tc, cap_leaves_the_rest_to_others);
	tcase_add_test(tc, telling_the_same_bounds_fills_nothing);
	tcase_add_test(tc, bound_and_next_are_exact);
	tcase_add_test(tc, bound_and_next_of_lanes);
	tcase_add_test(tc, pieces_cost_what_the_whole_costs);
	tcase_add_test(tc, weights_there_and_back_change_nothing);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
