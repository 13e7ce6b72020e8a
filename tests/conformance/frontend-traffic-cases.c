// SPDX-License-Identifier: MIT
/*
 * An honest backend: the frontend has to get along with it; what is watched by
 * the way is reported at the end, when every other case has run too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"

/* Jobs of all sorts, in several queues, ended in another order than begun. */
static bool complete_backwards(struct played *p, struct played_queue *q,
			       const struct coproc_request *r)
{
	unsigned int *left = p->note;

	if (r->op != XENCOPROC_OP_JOB || !*left)
		return false;
	played_hold(p, q, r);
	if (--*left == 0)
		while (p->nheld)
			played_release(p, p->nheld - 1);
	return true;
}

static void wait_all(struct bench *b)
{
	enum answer a = ask_wait(b, 10000);

	report_check(b->report, a == ANSWER_OK, "'wait' gives %s: %s", answer_text(a), b->text);
	report_check(b->report, b->outstanding == 0, "%u jobs have not ended", b->outstanding);
}

static void jobs_of_all_sorts(struct bench *b)
{
	unsigned int round, left;

	for (round = 0; round < 40; round++) {
		if (!case_jobs(b, 64, round % 4 == 1 ? "pieces=7" : round % 4 == 2 ?
			       "pieces=2 signal=5" : ""))
			return;
		wait_all(b);
		expect_ended(b, b->first, b->accepted, XENCOPROC_OK);
		if (report_failing(b->report))
			return;
	}
	left = 64;
	b->p->note = &left;
	b->p->hook = complete_backwards;
	if (!case_jobs(b, 64, ""))
		return;
	wait_all(b);
	expect_ended(b, b->first, b->accepted, XENCOPROC_OK);
	b->p->hook = NULL;
}

static void make_and_end(struct bench *b)
{
	static const char *const lines[] = {
		"make buffer 20000 rw", "make buffer 4096 w", "make context", "make firmware",
		"make queue 512 own", "make buffer 4198400 r",
	};
	static const char *const ends[] = { "buffer", "queue", "firmware", "context", "buffer",
					    "buffer" };
	char line[32];
	unsigned int i;

	for (i = 0; i < 6; i++)
		if (!must(b, lines[i]))
			return;
	if (case_jobs(b, 300, "")) {
		wait_all(b);
		expect_ended(b, b->first, b->accepted, XENCOPROC_OK);
	}
	for (i = 0; i < 6; i++) {
		snprintf(line, sizeof(line), "end %s", ends[i]);
		must(b, line);
	}
}

static void honest(struct bench *b)
{
	if (!case_begin(b, "honest-backend", "F-RING-2 F-QUEUE-1 F-QUEUE-2 F-QUEUE-3"))
		return;
	if (case_ready(b)) {
		jobs_of_all_sorts(b);
		make_and_end(b);
		b->p->hold_jobs = true;
		if (case_jobs(b, 20, "") && must(b, "cancel")) {
			wait_all(b);
			expect_ended(b, b->first, b->accepted, XENCOPROC_CANCELLED);
		}
		must(b, "close");
		report_check(b->report, until_state(b, STATE(COPROC_STATE_CLOSED), b->patience_ms),
			     "closed by its user, the frontend is in %s",
			     coproc_state_name(b->p->peer));
	}
	case_end(b);
}

/* One backend that polls needs no notification but of message 0 (P5). */
static void polling(struct bench *b)
{
	unsigned int round;

	if (!case_begin(b, "backend-that-polls", "F-RING-2"))
		return;
	b->p->polls = true;
	if (case_ready(b)) {
		uint32_t before = b->p->notifications;

		for (round = 0; round < 20 && case_jobs(b, 4, ""); round++)
			wait_all(b);
		report_check(b->report, b->p->notifications - before <= 1,
			     "20 batches to a backend that asked for no notification: %u were sent, "
			     "expected one for message 0", b->p->notifications - before);
	}
	b->p->polls = false;
	case_end(b);
}

/* xenstore is silent while objects and jobs come and go. */
static void no_xenstore(struct bench *b)
{
	if (!case_begin(b, "xenstore-stays-silent", "F-STORE-3"))
		return;
	if (case_connect(b)) {
		played_run(b->p, 30);
		b->p->written = 0;
		if (must(b, "make context") && must(b, "make firmware") &&
		    must(b, "make buffer 8192 rw") && must(b, "make queue 64") &&
		    case_jobs(b, 50, "pieces=2"))
			wait_all(b);
		must(b, "end buffer");
		must(b, "end queue");
		played_run(b->p, 30);
		report_check(b->report, b->p->written == 0, "%u nodes of the frontend's directory were "
			     "written for objects and jobs", b->p->written);
	}
	case_end(b);
}

/* As many as the queue holds have ended and nobody asked how; then more come. */
static void unread(struct bench *b)
{
	unsigned int first;

	if (!case_begin(b, "completions-not-asked-for", "F-QUEUE-3"))
		return;
	if (case_ready(b) && case_jobs(b, 64, "")) {
		first = b->first;
		for (unsigned int i = 0; i < 10 && must(b, "state"); i++)
			played_run(b->p, 5);
		/* It may take none before somebody asks. */
		b->accepted = 0;
		if (ask(b, "jobs 64") == ANSWER_OK)
			sscanf(b->text, "%u %u", &b->first, &b->accepted);
		for (unsigned int i = 0; i < 10 && must(b, "state"); i++)
			played_run(b->p, 5);
		wait_all(b);
		expect_all_ended(b);
		expect_ended(b, first, 64, XENCOPROC_OK);
		expect_ended(b, b->first, b->accepted, XENCOPROC_OK);
	}
	case_end(b);
}

/* ---- F-RING-2, as a consumer ---- */

#define ASLEEP          5u

static bool consumes(struct played *p, unsigned int ms)
{
	uint64_t end = played_now() + ms * 1000ull;

	while (p->connected && played_consumed(p, XENCOPROC_RING_CQ(0)) != p->queue[0].put && played_now() < end)
		played_turn(p, 1, -1);
	return played_consumed(p, XENCOPROC_RING_CQ(0)) == p->queue[0].put;
}

/*
 * An answer that nobody asked to be told of.  Who polls takes it by himself; who
 * takes it only when he is notified all the same, each time, sleeps without
 * having asked (A1).
 */
static void asks_before_it_sleeps(struct bench *b)
{
	unsigned int slept = 0, i;

	if (!case_begin(b, "asks-before-it-sleeps", "F-RING-2"))
		return;
	/* The first answer is asked for by `event` as it begins. */
	if (case_connect(b) && must(b, "query")) {
		for (i = 0; i < ASLEEP && slept == i; i++) {
			b->p->hold_control = true;
			ask_begin(b, "query");
			if (!until_held(b, 1))
				break;
			played_run(b->p, 50);
			b->p->hold_control = false;
			played_release_all(b->p);
			if (!consumes(b->p, 400)) {
				played_notify(b->p, NULL);
				slept += consumes(b->p, 100);
			}
			ask_end(b);
		}
		report_check(b->report, slept < ASLEEP, "%u times it slept and had not asked to be notified", slept);
	}
	case_end(b);
}

/* A queue's number again: its cells are as new, whatever the one before left. */
static void number_again(struct bench *b)
{
	unsigned int i;

	if (!case_begin(b, "queue-number-again", "F-QOPEN-1 F-RING-1"))
		return;
	if (case_ready(b))
		for (i = 0; i < 4 && case_jobs(b, 20, ""); i++) {
			unsigned int faults = b->p->nfaults;

			ask_wait(b, b->patience_ms / 2);
			expect_ended(b, b->first, 20, XENCOPROC_OK);
			if (!must(b, "end queue") || !must(b, i % 2 ? "make queue 64" : "make queue 32"))
				break;
			report_check(b->report, b->p->nfaults == faults, "%s",
				     b->p->nfaults > faults ? b->p->fault[faults].text : "");
		}
	case_end(b);
}

void cases_traffic(struct bench *b)
{
	honest(b);
	unread(b);
	polling(b);
	no_xenstore(b);
	asks_before_it_sleeps(b);
	number_again(b);
}

/* ---- at the end: what was watched ---- */

static const struct {
	const char *name;
	const char *rule;
} watched[] = {
	{ "watched-pages-zero", "F-PAGE-1" }, { "watched-pages-granted", "F-PAGE-2" },
	{ "watched-pages-kept", "F-PAGE-3" }, { "watched-cells", "F-RING-1" },
	{ "watched-algorithm", "F-RING-2" }, { "watched-slots", "F-QUEUE-1" },
	{ "watched-slots-again", "F-QUEUE-2" }, { "watched-live", "F-QUEUE-3" },
	{ "watched-ids", "F-QUEUE-4" }, { "watched-messages", "F-MSG-1" },
	{ "watched-names", "F-CTRL-1" }, { "watched-queue-cells", "F-QOPEN-1" },
	{ "watched-grants-differ", "F-STORE-2" }, { "watched-own-nodes", "F-STORE-1" },
	{ "watched-version", "F-NEG-1" }, { "watched-requests", "F-NEG-2" },
	{ "watched-before-connected", "F-LIFE-2" }, { "watched-steps", "F-LIFE-1" },
};

/* Enough that each of these rules could be broken, if no other case has run. */
static void some_traffic(struct bench *b)
{
	if (!played_reset(b->p))
		return;
	b->p->in_case = "traffic";
	if (ask(b, "open") == ANSWER_OK && ask(b, "make context") == ANSWER_OK &&
	    ask(b, "make firmware") == ANSWER_OK && ask(b, "make buffer 8192 r") == ANSWER_OK &&
	    ask(b, "make buffer 20000 rw") == ANSWER_OK && ask(b, "make queue 32") == ANSWER_OK) {
		unsigned int i;

		for (i = 0; i < 6; i++) {
			b->p->hold_jobs = i == 3;       /* all live together */
			ask(b, "jobs 32 %s", i % 2 ? "pieces=9 signal=3" : "");
			if (i == 3)
				played_run(b->p, 20);
			b->p->hold_jobs = false;
			played_release_all(b->p);
			ask_wait(b, 5000);
		}
		ask(b, "end buffer");
		ask(b, "end queue");
	}
	if (b->x)
		ask(b, "close");
}

void cases_watched(struct bench *b)
{
	bool ran = false;
	unsigned int i, k;

	for (i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
		if (!report_begin(b->report, watched[i].name, watched[i].rule))
			continue;
		if (!ran)
			some_traffic(b);
		ran = true;
		report_check(b->report, b->p->connections > 0 || b->p->nfaults > 0,
			     "there was no connection to watch");
		for (k = 0; k < b->p->nfaults; k++)
			report_check(b->report, strcmp(b->p->fault[k].rule, watched[i].rule),
				     "%s", b->p->fault[k].text);
		report_end(b->report);
	}
}
