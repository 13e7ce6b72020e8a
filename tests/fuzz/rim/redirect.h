/* SPDX-License-Identifier: MIT */
/*
 * Included by force before each source of the flavour "rim", so that the
 * product's files are compiled as they are and what they ask of the kernel is
 * answered in memory: time is virtual, processes are played.  Functions of the
 * Xen libraries and of libevent need no new name: they are simply linked.
 */
#ifndef TESTS_FUZZ_REDIRECT_H
#define TESTS_FUZZ_REDIRECT_H

#define clock_gettime           rim_clock_gettime
#define clock_getcpuclockid     rim_clock_getcpuclockid
#define nanosleep               rim_nanosleep
#define socketpair              rim_socketpair
#define fork                    rim_fork
#define pidfd_open              rim_pidfd_open
#define pidfd_send_signal       rim_pidfd_send_signal
#define waitid                  rim_waitid
#define waitpid                 rim_waitpid
#define kill                    rim_kill
#define sendmsg                 rim_sendmsg
#define recv                    rim_recv
#define memfd_create            rim_memfd_create
#define mmap                    rim_mmap
#define munmap                  rim_munmap
#define fcntl                   rim_fcntl
#define access                  rim_access
#define pthread_create          rim_pthread_create
#define pthread_timedjoin_np    rim_pthread_timedjoin_np
#define close                   rim_close
#define epoll_create1           rim_epoll_create1
#define epoll_ctl               rim_epoll_ctl
#define epoll_wait              rim_epoll_wait
#define timerfd_create          rim_timerfd_create
#define timerfd_settime         rim_timerfd_settime
#define eventfd                 rim_eventfd
#define read                    rim_read
#define write                   rim_write
#define poll                    rim_poll
#define socket                  rim_socket
#define bind                    rim_bind

#endif /* TESTS_FUZZ_REDIRECT_H */
