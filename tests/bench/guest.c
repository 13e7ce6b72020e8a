/* SPDX-License-Identifier: MIT */
/*
 * A guest that runs jobs through libcoproc and coprocd when it is told to:
 *
 *	bench-guest --engine null|cortex-m --firmware FILE --in PIPE --out PIPE
 *	bench-guest --firmware FILE --idle     connects, with a queue of the default
 *	                                       length, and does nothing
 *
 * Null engine: a job ends at once and gives back what it was given, or uses so
 * many microseconds up.  Cortex-M: the chain of tests/engines/firmware/work.c,
 * so many turns of it.  Each result is checked.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "frontend/user/coproc.h"
#include "tests/engines/work.h"

#define ENTRIES         256u

static struct coproc_device *device;
static struct coproc_queue *queue;
static struct coproc_job job;
static bool null_engine, idle;
static double *round_trip;

static void must(int rc, const char *what)
{
	if (rc < 0)
		bench_die("%s: %s (%s)", what, strerror(-rc), device ? coproc_reason(device) : "");
}

/* The @n-th job, and what it has to give. */
static void prepare(const struct bench_order *order, unsigned int n)
{
	job.cookie = n;
	if (!null_engine) {
		job.entry = WORK_CHAIN;
		job.immediate = (uint64_t)(n & 3) << 32 | order->units;
	} else {
		job.entry = order->units ? 1 : 0;
		job.immediate = order->units ? order->units : bench_answer(n);
	}
}

static void check(const struct bench_order *order, const uint64_t *expect,
		  const struct coproc_done *done, unsigned int n)
{
	uint64_t want;

	if (null_engine)
		want = order->units ? 0 : bench_answer(n);
	else
		want = expect[n & 3];
	if (done->status != XENCOPROC_OK || done->cookie != n || done->result != want)
		bench_die("job %u: %s, result %llx, expected %llx", n, coproc_status_text(done->status),
			  (unsigned long long)done->result, (unsigned long long)want);
}

static void expected(const struct bench_order *order, uint64_t *expect)
{
	for (uint64_t seed = 0; !null_engine && seed < 4; seed++)
		expect[seed] = work_chain(seed << 32 | order->units);
}

/* The part that is measured; a function of its own, for profiles. */
static __attribute__((noinline)) void jobs(const struct bench_order *order, const uint64_t *expect)
{
	struct coproc_done done[64];
	unsigned int sent = 0, ended = 0;
	uint64_t begin = 0;

	while (ended < order->jobs) {
		int n;

		if (order->depth == 1)
			begin = bench_now();
		while (sent < order->jobs && sent - ended < order->depth) {
			struct coproc_job batch[64];
			unsigned int count = 0;

			for (; sent < order->jobs && sent - ended < order->depth && count < 64; count++) {
				prepare(order, sent++);
				batch[count] = job;
			}
			must(coproc_submit(queue, batch, count, NULL) == (int)count ? 0 : -11,
			     "a submission");
		}
		n = coproc_wait_any(queue, done, 64, 60000);
		must(n, "a wait");
		for (int i = 0; i < n; i++, ended++)
			check(order, expect, &done[i], ended);
		if (order->depth == 1)
			round_trip[ended - 1] = (double)(bench_now() - begin);
	}
}

static void run(const struct bench_order *order, struct bench_result *result)
{
	uint64_t expect[4], begin;
	struct coproc_stats before, after;

	if (order->depth > ENTRIES)
		bench_die("%u in flight: the queue has %u entries", order->depth, ENTRIES);
	expected(order, expect);
	round_trip = calloc(order->jobs, sizeof(*round_trip));
	if (!round_trip)
		bench_die("no memory");
	coproc_stats(device, &before);
	begin = bench_now();
	bench_count(order);
	jobs(order, expect);
	bench_count(order);
	result->ns = (double)(bench_now() - begin) / order->jobs;
	coproc_stats(device, &after);
	result->sent = (double)(after.sent - before.sent);
	result->received = (double)(after.received - before.received);
	if (order->depth == 1) {
		result->p50_ns = bench_median(round_trip, order->jobs);
		result->p99_ns = bench_part(round_trip, order->jobs, 0.99);
	}
	free(round_trip);
}

static void connect_(const char *file)
{
	struct coproc_options options;
	char reason[256] = "";

	coproc_options_init(&options);
	options.reason = reason;
	options.reason_size = sizeof(reason);
	options.connect_timeout_ms = 120000;
	options.control_timeout_ms = 120000;
	if (coproc_open(&options, &device))
		bench_die("no connection: %s", reason);
	must(coproc_firmware_load_file(device, file, 0, &job.firmware), "the firmware");
	must(coproc_context_create(device, &job.context), "a context");
	must(coproc_queue_open(device, XENCOPROC_CLASS_NORMAL, idle ? 0 : ENTRIES, &queue), "a queue");
	must(coproc_settle(device, 120000), "all settles");
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "engine", required_argument, NULL, 'e' }, { "firmware", required_argument, NULL, 'f' },
		{ "in", required_argument, NULL, 'i' }, { "out", required_argument, NULL, 'o' },
		{ "idle", no_argument, NULL, 'I' }, { 0 }
	};
	const char *file = NULL, *in = NULL, *out = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'e': null_engine = !strcmp(optarg, "null"); break;
		case 'f': file = optarg; break;
		case 'i': in = optarg; break;
		case 'o': out = optarg; break;
		case 'I': idle = true; break;
		default: return 2;
		}
	}
	if (!file || (!idle && (!in || !out)))
		bench_die("--firmware, --in and --out are needed");
	connect_(file);
	while (idle)
		pause();
	bench_agent(in, out, run);
}
