/* SPDX-License-Identifier: MIT */
/* What may fail around coprocd; the list in room.mk is the same. */
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "tests/unit/faulty.h"

FAULTY(void *, malloc, NULL, ENOMEM, (size_t n), (n))
FAULTY(void *, calloc, NULL, ENOMEM, (size_t n, size_t size), (n, size))
FAULTY(void *, realloc, NULL, ENOMEM, (void *p, size_t size), (p, size))
FAULTY(char *, strdup, NULL, ENOMEM, (const char *text), (text))
FAULTY(int, memfd_create, -1, EMFILE, (const char *name, unsigned int flags), (name, flags))
FAULTY(int, ftruncate, -1, ENOSPC, (int fd, off_t length), (fd, length))
/* Not in a worker to be, which is a copy of this process. */
int __real_fcntl(int fd, int what, long with);
int __wrap_fcntl(int fd, int what, long with);
int __wrap_fcntl(int fd, int what, long with)
{
	if ((what == F_ADD_SEALS || what == F_DUPFD_CLOEXEC) &&
	    fails("fcntl", __builtin_return_address(0))) {
		errno = EMFILE;
		return -1;
	}
	return __real_fcntl(fd, what, with);
}

/* It fails; or it gives a port that nobody listens to any more, as Linux' driver
 * may, which has read it before it was unbound. */
xenevtchn_port_or_error_t __real_xenevtchn_pending(xenevtchn_handle *xce);
xenevtchn_port_or_error_t __wrap_xenevtchn_pending(xenevtchn_handle *xce);
xenevtchn_port_or_error_t __wrap_xenevtchn_pending(xenevtchn_handle *xce)
{
	if (soon("unbound-port"))
		return 63;
	if (fails("xenevtchn_pending", __builtin_return_address(0))) {
		errno = EIO;
		return -1;
	}
	return __real_xenevtchn_pending(xce);
}

FAULTY(void *, mmap, MAP_FAILED, ENOMEM,
       (void *at, size_t n, int prot, int flags, int fd, off_t from), (at, n, prot, flags, fd, from))
FAULTY(int, socketpair, -1, EMFILE, (int domain, int type, int protocol, int *fd),
       (domain, type, protocol, fd))
/* As if the loop had been told of too much. */
FAULTY(ssize_t, recv, -1, EAGAIN, (int fd, void *to, size_t n, int flags), (fd, to, n, flags))
/* Only when asked for: a coprocessor whose memory cannot be scrubbed stops for good. */
int __real_fallocate(int fd, int mode, off_t from, off_t n);
int __wrap_fallocate(int fd, int mode, off_t from, off_t n);
int __wrap_fallocate(int fd, int mode, off_t from, off_t n)
{
	if (soon("fallocate") && told("fallocate", __builtin_return_address(0))) {
		errno = EIO;
		return -1;
	}
	return __real_fallocate(fd, mode, from, n);
}

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

/* The store's thread waits for the loop: told by the file $FAULTY_ASKS. */
int __real_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock)
{
	const char *path = getenv("FAULTY_ASKS");
	int fd = path ? open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) : -1;

	if (fd >= 0)
		close(fd);
	return __real_pthread_cond_wait(cond, lock);
}
