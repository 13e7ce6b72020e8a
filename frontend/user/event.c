// SPDX-License-Identifier: MIT
/*
 * Events: out of the event ring, and the library's own, into a fixed number of
 * places where the caller reads them.  An event is news and not state: who
 * misses one asks with coproc_query() or coproc_info().
 */
#include <string.h>

#include "internal.h"

void event_push(struct coproc_device *dev, const struct coproc_event *event)
{
	if (dev->event_count == EVENTS_KEPT) {
		dev->stats.events_lost++;
		return;
	}
	dev->event[(dev->event_first + dev->event_count++) % EVENTS_KEPT] = *event;
}

/* A handle ended: no event may name it any more. */
void events_forget(struct coproc_device *dev, const void *handle)
{
	struct coproc_event *event;
	uint32_t i;

	for (i = 0; i < dev->event_count; i++) {
		event = &dev->event[(dev->event_first + i) % EVENTS_KEPT];
		if (event->context == handle)
			event->context = NULL;
		if (event->firmware == handle)
			event->firmware = NULL;
	}
}

/* The handle that the caller has for an index that the backend named. */
static void *event_object(const struct coproc_device *dev, enum object_kind kind, uint32_t index)
{
	struct object *o = object_at(dev, kind, index);

	return o && !o->doomed ? o : NULL;
}

static void event_give(struct coproc_device *dev, const struct coproc_notice *notice)
{
	struct coproc_event event = {
		.type = notice->type,
		.status = notice->status,
		.value = notice->value,
	};

	switch (notice->type) {
	case XENCOPROC_EVENT_DEVICE:
		dev->device_state = notice->value;
		break;
	case XENCOPROC_EVENT_CTX_RESET:
		event.context = event_object(dev, OBJECT_CONTEXT, notice->object);
		if (event.context)
			event.context->resets = notice->value;
		break;
	case XENCOPROC_EVENT_FW_REVOKED:
		event.firmware = event_object(dev, OBJECT_FIRMWARE, notice->object);
		if (event.firmware)
			event.firmware->revoked = true;
		break;
	case XENCOPROC_EVENT_LIMITS:
		dev->reread = true;
		break;
	default:
		break;
	}
	event_push(dev, &event);
}

/* F-EVENT-2: what is known by events may be wrong. */
static void event_missed(struct coproc_device *dev, uint64_t lost)
{
	struct coproc_event event = { .type = COPROC_EVENT_MISSED, .value = lost };

	dev->reread = true;
	dev->link.events_missed = true;
	event_push(dev, &event);
}

/* Gaps in the sequence and the backend's own count say the same when it is
 * honest; the greater one is believed. */
static void event_account(struct coproc_device *dev, const struct coproc_notice *notice)
{
	struct shared *link = &dev->link;
	uint32_t gap = notice->sequence - link->event_sequence - 1;
	uint32_t lost = notice->lost - link->events_lost;

	if (gap > INT32_MAX)
		gap = 0;
	if (lost > INT32_MAX)
		lost = 0;
	dev->stats.events++;
	if (gap > lost)
		lost = gap;
	dev->stats.events_lost += lost;
	if (lost)
		event_missed(dev, lost);
	link->event_sequence = notice->sequence;
	link->events_lost = notice->lost;
}

/* ---- F-EVENT-2: what is known by events is asked for ---- */

/* What an answer says that the caller was not told.  @result is a number of the
 * backend's and is passed on as one (F-DONE-2). */
static void ask_learned(struct coproc_device *dev, uint64_t result)
{
	uint32_t what = dev->ask.request.u.query.what;
	struct object *o = object_at(dev, what == XENCOPROC_QUERY_CONTEXT ? OBJECT_CONTEXT :
				     OBJECT_FIRMWARE, dev->ask.request.u.query.object);
	struct coproc_event event = { 0 };

	if (what == XENCOPROC_QUERY_DEVICE) {
		event.type = COPROC_EVENT_DEVICE;
		event.value = result;
		if (result < XENCOPROC_DEVICE_RUNNING || result > XENCOPROC_DEVICE_STOPPED ||
		    result == dev->device_state)
			return;
		dev->device_state = result;
	} else if (what == XENCOPROC_QUERY_CONTEXT && o && !o->doomed) {
		event.type = COPROC_EVENT_CTX_RESET;
		event.context = (struct coproc_context *)o;
		event.value = result - 1;       /* times reset + 1 */
		if (!result || event.value == event.context->resets)
			return;
		event.context->resets = event.value;
	} else if (what == XENCOPROC_QUERY_FIRMWARE && o && !o->doomed) {
		event.type = COPROC_EVENT_FW_REVOKED;
		event.firmware = (struct coproc_firmware *)o;
		if (result != 2 || event.firmware->revoked)
			return;
		event.firmware->revoked = true;
	} else {
		return;
	}
	event_push(dev, &event);
}

static void ask_done(struct ctl *ctl, int error, const struct coproc_completion *completion)
{
	struct coproc_device *dev =
		(struct coproc_device *)((char *)ctl - offsetof(struct coproc_device, ask));

	dev->asked = false;
	if (error)
		return;         /* the next connection begins with nothing missed */
	if (completion->status == XENCOPROC_OK)
		ask_learned(dev, completion->result);
	dev->ask_index++;
}

/* The next one to ask about: the device, then contexts, then firmware. */
static bool ask_next(struct coproc_device *dev)
{
	const struct object *o;

	if (dev->ask_kind == OBJECT_QUEUE && dev->ask_index == 0)
		return true;
	for (;;) {
		if (dev->ask_kind == OBJECT_QUEUE) {
			dev->ask_kind = OBJECT_CONTEXT;
			dev->ask_index = 0;
		} else if (dev->ask_index < dev->table[dev->ask_kind].room) {
			o = dev->table[dev->ask_kind].at[dev->ask_index];
			if (o && o->state == OBJECT_MADE && !o->doomed)
				return true;
			dev->ask_index++;
		} else if (dev->ask_kind == OBJECT_CONTEXT) {
			dev->ask_kind = OBJECT_FIRMWARE;
			dev->ask_index = 0;
		} else {
			return false;
		}
	}
}

/* One question is out at a time, however much is missed. */
bool events_ask(struct coproc_device *dev)
{
	struct coproc_request *request = &dev->ask.request;

	if (!dev->asking || dev->asked)
		return false;
	if (!ask_next(dev)) {
		dev->asking = false;
		return false;
	}
	memset(request, 0, sizeof(*request));
	request->op = XENCOPROC_OP_QUERY;
	request->u.query.what = dev->ask_kind == OBJECT_QUEUE ? XENCOPROC_QUERY_DEVICE :
				dev->ask_kind == OBJECT_CONTEXT ? XENCOPROC_QUERY_CONTEXT :
				XENCOPROC_QUERY_FIRMWARE;
	request->u.query.object = dev->ask_index;
	dev->ask.done = ask_done;
	if (control_send(dev, &dev->ask, dev->options.control_timeout_ms))
		return false;
	dev->asked = true;
	return true;
}

/* The ring is empty.  Whoever took less than it holds since it was so before,
 * and was told of no loss, missed nothing. */
static void events_caught_up(struct coproc_device *dev)
{
	if (dev->link.events_missed || dev->link.events_run >= dev->link.event_ring.entries) {
		dev->asking = true;
		dev->reread = true;
		dev->ask_kind = OBJECT_QUEUE;
		/* One that is out moves the cursor when it is answered. */
		dev->ask_index = dev->asked ? UINT32_MAX : 0;
	}
	dev->link.events_missed = false;
	dev->link.events_run = 0;
}

/* Takes what is in the event ring.  Whether there was anything. */
bool events_take(struct coproc_device *dev)
{
	struct coproc_ring *ring = &dev->link.event_ring;
	struct xencoproc_event wire;
	struct coproc_notice notice;
	unsigned int turns;
	int why;

	if (!dev->link.ready || dev->lose)
		return false;
	/* One ring's length at a time: a backend that never stops telling
	 * must not keep this thread from jobs. */
	for (turns = 0; turns < ring->entries && coproc_ring_pending(ring); turns++) {
		coproc_ring_take(ring, &wire);
		why = coproc_notice_decode(&wire, &notice);
		if (why != COPROC_NOT_BROKEN) {
			link_broken(dev, "event ring", (enum coproc_broken)why);
			return true;
		}
		dev->work++;
		event_account(dev, &notice);
		event_give(dev, &notice);
	}
	if (ring->broken != COPROC_NOT_BROKEN)
		link_broken(dev, "event ring", ring->broken);
	coproc_ring_consumed(ring);
	dev->link.events_run += turns;
	/* Fewer than its length: it was found empty just now. */
	if (ring->broken == COPROC_NOT_BROKEN &&
	    (turns < ring->entries || !coproc_ring_pending(ring)))
		events_caught_up(dev);
	return turns > 0;
}

int coproc_read_event(struct coproc_device *dev, struct coproc_event *event)
{
	if (!dev->event_count) {
		pump_ready(dev);
		return 0;
	}
	*event = dev->event[dev->event_first];
	dev->event_first = (dev->event_first + 1) % EVENTS_KEPT;
	dev->event_count--;
	if (!dev->event_count)
		pump_ready(dev);
	return 1;
}
