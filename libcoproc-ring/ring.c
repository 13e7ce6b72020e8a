// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The ring, one step per function.  step.h states the algorithm, its fences
 * and what each pair of them forbids.
 */
#include "ring.h"
#include "step.h"

const char *coproc_broken_text(enum coproc_broken why)
{
	switch (why) {
	case COPROC_NOT_BROKEN:
		return "not broken";
	case COPROC_BROKEN_INDEX:
		return "the peer's index cannot be true (C2, R2, B-RING-3, F-RING-3)";
	case COPROC_BROKEN_SLOT:
		return "a slot number is not below the number of entries (B-QUEUE-1, F-DONE-1)";
	case COPROC_BROKEN_LIVE:
		return "a request reuses the slot of a live one (B-QUEUE-2)";
	case COPROC_BROKEN_ROOM:
		return "a request leaves no room for its completion (B-QUEUE-3)";
	case COPROC_BROKEN_UNKNOWN:
		return "a completion is for no live request (F-DONE-1)";
	case COPROC_BROKEN_ID:
		return "a completion has not the id of its request (F-DONE-1)";
	case COPROC_BROKEN_STATUS:
		return "a status, event type or state does not exist (F-DONE-1, F-EVENT-1)";
	case COPROC_BROKEN_RESERVED:
		return "a reserved field or flag is not zero (F-DONE-1, F-EVENT-1)";
	case COPROC_BROKEN_COUNT:
		break;
	}
	return "unknown reason";
}

void coproc_ring_init(struct coproc_ring *ring, struct xencoproc_cell *own,
		      const struct xencoproc_cell *peer, void *slots,
		      uint32_t entries, uint32_t slot_size)
{
	memset(own, 0, sizeof(*own));
	ring->own = own;
	ring->peer = peer;
	ring->slots = slots;
	ring->entries = entries;
	ring->slot_size = slot_size;
	ring->index = 0;
	ring->published = 0;
	ring->limit = 0;
	ring->broken = COPROC_NOT_BROKEN;
}

uint32_t coproc_ring_room(struct coproc_ring *ring)
{
	if (ring->broken != COPROC_NOT_BROKEN)
		return 0;
	step_look_room(ring);
	if (ring->broken != COPROC_NOT_BROKEN)
		return 0;
	return ring->entries - (ring->index - ring->limit);
}

void coproc_ring_put(struct coproc_ring *ring, const void *message)
{
	if (wire_unlikely(ring->broken != COPROC_NOT_BROKEN))
		return;
	/* Each size in its own call, so that each copy is straight code. */
	if (ring->slot_size == XENCOPROC_SQE_SIZE)
		step_put(ring, message, XENCOPROC_SQE_SIZE);
	else
		step_put(ring, message, XENCOPROC_CQE_SIZE);
}

bool coproc_ring_publish(struct coproc_ring *ring)
{
	if (wire_unlikely(ring->broken != COPROC_NOT_BROKEN))
		return false;
	return step_publish(ring);
}

uint32_t coproc_ring_pending(struct coproc_ring *ring)
{
	return step_pending(ring);
}

void coproc_ring_take(struct coproc_ring *ring, void *copy)
{
	if (ring->slot_size == XENCOPROC_SQE_SIZE)
		step_take(ring, copy, XENCOPROC_SQE_SIZE);
	else
		step_take(ring, copy, XENCOPROC_CQE_SIZE);
}

void coproc_ring_consumed(struct coproc_ring *ring)
{
	if (ring->broken == COPROC_NOT_BROKEN)
		step_consumed(ring);
}

bool coproc_ring_arm(struct coproc_ring *ring)
{
	if (ring->index != ring->limit)
		return true;
	if (ring->broken != COPROC_NOT_BROKEN)
		return false;
	coproc_store_relaxed(&ring->own->event, wire32(ring->index));   /* A1 */
	coproc_fence_full();                                            /* A2, pairs with P3 */
	step_look(ring);                                                /* A3 */
	/* A ring found broken just now is news too: the caller looks again,
	 * is told, and does not sleep on it.  Asked once more, it may sleep. */
	return ring->index != ring->limit || ring->broken != COPROC_NOT_BROKEN;
}
