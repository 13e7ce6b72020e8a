/* SPDX-License-Identifier: MIT */
/*
 * Transports that carry the same job between two processes, so that they can
 * be compared.  A job is eight words, a reply as many: the first is the job's
 * number, the second of the reply bench_answer() of it.
 */
#ifndef TESTS_BENCH_CONTEST_H
#define TESTS_BENCH_CONTEST_H

#include <stdint.h>

#define CONTEST_DEPTH_MAX       256u
#define CONTEST_BATCH           128u    /* replies held back at most, to jobs that take no time */

struct contest_job {
	uint64_t word[8];
};

/* What is to be done. */
struct contest_cell {
	unsigned int depth;             /* jobs in flight at once, at most */
	unsigned int length_us;         /* of a job: it uses the backend's processor */
	unsigned int jobs;
};

/* How many replies a backend may hold back: none when jobs take time. */
static inline unsigned int contest_batch(const struct contest_cell *cell)
{
	return cell->length_us ? 1 : CONTEST_BATCH;
}

/* A transport.  State is its own: one run at a time. */
struct contestant {
	const char *name;
	void (*open)(void);             /* before the backend's process is made */
	void (*attach)(void);           /* in the backend's process */
	void (*serve)(const struct contest_cell *cell);         /* there: all jobs */
	void (*drive)(const struct contest_cell *cell);         /* frontend: all jobs */
	void (*close)(void);            /* frontend, when the backend's process has ended */
};

extern const struct contestant contest_ring, contest_queue, contest_checked, contest_ring_h,
	contest_vchan, contest_vchan_batched, contest_pipe;

/* ---- for the transports ---- */

/* A job of that number, and its reply, in place. */
void contest_fill(struct contest_job *job, uint64_t number);
void contest_serve_one(struct contest_job *job, const struct contest_cell *cell);

/* Ends the program unless it is the reply to job @number. */
void contest_check(const struct contest_job *reply, uint64_t number);

/* Notifications sent by this process since it began. */
uint64_t contest_notifies(void);

/* Pages shared by grants and a pair of event channels, through Xen's libraries. */
struct contest_link {
	void *pages;
	int port;
};

/* Frontend: domain 0 grants itself @count pages, zeroed, one after another. */
void link_open(struct contest_link *link, unsigned int count);
/* Backend, in its own process: the same pages mapped, the channel bound. */
void link_attach(struct contest_link *link);
void link_notify(struct contest_link *link);
/* Sleep until the other side notifies. */
void link_wait(struct contest_link *link);
void link_close(struct contest_link *link);

#endif /* TESTS_BENCH_CONTEST_H */
