/* SPDX-License-Identifier: MIT */
/*
 * coproc-run's parts: options, files, figures, report.  It is a program like
 * any other: it uses libcoproc through its public header only.
 */
#ifndef COPROC_USER_RUN_H
#define COPROC_USER_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "frontend/user/coproc.h"

/* Exit statuses, documented in coproc-run(1). */
enum run_exit {
	RUN_OK          = 0,
	RUN_JOB_FAILED  = 1,
	RUN_USAGE       = 2,
	RUN_NO_DEVICE   = 3,
	RUN_TIMEOUT     = 4,
	RUN_LOST        = 5,
	RUN_FILE        = 6,
	RUN_SIGNAL      = 128   /* plus the signal's number */
};

enum run_length {
	RUN_LENGTH_SAME,        /* as long as the input piece */
	RUN_LENGTH_RESULT,      /* the job's result says */
	RUN_LENGTH_FIXED        /* output_length */
};

struct run_options {
	int index;
	const char *name;
	const char *firmware;
	const char *input;      /* NULL: none */
	const char *output;     /* NULL: none; "-": standard output */
	unsigned int kind;
	uint32_t entry;
	unsigned int qclass;
	uint64_t jobs;          /* 0: by the input */
	uint32_t chunk;         /* 0: by jobs, or all in one */
	uint64_t immediate;
	unsigned int in_flight;
	double timeout;         /* seconds, 0: none */
	uint32_t run_limit_us;
	uint32_t start_limit_us;
	uint8_t priority;
	uint32_t output_size;   /* 0: as the input piece */
	enum run_length length;
	uint32_t output_length;
	bool json;
	bool quiet;
	bool keep_going;
	bool list;
};

/**
 * run_options_parse() - the command line
 * @exit_status: set when the program is to end now
 *
 * Return: whether to go on.
 */
bool run_options_parse(struct run_options *options, int argc, char **argv, int *exit_status);

/* ---- input ---- */

struct run_input {
	char *data;             /* mapped or read, NULL if empty */
	size_t size;
	bool mapped;
};

/* 0, or -errno; @path "-" is standard input. */
int run_input_open(struct run_input *input, const char *path);
void run_input_close(struct run_input *input);

/* ---- figures ---- */

#define RUN_BUCKETS     1024u

/* Times in microseconds, exact below 32 and within 3.2 % above. */
struct run_times {
	uint64_t bucket[RUN_BUCKETS];
	uint64_t count;
	uint64_t max;
};

void run_times_add(struct run_times *times, uint64_t us);
/* The smallest time that @percent of all do not exceed; 0 if there is none. */
uint64_t run_times_at(const struct run_times *times, double percent);

#define RUN_STATUSES    32u

struct run_figures {
	uint64_t total;         /* jobs that there are to run */
	uint64_t status[RUN_STATUSES];
	uint64_t ended;
	uint64_t bytes_in;
	uint64_t bytes_out;
	double seconds;
	struct run_times waited;
	struct run_times ran;
	struct coproc_stats device;
};

void run_figures_add(struct run_figures *figures, const struct coproc_done *done);

/* ---- cutting the input into jobs ---- */

struct run_plan {
	uint64_t jobs;
	uint32_t piece;         /* input bytes of a job, the last may have fewer */
	uint32_t capacity;      /* output bytes of a job */
};

/*
 * What jobs there are.  NULL, or why not, as a sentence.
 */
const char *run_plan_make(struct run_plan *plan, const struct run_options *options,
			  size_t input_size);
/* Input bytes of job @n, and where they begin. */
uint32_t run_plan_piece(const struct run_plan *plan, size_t input_size, uint64_t n,
			size_t *offset);
/* Output bytes of job @n by its completion; never more than the capacity. */
uint32_t run_plan_output(const struct run_plan *plan, const struct run_options *options,
			 uint32_t piece, const struct coproc_done *done);

/* ---- report ---- */

void run_report(const struct run_figures *figures, const struct run_options *options,
		const struct coproc_info *info);
int run_report_json(const struct run_figures *figures, const struct run_options *options,
		    const struct coproc_info *info, FILE *out);
void run_progress(const struct run_figures *figures, double since);
void run_progress_clear(void);
int run_list(bool json);

/* "coproc-run: " and a message with what can be done. */
void run_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* COPROC_USER_RUN_H */
