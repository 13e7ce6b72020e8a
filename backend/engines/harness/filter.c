/* SPDX-License-Identifier: MIT */
/*
 * The system calls that are left.  Whatever is not listed kills the worker:
 * an engine that needs more is wrong, or no longer its own master.
 *
 * No call here can make a descriptor, except recvmsg: from coprocd's socket
 * and, on the loopback, from its broker.
 */
#include "backend/engines/harness/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <xen/sys/gntdev.h>

/*
 * Memory, the socket, the log (writev: the C library says why it gives up),
 * time and an orderly end.  newfstatat is what
 * fstat() is made of; restart_syscall is what follows SIGCONT; membarrier and
 * rseq are not needed by a single thread.
 */
static const int plain[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(futex),
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(brk),
	SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(clock_gettime), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* What libxengnttab asks of the grant device; all of it on one descriptor. */
static const unsigned long grant_requests[] = {
	IOCTL_GNTDEV_MAP_GRANT_REF,
	IOCTL_GNTDEV_UNMAP_GRANT_REF,
	IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR,
};

static int allow_plain(scmp_filter_ctx f)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(plain) / sizeof(plain[0]); i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, plain[i], 0);
	return rc;
}

/* Anonymous shared memory would escape the memory limit. */
static int allow_mmap(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				  SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0));

	if (rc)
		return rc;
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0));
}

static int allow_grants(scmp_filter_ctx f, int fd)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(grant_requests) / sizeof(grant_requests[0]); i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2,
				      SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd),
				      SCMP_A1(SCMP_CMP_EQ, grant_requests[i]));
	return rc;
}

/* Reading seals, and the soft memory limit of this process. */
static int allow_own(scmp_filter_ctx f)
{
	int rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				  SCMP_A1(SCMP_CMP_EQ, F_GET_SEALS));

	if (rc)
		return rc;
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2,
				SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A1(SCMP_CMP_EQ, RLIMIT_DATA));
}

/*
 * The sanitizers' own: alternative stacks and a look at the process while they
 * print.  Not in a product build.
 */
static int allow_sanitizer(scmp_filter_ctx f)
{
#ifdef __SANITIZE_ADDRESS__
	static const int more[] = {
		SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(getpid), SCMP_SYS(gettid),
		SCMP_SYS(sched_yield), SCMP_SYS(mincore), SCMP_SYS(getrlimit),
	};
	static const int failing[] = {
		SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	};
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(more) / sizeof(more[0]); i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, more[i], 0);
	for (size_t i = 0; !rc && i < sizeof(failing) / sizeof(failing[0]); i++)
		rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), failing[i], 0);
	return rc;
#else
	return 0;
#endif
}

/**
 * filter_load() - forbid every other system call, for good
 * @gnttab_fd: the descriptor of the grant device
 *
 * Return: 0 or -errno.
 */
int filter_load(int gnttab_fd)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!f)
		return -ENOMEM;
	rc = allow_plain(f);
	if (!rc)
		rc = allow_mmap(f);
	if (!rc)
		rc = allow_grants(f, gnttab_fd);
	if (!rc)
		rc = allow_own(f);
	if (!rc)
		rc = allow_sanitizer(f);
	/* A binary tree instead of a list, since every command pays for it. */
	if (!rc)
		rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!rc)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc;
}
