// SPDX-License-Identifier: MIT
/*
 * The rings from the backend's side, written out step by step as the text has
 * them (P1 to P5, C1 to C4, A1 to A3), and what a liar does to them.
 */
#include <string.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"

static struct xencoproc_cell *own(struct played *p, uint32_t ring)
{
	return &p->be[ring];
}

/* A frontend may end the connection in the middle of any case: then there are
 * no pages, and nothing to read or write. */
static uint32_t fe_index(const struct played *p, uint32_t ring)
{
	if (!p->fe)
		return 0;
	return wire32(__atomic_load_n(&p->fe[ring].index, __ATOMIC_ACQUIRE));
}

uint32_t played_sq_index(const struct played *p, const struct played_queue *q)
{
	return fe_index(p, XENCOPROC_RING_SQ(q->number));
}

uint32_t played_consumed(const struct played *p, uint32_t ring)
{
	return fe_index(p, ring);
}

/* ---- the submission ring ---- */

/* B-QUEUE-1 to 3 and what the frontend owes besides, as faults by name. */
static void look_at_slot(struct played *p, struct played_queue *q, const struct xencoproc_sqe *sqe)
{
	uint32_t slot = wire16(sqe->h.slot), i;
	uint32_t consumed = fe_index(p, XENCOPROC_RING_CQ(q->number));
	uint64_t id = wire64(sqe->h.id);

	if (slot >= q->entries) {
		played_fault(p, "F-QUEUE-1", "slot %u in a queue of %u entries", slot, q->entries);
		return;
	}
	if (q->slot[slot].live)
		played_fault(p, "F-QUEUE-1", "slot %u is that of a live request", slot);
	/* Free when consumed, and the index that says so comes before. */
	if (q->slot[slot].used && (int32_t)(consumed - q->slot[slot].done_at) <= 0)
		played_fault(p, "F-QUEUE-2", "slot %u is used again; its completion %u was not "
			     "consumed (index %u)", slot, q->slot[slot].done_at, consumed);
	if (q->live + (q->put - consumed) >= q->entries)
		played_fault(p, "F-QUEUE-3", "%u live, %u not consumed, %u entries", q->live,
			     q->put - consumed, q->entries);
	for (i = 0; i < q->entries; i++)
		if (q->slot[i].live && i != slot && (uint32_t)q->slot[i].id == (uint32_t)id) {
			played_fault(p, "F-QUEUE-4", "two live requests with the low half 0x%x",
				     (unsigned int)id);
			break;
		}
}

/* C1 to C3 for one message. */
bool played_take(struct played *p, struct played_queue *q, struct xencoproc_sqe *sqe)
{
	uint32_t index = played_sq_index(p, q);
	uint32_t slot;

	if (!p->fe || index == q->taken)
		return false;
	if (index - q->taken > q->entries) {
		played_fault(p, "F-QUEUE-3", "queue %u: submission index %u, taken %u", q->number,
			     index, q->taken);
		q->taken = index;
		return false;
	}
	memcpy(sqe, q->sq + (size_t)(q->taken % q->entries) * sizeof(*sqe), sizeof(*sqe));
	q->taken++;
	look_at_slot(p, q, sqe);
	slot = wire16(sqe->h.slot);
	if (slot >= q->entries)
		return false;
	q->slot[slot].live = true;
	q->slot[slot].id = wire64(sqe->h.id);
	q->live++;
	return true;
}

void played_consume(struct played *p, struct played_queue *q)
{
	if (p->be)
		__atomic_store_n(&own(p, XENCOPROC_RING_SQ(q->number))->index, wire32(q->taken),
				 __ATOMIC_RELEASE);
}

void played_arm(struct played *p, struct played_queue *q)
{
	struct xencoproc_cell *cell = own(p, XENCOPROC_RING_SQ(q->number));

	if (!p->be)
		return;
	q->notified = false;
	q->looked = q->late = 0;
	__atomic_store_n(&cell->event, wire32(q->taken), __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* A message that came meanwhile need not be notified. */
	q->resting = played_sq_index(p, q) == q->taken;
}

/* ---- the completion ring ---- */

void played_put(struct played *p, struct played_queue *q, const struct xencoproc_cqe *cqe)
{
	if (!q->cq)
		return;
	memcpy(q->cq + (size_t)(q->put % q->entries) * sizeof(*cqe), cqe, sizeof(*cqe));
	q->put++;
}

void played_complete_as(struct played *p, struct played_queue *q, const struct xencoproc_cqe *cqe)
{
	struct played_slot *slot = &q->slot[wire16(cqe->slot)];

	if (!q->cq)
		return;
	slot->live = false;
	slot->used = true;
	slot->done_at = q->put;
	q->live--;
	played_put(p, q, cqe);
}

void played_complete(struct played *p, struct played_queue *q, uint16_t slot, uint16_t status,
		     uint64_t result)
{
	struct xencoproc_cqe cqe = {
		.id = wire64(q->slot[slot].id),
		.slot = wire16(slot),
		.status = wire16(status),
		.result = wire64(result),
	};

	/* All but what never started had. */
	if (q->number && status < XENCOPROC_EXPIRED)
		cqe.flags = wire16(XENCOPROC_CQE_F_STARTED);
	played_complete_as(p, q, &cqe);
}

void played_notify(struct played *p, const struct played_queue *q)
{
	if (p->mute || !p->connected)
		return;
	xenevtchn_notify(p->evtchn, q && q->port >= 0 ? (evtchn_port_t)q->port : p->port);
}

/* P2 to P5. */
static bool publish(struct played *p, uint32_t ring, uint32_t old, uint32_t new)
{
	uint32_t event;

	__atomic_store_n(&own(p, ring)->index, wire32(new), __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	event = wire32(__atomic_load_n(&p->fe[ring].event, __ATOMIC_RELAXED));
	return new - event - 1 < new - old;
}

void played_publish(struct played *p, struct played_queue *q)
{
	uint32_t old = q->published;

	if (!p->be || !q->cq)
		return;
	played_consume(p, q);   /* B-QUEUE-6 */
	if (q->put == old)
		return;
	q->published = q->put;
	if (publish(p, XENCOPROC_RING_CQ(q->number), old, q->put))
		played_notify(p, q);
}

/* ---- events ---- */

void played_event(struct played *p, const struct xencoproc_event *event)
{
	if (!p->events)
		return;
	memcpy(p->events + (size_t)(p->event_put % 128u) * sizeof(*event), event, sizeof(*event));
	p->event_put++;
}

void played_honest_event(struct played *p, uint16_t type, uint32_t object, uint16_t status,
			 uint64_t value)
{
	struct xencoproc_event event = {
		.sequence = wire32(++p->event_sequence),
		.type = wire16(type),
		.status = wire16(status),
		.object = wire32(object),
		.value = wire64(value),
	};

	if (p->event_put - fe_index(p, XENCOPROC_RING_EVENT) >= 128u) {
		p->events_lost++;
		return;
	}
	event.lost = wire32(p->events_lost);
	played_event(p, &event);
}

void played_publish_events(struct played *p)
{
	uint32_t old = p->be ? wire32(own(p, XENCOPROC_RING_EVENT)->index) : p->event_put;

	if (old != p->event_put && publish(p, XENCOPROC_RING_EVENT, old, p->event_put))
		played_notify(p, NULL);
}
