/* SPDX-License-Identifier: MIT */
/*
 * An agent that runs the firmware "work" without coprocd:
 *
 *	bench-native native PIPE PIPE     in Unicorn and nothing else (tests/engines/bare.c)
 *	bench-native engine PIPE PIPE     in a worker process, told so over its socket
 *
 * One job after the other, whatever the depth.  Results are checked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "checked.h"
#include "tests/engines/bare.h"
#include "tests/engines/play.h"
#include "tests/engines/work.h"

#define DOMID   5u              /* nobody's: its worker maps nothing */

static struct bare *bare;       /* or: */
static struct play worker;

static uint64_t run_one(uint64_t immediate)
{
	struct coproc_fw_abi_job job = { .entry = WORK_CHAIN, .immediate = immediate };
	struct play_job told = { .entry = WORK_CHAIN, .immediate = immediate };
	struct worker_reply reply;

	if (bare)
		return bare_run(bare, &job);
	reply = play_run(&worker, &told);
	if (reply.status != XENCOPROC_OK)
		bench_die("the engine says %u", reply.status);
	return reply.result;
}

static void run(const struct bench_order *order, struct bench_result *result)
{
	double *each = calloc(order->jobs + 1, sizeof(*each));
	uint64_t expect[4], begin = bench_now();

	if (!each)
		bench_die("no memory");
	for (uint64_t seed = 0; seed < 4; seed++)
		expect[seed] = work_chain(seed << 32 | order->units);
	begin = bench_now();
	for (unsigned int n = 0; n < order->jobs; n++) {
		uint64_t before = bench_now();

		if (run_one((uint64_t)(n & 3) << 32 | order->units) != expect[n & 3])
			bench_die("the result of job %u is wrong", n);
		each[n] = (double)(bench_now() - before);
	}
	result->ns = (double)(bench_now() - begin) / order->jobs;
	result->p50_ns = bench_median(each, order->jobs);
	result->p99_ns = bench_part(each, order->jobs, 0.99);
	free(each);
}

static char **pipes;

static void agent(void)
{
	static const struct play_options plain = { .domid = DOMID };
	uint8_t *operands;

	if (!strcmp(pipes[0], "native")) {
		bare = bare_open("work", &operands);
	} else {
		play_start(&worker, "coproc-engine-cortex-m", &plain);
		play_load(&worker, 0, "work");
		play_context(&worker, 0);
	}
	bench_agent(pipes[1], pipes[2], run);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fputs("Usage: bench-native native|engine PIPE PIPE\n", stderr);
		return 2;
	}
	pipes = argv + 1;
	return bench_checked(agent);
}
