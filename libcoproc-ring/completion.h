/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Private: completions between wire and host form, inline, because queue.c
 * does it once per job.
 */
#ifndef COPROC_RING_COMPLETION_H
#define COPROC_RING_COMPLETION_H

#include "message.h"
#include "ring.h"
#include "wire.h"

/* @id apart from @completion: a server takes it from its own table. */
static inline void completion_to_wire(const struct coproc_completion *completion, uint64_t id,
				      struct xencoproc_cqe *cqe)
{
	cqe->id = wire64(id);
	cqe->slot = wire16(completion->slot);
	cqe->status = wire16(completion->status);
	cqe->flags = wire16(completion->flags);
	cqe->reserved = 0;
	cqe->result = wire64(completion->result);
	cqe->waited_us = wire32(completion->waited_us);
	cqe->ran_us = wire32(completion->ran_us);
}

/* The two runs of enum xencoproc_status. */
static inline bool status_exists(unsigned int status)
{
	return status <= XENCOPROC_LOST ||
	       (status >= XENCOPROC_BAD_OP && status <= XENCOPROC_NO_MEMORY);
}

static inline enum coproc_broken completion_from_wire(const struct xencoproc_cqe *cqe,
						      struct coproc_completion *completion)
{
	const unsigned int known = XENCOPROC_CQE_F_STARTED | XENCOPROC_CQE_F_PREEMPTED;

	completion->id = wire64(cqe->id);
	completion->slot = wire16(cqe->slot);
	completion->status = wire16(cqe->status);
	completion->flags = wire16(cqe->flags);
	completion->result = wire64(cqe->result);
	completion->waited_us = wire32(cqe->waited_us);
	completion->ran_us = wire32(cqe->ran_us);
	if (cqe->reserved != 0 || (completion->flags & ~known) != 0)
		return COPROC_BROKEN_RESERVED;
	if (!status_exists(completion->status))
		return COPROC_BROKEN_STATUS;
	return COPROC_NOT_BROKEN;
}

#endif /* COPROC_RING_COMPLETION_H */
