/* SPDX-License-Identifier: MIT */
/*
 * What coprocd and an engine's worker process say to each other.
 *
 * One worker serves one domain on one coprocessor.  coprocd starts it with
 * the domain's id in its arguments and with these descriptors; the worker
 * closes whatever else it inherited:
 *
 *   2  standard error, which is the log
 *   3  a SOCK_SEQPACKET socket: commands in, exactly one reply for each out
 *   4  a memfd of one page, struct worker_page: coprocd writes, the worker reads
 *
 * The thread of coprocd that starts a worker has to live as long as the
 * worker: the kernel kills the worker when that thread ends.
 *
 * The worker says HELLO when its sandbox is closed, and from then on does
 * nothing unasked except that it reports the end of the running job.  coprocd
 * takes every reply as hostile: behind the worker's back is guest code.
 *
 * Both ends are of one build on one machine, so this is in host byte order
 * and may change with any commit.
 */
#ifndef COPROC_ENGINES_WIRE_H
#define COPROC_ENGINES_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/coprocif.h"

#define WORKER_WIRE_VERSION     2u
#define WORKER_FD_SOCKET        3
#define WORKER_FD_PAGE          4

/* Most operands of one job, those in tables included. */
#define WORKER_OPERANDS_MAX     64u
/* Grant references in one MAP message; a buffer of more comes in several. */
#define WORKER_MAP_REFS         1024u

/* Indexes of objects, which coprocd chooses, are below these. */
#define WORKER_CONTEXTS_MAX     256u
#define WORKER_BUFFERS_MAX      4096u
#define WORKER_FIRMWARE_MAX     256u

enum worker_command_type {
	/*
	 * A buffer's pages: the domain's grants first .. first + count.  Parts
	 * come in order, each with a reply; the last one's reply tells how the
	 * mapping went: OK, BAD_GRANT or NO_MEMORY.  After a refusal, as after
	 * UNMAP of a buffer that is only half told, the index is free again.
	 */
	WORKER_MAP = 1,
	WORKER_UNMAP,           /* IN_USE while a running or parked job names the buffer */
	/*
	 * With a memfd that holds the image, already hashed and allowed, sealed
	 * with F_SEAL_SHRINK, and F_SEAL_WRITE or F_SEAL_FUTURE_WRITE.  BAD_IMAGE
	 * with its reason, or NO_MEMORY, leaves the index free.
	 */
	WORKER_LOAD,
	WORKER_UNLOAD,          /* IN_USE while a running or parked job is of it */
	/*
	 * With a memfd of bank_bytes zeroes, as HELLO wants them: the context's
	 * local memory.  No descriptor where bank_bytes is 0.
	 */
	WORKER_CTX_CREATE,
	WORKER_CTX_DESTROY,     /* a parked job is given up; IN_USE while it runs */
	WORKER_RUN,             /* replied to when the job has ended, or was parked */
	WORKER_CONTINUE,        /* a parked job, by its context */
	WORKER_ABORT,           /* a parked job, by its context: reset the context */
	WORKER_RECALL,          /* what was handed ahead and not begun is RETURNED now */
	WORKER_PING
};

/*
 * Attention: why the running job should come back to the harness.  A command
 * is sent first and SERVICE set after it; the bit is cleared when the reply
 * has come.  While a bit stays set the job still makes progress, in the
 * smallest steps that its engine can do.  A job may end by itself before it
 * sees PARK or ABORT: the reply is DONE then.
 *
 * Of the commands, RUN and CONTINUE cannot be served while a job runs; but
 * one RUN may be handed ahead, which is begun without asking when the job
 * that it names in `after` has ended by itself, and given back (RETURNED)
 * when that was parked or aborted instead, or when it is recalled.
 *
 * PARK and ABORT are meant for one job, because the one behind it may have
 * begun before coprocd knows: above the bits stands the seq of its RUN or
 * CONTINUE, as far as it fits there; 0: whichever runs.
 */
#define WORKER_ATTENTION_SERVICE        0x1u    /* commands are waiting; then go on */
#define WORKER_ATTENTION_PARK           0x2u    /* put the job aside, reply PARKED */
#define WORKER_ATTENTION_ABORT          0x4u    /* end it, reply ABORTED, reset the context */
#define WORKER_ATTENTION_SHIFT          4       /* of the seq that PARK and ABORT are for */

/*
 * coprocd sets the bits and coprocd clears them: SERVICE when all commands but
 * the running job are answered, PARK and ABORT when the job's reply came.
 */
struct worker_page {
	uint32_t attention;
};

struct worker_operand {
	uint32_t buffer;
	uint32_t access;
	uint32_t offset;
	uint32_t length;
};

struct worker_command {
	uint32_t type;
	uint32_t seq;           /* given back in the reply */
	union {
		struct {
			uint32_t buffer;
			uint32_t access;
			uint32_t pages;         /* of the whole buffer */
			uint32_t first;         /* index of ref[0] */
			uint32_t count;
			uint32_t ref[WORKER_MAP_REFS];
		} map;
		struct {
			uint32_t buffer;
		} unmap;
		struct {
			uint32_t firmware;
			uint32_t kind;
			uint32_t length;
		} load;
		struct {
			uint32_t firmware;
		} unload;
		struct {
			uint32_t context;
			uint64_t bank_bytes;
		} ctx;
		struct {
			uint32_t context;
			uint32_t firmware;
			uint32_t entry;
			uint32_t operands;
			uint32_t after;         /* seq of the job ahead of it, 0: none */
			uint64_t immediate;
			struct worker_operand operand[WORKER_OPERANDS_MAX];
		} run;
	} u;
};

/**
 * worker_command_size() - bytes of a command that have to be sent
 *
 * The arrays at the end of MAP and RUN need not be sent beyond what is used.
 * A message may also be longer, up to the whole structure.
 */
static inline size_t worker_command_size(const struct worker_command *c)
{
	const size_t head = offsetof(struct worker_command, u);

	switch (c->type) {
	case WORKER_MAP:
		return offsetof(struct worker_command, u.map.ref) +
		       (size_t)c->u.map.count * sizeof(c->u.map.ref[0]);
	case WORKER_RUN:
		return offsetof(struct worker_command, u.run.operand) +
		       (size_t)c->u.run.operands * sizeof(c->u.run.operand[0]);
	case WORKER_UNMAP:
		return head + sizeof(c->u.unmap);
	case WORKER_LOAD:
		return head + sizeof(c->u.load);
	case WORKER_UNLOAD:
		return head + sizeof(c->u.unload);
	case WORKER_RECALL:
	case WORKER_PING:
		return head;
	default:
		return head + sizeof(c->u.ctx);
	}
}

enum worker_outcome {
	WORKER_DONE = 1,        /* the command was carried out, status says how */
	WORKER_PARKED,          /* RUN, CONTINUE: the job waits for CONTINUE or ABORT */
	WORKER_ABORTED,         /* RUN, CONTINUE: ended by ATTENTION_ABORT */
	WORKER_RETURNED,        /* RUN with `after`: not begun, as if never sent */
	WORKER_HELLO            /* seq 0, once: struct worker_reply.u.hello */
};

/*
 * RUN, CONTINUE, ABORT: the context begins anew with its next job.  What its
 * earlier jobs left in it is lost, and so is what this one did there.
 */
#define WORKER_REPLY_CONTEXT_RESET      0x1u

struct worker_reply {
	uint32_t seq;
	uint32_t outcome;       /* enum worker_outcome */
	uint32_t status;        /* enum xencoproc_status */
	uint32_t flags;         /* WORKER_REPLY_* */
	uint64_t result;
	union {
		uint64_t instructions;  /* executed by the coprocessor for this job */
		struct {
			uint32_t wire_version;
			uint32_t preemption;    /* enum worker_preemption */
			uint32_t kinds;         /* bit per enum xencoproc_fw_kind */
			uint32_t can_yield;     /* honours attention in mid-job */
			uint64_t bank_bytes;    /* local memory that each context needs */
			char kind[16];          /* "cortex-m" */
		} hello;
	} u;
};

enum worker_preemption {
	WORKER_PREEMPT_JOB = 0,
	WORKER_PREEMPT_CHECKPOINT = 1,
	WORKER_PREEMPT_INSTANT = 2
};

#endif /* COPROC_ENGINES_WIRE_H */
