// SPDX-License-Identifier: MIT
/* Indexes that cannot be true, and notifications that say nothing. */
#include <stdlib.h>
#include <string.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"

#define JOBS    8u

enum ring_of { OF_JOBS, OF_CONTROL, OF_EVENTS };

static const struct index_lie {
	const char *name;
	enum ring_of of;
	uint32_t from_now;      /* what the index says beyond what is true */
} index_lies[] = {
	{ "index-jobs-one-too-far", OF_JOBS, 65 },
	{ "index-jobs-far", OF_JOBS, 0x80000000u },
	{ "index-jobs-back", OF_JOBS, 0xffffffffu },
	{ "index-control-one-too-far", OF_CONTROL, 33 },
	{ "index-control-far", OF_CONTROL, 0x7fffffffu },
	{ "index-control-back", OF_CONTROL, 0xffffffffu },
	{ "index-events-one-too-far", OF_EVENTS, 129 },
	{ "index-events-back", OF_EVENTS, 0xffffffffu },
	{ "index-events-far", OF_EVENTS, 0x80000000u },
};

static void tell_index(struct played *p, const struct index_lie *lie)
{
	static const uint32_t rings[] = { XENCOPROC_RING_CQ(1), XENCOPROC_RING_CQ(0),
					  XENCOPROC_RING_EVENT };
	struct xencoproc_cell *cell = &p->be[rings[lie->of]];

	cell->index = wire32(wire32(cell->index) + lie->from_now);
	played_notify(p, NULL);
}

/* What the index claims would be good, were it there: who takes it shows it. */
static void bait(struct played *p, const struct index_lie *lie)
{
	struct xencoproc_event event = { .sequence = wire32(1), .type = wire16(4) };
	struct played_queue *q = &p->queue[lie->of == OF_JOBS];
	unsigned int i;

	for (i = 0; lie->of == OF_EVENTS && i < 128; i++)
		memcpy(p->events + i * sizeof(event), &event, sizeof(event));
	for (i = 0; lie->of != OF_EVENTS && i < q->entries; i++) {
		/* In front of the oldest that is held, each in its turn. */
		const struct coproc_request *r = &p->held[lie->of == OF_JOBS ? i % JOBS :
							  p->nheld - 1].request;
		struct xencoproc_cqe cqe = {
			.id = wire64(r->id), .slot = wire16(r->slot),
			.result = wire64(r->u.job.immediate + 1),
		};

		memcpy(q->cq + (size_t)((q->put + i) % q->entries) * sizeof(cqe), &cqe, sizeof(cqe));
	}
}

/* Jobs, and for the control queue a request, are held when the lie is told. */
static bool begin_held(struct bench *b, bool control)
{
	b->p->hold_jobs = true;
	if (!case_ready(b) || !case_jobs(b, JOBS, "") || !until_held(b, JOBS))
		return false;
	b->p->hold_control = control;
	ask_begin(b, control ? "query" : "wait 6000");
	if (control && !until_held(b, JOBS + 1))
		return false;
	b->p->follow = b->p->serve = false;
	return true;
}

static void end_held(struct bench *b, bool control)
{
	enum answer a;

	b->p->follow = b->p->serve = true;
	a = control ? ask_end(b) : ask_wait_end(b);
	if (control) {
		report_check(b->report, a == ANSWER_FAILED, "a request whose connection is broken gives "
			     "%s", answer_text(a));
		a = ask_wait(b, 6000);
	}
	report_check(b->report, a == ANSWER_OK, "'wait' gives %s: %s", answer_text(a), b->text);
	expect_all_ended(b);
	expect_ended(b, b->first, JOBS, XENCOPROC_LOST);
}

static void index_case(struct bench *b, const struct index_lie *lie)
{
	if (!case_begin(b, lie->name, "F-RING-3"))
		return;
	if (begin_held(b, lie->of == OF_CONTROL)) {
		bait(b->p, lie);
		tell_index(b->p, lie);
		expect_broken(b, "F-RING-3", lie->name);
		end_held(b, lie->of == OF_CONTROL);
		if (lie->of == OF_EVENTS && ask(b, "events") == ANSWER_OK)
			report_check(b->report, !strstr(b->text, "limits"), "events were taken by an "
				     "index that cannot be true");
	}
	case_end(b);
}

/* ---- what follows ---- */

static bool names_a_rule(const char *text)
{
	for (; text && *text; text++)
		if ((text[0] == 'F' || text[0] == 'B') && text[1] == '-' && text[2] >= 'A' &&
		    text[2] <= 'Z')
			return true;
	return false;
}

/* Closing, with the name of the rule. */
static void says_why(struct bench *b)
{
	static const struct index_lie *const lies[] = { &index_lies[0], &index_lies[3],
							&index_lies[6] };
	unsigned int i;
	char *error;

	for (i = 0; i < 3; i++) {
		if (!case_begin(b, i == 0 ? "broken-jobs-says-why" : i == 1 ?
				"broken-control-says-why" : "broken-events-says-why", "F-LIFE-6"))
			continue;
		if (begin_held(b, lies[i]->of == OF_CONTROL)) {
			tell_index(b->p, lies[i]);
			expect_broken(b, "F-LIFE-6", lies[i]->name);
			error = played_read(b->p, "error");
			report_check(b->report, names_a_rule(error), "error names no rule: '%s'",
				     error ? error : "");
			free(error);
			end_held(b, lies[i]->of == OF_CONTROL);
		}
		case_end(b);
	}
}

/* A ring that is broken stays so: nothing is taken from it, nor put. */
static void stays_broken(struct bench *b)
{
	struct xencoproc_cell before[XENCOPROC_CELLS];
	struct played *p = b->p;

	if (!case_begin(b, "broken-stays-broken", "F-RING-6 F-LIFE-6"))
		return;
	if (begin_held(b, false)) {
		tell_index(p, &index_lies[0]);
		if (until_state(b, STATE(COPROC_STATE_CLOSING) | STATE(COPROC_STATE_CLOSED), 4000)) {
			memcpy(before, p->fe, sizeof(before));
			p->be[XENCOPROC_RING_CQ(1)].index = wire32(p->queue[1].published);
			played_release_all(p);
			played_notify(p, NULL);
			played_run(p, 100);
			report_check(b->report, !memcmp(before, p->fe, sizeof(before)),
				     "the frontend's cells went on after the ring was broken");
		}
		end_held(b, false);
		report_check(b->report, ask(b, "jobs 1") == ANSWER_FAILED,
			     "jobs are taken on a broken connection");
	}
	case_end(b);
}

/* F-LIFE-7: not again, until one side starts anew; and then it works. */
static void not_again(struct bench *b)
{
	unsigned int i;

	if (!case_begin(b, "broken-not-tried-again", "F-LIFE-7"))
		return;
	if (begin_held(b, false)) {
		tell_index(b->p, &index_lies[1]);
		expect_broken(b, "F-LIFE-7", "an index that cannot be true");
		end_held(b, false);
		for (i = 0; i < 10; i++) {
			ask(b, "state");
			played_run(b->p, 20);
		}
		report_check(b->report, b->p->connections == 1 && b->p->peer >= 5,
			     "after a broken ring the frontend connects again by itself (%s)",
			     coproc_state_name(b->p->peer));
		b->p->hold_jobs = false;
		if (must(b, "reconnect") && case_jobs(b, 3, "")) {
			ask_wait(b, 5000);
			expect_ended(b, b->first, 3, XENCOPROC_OK);
		}
	}
	case_end(b);
}

/* ---- notifications ---- */

static void run_jobs(struct bench *b, unsigned int rounds)
{
	unsigned int i;

	for (i = 0; i < rounds && case_jobs(b, 4, ""); i++) {
		ask_wait(b, 8000);
		expect_all_ended(b);
		expect_ended(b, b->first, b->accepted, XENCOPROC_OK);
		if (report_failing(b->report))
			return;
	}
}

static void storm(struct bench *b)
{
	if (!case_begin(b, "notifications-without-reason", "F-RING-4"))
		return;
	if (case_ready(b)) {
		b->p->storm = true;
		run_jobs(b, 20);
		b->p->storm = false;
		report_check(b->report, b->p->connections == 1, "the connection was given up for a storm");
		run_jobs(b, 2);
	}
	case_end(b);
}

/* Completions that nobody tells of are found, at the frontend's own time. */
static void mute(struct bench *b)
{
	if (!case_begin(b, "notifications-lost", "F-RING-4 F-LIFE-3"))
		return;
	if (case_ready(b)) {
		b->p->mute = true;
		run_jobs(b, 1);
		b->p->mute = false;
		run_jobs(b, 2);
	}
	case_end(b);
}

void cases_rings(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < sizeof(index_lies) / sizeof(index_lies[0]); i++)
		index_case(b, &index_lies[i]);
	says_why(b);
	stays_broken(b);
	not_again(b);
	storm(b);
	mute(b);
}
