// SPDX-License-Identifier: MIT
/*
 * libxenevtchn.so.1.  The public header documents each call.
 *
 * A port is two pipes of one page: events for us are bytes in the one that we
 * read, notifying is a byte into the other, and the broker takes no part.  A
 * full pipe means the event is already pending, so nothing is lost and
 * nothing queues.  Pipes rather than one eventfd per direction because the
 * flags of an eventfd belong to both ends: a peer could clear O_NONBLOCK,
 * fill the counter and have our notify sleep for ever.
 *
 * Pending and mask: every receiving pipe stands in one epoll set as EPOLLONESHOT.
 * An event taken out disarms its port (masked); unmasking arms it again, and
 * if bytes came meanwhile it is pending at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <xenevtchn.h>

#include "loopback/lib/client.h"
#include "loopback/lib/toolcore.h"

struct xenevtchn_handle {
	struct lb_active_handle ah;	/* first: the callback casts back */
	int sock;
	int epfd;
	pthread_mutex_t lock;		/* one call on sock at a time */
	/* Descriptor + 1 per port, 0 = not ours.  Read without the lock:
	 * notify and unmask are the hot path. */
	atomic_int rx[LB_PORT_MAX];
	atomic_int tx[LB_PORT_MAX];
};

static int ask(xenevtchn_handle *xce, uint32_t op, uint32_t a, uint32_t b)
{
	int rc;

	pthread_mutex_lock(&xce->lock);
	rc = lb_ask(xce->sock, op, a, b, 0, NULL);
	pthread_mutex_unlock(&xce->lock);
	return rc;
}

static int restrict_cb(struct lb_active_handle *ah, domid_t domid)
{
	return xenevtchn_restrict((xenevtchn_handle *)ah, domid);
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	int cloexec = !(flags & XENEVTCHN_NO_CLOEXEC);
	xenevtchn_handle *xce;
	int saved;

	if (flags & ~(unsigned int)XENEVTCHN_NO_CLOEXEC) {
		errno = EINVAL;
		return NULL;
	}
	xce = calloc(1, sizeof(*xce));
	if (!xce)
		return NULL;
	xce->sock = lb_connect(cloexec);
	if (xce->sock < 0)
		goto fail;
	xce->epfd = epoll_create1(cloexec ? EPOLL_CLOEXEC : 0);
	if (xce->epfd < 0)
		goto fail_sock;
	pthread_mutex_init(&xce->lock, NULL);
	xce->ah.restrict_callback = restrict_cb;
	xentoolcore__register_active_handle(&xce->ah);
	return xce;

fail_sock:
	saved = errno;
	close(xce->sock);
	errno = saved;
fail:
	free(xce);
	return NULL;
}

/*
 * One descriptor cannot carry the connection, the ports and their pipes over
 * an exec, which is what this call is for (xenstored's live update).
 */
xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned int flags)
{
	errno = flags ? EINVAL : EOPNOTSUPP;
	return NULL;
}

static void close_port(xenevtchn_handle *xce, evtchn_port_t port)
{
	int rx = atomic_exchange(&xce->rx[port], 0) - 1;
	int tx = atomic_exchange(&xce->tx[port], 0) - 1;

	if (rx >= 0)
		close(rx);
	if (tx >= 0)
		close(tx);
}

int xenevtchn_close(xenevtchn_handle *xce)
{
	evtchn_port_t port;

	if (!xce)
		return 0;
	xentoolcore__deregister_active_handle(&xce->ah);
	/* Descriptors only: in a child after fork() the set and the connection
	 * are still the parent's, and must not be changed. */
	close(xce->epfd);
	for (port = 0; port < LB_PORT_MAX; port++)
		close_port(xce, port);
	close(xce->sock);
	pthread_mutex_destroy(&xce->lock);
	free(xce);
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	return xce->epfd;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
	int tx = port < LB_PORT_MAX ? atomic_load(&xce->tx[port]) - 1 : -1;

	if (tx < 0) {
		errno = port < LB_PORT_MAX ? ENOTCONN : EINVAL;
		return -1;
	}
	while (write(tx, "", 1) < 0) {
		if (errno == EAGAIN)
			return 0;	/* already pending */
		if (errno != EINTR)
			return -1;
	}
	return 0;
}

static int arm(xenevtchn_handle *xce, int op, int rx, evtchn_port_t port)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT, .data.u32 = port };

	return epoll_ctl(xce->epfd, op, rx, &ev);
}

/* Asks the broker for a port and takes its pipes; @nfds is 1 or 2. */
static xenevtchn_port_or_error_t
bind_port(xenevtchn_handle *xce, uint32_t op, uint32_t a, uint32_t b, unsigned int nfds)
{
	struct lb_req req = { op, { a, b, 0 } };
	struct lb_rep rep = { 0, 0 };
	struct iovec iov = { &req, sizeof(req) };
	struct lb_call call = { .req = &iov, .nreq = 1, .rep = &rep, .rep_size = sizeof(rep) };
	int rc, saved;

	pthread_mutex_lock(&xce->lock);
	rc = lb_call(xce->sock, &call);
	pthread_mutex_unlock(&xce->lock);
	if (rc < 0)
		return -1;
	if (call.nfds != nfds || !rep.value || rep.value >= LB_PORT_MAX) {
		while (call.nfds)
			close(call.fd[--call.nfds]);
		errno = EPROTO;
		return -1;
	}
	atomic_store(&xce->rx[rep.value], call.fd[0] + 1);
	if (nfds > 1)
		atomic_store(&xce->tx[rep.value], call.fd[1] + 1);
	if (arm(xce, EPOLL_CTL_ADD, call.fd[0], rep.value) < 0) {
		saved = errno;
		xenevtchn_unbind(xce, rep.value);
		errno = saved;
		return -1;
	}
	return (xenevtchn_port_or_error_t)rep.value;
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *xce, uint32_t domid)
{
	return bind_port(xce, LB_OP_EVT_ALLOC, domid, 0, 2);
}

xenevtchn_port_or_error_t
xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid, evtchn_port_t remote_port)
{
	return bind_port(xce, LB_OP_EVT_BIND, domid, remote_port, 2);
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
	return bind_port(xce, LB_OP_EVT_VIRQ, virq, 0, 1);
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
	int rx;

	if (port >= LB_PORT_MAX) {
		errno = EINVAL;
		return -1;
	}
	rx = atomic_load(&xce->rx[port]) - 1;
	if (rx < 0) {
		errno = ENOTCONN;
		return -1;
	}
	/* The broker holds the pipe too, so closing would not take it out. */
	epoll_ctl(xce->epfd, EPOLL_CTL_DEL, rx, NULL);
	close_port(xce, port);
	return ask(xce, LB_OP_EVT_CLOSE, port, 0);
}

/* Waits for an armed port; honours O_NONBLOCK on the descriptor as read() would. */
static int next_event(xenevtchn_handle *xce, struct epoll_event *ev)
{
	int n = epoll_wait(xce->epfd, ev, 1, 0);
	int flags;

	if (n)
		return n;
	flags = fcntl(xce->epfd, F_GETFL);
	if (flags < 0)
		return -1;
	if (flags & O_NONBLOCK) {
		errno = EAGAIN;
		return -1;
	}
	return epoll_wait(xce->epfd, ev, 1, -1);
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	char drain[LB_PAGE_SIZE];	/* all that a pipe of one page can hold */
	struct epoll_event ev;
	int rx;

	for (;;) {
		if (next_event(xce, &ev) < 0)
			return -1;
		rx = atomic_load(&xce->rx[ev.data.u32]) - 1;
		if (rx < 0)
			continue;	/* unbound by another thread just now */
		if (read(rx, drain, sizeof(drain)) < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		return (xenevtchn_port_or_error_t)ev.data.u32;
	}
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
	int rx = port < LB_PORT_MAX ? atomic_load(&xce->rx[port]) - 1 : -1;

	/* As the kernel's driver: a port that is not bound here is ignored. */
	return rx < 0 ? 0 : arm(xce, EPOLL_CTL_MOD, rx, port);
}

int xenevtchn_restrict(xenevtchn_handle *xce, domid_t domid)
{
	if (domid == 0 || domid >= DOMID_FIRST_RESERVED) {
		errno = EINVAL;		/* as the kernel's driver */
		return -1;
	}
	return ask(xce, LB_OP_RESTRICT, domid, 0);
}
