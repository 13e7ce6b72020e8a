/* SPDX-License-Identifier: MIT */
/*
 * Transports of one call for each message.  In line, so that their calls are
 * direct: an indirect one would count against them.
 */
#ifndef TESTS_BENCH_CONTEST_MESSAGES_H
#define TESTS_BENCH_CONTEST_MESSAGES_H

#include "contest.h"

typedef void contest_receive(struct contest_job *job);
typedef void contest_send(const struct contest_job *job);

static inline __attribute__((always_inline)) void
messages_serve(const struct contest_cell *cell, contest_receive *receive, contest_send *send_)
{
	struct contest_job job;

	for (unsigned int done = 0; done < cell->jobs; done++) {
		receive(&job);
		contest_serve_one(&job, cell);
		send_(&job);
	}
}

static inline __attribute__((always_inline)) void
messages_drive(const struct contest_cell *cell, contest_receive *receive, contest_send *send_)
{
	unsigned int sent = 0, done = 0;
	struct contest_job job;

	while (done < cell->jobs) {
		for (; sent < cell->jobs && sent - done < cell->depth; sent++) {
			contest_fill(&job, sent);
			send_(&job);
		}
		receive(&job);
		contest_check(&job, done++);
	}
}

#endif /* TESTS_BENCH_CONTEST_MESSAGES_H */
