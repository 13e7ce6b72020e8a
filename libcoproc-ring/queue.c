// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Queues: a submission ring, a completion ring, and what each side must
 * remember to catch a lie of the other.
 *
 * Why a client needs no index of the server's submission ring: it has at most
 * `entries` requests outstanding.  When it writes submission i + entries, more
 * than i requests are complete; a completion implies that the server took the
 * request, and it takes them in order; so submission i was copied out, and
 * the copying happened before the completion index that this side acquired.
 *
 * Why a server's completion always has a slot: it accepts a request only when
 * live requests + completions not consumed < entries.  The client publishes
 * how far it consumed before it publishes a request that relies on it
 * (coproc_client_publish()), so whoever fails that test has lied.
 */
#include "queue.h"
#include "completion.h"
#include "step.h"

/* One broken ring breaks the queue: nothing moves in the other one either. */
static void break_both(struct coproc_ring *sq, struct coproc_ring *cq, enum coproc_broken why)
{
	step_break(sq, why);
	step_break(cq, why);
}

static enum coproc_broken broken_of(const struct coproc_ring *sq, const struct coproc_ring *cq)
{
	return sq->broken != COPROC_NOT_BROKEN ? sq->broken : cq->broken;
}

/* ---- the frontend's side ---- */

void coproc_client_init(struct coproc_client_queue *queue_, struct xencoproc_cell *fe_index,
			const struct xencoproc_cell *be_index, uint32_t queue, uint32_t order,
			void *sq_slots, void *cq_slots, struct coproc_shadow *shadow)
{
	uint32_t entries = 1u << order;
	uint32_t sq = XENCOPROC_RING_SQ(queue);
	uint32_t cq = XENCOPROC_RING_CQ(queue);
	uint32_t i;

	coproc_ring_init(&queue_->sq, &fe_index[sq], &be_index[sq], sq_slots, entries,
			 XENCOPROC_SQE_SIZE);
	coproc_ring_init(&queue_->cq, &fe_index[cq], &be_index[cq], cq_slots, entries,
			 XENCOPROC_CQE_SIZE);
	for (i = 0; i < entries; i++) {
		shadow[i].id = 0;
		shadow[i].next_free = (uint16_t)(i + 1);
		shadow[i].live = 0;
	}
	queue_->shadow = shadow;
	queue_->outstanding = 0;
	queue_->first_free = 0;
}

int coproc_client_put(struct coproc_client_queue *queue, struct coproc_request *request)
{
	struct coproc_ring *sq = &queue->sq;
	struct coproc_shadow *shadow;
	uint16_t slot = queue->first_free;

	if (wire_unlikely(sq->broken != COPROC_NOT_BROKEN) || queue->outstanding == sq->entries)
		return -1;
	shadow = &queue->shadow[slot];
	queue->first_free = shadow->next_free;
	queue->outstanding++;
	shadow->id = request->id;
	shadow->live = 1;
	request->slot = slot;
	/* P1, in place: the slot is this side's own memory, which the peer has
	 * no right to write, so nothing can change under the encoder. */
	coproc_request_encode(request, (struct xencoproc_sqe *)step_slot(sq, XENCOPROC_SQE_SIZE));
	sq->index++;
	return slot;
}

bool coproc_client_publish(struct coproc_client_queue *queue)
{
	if (wire_unlikely(queue->sq.broken != COPROC_NOT_BROKEN))
		return false;
	/* C4 of the completion ring before P2 of the submission ring: the
	 * server's room check rests on this order. */
	step_consumed(&queue->cq);
	return step_publish(&queue->sq);
}

/* Why a completion cannot be one of ours; coprocif.md, "Completions". */
static enum coproc_broken client_check(const struct coproc_client_queue *queue,
				       const struct coproc_completion *completion)
{
	const struct coproc_shadow *shadow;

	if (completion->slot >= queue->cq.entries)
		return COPROC_BROKEN_SLOT;
	shadow = &queue->shadow[completion->slot];
	if (!shadow->live)
		return COPROC_BROKEN_UNKNOWN;
	if (shadow->id != completion->id)
		return COPROC_BROKEN_ID;
	return COPROC_NOT_BROKEN;
}

int coproc_client_take(struct coproc_client_queue *queue, struct coproc_completion *completion)
{
	struct coproc_ring *cq = &queue->cq;
	struct coproc_shadow *shadow;
	enum coproc_broken why;

	if (step_pending(cq) == 0) {
		if (cq->broken == COPROC_NOT_BROKEN)
			return 0;
		break_both(&queue->sq, cq, cq->broken);
		return -1;
	}
	step_take(cq, completion, XENCOPROC_CQE_SIZE);
	completion_to_host(completion);
	why = completion_check(completion);
	if (why == COPROC_NOT_BROKEN)
		why = client_check(queue, completion);
	if (wire_unlikely(why != COPROC_NOT_BROKEN)) {
		break_both(&queue->sq, cq, why);
		return -1;
	}
	shadow = &queue->shadow[completion->slot];
	shadow->live = 0;
	shadow->next_free = queue->first_free;
	queue->first_free = completion->slot;
	queue->outstanding--;
	return 1;
}

bool coproc_client_arm(struct coproc_client_queue *queue)
{
	/* Before sleeping, so that whoever looks at an idle queue's pages sees
	 * it empty; the protocol itself needs it only at publish. */
	if (queue->cq.broken == COPROC_NOT_BROKEN)
		step_consumed(&queue->cq);
	return coproc_ring_arm(&queue->cq);
}

enum coproc_broken coproc_client_broken(const struct coproc_client_queue *queue)
{
	return broken_of(&queue->sq, &queue->cq);
}

/* ---- the backend's side ---- */

void coproc_server_init(struct coproc_server_queue *queue_, struct xencoproc_cell *be_index,
			const struct xencoproc_cell *fe_index, uint32_t queue, uint32_t order,
			void *sq_slots, void *cq_slots, struct coproc_live *slots)
{
	uint32_t entries = 1u << order;
	uint32_t sq = XENCOPROC_RING_SQ(queue);
	uint32_t cq = XENCOPROC_RING_CQ(queue);

	coproc_ring_init(&queue_->sq, &be_index[sq], &fe_index[sq], sq_slots, entries,
			 XENCOPROC_SQE_SIZE);
	coproc_ring_init(&queue_->cq, &be_index[cq], &fe_index[cq], cq_slots, entries,
			 XENCOPROC_CQE_SIZE);
	memset(slots, 0, entries * sizeof(*slots));
	queue_->slots = slots;
	queue_->live = 0;
}

/* Whether one more request leaves its completion a slot, by the consumer's
 * index as far as it is known. */
static bool server_has_room(const struct coproc_server_queue *queue)
{
	return queue->live + (queue->cq.index - queue->cq.limit) < queue->cq.entries;
}

/* Why a submission cannot be accepted; coprocif.md, "Queues". */
static enum coproc_broken server_check(struct coproc_server_queue *queue, uint32_t slot)
{
	if (slot >= queue->sq.entries)
		return COPROC_BROKEN_SLOT;
	if (queue->slots[slot].live)
		return COPROC_BROKEN_LIVE;
	if (server_has_room(queue))
		return COPROC_NOT_BROKEN;
	/* What is known is old, and too little: only now read the frontend's
	 * index.  C1 of the submission ring has happened before, so this sees
	 * at least what an honest frontend published before that request. */
	step_look_room(&queue->cq);
	if (queue->cq.broken != COPROC_NOT_BROKEN)
		return queue->cq.broken;
	return server_has_room(queue) ? COPROC_NOT_BROKEN : COPROC_BROKEN_ROOM;
}

int coproc_server_take(struct coproc_server_queue *queue, struct xencoproc_sqe *sqe)
{
	struct coproc_ring *sq = &queue->sq;
	enum coproc_broken why;
	uint32_t slot;

	if (step_pending(sq) == 0) {
		if (sq->broken == COPROC_NOT_BROKEN)
			return 0;
		break_both(sq, &queue->cq, sq->broken);
		return -1;
	}
	step_take(sq, sqe, XENCOPROC_SQE_SIZE);
	slot = wire16(sqe->h.slot);
	why = server_check(queue, slot);
	if (wire_unlikely(why != COPROC_NOT_BROKEN)) {
		break_both(sq, &queue->cq, why);
		return -1;
	}
	queue->slots[slot].id = wire64(sqe->h.id);
	queue->slots[slot].live = 1;
	queue->live++;
	return 1;
}

bool coproc_server_complete(struct coproc_server_queue *queue,
			    const struct coproc_completion *completion)
{
	struct coproc_ring *cq = &queue->cq;
	struct coproc_live *live;

	if (completion->slot >= cq->entries)
		return false;
	live = &queue->slots[completion->slot];
	if (!live->live)
		return false;
	/* Also on a broken queue, so that its teardown sees live fall to 0. */
	live->live = 0;
	queue->live--;
	if (wire_unlikely(cq->broken != COPROC_NOT_BROKEN))
		return false;
	/* P1, in place, as in coproc_client_put(): nothing of it is read back. */
	completion_to_wire(completion, live->id,
			   (struct xencoproc_cqe *)step_slot(cq, XENCOPROC_CQE_SIZE));
	cq->index++;
	return true;
}

bool coproc_server_publish(struct coproc_server_queue *queue)
{
	/* B-QUEUE-6: no completion is seen before the submission is known as
	 * taken, which a frontend relies on when it judges a lost backend. */
	coproc_ring_consumed(&queue->sq);
	return coproc_ring_publish(&queue->cq);
}

void coproc_server_consumed(struct coproc_server_queue *queue)
{
	coproc_ring_consumed(&queue->sq);
}

bool coproc_server_arm(struct coproc_server_queue *queue)
{
	return coproc_ring_arm(&queue->sq);
}

enum coproc_broken coproc_server_broken(const struct coproc_server_queue *queue)
{
	return broken_of(&queue->sq, &queue->cq);
}
