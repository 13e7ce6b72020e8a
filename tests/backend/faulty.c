/* SPDX-License-Identifier: MIT */
/* What may fail around coprocd; the list in room.mk is the same. */
#include <event2/event.h>
#include <fcntl.h>
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
