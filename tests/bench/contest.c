/* SPDX-License-Identifier: MIT */
/*
 * Runs the contestants, all of them in each round, one after another:
 *
 *	bench-contest --set contest|overhead [--quick] [--rounds N] [--out FILE]
 *	              [--backend PID[,PID]...] [--agent NAME,us|turns,TO,FROM]...
 *
 * The transports of contest.h run here, in two processes.  An agent is another
 * program that runs jobs when told to (bench.h): through coprocd, on the engine
 * alone, or natively.  What a job of an agent has to do is told in microseconds
 * or in turns of the firmware's loop, whose speed is that of the agent called
 * "native".  --backend names the processes that stand on the backend's side.
 *
 * Placement "two": frontend on one processor, all of the backend on another;
 * "one": everything on one.  Raw figures go to FILE, one line for each run.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "contest.h"

#define AGENTS_MAX      8u
#define PIDS_MAX        16u
#define PATIENCE_S      120u    /* for one run */

static const struct contestant *const transports[] = {
	&contest_ring_h, &contest_ring, &contest_queue, &contest_checked, &contest_vchan,
	&contest_vchan_batched, &contest_pipe,
};
#define TRANSPORTS (sizeof(transports) / sizeof(transports[0]))

static struct {
	char name[32];
	bool turns;
	struct bench_peer *peer;
} agent[AGENTS_MAX];
static unsigned int agents;
static pid_t backend[PIDS_MAX];
static unsigned int backends;
static double turns_per_us = 1;

static struct {
	const char *set, *out;
	unsigned int rounds;
	bool quick;
} opt = { .set = "contest", .rounds = 9 };

/* Shared with the backend's process. */
static struct {
	uint64_t notifies;
	int failed;
} *shared;

/* ---- jobs ---- */

void contest_fill(struct contest_job *job, uint64_t number)
{
	for (unsigned int i = 0; i < 8; i++)
		job->word[i] = number + i;
}

void contest_serve_one(struct contest_job *job, const struct contest_cell *cell)
{
	bench_work(cell->length_us);
	job->word[1] = bench_answer(job->word[0]);
}

void contest_check(const struct contest_job *reply, uint64_t number)
{
	if (reply->word[0] != number || reply->word[1] != bench_answer(number) ||
	    reply->word[7] != number + 7)
		bench_die("the reply to job %llu is not its own", (unsigned long long)number);
}

/* ---- one run of a transport ---- */

static void backend_process(const struct contestant *c, const struct contest_cell *cell, int cpu,
			    int ready)
{
	uint64_t before = contest_notifies();

	alarm(PATIENCE_S);
	shared->failed = 1;
	bench_pin(0, cpu);
	c->attach();
	if (write(ready, "", 1) != 1)
		_exit(1);
	c->serve(cell);
	shared->notifies = contest_notifies() - before;
	shared->failed = 0;
	_exit(0);
}

static void run_transport(const struct contestant *c, const struct contest_cell *cell, bool two,
			  struct bench_result *result)
{
	uint64_t begin, before;
	int ready[2], status;
	char byte;
	pid_t pid;

	alarm(PATIENCE_S);
	c->open();
	if (pipe(ready))
		bench_die("pipe: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		backend_process(c, cell, bench_cpu(two ? 1 : 0), ready[1]);
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		bench_die("%s: its backend does not begin", c->name);
	close(ready[0]);
	before = contest_notifies();
	begin = bench_now();
	c->drive(cell);
	result->ns = (double)(bench_now() - begin) / cell->jobs;
	result->sent = (double)(contest_notifies() - before);
	if (waitpid(pid, &status, 0) < 0 || status || shared->failed)
		bench_die("%s: its backend ended with %d", c->name, status);
	result->received = (double)shared->notifies;
	c->close();
	alarm(0);
}

/* ---- what is run ---- */

static void place(bool two)
{
	struct bench_result ignored;

	bench_pin(0, bench_cpu(0));
	for (unsigned int i = 0; i < backends; i++)
		if (bench_pin(backend[i], bench_cpu(two ? 1 : 0)))
			fprintf(stderr, "bench: process %d cannot be placed\n", (int)backend[i]);
	/* An order of no jobs to do but to move. */
	for (unsigned int i = 0; i < agents; i++)
		bench_peer_run(agent[i].peer, &(struct bench_order){ .depth = 0 }, &ignored);
}

static void run_agent(unsigned int i, const struct contest_cell *cell, struct bench_result *result)
{
	struct bench_order order = { .depth = cell->depth, .jobs = cell->jobs,
				     .units = cell->length_us };

	if (agent[i].turns)
		order.units = (uint64_t)(cell->length_us * turns_per_us);
	alarm(PATIENCE_S);
	bench_peer_run(agent[i].peer, &order, result);
	alarm(0);
}

static unsigned int jobs_of(unsigned int depth, unsigned int length_us, bool transport)
{
	unsigned int each = length_us > 8 ? length_us : depth == 1 ? 30 : transport ? 2 : 20;
	unsigned int budget_us = opt.quick ? 6000 : depth == 256 && length_us > 100 ? 200000 : 60000;
	unsigned int jobs = budget_us / each;

	if (jobs < 2 * depth && length_us <= 1000)
		jobs = 2 * depth;
	return jobs < 16 ? 16 : jobs;
}

static void record(FILE *out, bool two, const struct contest_cell *cell, unsigned int round,
		   const char *name, const struct bench_result *r)
{
	fprintf(out, "%s,%u,%u,%u,%s,%.2f,%.5f,%.0f,%.0f\n", two ? "two" : "one", cell->depth,
		cell->length_us, round, name, r->ns, (r->sent + r->received) / cell->jobs, r->p50_ns,
		r->p99_ns);
}

static void one_round(FILE *out, bool two, unsigned int depth, unsigned int length_us,
		      unsigned int round, bool with_transports)
{
	struct contest_cell cell = { .depth = depth, .length_us = length_us };

	for (unsigned int i = 0; with_transports && i < TRANSPORTS; i++) {
		struct bench_result result = { 0 };

		cell.jobs = jobs_of(depth, length_us, true);
		run_transport(transports[i], &cell, two, &result);
		record(out, two, &cell, round, transports[i]->name, &result);
	}
	for (unsigned int i = 0; i < agents; i++) {
		struct bench_result result = { 0 };

		/* One job after another is all that there is natively. */
		cell.jobs = jobs_of(depth, length_us, false);
		run_agent(i, &cell, &result);
		record(out, two, &cell, round, agent[i].name, &result);
	}
	fflush(out);
}

struct set {
	const char *name;
	bool transports;
	unsigned int depth[3], length[3], lengths;
};

static const struct set sets[] = {
	{ "contest", true, { 1, 32, 256 }, { 0, 10, 500 }, 3 },
	{ "overhead", false, { 1, 32, 0 }, { 10, 100, 1000 }, 3 },
};

static void run_set(const struct set *set, FILE *out)
{
	unsigned int lengths = opt.quick && set->transports ? 2 : set->lengths, step = 0;
	bool both = set->transports && bench_cpus() > 1;
	int last = bench_cpus() > 1 ? 1 : 0;

	/* Rounds outside: a noisy second then hits each cell once. */
	for (int two = both ? 0 : last; two <= last; two++) {
		place(two);
		for (unsigned int round = 0; round < opt.rounds; round++) {
			for (unsigned int d = 0; d < 3 && set->depth[d]; d++)
				for (unsigned int l = 0; l < lengths; l++)
					one_round(out, two, set->depth[d], set->length[l], round,
						  set->transports);
			fprintf(stderr, "  %s: round %u of %u\n", set->name, ++step,
				opt.rounds * (both ? 2 : 1));
		}
	}
}

/* ---- the command line ---- */

static void add_agent(char *text)
{
	char *name = strtok(text, ","), *unit = strtok(NULL, ","), *to = strtok(NULL, ","),
	     *from = strtok(NULL, ",");

	if (!from || agents == AGENTS_MAX)
		bench_die("--agent NAME,us|turns,TO,FROM");
	snprintf(agent[agents].name, sizeof(agent[agents].name), "%s", name);
	alarm(PATIENCE_S);      /* it has to open its end, too */
	agent[agents].turns = !strcmp(unit, "turns");
	agent[agents++].peer = bench_peer_open(to, from);
	alarm(0);
}

static void add_backends(char *text)
{
	for (char *pid = strtok(text, ","); pid && backends < PIDS_MAX; pid = strtok(NULL, ","))
		backend[backends++] = atoi(pid);
}

static void calibrate(void)
{
	const struct bench_order order = { .depth = 1, .jobs = 200, .units = 20000 };
	struct bench_result result;

	for (unsigned int i = 0; i < agents; i++) {
		if (strcmp(agent[i].name, "native"))
			continue;
		bench_peer_run(agent[i].peer, &order, &result);
		turns_per_us = (double)order.units * 1000 / result.p50_ns;
		fprintf(stderr, "  natively %.1f turns of the loop a microsecond\n", turns_per_us);
	}
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "set", required_argument, NULL, 's' }, { "quick", no_argument, NULL, 'q' },
		{ "rounds", required_argument, NULL, 'r' }, { "out", required_argument, NULL, 'o' },
		{ "backend", required_argument, NULL, 'b' }, { "agent", required_argument, NULL, 'a' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's': opt.set = optarg; break;
		case 'q': opt.quick = true; break;
		case 'r': opt.rounds = (unsigned int)atoi(optarg); break;
		case 'o': opt.out = optarg; break;
		case 'b': add_backends(optarg); break;
		case 'a': add_agent(optarg); break;
		default: exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	const struct set *set = NULL;
	FILE *out = stdout;

	bench_cpus();           /* before any pinning */
	parse(argc, argv);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (!strcmp(opt.set, sets[i].name))
			set = &sets[i];
	if (!set)
		bench_die("there is no set \"%s\"", opt.set);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || (opt.out && !(out = fopen(opt.out, "we"))))
		bench_die("%s: %s", opt.out ? opt.out : "memory", strerror(errno));
	fputs("placement,depth,length_us,round,contestant,ns,notifies,p50_ns,p99_ns\n", out);
	calibrate();
	run_set(set, out);
	for (unsigned int i = 0; i < agents; i++)
		bench_peer_close(agent[i].peer);
	return fclose(out) ? 1 : 0;
}
