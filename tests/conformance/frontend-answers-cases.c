// SPDX-License-Identifier: MIT
/* Completions that cannot be: F-DONE-1 one by one, and the races of F-PAGE-4. */
#include <stdio.h>
#include <string.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"

#define JOBS    8u

enum forged { RESERVED, FLAGS, STATUS, SLOT, NOT_LIVE, TWICE, ID };

static const struct forgery {
	const char *name;
	enum forged what;
	bool control;
	uint64_t value;
} forgeries[] = {
	{ "done-reserved-low-bit", RESERVED, false, 1 },
	{ "done-reserved-high-bit", RESERVED, false, 0x8000 },
	{ "done-flag-4", FLAGS, false, 4 },
	{ "done-flag-high", FLAGS, false, 0x8000 },
	{ "done-status-7", STATUS, false, 7 },
	{ "done-status-15", STATUS, false, 15 },
	{ "done-status-31", STATUS, false, 31 },
	{ "done-status-256", STATUS, false, 256 },
	{ "done-status-65535", STATUS, false, 65535 },
	{ "done-slot-is-entries", SLOT, false, 64 },
	{ "done-slot-65535", SLOT, false, 65535 },
	{ "done-slot-not-live", NOT_LIVE, false, 0 },
	{ "done-twice", TWICE, false, 0 },
	{ "done-id-low-half", ID, false, 1 },
	{ "done-id-high-half", ID, false, 1ull << 32 },
	{ "done-id-top-bit", ID, false, 1ull << 63 },
	{ "done-control-reserved", RESERVED, true, 1 },
	{ "done-control-flag", FLAGS, true, 8 },
	{ "done-control-status", STATUS, true, 9 },
	{ "done-control-slot-is-entries", SLOT, true, 32 },
	{ "done-control-slot-65535", SLOT, true, 65535 },
	{ "done-control-slot-not-live", NOT_LIVE, true, 0 },
	{ "done-control-id", ID, true, 0x100 },
};

static uint16_t free_slot(const struct played_queue *q)
{
	uint32_t i;

	for (i = q->entries; i-- > 0; )
		if (!q->slot[i].live)
			return (uint16_t)i;
	return 0;
}

static void forge(struct played *p, const struct forgery *f)
{
	const struct played_held *held = &p->held[f->control ? p->nheld - 1 : 0];
	struct played_queue *q = &p->queue[held->queue];
	struct xencoproc_cqe cqe = {
		.id = wire64(held->request.id),
		.slot = wire16(held->request.slot),
		.result = wire64(held->request.u.job.immediate + 1),
	};

	switch (f->what) {
	case RESERVED:
		cqe.reserved = wire16((uint16_t)f->value);
		break;
	case FLAGS:
		cqe.flags = wire16((uint16_t)f->value);
		break;
	case STATUS:
		cqe.status = wire16((uint16_t)f->value);
		break;
	case SLOT:
		cqe.slot = wire16((uint16_t)f->value);
		break;
	case NOT_LIVE:
		cqe.slot = wire16(free_slot(q));
		break;
	case TWICE:
		played_put(p, q, &cqe);
		break;
	case ID:
		cqe.id = wire64(held->request.id ^ f->value);
		break;
	}
	played_put(p, q, &cqe);
	played_publish(p, q);
	played_notify(p, q);
}

static void forged_case(struct bench *b, const struct forgery *f)
{
	unsigned int good = f->what == TWICE;
	enum answer a;

	if (!case_begin(b, f->name, "F-DONE-1"))
		return;
	b->p->hold_jobs = true;
	if (!case_ready(b) || !case_jobs(b, JOBS, "") || !until_held(b, JOBS))
		goto out;
	b->p->hold_control = f->control;
	ask_begin(b, f->control ? "query" : "wait 6000");
	if (f->control && !until_held(b, JOBS + 1))
		goto out;
	b->p->follow = b->p->serve = false;
	forge(b->p, f);
	expect_broken(b, "F-DONE-1", f->name);
	b->p->follow = true;
	if (f->control) {
		a = ask_end(b);
		report_check(b->report, a == ANSWER_FAILED, "a request with a forged answer gives %s",
			     answer_text(a));
		ask_wait(b, 6000);
	} else {
		ask_wait_end(b);
	}
	/* Nothing of it was believed. */
	expect_all_ended(b);
	expect_ended(b, b->first, good, XENCOPROC_OK);
	expect_ended(b, b->first + good, JOBS - good, XENCOPROC_LOST);
out:
	case_end(b);
}

/* ---- true in form, hostile in what it says ---- */

static bool all_ones(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	static const uint8_t bad[] = { 1, 2, 3, 4, 5, 6, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
				       27, 28, 29, 30 };
	unsigned int *turn = p->note;

	if (r->op == XENCOPROC_OP_JOB)
		played_complete(p, q, r->slot, bad[(*turn)++ % sizeof(bad)], UINT64_MAX);
	else if (r->op == XENCOPROC_OP_QUERY)
		played_complete(p, q, r->slot, XENCOPROC_OK, UINT64_MAX);
	else
		return false;
	return true;
}

/* F-DONE-2: `result` is a number to be passed on, whatever it is. */
static void results(struct bench *b)
{
	unsigned int turn = 0, i;

	if (!case_begin(b, "results-of-all-ones", "F-DONE-2"))
		return;
	b->p->note = &turn;
	b->p->hook = all_ones;
	if (case_ready(b) && case_jobs(b, 42, "")) {
		ask_wait(b, 5000);
		expect_all_ended(b);
		for (i = 0; i < 42; i++)
			report_check(b->report, b->ended[b->first + i].times == 1 &&
				     b->ended[b->first + i].result == UINT64_MAX &&
				     b->ended[b->first + i].status != XENCOPROC_OK,
				     "job %u: not as the completion said", b->first + i);
		must(b, "query");
		b->p->hook = NULL;
		if (case_jobs(b, 4, "")) {
			ask_wait(b, 5000);
			expect_ended(b, b->first, 4, XENCOPROC_OK);
		}
	}
	case_end(b);
}

static bool refuse_making(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	const unsigned int *status = p->note;

	if (q->number)
		return false;
	played_complete(p, q, r->slot, (uint16_t)*status, UINT64_MAX);
	return true;
}

/* Whatever refuses an object: the frontend says so, and goes on. */
static void refusals(struct bench *b)
{
	static const char *const lines[] = { "make context", "make firmware", "make buffer 4096 rw",
					     "make queue 32" };
	unsigned int status, i;

	if (!case_begin(b, "objects-refused", "F-DONE-2 F-VER-1"))
		return;
	b->p->note = &status;
	if (case_connect(b)) {
		b->p->hook = refuse_making;
		for (status = XENCOPROC_BAD_OP; status <= XENCOPROC_NO_MEMORY; status++)
			for (i = 0; i < 4; i++)
				report_check(b->report, ask(b, "%s", lines[i]) == ANSWER_FAILED,
					     "'%s' answered %s is not reported", lines[i],
					     coproc_status_text(status));
		b->p->hook = NULL;
		for (i = 0; i < 4; i++)
			must(b, lines[i]);
		report_check(b->report, b->p->connections == 1, "the connection was given up");
		if (case_jobs(b, 4, "")) {
			ask_wait(b, 5000);
			expect_ended(b, b->first, 4, XENCOPROC_OK);
		}
	}
	case_end(b);
}

/* ---- F-PAGE-4 ---- */

#define FLIPPED         32u     /* completions, of which the last changes */
#define FLIPS_US        50000u  /* a frontend that found the ring broken takes none */
#define READS           240u    /* at most */
#define MET             30u     /* reads that met the change, which are enough */
#define MET_LEAST       5u /* with less nothing is said */
#define PAUSE_US        12u     /* this side was suspended: a round of changes takes about one */

/*
 * A status is changed while the frontend looks, as fast as can be and until it
 * took the completion: between a true one and one that does not exist.  Who
 * reads it once takes the one or the other; who checks what he reads first and
 * uses what he reads then reports in the end a status that does not exist.
 *
 * That shows only when both sides run at once.  So the tries are counted in
 * which this side changed it without a pause just when it was taken: on a machine
 * that has no processor for it there are none, and the case does not apply.  Two reads that follow each other within some tens
 * of nanoseconds are out of reach for whoever is not the frontend: the first
 * leaves the line in its processor's cache.  A tracer sees them.
 *
 * Return: whether both ran at once.
 */
static bool flip(struct played *p)
{
	struct played_queue *q = &p->queue[1];
	volatile uint16_t *status = NULL;
	const uint16_t none = wire16(200);
	uint64_t begun, last, now, pause = 0;
	unsigned int i, rounds = 0;

	for (i = 0; i < FLIPPED; i++) {
		const struct coproc_request *r = &p->held[i].request;
		struct xencoproc_cqe *cqe = (void *)(q->cq + (q->put % q->entries) * sizeof(*cqe));

		status = &cqe->status;
		played_complete(p, q, r->slot, XENCOPROC_OK, r->u.job.immediate + 1);
	}
	p->nheld = 0;
	played_publish(p, q);
	played_notify(p, q);
	begun = last = played_now();
	while (played_consumed(p, XENCOPROC_RING_CQ(1)) != q->put && last < begun + FLIPS_US) {
		for (i = 0; i < 32; i++) {
			*status = none;
			*status = 0;
		}
		rounds++;
		now = played_now();
		pause = now - last;
		last = now;
	}
	return rounds > 1 && pause < PAUSE_US && last < begun + FLIPS_US;
}

/* One try.  Return: whether to go on. */
static bool read_while_flipped(struct bench *b, bool first, unsigned int *met)
{
	struct played *p = b->p;
	bool at_once;
	unsigned int k;

	/* Broken again and again: begun anew with a queue of its own. */
	if ((!first && !p->connected && !must(b, "close")) || (!p->connected && !case_ready(b)) ||
	    !case_jobs(b, FLIPPED, "") || !until_held(b, FLIPPED))
		return false;
	ask_begin(b, "wait 6000");
	played_run(p, 2);
	at_once = flip(p);
	ask_wait_end(b);
	for (k = 0; k < FLIPPED; k++) {
		const struct ended *e = &b->ended[b->first + k];

		if (e->times != 1)
			return report_check(b->report, false, "job %u ended %u times", b->first + k, e->times);
		if (e->status != XENCOPROC_OK && e->status != XENCOPROC_LOST)
			return report_check(b->report, false, "a job ended with status %u, which does not "
					    "exist: it was read twice", e->status);
	}
	if (b->ended[b->first + FLIPPED - 1].status == XENCOPROC_LOST)
		until_state(b, STATE(COPROC_STATE_CLOSING) | STATE(COPROC_STATE_CLOSED), b->patience_ms);
	*met += at_once;
	played_run(p, 5);
	return true;
}

static void read_once(struct bench *b)
{
	unsigned int i, met = 0;

	if (!case_begin(b, "completion-changes-while-read", "F-PAGE-4"))
		return;
	b->p->hold_jobs = true;
	for (i = 0; i < READS && met < MET; i++)
		if (!read_while_flipped(b, i == 0, &met))
			break;
	if (met >= MET_LEAST)
		report_check(b->report, true, "met");
	else
		report_na(b->report, "in %u tries the frontend read %u times while the status changed: there is "
			  "no processor for both at once", i, met);
	case_end(b);
}

/* What was consumed is the backend's again: nothing may come from there. */
static void taken_is_taken(struct bench *b)
{
	struct played_queue *q = &b->p->queue[1];
	unsigned int i;

	if (!case_begin(b, "completion-changes-when-taken", "F-PAGE-4"))
		return;
	b->p->hold_jobs = true;
	if (case_ready(b) && case_jobs(b, FLIPPED, "") && until_held(b, FLIPPED)) {
		played_release_all(b->p);
		for (i = 0; i < 50 && played_consumed(b->p, XENCOPROC_RING_CQ(1)) != q->put; i++) {
			if (ask(b, "state") != ANSWER_OK)
				break;
			played_run(b->p, 5);
		}
		if (b->p->connected)
			memset(q->cq, 0xff, q->entries * sizeof(struct xencoproc_cqe));
		ask_wait(b, 5000);
		expect_all_ended(b);
		expect_ended(b, b->first, FLIPPED, XENCOPROC_OK);
	}
	case_end(b);
}

void cases_answers(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++)
		forged_case(b, &forgeries[i]);
	results(b);
	refusals(b);
	read_once(b);
	taken_is_taken(b);
}
