// SPDX-License-Identifier: MIT
/*
 * coproc-conform: plays one side of coprocif against any implementation of the
 * other, and says for each rule whether it held (man page coproc-conform(1)).
 */
#include <stdio.h>
#include <string.h>

#include "conform.h"
#include "report.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *about;
} peers[] = {
	{ "backend", conform_backend, "plays a frontend against a backend" },
	{ "frontend", conform_frontend, "plays a backend against a frontend" },
};

#define PEERS   (sizeof(peers) / sizeof(peers[0]))

static void usage(FILE *out)
{
	fputs("usage: coproc-conform PEER [OPTION...]\n"
	      "Tries whether PEER, an implementation of coprocif, keeps the protocol's rules.\n", out);
	for (size_t i = 0; i < PEERS; i++)
		if (peers[i].run)
			fprintf(out, "  %-14s %s\n", peers[i].name, peers[i].about);
	fputs("coproc-conform PEER --help tells the options.\n"
	      "Ends with 0: all passed, 1: some failed, 2: usage, 3: could not connect.\n", out);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "--help")) {
		usage(stdout);
		return REPORT_PASSED;
	}
	if (!strcmp(what, "--version")) {
		puts("coproc-conform " XENCOPROC_VERSION);
		return REPORT_PASSED;
	}
	for (size_t i = 0; i < PEERS; i++)
		if (peers[i].run && !strcmp(what, peers[i].name))
			return peers[i].run(argc - 1, argv + 1);
	usage(stderr);
	return REPORT_USAGE;
}
