/* SPDX-License-Identifier: MIT */
/* libevent's functions that coprocd uses, over virtual time. */
#include "real.h"

#include <event2/event.h>
#include <sys/queue.h>

#include "../fuzz.h"
#include "rim.h"

/* Callbacks without time going on: whoever makes more than this holds the loop. */
#define REST            50000u
#define TOTAL           2000000u

struct event_base {
	bool stop;
	uint64_t until;
};

struct event {
	TAILQ_ENTRY(event) pending;
	TAILQ_ENTRY(event) active;
	bool is_pending, is_active, timed;
	int fd;
	short what;
	uint64_t due, every;
	event_callback_fn callback;
	void *arg;
};

static TAILQ_HEAD(, event) pending = TAILQ_HEAD_INITIALIZER(pending);
static TAILQ_HEAD(active_head, event) active = TAILQ_HEAD_INITIALIZER(active);
static uint32_t events, total;

void rim_loop_reset(void)
{
	TAILQ_INIT(&pending);
	TAILQ_INIT(&active);
	rim_now = 1000 * RIM_SECOND;
	rim_tick = 0;
	events = 0;
	total = 0;
}

uint32_t rim_events_held(void)
{
	return events;
}

struct event_base *event_base_new(void)
{
	return calloc(1, sizeof(struct event_base));
}

void event_base_free(struct event_base *base)
{
	free(base);
}

struct event *event_new(struct event_base *base, evutil_socket_t fd, short what,
			event_callback_fn callback, void *arg)
{
	struct event *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->fd = fd;
	e->what = what;
	e->callback = callback;
	e->arg = arg;
	events++;
	return e;
}

int event_add(struct event *e, const struct timeval *after)
{
	if (!e->is_pending) {
		TAILQ_INSERT_TAIL(&pending, e, pending);
		e->is_pending = true;
	}
	if (after) {
		uint64_t ns = (uint64_t)after->tv_sec * RIM_SECOND + (uint64_t)after->tv_usec * 1000;

		e->timed = true;
		e->due = rim_now + ns;
		e->every = e->what & EV_PERSIST ? ns : 0;
	}
	return 0;
}

/* Nothing here waits, as the other side of xenevtchn_pending() knows. */
int evutil_make_socket_nonblocking(evutil_socket_t fd)
{
	return 0;
}

int event_del(struct event *e)
{
	if (e->is_pending)
		TAILQ_REMOVE(&pending, e, pending);
	if (e->is_active)
		TAILQ_REMOVE(&active, e, active);
	e->is_pending = e->is_active = e->timed = false;
	return 0;
}

int event_pending(const struct event *e, short what, struct timeval *when)
{
	return e->is_pending || e->is_active ? what : 0;
}

void event_active(struct event *e, int what, short times)
{
	if (e->is_active)
		return;
	TAILQ_INSERT_TAIL(&active, e, active);
	e->is_active = true;
}

void event_free(struct event *e)
{
	event_del(e);
	events--;
	free(e);
}

/* What has become ready joins the queue, in the order in which it was added. */
static void activate(void)
{
	struct event *e;

	TAILQ_FOREACH(e, &pending, pending) {
		bool due = e->timed && e->due <= rim_now;

		if (e->fd >= 0)
			due |= (e->what & EV_READ && rim_fd_readable(e->fd)) ||
			       (e->what & EV_WRITE && rim_fd_writable(e->fd));
		if (due)
			event_active(e, 0, 0);
	}
}

static void run_one(struct event *e)
{
	TAILQ_REMOVE(&active, e, active);
	e->is_active = false;
	if (e->is_pending && !(e->what & EV_PERSIST)) {
		TAILQ_REMOVE(&pending, e, pending);
		e->is_pending = e->timed = false;
	} else if (e->is_pending && e->timed && e->due <= rim_now) {
		e->due = rim_now + (e->every ? e->every : 1);
	}
	total++;
	e->callback(e->fd, e->what, e->arg);
}

static uint64_t next_due(void)
{
	uint64_t next = rim_process_next();
	const struct event *e;

	TAILQ_FOREACH(e, &pending, pending)
		if (e->timed && e->due < next)
			next = e->due;
	return next;
}

/* Return: whether anything was done at this time. */
static bool turn(void)
{
	bool moved = rim_process_work();
	struct event *e, *last;

	activate();
	last = TAILQ_LAST(&active, active_head);
	/* What becomes active meanwhile has its turn in the next one. */
	while ((e = TAILQ_FIRST(&active))) {
		bool end = e == last;

		run_one(e);
		moved = true;
		if (end || (last && !last->is_active))
			break;
	}
	return moved;
}

void rim_run(uint64_t until)
{
	uint32_t began = total;
	uint64_t at = rim_now;

	while (total < TOTAL) {
		uint64_t next;

		if (turn()) {
			if (rim_now - at > RIM_SECOND / 10) {
				at = rim_now;
				began = total;
			}
			if (total - began > REST)
				fuzz_bug("the loop does not come to rest");
			continue;
		}
		next = next_due();
		if (next > until)
			break;
		if (next > rim_now)
			rim_now = next;
		at = rim_now;
		began = total;
	}
	if (rim_now < until)
		rim_now = until;
}

int event_base_loopexit(struct event_base *base, const struct timeval *after)
{
	base->until = rim_now + (uint64_t)after->tv_sec * RIM_SECOND;
	return 0;
}

int event_base_loopbreak(struct event_base *base)
{
	base->stop = true;
	return 0;
}

/* For who waits in a loop of its own (engine_probe.c). */
int event_base_dispatch(struct event_base *base)
{
	base->stop = false;
	while (!base->stop && rim_now < base->until) {
		uint64_t next;

		if (turn())
			continue;
		next = next_due();
		rim_now = next < base->until ? next > rim_now ? next : rim_now : base->until;
	}
	return 0;
}
