/* SPDX-License-Identifier: MIT */
/*
 * What a trace tells once it is put together: who had the core from when to
 * when, how each job went, what the changes cost.
 */
#ifndef DEMO_STORY_H
#define DEMO_STORY_H

#include <stddef.h>
#include <stdint.h>

#include "demo/trace.h"

/* A stretch of time in which one job had the core. */
struct stretch {
	double begin, end;	/* microseconds from the trace's first line */
	uint32_t job;		/* index in jobs */
	enum { ENDED, PARKED, CUT } how;	/* CUT: its engine process ended */
};

struct told_job {
	uint32_t dom, dev, queue, ctx;
	uint64_t id;
	char class[12];
	char status[20];	/* empty: the trace has no end of it */
	double accept, start, end;	/* start < 0: never, end < 0: not told */
	double waited_us, ran_us;
	uint32_t parks;
	int running;		/* index of the open stretch + 1, while told */
};

/* Changes of the core's owner, scrubs, starts and ends of engine processes. */
struct mark {
	enum trace_kind kind;
	double t;
	uint32_t dom, from, to;
	double us;
	uint64_t bytes, resident, nonzero;
	char what[12];
};

struct story {
	struct stretch *stretches;
	struct told_job *jobs;
	struct mark *marks;
	size_t stretch_count, job_count, mark_count;
	size_t stretch_room, job_room, mark_room;
	uint32_t *open;		/* jobs without an end, by their index */
	size_t open_count, open_room;
	double origin;		/* t_us of the first line */
	double end;		/* of the last, from the first */
	uint32_t doms[16];	/* in the order in which they appear */
	size_t dom_count;
	size_t bad_lines;	/* could not be parsed */
	size_t odd_lines;	/* contradict what was told before */
};

/**
 * story_read() - a whole trace
 *
 * Return: 0, or -1 after a line on standard error.
 */
int story_read(struct story *story, const char *path);

/* One line more; 0 or -1 when memory is short. */
int story_add(struct story *story, const struct trace_line *line);
/* What is still open ends with the trace. */
void story_finish(struct story *story);
void story_free(struct story *story);

/* Per domain, for tables. */
struct told_sum {
	size_t jobs, ok, late, other, unfinished;
	size_t parks;
	double busy_us;
	double wait_p50, wait_p99, wait_max;	/* of jobs that started */
	size_t switches_to;
	double switch_us, switch_max;
};

/**
 * story_sum() - of one domain
 * @from, @to: only jobs accepted, and time and changes, within (microseconds)
 *
 * Return: 0, or -1 when memory is short.
 */
int story_sum(const struct story *story, uint32_t dom, double from, double to,
	      struct told_sum *sum);

/* A domain's name as the command line gave it ("7=audio"), or "dom7". */
#define STORY_NAMES_MAX	16
struct story_names {
	uint32_t dom[STORY_NAMES_MAX];
	const char *name[STORY_NAMES_MAX];
	size_t count;
};

int story_name_add(struct story_names *names, const char *argument);
const char *story_name(const struct story_names *names, uint32_t dom);

#endif /* DEMO_STORY_H */
