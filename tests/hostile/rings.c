/* SPDX-License-Identifier: MIT */
/* Rings: indexes that cannot be (F2), completions never taken (F9), slots in use (F13). */
#include "attack.h"

static void sq_far(void) { set(&sq_cell(0)->index, 0x80000000u); }
static void sq_beyond(void) { set(&sq_cell(0)->index, raw.queue[0].ring.sq.index + 33); }
static void sq_job(void) { set(&sq_cell(1)->index, 0xffffffffu); }

static void sq_back(void)
{
	struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);

	for (int i = 0; i < 3; i++)
		raw_ask(&raw, &nop);
	set(&sq_cell(0)->index, raw.queue[0].ring.sq.index - 1);
}

/* One request by hand, with a slot of our choice. */
static void slot_high(void)
{
	struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);
	uint32_t place = raw.queue[0].ring.sq.index;

	by_hand(0, place, &nop, 32);
	set(&sq_cell(0)->index, place + 1);
}

static void slot_live(void)
{
	struct coproc_request job = raw_job(0, 0, WORK_FOREVER, 0);

	job.u.job.run_limit_us = 1000000;
	by_hand(1, 0, &job, 7);
	by_hand(1, 1, &job, 7);
	set(&sq_cell(1)->index, 2);
}

/* F9: completions are never consumed, submissions go on. */
static void no_room(void)
{
	struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);

	for (uint32_t i = 0; i < 40; i++) {
		by_hand(1, i, &nop, (uint16_t)(i % 32));
		set(&sq_cell(1)->index, i + 1);
		usleep(500);
	}
}

/* The same, but it says that it consumed more than there ever was. */
static void cq_ahead(void)
{
	__atomic_store_n(&raw.fe[XENCOPROC_RING_CQ(1)].index, 5000, __ATOMIC_RELEASE);
	no_room();
}

/* The backend tells of a reset into a ring whose consumer lies. */
static void event_index(void)
{
	struct coproc_request job = raw_job(0, 0, WORK_FOREVER, 0);

	job.u.job.run_limit_us = 1000;
	__atomic_store_n(&raw.fe[XENCOPROC_RING_EVENT].index, 77, __ATOMIC_RELEASE);
	raw_send(&raw, 1, &job);
}

static const struct {
	const char *name;
	void (*attack)(void);
	const char *says;               /* in the `error` node */
} attacks[] = {
	{ "F2: an index 2^31 ahead", sq_far, "queue 0" },
	{ "F2: an index one beyond the ring", sq_beyond, "queue 0" },
	{ "F2: an index that goes back", sq_back, "queue 0" },
	{ "F2: a job queue's index before its beginning", sq_job, "queue 1" },
	{ "F2: completions consumed that were never put", cq_ahead, "queue 1" },
	{ "F13: a slot that does not exist", slot_high, "queue 0" },
	{ "F13: the slot of a live request", slot_live, "queue 1" },
	{ "F9: completions never consumed", no_room, "queue 1" },
	{ "F2: events consumed that were never sent", event_index, "event ring" },
};

static void rings(const char *firmware)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		bool closing;

		connect_();
		load(firmware);
		if (raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL))
			check(false, "a queue");
		attacks[i].attack();
		closing = raw_until(&raw, 5);
		check(closing && strstr(raw_error(&raw), attacks[i].says), "%s: broken (\"%s\")",
		      attacks[i].name, raw_error(&raw));
		check(raw_disconnect(&raw), "and let go of");
	}
}

const struct attack rings_attacks[] = {
	{ "rings", rings },
	{ NULL, NULL },
};
