/* SPDX-License-Identifier: MIT */
/*
 * F12: bytes of the backend that come with its answers.  All pages that it
 * writes are full of a pattern before they are granted: what it publishes has
 * none of that left and nothing else that the text does not have, and what it
 * does not publish it does not touch.
 */
#include "attack.h"

#define PATTERN         0xa5
#define PIECE           1024u
#define AT              1536u

static bool only(const uint8_t *at, size_t size, uint8_t byte)
{
	for (size_t i = 0; i < size; i++)
		if (at[i] != byte)
			return false;
	return true;
}

/* The completions 0 to @count - 1 of a ring, as they lie there. */
static void completions(const char *which, const uint8_t *cq, uint32_t count)
{
	unsigned int reserved = 0, flags = 0, times = 0;

	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *cqe = cq + i * XENCOPROC_CQE_SIZE;

		reserved += cqe[14] || cqe[15];
		flags += cqe[13] || cqe[12] > 3;
		/* Nothing ran: no times (of a job's queue they are not looked at). */
		times += which[0] == 'c' && !only(cqe + 24, 8, 0);
	}
	check(!reserved && !flags && !times, "F12: %s: reserved bytes of %u completions are zero "
	      "(%u not; %u flags, %u times)", which, count, reserved, flags, times);
	check(only(cq + count * XENCOPROC_CQE_SIZE, 4096 - count * XENCOPROC_CQE_SIZE, PATTERN),
	      "F12: %s: behind the last one nothing was written", which);
}

static void index_page(void)
{
	const uint8_t *page = (const uint8_t *)raw.be;
	unsigned int wrong = 0;

	for (unsigned int cell = 0; cell < XENCOPROC_CELLS; cell++) {
		const uint8_t *at = page + cell * 64;
		bool used = cell == 0 || (cell >= 2 && cell <= 5);

		if (used)
			wrong += !only(at + 8, 56, PATTERN) && !only(at + 8, 56, 0);
		else
			wrong += !only(at, 64, PATTERN);
	}
	check(!wrong, "F12: the index page holds indexes alone (%u cells with more)", wrong);
}

static void events(const uint8_t *ring)
{
	unsigned int count = raw.be[XENCOPROC_RING_EVENT].index, wrong = 0;

	for (unsigned int i = 0; i < count; i++)
		wrong += !only(ring + i * 32 + 24, 8, 0);
	check(count && !wrong, "F12: reserved bytes of %u events are zero", count);
	check(only(ring + count * 32, 4096 - count * 32, PATTERN),
	      "F12: behind the last event nothing was written");
}

static void output(void)
{
	struct coproc_request job = raw_job(0, 0, WORK_SCALE, 3);
	struct coproc_completion done;
	uint8_t *page;
	uint32_t *words;
	unsigned int wrong = 0;
	void *at;

	raw_buffer(&raw, 1, 2, 3, &at);
	page = at;
	memset(page, PATTERN, 8192);
	words = (uint32_t *)(page + 4096);
	for (unsigned int i = 0; i < PIECE / 4; i++)
		words[i] = i;
	job.u.job.operands = 2;
	job.u.job.operand[0] = (struct coproc_operand){ 1, XENCOPROC_ACCESS_READ, 4096, PIECE };
	job.u.job.operand[1] = (struct coproc_operand){ 1, XENCOPROC_ACCESS_WRITE, AT, PIECE };
	raw_send(&raw, 1, &job);
	check(raw_take(&raw, 1, &done) && done.status == XENCOPROC_OK, "F12: a job with an output");
	words = (uint32_t *)(page + AT);
	for (unsigned int i = 0; i < PIECE / 4; i++)
		wrong += words[i] != i * 3 + 1;
	check(!wrong, "F12: it is what the job computes, to the byte (%u words not)", wrong);
	check(only(page, AT, PATTERN) && only(page + AT + PIECE, 4096 - AT - PIECE, PATTERN) &&
	      only(page + 4096 + PIECE, 4096 - PIECE, PATTERN),
	      "F12: and around it nothing was written");
}

static void stale(const char *firmware)
{
	struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);
	struct coproc_request hang = raw_job(0, 0, WORK_FOREVER, 0);
	struct coproc_completion done;
	uint32_t control, jobs;

	raw_fill = PATTERN;
	connect_();
	load(firmware);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	output();
	nop.flags = 1;
	raw_ask(&raw, &nop);            /* a refused one */
	hang.u.job.run_limit_us = 1000;
	raw_send(&raw, 1, &hang);
	check(raw_take(&raw, 1, &done) && done.status == XENCOPROC_TIMED_OUT,
	      "F12: a job that is reset, for an event");
	control = raw.be[XENCOPROC_RING_CQ(0)].index;
	jobs = raw.be[XENCOPROC_RING_CQ(1)].index;
	completions("control queue", raw.queue[0].cq, control);
	completions("job queue", raw.queue[1].cq, jobs);
	events(raw.events);
	index_page();
	check(raw_disconnect(&raw), "let go of");
}

const struct attack stale_attacks[] = {
	{ "stale", stale },
	{ NULL, NULL },
};
