/* SPDX-License-Identifier: MIT */
/*
 * Talks nonsense to the broker: random bytes, valid operations with random
 * numbers, requests without reading answers, descriptors nobody asked for.
 * Then checks that the broker still serves.  With "xenstore" as second argument
 * it does the same to the domain's xenstore socket.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <xen/io/xs_wire.h>

static uint64_t seed = 88172645463325252u;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % n;
}

static int open_broker(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", getenv("COPROC_LOOPBACK_SOCKET"));
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		perror("the broker");
		exit(1);
	}
	return fd;
}

/* Small numbers are the interesting ones, and the ends of the range. */
static uint32_t number(void)
{
	switch (rnd(4)) {
	case 0: return rnd(16);
	case 1: return UINT32_MAX - rnd(4);
	case 2: return 1u << rnd(32);
	default: return rnd(5000);
	}
}

static int send_one(int fd)
{
	static uint32_t msg[17000];
	size_t n, i;
	int extra = rnd(20) == 0;
	union { struct cmsghdr align; char buf[CMSG_SPACE(3 * sizeof(int))]; } ctl = {
		.align = { CMSG_LEN(3 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	int fds[3] = { fd, 0, 1 };
	struct iovec iov = { msg, 0 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	n = rnd(3) ? 4 + rnd(8) : rnd(50) ? rnd(64) : rnd(16384);
	for (i = 0; i < n; i++)
		msg[i] = number();
	msg[0] = rnd(24);
	iov.iov_len = n * 4 - (n && !rnd(10) ? rnd(4) : 0);
	if (extra) {
		memcpy(CMSG_DATA(&ctl.align), fds, sizeof(fds));
		m.msg_control = ctl.buf;
		m.msg_controllen = sizeof(ctl.buf);
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -1 : 0;
}

/* Reads an answer; descriptors that come along are dropped. */
static int read_one(int fd)
{
	static char buf[70000];
	union { struct cmsghdr align; char buf[CMSG_SPACE(64 * sizeof(int))]; } ctl;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = ctl.buf, .msg_controllen = sizeof(ctl.buf) };
	struct cmsghdr *c;
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	size_t i;

	for (c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL; c; c = CMSG_NXTHDR(&m, c))
		for (i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++)
			close(((int *)CMSG_DATA(c))[i]);
	return n > 0 ? 0 : -1;
}

static int open_xenstore(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", getenv("XENSTORED_PATH"));

	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0) {
		perror("xenstore");
		exit(1);
	}
	return fd;
}

/* Any type, often with strings of the right shape, sometimes cut short or too long. */
static void send_xenstore(int fd)
{
	static char buf[8192];
	struct xsd_sockmsg h = { rnd(26), number(), rnd(4) ? 0 : number(), 0 };
	size_t n = 0, i, words = rnd(4);

	for (i = 0; i < words; i++)
		n += (size_t)snprintf(buf + sizeof(h) + n, 64, rnd(2) ? "data/%u" : "w%u", rnd(3)) + 1;
	if (!rnd(20)) {
		n = rnd(4200);
		for (i = 0; i < n; i++)
			buf[sizeof(h) + i] = (char)rnd(256);
	}
	h.len = (uint32_t)n + (rnd(50) ? 0 : number());
	memcpy(buf, &h, sizeof(h));
	send(fd, buf, sizeof(h) + n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Does the store still answer a plain question? */
static int xenstore_lives(void)
{
	struct { struct xsd_sockmsg h; char p[6]; } q = { { XS_READ, 7, 0, 6 }, "domid" };
	struct xsd_sockmsg h;
	int fd = open_xenstore();

	if (send(fd, &q, sizeof(q.h) + 6, MSG_NOSIGNAL) < 0 ||
	    recv(fd, &h, sizeof(h), MSG_WAITALL) != sizeof(h))
		return 0;
	return h.type == XS_READ && h.req_id == 7;
}

static int attack_xenstore(long count)
{
	char sink[8192];
	int fd = open_xenstore();
	long i;

	for (i = 0; i < count; i++) {
		send_xenstore(fd);
		if (rnd(3))
			while (recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0)
				;
		if (!rnd(20)) {
			close(fd);
			fd = open_xenstore();
		}
	}
	close(fd);
	if (!xenstore_lives()) {
		printf("xenstore does not answer\n");
		return 1;
	}
	printf("%ld messages, xenstore lives\n", count);
	return 0;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1000, i;
	int fd;
	uint32_t ask[4] = { 10, 0, 0, 0 };	/* an unbound port for domain 0 */

	if (argc > 2)
		return attack_xenstore(count);
	fd = open_broker();
	for (i = 0; i < count; i++) {
		/* Now and then the answer is not taken, which ends the handle. */
		if (send_one(fd) < 0 || (rnd(30) && read_one(fd) < 0) || !rnd(200)) {
			close(fd);
			fd = open_broker();
		}
	}
	close(fd);
	fd = open_broker();
	if (send(fd, ask, sizeof(ask), MSG_NOSIGNAL) < 0 || read_one(fd) < 0) {
		printf("the broker does not answer\n");
		return 1;
	}
	printf("%ld messages, the broker lives\n", count);
	return 0;
}
