/* SPDX-License-Identifier: MIT */
/* The entries of the engine that tries to break out. */
#ifndef TESTS_ENGINES_EVIL_H
#define TESTS_ENGINES_EVIL_H

#define EVIL_BANK_BYTES 65536u

enum evil_entry {
	EVIL_NOTHING,
	/* what the filter kills for */
	EVIL_OPEN,
	EVIL_SOCKET,
	EVIL_CONNECT,
	EVIL_FORK,
	EVIL_CLONE,
	EVIL_EXECVE,
	EVIL_PTRACE,
	EVIL_READ_PARENT,
	EVIL_KILL_PARENT,
	EVIL_IOCTL,
	EVIL_UNSHARE,
	EVIL_MOUNT,
	EVIL_SETUID,
	EVIL_DUMPABLE,
	EVIL_MEMFD,
	EVIL_RLIMIT,
	EVIL_SHARED_MEMORY,
	EVIL_KILLED_LAST = EVIL_SHARED_MEMORY,
	/* what ends otherwise */
	EVIL_MAP,               /* immediate: domid << 32 | reference */
	EVIL_MEMORY,            /* result: mebibytes */
	EVIL_WRITE,             /* to operand 0 */
	EVIL_CRASH,
	EVIL_BANK               /* fills the bank, then a FAULT */
};

#endif /* TESTS_ENGINES_EVIL_H */
