/* SPDX-License-Identifier: MIT */
/*
 * Around coprocd, by the linker's --wrap: memory cannot be given back any more
 * once the file exists that UNSCRUBBED_WHEN names, so no bank can be scrubbed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int __real_fallocate(int fd, int mode, off_t from, off_t bytes);
int __wrap_fallocate(int fd, int mode, off_t from, off_t bytes);

int __wrap_fallocate(int fd, int mode, off_t from, off_t bytes)
{
	const char *when = getenv("UNSCRUBBED_WHEN");

	if (!when || access(when, F_OK))
		return __real_fallocate(fd, mode, from, bytes);
	errno = EIO;
	return -1;
}
