/* SPDX-License-Identifier: MIT */
/*
 * A guest that puts load on its coprocessor with the firmware "work" of
 * tests/engines, checks each result it can compute itself (entry 2, "chain"),
 * and prints one line of counts:
 *
 *	ok=N wrong=N fault=N timed-out=N ... wait_p50=US wait_p90=US wait_max=US
 *	run_mean=US result=HEX (of the last job)
 *
 * Exit status 0 when every job ended as --expect says (default: ok).
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/user/coproc.h"
#include "tests/engines/work.h"

#define STATUSES        32

static struct {
	const char *firmware;
	const char *expect;
	unsigned int qclass, entry, jobs, in_flight, run_limit;
	uint64_t immediate;
} opt = { .expect = "ok", .qclass = XENCOPROC_CLASS_NORMAL, .jobs = 1, .in_flight = 2 };

static struct coproc_device *device;
static unsigned int count[STATUSES], wrong, ended;
static uint32_t *waits;
static uint64_t run_us, last_result;

static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s: %s (%s)\n", what, strerror(-rc), device ? coproc_reason(device) : "");
	exit(1);
}

static void take(const struct coproc_done *done)
{
	count[done->status < STATUSES ? done->status : STATUSES - 1]++;
	waits[ended++] = done->waited_us;
	run_us += done->ran_us;
	last_result = done->result;
	if (done->status == XENCOPROC_OK && opt.entry == WORK_CHAIN &&
	    done->result != work_chain(opt.immediate | done->cookie << 32))
		wrong++;
}

static void load(struct coproc_queue *queue, struct coproc_job *job)
{
	struct coproc_done done[64];
	unsigned int submitted = 0;

	while (ended < opt.jobs) {
		int n;

		while (submitted < opt.jobs && submitted - ended < opt.in_flight) {
			/* Another seed each time, so that a stale result is seen. */
			job->cookie = opt.entry == WORK_CHAIN ? submitted & 0xff : 0;
			job->immediate = opt.immediate | job->cookie << 32;
			n = coproc_submit(queue, job, 1, NULL);
			must(n ? n : -11, "a submission");
			submitted++;
		}
		n = coproc_wait_any(queue, done, 64, 60000);
		must(n, "a wait");
		for (int i = 0; i < n; i++)
			take(&done[i]);
	}
}

static int by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int report(void)
{
	unsigned int expected = 0;

	qsort(waits, ended, sizeof(*waits), by_value);
	printf("ok=%u wrong=%u ", count[XENCOPROC_OK], wrong);
	for (unsigned int s = 1; s < STATUSES; s++)
		if (count[s] || s == XENCOPROC_FAULT)
			printf("%s=%u ", coproc_status_text(s), count[s]);
	printf("wait_p50=%u wait_p90=%u wait_max=%u run_mean=%llu result=0x%llx\n",
	       waits[ended / 2], waits[ended * 9 / 10], waits[ended - 1],
	       (unsigned long long)(run_us / ended), (unsigned long long)last_result);
	for (unsigned int s = 0; s < STATUSES; s++)
		if (count[s] && strstr(opt.expect, coproc_status_text(s)))
			expected += count[s];
	return expected == opt.jobs && !wrong ? 0 : 1;
}

static unsigned int class_of(const char *text)
{
	for (unsigned int c = XENCOPROC_CLASS_REALTIME; c <= XENCOPROC_CLASS_BATCH; c++)
		if (!strcmp(text, coproc_class_text(c)))
			return c;
	fprintf(stderr, "there is no class %s\n", text);
	exit(2);
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "class", 1, NULL, 'c' }, { "firmware", 1, NULL, 'f' }, { "entry", 1, NULL, 'e' },
		{ "immediate", 1, NULL, 'i' }, { "jobs", 1, NULL, 'j' },
		{ "in-flight", 1, NULL, 'n' }, { "run-limit", 1, NULL, 'r' },
		{ "expect", 1, NULL, 'x' }, { 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'c': opt.qclass = class_of(optarg); break;
		case 'f': opt.firmware = optarg; break;
		case 'e': opt.entry = (unsigned int)atoi(optarg); break;
		case 'i': opt.immediate = strtoull(optarg, NULL, 0); break;
		case 'j': opt.jobs = (unsigned int)atoi(optarg); break;
		case 'n': opt.in_flight = (unsigned int)atoi(optarg); break;
		case 'r': opt.run_limit = (unsigned int)atoi(optarg); break;
		case 'x': opt.expect = optarg; break;
		default: exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	char reason[256] = "";
	struct coproc_options options;
	struct coproc_firmware *firmware;
	struct coproc_context *context;
	struct coproc_queue *queue;
	struct coproc_job job;

	parse(argc, argv);
	waits = calloc(opt.jobs, sizeof(*waits));
	coproc_options_init(&options);
	options.reason = reason;
	options.reason_size = sizeof(reason);
	if (!waits || coproc_open(&options, &device)) {
		fprintf(stderr, "no connection: %s\n", reason);
		return 1;
	}
	must(coproc_firmware_load_file(device, opt.firmware, 0, &firmware), "the firmware");
	must(coproc_context_create(device, &context), "a context");
	must(coproc_queue_open(device, opt.qclass, 64, &queue), "a queue");
	must(coproc_settle(device, 10000), "all settles");
	job = (struct coproc_job){ .context = context, .firmware = firmware, .entry = opt.entry,
				   .run_limit_us = opt.run_limit };
	load(queue, &job);
	must(coproc_close(device, 5000), "the close");
	return report();
}
