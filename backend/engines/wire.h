/* SPDX-License-Identifier: MIT */
/*
 * What coprocd and an engine's worker process say to each other.
 *
 * One worker serves one domain on one coprocessor.  coprocd starts it with
 * three descriptors and the domain's id in its arguments:
 *
 *   3  a SOCK_SEQPACKET socket: commands in, exactly one reply for each out
 *   4  a memfd of one page, struct worker_page: coprocd writes, the worker reads
 *   5  standard error of the worker, as coprocd's log takes it
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

#include <stdint.h>

#include "protocol/coprocif.h"

#define WORKER_WIRE_VERSION     1u
#define WORKER_FD_SOCKET        3
#define WORKER_FD_PAGE          4

/* Most operands of one job, those in tables included. */
#define WORKER_OPERANDS_MAX     64u
/* Grant references in one MAP message; a buffer of more comes in several. */
#define WORKER_MAP_REFS         1024u

enum worker_command_type {
	WORKER_MAP = 1,         /* a buffer's pages: domain's grants first .. first + count */
	WORKER_UNMAP,
	WORKER_LOAD,            /* with a sealed memfd: the image, already hashed and allowed */
	WORKER_UNLOAD,
	WORKER_CTX_CREATE,      /* with a memfd: the bank of local memory for this context */
	WORKER_CTX_DESTROY,
	WORKER_RUN,             /* replied to when the job has ended, or was parked */
	WORKER_CONTINUE,        /* a parked job, by its context */
	WORKER_ABORT,           /* a parked job, by its context: reset the context */
	WORKER_PING
};

/* Attention: why the running job should come back to the harness. */
#define WORKER_ATTENTION_SERVICE        0x1u    /* commands are waiting; then go on */
#define WORKER_ATTENTION_PARK           0x2u    /* put the job aside, reply PARKED */
#define WORKER_ATTENTION_ABORT          0x4u    /* end it, reply ABORTED, reset the context */

struct worker_page {
	uint32_t attention;     /* coprocd sets bits, coprocd clears them */
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
			uint64_t immediate;
			struct worker_operand operand[WORKER_OPERANDS_MAX];
		} run;
	} u;
};

enum worker_outcome {
	WORKER_DONE = 1,        /* the command was carried out, status says how */
	WORKER_PARKED,          /* RUN, CONTINUE: the job waits for CONTINUE or ABORT */
	WORKER_ABORTED,         /* RUN, CONTINUE: ended by ATTENTION_ABORT */
	WORKER_HELLO            /* seq 0, once: struct worker_reply.u.hello */
};

struct worker_reply {
	uint32_t seq;
	uint32_t outcome;       /* enum worker_outcome */
	uint32_t status;        /* enum xencoproc_status */
	uint32_t reserved;
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
