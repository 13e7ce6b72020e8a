/* SPDX-License-Identifier: MIT */
/* Who is told what in which order, when jobs are cancelled while everything moves. */
#include "attack.h"

/* B-CANCEL-1: who sees the answer to a CANCEL can see its job's completion. */
static void order(const char *firmware)
{
	unsigned int early = 0, other = 0;

	connect_();
	load(firmware);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	for (int i = 0; i < 200; i++) {
		struct coproc_request job = raw_job(0, 0, WORK_FOREVER, 0);
		struct coproc_request cancel = raw_request(XENCOPROC_OP_CANCEL);
		struct coproc_completion done;
		bool ended = false;
		int slot;

		slot = raw_send(&raw, 1, &job);
		/* Some are cancelled running, some waiting. */
		usleep(i % 4 ? 300 : 0);
		cancel.u.cancel.queue = 1;
		cancel.u.cancel.target_slot = (uint16_t)slot;
		cancel.u.cancel.target_id = job.id;
		coproc_client_put(&raw.queue[0].ring, &cancel);
		if (i % 2)      /* asked twice: both are answered after the end */
			raw_send(&raw, 0, &cancel);
		else if (coproc_client_publish(&raw.queue[0].ring))
			raw_notify(&raw);
		for (int answers = 0; answers <= i % 2; answers++) {
			/* As close to the store as can be. */
			while (!coproc_client_take(&raw.queue[0].ring, &done))
				;
			other += done.status != XENCOPROC_OK && done.status != XENCOPROC_NOT_FOUND;
			ended = ended || coproc_client_take(&raw.queue[1].ring, &done) > 0;
			early += !ended;
		}
		if (!ended)
			raw_take(&raw, 1, &done);
	}
	check(!early, "B-CANCEL-1: no CANCEL answered before its job (%u of 200)", early);
	check(!other, "nor answered otherwise (%u)", other);
	check(raw_disconnect(&raw), "let go of");
}

/* A parked job that is cancelled while its turn comes. */
static void park(const char *firmware)
{
	struct coproc_request query = raw_request(XENCOPROC_OP_QUERY);
	struct coproc_completion done;
	unsigned int wrong = 0;

	connect_();
	load(firmware);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_BATCH);
	/* Where it may not have the class of its neighbours: rates.sh. */
	if (raw_queue_open(&raw, 2, XENCOPROC_CLASS_REALTIME))
		raw_queue_open(&raw, 2, XENCOPROC_CLASS_NORMAL);
	for (int i = 0; i < 300; i++) {
		struct coproc_request slow = raw_job(0, 0, WORK_FOREVER, 0);
		struct coproc_request quick = raw_job(1, 0, WORK_CHAIN, (uint64_t)(rand() % 40000));
		struct coproc_request cancel = raw_request(XENCOPROC_OP_CANCEL);

		cancel.u.cancel.queue = 1;
		cancel.u.cancel.target_slot = (uint16_t)raw_send(&raw, 1, &slow);
		cancel.u.cancel.target_id = slow.id;
		usleep((useconds_t)(rand() % 300));
		raw_send(&raw, 2, &quick);
		usleep((useconds_t)(rand() % 600));
		raw_send(&raw, 0, &cancel);
		wrong += !raw_take(&raw, 2, &done) || done.status != XENCOPROC_OK;
		wrong += !raw_take(&raw, 1, &done) || done.status != XENCOPROC_CANCELLED;
		wrong += !raw_take(&raw, 0, &done) || done.status != XENCOPROC_OK;
	}
	check(!wrong, "jobs put aside and cancelled, 300 times: all as asked (%u not)", wrong);
	query.u.query.what = XENCOPROC_QUERY_CONTEXT;
	query.u.query.object = 1;
	raw_send(&raw, 0, &query);
	wrong = raw_take(&raw, 0, &done) ? (unsigned int)done.result : 0;
	check(wrong == 1, "and the other context was never reset (%d times)", (int)wrong - 1);
	check(raw_disconnect(&raw), "let go of");
}

/* ---- F19: canaries, by the firmware of this folder ---- */

enum { CANARY_FILL, CANARY_SCAN };

/* Return: bytes of local memory that were not zero, registers too; -1: it did not run. */
static long long canary(unsigned int context, unsigned int entry)
{
	struct coproc_request job = raw_job(context, 0, entry, 0);
	struct coproc_completion done;

	raw_send(&raw, 1, &job);
	if (!raw_take(&raw, 1, &done) || done.status != XENCOPROC_OK)
		return -1;
	return (long long)done.result;
}

static long long everywhere(unsigned int contexts, unsigned int entry)
{
	long long sum = 0, one;

	for (unsigned int c = 0; c < contexts; c++) {
		one = canary(c, entry);
		if (one < 0)
			return -1;
		sum += one;
	}
	return sum;
}

/* As many contexts as there are banks for, at most four. */
static unsigned int open_canaries(const char *firmware)
{
	unsigned int contexts = 2;

	connect_();
	load(firmware);
	while (contexts < 4 && raw_context(&raw, contexts) == XENCOPROC_OK)
		contexts++;
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	return contexts;
}

static void leave(const char *firmware)
{
	struct coproc_request destroy = raw_request(XENCOPROC_OP_CTX_DESTROY);
	struct coproc_request forever = raw_job(0, 0, 2, 0);
	unsigned int contexts = open_canaries(firmware);
	struct coproc_completion done;
	long long filled;

	check(everywhere(contexts, CANARY_SCAN) == 0, "F19: %u contexts begin with nothing", contexts);
	filled = everywhere(contexts, CANARY_FILL);
	check(filled > 300000ll * contexts, "F19: all their memory is filled (%lld bytes)", filled);
	check(everywhere(contexts, CANARY_SCAN) >= filled, "F19: where the next job finds it");
	for (uint32_t c = 0; c < contexts; c++) {
		destroy.u.ctx_destroy.context = c;
		raw_ask(&raw, &destroy);
		raw_context(&raw, c);
	}
	check(everywhere(contexts, CANARY_SCAN) == 0, "F19: made anew, they have nothing of that");
	everywhere(contexts, CANARY_FILL);
	forever.u.job.run_limit_us = 2000;
	raw_send(&raw, 1, &forever);
	check(raw_take(&raw, 1, &done) && done.status == XENCOPROC_TIMED_OUT && canary(0, CANARY_SCAN) == 0,
	      "F19: nor has one that was reset");
	everywhere(contexts, CANARY_FILL);
}

static void find(const char *firmware)
{
	unsigned int contexts = open_canaries(firmware);
	long long found = everywhere(contexts, CANARY_SCAN);

	check(found == 0, "F19: the next domain's %u contexts have nothing of it (%lld bytes)", contexts, found);
	check(raw_disconnect(&raw), "let go of");
}

const struct attack order_attacks[] = {
	{ "order", order },
	{ "park", park },
	{ "leave", leave },
	{ "find", find },
	{ NULL, NULL },
};
