// SPDX-License-Identifier: MIT
/*
 * The states of section 12, as the backend goes through them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

/* Long enough for a wrong step to be made. */
#define WRONG_STEP_US   150000u
/* A backend's own deadline for a frontend that does not let go: any that is
 * within so long will do. */
#define DEADLINE_US     60000000u

static bool stays(struct bench *b, int state, const char *when)
{
	uint64_t end = now_us() + WRONG_STEP_US;
	int is;

	do {
		is = backend_state(&b->peer);
		if (is != state)
			break;
		sleep_us(1000);
	} while (now_us() < end);
	return report_check(b->report, is == state, "%s: the backend went from %d to %d", when, state, is);
}

static bool goes(struct bench *b, int state, const char *when)
{
	return report_check(b->report, backend_reaches(&b->peer, state, STATE_US),
			    "%s: the backend is in state %d, expected %d", when, backend_state(&b->peer), state);
}

static bool from_closed(struct bench *b)
{
	struct peer *p = &b->peer;

	/* Out of whatever it is in: Closing ends it, Closed is where it rests. */
	write_node(p, "state", "5");
	if (!backend_reaches(p, 6, STATE_US)) {
		write_node(p, "state", "6");
		return report_check(b->report, false, "the backend cannot be brought to Closed: state %d", backend_state(p));
	}
	write_node(p, "state", "6");
	return true;
}

static bool published(struct bench *b)
{
	struct peer *p = &b->peer;

	p->features = 0;
	return report_check(b->report, peer_begin(p) && peer_allocate(p) && peer_write_nodes(p), "no InitWait");
}

/* ---- by the table ---- */

static void in_closed(struct bench *b)
{
	static const char *const wait[] = { "3", "4", "5", "6", "0", "7", "8" };
	char when[64];

	if (!from_closed(b))
		return;
	for (size_t i = 0; i < sizeof(wait) / sizeof(wait[0]); i++) {
		write_node(&b->peer, "state", wait[i]);
		snprintf(when, sizeof(when), "backend in 6, frontend in %s", wait[i]);
		stays(b, 6, when);
	}
	write_node(&b->peer, "state", "1");
	goes(b, 2, "backend in 6, frontend in 1");
	from_closed(b);
	write_node(&b->peer, "state", "2");
	goes(b, 2, "backend in 6, frontend in 2");
	write_node(&b->peer, "state", "6");
}

static void in_init_wait(struct bench *b)
{
	static const char *const wait[] = { "0", "2", "4", "6", "7", "8", "1" };
	struct peer *p = &b->peer;
	char when[64];

	if (!from_closed(b) || !published(b))
		return;
	for (size_t i = 0; i < sizeof(wait) / sizeof(wait[0]); i++) {
		write_node(p, "state", wait[i]);
		snprintf(when, sizeof(when), "backend in 2, all published, frontend in %s", wait[i]);
		stays(b, 2, when);
	}
	write_node(p, "state", "5");
	goes(b, 6, "backend in 2, frontend in 5");
	peer_forget(p);
	write_node(p, "state", "6");
}

/* Nothing of what is in the pages is taken before Initialised. */
static void not_before(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request nop = request(NOP);

	if (!from_closed(b) || !published(b))
		return;
	peer_put(p, 0, &nop);
	store32(fe_cell(p, RING_SQ(0)), 1);
	write_node(p, "state", "4");
	peer_notify(p, 0);
	stays(b, 2, "frontend in Connected in answer to InitWait");
	report_check(b->report, load32(be_cell(p, RING_CQ(0))) == 0 && load32(be_cell(p, RING_SQ(0))) == 0,
		     "the backend took a request of a frontend that never was in Initialised");
	peer_disconnect(p);
}

/* References of before this InitWait are not mapped. */
static void stale(struct bench *b)
{
	struct peer *p = &b->peer;

	if (!from_closed(b) || !published(b))
		return;
	write_node(p, "state", "3");
	if (!goes(b, 4, "a good connection"))
		return;
	write_node(p, "state", "5");
	goes(b, 6, "frontend in 5");
	write_node(p, "state", "3");
	stays(b, 6, "Initialised with the nodes of the connection before");
	peer_forget(p);
	write_node(p, "state", "6");
}

static void in_connected(struct bench *b)
{
	static const char *const end[] = { "0", "1", "2", "6" };
	struct peer *p = &b->peer;
	char when[64];

	for (size_t i = 0; i < sizeof(end) / sizeof(end[0]); i++) {
		uint64_t until = now_us() + STATE_US;
		int state;

		if (!peer_must_connect(p))
			return;
		peer_ask(p, request(NOP));
		write_node(p, "state", end[i]);
		snprintf(when, sizeof(when), "backend in 4, frontend in %s", end[i]);
		/* In 1 and 2 it goes on to 2 by way of 6. */
		while ((state = backend_state(p)) == 4 && now_us() < until)
			sleep_us(500);
		report_check(b->report, state == 6 || (state == 2 && (*end[i] == '1' || *end[i] == '2')),
			     "%s: the backend went to %d, expected 6", when, state);
		if (*end[i] == '1' || *end[i] == '2')
			goes(b, 2, when);
		peer_forget(p);
		write_node(p, "state", "6");
	}
	if (!peer_must_connect(p))
		return;
	write_node(p, "state", "3");
	stays(b, 4, "backend in 4, frontend in 3 again");
	write_node(p, "state", "7");
	stays(b, 4, "backend in 4, frontend in 7");
	write_node(p, "state", "4");
	expect(p, OK, request(NOP), "NOP after it");
}

/* A refused connection is not tried again by itself. */
static void no_retry(struct bench *b)
{
	struct peer *p = &b->peer;

	if (!published(b))
		return;
	write_number(p, "backend-index-ref", p->fe_ref);
	write_node(p, "state", "3");
	peer_check_broken(p, "");
	write_node(p, "state", "6");
	stays(b, 6, "after a refusal, frontend in 6");
	write_node(p, "state", "3");
	stays(b, 6, "after a refusal, frontend in 3");
	write_node(p, "state", "6");
	bench_serves(b);
	report_check(b->report, !*backend_error(p), "error is \"%s\" after a new connection that was good", backend_error(p));
}

/* Closing, in one transaction with the backend being in InitWait.  False: it is not. */
static bool withdraws(struct peer *p)
{
	char path[320], *text;
	xs_transaction_t t;
	bool still;

	do {
		t = xs_transaction_start(p->xs);
		snprintf(path, sizeof(path), "%s/state", p->backend);
		text = xs_read(p->xs, t, path, NULL);
		still = text && !strcmp(text, "2");
		free(text);
		snprintf(path, sizeof(path), "%s/state", p->device);
		if (still)
			xs_write(p->xs, t, path, "5", 1);
	} while (!xs_transaction_end(p->xs, t, !still) && still && errno == EAGAIN);
	return still;
}

static void pass(uint64_t us)
{
	for (uint64_t end = now_us() + us; now_us() < end; )
		;
}

/* How long it takes from Initialised to Connected; 0: it does not come there. */
static uint64_t connecting_takes(struct bench *b)
{
	struct peer *p = &b->peer;
	uint64_t began, takes;

	if (!published(b))
		return 0;
	began = now_us();
	write_node(p, "state", "3");
	while (backend_state(p) != 4)
		if (now_us() > began + STATE_US)
			return 0;
	takes = now_us() - began;
	peer_disconnect(p);
	return takes;
}

/* Initialised, and withdrawn after @us.  Return: whether it became Connected by
 * a step that was chosen before; *met: it had not been when it was withdrawn. */
static bool connects_late(struct bench *b, uint64_t us, unsigned int *met)
{
	struct peer *p = &b->peer;
	uint64_t end;
	int state = 2;

	write_node(p, "state", "3");
	pass(us);
	if (!withdraws(p)) {
		write_node(p, "state", "5");
		return false;
	}
	++*met;
	for (end = now_us() + STATE_US; state == 2 && now_us() < end; )
		state = backend_state(p);
	return state == 4;
}

/* States that follow each other faster than anybody looks: what is written
 * must fit what was read. */
static void raced(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int wrong = 0, late = 0, met = 0;
	uint64_t takes = connecting_takes(b);

	if (!report_check(b->report, takes, "a good connection: state %d", backend_state(p)))
		return;
	for (unsigned int i = 0; i < 60; i++) {
		if (!published(b))
			return;
		late += connects_late(b, takes * (i % 30) / 24, &met);
		wrong += !backend_reaches(p, 6, STATE_US);
		sleep_us(2000);
		wrong += backend_state(p) != 6;
		peer_forget(p);
		write_node(p, "state", "6");
	}
	report_check(b->report, met, "it was never possible to withdraw");
	report_check(b->report, !late, "%u times it was Connected although the frontend had left Initialised before", late);
	report_check(b->report, !wrong, "Initialised, then Closing at once: %u of 60 times the backend was not in Closed", wrong);
	bench_serves(b);
}

/* ---- deadlines, and the end ---- */

/* It broke the connection, and the frontend does not move. */
static void deadline(struct bench *b)
{
	struct peer *p = &b->peer;


	store32(fe_cell(p, RING_SQ(0)), 0x80000000u);
	peer_notify(p, 0);
	if (!report_check(b->report, backend_reaches(p, 5, STATE_US) || backend_state(p) == 6,
			  "a broken ring: the backend is in state %d", backend_state(p)))
		return;
	report_check(b->report, backend_reaches(p, 6, DEADLINE_US),
		     "a frontend that does not let go: still in state %d after %u s", backend_state(p), DEADLINE_US / 1000000u);

	write_node(p, "state", "5");
	peer_forget(p);
	write_node(p, "state", "6");
	bench_serves(b);
}

/* After Closed nothing of ours is looked at, or written. */
static void let_go(struct bench *b)
{
	struct peer *p = &b->peer;
	uint8_t before[PAGE];
	struct request nop = request(NOP);

	expect(p, OK, ctx_create(0), "CTX_CREATE");
	peer_queue(p, 1, NORMAL, 5);
	peer_ask_on(p, 1, request(NOP));
	write_node(p, "state", "5");
	goes(b, 6, "frontend in 5");
	memcpy(before, p->be, PAGE);
	for (unsigned int q = 0; q < 2; q++) {
		peer_put(p, q, &nop);
		store32(fe_cell(p, RING_SQ(q)), p->queue[q].sq_index);
		peer_notify(p, q);
	}
	sleep_us(100000);
	report_check(b->report, !memcmp(before, p->be, PAGE), "the backend wrote into its index page after Closed");
	peer_forget(p);
	write_node(p, "state", "6");
}

/* Objects of a connection are not there in the next. */
static void nothing_left(struct bench *b)
{
	struct peer *p = &b->peer;
	void *at;

	expect(p, OK, ctx_create(0), "CTX_CREATE");
	expect(p, OK, ctx_signal(0, 77), "CTX_SIGNAL");
	expect(p, OK, buf_register(p, 0, 1, READ | WRITE, &at), "BUF_REGISTER");
	peer_queue(p, 1, NORMAL, 5);
	report_check(b->report, peer_disconnect(p), "no Closed");
	if (!peer_must_connect(p))
		return;
	expect_query(p, Q_CONTEXT, 0, 0);
	expect_query(p, Q_BUFFER, 0, 0);
	expect_query(p, Q_QUEUE, 1, 0);
	expect_query(p, Q_FIRMWARE, 0, 0);
	expect_query(p, Q_EVENTS_LOST, 0, 0);
	expect(p, BAD_OBJECT, ctx_signal(0, 1), "CTX_SIGNAL of a context of the connection before");
	expect(p, OK, ctx_create(0), "CTX_CREATE");
	expect_query(p, Q_TIMELINE, 0, 0);
	expect_query(p, Q_CONTEXT, 0, 1);
}

static void online(struct bench *b)
{
	struct peer *p = &b->peer;

	if (!b->toolstack) {
		report_na(b->report, "no --toolstack was given");
		return;
	}
	if (!bench_toolstack(b, "online", "0"))
		return;
	report_check(b->report, backend_reaches(p, 5, STATE_US) || backend_state(p) == 6,
		     "online 0: the backend is in state %d, expected Closing", backend_state(p));
	write_node(p, "state", "5");
	goes(b, 6, "online 0, frontend in 5");
	peer_forget(p);
	write_node(p, "state", "6");
	/* As just started: it offers itself to a frontend in 6, where it waited else. */
	stays(b, 6, "online 0, frontend in 6");
	if (bench_toolstack(b, "online", "1"))
		goes(b, 2, "online 1 again, frontend in 6");
	bench_serves(b);
}

/* Wanted again before it came to Closed. */
static void online_while_closing(struct bench *b)
{
	struct peer *p = &b->peer;

	if (!b->toolstack) {
		report_na(b->report, "no --toolstack was given");
		return;
	}
	if (!bench_toolstack(b, "online", "0") ||
	    !report_check(b->report, backend_reaches(p, 5, STATE_US), "online 0: the backend is in state %d, expected Closing",
			  backend_state(p)) ||
	    !bench_toolstack(b, "online", "1"))
		return;
	/* As who wants to be connected: from 4 to 6, not to 5.  In 5 it would leave. */
	write_node(p, "state", "6");
	goes(b, 2, "online 1 while it closed, frontend in 6");
	peer_forget(p);
	bench_serves(b);
}

/*
 * State 1 in a directory where it wrote another: one that was made again.  The
 * directory's other nodes are as the toolstack made them, so only this is new.
 */
static void given_again_connected(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request nop = request(NOP);
	uint8_t before[PAGE];

	if (!b->toolstack) {
		report_na(b->report, "no --toolstack was given");
		return;
	}
	expect(p, OK, ctx_create(0), "CTX_CREATE");
	if (!bench_toolstack(b, "state", "1"))
		return;
	goes(b, 2, "state 1 in its directory, it was in 4, frontend in 4");
	memcpy(before, p->be, PAGE);
	peer_put(p, 0, &nop);
	store32(fe_cell(p, RING_SQ(0)), p->queue[0].sq_index);
	peer_notify(p, 0);
	sleep_us(WRONG_STEP_US);
	report_check(b->report, !memcmp(before, p->be, PAGE), "the connection of the directory before is served still");
	peer_forget(p);
	write_node(p, "state", "6");
	if (!peer_must_connect(p))
		return;
	expect_query(p, Q_CONTEXT, 0, 0);
}

static void given_again_waiting(struct bench *b)
{
	if (!b->toolstack) {
		report_na(b->report, "no --toolstack was given");
		return;
	}
	if (!from_closed(b) || !bench_toolstack(b, "state", "1"))
		return;
	goes(b, 2, "state 1 in its directory, it was in 6, frontend in 6");
	if (bench_toolstack(b, "state", "1"))
		goes(b, 2, "state 1 in its directory, it was in 2, frontend in 6");
	bench_serves(b);
}

const struct conform_case life_cases[] = {
	{ "state-closed", "B-LIFE-7 B-LIFE-2", 0, in_closed },
	{ "state-init-wait", "B-LIFE-2", 0, in_init_wait },
	{ "state-connected", "B-LIFE-4", 0, in_connected },
	{ "nothing-before-initialised", "B-LIFE-2", 0, not_before },
	{ "references-of-before", "B-LIFE-2 B-LIFE-5", 0, stale },
	{ "refused-once", "B-LIFE-7", 0, no_retry },
	{ "states-raced", "B-LIFE-1", 0, raced },
	{ "closing-has-a-deadline", "B-LIFE-3", CONNECTED, deadline },
	{ "closed-lets-go", "B-LIFE-4 B-PAGE-4", CONNECTED, let_go },
	{ "nothing-left", "B-LIFE-4 B-OBJ-1", CONNECTED, nothing_left },
	{ "toolstack-wants-it-closed", "B-LIFE-4 B-LIFE-9", CONNECTED, online },
	{ "toolstack-wants-it-again", "B-LIFE-9", CONNECTED, online_while_closing },
	{ "given-again-connected", "B-LIFE-9 B-LIFE-4", CONNECTED, given_again_connected },
	{ "given-again-waiting", "B-LIFE-9", 0, given_again_waiting },
	{ NULL, NULL, 0, NULL }
};
