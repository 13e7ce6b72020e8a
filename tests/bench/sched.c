/* SPDX-License-Identifier: MIT */
/*
 * The scheduler: what a decision costs (pick and charge, real time), and how
 * it treats domains (virtual time, exact, the same on every machine):
 *
 *	bench-sched [--quick] RAW.csv >> RESULTS
 *	bench-sched --count DOMAINS TIMES     decisions, counted by bench-count.so
 *
 * The virtual coprocessor is tests/backend/model.h, as the scheduler's tests
 * have it, with a cost for changing from one domain to another.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "checked.h"
#include "tests/backend/model.h"

#define MANY            4096u
#define ROUNDS          9u
#define SWITCH          (120 * US)      /* from one domain's firmware to another's */
#define SCRUB           (200 * US)      /* of what the job before left */
#define NORMAL          XENCOPROC_CLASS_NORMAL

static struct domain domains[MANY];
static struct model model;
static FILE *raw;
static bool quick;
static unsigned int counting;       /* domains; 0: all is measured */
static unsigned int times;

static void result(const char *name, double value)
{
	printf("%s %.6g\n", name, value);
	fflush(stdout);
}

static void begin(uint64_t seed)
{
	memset(domains, 0, sizeof(domains));
	model_init(&model, seed);
}

/* ---- what a decision costs ---- */

static double decision(unsigned int count, unsigned int decisions)
{
	uint64_t started, now;

	begin(count);
	for (unsigned int i = 0; i < count; i++)
		model_add(&model, &domains[i], NORMAL, (uint32_t)model_random(&model, 1, 10000), true);
	/* Each once, so that all have been charged. */
	for (unsigned int i = 0; i < count; i++)
		model_end(&model, model_begin(&model), 10 * US);
	now = model.now;
	if (counting)
		raise(SIGURG);
	started = bench_now();
	for (unsigned int i = 0; i < decisions; i++) {
		struct sched_lane *lane = sched_pick(&model.sched, now);

		now += 10 * US;
		sched_charge(&model.sched, lane, 10 * US, now);
	}
	started = bench_now() - started;
	if (counting)
		raise(SIGURG);
	model_fini(&model);
	return (double)started / decisions;
}

static void decisions(void)
{
	static const unsigned int counts[] = { 64, 256, 1024, MANY };
	double ns[4][ROUNDS], ratio[ROUNDS];

	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int c = 0; c < 4; c++) {
			ns[c][round] = decision(counts[c], quick ? 20000 : 200000);
			fprintf(raw, "%u,%u,%.2f\n", counts[c], round, ns[c][round]);
		}
		ratio[round] = ns[3][round] / ns[0][round];
	}
	result("decision-64-ns", bench_median(ns[0], ROUNDS));
	result("decision-4096-ns", bench_median(ns[3], ROUNDS));
	result("decision-4096-to-64", bench_median(ratio, ROUNDS));
}

/* ---- in virtual time ---- */

/* A job of that length, after a change of domain if it is one. */
static void job(struct domain *domain, uint64_t length, const struct domain **last)
{
	if (*last && *last != domain)
		length += SWITCH;
	*last = domain;
	model_end(&model, domain, length);
}

#define SATURATING      16u
#define IN_FLIGHT       32u     /* of each, where everything waits in one line */
#define LONGEST         (50 * MS)

/* First come, first served, for comparison: what waits in line before an urgent
 * job that arrives while the first one of them runs. */
static uint64_t urgent_fifo(void)
{
	static uint64_t line[SATURATING * IN_FLIGHT];
	uint64_t total = 0, worst = 0;
	const struct domain kind = { .shortest = LONGEST / 100, .longest = LONGEST };

	for (unsigned int i = 0; i < SATURATING * IN_FLIGHT; i++)
		total += line[i] = model_length(&model, &kind) + SWITCH;
	for (unsigned int step = 0; step < 20000; step++) {
		uint64_t *first = &line[step % (SATURATING * IN_FLIGHT)];

		if (total + SWITCH + SCRUB > worst)
			worst = total + SWITCH + SCRUB;
		total -= *first;
		total += *first = model_length(&model, &kind) + SWITCH;
	}
	return worst;
}

/* One urgent domain among 16 that always have work, one job in flight.  Its job
 * arrives at any time while another is in flight (the change to that one's
 * domain is part of it), and starts after that one, the change to its own
 * domain, and the scrub. */
static void urgent(void)
{
	struct domain *mine = &domains[SATURATING];
	const struct domain *last = NULL;
	uint64_t worst = 0, bound = SWITCH + LONGEST + SWITCH + SCRUB;

	begin(16);
	for (unsigned int i = 0; i < SATURATING; i++) {
		domains[i].shortest = LONGEST / 100;
		domains[i].longest = LONGEST;
		model_add(&model, &domains[i], i & 1 ? NORMAL : XENCOPROC_CLASS_BATCH, 10000, true);
	}
	model_add(&model, mine, XENCOPROC_CLASS_REALTIME, 1, false);
	for (unsigned int round = 0; round < 20000; round++) {
		struct domain *running = model_begin(&model);
		uint64_t from = model.now, arrived;
		bool hard = round % 16 == 0;    /* the longest job, at its very beginning */

		job(running, hard ? LONGEST : model_length(&model, running), &last);
		arrived = hard ? from : model_random(&model, from, model.now);
		model_ready(&model, mine);
		if (model_begin(&model) != mine)
			bench_die("an urgent job was not next");
		if (model.now + SWITCH + SCRUB - arrived > worst)
			worst = model.now + SWITCH + SCRUB - arrived;
		job(mine, 100 * US + SCRUB, &last);
		model_idle(&model, mine);
	}
	result("urgent-worst-wait-us", (double)worst / (double)US);
	result("urgent-wait-to-bound", (double)worst / (double)bound);
	result("urgent-worst-wait-fifo-us", (double)urgent_fifo() / (double)US);
	model_fini(&model);
}

struct shares {
	double error;           /* furthest from the weight's part, of all time */
	double ahead;           /* furthest ahead of it, in own longest jobs */
	double jain;
	double gap;             /* longest without service, in rounds of everybody's longest */
};

static void measure_shares(unsigned int count, struct shares *s)
{
	double weights = 0, sum = 0, squares = 0, round = 0;

	for (unsigned int i = 0; i < count; i++) {
		weights += domains[i].lane.entity.weight;
		round += (double)domains[i].longest + SWITCH;
	}
	for (unsigned int i = 0; i < count; i++) {
		const struct domain *d = &domains[i];
		double part = d->lane.entity.weight / weights;
		double had = (double)d->lane.served_ns, x = had / d->lane.entity.weight;

		s->error = fmax(s->error, fabs(had / (double)model.busy - part));
		s->ahead = fmax(s->ahead, (had - part * (double)model.busy) /
				((double)d->longest + SWITCH));
		s->gap = fmax(s->gap, (double)d->wait / (round / part / count));
		sum += x;
		squares += x * x;
	}
	s->jain = sum * sum / (count * squares);
}

static void shares(void)
{
	struct shares worst = { .jain = 1 };

	for (uint64_t seed = 0; seed < 8; seed++) {
		const struct domain *last = NULL;
		struct shares s = { 0 };

		begin(100 + seed);
		for (unsigned int i = 0; i < 32; i++) {
			domains[i].shortest = 500 * US;
			domains[i].longest = 5 * MS;
			model_add(&model, &domains[i], NORMAL,
				  (uint32_t)model_random_log(&model, 10, 1000), true);
		}
		for (unsigned int step = 0; step < 10000; step++) {
			struct domain *d = model_begin(&model);

			job(d, model_length(&model, d), &last);
		}
		measure_shares(32, &s);
		worst.error = fmax(worst.error, s.error);
		worst.ahead = fmax(worst.ahead, s.ahead);
		worst.gap = fmax(worst.gap, s.gap);
		worst.jain = fmin(worst.jain, s.jain);
		model_fini(&model);
	}
	result("share-error", worst.error);
	result("share-ahead-jobs", worst.ahead);
	result("share-jain", worst.jain);
	result("share-longest-gap", worst.gap);
}

/* What one domain gets in the same time, alone and beside one that is idle. */
static void idle_neighbour(void)
{
	uint64_t jobs[2];

	for (unsigned int both = 0; both < 2; both++) {
		const struct domain *last = NULL;

		begin(1);
		domains[0].shortest = 10 * US;
		domains[0].longest = MS;
		model_add(&model, &domains[0], NORMAL, 100, true);
		if (both)
			model_add(&model, &domains[1], NORMAL, 10000, false);
		while (model.now < 100 * SECOND) {
			struct domain *d = model_begin(&model);

			job(d, model_length(&model, d), &last);
		}
		jobs[both] = domains[0].jobs;
		model_fini(&model);
	}
	result("idle-tenant-virtual", (double)jobs[0] / (double)jobs[1] - 1);
}

static void all(void)
{
	if (counting) {
		decision(counting, times);
		return;
	}
	fputs("domains,round,ns\n", raw);
	decisions();
	urgent();
	shares();
	idle_neighbour();
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--count")) {
		counting = (unsigned int)atoi(argv[2]);
		times = (unsigned int)atoi(argv[3]);
		return counting && counting <= MANY ? bench_checked(all) : 2;
	}
	quick = argc > 2 && !strcmp(argv[1], "--quick");
	raw = argc > 1 ? fopen(argv[argc - 1], "we") : NULL;
	if (!raw)
		bench_die("usage: bench-sched [--quick] RAW.csv");
	return bench_checked(all) || fclose(raw);
}
