/* SPDX-License-Identifier: MIT */
/*
 * What surrounds a program, failing: the linker's --wrap puts these in front of
 * everything listed in FAULTY (tests/backend/room.mk), for our own code only.
 *
 * Each place in the program that calls one of them is a site.  In the
 * environment:
 *   FAULTY_PASS=N   each site fails once: when it is passed for the N-th time, or
 *                   later if another failed just before, which could hide what
 *                   comes of this one
 *   FAULTY_CALL=N   the N-th call of all fails, and no other
 *   FAULTY_WHEN=F   neither counts until the file F exists
 * Unset, nothing fails.  Each failure is told on standard error.
 */
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

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

static bool fails(const char *what, const void *at)
{
	static unsigned long calls, since = APART;
	unsigned long pass, call;
	size_t i;

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

FAULTY(void *, malloc, NULL, ENOMEM, (size_t n), (n))
FAULTY(void *, calloc, NULL, ENOMEM, (size_t n, size_t size), (n, size))
FAULTY(void *, realloc, NULL, ENOMEM, (void *p, size_t size), (p, size))
FAULTY(char *, strdup, NULL, ENOMEM, (const char *text), (text))
FAULTY(int, memfd_create, -1, EMFILE, (const char *name, unsigned int flags), (name, flags))
FAULTY(int, ftruncate, -1, ENOSPC, (int fd, off_t length), (fd, length))
FAULTY(void *, mmap, MAP_FAILED, ENOMEM,
       (void *at, size_t n, int prot, int flags, int fd, off_t from), (at, n, prot, flags, fd, from))
FAULTY(int, socketpair, -1, EMFILE, (int domain, int type, int protocol, int *fd),
       (domain, type, protocol, fd))
FAULTY(pid_t, fork, -1, EAGAIN, (void), ())
FAULTY(struct event *, event_new, NULL, ENOMEM,
       (struct event_base *base, evutil_socket_t fd, short what, event_callback_fn call, void *arg),
       (base, fd, what, call, arg))
FAULTY(int, xengnttab_grant_copy, -1, ENOMEM,
       (xengnttab_handle *xgt, uint32_t n, xengnttab_grant_copy_segment_t *s), (xgt, n, s))
FAULTY(void *, xengnttab_map_domain_grant_refs, NULL, ENOMEM,
       (xengnttab_handle *xgt, uint32_t n, uint32_t domid, uint32_t *refs, int prot),
       (xgt, n, domid, refs, prot))
FAULTY(void *, xengnttab_map_grant_ref, NULL, ENOMEM,
       (xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot), (xgt, domid, ref, prot))
FAULTY(xenevtchn_port_or_error_t, xenevtchn_bind_interdomain, -1, ENOSPC,
       (xenevtchn_handle *xce, uint32_t domid, evtchn_port_t port), (xce, domid, port))
FAULTY(bool, xs_write, false, EACCES,
       (struct xs_handle *h, xs_transaction_t t, const char *path, const void *data, unsigned int n),
       (h, t, path, data, n))
FAULTY(void *, xs_read, NULL, ENOMEM,
       (struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *n), (h, t, path, n))
FAULTY(xs_transaction_t, xs_transaction_start, XBT_NULL, ENOMEM, (struct xs_handle *h), (h))
FAULTY(bool, xs_watch, false, E2BIG, (struct xs_handle *h, const char *path, const char *token),
       (h, path, token))
FAULTY(char **, xs_directory, NULL, ENOMEM,
       (struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *n), (h, t, path, n))
