// SPDX-License-Identifier: MIT
/*
 * Requests on the control queue.  Those that find it full wait in order; each
 * has a deadline, and a backend that misses one counts as stalled (threat B9):
 * the connection is dropped, which ends them all.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

void control_reset(struct shared *link)
{
	memset(link->live, 0, sizeof(link->live));
	link->waiting = NULL;
	link->waiting_end = &link->waiting;
}

static void control_put(struct coproc_device *dev, struct ctl *ctl)
{
	int slot;

	ctl->request.id = dev->next_job++;
	slot = coproc_client_put(&dev->link.control, &ctl->request);
	if (slot < 0)
		return;         /* broken: found at the next take */
	dev->link.live[slot] = ctl;
	dev->stats.requests++;
}

static bool control_has_room(const struct shared *link)
{
	return link->control.outstanding < CONTROL_ENTRIES &&
	       coproc_client_broken(&link->control) == COPROC_NOT_BROKEN;
}

uint32_t control_patience(const struct coproc_device *dev)
{
	return dev->options.control_timeout_ms + dev->limits.max_run_limit_us / 1000;
}

/*
 * Sends, or queues to be sent; control_flush() tells the backend.
 * Return: 0; -ENOTCONN, and done() is not called.
 */
int control_send(struct coproc_device *dev, struct ctl *ctl, uint32_t timeout_ms)
{
	struct shared *link = &dev->link;

	if (!link->ready || dev->lose)
		return -ENOTCONN;
	ctl->next = NULL;
	ctl->deadline = deadline_in(timeout_ms);
	if (!link->waiting && control_has_room(link)) {
		control_put(dev, ctl);
		return 0;
	}
	*link->waiting_end = ctl;
	link->waiting_end = &ctl->next;
	return 0;
}

void control_flush(struct coproc_device *dev)
{
	if (dev->link.ready && coproc_client_publish(&dev->link.control))
		link_notify(dev, dev->link.port);
}

/* Takes the completions that are there.  Whether there were any. */
bool control_take(struct coproc_device *dev)
{
	struct coproc_completion completion;
	struct shared *link = &dev->link;
	struct ctl *ctl;
	bool any = false;
	int got;

	while (link->ready && !dev->lose) {
		got = coproc_client_take(&link->control, &completion);
		if (got == 0)
			break;
		if (got < 0) {
			link_broken(dev, "control queue", coproc_client_broken(&link->control));
			break;
		}
		any = true;
		dev->work++;
		ctl = link->live[completion.slot];
		link->live[completion.slot] = NULL;
		if (ctl)
			ctl->done(ctl, 0, &completion);
	}
	return any;
}

static void control_check_deadlines(struct coproc_device *dev)
{
	uint64_t at = control_deadline(dev);

	if (at != NEVER && now_us() >= at)
		link_lose(dev, "the backend did not answer a request in time");
}

/* Fills the room in the queue: what waits, then cancels and signals. */
void control_pump(struct coproc_device *dev)
{
	struct shared *link = &dev->link;
	struct ctl *ctl;

	if (!link->ready || dev->lose)
		return;
	control_check_deadlines(dev);
	while (link->waiting && control_has_room(link)) {
		ctl = link->waiting;
		link->waiting = ctl->next;
		if (!link->waiting)
			link->waiting_end = &link->waiting;
		control_put(dev, ctl);
	}
	objects_pump(dev);
	while (!link->waiting && control_has_room(link))
		if (!queues_cancel(dev) && !contexts_signal(dev) && !events_ask(dev))
			break;
	control_flush(dev);
	pump_timer(dev);
}

/* When the first of the requests is overdue, or NEVER. */
uint64_t control_deadline(const struct coproc_device *dev)
{
	const struct ctl *ctl;
	uint64_t at = NEVER;
	unsigned int i;

	if (!dev->link.ready)
		return NEVER;
	for (ctl = dev->link.waiting; ctl; ctl = ctl->next)
		at = ctl->deadline < at ? ctl->deadline : at;
	if (!dev->link.control.outstanding)
		return at;
	for (i = 0; i < CONTROL_ENTRIES; i++) {
		ctl = dev->link.live[i];
		if (ctl && ctl->deadline < at)
			at = ctl->deadline;
	}
	return at;
}

/* The connection is gone, and link.ready false, so that nobody sends anew. */
void control_fail_all(struct coproc_device *dev, int error)
{
	struct ctl *live[CONTROL_ENTRIES];
	struct ctl *waiting = dev->link.waiting;
	struct ctl *ctl;
	unsigned int i;

	memcpy(live, dev->link.live, sizeof(live));
	control_reset(&dev->link);
	for (i = 0; i < CONTROL_ENTRIES; i++)
		if (live[i])
			live[i]->done(live[i], error, NULL);
	while (waiting) {
		ctl = waiting;
		waiting = ctl->next;
		ctl->done(ctl, error, NULL);
	}
}

/* ---- a request that the caller waits for ---- */

struct call {
	struct ctl ctl;
	struct coproc_completion *completion;
	bool finished;
	int error;
};

static void call_done(struct ctl *ctl, int error, const struct coproc_completion *completion)
{
	struct call *call = (struct call *)ctl;

	call->finished = true;
	call->error = error;
	if (completion)
		*call->completion = *completion;
}

/*
 * Sends and waits; @completion is filled when 0 is returned.
 * The wait ends because the request has a deadline.
 */
int control_call(struct coproc_device *dev, const struct coproc_request *request,
		 struct coproc_completion *completion)
{
	struct call call = { .ctl.done = call_done, .completion = completion };
	int rc;

	call.ctl.request = *request;
	rc = control_send(dev, &call.ctl, dev->options.control_timeout_ms);
	if (rc)
		return fail(dev, rc, "not connected");
	control_flush(dev);
	while (!call.finished) {
		rc = pump(dev, call.ctl.deadline + 1000);
		if (rc && !call.finished) {
			/* Nothing can be received any more: end it all, so
			 * that nobody holds a pointer to this frame. */
			link_lose(dev, "event channels or xenstore cannot be read: %s",
				  strerror(-rc));
			connection_settle(dev);
		}
	}
	pump_ready(dev);
	if (call.error)
		fail(dev, call.error, "%s", dev->lost_reason);
	return call.error;
}
