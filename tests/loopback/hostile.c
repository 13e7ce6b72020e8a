/* SPDX-License-Identifier: MIT */
/*
 * Talks nonsense to the broker: random bytes, valid operations with random
 * numbers, requests without reading answers, descriptors nobody asked for.
 * Then checks that the broker still serves.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1000, i;
	int fd = open_broker();
	uint32_t ask[4] = { 10, 0, 0, 0 };	/* an unbound port for domain 0 */

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
