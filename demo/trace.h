/* SPDX-License-Identifier: MIT */
/*
 * coprocd's trace as it is written: one JSON object a line.
 *
 *	accept, start, park, continue, end	of a job
 *	switch		the coprocessor went from one domain to another
 *	scrub		memory of a domain was given back and read as zero
 *	worker		a domain's engine process has started or ended
 *
 * Lines of other kinds are passed over, so that a newer coprocd can be read.
 */
#ifndef DEMO_TRACE_H
#define DEMO_TRACE_H

#include <stdint.h>
#include <stdio.h>

enum trace_kind {
	TRACE_OTHER,
	TRACE_ACCEPT,
	TRACE_START,
	TRACE_PARK,
	TRACE_CONTINUE,
	TRACE_END,
	TRACE_SWITCH,
	TRACE_SCRUB,
	TRACE_WORKER
};

struct trace_line {
	enum trace_kind kind;
	double t_us;
	uint32_t dom, dev;
	/* jobs */
	uint32_t queue, ctx;
	uint64_t job;
	char class[12];
	char status[20];	/* end */
	double waited_us;	/* end */
	double us;		/* end: ran; switch, scrub: cost */
	/* switch */
	uint32_t from, to;
	/* scrub */
	uint64_t bytes, resident, nonzero;
	/* worker */
	char what[12];
};

/**
 * trace_parse() - one line
 *
 * Return: 0, or -1 when it is no JSON object with a time, as the last line of a
 * trace may be that is being written.
 */
int trace_parse(const char *string, struct trace_line *line);

/* A trace that grows while it is read. */
struct trace_reader {
	FILE *file;
	char *text;
	size_t used, room;
};

/**
 * trace_next() - the next whole line
 *
 * Return: 1 with @line filled; 0 when there is no whole line yet; -1 when a
 * line is not to be understood, which is passed over.
 */
int trace_next(struct trace_reader *reader, struct trace_line *line);
void trace_reader_close(struct trace_reader *reader);

#endif /* DEMO_TRACE_H */
