// SPDX-License-Identifier: MIT
#include "loopback/lib/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int lb_connect(int cloexec)
{
	const char *path = getenv(LB_ENV_SOCKET);
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t length;
	int fd, saved;

	if (!path || !*path) {
		errno = ENODEV;		/* what opening /dev/xen/... says without Xen */
		return -1;
	}
	length = strlen(path);
	if (length >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sa.sun_path, path, length + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | (cloexec ? SOCK_CLOEXEC : 0), 0);
	if (fd < 0)
		return -1;
	while (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		if (errno == EINTR)
			continue;
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int send_request(int sock, struct lb_call *call)
{
	struct msghdr m = {
		.msg_iov = (struct iovec *)(uintptr_t)call->req,
		.msg_iovlen = (size_t)call->nreq,
	};

	while (sendmsg(sock, &m, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
}

static void take_fds(struct msghdr *m, struct lb_call *call)
{
	struct cmsghdr *c;

	call->nfds = 0;
	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		call->nfds = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(call->fd, CMSG_DATA(c), call->nfds * sizeof(int));
	}
}

static void drop_fds(struct lb_call *call)
{
	while (call->nfds)
		close(call->fd[--call->nfds]);
}

int lb_call(int sock, struct lb_call *call)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(LB_FDS_MAX * sizeof(int))];
	} ctl;
	struct iovec iov = { call->rep, call->rep_size };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl.buf, .msg_controllen = sizeof(ctl.buf),
	};
	const struct lb_rep *rep = call->rep;
	ssize_t n;

	call->nfds = 0;
	if (send_request(sock, call) < 0)
		return -1;
	/* The answer must be taken whatever interrupts us, or the next call
	 * would read this one's. */
	do {
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	take_fds(&m, call);
	if (n == 0)
		errno = EPIPE;
	else if ((size_t)n < sizeof(*rep) || m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		errno = (m.msg_flags & MSG_CTRUNC) ? EMFILE : EPROTO;
	else if (rep->error)
		errno = rep->error;
	else {
		call->rep_len = (size_t)n;
		return 0;
	}
	n = errno;
	drop_fds(call);
	errno = (int)n;
	return -1;
}

int lb_ask(int sock, uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t *value)
{
	struct lb_req req = { op, { a, b, c } };
	struct lb_rep rep;
	struct iovec iov = { &req, sizeof(req) };
	struct lb_call call = { .req = &iov, .nreq = 1, .rep = &rep, .rep_size = sizeof(rep) };

	if (lb_call(sock, &call) < 0)
		return -1;
	drop_fds(&call);
	if (value)
		*value = rep.value;
	return 0;
}
