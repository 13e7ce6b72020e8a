// SPDX-License-Identifier: MIT
/* coproc-loopback list and stats. */
#include "loopback/cli.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "loopback/lib/client.h"
#include "loopback/loop.h"

#define BATCH 256u

struct rep {
	struct lb_rep h;
	struct lb_stats dom[BATCH];
};

static int fetch(int sock, uint32_t first, struct rep *rep)
{
	struct lb_req req = { LB_OP_STATS, { first, 0, 0 } };
	struct iovec iov = { &req, sizeof(req) };
	struct lb_call call = { .req = &iov, .nreq = 1, .rep = rep, .rep_size = sizeof(*rep) };

	if (lb_call(sock, &call) < 0)
		return -1;
	if (call.rep_len != sizeof(rep->h) + rep->h.value * sizeof(rep->dom[0])) {
		errno = EPROTO;
		return -1;
	}
	return (int)rep->h.value;
}

/* Names may hold anything but '/'. */
static void json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			printf("\\u%04x", (unsigned int)(unsigned char)*s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void show_json(const struct lb_stats *s, bool stats, bool first)
{
	printf("%s\n  {\"domid\": %u, \"name\": ", first ? "" : ",", s->domid);
	json_string(s->name);
	printf(", \"state\": \"%s\", \"pid\": %u", s->dying ? "dying" : "running", s->pid);
	if (stats)
		printf(", \"handles\": %u, \"grants\": %u, \"mapped\": %u, \"ports\": %u",
		       s->handles, s->grants, s->mapped, s->ports);
	putchar('}');
}

static void show_line(const struct lb_stats *s, bool stats)
{
	if (stats)
		printf("%5u %-20s %8u %8u %8u %8u\n", s->domid, s->name, s->handles, s->grants,
		       s->mapped, s->ports);
	else
		printf("%5u %-20s %s\n", s->domid, s->name, s->dying ? "dying" : "running");
}

static int show_all(int sock, bool stats, bool json)
{
	static struct rep rep;
	uint32_t next = 0;
	bool first = true;
	int n, i;

	if (json)
		printf("[");
	else if (stats)
		printf("domid %-20s %8s %8s %8s %8s\n", "name", "handles", "grants", "mapped", "ports");
	else
		printf("domid %-20s state\n", "name");
	while ((n = fetch(sock, next, &rep)) > 0)
		for (i = 0; i < n; i++, first = false) {
			rep.dom[i].name[LB_NAME_MAX - 1] = 0;
			if (json)
				show_json(&rep.dom[i], stats, first);
			else
				show_line(&rep.dom[i], stats);
			next = rep.dom[i].domid + 1;
		}
	if (json)
		printf("\n]\n");
	return n < 0 || fflush(stdout) ? -1 : 0;
}

int lb_cli_list(int argc, char **argv)
{
	bool stats = !strcmp(argv[0], "stats"), json = argc == 2 && !strcmp(argv[1], "--json");
	int sock;

	if (argc > 1 && !json) {
		lb_log("%s: only --json is understood, not '%s'", argv[0], argv[1]);
		return LB_EXIT_USAGE;
	}
	sock = lb_cli_connect();
	if (sock < 0)
		return LB_EXIT_FAILED;
	if (show_all(sock, stats, json) < 0) {
		lb_log("%s: %s", argv[0], errno == EPERM ? "only domain 0 may" : strerror(errno));
		return LB_EXIT_FAILED;
	}
	return 0;
}
