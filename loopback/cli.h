/* SPDX-License-Identifier: MIT */
/* The subcommands of coproc-loopback; each returns the program's exit status. */
#ifndef COPROC_LOOPBACK_CLI_H
#define COPROC_LOOPBACK_CLI_H

#define LB_EXIT_USAGE	2
#define LB_EXIT_FAILED	125	/* ours rather than the command's */

int lb_cli_run(int argc, char **argv);
int lb_cli_domain(int argc, char **argv);
int lb_cli_list(int argc, char **argv);		/* list and stats */
int lb_cli_destroy(int argc, char **argv);
int lb_cli_xenstored(int argc, char **argv);

/* Opens the broker; -1 after an explanation. */
int lb_cli_connect(void);
/* A whole number from @min to @max; -1 after an explanation that names @what. */
long lb_cli_number(const char *text, long min, long max, const char *what);

#endif
