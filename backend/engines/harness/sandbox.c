/* SPDX-License-Identifier: MIT */
/*
 * Closing the sandbox.  The order matters: namespaces need privileges, the
 * limits on processes count per user and so come after the change of user,
 * and the filter forbids most of what the other steps do.
 */
#include "backend/engines/harness/worker.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend/engines/harness/memory.h"

/* What a worker can add to a log that is a regular file. */
#define LOG_FILE_ROOM   (16ul << 20)

static int step(const char *what, int rc)
{
	if (rc)
		engine_log("sandbox: %s: %s", what, strerror(-rc));
	return rc;
}

static int drop_bounding_set(void)
{
	/* Ends at the first number that this kernel does not know. */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return errno == EPERM ? 0 : -errno;
	return 0;
}

static int become(uint32_t uid)
{
	if (geteuid() != 0)
		return 0;
	if (uid == 0) {
		engine_log("sandbox: started as root without --uid");
		return -EINVAL;
	}
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2];

	memset(none, 0, sizeof(none));
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
	    syscall(SYS_capset, &header, none))
		return -errno;
	return 0;
}

/* No file can be opened any more; a log that is one may grow a little still. */
static rlim_t file_limit(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) || !S_ISREG(st.st_mode))
		return 0;
	return (rlim_t)st.st_size + LOG_FILE_ROOM;
}

static int limits(const struct worker *w)
{
	const struct {
		__rlimit_resource_t resource;
		rlim_t value;
	} table[] = {
		{ RLIMIT_NOFILE, 16 },  /* the socket, Xen, the log, one in passing */
		{ RLIMIT_NPROC, 0 },
		{ RLIMIT_CORE, 0 },     /* a core would hold guests' pages */
		{ RLIMIT_FSIZE, file_limit() },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_MSGQUEUE, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct rlimit r = { table[i].value, table[i].value };

		if (setrlimit(table[i].resource, &r))
			return -errno;
	}
	return memory_limit(w->options.memory_limit, w->engine->reserve_bytes);
}

static int harden(pid_t parent)
{
	/* The change of user has undone an earlier PDEATHSIG, so it comes here. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return -errno;
	return getppid() == parent ? 0 : -ECHILD;
}

/* A file written to beyond the limit must give an error, not a signal. */
static int signals(void)
{
	return signal(SIGXFSZ, SIG_IGN) == SIG_ERR || signal(SIGPIPE, SIG_IGN) == SIG_ERR ?
		-errno : 0;
}

/**
 * sandbox_close() - from here on: memory, time, the socket, this domain's grants
 *
 * Return: 0, or -errno with the step in the log; the worker must then end.
 */
int sandbox_close(const struct worker *w)
{
	const pid_t parent = getppid();
	int rc = namespaces_enter(&w->options);

	if (rc)
		return rc;
	rc = step("signals", signals());
	if (!rc)
		rc = step("bounding set", drop_bounding_set());
	if (!rc)
		rc = step("own user", become(w->options.uid));
	if (!rc)
		rc = step("capabilities", drop_capabilities());
	if (!rc)
		rc = step("limits", limits(w));
	if (!rc)
		rc = step("process attributes", harden(parent));
	if (!rc)
		rc = step("system call filter", filter_load(xengnttab_fd(w->xgt)));
	return rc;
}
