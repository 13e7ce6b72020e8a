// SPDX-License-Identifier: MIT
/* The event ring: what cannot be (F-EVENT-1), what was missed, what is stale. */
#include <stdio.h>
#include <string.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"

static const struct bad_event {
	const char *name;
	uint16_t type;
	uint16_t status;
	uint64_t value;
	uint64_t reserved;
} bad_events[] = {
	{ "event-reserved-low-bit", 4, 0, 0, 1 },
	{ "event-reserved-high-bit", 4, 0, 0, 1ull << 63 },
	{ "event-type-0", 0, 0, 0, 0 },
	{ "event-type-5", 5, 0, 0, 0 },
	{ "event-type-65535", 65535, 0, 0, 0 },
	{ "event-status-7", 2, 7, 1, 0 },
	{ "event-status-31", 2, 31, 1, 0 },
	{ "event-status-65535", 2, 65535, 1, 0 },
	{ "event-device-0", 1, 0, 0, 0 },
	{ "event-device-4", 1, 0, 4, 0 },
	{ "event-device-beyond-32-bits", 1, 0, (1ull << 32) + 1, 0 },
};

static void bad_case(struct bench *b, const struct bad_event *bad)
{
	struct xencoproc_event event = {
		.sequence = wire32(1), .type = wire16(bad->type), .status = wire16(bad->status),
		.value = wire64(bad->value), .reserved = wire64(bad->reserved),
	};

	if (!case_begin(b, bad->name, "F-EVENT-1"))
		return;
	b->p->hold_jobs = true;
	if (case_ready(b) && case_jobs(b, 4, "") && until_held(b, 4)) {
		ask_begin(b, "wait 6000");
		b->p->follow = b->p->serve = false;
		played_event(b->p, &event);
		played_publish_events(b->p);
		played_notify(b->p, NULL);
		expect_broken(b, "F-EVENT-1", bad->name);
		b->p->follow = true;
		ask_wait_end(b);
		expect_all_ended(b);
	}
	case_end(b);
}

/* ---- events that were missed ---- */

static bool all_asked(const struct played *p)
{
	return p->queries[XENCOPROC_QUERY_DEVICE] && p->queries[XENCOPROC_QUERY_CONTEXT] &&
	       p->queries[XENCOPROC_QUERY_FIRMWARE];
}

/* What is known by events is asked for anew; @tell missed some. */
static void missed_case(struct bench *b, const char *name, void (*tell)(struct played *p))
{
	uint64_t end;

	if (!case_begin(b, name, "F-EVENT-2"))
		return;
	b->p->hold_jobs = true;
	if (!case_ready(b) || !must(b, "events") || !case_jobs(b, 1, "") || !until_held(b, 1))
		goto out;
	ask_begin(b, "wait 6000");
	played_run(b->p, 10);
	memset(b->p->queries, 0, sizeof(b->p->queries));
	tell(b->p);
	played_publish_events(b->p);
	end = played_now() + 4000000;
	while (!all_asked(b->p) && played_now() < end)
		played_turn(b->p, 2, -1);
	report_check(b->report, all_asked(b->p), "events were missed, and not all was asked for anew: "
		     "QUERY DEVICE %u, CONTEXT %u, FIRMWARE %u times",
		     b->p->queries[XENCOPROC_QUERY_DEVICE], b->p->queries[XENCOPROC_QUERY_CONTEXT],
		     b->p->queries[XENCOPROC_QUERY_FIRMWARE]);
	report_check(b->report, b->p->connections == 1 && b->p->both, "the connection was given up");
	played_release_all(b->p);
	ask_wait_end(b);
	expect_all_ended(b);
out:
	case_end(b);
}

static void lose_three(struct played *p)
{
	p->events_lost = 3;
	p->event_sequence += 3;
	played_honest_event(p, XENCOPROC_EVENT_LIMITS, 0, 0, 0);
}

static void a_ring_full(struct played *p)
{
	unsigned int i;

	for (i = 0; i < 128; i++)
		played_honest_event(p, XENCOPROC_EVENT_LIMITS, 0, 0, 0);
}

static void events_come(struct played *p)
{
	if (p->both)
		played_honest_event(p, XENCOPROC_EVENT_LIMITS, 0, 0, 0), played_publish_events(p);
}

/* No end of events: jobs go on all the same. */
static void flood(struct bench *b)
{
	unsigned int i;

	if (!case_begin(b, "events-without-end", "F-EVENT-2 F-LIFE-3"))
		return;
	if (case_ready(b)) {
		b->p->each_turn = events_come;
		for (i = 0; i < 20 && case_jobs(b, 8, ""); i++) {
			ask_wait(b, 5000);
			expect_ended(b, b->first, 8, XENCOPROC_OK);
			if (report_failing(b->report))
				break;
		}
		b->p->each_turn = NULL;
		report_check(b->report, b->p->connections == 1, "the connection was given up");
	}
	case_end(b);
}

/* ---- events about what has ended, or never was ---- */

static void stale(struct bench *b)
{
	static const uint32_t objects[] = { 0, 1, 63, 64, 65535, 65536, 0x7fffffff, 0xffffffff };
	unsigned int i;

	if (!case_begin(b, "events-about-nothing", "F-EVENT-3"))
		return;
	if (case_ready(b) && must(b, "make context") && must(b, "end context") &&
	    must(b, "make firmware") && must(b, "end firmware")) {
		for (i = 0; i < 8; i++) {
			played_honest_event(b->p, XENCOPROC_EVENT_CTX_RESET, objects[i],
					    XENCOPROC_FAULT, i + 1);
			played_honest_event(b->p, XENCOPROC_EVENT_FW_REVOKED,
					    objects[i] ? objects[i] : 1, 0, 0);
		}
		played_publish_events(b->p);
		must(b, "events");
		if (case_jobs(b, 4, "")) {
			ask_wait(b, 5000);
			expect_ended(b, b->first, 4, XENCOPROC_OK);
		}
		report_check(b->report, b->p->connections == 1 && b->p->both,
			     "the connection was given up");
	}
	case_end(b);
}

void cases_events(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < sizeof(bad_events) / sizeof(bad_events[0]); i++)
		bad_case(b, &bad_events[i]);
	missed_case(b, "events-lost", lose_three);
	missed_case(b, "events-a-ring-full", a_ring_full);
	flood(b);
	stale(b);
}
