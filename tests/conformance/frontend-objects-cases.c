// SPDX-License-Identifier: MIT
/* Grants that must stay until an object has ended, and queues that begin and end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"

#define LATER_MS        80u

/* Holds requests of one operation. */
static bool hold_op(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	const unsigned int *op = p->note;

	if (r->op != *op)
		return false;
	played_hold(p, q, r);
	return true;
}

static bool granted(struct played *p, const uint32_t *refs, uint32_t count, bool writable)
{
	void *at = played_map(p, refs, count, writable);

	played_unmap(p, at, count);
	return at != NULL;
}

/* Within two seconds; how soon is the frontend's affair. */
static bool is_ended(struct played *p, const uint32_t *refs, uint32_t count)
{
	uint64_t end = played_now() + 2000000;

	while (granted(p, refs, count, false)) {
		if (played_now() >= end)
			return false;
		played_run(p, 10);
	}
	return true;
}

/* The cells may be those of an earlier queue until QUEUE_OPEN completed. */
static void queue_opens(struct bench *b)
{
	unsigned int op = XENCOPROC_OP_QUEUE_OPEN;
	struct played *p = b->p;

	if (!case_begin(b, "queue-open-is-slow", "F-QOPEN-1"))
		return;
	p->note = &op;
	p->hook = hold_op;
	if (case_connect(b) && must(b, "make context") && must(b, "make firmware")) {
		ask_begin(b, "make queue 64");
		if (until_held(b, 1)) {
			uint32_t n = p->held[0].request.u.queue_open.queue;
			struct xencoproc_cell *be = &p->be[XENCOPROC_RING_SQ(n)];
			const struct xencoproc_cell *fe = &p->fe[XENCOPROC_RING_SQ(n)];

			be[0].index = be[0].event = wire32(77);
			be[1].index = be[1].event = wire32(0x80000001);
			played_notify(p, NULL);
			p->follow = false;      /* the pages stay to be looked at */
			played_run(p, LATER_MS);
			p->follow = true;
			report_check(b->report, watch_zero(fe, sizeof(*fe)), "something is published in "
				     "the queue before QUEUE_OPEN completed");
			memset(be, 0, 2 * sizeof(*be));
			p->hook = NULL;
			played_release_all(p);
			report_check(b->report, ask_end(b) == ANSWER_OK && p->both, "what stood in the "
				     "cells of an earlier queue broke the new one: %s", b->text);
			if (case_jobs(b, 40, "")) {
				ask_wait(b, 5000);
				expect_ended(b, b->first, 40, XENCOPROC_OK);
			}
		}
	}
	case_end(b);
}

/* F-CTRL-1: the object is being made, and a job could name it too early. */
static void making_is_slow(struct bench *b)
{
	static const struct { const char *line; unsigned int op; } objects[] = {
		{ "make context", XENCOPROC_OP_CTX_CREATE },
		{ "make firmware", XENCOPROC_OP_FW_LOAD },
		{ "make buffer 4096 r", XENCOPROC_OP_BUF_REGISTER },
	};
	unsigned int i, k, faults = 0;
	struct played *p = b->p;

	if (!case_begin(b, "making-is-slow", "F-CTRL-1"))
		return;
	if (!case_ready(b))
		goto out;
	for (i = 0; i < 3 && !report_failing(b->report); i++) {
		p->note = (void *)(uintptr_t)&objects[i].op;
		p->hook = hold_op;
		ask_begin(b, "%s", objects[i].line);
		if (!until_held(b, 1))
			break;
		played_run(p, 30);
		if (ask_answered(b)) {
			ask_end(b);
			ask(b, "jobs 1 pieces=1");
			played_run(p, 30);
			p->hook = NULL;
			played_release_all(p);
		} else {
			p->hook = NULL;
			played_release_all(p);
			ask_end(b);
			case_jobs(b, 1, "pieces=1");
		}
		ask_wait(b, 5000);
		for (k = 0; k < p->nfaults; k++)
			faults += !strcmp(p->fault[k].rule, "F-CTRL-1");
		report_check(b->report, !faults, "'%s': a job named the object too early",
			     objects[i].line);
	}
out:
	case_end(b);
}

static void queue_closes(struct bench *b)
{
	unsigned int op = XENCOPROC_OP_QUEUE_CLOSE;
	uint32_t sq_ref[2], cq_ref[1], index;
	struct played *p = b->p;
	struct played_queue *q;
	unsigned int i;

	if (!case_begin(b, "queue-close-is-slow", "F-QCLOSE-1"))
		return;
	p->note = &op;
	p->hook = hold_op;
	p->hold_jobs = true;
	if (!case_ready(b) || !case_jobs(b, 5, "") || !until_held(b, 5))
		goto out;
	q = &p->queue[1];
	memcpy(sq_ref, q->sq_ref, sizeof(sq_ref));
	memcpy(cq_ref, q->cq_ref, sizeof(cq_ref));
	index = played_sq_index(p, q);
	ask_begin(b, "end queue");
	/* Their completions come before that of QUEUE_CLOSE (B-QCLOSE-1). */
	if (!until_held(b, 6))
		goto out;
	for (i = 0; i < 5; i++)
		played_release(p, 0);
	played_run(p, LATER_MS);
	report_check(b->report, played_sq_index(p, q) == index,
		     "something was published after QUEUE_CLOSE");
	report_check(b->report, granted(p, sq_ref, 2, false) && granted(p, cq_ref, 1, true),
		     "the grants of the queue ended before QUEUE_CLOSE completed");
	p->hook = NULL;
	played_release_all(p);
	report_check(b->report, ask_end(b) == ANSWER_OK, "'end queue': %s", b->text);
	report_check(b->report, is_ended(p, sq_ref, 2) && is_ended(p, cq_ref, 1),
		     "the grants of the queue have not ended after QUEUE_CLOSE completed");
	p->hold_jobs = false;
	if (must(b, "make queue 64") && case_jobs(b, 5, "")) {
		ask_wait(b, 5000);
		expect_ended(b, b->first, 5, XENCOPROC_OK);
	}
out:
	case_end(b);
}

/* ---- buffers ---- */

static uint32_t first_ref(const struct played *p)
{
	unsigned int i;

	for (i = 0; i < PLAYED_BUFFERS; i++)
		if (p->buffer[i].exists && p->buffer[i].pages == 3)
			return p->buffer[i].refs[2];
	return XENCOPROC_GREF_NONE;
}

static void buffer_ends(struct bench *b)
{
	unsigned int op = XENCOPROC_OP_BUF_RELEASE;
	struct played *p = b->p;
	uint32_t ref;

	if (!case_begin(b, "buffer-release-is-slow", "F-BUF-1"))
		return;
	p->note = &op;
	if (case_connect(b) && must(b, "make buffer 12288 rw")) {
		ref = first_ref(p);
		p->hook = hold_op;
		ask_begin(b, "end buffer");
		if (until_held(b, 1)) {
			played_run(p, LATER_MS);
			report_check(b->report, granted(p, &ref, 1, false),
				     "the grants ended before BUF_RELEASE completed");
		}
		p->hook = NULL;
		played_release_all(p);
		report_check(b->report, ask_end(b) == ANSWER_OK, "'end buffer': %s", b->text);
		report_check(b->report, is_ended(p, &ref, 1), "the grants have not ended after "
			     "BUF_RELEASE completed");
	}
	case_end(b);
}

static bool refuse_release(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	if (r->op != XENCOPROC_OP_BUF_RELEASE)
		return false;
	played_complete(p, q, r->slot, XENCOPROC_IN_USE, 0);
	return true;
}

/* Not OK: the backend may have it yet. */
static void buffer_stays(struct bench *b)
{
	struct played *p = b->p;
	uint32_t ref;

	if (!case_begin(b, "buffer-release-refused", "F-BUF-1"))
		return;
	if (case_connect(b) && must(b, "make buffer 12288 rw")) {
		ref = first_ref(p);
		p->hook = refuse_release;
		ask(b, "end buffer");
		played_run(p, LATER_MS);
		report_check(b->report, granted(p, &ref, 1, false), "BUF_RELEASE was refused, and the "
			     "grants were ended");
		p->hook = NULL;
		must(b, "close");
		report_check(b->report, is_ended(p, &ref, 1),
			     "the grants have not ended with the connection");
	}
	case_end(b);
}

/* ---- save areas, where the frontend has them ---- */

static bool note_save(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	uint32_t *save = p->note;
	uint32_t i;

	if (r->op == XENCOPROC_OP_CTX_CREATE && r->u.ctx_create.save_buffer != XENCOPROC_NONE)
		*save = r->u.ctx_create.save_buffer;
	if (r->op == XENCOPROC_OP_FW_LOAD && r->u.fw_load.buffer == *save)
		played_fault(p, "F-SAVE-1", "FW_LOAD names buffer %u, a save area", *save);
	for (i = 0; r->op == XENCOPROC_OP_JOB && i < r->u.job.operands; i++)
		if (r->u.job.operand[i].buffer == *save)
			played_fault(p, "F-SAVE-1", "a job names buffer %u, a save area", *save);
	return false;
}

static void save_area(struct bench *b)
{
	uint32_t save = XENCOPROC_NONE;
	unsigned int i;
	char *asked;

	if (!case_begin(b, "save-areas", "F-SAVE-1"))
		return;
	played_node(b->p, "feature-save-area", "1");
	b->p->limits.features = COPROC_FEATURE_SAVE_AREA;
	b->p->note = &save;
	b->p->hook = note_save;
	if (case_ready(b)) {
		asked = played_read(b->p, "request-save-area");
		if (!asked || strcmp(asked, "1") || save == XENCOPROC_NONE)
			report_na(b->report, "this frontend asks for no save area");
		else if (case_jobs(b, 40, "pieces=2")) {
			uint64_t sum = watch_sum(b->p->buffer[save].data,
						 b->p->buffer[save].pages * 4096ul);

			ask_wait(b, 5000);
			expect_all_ended(b);
			report_check(b->report, sum == watch_sum(b->p->buffer[save].data,
				     b->p->buffer[save].pages * 4096ul), "the save area was written");
		}
		free(asked);
	}
	for (i = 0; i < b->p->nfaults; i++)
		if (!strcmp(b->p->fault[i].rule, "F-SAVE-1"))
			report_check(b->report, false, "%s", b->p->fault[i].text);
	case_end(b);
}

void cases_objects(struct bench *b)
{
	queue_opens(b);
	making_is_slow(b);
	queue_closes(b);
	buffer_ends(b);
	buffer_stays(b);
	save_area(b);
}
