/* SPDX-License-Identifier: MIT */
/*
 * The keeper: process 1 of a domain, and what its kernel is on Xen.  It holds
 * the domain's xenstore ring, lets the domain's processes share it, runs the
 * domain's command and ends with it.
 */
#ifndef COPROC_LOOPBACK_DOMAIN_KEEPER_H
#define COPROC_LOOPBACK_DOMAIN_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

/* What the two say to each other, over a SOCK_SEQPACKET pair. */
enum lb_ctl {
	LB_CTL_READY = 1,	/* keeper: value is the port for xenstored, 0 for domain 0 */
	LB_CTL_START,		/* broker: run the command */
	LB_CTL_SIGNAL,		/* broker: value is a signal for the command */
};

struct lb_ctl_msg {
	uint32_t type;
	uint32_t value;
	uint64_t pidns;		/* READY: inode of the domain's pid namespace */
};

struct lb_keeper_args {
	uint32_t domid;
	const char *dir;	/* the world's directory, in every domain the same path */
	const char *subdir;	/* what this domain is to see there */
	const char *libdir;
	bool foreground;	/* domain 0: stays in the caller's session */
	bool bridge;		/* the domain speaks to xenstored through its ring */
	int stdio[3];
	int strings;
	uint32_t uid, gid;	/* 0xffffffff: unchanged */
	uint32_t umask;		/* the same */
	uint64_t nofile;	/* the command's soft limit of open files */
	int ctl;
};

/* Runs in the new namespaces; does not return.  Exits with the command's
 * status as a shell would report it, 125 if the keeper itself failed. */
void lb_keeper_main(const struct lb_keeper_args *a) __attribute__((noreturn));

#endif
