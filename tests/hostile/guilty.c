/* SPDX-License-Identifier: MIT */
/* F16: a guest whose jobs fault, or take their worker with them, again and again. */
#include "attack.h"

#define FAULTS          100u

/* Always more to do than it can have: what it gets is what the scheduler gives. */
static void hog(struct coproc_request *job, unsigned int status, unsigned int count)
{
	unsigned int submitted = 0, as_meant = 0;
	struct coproc_completion done;

	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	for (unsigned int ended = 0; ended < count; ended++) {
		for (; submitted < count && submitted - ended < 32; submitted++)
			raw_send(&raw, 1, job);
		as_meant += raw_take(&raw, 1, &done) && done.status == status;
	}
	check(as_meant == count, "%u jobs end as they should", as_meant);
	check(raw_disconnect(&raw), "let go of");
}

/* Nothing wrong, but no end of it: until it is destroyed. */
static void busy(const char *firmware)
{
	struct coproc_request job;

	connect_();
	load(firmware);
	job = raw_job(0, 0, WORK_CHAIN, 300000);
	hog(&job, XENCOPROC_OK, ~0u);
}

static void hanging(const char *firmware)
{
	struct coproc_request job;

	connect_();
	load(firmware);
	job = raw_job(0, 0, WORK_FOREVER, 0);
	job.u.job.run_limit_us = 5000;
	hog(&job, XENCOPROC_TIMED_OUT, 200);
}

/* Writes into what it was given to read. */
static struct coproc_request faulty_job(void)
{
	struct coproc_request job = raw_job(0, 0, WORK_SCALE, 3);

	job.u.job.operands = 2;
	job.u.job.operand[0] = (struct coproc_operand){ 0, XENCOPROC_ACCESS_READ, 0, 64 };
	job.u.job.operand[1] = (struct coproc_operand){ 0, XENCOPROC_ACCESS_READ, 64, 64 };
	return job;
}

static void faulting(const char *firmware)
{
	struct coproc_request job = faulty_job();

	connect_();
	load(firmware);
	hog(&job, XENCOPROC_FAULT, 1500);
}

/* Each job is cancelled a moment after it came first: running, or stopped because it
 * was somebody else's turn, and then what stands in there is ended out of turn. */
static void cancelling(const char *firmware)
{
	struct coproc_request job[16], cancel = raw_request(XENCOPROC_OP_CANCEL);
	struct coproc_completion done;
	unsigned int good = 0;

	connect_();
	load(firmware);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	for (unsigned int i = 0; i < 400 + 16; i++) {
		struct coproc_request *at = &job[i % 16];

		if (i >= 16) {
			usleep((useconds_t)(rand() % 3000));
			cancel.u.cancel.queue = 1;
			cancel.u.cancel.target_slot = at->slot;
			cancel.u.cancel.target_id = at->id;
			raw_send(&raw, 0, &cancel);
			good += raw_take(&raw, 1, &done) && done.status == XENCOPROC_CANCELLED &&
				raw_take(&raw, 0, &done) && done.status == XENCOPROC_OK;
		}
		*at = raw_job(0, 0, WORK_FOREVER, 0);
		if (i < 400)
			raw_send(&raw, 1, at);
	}
	check(good == 400, "%u jobs cancelled one after the other", good);
	check(raw_disconnect(&raw), "let go of");
}

/* Two contexts: faults of the one, honest jobs of the other. */
static void faults(const char *firmware)
{
	struct coproc_request query = raw_request(XENCOPROC_OP_QUERY);
	unsigned int wrong = 0, other = 0;
	struct coproc_completion done;

	connect_();
	load(firmware);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	raw_queue_open(&raw, 2, XENCOPROC_CLASS_NORMAL);
	for (unsigned int i = 0; i < FAULTS; i++) {
		struct coproc_request bad = faulty_job();
		struct coproc_request fine = raw_job(1, 0, WORK_CHAIN, 1000);

		raw_send(&raw, 1, &bad);
		raw_send(&raw, 2, &fine);
		wrong += !raw_take(&raw, 1, &done) || done.status != XENCOPROC_FAULT;
		other += !raw_take(&raw, 2, &done) || done.status != XENCOPROC_OK ||
			 done.result >> 32 != 1000;
	}
	check(!wrong && !other, "F16: %u jobs that fault, %u ended otherwise; of another context's %u failed",
	      FAULTS, wrong, other);
	query.u.query.what = XENCOPROC_QUERY_CONTEXT;
	raw_send(&raw, 0, &query);
	check(raw_take(&raw, 0, &done) && done.result == FAULTS + 1,
	      "F16: the guilty context was reset each time");
	query.u.query.object = 1;
	raw_send(&raw, 0, &query);
	check(raw_take(&raw, 0, &done) && done.result == 1, "F16: the other never");
	check(raw_disconnect(&raw), "let go of");
}

/* Jobs that somebody kills the worker of (penalty.sh), until that is too much. */
static void deaths(const char *firmware)
{
	unsigned int submitted = 0, ended = 0, faulted = 0;
	struct coproc_completion done;

	connect_();
	load(firmware);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	while (raw_backend(&raw) == 4 && submitted < 100) {
		struct coproc_request job = raw_job(0, 0, WORK_FOREVER, 0);

		raw_send(&raw, 1, &job);
		submitted++;
		while (raw_backend(&raw) == 4) {
			if (coproc_client_take(&raw.queue[1].ring, &done) > 0) {
				ended++;
				faulted += done.status == XENCOPROC_FAULT;
				break;
			}
			usleep(500);
		}
	}
	check(ended && ended == faulted, "F16: %u jobs whose worker died under them ended, %u as faults", ended,
	      faulted);
	check(submitted < 100 && raw_until(&raw, 5) && strstr(raw_error(&raw), "in a row"),
	      "F16: after %u deaths of its worker it is not served any more (\"%s\")", submitted,
	      raw_error(&raw));
	check(raw_disconnect(&raw), "let go of");
	connect_();
	load(firmware);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	for (unsigned int i = 0; i < 10; i++) {
		struct coproc_request job = raw_job(0, 0, WORK_CHAIN, 1000);

		raw_send(&raw, 1, &job);
		ended += raw_take(&raw, 1, &done) && done.status == XENCOPROC_OK;
	}
	check(ended == faulted + 10, "F16: and when it connects again, it is");
	check(raw_disconnect(&raw), "let go of");
}

const struct attack guilty_attacks[] = {
	{ "busy", busy },
	{ "faults", faults },
	{ "cancelling", cancelling },
	{ "hanging", hanging },
	{ "faulting", faulting },
	{ "deaths", deaths },
	{ NULL, NULL },
};
