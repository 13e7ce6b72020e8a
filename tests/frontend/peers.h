/* SPDX-License-Identifier: MIT */
/*
 *   peers.c             runs the cases
 *   peers-cases.c       what they are, and what each backend does wrong
 *   peers-backend.c     what all backends do: jobs as its head says
 *   peers-moments.c     what the guest wishes, at the moment that it names
 */
#ifndef TESTS_FRONTEND_PEERS_H
#define TESTS_FRONTEND_PEERS_H

#include "tests/conformance/frontend.h"

/* ---- peers-cases.c ---- */

struct test {
	const char *name;
	const char *guest;              /* what frontend-guest is to expect */
	const char *argument;
	void (*setup)(struct played *p);
	played_hook *lie;               /* in the place of the answer to a job */
	bool after_close;               /* what is kept mapped must not change */
	bool fails;                     /* the frontend's own surroundings do */
	bool no_device;
	bool rubbish;                   /* is written: no fault is the frontend's for certain */
};

extern const struct test peers_tests[];
extern const unsigned int peers_test_count;

/* ---- peers-backend.c ---- */

/* What one case has. */
struct play {
	const struct test *test;
	unsigned int jobs;
	bool lied;
	unsigned int successor_in;      /* turns */
	bool until_called;      /* it stays away until the guest calls for it */
	unsigned int flaps;
	bool flapping;
	uint64_t seed;
	uint64_t next;          /* when it scribbles again, microseconds */
};

/* A job; whether it was none of entry 1, which the played backend answers itself. */
played_hook peers_run;
/* The same of any request, until the case's lie is due. */
played_hook peers_honest;
/* The backend that follows another. */
void peers_successor(struct played *p);
/* Gone, and comes back when the guest calls for it. */
void peers_away(struct played *p);
void peers_each_turn(struct played *p);

/* ---- peers-moments.c ---- */

/*
 * Does what the guest wishes, once, in its node `wish`: SERIAL ACTION OP N: at the
 * N-th request of this operation.  The question for the weight always makes it go.
 */
played_hook peers_obey;

#endif /* TESTS_FRONTEND_PEERS_H */
