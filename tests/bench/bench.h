/* SPDX-License-Identifier: MIT */
/* What the programs of the benchmark have in common. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Monotonic nanoseconds. */
uint64_t bench_now(void);

/* Use the processor up for so long. */
void bench_work(uint64_t us);

/* The @n-th processor that this process was allowed when it began, and how many. */
int bench_cpu(unsigned int n);
unsigned int bench_cpus(void);

/* A process and its threads onto one processor.  Return: 0 or -errno. */
int bench_pin(pid_t pid, int cpu);

/* What the reply to a job has to hold. */
uint64_t bench_answer(uint64_t job);

_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- agents: programs that run jobs when told to ---- */

/* One measurement; times are the agent's own. */
struct bench_order {
	unsigned int depth;             /* jobs in flight at once, at most */
	unsigned int jobs;
	uint64_t units;                 /* what one job has to do, as the agent knows it */
	bool count;                     /* the agent's instructions, by bench-count.so */
};

struct bench_result {
	double ns;                      /* for each job */
	double sent, received;          /* notifications, all jobs together */
	double p50_ns, p99_ns;          /* of a job at depth 1, else 0 */
};

/**
 * bench_agent() - read orders "run DEPTH JOBS UNITS" from a pipe, write results
 * @in, @out: two named pipes
 * @run: carries one order out; ends the program when a reply is wrong
 *
 * Says "ready" to each that opens its pipes; never returns.  "count DEPTH JOBS UNITS" is
 * the same with the agent's own instructions counted: count.c.  A run of depth
 * 0 has no jobs; the agent moves to the first processor.
 */
_Noreturn void bench_agent(const char *in, const char *out,
			   void (*run)(const struct bench_order *, struct bench_result *));

/* Begins the count, if one was ordered, and ends it. */
void bench_count(const struct bench_order *order);

/* The other end. */
struct bench_peer;
struct bench_peer *bench_peer_open(const char *to, const char *from);
void bench_peer_run(struct bench_peer *peer, const struct bench_order *order,
		    struct bench_result *result);
void bench_peer_close(struct bench_peer *peer);

/* ---- medians ---- */

/* Sorts. */
double bench_median(double *value, size_t count);
double bench_part(double *value, size_t count, double part);    /* 0.99: the 99th percentile */

#endif /* TESTS_BENCH_BENCH_H */
