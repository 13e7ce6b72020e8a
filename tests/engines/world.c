/* SPDX-License-Identifier: MIT */
#include "tests/engines/world.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xengnttab.h>

#include "tests/engines/play.h"
#include "tests/unit/tap.h"

struct world_domain world_own, world_other;
uint8_t *world_pages;

/* What has to be ended when the suite is over. */
static struct {
	pid_t pid;
	FILE *in;
} domains[2];

static void read_refs(FILE *f, uint32_t *refs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (fscanf(f, "%u", &refs[i]) == 1)
			continue;
		fprintf(stderr, "a domain did not share its pages\n");
		exit(1);
	}
}

static void exec_domain(uint32_t domid, int in, int out)
{
	char program[512], loopback[512], number[3][16];

	snprintf(program, sizeof(program), "%s", play_path("test", "engine-guest", ""));
	snprintf(loopback, sizeof(loopback), "%s", play_path("bin", "coproc-loopback", ""));
	snprintf(number[0], sizeof(number[0]), "%u", domid);
	snprintf(number[1], sizeof(number[1]), "%u", WORLD_WRITABLE);
	snprintf(number[2], sizeof(number[2]), "%u", WORLD_READONLY);
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execl(loopback, loopback, "domain", "--domid", number[0], "--", program, number[1],
		      number[2], (char *)NULL);
	_exit(127);
}

static void start_domain(int index, uint32_t domid, struct world_domain *d)
{
	int in[2], out[2];
	char word[16];
	FILE *f;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) {
		perror("pipe");
		exit(1);
	}
	domains[index].pid = fork();
	if (domains[index].pid == 0)
		exec_domain(domid, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	domains[index].in = fdopen(in[1], "w");
	f = fdopen(out[0], "r");
	read_refs(f, d->writable, WORLD_WRITABLE);
	read_refs(f, d->readonly, WORLD_READONLY);
	/* The pages are filled when it says so. */
	if (fscanf(f, "%15s", word) != 1 || strcmp(word, "filled")) {
		fprintf(stderr, "domain %u has ended\n", domid);
		exit(1);
	}
}

static void map_own_view(void)
{
	xengnttab_handle *xgt = xengnttab_open(NULL, 0);

	world_pages = xgt ? xengnttab_map_domain_grant_refs(xgt, WORLD_WRITABLE, WORLD_DOMID,
							    world_own.writable,
							    PROT_READ | PROT_WRITE) : NULL;
	if (!world_pages) {
		perror("the world's pages");
		exit(1);
	}
}

int world_main(int argc, char **argv, Suite *(*suite)(void))
{
	const char *loopback = play_path("bin", "coproc-loopback", "");
	int rc;

	if (!getenv("COPROC_LOOPBACK_SOCKET")) {
		execl(loopback, loopback, "run", "--", argv[0], (char *)NULL);
		perror(loopback);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	start_domain(0, WORLD_DOMID, &world_own);
	start_domain(1, WORLD_OTHER, &world_other);
	map_own_view();
	rc = tap_main(suite());
	for (int i = 0; i < 2; i++) {
		fclose(domains[i].in);
		waitpid(domains[i].pid, NULL, 0);
	}
	return rc;
}
