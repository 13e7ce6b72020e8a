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

_Static_assert(sizeof(struct coproc_completion) == sizeof(struct xencoproc_cqe) &&
	       offsetof(struct coproc_completion, flags) == offsetof(struct xencoproc_cqe, flags) &&
	       offsetof(struct coproc_completion, result) == offsetof(struct xencoproc_cqe, result) &&
	       offsetof(struct coproc_completion, ran_us) == offsetof(struct xencoproc_cqe, ran_us),
	       "both forms of a completion lie alike");

/* @id apart from @completion: a server takes it from its own table. */
static inline void completion_to_wire(const struct coproc_completion *completion, uint64_t id,
				      struct xencoproc_cqe *cqe)
{
	if (!COPROC_WIRE_SWAP)
		memcpy(cqe, completion, sizeof(*cqe));
	cqe->id = wire64(id);
	cqe->reserved = 0;
	if (!COPROC_WIRE_SWAP)
		return;
	cqe->slot = wire16(completion->slot);
	cqe->status = wire16(completion->status);
	cqe->flags = wire16(completion->flags);
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

/* Wire order to host order, in place. */
static inline void completion_to_host(struct coproc_completion *completion)
{
	completion->id = wire64(completion->id);
	completion->slot = wire16(completion->slot);
	completion->status = wire16(completion->status);
	completion->flags = wire16(completion->flags);
	completion->result = wire64(completion->result);
	completion->waited_us = wire32(completion->waited_us);
	completion->ran_us = wire32(completion->ran_us);
}

/* Why it cannot be true, whatever was asked. */
static inline enum coproc_broken completion_check(const struct coproc_completion *completion)
{
	const unsigned int known = XENCOPROC_CQE_F_STARTED | XENCOPROC_CQE_F_PREEMPTED;

	if (completion->reserved != 0 || (completion->flags & ~known) != 0)
		return COPROC_BROKEN_RESERVED;
	if (!status_exists(completion->status))
		return COPROC_BROKEN_STATUS;
	return COPROC_NOT_BROKEN;
}

#endif /* COPROC_RING_COMPLETION_H */
