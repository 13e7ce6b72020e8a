// SPDX-License-Identifier: MIT
/*
 * Who is calling?  A domain is a pid namespace: a process cannot leave the one
 * it was born in, and the kernel tells us the pid behind a connection.  A
 * process may sit in a namespace further down (a sandboxed worker), so we
 * walk up until we meet the domain's.
 */
#include "loopback/broker/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_pidns(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int lb_identify(const struct lb_domain *d, pid_t pid)
{
	struct stat st;
	int fd = pid > 0 ? open_pidns(pid) : -1, up;

	if (fd < 0)
		return -EPERM;		/* gone already, or not of this world */
	for (;;) {
		if (fstat(fd, &st) < 0)
			break;
		if (st.st_ino == d->pidns) {
			close(fd);
			return 0;
		}
		up = ioctl(fd, NS_GET_PARENT);
		close(fd);
		if (up < 0)
			return -EPERM;
		fd = up;
	}
	close(fd);
	return -EPERM;
}
