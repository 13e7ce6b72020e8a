// SPDX-License-Identifier: MIT
/*
 * A backend that is lost with jobs in flight (section 11): which are reported
 * LOST, which are submitted again, in which order; and what is made anew.
 *
 * The played backend takes a part of what is submitted, completes a part of
 * that, and is gone.  It runs nothing after that, so the verdicts are exact.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"

#define PLAIN           6u      /* jobs, then as many RESTARTABLE, then plain ones again */
#define TAKEN           14u     /* of these 18 */

struct lost {
	unsigned int first;     /* number of the first of the 18 */
	unsigned int taken;
	bool all_taken;
};

/* Takes TAKEN jobs, and not one more. */
static bool take_some(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct lost *lost = p->note;

	if (r->op != XENCOPROC_OP_JOB)
		return false;
	played_hold(p, q, r);
	if (++lost->taken == TAKEN)
		p->serve = false;       /* serve_queue() ends here, and publishes nothing */
	return true;
}

/* 18 jobs are in the ring, TAKEN of them behind the backend's index. */
static bool submit_and_take(struct bench *b, struct lost *lost)
{
	struct played *p = b->p;
	uint64_t end = played_now() + 3000000;

	if (!case_ready(b))
		return false;
	p->serve = false;
	if (!case_jobs(b, PLAIN, ""))
		return false;
	lost->first = b->first;
	if (!case_jobs(b, PLAIN, "restartable") || !case_jobs(b, PLAIN, ""))
		return false;
	p->note = lost;
	p->hook = take_some;
	p->serve = true;
	while (lost->taken < TAKEN && played_now() < end)
		played_turn(p, 2, -1);
	if (lost->taken < TAKEN)
		return report_check(b->report, false, "%u of %u jobs came", lost->taken, TAKEN);
	played_consume(p, &p->queue[1]);
	p->nlog = 0;
	return true;
}

/* Completes the held job number @i, counted from the first, and tells nobody. */
static void complete(struct played *p, unsigned int i)
{
	const struct coproc_request *r = &p->held[i].request;

	played_complete(p, &p->queue[1], r->slot, XENCOPROC_OK, r->u.job.immediate + 1);
	p->mute = true;
	played_publish(p, &p->queue[1]);
	p->mute = false;
}

static void expect_log(struct bench *b, const struct lost *lost, const unsigned int *again,
		       unsigned int count)
{
	const struct played *p = b->p;
	unsigned int i, seen = 0;

	for (i = 0; i < p->nlog; i++) {
		unsigned int number = (unsigned int)p->log[i].number - lost->first;

		if (number >= 3 * PLAIN)
			continue;
		if (!report_check(b->report, seen < count && again[seen] == number,
				  "in the next connection came job %u; expected %d", number,
				  seen < count ? (int)again[seen] : -1))
			return;
		seen++;
	}
	report_check(b->report, seen == count, "%u jobs were submitted again, expected %u", seen,
		     count);
}

/* Jobs 0, 1 and 6 were completed, 14 taken: the table of section 11. */
static void expect_verdicts(struct bench *b, const struct lost *lost)
{
	static const unsigned int again[] = { 7, 8, 9, 10, 11, 14, 15, 16, 17 };
	unsigned int i;

	expect_all_ended(b);
	expect_ended(b, lost->first, 2, XENCOPROC_OK);
	expect_ended(b, lost->first + 2, 4, XENCOPROC_LOST);
	expect_ended(b, lost->first + 6, 1, XENCOPROC_OK);
	expect_ended(b, lost->first + 12, 2, XENCOPROC_LOST);
	for (i = 0; i < sizeof(again) / sizeof(again[0]); i++)
		expect_ended(b, lost->first + again[i], 1, XENCOPROC_OK);
	expect_log(b, lost, again, sizeof(again) / sizeof(again[0]));
}

enum way { RESTARTED, SILENT, CLOSING, CLOSED, LATE_COMPLETION };

static void go_away(struct bench *b, enum way way)
{
	struct played *p = b->p;

	p->follow = false;
	switch (way) {
	case RESTARTED:
	case SILENT:            /* only the frontend's own deadline tells */
		complete(p, 0);
		complete(p, 1);
		complete(p, 6);
		if (way == SILENT)
			until_state(b, STATE(1), 8000);
		break;
	case CLOSING:
		played_state(p, COPROC_STATE_CLOSING);
		played_run(p, 30);
		complete(p, 0);
		complete(p, 1);
		complete(p, 6);
		until_state(b, STATE(6), 5000);
		played_end(p);
		played_state(p, COPROC_STATE_CLOSED);
		break;
	case CLOSED:
		complete(p, 0);
		complete(p, 1);
		complete(p, 6);
		played_end(p);
		played_state(p, COPROC_STATE_CLOSED);
		until_state(b, STATE(1), 5000);
		break;
	case LATE_COMPLETION:
		/* The frontend knows that the connection is over; the backend
		 * has not let go yet, and completes one more. */
		complete(p, 0);
		played_write(p, "state", "3");
		until_state(b, STATE(1), 5000);
		played_run(p, 60);
		complete(p, 1);
		complete(p, 6);
		played_run(p, 20);
		break;
	}
}

static bool hold_cancel(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	unsigned int *asked = p->note;

	*asked += r->op == XENCOPROC_OP_CANCEL;
	return r->op == XENCOPROC_OP_CANCEL;
}

/* CANCELs are under way and the backend is lost: jobs that it had taken may have
 * had an effect, and nobody said how they ended. */
static void lost_while_cancelling(struct bench *b)
{
	struct played *p = b->p;
	unsigned int asked = 0;
	uint64_t end = played_now() + b->patience_ms * 1000ull;

	if (!case_begin(b, "lost-while-cancelling", "F-JRNL-2"))
		return;
	p->hold_jobs = true;
	if (case_ready(b) && case_jobs(b, 5, "") && until_held(b, 5)) {
		p->note = &asked;
		p->hook = hold_cancel;
		ask_begin(b, "cancel");
		while (asked < 5 && played_now() < end)
			played_turn(p, 2, -1);
		report_check(b->report, asked == 5, "%u of 5 CANCELs came", asked);
		ask_end(b);
		p->follow = false;
		case_successor(b);
		ask_wait(b, b->patience_ms / 2);
		expect_all_ended(b);
		expect_ended(b, b->first, 5, XENCOPROC_LOST);
	}
	case_end(b);
}

static void lost_case(struct bench *b, const char *name, const char *rules, enum way way)
{
	struct lost lost = { 0 };

	if (!case_begin(b, name, rules))
		return;
	if (submit_and_take(b, &lost)) {
		ask_begin(b, "wait 12000");
		played_run(b->p, 10);
		go_away(b, way);
		case_successor(b);
		ask_wait_end(b);
		expect_verdicts(b, &lost);
	}
	case_end(b);
}

/* No successor: at the frontend's deadline all end. */
static void no_successor(struct bench *b)
{
	struct lost lost = { 0 };

	if (!case_begin(b, "lost-no-successor", "F-JRNL-3 F-LIFE-3"))
		return;
	if (submit_and_take(b, &lost)) {
		ask_begin(b, "wait 1000000");
		played_run(b->p, 10);
		b->p->follow = false;
		played_end(b->p);
		played_state(b->p, COPROC_STATE_CLOSED);
		ask_wait_end(b);
		expect_all_ended(b);
		expect_ended(b, lost.first, 18, XENCOPROC_LOST);
	}
	case_end(b);
}

/* The index by which the verdict is given is a liar's: any verdict will do that
 * the table has, and each job ends once. */
static void index_lies(struct bench *b)
{
	static const uint32_t says[] = { 0, 2, 18, 19, 64, 65, 0x80000000u, 0xffffffffu };
	unsigned int i, k;

	if (!case_begin(b, "lost-index-lies", "F-JRNL-2"))
		return;
	for (i = 0; i < 8 && b->x && !report_failing(b->report); i++) {
		struct lost lost = { 0 };

		if (i && !played_reset(b->p))
			break;
		memset(b->ended, 0, EXERCISER_JOBS * sizeof(*b->ended));
		if (!submit_and_take(b, &lost))
			break;
		complete(b->p, 0);
		b->p->be[XENCOPROC_RING_SQ(1)].index = wire32(says[i]);
		ask_begin(b, "wait 12000");
		played_run(b->p, 10);
		case_successor(b);
		ask_wait_end(b);
		expect_all_ended(b);
		for (k = 0; k < 18; k++)
			report_check(b->report, b->ended[lost.first + k].times == 1 &&
				     (b->ended[lost.first + k].status == XENCOPROC_OK ||
				      b->ended[lost.first + k].status == XENCOPROC_LOST),
				     "with the index %u job %u ended %u times, at last %s", says[i], k,
				     b->ended[lost.first + k].times,
				     coproc_status_text(b->ended[lost.first + k].status));
		ask(b, "close");
	}
	case_end(b);
}

/* ---- what is made anew ---- */

static void anew(struct bench *b)
{
	unsigned int i;
	uint64_t timeline = 0;
	struct played *p = b->p;

	if (!case_begin(b, "timelines-raised-again", "F-LIFE-4"))
		return;
	p->hold_jobs = false;
	if (!case_ready(b) || !case_jobs(b, 1, "signal=7"))
		goto out;
	ask_wait(b, 5000);
	p->hold_jobs = true;
	if (!case_jobs(b, 2, "signal=9") || !until_held(b, 2) || !must(b, "events"))
		goto out;
	ask_begin(b, "wait 9000");
	played_run(p, 10);
	case_successor(b);
	ask_wait_end(b);
	expect_ended(b, b->first, 2, XENCOPROC_LOST);
	if (!must(b, "wait-connected"))
		goto out;
	if (must(b, "events"))
		report_check(b->report, strstr(b->text, "ctx-reset") != NULL,
			     "the loss of local memory is not told: events are '%s'", b->text);
	must(b, "query");       /* it is behind the signals, or they had their time */
	for (i = 0; i < 50 && timeline < 9; i++) {
		played_run(p, 10);
		timeline = p->context[0].timeline;
	}
	report_check(b->report, timeline == 9, "the timeline was 7, and a lost job was to make it 9; in "
		     "the new connection it is %llu", (unsigned long long)timeline);
	p->hold_jobs = false;
	if (case_jobs(b, 3, "pieces=6")) {
		ask_wait(b, 5000);
		expect_ended(b, b->first, 3, XENCOPROC_OK);
	}
out:
	case_end(b);
}

/* F-LIFE-2: nothing of the last connection's pages is in the new one. */
static void fresh(struct bench *b)
{
	unsigned int i;
	struct played *p = b->p;

	if (!case_begin(b, "pages-fresh", "F-LIFE-2 F-PAGE-3"))
		return;
	if (case_ready(b) && case_jobs(b, 40, "pieces=6")) {
		ask_wait(b, 5000);
		p->keep = true;
		played_end(p);
		p->keep = false;
		played_advertise(p);
		for (i = 0; i < 100 && p->connections == 1 && ask(b, "state") == ANSWER_OK; i++)
			played_run(p, 10);
		watch_kept_from_here(p);
		if (must(b, "wait-connected") && case_jobs(b, 40, "pieces=6")) {
			ask_wait(b, 5000);
			expect_ended(b, b->first, 40, XENCOPROC_OK);
		}
		report_check(b->report, p->connections == 2, "there was no second connection");
		watch_kept(p);
		for (i = 0; i < p->nfaults; i++)
			report_check(b->report, strcmp(p->fault[i].rule, "F-PAGE-3") &&
				     strcmp(p->fault[i].rule, "F-PAGE-1"), "%s", p->fault[i].text);
	}
	case_end(b);
}

/* F-LIFE-5: what the first backend wrote holds no longer. */
static void nodes_anew(struct bench *b)
{
	static const char *const bad[][2] = {
		{ "versions", "7" }, { "max-queues", "0" }, { "max-ring-order", "-" },
	};
	unsigned int i, k;

	if (!case_begin(b, "nodes-read-anew", "F-LIFE-5"))
		return;
	for (i = 0; i < 3 && b->x; i++) {
		if (i && !played_reset(b->p))
			break;
		if (!case_connect(b))
			break;
		played_node(b->p, bad[i][0], bad[i][1]);
		case_successor(b);
		for (k = 0; k < 60 && b->p->peer < COPROC_STATE_CLOSING && b->p->connections == 1; k++) {
			ask(b, "state");
			played_run(b->p, 20);
		}
		report_check(b->report, b->p->peer >= COPROC_STATE_CLOSING, "%s of the second backend "
			     "is '%s', and the frontend is in %s", bad[i][0], bad[i][1],
			     coproc_state_name(b->p->peer));
		report_check(b->report, b->p->connections == 1, "%s of the second backend is '%s', and "
			     "the frontend connects", bad[i][0], bad[i][1]);
		ask(b, "close");
	}
	case_end(b);
}

/* ---- journals, where the frontend has them ---- */

struct journal {
	uint8_t *page;
	bool zero;              /* when it was granted */
};

static bool note_journal(struct played *p, struct played_queue *q, const struct coproc_request *r)
{
	struct journal *journal = p->note;

	if (r->op != XENCOPROC_OP_QUEUE_OPEN || r->u.queue_open.journal_ref == XENCOPROC_GREF_NONE ||
	    journal->page)
		return false;
	journal->page = played_map(p, &r->u.queue_open.journal_ref, 1, true);
	journal->zero = journal->page && watch_zero(journal->page, XENCOPROC_PAGE_SIZE);
	return false;
}

/* Zero, writable for the backend, and never written by the frontend.  The played
 * backend writes nothing: every cell stays FREE. */
static void journal(struct bench *b)
{
	struct journal journal = { 0 };

	if (!case_begin(b, "journals", "F-JRNL-1"))
		return;
	played_node(b->p, "feature-journal", "1");
	b->p->limits.features = COPROC_FEATURE_JOURNAL;
	b->p->note = &journal;
	b->p->hook = note_journal;
	if (case_ready(b)) {
		char *asked = played_read(b->p, "request-journal");

		if (!asked || strcmp(asked, "1")) {
			report_na(b->report, "this frontend asks for no journal");
		} else if (report_check(b->report, journal.page != NULL, "it asks for feature-journal, "
					"and its queue has no journal that can be mapped writable") &&
			   case_jobs(b, 40, "")) {
			ask_wait(b, 5000);
			expect_all_ended(b);
			report_check(b->report, journal.zero, "the journal is not zero when granted");
			report_check(b->report, watch_zero(journal.page, XENCOPROC_PAGE_SIZE),
				     "the frontend wrote into its journal");
		}
		free(asked);
	}
	played_unmap(b->p, journal.page, 1);
	case_end(b);
}

void cases_lost(struct bench *b)
{
	lost_case(b, "lost-restarted", "F-JRNL-2 F-JRNL-3", RESTARTED);
	lost_case(b, "lost-in-silence", "F-JRNL-2 F-JRNL-3 F-LIFE-3", SILENT);
	lost_case(b, "lost-closing", "F-JRNL-2 F-JRNL-3", CLOSING);
	lost_case(b, "lost-closed", "F-JRNL-2 F-JRNL-3", CLOSED);
	lost_case(b, "lost-not-let-go-at-once", "F-JRNL-2", LATE_COMPLETION);
	no_successor(b);
	index_lies(b);
	anew(b);
	fresh(b);
	nodes_anew(b);
	journal(b);
	lost_while_cancelling(b);
}
