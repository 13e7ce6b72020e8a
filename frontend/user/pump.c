// SPDX-License-Identifier: MIT
/*
 * The one place that sleeps, and what is done on waking.
 *
 * Descriptors: `inner` holds the event channels, xenstore's watches and the
 * timer, and is what this file sleeps on.  `outer`, the caller's, holds inner
 * and an eventfd that is set while something taken in earlier is unread.
 *
 * Why nothing is missed: pump() ends by arming every ring, and looks again
 * when arming says that something came.  From then on the backend owes a
 * notification for the next message, which makes inner readable.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define ROUNDS          8u      /* of taking and arming, before others get a turn */
#define SPURIOUS_FREE   64u     /* in a row, before unmasking is put off */
#define BACKOFF_MAX     6u      /* 1 ms << this is the longest */

uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

uint64_t deadline_in(uint32_t ms)
{
	return now_us() + (uint64_t)ms * 1000u;
}

uint64_t deadline_of(int timeout_ms, uint32_t otherwise)
{
	return deadline_in(timeout_ms < 0 ? otherwise : (uint32_t)timeout_ms);
}

static int epoll_watch(int epfd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int pump_add(struct coproc_device *dev, int fd)
{
	return epoll_watch(dev->inner, fd);
}

void pump_remove(struct coproc_device *dev, int fd)
{
	epoll_ctl(dev->inner, EPOLL_CTL_DEL, fd, NULL);
}

/* Makes the descriptors; dev->evtchn is open. */
int pump_open(struct coproc_device *dev)
{
	int rc;

	dev->inner = epoll_create1(EPOLL_CLOEXEC);
	dev->outer = epoll_create1(EPOLL_CLOEXEC);
	dev->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	dev->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dev->inner < 0 || dev->outer < 0 || dev->timer < 0 || dev->ready < 0)
		return fail(dev, -errno, "no descriptor: %s", strerror(errno));
	rc = epoll_watch(dev->inner, xenevtchn_fd(dev->evtchn));
	if (rc == 0)
		rc = epoll_watch(dev->inner, dev->timer);
	if (rc == 0)
		rc = epoll_watch(dev->outer, dev->inner);
	if (rc == 0)
		rc = epoll_watch(dev->outer, dev->ready);
	return rc ? fail(dev, rc, "epoll: %s", strerror(-rc)) : 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void pump_close(struct coproc_device *dev)
{
	close_one(&dev->outer);
	close_one(&dev->inner);
	close_one(&dev->timer);
	close_one(&dev->ready);
}

/* ---- times ---- */

static uint64_t next_time(const struct coproc_device *dev)
{
	uint64_t at = connection_deadline(dev);
	uint64_t other = control_deadline(dev);

	at = other < at ? other : at;
	if (dev->nmasked && dev->unmask_at < at)
		at = dev->unmask_at;
	return at;
}

/*
 * Sets the timer for whoever polls.  It is only ever moved forward: one that
 * fires early costs less than one system call for each job.
 */
void pump_timer(struct coproc_device *dev)
{
	uint64_t at = next_time(dev);
	struct itimerspec spec = { 0 };

	if (at >= dev->timer_at)
		return;
	if (at == 0)
		at = 1;         /* 0 would stop it; the past fires at once */
	dev->timer_at = at;
	spec.it_value.tv_sec = (time_t)(at / 1000000u);
	spec.it_value.tv_nsec = (long)(at % 1000000u) * 1000;
	timerfd_settime(dev->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void timer_fired(struct coproc_device *dev)
{
	uint64_t times;

	if (read(dev->timer, &times, sizeof(times)) == (ssize_t)sizeof(times))
		dev->timer_at = NEVER;
}

/* ---- notifications ---- */

static bool evtchn_readable(struct coproc_device *dev)
{
	struct pollfd p = { .fd = xenevtchn_fd(dev->evtchn), .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* Takes the ports that were signalled; they stay masked until pump_unmask(). */
static int take_ports(struct coproc_device *dev)
{
	xenevtchn_port_or_error_t port;

	do {
		port = xenevtchn_pending(dev->evtchn);
		if (port < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		dev->stats.received++;
		if (dev->nmasked < PORTS_MAX)
			dev->masked[dev->nmasked++] = (evtchn_port_t)port;
	} while (dev->nmasked < PORTS_MAX && evtchn_readable(dev));
	return 0;
}

static void unmask_all(struct coproc_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nmasked; i++)
		xenevtchn_unmask(dev->evtchn, dev->masked[i]);
	dev->nmasked = 0;
	dev->unmask_at = 0;
}

/*
 * Notifications that bring nothing are what a hostile backend can send for free
 * (threat B3): after many in a row each has to wait longer, while the port
 * stays masked, so a storm costs one waking in up to 64 ms.
 */
static void after_ports(struct coproc_device *dev)
{
	unsigned int over;

	if (dev->work != dev->work_seen) {
		dev->work_seen = dev->work;
		dev->streak = 0;
	} else {
		dev->stats.spurious += dev->nmasked;
		dev->streak++;
	}
	if (dev->streak <= SPURIOUS_FREE) {
		unmask_all(dev);
		return;
	}
	over = dev->streak - SPURIOUS_FREE;
	dev->unmask_at = now_us() + (1000u << (over < BACKOFF_MAX ? over : BACKOFF_MAX));
}

/* ---- all of it ---- */

/* Takes everything there is and arms.  Ends although the backend goes on. */
static void take_all(struct coproc_device *dev)
{
	uint64_t before = dev->work;
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		control_take(dev);
		queues_take(dev);
		events_take(dev);
		control_pump(dev);
		if (dev->lose || dev->look)
			connection_settle(dev);
		if (!link_arm(dev))
			break;
	}
	if (dev->work != before)
		dev->heard_at = now_us();
	/* More than that many rounds: come again at once. */
	if (round == ROUNDS && !dev->look) {
		dev->look = true;
		dev->look_at = 0;
	}
}

static int sleep_ms(const struct coproc_device *dev, uint64_t deadline)
{
	uint64_t now = now_us();
	uint64_t at = next_time(dev);

	if (deadline < at)
		at = deadline;
	if (dev->lose || at <= now)
		return 0;
	/* Rounded up, so that the deadline has passed on waking. */
	at = (at - now + 999) / 1000;
	return at > 60000 ? 60000 : (int)at;
}

int pump(struct coproc_device *dev, uint64_t deadline)
{
	struct epoll_event event[3];
	int n = epoll_wait(dev->inner, event, 3, sleep_ms(dev, deadline));
	bool ports = false;
	int rc = 0;
	int i;

	if (n < 0 && errno != EINTR)
		return fail(dev, -errno, "epoll: %s", strerror(errno));
	for (i = 0; i < n; i++) {
		if (event[i].data.fd == dev->timer)
			timer_fired(dev);
		else if (event[i].data.fd == xenevtchn_fd(dev->evtchn))
			ports = true;
		else if (dev->xs)
			store_events(dev);
	}
	if (ports)
		rc = take_ports(dev);
	connection_settle(dev);
	take_all(dev);
	if (ports)
		after_ports(dev);
	else if (dev->nmasked && now_us() >= dev->unmask_at)
		unmask_all(dev);
	connection_settle(dev);
	pump_timer(dev);
	return rc ? fail(dev, rc, "event channels: %s", strerror(-rc)) : 0;
}

/* ---- what the caller polls ---- */

static bool anything_unread(const struct coproc_device *dev)
{
	const struct object_table *table = &dev->table[OBJECT_QUEUE];
	uint32_t i;

	if (dev->event_count)
		return true;
	for (i = 1; i < table->room; i++)
		if (table->at[i] && ((struct coproc_queue *)table->at[i])->done_count)
			return true;
	return false;
}

/* Sets or clears the eventfd; a system call only when it changes. */
void pump_ready(struct coproc_device *dev)
{
	bool unread = anything_unread(dev);
	uint64_t one = 1;
	ssize_t n;

	if (unread == dev->ready_set)
		return;
	dev->ready_set = unread;
	if (unread)
		n = write(dev->ready, &one, sizeof(one));
	else
		n = read(dev->ready, &one, sizeof(one));
	(void)n;        /* EAGAIN at worst: it is in that state already */
}

int coproc_dispatch(struct coproc_device *dev)
{
	int rc;

	/* What was left unread before keeps the descriptor readable; what comes
	 * in now is about to be read. */
	pump_ready(dev);
	rc = pump(dev, 0);
	return rc;
}
