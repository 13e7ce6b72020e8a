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

/* ---- F2: every pair of indexes that a connection can be brought to ---- */

static const uint32_t owns[] = { 0, 33 };
static const uint32_t peers[] = {
	0, 1, 31, 32, 33, 65, 66, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff,
};

static bool fresh(void)
{
	if (raw_backend(&raw) == 4 && raw.queue[0].open)
		return true;
	if (raw.queue[0].open && !raw_disconnect(&raw))
		return false;
	return raw_connect(&raw);
}

/* Queue 1, new, in which the backend has taken so many. */
static bool queue_at(uint32_t own)
{
	struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);
	struct coproc_request close_ = raw_request(XENCOPROC_OP_QUEUE_CLOSE);
	struct coproc_completion done;

	if (!fresh())
		return false;
	close_.u.queue_close.queue = 1;
	if (raw.queue[1].open && raw_ask(&raw, &close_))
		return false;
	raw_unshare(&raw, raw.queue[1].sq, 1);
	raw_unshare(&raw, raw.queue[1].cq, 1);
	if (raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL))
		return false;
	for (uint32_t i = 0; i < own; i++)
		if (raw_send(&raw, 1, &nop) < 0 || !raw_take(&raw, 1, &done))
			return false;
	__atomic_store_n(&raw.fe[XENCOPROC_RING_CQ(1)].index, own, __ATOMIC_RELEASE);
	memset(raw.queue[1].sq, 0, 4096);
	return true;
}

static bool reaches(const uint32_t *where, uint32_t value)
{
	for (int i = 0; i < 20000; i++) {
		if (__atomic_load_n(where, __ATOMIC_ACQUIRE) == value)
			return true;
		usleep(500);
	}
	return false;
}

/* Return: whether it went as the text says (C2): broken with its reason, or taken. */
static bool submission(uint32_t own, uint32_t peer, unsigned int *broken)
{
	bool legal = peer - own <= 32;

	if (!queue_at(own))
		return false;
	set(&sq_cell(1)->index, peer);
	if (legal) {
		raw.queue[1].ring.sq.index = peer;
		return reaches(&raw.be[XENCOPROC_RING_SQ(1)].index, peer) && raw_backend(&raw) == 4;
	}
	(*broken)++;
	/* By C2, before anything is taken: not by what lies in the slots. */
	return raw_until(&raw, 5) && strstr(raw_error(&raw), "queue 1") && strstr(raw_error(&raw), "C2") &&
	       raw.be[XENCOPROC_RING_SQ(1)].index == own;
}

/* R2: looked at when, by what was seen last, there is no room. */
static bool consumption(uint32_t own, uint32_t peer, unsigned int *broken)
{
	struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);
	bool legal = peer - own >= 1 && peer - own <= 32;

	if (!queue_at(own))
		return false;
	for (uint32_t i = 0; i < 32; i++)
		by_hand(1, own + i, &nop, (uint16_t)i);
	set(&sq_cell(1)->index, own + 32);
	if (!reaches(&raw.be[XENCOPROC_RING_CQ(1)].index, own + 32))
		return false;
	__atomic_store_n(&raw.fe[XENCOPROC_RING_CQ(1)].index, peer, __ATOMIC_RELEASE);
	by_hand(1, own + 32, &nop, 0);
	set(&sq_cell(1)->index, own + 33);
	if (legal)
		return reaches(&raw.be[XENCOPROC_RING_CQ(1)].index, own + 33) && raw_backend(&raw) == 4;
	(*broken)++;
	return raw_until(&raw, 5) && strstr(raw_error(&raw), "queue 1");
}

/* `event` is a wish, not a statement: any value of it is legal. */
static bool wishes(void)
{
	struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);

	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		if (!fresh())
			return false;
		for (unsigned int ring = 0; ring < XENCOPROC_CELLS; ring++)
			__atomic_store_n(&raw.fe[ring].event, peers[i], __ATOMIC_RELEASE);
		if (raw_ask(&raw, &nop) != XENCOPROC_OK)
			return false;
	}
	return raw_backend(&raw) == 4;
}

static void pairs(const char *firmware)
{
	bool (*const kind[])(uint32_t own, uint32_t peer, unsigned int *broken) = {
		submission, consumption,
	};
	static const char *const what[] = { "submitted", "consumed" };

	for (unsigned int k = 0; k < 2; k++) {
		unsigned int tried = 0, wrong = 0, broken = 0;

		for (size_t i = 0; i < sizeof(owns) / sizeof(owns[0]); i++)
			for (size_t j = 0; j < sizeof(peers) / sizeof(peers[0]); j++) {
				/* All submissions where it begins, elsewhere the near ones:
				 * each broken connection costs half a second. */
				if (k ? i && j != 4 && j != 6 : i && j != 0 && (j < 4 || j > 6))
					continue;
				if (k && j > 4 && j % 3)
					continue;
				tried++;
				if (kind[k](owns[i], peers[j], &broken))
					continue;
				wrong++;
				printf("# %s: own %u peer %#x: backend in %d, \"%s\"\n", what[k],
				       owns[i], peers[j], raw_backend(&raw), raw_error(&raw));
			}
		check(!wrong && broken > 5 && tried > broken + 1,
		      "F2: %u pairs of indexes %s, %u of them broken: each as the rule says", tried,
		      what[k], broken);
	}
	check(wishes(), "F2: any index to be notified at is borne");
	check(fresh() && raw_disconnect(&raw), "and the device can be used again");
}

const struct attack rings_attacks[] = {
	{ "rings", rings },
	{ "pairs", pairs },
	{ NULL, NULL },
};
