/* SPDX-License-Identifier: MIT */
/*
 * What costs the backend, and might be paid for by nobody: jobs that end before
 * they had the coprocessor, jobs that are ended whenever they have it, and a past
 * that a new connection might forget.
 */
#include "attack.h"

#define MANY            1000u

/* Jobs that may wait for a microsecond for what never comes: each is decoded,
 * admitted, given a timer, and completed by it. */
static void expires(const char *seconds)
{
	double until = now() + atof(seconds);
	struct coproc_completion done;
	unsigned long taken = 0, other = 0;
	unsigned int queues_;

	connect_();
	load("build/firmware/work.elf");
	queues_ = all_queues();
	while (flooding(until, taken, MANY))
		for (unsigned int q = 1; q <= queues_; q++) {
			struct coproc_request job = waiting_job(1);

			while (coproc_client_put(&raw.queue[q].ring, &job) >= 0)
				;
			if (coproc_client_publish(&raw.queue[q].ring))
				raw_notify(&raw);
			while (coproc_client_take(&raw.queue[q].ring, &done) > 0) {
				taken++;
				other += done.status != XENCOPROC_EXPIRED;
			}
		}
	check(taken >= MANY && !other, "F8: %lu jobs expired in %u queues, %lu ended otherwise", taken, queues_,
	      other);
	check(raw_disconnect(&raw), "let go of");
}

/* Jobs that are cancelled in the batch that submits them. */
static void abandons(const char *seconds)
{
	double until = now() + atof(seconds);
	struct coproc_completion done;
	unsigned long rounds = 0, other = 0;

	connect_();
	load("build/firmware/work.elf");
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	for (; flooding(until, rounds, 20); rounds++) {
		struct coproc_request cancel = raw_request(XENCOPROC_OP_CANCEL);
		struct coproc_request job = waiting_job(0xffffffff);

		for (int i = 0; i < 32; i++) {
			job.id = ++raw.id;
			cancel.id = ++raw.id;
			cancel.u.cancel.queue = 1;
			cancel.u.cancel.target_slot = (uint16_t)coproc_client_put(&raw.queue[1].ring, &job);
			cancel.u.cancel.target_id = job.id;
			coproc_client_put(&raw.queue[0].ring, &cancel);
		}
		coproc_client_publish(&raw.queue[1].ring);
		coproc_client_publish(&raw.queue[0].ring);
		raw_notify(&raw);
		for (int i = 0; i < 32; i++) {
			other += !raw_take(&raw, 1, &done) || done.status != XENCOPROC_CANCELLED;
			other += !raw_take(&raw, 0, &done) || done.status != XENCOPROC_OK;
		}
	}
	check(rounds >= 20 && !other, "F8: %lu times 32 jobs submitted and cancelled, %lu answered otherwise",
	      rounds, other);
	check(raw_disconnect(&raw), "let go of");
}

/* Uses up what a moment allows, and is somebody new. */
static void sheds(const char *firmware)
{
	unsigned int ran = 0, rounds = 0;
	struct coproc_completion done;

	for (; rounds < 4; rounds++) {
		struct coproc_request job = raw_job(0, 0, WORK_FOREVER, 0);

		connect_();
		load(firmware);
		raw_queue_open(&raw, 1, XENCOPROC_CLASS_REALTIME);
		job.u.job.run_limit_us = 280000;
		raw_send(&raw, 1, &job);
		ran += raw_take(&raw, 1, &done) && done.status == XENCOPROC_TIMED_OUT;
		ran -= !raw_disconnect(&raw);
	}
	check(ran == rounds, "%u connections with a job each that uses up a budget", ran);
}

const struct attack unpaid_attacks[] = {
	{ "expires", expires },
	{ "abandons", abandons },
	{ "sheds", sheds },
	{ NULL, NULL },
};
