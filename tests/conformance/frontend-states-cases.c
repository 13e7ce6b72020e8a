// SPDX-License-Identifier: MIT
/* The table of states: each state at each moment, and waits that must end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"

/* What the peer's node says, and where the table takes a connected frontend. */
static const struct said {
	const char *name;
	const char *text;               /* NULL: the node is removed */
	unsigned int connected;         /* states that may follow, as bits */
	unsigned int published;         /* the same in Initialised */
	unsigned int begun;             /* the same in Initialising */
} saids[] = {
	{ "state-0", "0", STATE(1), STATE(1), STATE(1) },
	{ "state-1", "1", STATE(1), STATE(1), STATE(1) },
	{ "state-2", "2", STATE(1) | STATE(3), STATE(3), STATE(3) },
	{ "state-3", "3", STATE(1), STATE(3), STATE(1) },
	{ "state-4", "4", STATE(4), STATE(4), STATE(1) },
	{ "state-5", "5", STATE(5) | STATE(6), STATE(5) | STATE(6), STATE(1) },
	{ "state-6", "6", STATE(1), STATE(1), STATE(1) },
	{ "state-77", "77", STATE(1), STATE(1), STATE(1) },
	{ "state-empty", "", STATE(1), STATE(1), STATE(1) },
	{ "state-minus", "-4", STATE(1), STATE(1), STATE(1) },
	{ "state-leading-zero", "04", STATE(1), STATE(1), STATE(1) },
	{ "state-words", "Connected", STATE(1), STATE(1), STATE(1) },
	{ "state-vanished", NULL, STATE(1), STATE(1), STATE(1) },
};

static void say(struct played *p, const struct said *said)
{
	if (said->text)
		played_write(p, "state", said->text);
	else
		played_delete(p, "state");
	played_run(p, 1);
}

/* Serves until the frontend's state stands where the table wants it, and stays. */
static void expect_state(struct bench *b, const struct said *said, const char *from,
			 unsigned int states)
{
	bool came = until_state(b, states, b->patience_ms);

	report_check(b->report, came, "the backend says '%s' to a frontend that is %s: it is in %s",
		     said->text ? said->text : "(nothing)", from, coproc_state_name(b->p->peer));
	if (!came)
		return;
	played_run(b->p, 20);
	report_check(b->report, states & STATE(played_peer(b->p)), "it did not stay there: %s",
		     coproc_state_name(b->p->peer));
}

static void connected_case(struct bench *b, const struct said *said)
{
	static char names[16][48];
	char *name = names[said - saids];
	unsigned int held = 4;

	snprintf(name, sizeof(names[0]), "connected-%s", said->name);
	if (!case_begin(b, name, "F-LIFE-1"))
		return;
	b->p->hold_jobs = true;
	if (case_ready(b) && case_jobs(b, held, "") && until_held(b, held)) {
		ask_begin(b, "wait 9000");
		played_run(b->p, 5);
		b->p->follow = false;
		say(b->p, said);
		expect_state(b, said, "Connected", said->connected);
		if (!strcmp(said->name, "state-4")) {
			b->p->follow = true;
			b->p->hold_jobs = false;
			played_release_all(b->p);
		} else {
			case_successor(b);
		}
		ask_wait_end(b);
		expect_all_ended(b);
		if (must(b, "wait-connected") && case_jobs(b, 2, "")) {
			ask_wait(b, 5000);
			expect_ended(b, b->first, 2, XENCOPROC_OK);
		}
	}
	case_end(b);
}

/* The backend does this in the middle of connecting, and then comes to reason. */
static void connecting_case(struct bench *b, const struct said *said, unsigned int mine)
{
	static char names[2][16][48];
	char *name = names[mine == COPROC_STATE_INITIALISED][said - saids];
	struct played *p = b->p;
	enum answer a;

	snprintf(name, sizeof(names[0][0]), "%s-%s", mine == COPROC_STATE_INITIALISED ? "published" :
		 "begun", said->name);
	if (!case_begin(b, name, "F-LIFE-1"))
		return;
	p->follow = false;
	if (mine == COPROC_STATE_INITIALISED)
		played_advertise(p);
	else if (said->connected == STATE(4) || !strcmp(said->name, "state-2"))
		played_state(p, COPROC_STATE_INITIALISING);
	ask_begin(b, "open");
	if (until_state(b, STATE(mine), b->patience_ms)) {
		/* Waited for in Initialised by 4: then it may say Connected, and
		 * its requests find nobody. */
		say(p, said);
		if (mine != COPROC_STATE_INITIALISED && !strcmp(said->name, "state-2"))
			played_advertise(p);
		expect_state(b, said, mine == COPROC_STATE_INITIALISED ? "Initialised" : "Initialising",
			     mine == COPROC_STATE_INITIALISED ? said->published : said->begun);
	} else {
		report_check(b->report, false, "opened, it does not come to %s",
			     coproc_state_name(mine));
	}
	case_successor(b);
	a = ask_end(b);
	report_check(b->report, a == ANSWER_OK || a == ANSWER_FAILED, "'open' gives %s",
		     answer_text(a));
	case_end(b);
}

/* ---- F-LIFE-1: the state by which a step was chosen still holds ---- */

#define INVITED         8u      /* times that it is invited anew */
#define CYCLES          60u     /* at most, that this is taken back each time */

static void pass(uint64_t us)
{
	for (uint64_t end = played_now() + us; played_now() < end; )
		;
}

/*
 * Invites and takes it back, again and again, until the frontend published: in
 * the while that it was invited, or else wrongly.  How long it is invited
 * differs: from less than what its step takes to twice of it.  Afterwards it
 * is not for as long as its step takes, and so meets whoever looked before.
 */
static bool published_uninvited(struct bench *b, uint64_t takes, unsigned int *withdrawn)
{
	struct played *p = b->p;

	for (unsigned int cycle = 0; cycle < CYCLES; cycle++) {
		uint64_t end;

		played_state(p, COPROC_STATE_INIT_WAIT);
		pass(takes * (cycle % 8 + 1) / 4);
		if (!played_step(p, COPROC_STATE_INITIALISING, COPROC_STATE_INITIALISING))
			return false;
		++*withdrawn;
		for (end = played_now() + takes + takes / 2; played_now() < end; )
			if (played_peer(p) == COPROC_STATE_INITIALISED)
				return true;
	}
	return false;
}

static void atomic_step(struct bench *b)
{
	unsigned int withdrawn = 0;
	bool wrong = false;
	uint64_t began, takes = 0;

	if (!case_begin(b, "invitation-withdrawn", "F-LIFE-1"))
		return;
	for (unsigned int i = 0; i <= INVITED && !wrong && b->x; i++) {
		if (i && !played_reset(b->p))
			break;
		b->p->follow = false;
		ask_begin(b, "open");
		if (!until_state(b, STATE(1), b->patience_ms))
			break;
		began = played_now();
		played_advertise(b->p);
		if (i == 0 && until_state(b, STATE(3), b->patience_ms))
			takes = played_now() - began;   /* its step, from being invited on */
		else if (i)
			wrong = published_uninvited(b, takes, &withdrawn);
		case_successor(b);
		ask_end(b);
		ask(b, "close");
	}
	report_check(b->report, withdrawn > 0, "it was never possible to withdraw");
	report_check(b->report, !wrong, "it published in answer to an InitWait that had been withdrawn "
		     "(after %u)", withdrawn);
	case_end(b);
}

/* ---- F-LIFE-9: its directory is another one now ---- */

/*
 * Who has not noticed goes on using the connection, which is served still.
 * When somebody notices is his affair; that he never does is what fails.
 */
static bool leaves_it(struct bench *b)
{
	uint64_t end = played_now() + b->patience_ms * 1000ull;
	uint32_t before;

	do {
		before = b->p->requests[XENCOPROC_OP_QUERY];
		ask(b, "query");
		if (b->p->requests[XENCOPROC_OP_QUERY] == before)
			return true;
	} while (b->x && played_now() < end);
	return report_check(b->report, false, "its directory was removed and made again, state 1: it still "
			    "uses the connection of the one before");
}

/* @both: the backend's is another one too; else it stays and is Connected. */
static void given_again(struct bench *b, const char *name, bool both)
{
	struct played *p = b->p;

	if (!case_begin(b, name, "F-LIFE-9"))
		return;
	if (case_ready(b)) {
		p->hold_jobs = true;
		p->follow = case_jobs(b, 4, "") && until_held(b, 4) ? false : true;
		if (!p->follow && report_check(b->report, played_give_again(p, both, true), "cannot make them again") &&
		    leaves_it(b)) {
			if (both)
				case_successor(b);
			p->follow = true;
			p->hold_jobs = false;
			ask_wait(b, b->patience_ms / 2);
			expect_all_ended(b);
			expect_ended(b, b->first, 4, XENCOPROC_LOST);
			if (must(b, "wait-connected") && case_jobs(b, 2, "")) {
				ask_wait(b, b->patience_ms / 2);
				expect_ended(b, b->first, 2, XENCOPROC_OK);
			}
		}
	}
	case_end(b);
}

/* While the backend may be mapping: it has to publish anew, or both wait for ever. */
static void given_again_published(struct bench *b)
{
	struct played *p = b->p;

	if (!case_begin(b, "given-again-published", "F-LIFE-9"))
		return;
	p->follow = false;
	played_advertise(p);
	ask_begin(b, "open");
	if (report_check(b->report, until_state(b, STATE(3), b->patience_ms), "it does not come to Initialised") &&
	    report_check(b->report, played_give_again(p, false, true), "cannot make it again"))
		report_check(b->report, until_state(b, STATE(3), b->patience_ms), "its directory was made again, state "
			     "1, and the backend is in 2: it does not publish in it, its state is %s",
			     coproc_state_name(p->peer));
	p->follow = true;
	report_check(b->report, ask_end(b) == ANSWER_OK, "'open' fails then: %s", b->text);
	case_end(b);
}

/* ---- refusals ---- */

static void refused_case(struct bench *b)
{
	unsigned int i;

	if (!case_begin(b, "refused-not-tried-again", "F-LIFE-7"))
		return;
	b->p->refuse = true;
	report_check(b->report, ask(b, "open") == ANSWER_FAILED, "refused, and 'open' says ok");
	for (i = 0; i < 10; i++)
		played_run(b->p, 20);
	played_peer(b->p);
	report_check(b->report, b->p->peer == COPROC_STATE_CLOSING || b->p->peer == COPROC_STATE_CLOSED,
		     "refused, it is in %s", coproc_state_name(b->p->peer));
	b->p->refuse = false;
	if (must(b, "open"))
		expect_connected(b);
	case_end(b);
}

/* ---- waits ---- */

/* Whatever is asked for has an answer, and the next backend finds it alive. */
static void expect_answer(struct bench *b, const char *line, bool may_succeed)
{
	uint64_t before = played_now();
	enum answer a = ask(b, "%s", line);

	report_check(b->report, a == ANSWER_FAILED || (may_succeed && a == ANSWER_OK),
		     "'%s' with a backend that does not answer: %s after %llu ms", line, answer_text(a),
		     (unsigned long long)(played_now() - before) / 1000);
}

static void deaf_case(struct bench *b, const char *name, const char *line, bool connected)
{
	if (!case_begin(b, name, "F-LIFE-3"))
		return;
	if (!connected || case_ready(b)) {
		b->p->follow = connected;
		if (!connected)
			played_advertise(b->p);
		b->p->serve = false;
		/* What is ended at a lost connection has ended. */
		expect_answer(b, line, !strncmp(line, "end ", 4));
		b->p->serve = b->p->follow = true;
	}
	case_end(b);
}

static void deaf_cases(struct bench *b)
{
	deaf_case(b, "never-connects", "open", false);
	deaf_case(b, "never-makes-a-context", "make context", true);
	deaf_case(b, "never-makes-a-buffer", "make buffer 4096 rw", true);
	deaf_case(b, "never-makes-firmware", "make firmware", true);
	deaf_case(b, "never-makes-a-queue", "make queue 32", true);
	deaf_case(b, "never-ends-a-buffer", "end buffer", true);
	deaf_case(b, "never-ends-a-queue", "end queue", true);
	deaf_case(b, "never-answers-a-query", "query", true);
	deaf_case(b, "never-moves-a-timeline", "timeline 9", true);
}

static void never_ends_jobs(struct bench *b)
{
	if (!case_begin(b, "never-ends-a-job", "F-LIFE-3"))
		return;
	if (case_ready(b)) {
		b->p->serve = false;
		if (case_jobs(b, 5, "")) {
			ask_wait(b, 1000000);
			expect_all_ended(b);
		}
		b->p->serve = true;
	}
	case_end(b);
}

/* It stays Connected and does nothing any more: neither serves nor lets go. */
static void never_lets_go(struct bench *b)
{
	struct played *p = b->p;

	if (!case_begin(b, "never-lets-go", "F-LIFE-3 F-JRNL-2"))
		return;
	p->hold_jobs = true;
	if (case_ready(b) && case_jobs(b, 5, "") && until_held(b, 5)) {
		p->serve = p->follow = false;
		ask_wait(b, b->patience_ms / 2);
		expect_all_ended(b);
		expect_ended(b, b->first, 5, XENCOPROC_LOST);
		case_successor(b);
	}
	case_end(b);
}

/* Answers a CANCEL, and keeps the job. */
static bool answer_cancel(struct played *p, struct played_queue *q,
			  const struct coproc_request *request)
{
	const uint16_t *status = p->note;

	if (request->op != XENCOPROC_OP_CANCEL)
		return false;
	played_complete(p, q, request->slot, *status, 0);
	return true;
}

static bool until_connections(struct bench *b, unsigned int count)
{
	uint64_t end = played_now() + b->patience_ms * 1000ull;

	/* The frontend needs to look at what came. */
	while (b->p->connections < count && played_now() < end && must(b, "state"))
		played_run(b->p, 20);
	return b->p->connections >= count;
}

static void cancel_for_nothing(struct bench *b, const char *name, uint16_t status)
{
	struct played *p = b->p;

	if (!case_begin(b, name, "F-CANCEL-1 F-LIFE-3"))
		return;
	p->hold_jobs = true;
	if (case_ready(b) && case_jobs(b, 5, "") && until_held(b, 5)) {
		p->note = &status;
		p->hook = answer_cancel;
		if (must(b, "cancel"))
			report_check(b->report, until_connections(b, p->connections + 1),
				     "the backend is not taken for lost");
		p->hook = NULL;
		p->hold_jobs = false;
		ask_wait(b, 5000);
		expect_all_ended(b);
		/* It wanted none of them any more. */
		report_check(b->report, p->nlog == 5, "%u jobs were submitted again after their "
			     "cancelling", p->nlog - 5);
		if (must(b, "wait-connected"))
			expect_connected(b);
	}
	p->hook = NULL;
	case_end(b);
}

/* The pages stay as they are while this side has them, after it let go. */
static void never_closes(struct bench *b)
{
	struct played *p = b->p;

	if (!case_begin(b, "never-closes", "F-LIFE-3 F-PAGE-3"))
		return;
	if (case_ready(b) && case_jobs(b, 5, "")) {
		ask_wait(b, 5000);
		p->follow = false;
		expect_answer(b, "close", true);
		p->keep = p->keep_buffers = true;
		played_end(p);
		/* Others use its memory from here. */
		p->keep = p->keep_buffers = false;
		p->follow = true;
		played_state(p, COPROC_STATE_CLOSED);
		if (must(b, "open") && must(b, "make context") && must(b, "make firmware") &&
		    must(b, "make buffer 65536 rw") && must(b, "make queue 512") &&
		    case_jobs(b, 64, "pieces=9"))
			ask_wait(b, 5000);
		watch_kept(p);
		for (unsigned int i = 0; i < p->nfaults; i++)
			report_check(b->report, strcmp(p->fault[i].rule, "F-PAGE-3"), "%s",
				     p->fault[i].text);
	}
	case_end(b);
}

void cases_states(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < sizeof(saids) / sizeof(saids[0]); i++)
		connected_case(b, &saids[i]);
	for (i = 0; i < sizeof(saids) / sizeof(saids[0]); i++)
		if (saids[i].published != STATE(4))
			connecting_case(b, &saids[i], COPROC_STATE_INITIALISED);
	for (i = 0; i < sizeof(saids) / sizeof(saids[0]); i++)
		connecting_case(b, &saids[i], COPROC_STATE_INITIALISING);
	atomic_step(b);
	given_again(b, "given-again", true);
	given_again(b, "given-again-before-connected-backend", false);
	given_again_published(b);
	refused_case(b);
	deaf_cases(b);
	never_ends_jobs(b);
	never_lets_go(b);
	cancel_for_nothing(b, "cancel-answered-for-nothing", XENCOPROC_OK);
	cancel_for_nothing(b, "cancel-answered-not-found", XENCOPROC_NOT_FOUND);
	never_closes(b);
}
