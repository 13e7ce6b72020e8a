/* SPDX-License-Identifier: MIT */
/*
 * The cases that try a backend.  Each section is a table in a file of its own.
 */
#ifndef TESTS_CONFORMANCE_BACKEND_H
#define TESTS_CONFORMANCE_BACKEND_H

#include "backend-peer.h"

/* Entry points of the program that jobs run (coproc-conform(1)). */
enum entry {
	P_END,          /* ends; the result is the immediate */
	P_SPIN,         /* runs so many steps */
	P_COPY,         /* copies operand 0 to operand 1 */
	P_FAIL,         /* FAILED with the immediate as its code */
	P_FAULT,        /* stores to the coprocessor's address that the immediate is */
	P_KEEP,         /* the result is what the job before left in local memory, 0 at first */
	P_WRITE,        /* stores a byte into operand 0, whatever the operand's access */
	P_BEHIND,       /* reads four bytes so far behind operand 0 */
	P_ENTRIES
};

struct bench {
	struct peer peer;
	struct report *report;
	unsigned int first, last;       /* devices */
	const uint8_t *image;           /* NULL: no program */
	uint32_t image_length;
	uint8_t digest[32];
	uint32_t kind;
	unsigned int entries;           /* bits of enum entry that the program has */
	uint64_t steps_per_ms;          /* of P_SPIN; measured */
	const char *vectors;            /* directory, or NULL */
	const char *toolstack;          /* command, or NULL */
	const char *provoke;            /* command, or NULL */
};

enum need {
	CONNECTED       = 1,    /* the case gets a connection, and it is ended after it */
	PROGRAM         = 2,    /* firmware 0, contexts 0 to 2, queue 1 (normal); buffer 0 is the image's */
};

#define NEEDS(entry)    (CONNECTED | PROGRAM | 0x100u << (entry))

struct conform_case {
	const char *name;
	const char *rules;
	unsigned int needs;
	void (*run)(struct bench *b);
};

/* Each ends with an entry without a name. */
extern const struct conform_case store_cases[], life_cases[], ring_cases[], queue_cases[],
	check_cases[], object_cases[], job_cases[], operand_cases[], limit_cases[], time_cases[], class_cases[], event_cases[],
	hostile_cases[], provoked_cases[];

/* Begins a case, connected and with the program if it needs that.  False: it
 * is not to be run, cannot be, or failed already. */
bool bench_begin(struct bench *b, const char *name, const char *rules, unsigned int needs);
void bench_end(struct bench *b, unsigned int needs);

/* What needs names, connected: firmware, contexts, queue 1.  Return: whether
 * it is there; a failure has been reported. */
bool bench_program(struct bench *b);
/* Connects, one NOP, disconnects: what must be true after every attack. */
bool bench_serves(struct bench *b);
/* Steps of P_SPIN that take about so long. */
uint64_t bench_steps(const struct bench *b, uint64_t us);
#define FOREVER         0xffffffffu
/* What a completion says of a job: its status, and whether it started. */
bool bench_said(struct bench *b, const struct asked *a, unsigned int status, unsigned int started, const char *what);
/* Cancels a job of @context in queue 1 after it started (P_SPIN).  Whether that
 * could be had; a failure has been reported. */
bool bench_cancel_running(struct bench *b, uint32_t context);
/* Runs "COMMAND NODE VALUE": the toolstack writes a node of the backend's directory. */
bool bench_toolstack(struct bench *b, const char *node, const char *value);

#endif /* TESTS_CONFORMANCE_BACKEND_H */
