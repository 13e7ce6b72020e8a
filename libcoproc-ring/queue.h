/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A queue: a submission ring and a completion ring of the same length, and
 * the bookkeeping that makes a lie of the peer visible (coprocif.md section
 * "Queues").  A client (frontend) keeps a shadow of what it asked, a server
 * (backend) keeps which slots are live.  Memory for both tables is the
 * caller's: entries * sizeof(element), zeroed.
 */
#ifndef COPROC_RING_QUEUE_H
#define COPROC_RING_QUEUE_H

#include "message.h"
#include "ring.h"

/* ---- the frontend's side ---- */

struct coproc_shadow {
	uint64_t id;
	uint16_t next_free;     /* while not live: the next free slot */
	uint8_t live;
};

struct coproc_client_queue {
	struct coproc_ring sq;
	struct coproc_ring cq;
	struct coproc_shadow *shadow;   /* entries of them */
	uint32_t outstanding;           /* live requests, <= entries */
	uint16_t first_free;
};

/**
 * coproc_client_init() - both rings and an empty shadow table
 * @fe_index: this frontend's index page, XENCOPROC_CELLS cells
 * @be_index: the backend's index page; only read
 * @queue: 0 .. XENCOPROC_QUEUE_MAX; picks the cells
 * @order: log2 of the entries
 * @sq_slots, @cq_slots: the slot pages, mapped contiguously, zeroed
 * @shadow: (1 << order) elements, the caller's for the life of the queue
 */
void coproc_client_init(struct coproc_client_queue *queue_, struct xencoproc_cell *fe_index,
			const struct xencoproc_cell *be_index, uint32_t queue, uint32_t order,
			void *sq_slots, void *cq_slots, struct coproc_shadow *shadow);

/**
 * coproc_client_put() - put a request into the submission ring, unpublished
 * @request: slot is chosen here and written back; id as the caller set it
 *
 * Return: the slot, or -1 when entries requests are outstanding or the queue
 * is broken.
 */
int coproc_client_put(struct coproc_client_queue *queue, struct coproc_request *request);

/* coproc_client_publish() - as coproc_ring_publish() on the submission ring */
bool coproc_client_publish(struct coproc_client_queue *queue);

/**
 * coproc_client_take() - the next completion, checked against the shadow
 *
 * Return: 1 with @completion filled, 0 when there is none, -1 when the queue
 * is broken (coproc_client_broken() says why).  Frees the slot; the consumer's
 * index is published by the next coproc_client_publish() or _arm(), that is
 * before the slot can be reused, and once for a batch.
 */
int coproc_client_take(struct coproc_client_queue *queue, struct coproc_completion *completion);

/* coproc_client_arm() - as coproc_ring_arm() on the completion ring */
bool coproc_client_arm(struct coproc_client_queue *queue);

enum coproc_broken coproc_client_broken(const struct coproc_client_queue *queue);

/* ---- the backend's side ---- */

struct coproc_live {
	uint64_t id;
	uint8_t live;
};

struct coproc_server_queue {
	struct coproc_ring sq;
	struct coproc_ring cq;
	struct coproc_live *slots;      /* entries of them */
	uint32_t live;                  /* accepted and not completed, <= entries */
};

void coproc_server_init(struct coproc_server_queue *queue_, struct xencoproc_cell *be_index,
			const struct xencoproc_cell *fe_index, uint32_t queue, uint32_t order,
			void *sq_slots, void *cq_slots, struct coproc_live *slots);

/**
 * coproc_server_take() - accept the next submission
 * @sqe: the private copy, 8-byte aligned; its contents are not validated yet
 *
 * Checks slot number, reuse of a live slot and room for the completion, and
 * marks the slot live: from here exactly one coproc_server_complete() is owed.
 *
 * Return: 1, 0 when there is none, -1 when the queue is broken.
 */
int coproc_server_take(struct coproc_server_queue *queue, struct xencoproc_sqe *sqe);

/**
 * coproc_server_complete() - put the completion of a live slot, unpublished
 * @completion: id is filled here from the live table
 *
 * Return: true, or false if the slot is not live (a bug of the caller; nothing
 * is sent) or the queue is broken (nothing is sent, but the slot is no longer
 * live, so that tearing down sees @queue->live fall to 0).
 */
bool coproc_server_complete(struct coproc_server_queue *queue,
			    const struct coproc_completion *completion);

/* coproc_server_publish() - as coproc_ring_publish() on the completion ring,
 * after coproc_server_consumed(), which B-QUEUE-6 wants done by then.  That
 * rule wants it earlier too, before an accepted job can have an effect: that
 * call is the caller's. */
bool coproc_server_publish(struct coproc_server_queue *queue);

/* coproc_server_consumed(), coproc_server_arm() - on the submission ring */
void coproc_server_consumed(struct coproc_server_queue *queue);
bool coproc_server_arm(struct coproc_server_queue *queue);

enum coproc_broken coproc_server_broken(const struct coproc_server_queue *queue);

#endif /* COPROC_RING_QUEUE_H */
