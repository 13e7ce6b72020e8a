/* SPDX-License-Identifier: MIT */
/* Floods, for so many seconds: F7, F10, and requests that cost coprocd much. */
#include "attack.h"

/* What makes a flood, however long the machine takes for it. */
#define FLAPS           60u
#define MANY            1000u
#define HUNG            12u

static void storm(const char *seconds)
{
	double until = now() + atof(seconds);

	connect_();
	while (flooding(until, 0, 0))
		for (int i = 0; i < 1000; i++)
			raw_notify(&raw);
	check(raw_backend(&raw) == 4, "F7: still connected after the storm");
	check(raw_disconnect(&raw), "let go of");
}

static void flap(const char *seconds)
{
	static const char *const states[] = { "1", "3", "4", "5", "6", "0", "9", "x" };
	double until = now() + atof(seconds);
	unsigned int writes = 0;

	while (flooding(until, writes, FLAPS)) {
		raw_write(&raw, "state", states[rand() % 8]);
		raw_write(&raw, "junk", states[rand() % 8]);
		writes += 2;
	}
	check(writes >= FLAPS, "F10: %u writes", writes);
	connect_();
	check(raw_disconnect(&raw), "F6: connects afterwards, and lets go");
}

static void queues(const char *seconds)
{
	double until = now() + atof(seconds);
	struct coproc_request close_ = raw_request(XENCOPROC_OP_QUEUE_CLOSE);
	unsigned int rounds = 0, wrong = 0;

	connect_();
	close_.u.queue_close.queue = 1;
	for (; flooding(until, rounds, 1); rounds++) {
		wrong += raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL) != XENCOPROC_OK;
		wrong += raw_ask(&raw, &close_) != XENCOPROC_OK;
		raw_unshare(&raw, raw.queue[1].sq, 1);
		raw_unshare(&raw, raw.queue[1].cq, 1);
		raw.queue[1].sq = raw.queue[1].cq = NULL;
	}
	check(!wrong && rounds, "%u queues opened and closed, %u wrong", rounds, wrong);
	check(raw_disconnect(&raw), "let go of");
}

static void nops(const char *seconds)
{
	double until = now() + atof(seconds);
	struct coproc_completion done;
	unsigned long taken = 0;

	connect_();
	while (flooding(until, taken, MANY)) {
		struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);

		while (coproc_client_put(&raw.queue[0].ring, &nop) >= 0)
			;
		if (coproc_client_publish(&raw.queue[0].ring))
			raw_notify(&raw);
		while (coproc_client_take(&raw.queue[0].ring, &done) > 0)
			taken++;
	}
	check(taken >= MANY, "%lu requests that do nothing", taken);
	check(raw_disconnect(&raw), "let go of");
}

static void images(const char *seconds)
{
	double until = now() + atof(seconds);
	unsigned int loads = 0, wrong = 0;
	const uint8_t digest[32] = { 1 };
	void *at;

	connect_();
	wrong += raw_buffer(&raw, 0, 256, XENCOPROC_ACCESS_READ, &at) != XENCOPROC_OK;
	for (; flooding(until, loads, 1); loads++)
		wrong += raw_firmware(&raw, 0, 0, 1 << 20, digest) != XENCOPROC_BAD_DIGEST;
	check(!wrong && loads, "%u images of a megabyte, all refused", loads);
	check(raw_disconnect(&raw), "let go of");
}

/* Connects and lets go, as fast as it may. */
static void connects(const char *seconds)
{
	double until = now() + atof(seconds);
	unsigned int done = 0, wrong = 0;

	for (; flooding(until, done, 1); done++) {
		wrong += !raw_connect(&raw);
		wrong += !raw_disconnect(&raw);
	}
	check(!wrong && done, "F6: %u connections made and ended, %u not", done, wrong);
}

/* Breaks its ring and connects again. */
static void breaks(const char *seconds)
{
	double until = now() + atof(seconds);
	unsigned int done = 0, wrong = 0;

	for (; flooding(until, done, 1); done++) {
		wrong += !raw_connect(&raw);
		set(&sq_cell(0)->index, 0x80000000u);
		wrong += !raw_until(&raw, 5);
		wrong += !raw_disconnect(&raw);
	}
	check(!wrong && done, "F2: %u rings broken, %u not", done, wrong);
}

/* All the queues it may have, full of jobs that are refused late: their operands
 * are in a table. */
static void refused(const char *seconds)
{
	double until = now() + atof(seconds);
	struct coproc_completion done;
	unsigned long taken = 0;
	unsigned int queues_;
	void *at;

	connect_();
	raw_context(&raw, 0);
	raw_buffer(&raw, 0, 1, XENCOPROC_ACCESS_READ, &at);
	for (uint32_t i = 0; i < 16; i++)
		((uint32_t *)at)[3 * i] = i < 15 ? XENCOPROC_ACCESS_READ << 16 : 0;
	queues_ = all_queues();
	while (flooding(until, taken, MANY))
		for (unsigned int q = 1; q <= queues_; q++) {
			struct coproc_request job = raw_job(0, 0, 0, 0);

			job.flags = XENCOPROC_JOB_F_TABLE;
			job.u.job.operands = 1;
			job.u.job.operand[0] = (struct coproc_operand){ 0, XENCOPROC_ACCESS_READ, 0, 192 };
			while (coproc_client_put(&raw.queue[q].ring, &job) >= 0)
				;
			if (coproc_client_publish(&raw.queue[q].ring))
				raw_notify(&raw);
			while (coproc_client_take(&raw.queue[q].ring, &done) > 0)
				taken++;
		}
	check(taken >= MANY, "%lu jobs refused in %u queues", taken, queues_);
	check(raw_disconnect(&raw), "let go of");
}

/* Buffers as large as can be, whose last page is none. */
static void registers(const char *seconds)
{
	double until = now() + atof(seconds);
	struct coproc_request r = raw_request(XENCOPROC_OP_BUF_REGISTER);
	unsigned int done = 0, wrong = 0;
	uint32_t ref[2], own;
	uint32_t *full = raw_share(&raw, 1, &ref[0], false), *last = raw_share(&raw, 1, &ref[1], false);

	connect_();
	raw_share(&raw, 1, &own, false);
	for (int i = 0; i < 1024; i++)
		full[i] = last[i] = own;
	last[1023] = XENCOPROC_GREF_NONE;
	r.u.buf_register.pages = 16384;
	r.u.buf_register.access = XENCOPROC_ACCESS_READ;
	r.u.buf_register.dirs = 16;
	for (int d = 0; d < 16; d++)
		r.u.buf_register.dir_ref[d] = ref[d == 15];
	for (; flooding(until, done, 1); done++)
		wrong += raw_ask(&raw, &r) != XENCOPROC_BAD_FIELD;
	check(!wrong && done, "F8: %u buffers of 64 MiB, the last page wrong, %u not refused", done, wrong);
	check(raw_disconnect(&raw), "let go of");
}

/* Local memory taken and given back: it is zeroed each time. */
static void contexts(const char *seconds)
{
	double until = now() + atof(seconds);
	struct coproc_request destroy = raw_request(XENCOPROC_OP_CTX_DESTROY);
	unsigned int done = 0, wrong = 0;

	connect_();
	for (; flooding(until, done, 1); done++)
		wrong += raw_context(&raw, 0) || raw_ask(&raw, &destroy);
	check(!wrong && done, "F8: %u contexts made and destroyed, %u not", done, wrong);
	check(raw_disconnect(&raw), "let go of");
}

/* Everything that a guest may have waiting, and one more. */
static void hoard(const char *firmware)
{
	unsigned int accepted = 0, queues_;

	connect_();
	load(firmware);
	queues_ = all_queues();
	for (unsigned int q = 1; q <= queues_; q++) {
		struct coproc_request job = waiting_job(0xffffffff);

		for (uint32_t i = 0; i < 32; i++)
			by_hand(q, i, &job, (uint16_t)i);
		set(&sq_cell(q)->index, 32);
		for (int i = 0; i < 10000 && raw.be[XENCOPROC_RING_SQ(q)].index != 32; i++)
			usleep(2000);
		accepted += raw.be[XENCOPROC_RING_SQ(q)].index;
	}
	check(accepted == 32 * queues_ && queues_, "F8: %u jobs wait for what never comes", accepted);
	by_hand(1, 32, &(struct coproc_request){ .op = XENCOPROC_OP_NOP }, 0);
	set(&sq_cell(1)->index, 33);
	check(raw_until(&raw, 5) && strstr(raw_error(&raw), "B-QUEUE"),
	      "F8: one more than the queue has entries breaks it (\"%s\")", raw_error(&raw));
	check(raw_disconnect(&raw), "let go of");
}

/* ---- F16: jobs that never end, beside honest ones of another context ---- */

static void hang(const char *firmware)
{
	struct coproc_request query = raw_request(XENCOPROC_OP_QUERY);
	unsigned int hung = 0, timed_out = 0, good = 0, other = 0;
	double until = now() + 4;
	struct coproc_completion done;

	connect_();
	load(firmware);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	raw_queue_open(&raw, 2, XENCOPROC_CLASS_NORMAL);
	while (hung < HUNG || now() < until) {
		struct coproc_request bad = raw_job(0, 0, WORK_FOREVER, 0);
		struct coproc_request fine = raw_job(1, 0, WORK_CHAIN, 1000);

		bad.u.job.run_limit_us = 5000;
		raw_send(&raw, 1, &bad);
		raw_send(&raw, 2, &fine);
		hung++;
		if (raw_take(&raw, 1, &done))
			timed_out += done.status == XENCOPROC_TIMED_OUT && done.ran_us >= 5000;
		if (raw_take(&raw, 2, &done) && done.status == XENCOPROC_OK && done.result >> 32 == 1000)
			good++;
		else
			other++;
	}
	check(hung == timed_out, "F16: %u jobs hung, %u timed out after their limit", hung, timed_out);
	check(!other && good == hung, "F16: %u jobs of another context all ran, %u not", good, other);
	query.u.query.what = XENCOPROC_QUERY_CONTEXT;
	raw_send(&raw, 0, &query);
	check(raw_take(&raw, 0, &done) && done.result == hung + 1ull, "F16: the guilty context was reset each time");
	query.u.query.object = 1;
	raw_send(&raw, 0, &query);
	check(raw_take(&raw, 0, &done) && done.result == 1, "F16: the other never");
	check(raw_disconnect(&raw), "let go of");
}

/* Nothing, in the same rhythm: what the measurement itself is worth. */
static void idle(const char *seconds)
{
	double until = now() + atof(seconds);

	connect_();
	while (flooding(until, 0, 0))
		usleep(1000);
	check(raw_disconnect(&raw), "let go of");
}

const struct attack floods_attacks[] = {
	{ "idle", idle },
	{ "breaks", breaks },
	{ "connects", connects },
	{ "contexts", contexts },
	{ "hang", hang },
	{ "hoard", hoard },
	{ "refused", refused },
	{ "registers", registers },
	{ "storm", storm },
	{ "flap", flap },
	{ "queues", queues },
	{ "nops", nops },
	{ "images", images },
	{ NULL, NULL },
};
