/* SPDX-License-Identifier: MIT */
#include "real.h"

#include "front.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "../fuzz.h"

#define SHARES_MAX      512u
#define PORTS_MAX       64u
#define FDS_MAX         32
#define REF_FIRST       8u

static struct share {
	uint8_t *at;            /* NULL: free */
	uint32_t count, ref;
	bool writable;
} shares[SHARES_MAX];
static uint32_t next_ref, held, fail_at, sleeps;
static struct port {
	bool bound, pending, masked;
} ports[PORTS_MAX];
static uint64_t timer;          /* nanoseconds; 0: not set */
static uint64_t counter;        /* of the eventfd */
static front_turn *peer;
static uint8_t handle;
enum { FD_INNER = RIM_FD_FIRST, FD_OUTER, FD_TIMER, FD_EVENT, FD_SOCKET };
static bool watched[4];         /* of inner: timer, event channels, xenstore */

void front_reset(front_turn *turn)
{
	for (uint32_t i = 0; i < SHARES_MAX; i++)
		if (shares[i].at)
			munmap(shares[i].at - RIM_PAGE, (shares[i].count + 2) * (size_t)RIM_PAGE);
	memset(shares, 0, sizeof(shares));
	memset(ports, 0, sizeof(ports));
	memset(watched, 0, sizeof(watched));
	next_ref = REF_FIRST;
	held = fail_at = sleeps = 0;
	timer = counter = 0;
	peer = turn;
	rim_now = 1000 * RIM_SECOND;
	rim_tick = 0;
}

void front_fail(uint32_t nth)
{
	fail_at = nth;
}

static bool refuse(int error)
{
	if (!fail_at || --fail_at)
		return false;
	errno = error;
	return true;
}

uint32_t front_sleeps(void)
{
	return sleeps;
}

uint32_t front_held(void)
{
	return held;
}

/* ---- shared pages ---- */

uint8_t *front_page(uint32_t ref, bool write)
{
	for (struct share *s = shares; s < shares + SHARES_MAX; s++)
		if (s->at && ref >= s->ref && ref - s->ref < s->count && (!write || s->writable))
			return s->at + (ref - s->ref) * (size_t)RIM_PAGE;
	return NULL;
}

void *xengntshr_share_pages(xengntshr_handle *xgs, uint32_t domid, int count, uint32_t *refs,
			    int writable)
{
	struct share *s = shares;
	uint8_t *at;

	while (s < shares + SHARES_MAX && s->at)
		s++;
	if (refuse(ENOSPC) || count < 1 || s == shares + SHARES_MAX) {
		errno = ENOSPC;
		return NULL;
	}
	at = mmap(NULL, (size_t)(count + 2) * RIM_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED || mprotect(at + RIM_PAGE, (size_t)count * RIM_PAGE, PROT_READ | PROT_WRITE))
		abort();
	*s = (struct share){ at + RIM_PAGE, (uint32_t)count, next_ref, writable };
	for (int i = 0; i < count; i++)
		refs[i] = next_ref++;
	held++;
	return s->at;
}

int xengntshr_unshare(xengntshr_handle *xgs, void *at, uint32_t count)
{
	for (struct share *s = shares; s < shares + SHARES_MAX; s++) {
		if (s->at != at)
			continue;
		if (s->count != count)
			fuzz_bug("%u pages ended of a share of %u", count, s->count);
		munmap(s->at - RIM_PAGE, (count + 2) * (size_t)RIM_PAGE);
		s->at = NULL;
		held--;
		return 0;
	}
	fuzz_bug("ended what is not shared");
}

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned int flags)
{
	if (refuse(EACCES))
		return NULL;
	held++;
	return (xengntshr_handle *)&handle;
}

int xengntshr_close(xengntshr_handle *xgs)
{
	held--;
	return 0;
}

/* ---- event channels ---- */

void front_send(uint32_t port)
{
	if (port < PORTS_MAX && ports[port].bound)
		ports[port].pending = true;
}

static bool evtchn_ready(void)
{
	for (uint32_t i = 1; i < PORTS_MAX; i++)
		if (ports[i].bound && ports[i].pending && !ports[i].masked)
			return true;
	return false;
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	if (refuse(EACCES))
		return NULL;
	held++;
	return (xenevtchn_handle *)&handle;
}

int xenevtchn_close(xenevtchn_handle *xce)
{
	for (uint32_t i = 1; i < PORTS_MAX; i++)
		if (ports[i].bound)
			fuzz_bug("port %u is left", i);
	held--;
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	return RIM_FD_EVTCHN;
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *xce, uint32_t domid)
{
	for (uint32_t i = 1; i < PORTS_MAX; i++)
		if (!ports[i].bound && !refuse(ENOSPC)) {
			ports[i] = (struct port){ .bound = true };
			held++;
			return (int)i;
		}
	errno = ENOSPC;
	return -1;
}

static struct port *port_of(evtchn_port_t number)
{
	if (number < 1 || number >= PORTS_MAX || !ports[number].bound)
		fuzz_bug("port %u is not bound", number);
	return &ports[number];
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t number)
{
	port_of(number)->bound = false;
	held--;
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t number)
{
	port_of(number);
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	for (uint32_t i = 1; i < PORTS_MAX; i++)
		if (ports[i].bound && ports[i].pending && !ports[i].masked) {
			ports[i].pending = false;
			ports[i].masked = true;
			return (int)i;
		}
	errno = EAGAIN;
	return -1;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t number)
{
	/* It may have been unbound meanwhile. */
	if (number < PORTS_MAX)
		ports[number].masked = false;
	return 0;
}

/* ---- descriptors ---- */

int rim_epoll_create1(int flags);
int rim_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int rim_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout_ms);
int rim_timerfd_create(int clock, int flags);
int rim_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old);
int rim_eventfd(unsigned int value, int flags);
ssize_t rim_read(int fd, void *to, size_t size);
ssize_t rim_write(int fd, const void *bytes, size_t size);
int rim_poll(struct pollfd *fds, nfds_t count, int timeout);
int rim_socket(int domain, int type, int protocol);
int rim_bind(int fd, const struct sockaddr *address, socklen_t length);
int rim_close(int fd);

static int opened(int fd)
{
	if (refuse(EMFILE))
		return -1;
	held++;
	return fd;
}

int rim_epoll_create1(int flags)
{
	static int next;

	return opened(next++ & 1 ? FD_OUTER : FD_INNER);
}

static int watch_of(int fd)
{
	return fd == FD_TIMER ? 0 : fd == RIM_FD_EVTCHN ? 1 : fd == RIM_FD_STORE ? 2 : 3;
}

int rim_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	bool add = op == EPOLL_CTL_ADD;

	if (fd != FD_INNER && fd != FD_EVENT) {
		if (watched[watch_of(fd)] == add) {
			errno = add ? EEXIST : ENOENT;
			return -1;
		}
		watched[watch_of(fd)] = add;
	}
	return 0;
}

int rim_timerfd_create(int clock, int flags)
{
	return opened(FD_TIMER);
}

int rim_timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	timer = (uint64_t)new->it_value.tv_sec * RIM_SECOND + (uint64_t)new->it_value.tv_nsec;
	return 0;
}

int rim_eventfd(unsigned int value, int flags)
{
	return opened(FD_EVENT);
}

ssize_t rim_read(int fd, void *to, size_t size)
{
	uint64_t one = 1;

	errno = EAGAIN;
	if (fd == FD_TIMER ? !timer || timer > rim_now : !counter)
		return -1;
	if (fd == FD_TIMER)
		timer = 0;
	else
		counter = 0;
	memcpy(to, &one, sizeof(one));
	return sizeof(one);
}

ssize_t rim_write(int fd, const void *bytes, size_t size)
{
	counter = 1;
	return (ssize_t)size;
}

int rim_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	return evtchn_ready();
}

int rim_socket(int domain, int type, int protocol)
{
	return opened(FD_SOCKET);
}

int rim_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	return refuse(EADDRINUSE) ? -1 : 0;
}

int rim_close(int fd)
{
	held--;
	return 0;
}

static int ready(struct epoll_event *events, int max)
{
	int n = 0;

	if (n < max && watched[0] && timer && timer <= rim_now)
		events[n++] = (struct epoll_event){ .events = EPOLLIN, .data.fd = FD_TIMER };
	if (n < max && watched[1] && evtchn_ready())
		events[n++] = (struct epoll_event){ .events = EPOLLIN, .data.fd = RIM_FD_EVTCHN };
	if (n < max && watched[2] && rim_store_ready())
		events[n++] = (struct epoll_event){ .events = EPOLLIN, .data.fd = RIM_FD_STORE };
	return n;
}

int rim_epoll_wait(int epfd, struct epoll_event *events, int max, int timeout_ms)
{
	uint64_t until = rim_now + (uint64_t)timeout_ms * 1000000u;
	int n = ready(events, max);

	sleeps++;
	rim_now += 1000;
	if (n)
		return n;
	for (;;) {
		bool moved = peer();

		n = ready(events, max);
		if (n || rim_now >= until)
			return n;
		rim_now += 10000;
		if (moved)
			continue;
		/* Nobody does anything: on to whatever comes first. */
		rim_now = timer > rim_now && timer < until && watched[0] ? timer : until;
	}
}
