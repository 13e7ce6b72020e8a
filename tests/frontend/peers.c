// SPDX-License-Identifier: MIT
/*
 * libcoproc's interface against backends of all sorts: each case is a new domain
 * that runs frontend-guest with the name of what it expects.  Runs as domain 0
 * of a loopback world: see peers.sh.
 *
 * The backend is the one that coproc-conform plays; that tool shows that rules
 * are kept, this one what the library's callers see of it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peers.h"

#define CASE_SECONDS    180     /* a busy machine, and sanitizers */

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

/* Serves until the guest ends.  Its exit status, or -1. */
static int serve(struct played *p, pid_t guest)
{
	uint64_t end = played_now() + CASE_SECONDS * 1000000ull;
	int status;

	while (waitpid(guest, &status, WNOHANG) == 0) {
		if (played_now() > end) {
			fprintf(stderr, "# the guest does not end\n");
			kill(guest, SIGKILL);
			waitpid(guest, &status, 0);
			return -1;
		}
		played_turn(p, 2, -1);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool judge(struct played *p, const struct test *test, int rc)
{
	unsigned int i;
	bool good = rc == 0;

	if (!good)
		fprintf(stderr, "# guest %s: exit status %d\n", test->guest, rc);
	if (test->after_close)
		watch_kept(p);
	/* A backend that writes rubbish cannot say what is the frontend's fault; nor
	 * can a frontend that may not even wait give its pages back in order. */
	for (i = 0; i < p->nfaults && !test->rubbish && !test->fails; i++) {
		fprintf(stderr, "# %s: %s\n", p->fault[i].rule, p->fault[i].text);
		good = false;
	}
	return good;
}

static bool run_test(const struct test *test, unsigned int domid)
{
	struct play play = { .test = test, .seed = domid };
	pid_t guest = start_guest(test, domid);
	struct played *p = played_open(domid, 0);
	bool good = false;

	if (p && (test->no_device || played_reset(p))) {
		p->in_case = test->guest;
		p->note = &play;
		p->hook = peers_honest;
		p->each_turn = test->no_device ? NULL : peers_each_turn;
		if (test->setup)
			test->setup(p);
		good = judge(p, test, serve(p, guest));
	} else {
		kill(guest, SIGKILL);
		waitpid(guest, NULL, 0);
	}
	played_close(p);
	return good;
}

int main(int argc, char **argv)
{
	unsigned int count = peers_test_count, i, failed = 0;
	bool good;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%u\n", argc > 1 ? 1 : count);
	for (i = 0; i < count; i++) {
		if (argc > 1 && (unsigned int)atoi(argv[1]) != i + 1)
			continue;
		/* Some look at a moment that a busy machine moves: what is wrong is
		 * wrong twice. */
		good = run_test(&peers_tests[i], 10 + i) || run_test(&peers_tests[i], 10 + count + i);
		failed += !good;
		printf("%sok %u - %s\n", good ? "" : "not ", argc > 1 ? 1 : i + 1, peers_tests[i].name);
	}
	return failed ? 1 : 0;
}
