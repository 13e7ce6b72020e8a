/* SPDX-License-Identifier: MIT */
/* Away from the host's files, network, names and processes' objects. */
#include "backend/engines/harness/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the host refuses ends the worker, unless the administrator said not to. */
static int refused(const struct options *o, const char *what, int error)
{
	engine_log("sandbox: %s: %s%s", what, strerror(error),
		   o->allow_weak_sandbox ? ", going on without (--allow-weak-sandbox)" : "");
	return o->allow_weak_sandbox ? 0 : -error;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		rc = -errno;
	close(fd);
	return rc;
}

/* Without root, a user namespace gives the right to make the others. */
static int enter_user(void)
{
	const unsigned int uid = geteuid(), gid = getegid();
	char map[64];
	int rc;

	if (unshare(CLONE_NEWUSER))
		return -errno;
	snprintf(map, sizeof(map), "65534 %u 1", uid);
	rc = write_file("/proc/self/uid_map", map);
	if (rc)
		return rc;
	rc = write_file("/proc/self/setgroups", "deny");
	if (rc)
		return rc;
	snprintf(map, sizeof(map), "65534 %u 1", gid);
	return write_file("/proc/self/gid_map", map);
}

/* "/" becomes the current directory's mount; the old one is let go. */
static int swap_root(void)
{
	if (syscall(SYS_pivot_root, ".", ".") == 0)
		return umount2(".", MNT_DETACH) ? -errno : 0;
	/* An initramfs cannot be pivoted away from: cover it. */
	if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot("."))
		return -errno;
	return 0;
}

static int empty_root(void)
{
	/* Any directory will do as the place to mount on: it is gone after this. */
	static const char place[] = "/tmp";
	int rc;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "size=4k,nr_inodes=2,mode=0555") ||
	    chdir(place))
		return -errno;
	rc = swap_root();
	if (rc)
		return rc;
	if (chdir("/") || mount(NULL, "/", NULL,
				MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
				NULL))
		return -errno;
	return 0;
}

/**
 * namespaces_enter() - own namespaces with nothing in them
 * @o: whether a refusal by the host is final
 *
 * As root without a user namespace: the worker becomes its own user later,
 * which is stronger than a mapped one.  Return: 0 or -errno.
 */
int namespaces_enter(const struct options *o)
{
	static const struct {
		int flag;
		const char *name;
	} kinds[] = {
		{ CLONE_NEWNET, "network namespace" },
		{ CLONE_NEWIPC, "ipc namespace" },
		{ CLONE_NEWUTS, "uts namespace" },
		{ CLONE_NEWCGROUP, "cgroup namespace" },
		{ CLONE_NEWNS, "mount namespace" },
	};
	int rc = geteuid() == 0 ? 0 : enter_user();

	if (rc)
		return refused(o, "user namespace", -rc);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (unshare(kinds[i].flag) == 0)
			continue;
		rc = refused(o, kinds[i].name, errno);
		/* An empty root without a mount namespace would be the host's. */
		if (rc || kinds[i].flag == CLONE_NEWNS)
			return rc;
	}
	rc = empty_root();
	return rc ? refused(o, "empty root", -rc) : 0;
}
