/* SPDX-License-Identifier: MIT */
/* What the files that play worker processes share: descriptors.c, process.c, engine.c. */
#ifndef TESTS_FUZZ_RIM_PROCESS_H
#define TESTS_FUZZ_RIM_PROCESS_H

#include "../fuzz.h"
#include "backend/worker.h"
#include "rim.h"

#define COMMANDS        200u            /* of one process, not taken yet */
#define REPLIES         256u
#define NEVER           UINT64_MAX

/* Of a command what the answer needs. */
struct order {
	uint32_t type, seq, object, other, operands;
	uint64_t immediate;
	uint16_t buffer[WORKER_OPERANDS_MAX];
};

struct reply {
	size_t size;
	struct worker_reply r;
};

struct rim_process {
	uint32_t domain;
	bool alive, reaped, stopped, hung_up, honest;
	int code, status;
	struct worker_page *page;
	uint32_t first, count;          /* orders not taken yet */
	uint32_t reply_first, reply_count;
	/* what an honest engine knows */
	bool context[WORKER_CONTEXTS_MAX], firmware[WORKER_FIRMWARE_MAX];
	bool buffer[WORKER_BUFFERS_MAX];
	struct order *parked[WORKER_CONTEXTS_MAX];
	uint64_t left[WORKER_CONTEXTS_MAX];     /* of a parked job, nanoseconds */
	uint32_t mapped;                /* pages told of the buffer under way */
	bool greeted, running;
	struct order job;
	uint64_t ends;
	struct order orders[COMMANDS];  /* from here on not cleared */
	struct reply replies[REPLIES];
};

extern struct rim_process *rim_processes[];
extern uint32_t rim_process_count;

/* It is not played honestly any more: what engines rest on is not asked for it. */
void rim_process_distrust(struct rim_process *p);

/* ---- descriptors.c ---- */

/* Whether this call for a descriptor is to fail; then errno is set. */
bool rim_refused(void);
/* Counts it where it is one, and returns it. */
int rim_opened(int fd);
void rim_descriptors_reset(void);
extern void *rim_last_page;             /* that was mapped */

#endif /* TESTS_FUZZ_RIM_PROCESS_H */
