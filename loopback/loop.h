/* SPDX-License-Identifier: MIT */
/* A small event loop over epoll, for the broker and for each domain's keeper. */
#ifndef COPROC_LOOPBACK_LOOP_H
#define COPROC_LOOPBACK_LOOP_H

#include <stddef.h>
#include <stdint.h>

/* Something with a descriptor.  One event is taken at a time, so a callback
 * may free any source, its own included. */
struct lb_source {
	int fd;
	void (*ready)(struct lb_source *s, uint32_t events);
};

#define lb_container(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* 0, or -1 with errno from epoll_ctl(). */
int lb_loop_add(int epfd, struct lb_source *s, uint32_t events);
int lb_loop_mod(int epfd, struct lb_source *s, uint32_t events);
/* Takes it out, closes its descriptor and sets it to -1; again does nothing. */
void lb_loop_del(int epfd, struct lb_source *s);
/* Waits up to @timeout_ms (-1: for ever) and runs one callback. */
void lb_loop_once(int epfd, int timeout_ms);

int64_t lb_now_ms(void);
/* One line on stderr, with the program's name. */
void lb_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same for what a domain can provoke: no more than ten lines a second. */
void lb_log_often(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A nonblocking listening Unix socket of @type at @path, mode 0666: who may
 * come in is decided after accept().  -1 with errno. */
int lb_unix_listen(const char *path, int type);

#endif
