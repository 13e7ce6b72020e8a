// SPDX-License-Identifier: MIT
/* Steps that cases of the played backend are made of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"

bool case_begin(struct bench *b, const char *name, const char *rules)
{
	if (!report_begin(b->report, name, rules))
		return false;
	b->p->in_case = name;
	memset(b->ended, 0, EXERCISER_JOBS * sizeof(*b->ended));
	b->outstanding = b->accepted = 0;
	if (exerciser_ready(b) && played_reset(b->p))
		return true;
	report_check(b->report, false, "cannot begin: no exerciser, or no device");
	report_end(b->report);
	return false;
}

/* Leaves the frontend closed, whatever the case left. */
void case_end(struct bench *b)
{
	if (b->x) {
		b->p->hook = NULL;
		b->p->each_turn = NULL;
		b->p->follow = b->p->serve = true;
		b->p->mute = b->p->storm = b->p->hold_control = b->p->refuse = false;
		ask(b, "close");
	}
	report_end(b->report);
	b->p->in_case = "what follows a case";
}

bool must(struct bench *b, const char *line)
{
	enum answer a = ask(b, "%s", line);

	if (a == ANSWER_NA)
		report_na(b->report, "%s: %s", line, b->text);
	else if (a != ANSWER_OK)
		report_check(b->report, false, "'%s' gives %s: %s", line, answer_text(a), b->text);
	return a == ANSWER_OK;
}

/* Ends early when it is so: only a frontend that never connects takes so long. */
#define CONNECT_US      10000000ull

bool case_connect(struct bench *b)
{
	uint64_t end = played_now() + CONNECT_US;

	if (!must(b, "open"))
		return false;
	while (!b->p->both && played_now() < end)
		played_turn(b->p, 2, -1);
	return b->p->both || report_check(b->report, false, "the exerciser is connected, and the "
					  "frontend's state is %s",
					  coproc_state_name(played_peer(b->p)));
}

/* Steps count as checks only when they fail: what a case is about is its own. */
void expect_connected(struct bench *b)
{
	report_check(b->report, b->p->connected && played_peer(b->p) == COPROC_STATE_CONNECTED,
		     "expected to be connected; the frontend's state is %s",
		     coproc_state_name(b->p->peer));
}

bool case_ready(struct bench *b)
{
	return case_connect(b) && must(b, "make context") && must(b, "make firmware") &&
	       must(b, "make buffer 8192 r") && must(b, "make buffer 8192 rw") &&
	       must(b, "make queue 64");
}

bool case_jobs(struct bench *b, unsigned int count, const char *flags)
{
	char line[96];

	snprintf(line, sizeof(line), "jobs %u %s", count, flags);
	if (!must(b, line))
		return false;
	if (sscanf(b->text, "%u %u", &b->first, &b->accepted) != 2 ||
	    b->first + b->accepted > EXERCISER_JOBS)
		return report_check(b->report, false, "'jobs' says '%s'", b->text);
	return b->accepted == count || report_check(b->report, false, "%u of %u jobs were taken",
						    b->accepted, count);
}

bool until_state(struct bench *b, unsigned int states, unsigned int ms)
{
	uint64_t end = played_now() + ms * 1000ull;

	while (!(states & STATE(played_peer(b->p)))) {
		if (played_now() >= end)
			return false;
		played_turn(b->p, 2, -1);
	}
	return true;
}

void expect_ended(struct bench *b, unsigned int first, unsigned int count, uint16_t status)
{
	unsigned int i;

	for (i = first; i < first + count; i++) {
		const struct ended *e = &b->ended[i];

		if (!report_check(b->report, e->times == 1, "job %u ended %u times", i, e->times))
			return;
		if (!report_check(b->report, e->status == status, "job %u: expected %s, ended %s", i,
				  coproc_status_text(status), coproc_status_text(e->status)))
			return;
		if (status == XENCOPROC_OK &&
		    !report_check(b->report, e->result == i + 1ull, "job %u: the result is another "
				  "job's: %llu", i, (unsigned long long)e->result))
			return;
	}
}

/* Jobs are out and the lie was told: the frontend has to break off by itself, and
 * to go to Closing, by no other state. */
void expect_broken(struct bench *b, const char *rule, const char *what)
{
	const unsigned int gone = STATE(COPROC_STATE_CLOSING) | STATE(COPROC_STATE_CLOSED);
	bool broke = until_state(b, ~STATE(COPROC_STATE_CONNECTED), b->patience_ms);
	char *error = played_read(b->p, "error");

	report_check(b->report, broke && gone & STATE(b->p->peer), "%s (%s): expected Closing, its state is %s",
		     what, rule, coproc_state_name(b->p->peer));
	report_check(b->report, !broke || (error && *error), "%s: the frontend's error node is empty",
		     what);
	free(error);
}

/* A node that is wrong: no connection, and the node's name is told. */
void expect_refused(struct bench *b, const char *node)
{
	enum answer a;
	char *error;

	b->p->refuse = false;
	a = ask(b, "open");
	error = played_read(b->p, "error");
	report_check(b->report, a == ANSWER_FAILED, "%s: expected a refusal, the exerciser says %s",
		     node, answer_text(a));
	report_check(b->report, b->p->connections == 0, "%s: the frontend published its pages", node);
	report_check(b->report, error && strstr(error, node), "%s: error does not name it: '%s'", node,
		     error ? error : "");
	free(error);
}

bool until_held(struct bench *b, unsigned int count)
{
	uint64_t end = played_now() + b->patience_ms * 1000ull;

	while (b->p->nheld < count && played_now() < end)
		played_turn(b->p, 2, -1);
	return b->p->nheld >= count || report_check(b->report, false, "%u requests came, expected "
						    "%u", b->p->nheld, count);
}

void expect_all_ended(struct bench *b)
{
	unsigned int i;

	report_check(b->report, b->outstanding == 0, "%u jobs never end", b->outstanding);
	for (i = 0; i < EXERCISER_JOBS; i++)
		if (b->ended[i].times > 1 &&
		    !report_check(b->report, false, "job %u ended %u times", i, b->ended[i].times))
			return;
}

void case_successor(struct bench *b)
{
	played_end(b->p);
	b->p->hook = NULL;
	b->p->hold_jobs = b->p->hold_control = b->p->mute = false;
	b->p->follow = b->p->serve = true;
	played_advertise(b->p);
}
