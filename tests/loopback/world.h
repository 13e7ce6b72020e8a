/* SPDX-License-Identifier: MIT */
/* Test programs that run inside a loopback world, with guests that obey. */
#ifndef TESTS_LOOPBACK_WORLD_H
#define TESTS_LOOPBACK_WORLD_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "tests/unit/tap.h"

struct guest {
	pid_t pid;		/* of its coproc-loopback domain, or of itself in domain 0 */
	int domid;
	FILE *in, *out;
	char line[65536];	/* its last answer */
};

/* Runs @suite inside a world, starting one around itself if need be. */
int world_main(char **argv, Suite *(*suite)(void));

/* Starts a guest in domain @domid, 0 for domain 0 itself. */
struct guest *guest_start(int domid);
/* Tells it something and returns its answer, "" if it is gone. */
const char *tell(struct guest *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, and the test fails unless the answer is "ok N"; returns N. */
long tell_ok(struct guest *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, and the test fails unless the answer is exactly @want. */
#define expect(g, want, ...) do { \
	const char *a_ = tell(g, __VA_ARGS__); \
	ck_assert_msg(!strcmp(a_, want), "'%s' where '%s' was expected", a_, want); \
} while (0)
/* SIGKILL to its main process's domain (or itself, in domain 0), and reaps it. */
void guest_kill(struct guest *g);
/* Ends it in good order. */
void guest_end(struct guest *g);

struct counts { int handles, grants, mapped, ports; };
/* What a domain holds now; false if there is no such domain. */
bool stats_of(int domid, struct counts *c);
/* Waits until @domid holds exactly that, the test fails if it never does. */
void wait_for(int domid, const struct counts *want);
/* The same for a domain that is to vanish. */
void wait_gone(int domid);

/* Fixture: domain 0's counts before, and the same after, with no guest left. */
void world_before(void);
void world_after(void);

#endif
