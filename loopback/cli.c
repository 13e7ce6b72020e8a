// SPDX-License-Identifier: MIT
/* coproc-loopback: worlds, domains and what they hold. */
#include "loopback/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loopback/launch.h"
#include "loopback/lib/client.h"

#ifndef XENCOPROC_VERSION
#define XENCOPROC_VERSION "unreleased"
#endif

static const char usage[] =
"Usage: coproc-loopback run [OPTION]... [--] COMMAND [ARG]...\n"
"       coproc-loopback domain [OPTION]... [--] COMMAND [ARG]...\n"
"       coproc-loopback list | stats [--json]\n"
"       coproc-loopback destroy DOMID\n"
"       coproc-loopback xenstored\n"
"\n"
"Xen's library interfaces on plain Linux.  'run' starts a world and runs COMMAND\n"
"as its domain 0; the world ends with it.  The others are for commands inside a\n"
"world, in domain 0.\n"
"\n"
"run:\n"
"  --xenstored PATH    the xenstored to use (default: Debian's)\n"
"  --max-grants N      grant table entries of each domain (default 65536)\n"
"  --max-ports N       event channels of each domain (default 1024)\n"
"  --max-maps N        foreign pages that each domain may map (default 524288)\n"
"domain: runs COMMAND as a new domain and exits with its status\n"
"  --name NAME         its name (default dom<DOMID>)\n"
"  --domid N           its number (default: the next free one)\n"
"  --detach            print the number and return; the domain lives on\n"
"  --user USER[:GROUP] run COMMAND as that user (worlds started by root)\n"
"list, stats:          domains; and the handles, grants, mapped pages and event\n"
"                      channels that they hold\n"
"destroy:              kill a domain\n"
"xenstored:            start xenstored again, empty, after it has died\n"
"\n"
"  --help, --version\n"
"\n"
"Exit status: the command's (128 + N when signal N ended it), 125 if coproc-loopback\n"
"itself failed, 126 and 127 if COMMAND could not be run or found, 2 for wrong usage.\n";

long lb_cli_number(const char *text, long min, long max, const char *what)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < min || v > max) {
		lb_log("%s must be a number from %ld to %ld, not '%s'", what, min, max, text);
		return -1;
	}
	return v;
}

int lb_cli_connect(void)
{
	int sock = lb_connect(1);

	if (sock < 0)
		lb_log("no world here (%m): this works inside 'coproc-loopback run', in domain 0");
	return sock;
}

int lb_cli_run(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "xenstored", required_argument, NULL, 'x' },
		{ "max-grants", required_argument, NULL, 'g' },
		{ "max-ports", required_argument, NULL, 'p' },
		{ "max-maps", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	struct lb_config cfg = { .max_grants = 65536, .max_ports = 1024,
				 .max_maps = 524288 };
	const char *xenstored = NULL;
	long v = 0;
	int o;

	while ((o = getopt_long(argc, argv, "+", opts, NULL)) != -1) {
		if (o == 'x')
			xenstored = optarg;
		else if (o == 'g')
			cfg.max_grants = (uint32_t)(v = lb_cli_number(optarg, 64, 1 << 20, "--max-grants"));
		else if (o == 'p')
			cfg.max_ports = (uint32_t)(v = lb_cli_number(optarg, 8, LB_PORT_MAX, "--max-ports"));
		else if (o == 'm')
			cfg.max_maps = (uint32_t)(v = lb_cli_number(optarg, 1, 1 << 26, "--max-maps"));
		if (o == '?' || v < 0)
			return LB_EXIT_USAGE;
	}
	if (optind == argc) {
		lb_log("run: which command? (see --help)");
		return LB_EXIT_USAGE;
	}
	if (getenv(LB_ENV_SOCKET)) {
		lb_log("this is inside a world already; 'coproc-loopback domain' makes another "
		       "domain in it");
		return LB_EXIT_FAILED;
	}
	cfg.libdir = lb_find_libdir();
	cfg.xenstored = lb_find_xenstored(xenstored);
	if (!cfg.libdir || !cfg.xenstored)
		return LB_EXIT_FAILED;
	return lb_launch(&cfg, argv + optind);
}

int lb_cli_destroy(int argc, char **argv)
{
	long id = argc == 2 ? lb_cli_number(argv[1], 1, LB_DOMID_MAX - 1, "DOMID") : -1;
	int sock;

	if (id < 0) {
		if (argc != 2)
			lb_log("destroy: one DOMID (see 'coproc-loopback list')");
		return LB_EXIT_USAGE;
	}
	sock = lb_cli_connect();
	if (sock < 0)
		return LB_EXIT_FAILED;
	if (lb_ask(sock, LB_OP_DESTROY, (uint32_t)id, 0, 0, NULL) < 0) {
		lb_log("destroying domain %ld: %s", id,
		       errno == ESRCH ? "there is no such domain" :
		       errno == EPERM ? "only domain 0 may" : strerror(errno));
		return LB_EXIT_FAILED;
	}
	return 0;
}

int lb_cli_xenstored(int argc, char **argv)
{
	int sock = lb_cli_connect();

	if (sock < 0)
		return LB_EXIT_FAILED;
	if (lb_ask(sock, LB_OP_XENSTORED, 0, 0, 0, NULL) < 0) {
		lb_log("starting xenstored: %s", errno == EALREADY ? "it is running" :
		       errno == EPERM ? "only domain 0 may" : strerror(errno));
		return LB_EXIT_FAILED;
	}
	return 0;
}

/* A descriptor of ours must never pass for the command's input or output. */
static int need_stdio(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd < 0)
		return -1;
	return close(fd);
}

int main(int argc, char **argv)
{
	static const struct { const char *name; int (*fn)(int, char **); } cmd[] = {
		{ "run", lb_cli_run }, { "domain", lb_cli_domain }, { "list", lb_cli_list },
		{ "stats", lb_cli_list }, { "destroy", lb_cli_destroy },
		{ "xenstored", lb_cli_xenstored },
	};
	size_t i;

	if (need_stdio() < 0)
		return LB_EXIT_FAILED;
	if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc >= 2 && !strcmp(argv[1], "--version")) {
		puts("coproc-loopback " XENCOPROC_VERSION);
		return 0;
	}
	for (i = 0; argc >= 2 && i < sizeof(cmd) / sizeof(cmd[0]); i++)
		if (!strcmp(argv[1], cmd[i].name))
			return cmd[i].fn(argc - 1, argv + 1);
	fputs(usage, stderr);
	return LB_EXIT_USAGE;
}
