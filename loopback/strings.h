/* SPDX-License-Identifier: MIT */
/*
 * A command on its way to the domain that will run it: working directory,
 * arguments and environment in one anonymous file, so that no message size
 * limits them and the broker need not look at them.
 */
#ifndef COPROC_LOOPBACK_STRINGS_H
#define COPROC_LOOPBACK_STRINGS_H

struct lb_strings {
	char *cwd;
	char **argv;		/* NULL-terminated, at least one */
	char **envp;		/* NULL-terminated */
	void *mem;		/* all of the above stand in here */
};

/* Writes them to a new anonymous file; its descriptor, or -1 with errno. */
int lb_strings_send(const char *cwd, char *const argv[], char *const envp[]);
/* Reads them back; 0, or -1 with errno (EBADMSG: not what was written). */
int lb_strings_receive(int fd, struct lb_strings *s);

#endif
