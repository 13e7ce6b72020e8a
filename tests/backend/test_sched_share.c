/* SPDX-License-Identifier: MIT */
/*
 * Promise 4 in virtual time: shares by weight, to within one longest job of
 * each domain; nobody starves, nobody gains or loses by pausing.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/backend/model.h"
#include "tests/unit/tap.h"

#define NORMAL  XENCOPROC_CLASS_NORMAL
#define DOMAINS 512

static struct model model;
static struct domain domains[DOMAINS];

/* Rounding to a tick of the policy's clock, in ns of service / weight. */
#define SLACK   0.01

static void setup(void)
{
	for (int i = 0; i < DOMAINS; i++)
		domains[i] = (struct domain){ 0 };
}

static void teardown(void)
{
	model_fini(&model);
}

/* Weights and job lengths at random, each domain of its own kind. */
static void mix(uint64_t seed, unsigned int count, bool ready)
{
	model_init(&model, seed);
	for (unsigned int i = 0; i < count; i++) {
		uint64_t a = model_random_log(&model, US, 50 * MS);
		uint64_t b = model_random_log(&model, US, 50 * MS);

		domains[i].shortest = a < b ? a : b;
		domains[i].longest = a < b ? b : a;
		model_add(&model, &domains[i], NORMAL,
			  (uint32_t)model_random_log(&model, SCHED_WEIGHT_MIN, SCHED_WEIGHT_MAX), ready);
	}
}

static double weight_of(const struct domain *domain)
{
	return domain->lane.entity.weight;
}

/* All pairs at once: whoever had most per weight had, before its last job, no
 * more than whoever had least has now. */
static void check_pairs(unsigned int count)
{
	double least = INFINITY, most = -INFINITY;

	for (unsigned int i = 0; i < count; i++) {
		double had = (double)domains[i].service;
		double w = weight_of(&domains[i]);

		least = fmin(least, had / w);
		most = fmax(most, (had - (double)domains[i].longest) / w);
	}
	MUST(most <= least + SLACK);
}

/* Against the ideal share: never ahead by more than the own longest job, never
 * behind by more than the share of what all others may be ahead. */
static double check_ideal(unsigned int count)
{
	double weights = 0, others = 0, error = 0;

	for (unsigned int i = 0; i < count; i++) {
		weights += weight_of(&domains[i]);
		others += (double)domains[i].longest;
	}
	for (unsigned int i = 0; i < count; i++) {
		double share = weight_of(&domains[i]) / weights;
		double ahead = (double)domains[i].service - share * (double)model.busy;

		MUST(ahead <= (double)domains[i].longest + SLACK * weight_of(&domains[i]));
		MUST(ahead >= -share * others - SLACK * weights);
		error = fmax(error, ahead / (double)domains[i].longest);
	}
	return error;
}

START_TEST(share_is_by_weight)
{
	static const unsigned int counts[] = { 2, 3, 7, 16, 64, 200, 512 };
	unsigned int count = counts[_i % 7];
	double error = 0;

	mix((uint64_t)_i + 1, count, true);
	for (int step = 0; step < 20000; step++) {
		MUST(model_job(&model));
		check_pairs(count);
		if (step % 16 == 0)
			error = fmax(error, check_ideal(count));
	}
	printf("# seed %d, %u domains: furthest ahead %.3f of its longest job\n", _i + 1, count,
	       error);
}
END_TEST

START_TEST(share_within_two_per_cent)
{
	double weights = 0, worst = 0;

	/* Jobs of one order of magnitude: 10^4 microseconds tell nothing about
	 * domains whose one job takes 50 ms. */
	model_init(&model, 100 + (uint64_t)_i);
	for (int i = 0; i < 32; i++) {
		domains[i].shortest = 500 * US;
		domains[i].longest = 5 * MS;
		model_add(&model, &domains[i], NORMAL, (uint32_t)model_random_log(&model, 1, 10000), true);
	}
	for (int step = 0; step < 10000; step++)
		model_job(&model);
	for (int i = 0; i < 32; i++)
		weights += weight_of(&domains[i]);
	for (int i = 0; i < 32; i++)
		worst = fmax(worst, fabs((double)domains[i].service / (double)model.busy -
					 weight_of(&domains[i]) / weights));
	ck_assert_double_le(worst, 0.02);
	printf("# seed %d, 32 domains, 10^4 jobs: share error %.4f of the time\n", 100 + _i, worst);
}
END_TEST

/* The smallest jobs at the greatest weights: where rounding would show. */
START_TEST(short_jobs_are_counted_exactly)
{
	static const uint32_t weights[] = { 10000, 9999, 7001, 3 };

	model_init(&model, 1);
	for (int i = 0; i < 4; i++) {
		domains[i].shortest = domains[i].longest = 100 + 7 * (uint64_t)i;
		model_add(&model, &domains[i], NORMAL, weights[i], true);
	}
	for (int step = 0; step < 1000000; step++)
		model_job(&model);
	check_pairs(4);
	check_ideal(4);
}
END_TEST

/* ---- domains that come and go ---- */

#define FEW     24

/* service of [i] when the common time of [i] and [j] began */
static uint64_t begun[FEW][FEW];

static uint64_t service_at(const struct domain *domain, const struct domain *running,
			   uint64_t elapsed)
{
	return domain->service + (domain == running ? elapsed : 0);
}

static void common_time(unsigned int i, unsigned int j, const struct domain *running,
			uint64_t elapsed)
{
	begun[i][j] = service_at(&domains[i], running, elapsed);
	begun[j][i] = service_at(&domains[j], running, elapsed);
}

static void comes(unsigned int i, const struct domain *running, uint64_t elapsed)
{
	model_ready(&model, &domains[i]);
	for (unsigned int j = 0; j < FEW; j++)
		if (domains[j].lane.ready)
			common_time(i, j, running, elapsed);
}

static void check_common(void)
{
	for (unsigned int i = 0; i < FEW; i++) {
		for (unsigned int j = 0; j < FEW; j++) {
			double wi = weight_of(&domains[i]), wj = weight_of(&domains[j]);

			if (!domains[i].lane.ready || !domains[j].lane.ready)
				continue;
			MUST((double)(domains[i].service - begun[i][j]) / wi -
			     (double)(domains[j].service - begun[j][i]) / wj <=
			     (double)domains[i].longest / wi + (double)domains[j].longest / wj +
			     SLACK);
		}
	}
}

/* At the boundary of a job, where the running one may leave, too, or inside it. */
static void shuffle(const struct domain *running, uint64_t elapsed)
{
	unsigned int i = (unsigned int)model_random(&model, 0, FEW - 1);

	switch (model_random(&model, 0, 7)) {
	case 0:
		comes(i, running, elapsed);
		break;
	case 1:
		if (&domains[i] != running)
			model_idle(&model, &domains[i]);
		break;
	case 2: /* any later time is as good to begin to compare */
		for (unsigned int j = 0; j < FEW; j++)
			common_time(i, j, running, elapsed);
		break;
	default:
		break;
	}
}

START_TEST(share_holds_while_others_come_and_go)
{
	mix(1000 + (uint64_t)_i, FEW, false);
	for (int step = 0; step < 40000; step++) {
		struct domain *running = model_begin(&model);
		uint64_t length, elapsed;

		if (!running) {
			model.now += 10 * US;
			comes((unsigned int)model_random(&model, 0, FEW - 1), NULL, 0);
			continue;
		}
		length = model_length(&model, running);
		elapsed = model_random(&model, 0, length);
		shuffle(running, elapsed);
		model_end(&model, running, length);
		check_common();
		shuffle(NULL, 0);
	}
}
END_TEST

/* ---- coming, going, pausing ---- */

static void two(uint32_t weight_a, uint64_t length_a, uint32_t weight_b, uint64_t length_b)
{
	model_init(&model, 1);
	domains[0].shortest = domains[0].longest = length_a;
	domains[1].shortest = domains[1].longest = length_b;
	model_add(&model, &domains[0], NORMAL, weight_a, true);
	model_add(&model, &domains[1], NORMAL, weight_b, false);
}

/* A newcomer neither makes up for the past nor pays for that of others. */
START_TEST(newcomer_begins_at_the_present)
{
	uint64_t before;

	two(100, MS, 100, MS);
	model_until(&model, 10 * SECOND);
	model_ready(&model, &domains[1]);
	before = domains[0].service;
	for (int i = 0; i < 1000; i++) {
		model_job(&model);
		ck_assert_int_le(llabs((long long)(domains[0].service - before) -
				       (long long)domains[1].service), (long long)MS);
	}
	ck_assert_uint_le(domains[1].wait, MS);
}
END_TEST

/* Idle after each job and back before the next pick: what a domain with one
 * context does.  It must be as if it had stayed. */
START_TEST(flapping_is_as_good_as_staying)
{
	static const uint32_t weights[][2] = { { 1, 10000 }, { 10000, 1 }, { 100, 300 }, { 5, 5 } };
	uint64_t service[2][2];

	for (int flap = 0; flap < 2; flap++) {
		setup();
		two(weights[_i][0], 3 * MS, weights[_i][1], MS);
		model_ready(&model, &domains[1]);
		for (int step = 0; step < 30000; step++) {
			struct domain *domain = model_job(&model);

			if (!flap)
				continue;
			model_idle(&model, domain);
			model_ready(&model, domain);
		}
		service[flap][0] = domains[0].service;
		service[flap][1] = domains[1].service;
		if (!flap)
			model_fini(&model);
	}
	ck_assert_int_le(llabs((long long)(service[0][0] - service[1][0])), (long long)(6 * MS));
	ck_assert_int_le(llabs((long long)(service[0][1] - service[1][1])), (long long)(2 * MS));
	ck_assert_uint_gt(service[1][0], 0);
	ck_assert_uint_gt(service[1][1], 0);
}
END_TEST

/* Both pause at once while neither has work for the picks in between: the
 * greater weight keeps its share. */
START_TEST(flapping_together_keeps_the_shares)
{
	two(1, MS, 9, MS);
	model_ready(&model, &domains[1]);
	for (int step = 0; step < 10000; step++) {
		model_job(&model);
		model_idle(&model, &domains[0]);
		model_idle(&model, &domains[1]);
		model_ready(&model, &domains[step & 1]);
		model_ready(&model, &domains[~step & 1]);
	}
	check_pairs(2);
}
END_TEST

/* A pause does not wash off what was had: the light one cannot get more by
 * leaving after each of its jobs and coming back as if it were new. */
START_TEST(leaving_washes_nothing_off)
{
	two(1000, MS, 1, 5 * MS);
	for (int step = 0; step < 20000; step++) {
		model_ready(&model, &domains[1]);
		if (model_job(&model) == &domains[1])
			model_idle(&model, &domains[1]);
	}
	ck_assert_uint_le(domains[1].service, domains[0].service / 1000 + 5 * MS);
}
END_TEST

/* Time that nobody wanted is nobody's debt. */
START_TEST(idle_time_is_forgotten)
{
	two(10000, MS, 1, 50 * MS);
	model_idle(&model, &domains[0]);
	model_ready(&model, &domains[1]);
	model_job(&model);
	model_idle(&model, &domains[1]);
	ck_assert_ptr_null(model_job(&model));
	model.now += 3600 * SECOND;
	model_ready(&model, &domains[0]);
	model_ready(&model, &domains[1]);
	for (int i = 0; i < 2; i++)
		model_job(&model);
	ck_assert_uint_eq(domains[1].jobs, 2);
}
END_TEST

/* A job charged in pieces while another's turn has come already, as slices do:
 * the clock must not run away from the one who waits, and pauses. */
START_TEST(charging_in_pieces_takes_nobodys_place)
{
	two(1, 50 * MS, 10, MS);
	for (int step = 0; step < 50; step++) {
		struct domain *domain = model_begin(&model);

		ck_assert_ptr_eq(domain, &domains[0]);
		for (int piece = 0; piece < 10; piece++) {
			if (piece == 5)
				model_ready(&model, &domains[1]);
			sched_pick(&model.sched, model.now);
			model_end(&model, domain, 5 * MS);
		}
		/* It waited for 25 ms of weight 1: that is 250 of its jobs. */
		for (int i = 0; i < 250; i++) {
			model_idle(&model, &domains[1]);
			model_ready(&model, &domains[1]);
			ck_assert_ptr_eq(model_job(&model), &domains[1]);
		}
		model_idle(&model, &domains[1]);
	}
}
END_TEST

START_TEST(ties_are_first_come_first_served)
{
	model_init(&model, 1);
	for (int i = 0; i < 100; i++) {
		domains[i].shortest = domains[i].longest = MS;
		model_add(&model, &domains[i], NORMAL, 100, false);
	}
	for (int i = 0; i < 100; i++)
		model_ready(&model, &domains[(37 * i) % 100]);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 100; i++)
			ck_assert_ptr_eq(model_job(&model), &domains[(37 * i) % 100]);
}
END_TEST

/* Equal weights and lengths, n domains: nobody waits longer than for a round;
 * in any mix the lightest gets its turn. */
START_TEST(nobody_starves)
{
	mix(7 + (uint64_t)_i, 64, true);
	for (int step = 0; step < 200000; step++)
		model_job(&model);
	for (int i = 0; i < 64; i++) {
		double weights = 0, bound = 0;

		for (int j = 0; j < 64; j++) {
			weights = weight_of(&domains[j]) / weight_of(&domains[i]);
			bound += weights * (double)domains[i].longest + (double)domains[j].longest;
		}
		ck_assert_double_le((double)domains[i].wait, bound);
		if (bound < (double)model.now)
			ck_assert_uint_gt(domains[i].jobs, 0);
	}
}
END_TEST

/* ---- weight at run time ---- */

START_TEST(weight_changes_at_run_time)
{
	uint64_t a, b;

	two(100, MS, 100, MS);
	model_ready(&model, &domains[1]);
	model_until(&model, SECOND);
	check_pairs(2);
	sched_set_weight(&model.sched, &domains[0].lane, 300);
	a = domains[0].service;
	b = domains[1].service;
	model_until(&model, 9 * SECOND);
	ck_assert_int_le(llabs((long long)(domains[0].service - a) -
			       3 * (long long)(domains[1].service - b)), (long long)(6 * MS));
	sched_set_weight(&model.sched, &domains[0].lane, 0);
	ck_assert_uint_eq(domains[0].lane.entity.weight, 300);
	sched_set_weight(&model.sched, &domains[0].lane, SCHED_WEIGHT_MAX + 1);
	ck_assert_uint_eq(domains[0].lane.entity.weight, 300);
}
END_TEST

/* What a light domain is ahead must not be paid at its old price: an
 * administrator who helps it sees that at once. */
START_TEST(more_weight_helps_at_once)
{
	two(10000, MS, 1, 50 * MS);
	model_ready(&model, &domains[1]);
	while (!domains[1].jobs)
		model_job(&model);
	sched_set_weight(&model.sched, &domains[1].lane, 10000);
	for (int i = 0; i < 52 && domains[1].jobs < 2; i++)
		model_job(&model);
	ck_assert_uint_eq(domains[1].jobs, 2);
}
END_TEST

/* The order is right again after any change, also of those that are ready. */
START_TEST(weights_change_at_random)
{
	uint64_t latest = 0;

	mix(50 + (uint64_t)_i, 100, true);
	for (int step = 0; step < 20000; step++) {
		struct domain *domain;
		uint64_t tag;

		sched_set_weight(&model.sched, &domains[model_random(&model, 0, 99)].lane,
				 (uint32_t)model_random_log(&model, 1, 10000));
		domain = model_begin(&model);
		tag = domain->lane.entity.tag;
		for (int i = 0; i < 100; i++)
			MUST((int64_t)(domains[i].lane.entity.tag - tag) >= 0);
		/* The clock never goes back. */
		MUST((int64_t)(tag - latest) >= 0);
		latest = tag;
		model_end(&model, domain, model_length(&model, domain));
	}
}
END_TEST

/* A domain that goes after each of its jobs and comes back at once: with its lane's
 * heir it has its share, by whatever weight it comes back. */
START_TEST(who_comes_back_is_no_newcomer)
{
	enum { LANES = 4, ROUNDS = 4000 };
	struct sched sched;
	struct sched_lane lanes[LANES] = { 0 };
	uint64_t now = 0, had = 0, all = 0;

	ck_assert_int_eq(sched_init(&sched, &sched_policy_wfq), 0);
	for (int i = 0; i < LANES; i++) {
		ck_assert_int_eq(sched_add(&sched, &lanes[i], NORMAL, 100, now), 0);
		sched_ready(&sched, &lanes[i]);
	}
	for (int round = 0; round < ROUNDS; round++) {
		struct sched_lane *lane = sched_pick(&sched, now), old;

		now += 1000 * MS;
		all += 1000 * MS;
		sched_charge(&sched, lane, 1000 * MS, now);
		if (lane != &lanes[0])
			continue;
		had += 1000 * MS;
		old = *lane;
		sched_remove(&sched, lane);
		ck_assert(sched_owes(&sched, &old, now));
		/* Its weight may be another now; the service that it had is the same. */
		ck_assert_int_eq(sched_add(&sched, lane, NORMAL, _i ? 1 + (uint32_t)round % 7 : 100, now), 0);
		sched_inherit(&sched, lane, &old, now);
		sched_set_weight(&sched, lane, 100);
		sched_ready(&sched, lane);
	}
	printf("# gone and back after each job: %.4f of a share\n", (double)had / (double)all * LANES);
	ck_assert(had <= all / LANES + 1000 * MS);
	for (int i = 0; i < LANES; i++)
		sched_remove(&sched, &lanes[i]);
	/* Nobody is owed what nobody wanted: the copies say as much as before. */
	ck_assert_ptr_null(sched_pick(&sched, now));
	for (int i = 0; i < LANES; i++)
		ck_assert(!sched_owes(&sched, &lanes[i], now));
	sched_fini(&sched);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backend-sched-share");
	TCase *tc = tcase_create("share");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, share_is_by_weight, 0, 14);
	tcase_add_loop_test(tc, share_within_two_per_cent, 0, 8);
	tcase_add_test(tc, short_jobs_are_counted_exactly);
	tcase_add_loop_test(tc, share_holds_while_others_come_and_go, 0, 12);
	tcase_add_test(tc, newcomer_begins_at_the_present);
	tcase_add_loop_test(tc, flapping_is_as_good_as_staying, 0, 4);
	tcase_add_test(tc, flapping_together_keeps_the_shares);
	tcase_add_test(tc, leaving_washes_nothing_off);
	tcase_add_test(tc, idle_time_is_forgotten);
	tcase_add_test(tc, charging_in_pieces_takes_nobodys_place);
	tcase_add_test(tc, ties_are_first_come_first_served);
	tcase_add_loop_test(tc, nobody_starves, 0, 4);
	tcase_add_test(tc, weight_changes_at_run_time);
	tcase_add_test(tc, more_weight_helps_at_once);
	tcase_add_loop_test(tc, weights_change_at_random, 0, 6);
	tcase_add_loop_test(tc, who_comes_back_is_no_newcomer, 0, 2);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
