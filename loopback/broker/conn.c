// SPDX-License-Identifier: MIT
/* Connections: one for each handle that a domain's process has open. */
#include "loopback/broker/broker.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
	lb_handler *fn;
	bool toolstack;		/* domain 0 only, never a restricted handle */
} ops[LB_OP_COUNT] = {
	[LB_OP_SHARE] = { lb_do_share, false },
	[LB_OP_SHARE_REFS] = { lb_do_share_refs, false },
	[LB_OP_SHARE_COMMIT] = { lb_do_share_commit, false },
	[LB_OP_UNSHARE] = { lb_do_unshare, false },
	[LB_OP_MAP] = { lb_do_map, false },
	[LB_OP_UNMAP] = { lb_do_unmap, false },
	[LB_OP_COPY] = { lb_do_copy, false },
	[LB_OP_EVT_ALLOC] = { lb_do_evt_alloc, false },
	[LB_OP_EVT_BIND] = { lb_do_evt_bind, false },
	[LB_OP_EVT_VIRQ] = { lb_do_evt_virq, false },
	[LB_OP_EVT_CLOSE] = { lb_do_evt_close, false },
	[LB_OP_DOMINFO] = { lb_do_dominfo, true },
	[LB_OP_CREATE] = { lb_do_create, true },
	[LB_OP_DESTROY] = { lb_do_destroy, true },
	[LB_OP_SIGNAL] = { lb_do_signal, true },
	[LB_OP_STATS] = { lb_do_stats, true },
	[LB_OP_XENSTORED] = { lb_do_xenstored, true },
};

int lb_conn_allows(const struct lb_conn *c, uint32_t domid)
{
	return c->restricted == LB_UNRESTRICTED || c->restricted == domid ? 0 : EACCES;
}

void lb_reply(struct lb_conn *c, const void *rep, size_t len, const int *fds, unsigned int nfds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(LB_FDS_MAX * sizeof(int))];
	} ctl;
	struct iovec iov = { (void *)(uintptr_t)rep, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *h;

	c->replied = true;
	if (nfds) {
		m.msg_control = ctl.buf;
		m.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		memset(ctl.buf, 0, m.msg_controllen);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(h), fds, nfds * sizeof(int));
	}
	/* The handle is of no use to anybody after a lost answer; the loop
	 * sees the end of file and takes it apart. */
	if (sendmsg(c->src.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno != EPIPE && errno != ECONNRESET)
			lb_log_often("domain %u pid %d: its answer could not be sent (%m), "
			       "handle closed", c->dom->id, (int)c->pid);
		shutdown(c->src.fd, SHUT_RDWR);
	}
}

void lb_reply_value(struct lb_conn *c, int error, uint32_t value)
{
	struct lb_rep rep = { error, value };

	lb_reply(c, &rep, sizeof(rep), NULL, 0);
}

static void set_restriction(struct lb_conn *c, uint32_t domid)
{
	int err = domid >= LB_DOMID_MAX ? EINVAL : lb_conn_allows(c, domid);

	if (!err)
		c->restricted = domid;
	lb_reply_value(c, err, 0);
}

static void dispatch(struct lb_conn *c, const struct lb_req *r, size_t len, int *fds,
		     unsigned int nfds)
{
	if (r->op == LB_OP_RESTRICT)
		set_restriction(c, r->arg[0]);
	else if (r->op == LB_OP_MAX_MAPS)
		lb_reply_value(c, 0, (uint32_t)(c->max_mapped = r->arg[0]));
	else if (r->op >= LB_OP_COUNT || !ops[r->op].fn)
		lb_reply_value(c, ENOSYS, 0);
	else if (ops[r->op].toolstack && (c->dom->id || c->restricted != LB_UNRESTRICTED))
		lb_reply_value(c, EPERM, 0);
	else
		ops[r->op].fn(c, r, len, fds, nfds);
}

/* Takes one message; its length, 0 to close the connection, -1 for nothing there. */
static ssize_t receive(struct lb_conn *c, void *buf, size_t size, int *fds, unsigned int *nfds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(LB_FDS_MAX * sizeof(int))];
	} ctl;
	struct iovec iov = { buf, size };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl.buf, .msg_controllen = sizeof(ctl.buf),
	};
	struct cmsghdr *h;
	ssize_t n = recvmsg(c->src.fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	*nfds = 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? -1 : 0;
	for (h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS) {
			*nfds = (unsigned int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(fds, CMSG_DATA(h), *nfds * sizeof(int));
		}
	return (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ? 0 : n;
}

static void conn_ready(struct lb_source *s, uint32_t events)
{
	static union { struct lb_req req; char room[LB_MSG_MAX]; } msg;
	struct lb_conn *c = lb_container(s, struct lb_conn, src);
	int fds[LB_FDS_MAX], unread = 0;
	unsigned int nfds;
	ssize_t n = receive(c, &msg, sizeof(msg), fds, &nfds);

	if (n < 0)
		return;
	/* One request at a time: the last answer must have been taken. */
	if (n >= (ssize_t)sizeof(msg.req) &&
	    (c->waiting || ioctl(s->fd, SIOCOUTQ, &unread) < 0 || unread))
		n = 0;
	if (n < (ssize_t)sizeof(msg.req)) {
		while (nfds)
			close(fds[--nfds]);
		lb_conn_close(c);
		return;
	}
	c->replied = false;
	dispatch(c, &msg.req, (size_t)n, fds, nfds);
	if (!c->replied && !c->waiting)
		lb_reply_value(c, EIO, 0);
	while (nfds)
		close(fds[--nfds]);
}

void lb_conn_close(struct lb_conn *c)
{
	struct lb_domain *d = c->dom;
	struct lb_conn **pp;
	uint32_t i;

	for (i = 1; i <= c->mappings.size; i++)
		if (lb_id_get(&c->mappings, i))
			lb_mapping_end(lb_id_get(&c->mappings, i));
	for (i = 1; i <= c->shares.size; i++)
		if (lb_id_get(&c->shares, i))
			lb_share_end(lb_id_get(&c->shares, i));
	while (c->ports)
		lb_port_close(c->ports);
	lb_id_free(&c->mappings);
	lb_id_free(&c->shares);
	for (pp = &d->conns; *pp != c; pp = &(*pp)->next)
		;
	*pp = c->next;
	d->nconns--;
	d->nfds--;
	lb_loop_del(c->w->epfd, &c->src);
	if (c->w->xs_waiter == c)
		c->w->xs_waiter = NULL;
	/* Who created a domain in the foreground takes it along. */
	for (d = c->w->domains; d; d = d->next)
		if (d->creator == c) {
			d->creator = NULL;
			if (!d->detached || c->waiting)
				lb_domain_kill(d);
		}
	free(c);
}

/* Whoever connected has ended since, or does not want it any more. */
static bool hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && p.revents & POLLHUP;
}

static void conn_new(struct lb_listener *l, int fd)
{
	struct lb_world *w = l->w;
	struct lb_conn *c = calloc(1, sizeof(*c));
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int err = c ? 0 : -ENOMEM;

	if (!err && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		err = -errno;
	if (!err && l->xenstored)
		err = cred.pid == w->xenstored_pid ? 0 : -EPERM;
	else if (!err && cred.pid <= 0)
		err = -EPERM;		/* from outside this world */
	else if (!err && cred.pid != l->dom->keeper && w->proc_ours)
		err = lb_identify(l->dom, cred.pid);
	if (!err && !lb_domain_charge(l->dom, 1))
		err = -ENOSPC;
	if (err) {
		/* Who is gone by now cannot be told from a stranger, and misses nothing. */
		if (!hung_up(fd))
			lb_log_often("a connection to domain %u refused: %s", l->dom->id, strerror(-err));
		close(fd);
		free(c);
		return;
	}
	*c = (struct lb_conn){ .src = { fd, conn_ready }, .w = w, .dom = l->dom, .pid = cred.pid,
			       .xenstored = l->xenstored, .keeper = cred.pid == l->dom->keeper,
			       .restricted = LB_UNRESTRICTED, .max_mapped = UINT64_MAX,
			       .next = l->dom->conns };
	l->dom->conns = c;
	l->dom->nconns++;
	if (lb_loop_add(w->epfd, &c->src, EPOLLIN) < 0)
		lb_conn_close(c);
}

static void listener_ready(struct lb_source *s, uint32_t events)
{
	struct lb_listener *l = lb_container(s, struct lb_listener, src);
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		conn_new(l, fd);
	else if (errno == EMFILE || errno == ENFILE)
		lb_log_often("out of descriptors: raise the limit of open files (ulimit -n)");
}

int lb_listen(struct lb_world *w, struct lb_listener *l, const char *path)
{
	l->w = w;
	l->src.ready = listener_ready;
	l->src.fd = lb_unix_listen(path, SOCK_SEQPACKET);
	if (l->src.fd < 0 || lb_loop_add(w->epfd, &l->src, EPOLLIN) < 0)
		return errno;
	return 0;
}
