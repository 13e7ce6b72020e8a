/* SPDX-License-Identifier: MIT */
/*
 * What surrounds a program, failing: the linker's --wrap puts what FAULTY() makes
 * in front of what is called, for our own code only.  One source of the program
 * includes this and lists what may fail; its room.mk has the same list.
 *
 * Each place in the program that calls one of them is a site.  In the
 * environment:
 *   FAULTY_PASS=N   each site fails once: when it is passed for the N-th time, or
 *                   later if another failed just before, which could hide what
 *                   comes of this one
 *   FAULTY_CALL=N   the N-th call of all fails, and no other
 *   FAULTY_WHEN=F   neither counts until the file F exists
 *   FAULTY_SOON=F   while there is a file F, which says NAME N: the main thread's
 *                   N-th call of NAME (any thread's, of xs_...) from then on fails,
 *                   and the file is gone.
 *                   NAME hold: it waits while the file says so, tells that by a file
 *                   F.held, and does not fail
 * Unset, nothing fails.  Each failure is told on standard error.
 */
#ifndef TESTS_UNIT_FAULTY_H
#define TESTS_UNIT_FAULTY_H

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SITES 1024
#define APART 6                 /* calls between two failures, at least */

static struct site {
	const void *at;
	unsigned long passed;
	bool failed;
} site[SITES];

static bool armed(void)
{
	static int yes = -1;
	const char *when = getenv("FAULTY_WHEN");

	if (yes != 1)
		yes = !when || !access(when, F_OK);
	return yes;
}

static unsigned long wish(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : 0;
}

static bool told(const char *what, const void *at)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "faulty: %s fails at %p\n", what, at);

	/* dprintf() may allocate. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return true;
	return true;
}

/* Not before main(): what a compiler's runtime does there is not ours. */
static bool running;

int __real_getopt_long(int argc, char *const *argv, const char *shorts, const struct option *longs,
		       int *index);
int __wrap_getopt_long(int argc, char *const *argv, const char *shorts, const struct option *longs,
		       int *index);
int __wrap_getopt_long(int argc, char *const *argv, const char *shorts, const struct option *longs,
		       int *index)
{
	running = true;
	return __real_getopt_long(argc, argv, shorts, longs, index);
}

/* What the file says of @what, in @text; NULL: nothing.  Without stdio, which allocates. */
static const char *said(const char *path, const char *what, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = strlen(what);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return !strncmp(text, what, length) && text[length] == ' ' ? text + length + 1 : NULL;
}

static bool soon(const char *what)
{
	const char *path = getenv("FAULTY_SOON"), *number;
	char text[64];
	unsigned long left;
	int fd, n;

	if (!path || (getpid() != gettid() && strncmp(what, "xs_", 3)))
		return false;
	number = said(path, what, text, sizeof(text));
	while (number && !strncmp(number, "hold", 4)) {
		snprintf(text, sizeof(text), "%.58s.held", path);
		close(open(text, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
		usleep(1000);
		number = said(path, what, text, sizeof(text));
	}
	if (!number)
		return false;
	left = strtoul(number, NULL, 10);
	if (left <= 1)
		return !unlink(path);
	n = snprintf(text, sizeof(text), "%s %lu\n", what, left - 1);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		abort();
	close(fd);
	return false;
}

static bool fails(const char *what, const void *at)
{
	static unsigned long calls, since = APART;
	unsigned long pass, call;
	size_t i;

	if (running && soon(what))
		return told(what, at);
	if (!running || !armed())
		return false;
	pass = wish("FAULTY_PASS");
	call = wish("FAULTY_CALL");
	if (call)
		return ++calls == call && told(what, at);
	if (!pass)
		return false;
	since++;
	for (i = 0; i < SITES && site[i].at && site[i].at != at; i++)
		;
	if (i == SITES)
		return false;
	site[i].at = at;
	if (++site[i].passed < pass || site[i].failed || since <= APART)
		return false;
	since = 0;
	site[i].failed = true;
	return told(what, at);
}

/* A function that fails with @value and @error. */
#define FAULTY(type, name, value, error, params, args)                        \
	type __real_##name params;                                            \
	type __wrap_##name params;                                            \
	type __wrap_##name params                                             \
	{                                                                     \
		if (fails(#name, __builtin_return_address(0))) {              \
			errno = (error);                                      \
			return value;                                         \
		}                                                             \
		return __real_##name args;                                    \
	}

#endif /* TESTS_UNIT_FAULTY_H */
