// SPDX-License-Identifier: MIT
/*
 * The backend of all cases: its honest jobs, and how it comes back.  Jobs: entry 0
 * copies piece 0 to piece 1 and gives its length, entry 1 gives the immediate + 1,
 * entry 2 fails with code 7, entry 3 gives the sum of the lengths of its pieces,
 * entry 9 waits to be cancelled.
 */
#include <stdlib.h>
#include <string.h>

#include "libcoproc-ring/wire.h"
#include "peers.h"

#define AFTER           20u     /* jobs, before the lie is told */

/* ---- honest jobs ---- */

static uint16_t copy(struct played *p, const struct coproc_operand *o, uint64_t *result)
{
	struct played_buffer *from = &p->buffer[o[0].buffer], *to = &p->buffer[o[1].buffer];
	uint16_t status;

	*result = o[0].length < o[1].length ? o[0].length : o[1].length;
	if (!from->exists || !to->exists)
		return XENCOPROC_BAD_OBJECT;
	status = (uint16_t)coproc_operand_inside(&o[0], from->pages * 4096ul, from->access);
	if (status == XENCOPROC_OK)
		status = (uint16_t)coproc_operand_inside(&o[1], to->pages * 4096ul, to->access);
	if (status == XENCOPROC_OK)
		memcpy(to->data + o[1].offset, from->data + o[0].offset, *result);
	return status;
}

static uint16_t sum(struct played *p, const struct coproc_operand *table, uint64_t *result)
{
	const struct played_buffer *b = &p->buffer[table->buffer];
	struct xencoproc_operand wire;
	struct coproc_operand o;
	uint16_t status = XENCOPROC_OK;
	uint32_t at;

	if (!b->exists)
		return XENCOPROC_BAD_OBJECT;
	for (at = 0; at < table->length && status == XENCOPROC_OK; at += sizeof(wire)) {
		memcpy(&wire, b->data + table->offset + at, sizeof(wire));
		status = (uint16_t)coproc_operand_decode(&wire, &p->limits, &o);
		if (status == XENCOPROC_OK)
			status = (uint16_t)coproc_operand_inside(&o, p->buffer[o.buffer].pages * 4096ul,
								 p->buffer[o.buffer].access);
		*result += o.length;
	}
	return status;
}

bool peers_run(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	uint64_t result = 0;
	uint16_t status;

	switch (r->u.job.entry) {
	case 0:
		status = copy(p, r->u.job.operand, &result);
		break;
	case 2:
		status = XENCOPROC_FAILED;
		result = 7;
		break;
	case 3:
		status = sum(p, &r->u.job.operand[0], &result);
		break;
	case 9:
		played_hold(p, q, r);
		return true;
	default:
		return false;
	}
	if (r->flags & XENCOPROC_JOB_F_SIGNAL)
		p->context[r->u.job.context].timeline = r->u.job.signal_value;
	played_complete(p, q, r->slot, status, result);
	return true;
}

bool peers_honest(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct play *play = p->note;

	if (r->op != XENCOPROC_OP_JOB)
		return false;
	if (play->test->lie && !play->lied && play->jobs++ == AFTER) {
		play->lied = true;
		return play->test->lie(p, q, r);
	}
	return peers_run(p, q, r);
}

/* ---- away, and back ---- */

void peers_successor(struct played *p)
{
	played_end(p);
	p->follow = p->serve = true;
	played_advertise(p);
}

void peers_away(struct played *p)
{
	struct play *play = p->note;

	p->serve = p->follow = false;
	play->until_called = true;
	played_end(p);
	played_state(p, COPROC_STATE_CLOSED);
}

static bool was_called(struct played *p)
{
	char *go = played_read(p, "go");

	free(go);
	return go != NULL;
}

void peers_each_turn(struct played *p)
{
	static const unsigned int states[] = { 5, 2, 6, 4, 0, 1, 3, 7, 8, 2 };
	struct play *play = p->note;

	if (play->flapping) {
		played_state(p, states[play->flaps % 10]);
		if (++play->flaps == 200) {
			play->flapping = false;
			peers_successor(p);
		}
	}
	if (play->successor_in && --play->successor_in == 0)
		peers_successor(p);
	if (play->until_called && was_called(p)) {
		play->until_called = false;
		peers_successor(p);
	}
	/* After a broken ring its caller connects again. */
	if (!p->connected && !play->flapping && !play->successor_in && !play->until_called && p->follow)
		p->serve = true;
}
