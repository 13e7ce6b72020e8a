// SPDX-License-Identifier: MIT
#include "loopback/loop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int lb_loop_add(int epfd, struct lb_source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	return epoll_ctl(epfd, EPOLL_CTL_ADD, s->fd, &ev);
}

int lb_loop_mod(int epfd, struct lb_source *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	return epoll_ctl(epfd, EPOLL_CTL_MOD, s->fd, &ev);
}

void lb_loop_del(int epfd, struct lb_source *s)
{
	if (s->fd < 0)
		return;
	epoll_ctl(epfd, EPOLL_CTL_DEL, s->fd, NULL);
	close(s->fd);
	s->fd = -1;
}

void lb_loop_once(int epfd, int timeout_ms)
{
	struct epoll_event ev;
	struct lb_source *s;

	if (epoll_wait(epfd, &ev, 1, timeout_ms) == 1) {
		s = ev.data.ptr;
		s->ready(s, ev.events);
	}
}

int64_t lb_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void log_line(const char *fmt, va_list ap)
{
	int saved = errno;
	char line[512];

	vsnprintf(line, sizeof(line), fmt, ap);
	fprintf(stderr, "coproc-loopback: %s\n", line);
	errno = saved;
}

void lb_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(fmt, ap);
	va_end(ap);
}

void lb_log_often(const char *fmt, ...)
{
	static int64_t second;
	static unsigned int lines, dropped;
	int64_t now = lb_now_ms() / 1000;
	va_list ap;

	if (now != second) {
		if (dropped)
			lb_log("%u more messages of this kind were left out", dropped);
		second = now;
		lines = dropped = 0;
	}
	if (lines++ >= 10) {
		dropped++;
		return;
	}
	va_start(ap, fmt);
	log_line(fmt, ap);
	va_end(ap);
}

int lb_unix_listen(const char *path, int type)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t length;
	int fd, saved;

	length = strlen(path);
	if (length >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sa.sun_path, path, length + 1);
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && chmod(path, 0666) == 0 &&
	    listen(fd, 128) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}
