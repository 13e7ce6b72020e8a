/* SPDX-License-Identifier: MIT */
/*
 * Moves jobs between both sides of a queue in one thread, for counting the
 * instructions that a job costs: tests/ring/instructions runs this twice and
 * takes the difference.
 *
 *   ring-count steps ROUNDS    the ring's own steps, as the library inlines them
 *   ring-count ring ROUNDS     the same by the functions of ring.h
 *   ring-count queue ROUNDS    by queue.h, host form in, host form out
 *   ring-count checked ROUNDS  the same, each job validated
 *
 * A round is 256 jobs, all in flight at once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "libcoproc-ring/step.h"
#include "tests/ring/pair.h"

#define ORDER 8u
#define IN_FLIGHT (1u << ORDER)

static struct pair p;
static const struct coproc_limits limits = {
	.max_contexts = 1, .max_firmware = 1, .max_buffers = 4, .max_operands = 4,
	.max_run_limit_us = 1000,
};

static void steps_round(void)
{
	static struct xencoproc_sqe sqe, got_sqe;
	static struct xencoproc_cqe cqe, got_cqe;

	for (unsigned int i = 0; i < IN_FLIGHT; i++)
		step_put(&p.client.sq, &sqe, sizeof(sqe));
	step_publish(&p.client.sq);
	while (step_pending(&p.server.sq) > 0) {
		step_take(&p.server.sq, &got_sqe, sizeof(sqe));
		step_put(&p.server.cq, &cqe, sizeof(cqe));
	}
	step_consumed(&p.server.sq);
	step_publish(&p.server.cq);
	while (step_pending(&p.client.cq) > 0)
		step_take(&p.client.cq, &got_cqe, sizeof(cqe));
	step_consumed(&p.client.cq);
}

static void ring_round(void)
{
	static struct xencoproc_sqe sqe, got_sqe;
	static struct xencoproc_cqe cqe, got_cqe;

	for (unsigned int i = 0; i < IN_FLIGHT; i++)
		coproc_ring_put(&p.client.sq, &sqe);
	coproc_ring_publish(&p.client.sq);
	while (coproc_ring_pending(&p.server.sq) > 0) {
		coproc_ring_take(&p.server.sq, &got_sqe);
		coproc_ring_put(&p.server.cq, &cqe);
	}
	coproc_ring_consumed(&p.server.sq);
	coproc_ring_publish(&p.server.cq);
	while (coproc_ring_pending(&p.client.cq) > 0)
		coproc_ring_take(&p.client.cq, &got_cqe);
	coproc_ring_consumed(&p.client.cq);
}

static void queue_round(bool checked)
{
	static struct coproc_request request = { .op = XENCOPROC_OP_JOB, .u.job.operands = 2,
		.u.job.operand = { { 0, 1, 0, 4096 }, { 1, 2, 0, 4096 } } };
	static struct coproc_completion done, got;
	static struct coproc_request taken;
	static struct xencoproc_sqe sqe;

	for (unsigned int i = 0; i < IN_FLIGHT; i++)
		coproc_client_put(&p.client, &request);
	coproc_client_publish(&p.client);
	while (coproc_server_take(&p.server, &sqe) == 1) {
		if (checked && coproc_request_decode(&sqe, false, &limits, &taken) != XENCOPROC_OK)
			exit(2);
		done.slot = wire16(sqe.h.slot);
		coproc_server_complete(&p.server, &done);
	}
	coproc_server_consumed(&p.server);
	coproc_server_publish(&p.server);
	while (coproc_client_take(&p.client, &got) == 1)
		;
}

int main(int argc, char **argv)
{
	const char *what = argc == 3 ? argv[1] : "";
	long rounds = argc == 3 ? atol(argv[2]) : 0;

	pair_begin(&p, 1, ORDER, 0);
	for (; rounds > 0; rounds--) {
		if (!strcmp(what, "steps"))
			steps_round();
		else if (!strcmp(what, "ring"))
			ring_round();
		else if (!strcmp(what, "queue"))
			queue_round(false);
		else if (!strcmp(what, "checked"))
			queue_round(true);
		else
			return 1;
	}
	if (coproc_client_broken(&p.client) || coproc_server_broken(&p.server))
		return 3;
	return argc == 3 ? 0 : 1;
}
