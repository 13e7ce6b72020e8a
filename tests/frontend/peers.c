// SPDX-License-Identifier: MIT
/*
 * Plays a backend, honest or lying, for one guest after the other and prints
 * TAP.  Runs as domain 0 of a loopback world: see peers.sh.  Each case is a new
 * domain that runs frontend-guest with the name of what it expects.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "double.h"

#define CASE_SECONDS 60

struct test {
	struct double_case what;
	const char *guest;      /* what frontend-guest is to expect */
	const char *argument;
};

#define HONEST(name_, guest_) LIES(name_, LIE_NONE, 0, guest_)
#define LIES(name_, lie_, after_, guest_) \
	{ .what = { .name = name_, .lie = lie_, .after = after_ }, .guest = guest_ }
#define FAILS(name_, lie_, error_) \
	{ .what = { .name = name_, .lie = lie_ }, .guest = "open-fails", .argument = error_ }
#define NODES(name_, node_, value_, error_) \
	{ .what = { .name = name_, .lie = LIE_NODES, .node = node_, .value = value_ }, \
	  .guest = "open-fails", .argument = error_ }

static const struct test tests[] = {
	HONEST("honest backend: the whole interface", "whole"),
	HONEST("honest backend: a hundred thousand jobs in flat memory", "flat"),
	HONEST("honest backend: a caller that polls the descriptor", "poll"),
	HONEST("honest backend: a clean close, and the same device again", "again"),
	HONEST("honest backend: opened without waiting", "nowait"),
	HONEST("honest backend: each allocation of the library fails once", "memory"),
	LIES("a completion with another id", LIE_WRONG_ID, 20, "broken"),
	LIES("a completion for a slot that is not live", LIE_DEAD_SLOT, 20, "broken"),
	LIES("a completion for a slot that does not exist", LIE_FAR_SLOT, 20, "broken"),
	LIES("a job that is completed twice", LIE_TWICE, 20, "broken"),
	LIES("a status that does not exist", LIE_STATUS, 20, "broken"),
	LIES("reserved bits in a completion", LIE_RESERVED, 20, "broken"),
	LIES("a completion index beyond the ring", LIE_INDEX, 20, "broken"),
	LIES("a completion index that goes back", LIE_INDEX_BACK, 20, "broken"),
	LIES("an event of a type that does not exist", LIE_EVENT_TYPE, 20, "broken"),
	LIES("an event index beyond the ring", LIE_EVENT_INDEX, 20, "broken"),
	LIES("a backend that restarts in mid-job", LIE_RESTART, 20, "reconnect"),
	LIES("a backend that closes in mid-job", LIE_CLOSING, 20, "reconnect"),
	LIES("a backend that is closed from one moment to the next", LIE_CLOSED, 20, "reconnect"),
	LIES("a backend that dies without a word", LIE_SILENT, 20, "reconnect"),
	LIES("a backend that dies, and a caller that only polls", LIE_SILENT, 20, "poll-lost"),
	LIES("a backend whose state is no state", LIE_GARBAGE_STATE, 20, "reconnect"),
	LIES("a backend that changes its state 200 times", LIE_FLAP, 20, "reconnect"),
	LIES("a backend that writes rubbish everywhere", LIE_SCRIBBLE, 20, "scribble"),
	LIES("a restart that the caller does not want to survive", LIE_RESTART, 20, "stays-lost"),
	LIES("a device that is removed in mid-job", LIE_VANISH, 20, "vanish"),
	LIES("objects that the next backend refuses", LIE_REFUSE_SECOND, 20, "stale"),
	NODES("a backend without a common version", "versions", "7,9", "-EPROTONOSUPPORT"),
	NODES("a number of queues out of range", "max-queues", "4000000000", "-EPROTO"),
	NODES("a negative limit", "max-pages", "-1", "-EPROTO"),
	NODES("a ring order of nothing", "max-ring-order", "", "-EPROTO"),
	NODES("a kind with escape sequences", "kind", "\033[2Jx", "-EPROTO"),
	NODES("a limit of many digits", "max-contexts", "999999999999999999999999999999999999",
	      "-EPROTO"),
	FAILS("a backend that refuses, with a reason", LIE_REFUSE, "-EREMOTEIO"),
	FAILS("a backend that never connects", LIE_NEVER_CONNECT, "-ETIMEDOUT"),
	LIES("a backend that connects and answers nothing", LIE_CONTROL_SILENT, 0, "control-silent"),
	LIES("a backend that keeps pages mapped", LIE_KEEP_MAPPED, 0, "kept"),
	LIES("a backend that never closes", LIE_NEVER_CLOSE, 0, "never-closes"),
	LIES("a storm of notifications", LIE_STORM, 0, "storm"),
	LIES("a flood of events", LIE_EVENT_FLOOD, 0, "flood"),
	LIES("refusals of objects", LIE_DENY, 0, "deny"),
};

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const char *tool(const char *name)
{
	static char path[2][256];
	static int turn;
	const char *b = getenv("B");

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", b ? b : "build", name);
	return path[turn];
}

static pid_t start_guest(const struct test *test, unsigned int domid)
{
	char id[16];
	pid_t pid = fork();

	if (pid)
		return pid;
	snprintf(id, sizeof(id), "%u", domid);
	/* TAP is this program's: what a guest says are remarks. */
	dup2(2, 1);
	execl(tool("bin/coproc-loopback"), "coproc-loopback", "domain", "--domid", id, "--name",
	      "guest", "--", tool("test/frontend-guest"), test->guest, test->argument, NULL);
	perror("coproc-loopback");
	_exit(126);
}

/* The toolstack: it may have to wait until the domain is there. */
static bool attach(unsigned int domid)
{
	char command[400];
	int tries;

	snprintf(command, sizeof(command), "%s --max-class realtime --devid 0 %u test "
		 ">/dev/null 2>&1", tool("bin/coproc-attach"), domid);
	for (tries = 0; tries < 100; tries++) {
		if (system(command) == 0)
			return true;
		usleep(50000);
	}
	return false;
}

/* Serves until the guest ends.  Its exit status, or -1. */
static int serve(struct backend_double *d, pid_t guest)
{
	double end = seconds() + CASE_SECONDS;
	int status;

	while (waitpid(guest, &status, WNOHANG) == 0) {
		if (seconds() > end) {
			fprintf(stderr, "# the guest does not end\n");
			kill(guest, SIGKILL);
			waitpid(guest, &status, 0);
			return -1;
		}
		double_turn(d);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool run_test(const struct test *test, unsigned int domid)
{
	pid_t guest = start_guest(test, domid);
	struct backend_double *d = NULL;
	bool good = false;
	int rc;

	if (attach(domid))
		d = double_new(domid, &test->what);
	else
		fprintf(stderr, "# cannot attach a device\n");
	if (!d) {
		kill(guest, SIGKILL);
		waitpid(guest, NULL, 0);
		return false;
	}
	rc = serve(d, guest);
	good = rc == 0;
	if (!good)
		fprintf(stderr, "# guest %s: exit status %d\n", test->guest, rc);
	if (test->what.lie == LIE_KEEP_MAPPED && double_kept_changed(d)) {
		fprintf(stderr, "# a page that is still mapped was used again\n");
		good = false;
	}
	double_free(d);
	return good;
}

int main(int argc, char **argv)
{
	unsigned int count = sizeof(tests) / sizeof(tests[0]);
	unsigned int i, failed = 0;
	bool good;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%u\n", argc > 1 ? 1 : count);
	for (i = 0; i < count; i++) {
		if (argc > 1 && (unsigned int)atoi(argv[1]) != i + 1)
			continue;
		good = run_test(&tests[i], 10 + i);
		failed += !good;
		printf("%sok %u - %s\n", good ? "" : "not ", argc > 1 ? 1 : i + 1,
		       tests[i].what.name);
	}
	return failed ? 1 : 0;
}
