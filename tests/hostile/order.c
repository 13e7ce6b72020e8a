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
	for (int i = 0; i < 400; i++) {
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
	check(!early, "B-CANCEL-1: no CANCEL answered before its job (%u of 400)", early);
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
	raw_queue_open(&raw, 2, XENCOPROC_CLASS_REALTIME);
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

const struct attack order_attacks[] = {
	{ "order", order },
	{ "park", park },
	{ NULL, NULL },
};
