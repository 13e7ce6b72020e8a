/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * One-way ring with one producer and one consumer, as coprocif.md section
 * "Rings" defines it.  The same files serve both sides, in user space, in a
 * kernel and on bare metal: no allocation, no libc beyond memcpy and memset.
 *
 * Nothing here trusts the peer.  An index that cannot be true makes the ring
 * broken; it stays broken, moves nothing more, and keeps the reason.
 */
#ifndef COPROC_RING_RING_H
#define COPROC_RING_RING_H

#include "port.h"
#include "protocol/coprocif.h"

/* Why a ring or queue is broken.  Sticky; coproc_broken_text() explains. */
enum coproc_broken {
	COPROC_NOT_BROKEN = 0,
	COPROC_BROKEN_INDEX,            /* the peer's index is further than the ring is long */
	COPROC_BROKEN_SLOT,             /* a slot number not below the number of entries */
	COPROC_BROKEN_LIVE,             /* a request reuses the slot of a live one */
	COPROC_BROKEN_ROOM,             /* more requests than completions consumed leave room for */
	COPROC_BROKEN_UNKNOWN,          /* a completion for a slot that is not live */
	COPROC_BROKEN_ID,               /* a completion whose id is not the request's */
	COPROC_BROKEN_STATUS,           /* a completion with a status that does not exist */
	COPROC_BROKEN_RESERVED,         /* reserved fields of a completion or event not zero */
	COPROC_BROKEN_COUNT
};

/**
 * coproc_broken_text() - one sentence for a log or for xenstore
 * @why: any value; one that is not in the enumeration gives "unknown reason"
 *
 * Return: a static string, never NULL.
 */
const char *coproc_broken_text(enum coproc_broken why);

/**
 * struct coproc_ring - one side of one ring
 *
 * All members are private to the ring's functions except that @broken may be
 * read at any time.  The memory behind @own, @peer and @slots stays the
 * caller's, and must outlive the ring.
 */
struct coproc_ring {
	struct xencoproc_cell *own;             /* this side writes, the peer reads */
	const struct xencoproc_cell *peer;      /* the peer writes: read once, checked */
	uint8_t *slots;
	uint32_t entries;                       /* power of two */
	uint32_t slot_size;                     /* bytes, multiple of 8 */
	uint32_t index;                         /* private: next slot to put or take */
	uint32_t published;                     /* private: what @own->index says */
	uint32_t limit;                         /* consumer: the peer's index, checked */
	enum coproc_broken broken;
};

/**
 * coproc_ring_init() - begin at index 0
 * @ring: what to initialise
 * @own: this side's cell, writable; it is zeroed here (rule: both begin at 0)
 * @peer: the peer's cell; only ever read
 * @slots: entries * slot_size bytes, 8-byte aligned, contiguous
 * @entries: a power of two
 * @slot_size: XENCOPROC_SQE_SIZE or XENCOPROC_CQE_SIZE
 */
void coproc_ring_init(struct coproc_ring *ring, struct xencoproc_cell *own,
		      const struct xencoproc_cell *peer, void *slots,
		      uint32_t entries, uint32_t slot_size);

/* ---- the producer ---- */

/**
 * coproc_ring_room() - free slots, by the consumer's index
 *
 * Needed only where nothing else bounds what is outstanding (the event ring,
 * and the backend's check that the frontend left room for completions).
 *
 * Return: 0 .. entries; 0 on a broken ring (see @ring->broken).
 */
uint32_t coproc_ring_room(struct coproc_ring *ring);

/**
 * coproc_ring_put() - write the next slot, without publishing it
 * @message: slot_size bytes, wire byte order; copied
 *
 * The caller knows that there is room.  Does nothing on a broken ring.
 */
void coproc_ring_put(struct coproc_ring *ring, const void *message);

/**
 * coproc_ring_publish() - let the consumer see what was put since last time
 *
 * Return: true if the consumer asked to be notified of this; the caller then
 * sends the event.  False when nothing new was put.
 */
bool coproc_ring_publish(struct coproc_ring *ring);

/* ---- the consumer ---- */

/**
 * coproc_ring_pending() - messages that may be taken now
 *
 * Return: 0 .. entries; 0 on a broken ring.
 */
uint32_t coproc_ring_pending(struct coproc_ring *ring);

/**
 * coproc_ring_take() - copy the next message out, once
 * @copy: slot_size bytes, 8-byte aligned, private to the caller
 *
 * Each byte of shared memory is read exactly once; whoever checks, checks
 * @copy and uses @copy.  The caller saw coproc_ring_pending() > 0.
 */
void coproc_ring_take(struct coproc_ring *ring, void *copy);

/**
 * coproc_ring_consumed() - tell the producer how far this side has got
 *
 * Nobody is notified: no producer of this protocol waits for room.
 */
void coproc_ring_consumed(struct coproc_ring *ring);

/**
 * coproc_ring_arm() - ask to be notified of the next message
 *
 * Return: true if messages came meanwhile: take them instead of sleeping.
 * True also when the ring is found broken just now, so that the caller looks
 * again and is told; false on a ring known to be broken.  A consumer that
 * polls never calls this, and is not notified: but for message 0, since both
 * cells begin as zeroes, and again when the index has gone once around.
 */
bool coproc_ring_arm(struct coproc_ring *ring);

#endif /* COPROC_RING_RING_H */
