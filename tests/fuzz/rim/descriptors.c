/* SPDX-License-Identifier: MIT */
/* Descriptors and mappings: the kernel's own, counted, and refused on demand. */
#include "real.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include "process.h"

void *rim_last_page;
static uint32_t descriptors, fail_descriptor, mappings;

void rim_descriptors_reset(void)
{
	descriptors = fail_descriptor = mappings = 0;
}

void rim_fail_descriptors(uint32_t nth)
{
	fail_descriptor = nth;
}

bool rim_refused(void)
{
	if (!fail_descriptor || --fail_descriptor)
		return false;
	errno = EMFILE;
	return true;
}

uint32_t rim_descriptors_held(void)
{
	return descriptors + mappings;
}

int rim_opened(int fd)
{
	descriptors += fd >= 0;
	return fd;
}

int rim_memfd_create(const char *name, unsigned int flags)
{
	return rim_refused() ? -1 : rim_opened(memfd_create(name, flags));
}

int rim_fcntl(int fd, int what, ...)
{
	va_list args;
	int value;

	va_start(args, what);
	value = va_arg(args, int);
	va_end(args);
	if (fd >= RIM_FD_STORE)
		return 0;
	if (what != F_DUPFD && what != F_DUPFD_CLOEXEC)
		return fcntl(fd, what, value);
	return rim_refused() ? -1 : rim_opened(fcntl(fd, what, value));
}

int rim_access(const char *path, int mode)
{
	return 0;
}

/* Only the log writes.  What it says of others is quoted: one line, no control. */
ssize_t rim_write(int fd, const void *bytes, size_t size)
{
	const char *at = bytes;

	if (getenv("FUZZ_LOG"))
		dprintf(2, "%.*s", (int)size, at);
	for (size_t i = 0; i + 1 < size; i++)
		if ((uint8_t)at[i] < ' ' || at[i] == 0x7f)
			fuzz_bug("a control character in the log: %.*s", (int)size, at);
	return (ssize_t)size;
}

int rim_close(int fd)
{
	descriptors--;
	if (fd >= RIM_FD_STORE)
		return 0;
	if (close(fd))
		fuzz_bug("closed a descriptor that is not open");
	return 0;
}

void *rim_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	void *got;

	if (rim_refused())
		return MAP_FAILED;
	got = mmap(at, size, prot, flags, fd, offset);
	if (got != MAP_FAILED)
		mappings++;
	rim_last_page = got;
	return got;
}

int rim_munmap(void *at, size_t size)
{
	mappings--;
	return munmap(at, size);
}
