/* SPDX-License-Identifier: MIT */
/*
 * What both guests of the demo do alike: open the coprocessor, load their
 * firmware, keep a record of each job, and write the records down.
 */
#ifndef DEMO_GUEST_H
#define DEMO_GUEST_H

#include <stdint.h>

#include "frontend/user/coproc.h"

/* One job, as the guest saw it. */
struct record {
	uint64_t job;		/* the library's number */
	uint32_t index;		/* frame or tile */
	uint32_t start_limit_us;
	uint64_t submit_ns;	/* CLOCK_MONOTONIC */
	uint64_t complete_ns;
	uint64_t result;
	uint32_t waited_us;	/* by the backend's word */
	uint32_t ran_us;
	uint16_t status;	/* enum xencoproc_status */
	uint16_t flags;		/* XENCOPROC_CQE_F_* */
	uint32_t done;		/* 0: no completion yet */
};

struct guest {
	const char *name;
	struct coproc_device *device;
	struct coproc_firmware *firmware;
	struct coproc_context *context;
	struct coproc_queue *queue;
	struct record *records;		/* one for each frame or tile */
	uint32_t count;
};

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t guest_now(void);

/**
 * guest_open() - connect and make ready
 * @name: of the guest, for messages
 * @firmware: path of the image
 * @qclass: enum xencoproc_class of the one queue
 * @count: jobs that there will be
 *
 * Does not return on failure: says what failed and exits with 1.
 */
void guest_open(struct guest *guest, const char *name, const char *firmware,
		unsigned int qclass, uint32_t count);

/* A buffer, or the end of the program. */
struct coproc_buffer *guest_buffer(struct guest *guest, size_t bytes, uint32_t access);

/**
 * guest_submit() - one job on two operands, recorded
 * @index: its record; also what the completion brings back as cookie
 *
 * Return: 0, or -EAGAIN when the queue has no room.  Any other failure ends
 * the program.
 */
int guest_submit(struct guest *guest, uint32_t index, uint64_t immediate,
		 const struct coproc_piece pieces[2], uint32_t start_limit_us);

/**
 * guest_collect() - take the completions that are there
 * @taken: called with each record once it is complete
 *
 * Return: how many.
 */
unsigned int guest_collect(struct guest *guest, void (*taken)(void *arg, struct record *record),
			   void *arg);

/**
 * guest_close() - end the connection, write the records
 * @stats: path of the JSON file
 *
 * Return: exit status for main(): 0 if the file was written and the backend let go.
 */
int guest_close(struct guest *guest, const char *stats);

#endif /* DEMO_GUEST_H */
