/* SPDX-License-Identifier: MIT */
/* Jobs through a pair's queue, whose contents follow from their ids. */
#ifndef TESTS_RING_JOBS_H
#define TESTS_RING_JOBS_H

#include "tests/ring/pair.h"
#include "tests/unit/tap.h"

static const struct coproc_limits job_limits = {
	.max_queues = 4, .max_ring_order = XENCOPROC_ORDER_MAX, .max_contexts = 4,
	.max_buffers = 16, .max_pages = 1024, .max_firmware = 4, .max_firmware_bytes = 65536,
	.max_operands = 16, .max_run_limit_us = 1000000, .max_class = XENCOPROC_CLASS_REALTIME,
};

static inline int put_job(struct pair *p, uint64_t id)
{
	struct coproc_request request = { .op = XENCOPROC_OP_JOB, .id = id };

	request.u.job.immediate = pair_mix(id);
	return coproc_client_put(&p->client, &request);
}

/* Accept one submission, check its contents, return its slot. */
static inline int accept_job(struct pair *p)
{
	struct xencoproc_sqe sqe;
	struct coproc_request request;
	int got = coproc_server_take(&p->server, &sqe);

	if (got <= 0)
		return -1 + got;
	if (coproc_request_decode(&sqe, false, &job_limits, &request) != XENCOPROC_OK)
		ck_abort_msg("a good job was refused");
	if (request.u.job.immediate != pair_mix(request.id) ||
	    request.slot != coproc_sqe_slot(&sqe) || request.id != coproc_sqe_id(&sqe))
		ck_abort_msg("job %llu came with other contents", (unsigned long long)request.id);
	return request.slot;
}

static inline void complete_job(struct pair *p, uint32_t slot)
{
	struct coproc_completion done = { .slot = (uint16_t)slot, .status = XENCOPROC_OK };

	done.result = pair_mix(~p->live[slot].id);
	done.ran_us = 7;
	done.flags = XENCOPROC_CQE_F_STARTED;
	ck_assert(coproc_server_complete(&p->server, &done));
}

#endif /* TESTS_RING_JOBS_H */
