/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Private: the steps of the ring, inline, so that ring.c can offer them one
 * by one and queue.c can run several in one function with the slot size known.
 *
 * The algorithm (coprocif.md, "Rings").  An index counts messages since the
 * ring began and wraps at 2^32; the slot of message i is i mod entries.  Each
 * side has one cell that only it writes: {index, event}.
 *
 *   producer                              consumer
 *   P1  write the slots                   C1  load the peer's index, acquire
 *   P2  store own index, release          C2  peer - own <= entries, else BROKEN
 *   P3  full fence                        C3  copy slots out, each byte once
 *   P4  load the peer's event             C4  store own index, release
 *   P5  if old <= event < new: notify
 *                                         A1  store own event = own index
 *   R1  load the peer's index, acquire    A2  full fence
 *   R2  limit <= peer <= published,       A3  C1 and C2 again; if there is
 *       else BROKEN                           a message: do not sleep
 *
 * Pairs, and what each forbids:
 *   P2 - C1  a consumer that sees the index but not the slots written before
 *   C4 - R1  a producer that sees room and overwrites a slot still being read
 *   P3 - A2  a producer that misses the event while the consumer misses the
 *            index (store, fence, load on both sides: at least one sees the
 *            other), which would be a sleep that nobody ends
 *
 * P5 in 32-bit arithmetic is (new - event - 1) < (new - old).  Both cells
 * begin as zeroes, so a consumer that never armed is notified of message 0,
 * and then of none until its index has gone once around.  A consumer must
 * bear notifications it did not ask for.
 *
 * R1 and R2 serve producers that nothing else bounds.  A frontend's
 * submissions are bounded by its own count of outstanding requests; queue.c
 * says why that is enough.
 */
#ifndef COPROC_RING_STEP_H
#define COPROC_RING_STEP_H

#include "ring.h"
#include "wire.h"

/* Sticky: the first reason stays.  What was seen but not taken is dropped, so
 * that the test "index != limit" needs no second one for broken rings. */
static inline void step_break(struct coproc_ring *ring, enum coproc_broken why)
{
	if (ring->broken == COPROC_NOT_BROKEN)
		ring->broken = why;
	ring->limit = ring->index;
}

static inline uint8_t *step_slot(const struct coproc_ring *ring, uint32_t size)
{
	return ring->slots + (size_t)(ring->index & (ring->entries - 1)) * size;
}

/* P1, for one message. */
static inline void step_put(struct coproc_ring *ring, const void *message, uint32_t size)
{
	wire_write(step_slot(ring, size), message, size);
	ring->index++;
}

/* P2 to P5, for a ring that is not broken.  True: notify. */
static inline bool step_publish(struct coproc_ring *ring)
{
	uint32_t old = ring->published;
	uint32_t new = ring->index;
	uint32_t event;

	if (new == old)
		return false;
	ring->published = new;
	coproc_store_release(&ring->own->index, wire32(new));           /* P2, pairs with C1 */
	coproc_fence_full();                                            /* P3, pairs with A2 */
	event = wire32(coproc_load_relaxed(&ring->peer->event));        /* P4 */
	return (uint32_t)(new - event - 1) < (uint32_t)(new - old);     /* P5 */
}

/* R1 and R2: look again how far the consumer is; @ring->limit is its index. */
static inline void step_look_room(struct coproc_ring *ring)
{
	uint32_t peer = wire32(coproc_load_acquire(&ring->peer->index)); /* R1, pairs with C4 */

	/* R2: it neither went back nor took what was not published. */
	if (wire_unlikely((uint32_t)(peer - ring->limit) >
			  (uint32_t)(ring->published - ring->limit)))
		step_break(ring, COPROC_BROKEN_INDEX);
	else
		ring->limit = peer;
}

/* C1 and C2: look again how far the producer is; @ring->limit is its index. */
static inline void step_look(struct coproc_ring *ring)
{
	uint32_t peer = wire32(coproc_load_acquire(&ring->peer->index)); /* C1, pairs with P2 */

	if (wire_unlikely((uint32_t)(peer - ring->index) > ring->entries)) /* C2 */
		step_break(ring, COPROC_BROKEN_INDEX);
	else
		ring->limit = peer;
}

/* Messages known to be there; looks again only when there are none, so that a
 * batch costs one read of the peer's cache line and not one per message. */
static inline uint32_t step_pending(struct coproc_ring *ring)
{
	if (ring->index == ring->limit && ring->broken == COPROC_NOT_BROKEN)
		step_look(ring);
	return ring->limit - ring->index;
}

/* C3, for one message. */
static inline void step_take(struct coproc_ring *ring, void *copy, uint32_t size)
{
	wire_read(copy, step_slot(ring, size), size);
	ring->index++;
}

/* C4. */
static inline void step_consumed(struct coproc_ring *ring)
{
	if (ring->published == ring->index)
		return;
	ring->published = ring->index;
	coproc_store_release(&ring->own->index, wire32(ring->index));   /* C4, pairs with R1 */
}

#endif /* COPROC_RING_STEP_H */
