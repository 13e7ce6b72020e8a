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
	case XENCOPROC_EVENT_CTX_RESET:
		event.context = event_object(dev, OBJECT_CONTEXT, notice->object);
		break;
	case XENCOPROC_EVENT_FW_REVOKED:
		event.firmware = event_object(dev, OBJECT_FIRMWARE, notice->object);
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
	dev->link.events_run = turns < ring->entries ? 0 : dev->link.events_run + turns;
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
