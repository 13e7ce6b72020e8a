/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

uint64_t bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void bench_work(uint64_t us)
{
	uint64_t until = bench_now() + us * 1000u;

	while (us && bench_now() < until)
		;
}

static const cpu_set_t *allowed(void)
{
	static cpu_set_t set;
	static int known;

	if (!known && sched_getaffinity(0, sizeof(set), &set))
		bench_die("sched_getaffinity: %s", strerror(errno));
	known = 1;
	return &set;
}

unsigned int bench_cpus(void)
{
	return (unsigned int)CPU_COUNT(allowed());
}

int bench_cpu(unsigned int n)
{
	n %= bench_cpus();
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, allowed()) && n-- == 0)
			return cpu;
	return 0;
}

int bench_pin(pid_t pid, int cpu)
{
	struct dirent *entry;
	cpu_set_t set;
	char path[64];
	int rc = 0;
	DIR *tasks;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (pid == 0)
		return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (!tasks)
		return -errno;
	while ((entry = readdir(tasks)))
		if (entry->d_name[0] != '.' &&
		    sched_setaffinity(atoi(entry->d_name), sizeof(set), &set))
			rc = -errno;
	closedir(tasks);
	return rc;
}

uint64_t bench_answer(uint64_t job)
{
	job ^= job >> 33;
	job *= 0xff51afd7ed558ccdull;
	job ^= job >> 33;
	return job;
}

void bench_die(const char *format, ...)
{
	va_list args;

	fputs("bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* ---- agents ---- */

struct bench_peer {
	FILE *to, *from;
	char name[256];
};

static FILE *open_pipe(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);

	if (!file)
		bench_die("%s: %s", path, strerror(errno));
	setvbuf(file, NULL, _IOLBF, 0);
	return file;
}

/* See count.c: the same signal begins and ends. */
static void toggle_count(void)
{
	if (!getenv("BENCH_COUNT"))
		bench_die("a count was ordered, but bench-count.so is not preloaded");
	raise(SIGURG);
}

static void agent_one(const char *line, struct bench_result *result,
		      void (*run)(const struct bench_order *, struct bench_result *))
{
	struct bench_order order;
	unsigned long long units;
	char what[8];

	if (sscanf(line, "%7s %u %u %llu", what, &order.depth, &order.jobs, &units) != 4)
		bench_die("\"%s\" is not an order", line);
	order.units = units;
	order.count = !strcmp(what, "count");
	if (!order.depth)
		bench_pin(getpid(), bench_cpu(0));
	else
		run(&order, result);
}

void bench_count(const struct bench_order *order)
{
	if (order->count)
		toggle_count();
}

static void agent_serve(FILE *from, FILE *to,
			void (*run)(const struct bench_order *, struct bench_result *))
{
	char line[256];

	fputs("ready\n", to);
	while (fgets(line, sizeof(line), from)) {
		struct bench_result result = { 0 };

		agent_one(line, &result, run);
		fprintf(to, "%.2f %.0f %.0f %.0f %.0f\n", result.ns, result.sent, result.received,
			result.p50_ns, result.p99_ns);
	}
}

void bench_agent(const char *in, const char *out,
		 void (*run)(const struct bench_order *, struct bench_result *))
{
	for (;;) {
		FILE *from = open_pipe(in, "re"), *to = open_pipe(out, "we");

		agent_serve(from, to, run);
		fclose(from);
		fclose(to);
	}
}

struct bench_peer *bench_peer_open(const char *to, const char *from)
{
	struct bench_peer *peer = calloc(1, sizeof(*peer));
	char line[64];

	if (!peer)
		bench_die("no memory");
	snprintf(peer->name, sizeof(peer->name), "%s", to);
	peer->to = open_pipe(to, "we");
	peer->from = open_pipe(from, "re");
	if (!fgets(line, sizeof(line), peer->from) || strcmp(line, "ready\n"))
		bench_die("%s: its agent did not begin", to);
	return peer;
}

void bench_peer_run(struct bench_peer *peer, const struct bench_order *order,
		    struct bench_result *result)
{
	char line[256];

	fprintf(peer->to, "run %u %u %llu\n", order->depth, order->jobs,
		(unsigned long long)order->units);
	if (!fgets(line, sizeof(line), peer->from) ||
	    sscanf(line, "%lf %lf %lf %lf %lf", &result->ns, &result->sent, &result->received,
		   &result->p50_ns, &result->p99_ns) != 5)
		bench_die("%s: its agent ended; its own output says why", peer->name);
}

void bench_peer_close(struct bench_peer *peer)
{
	fclose(peer->to);
	fclose(peer->from);
	free(peer);
}

/* ---- medians ---- */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_part(double *value, size_t count, double part)
{
	qsort(value, count, sizeof(*value), ascending);
	return count ? value[(size_t)((double)(count - 1) * part + 0.5)] : 0;
}

double bench_median(double *value, size_t count)
{
	return bench_part(value, count, 0.5);
}
