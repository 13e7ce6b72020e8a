/* SPDX-License-Identifier: MIT */
/*
 * libcoproc-ring.  Requests have 128 bytes and completions 32, where the others
 * have 64 and 64.  "ring": its steps alone.  "queue": with slots, ids and the
 * checks of both sides, host form in and out: what a frontend and a backend use.
 * "checked": the same, and the backend validates each request.
 */
#include <string.h>

#include "bench.h"
#include "contest.h"
#include "libcoproc-ring/message.h"
#include "libcoproc-ring/queue.h"
#include "libcoproc-ring/step.h"

#define ORDER           8u
#define ENTRIES         (1u << ORDER)
#define PAGE            4096u
#define QUEUE           1u

/* Pages, in order: both index pages, then the two rings. */
#define SQ_PAGES        (ENTRIES * XENCOPROC_SQE_SIZE / PAGE)
#define CQ_PAGES        (ENTRIES * XENCOPROC_CQE_SIZE / PAGE)

static struct contest_link link_;

static void *page(unsigned int n)
{
	return (char *)link_.pages + (size_t)n * PAGE;
}

/* ---- the bare ring ---- */

static struct coproc_ring down, up;     /* of this process: jobs, replies */

struct request {
	struct contest_job job;
	uint64_t rest[8];
};

struct reply {
	uint64_t word[4];
};

static void ring_begin(unsigned int own, unsigned int peer)
{
	struct xencoproc_cell *mine = page(own), *theirs = page(peer);

	coproc_ring_init(&down, &mine[0], &theirs[0], page(2), ENTRIES, XENCOPROC_SQE_SIZE);
	coproc_ring_init(&up, &mine[1], &theirs[1], page(2 + SQ_PAGES), ENTRIES,
			 XENCOPROC_CQE_SIZE);
}

static void ring_open(void)
{
	link_open(&link_, 2 + SQ_PAGES + CQ_PAGES);
	ring_begin(0, 1);
}

static void ring_attach(void)
{
	link_attach(&link_);
	ring_begin(1, 0);
}

static void ring_serve(const struct contest_cell *cell)
{
	unsigned int batch = contest_batch(cell), done = 0;
	static struct request request;
	static struct reply reply;

	while (done < cell->jobs) {
		unsigned int before = done;

		while (step_pending(&down)) {
			step_take(&down, &request, XENCOPROC_SQE_SIZE);
			contest_serve_one(&request.job, cell);
			reply.word[0] = request.job.word[0];
			reply.word[1] = request.job.word[1];
			step_put(&up, &reply, XENCOPROC_CQE_SIZE);
			if (++done % batch == 0 && step_publish(&up))
				link_notify(&link_);
		}
		step_consumed(&down);
		if (step_publish(&up))
			link_notify(&link_);
		if (done == before && !coproc_ring_arm(&down))
			link_wait(&link_);
	}
}

static void ring_drive(const struct contest_cell *cell)
{
	unsigned int sent = 0, done = 0;
	static struct request request;
	static struct reply reply;

	while (done < cell->jobs) {
		unsigned int before = done;

		for (; sent < cell->jobs && sent - done < cell->depth; sent++) {
			contest_fill(&request.job, sent);
			step_put(&down, &request, XENCOPROC_SQE_SIZE);
		}
		if (step_publish(&down))
			link_notify(&link_);
		while (step_pending(&up)) {
			step_take(&up, &reply, XENCOPROC_CQE_SIZE);
			if (reply.word[0] != done || reply.word[1] != bench_answer(done))
				bench_die("the reply to job %u is not its own", done);
			done++;
		}
		step_consumed(&up);
		if (done == before && !coproc_ring_arm(&up))
			link_wait(&link_);
	}
}

static void ours_close(void)
{
	link_close(&link_);
}

const struct contestant contest_ring = { "ring", ring_open, ring_attach, ring_serve, ring_drive,
					 ours_close };

/* ---- queues ---- */

static struct coproc_client_queue client;
static struct coproc_server_queue server;
static struct coproc_shadow shadow[ENTRIES];
static struct coproc_live live[ENTRIES];

static const struct coproc_limits limits = {
	.max_contexts = 8, .max_firmware = 8, .max_buffers = 256, .max_operands = 16,
	.max_run_limit_us = 1000000,
};

static void queue_open(void)
{
	link_open(&link_, 2 + SQ_PAGES + CQ_PAGES);
	coproc_client_init(&client, page(0), page(1), QUEUE, ORDER, page(2), page(2 + SQ_PAGES), shadow);
}

static void queue_attach(void)
{
	link_attach(&link_);
	coproc_server_init(&server, page(1), page(0), QUEUE, ORDER, page(2), page(2 + SQ_PAGES), live);
}

static void queue_one(const struct xencoproc_sqe *sqe, bool checked, const struct contest_cell *cell)
{
	const struct xencoproc_sqe_job *wire = (const void *)sqe;
	struct coproc_completion completion = { .slot = sqe->h.slot };
	struct coproc_request request;
	uint64_t number = wire->immediate;

	if (checked) {
		if (coproc_request_decode(sqe, false, &limits, &request) != XENCOPROC_OK)
			bench_die("a good job was refused");
		number = request.u.job.immediate;
	}
	bench_work(cell->length_us);
	completion.result = bench_answer(number);
	coproc_server_complete(&server, &completion);
}

static void queue_serve_all(const struct contest_cell *cell, bool checked)
{
	unsigned int batch = contest_batch(cell), done = 0;
	_Alignas(8) struct xencoproc_sqe sqe;
	int rc = 0;

	while (done < cell->jobs) {
		unsigned int before = done;

		while ((rc = coproc_server_take(&server, &sqe)) == 1) {
			queue_one(&sqe, checked, cell);
			if (++done % batch == 0 && coproc_server_publish(&server))
				link_notify(&link_);
		}
		if (rc < 0)
			bench_die("the backend holds the queue for broken");
		if (coproc_server_publish(&server))
			link_notify(&link_);
		if (done == before && !coproc_server_arm(&server))
			link_wait(&link_);
	}
}

static void queue_serve(const struct contest_cell *cell)
{
	queue_serve_all(cell, false);
}

static void checked_serve(const struct contest_cell *cell)
{
	queue_serve_all(cell, true);
}

static void queue_fill(const struct contest_cell *cell, unsigned int *sent, unsigned int done)
{
	struct coproc_request request = { .op = XENCOPROC_OP_JOB, .u.job.operands = 2,
		.u.job.operand = { { 0, 1, 0, 4096 }, { 1, 2, 0, 4096 } } };

	for (; *sent < cell->jobs && *sent - done < cell->depth; ++*sent) {
		request.id = *sent;
		request.u.job.immediate = *sent;
		if (coproc_client_put(&client, &request) < 0)
			bench_die("no room for job %u", *sent);
	}
}

static void queue_drive(const struct contest_cell *cell)
{
	struct coproc_completion completion;
	unsigned int sent = 0, done = 0;
	int rc;

	while (done < cell->jobs) {
		unsigned int before = done;

		queue_fill(cell, &sent, done);
		if (coproc_client_publish(&client))
			link_notify(&link_);
		while ((rc = coproc_client_take(&client, &completion)) == 1) {
			if (completion.id != done || completion.result != bench_answer(done))
				bench_die("the reply to job %u is not its own", done);
			done++;
		}
		if (rc < 0)
			bench_die("the frontend holds the queue for broken");
		if (done == before && !coproc_client_arm(&client))
			link_wait(&link_);
	}
}

const struct contestant contest_queue = { "queue", queue_open, queue_attach, queue_serve, queue_drive,
					  ours_close };
const struct contestant contest_checked = { "checked", queue_open, queue_attach, checked_serve,
					    queue_drive, ours_close };
