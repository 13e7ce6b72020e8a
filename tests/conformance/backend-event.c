// SPDX-License-Identifier: MIT
/*
 * Events: counted, lost, never kept (section 10).
 */
#include <string.h>

#include "backend.h"

#define CAUSED  140u

/* A reset each, while nobody takes the events. */
static void lost(struct bench *b)
{
	struct peer *p = &b->peer;
	const struct notice *n;
	uint32_t published;

	p->hold_events = true;
	for (unsigned int i = 0; i < CAUSED; i++) {
		struct request r = job(0, P_SPIN, FOREVER);

		SET32(&r, 28, 500);
		if (!expect_on(p, 1, TIMED_OUT, r, "a job without an end"))
			return;
		p->count = 0;
	}
	expect_query(p, Q_CONTEXT, 0, CAUSED + 1);
	published = load32(be_cell(p, 0));
	report_check(b->report, published == EVENTS, "%u resets, nothing taken: %u events published, expected %u", CAUSED,
		     published, EVENTS);
	expect_query(p, Q_EVENTS_LOST, 0, CAUSED - EVENTS);
	p->hold_events = false;
	for (unsigned int i = 0; i < EVENTS; i++) {
		n = peer_event(p, E_CTX_RESET);
		if (!report_check(b->report, n && n->sequence == i + 1 && n->lost == 0 && n->value == i + 1,
				  "event %u: sequence %u, lost %u, value %llu", i, n ? n->sequence : 0, n ? n->lost : 0,
				  n ? (unsigned long long)n->value : 0))
			return;
	}
	/* Nothing was kept for later; the next one says what was lost. */
	sleep_us(20000);
	peer_reap(p);
	report_check(b->report, p->notices == p->noticed, "an event came that had been lost");
	{
		struct request r = job(1, P_SPIN, FOREVER);

		SET32(&r, 28, 500);
		expect_on(p, 1, TIMED_OUT, r, "a job without an end");
	}
	n = peer_event(p, E_CTX_RESET);
	report_check(b->report, n && n->sequence == CAUSED + 1 && n->lost == CAUSED - EVENTS && n->object == 1 && n->value == 1,
		     "the next event: sequence %u, lost %u, context %u, value %llu; expected %u, %u, 1, 1", n ? n->sequence : 0,
		     n ? n->lost : 0, n ? n->object : 0, n ? (unsigned long long)n->value : 0, CAUSED + 1, CAUSED - EVENTS);
	expect_query(p, Q_EVENTS_LOST, 0, CAUSED - EVENTS);
}

/* Counted from 1 in each connection. */
static void counted_anew(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int i = 0; i < 2; i++) {
		struct request r = job(0, P_SPIN, FOREVER);
		const struct notice *n;

		SET32(&r, 28, 500);
		expect_on(p, 1, TIMED_OUT, r, "a job without an end");
		n = peer_event(p, E_CTX_RESET);
		report_check(b->report, n && n->sequence == 1 && n->lost == 0, "the first event: sequence %u, lost %u",
			     n ? n->sequence : 0, n ? n->lost : 0);
		if (i == 0 && (!report_check(b->report, peer_disconnect(p), "no Closed") || !peer_must_connect(p) ||
			       !bench_program(b)))
			return;
	}
}

/* Asked for, an event notifies by the device's port. */
static void notifies(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_SPIN, FOREVER);
	uint64_t end;

	SET32(&r, 28, 500);
	p->hold_events = true;
	/* Completions are not asked for; the event is. */
	store32(fe_cell(p, RING_CQ(1)) + 4, p->queue[1].cq_index - 1);
	store32(fe_cell(p, RING_CQ(0)) + 4, p->queue[0].cq_index - 1);
	store32(fe_cell(p, 0) + 4, p->events_index);
	sleep_us(20000);
	peer_notifications(p);
	p->notified = 0;
	peer_send(p, 1, r);
	end = now_us() + SOON_US;
	while (!peer_notifications(p) && now_us() < end)
		sleep_us(200);
	report_check(b->report, p->notified > 0, "no notification of an event that was asked for");
	report_check(b->report, load32(be_cell(p, 0)) == 1, "%u events published, expected 1", load32(be_cell(p, 0)));
	p->hold_events = false;
}

const struct conform_case event_cases[] = {
	{ "events-lost", "B-EVENT-1 B-EVENT-2 B-EVENT-3", NEEDS(P_SPIN), lost },
	{ "events-counted-anew", "B-EVENT-2", NEEDS(P_SPIN), counted_anew },
	{ "event-notifies", "B-RING-2", NEEDS(P_SPIN), notifies },
	{ NULL, NULL, 0, NULL }
};
