/* SPDX-License-Identifier: MIT */
/*
 * A guest that has every operation, completion and event of the protocol pass
 * through the rings, by libcoproc alone.  For the double-fetch tracer, so it
 * is about what is asked, and checks only that the answers are the right ones.
 *
 *	hostile-ops WORK.elf OTHER.elf [short | touch]
 *
 * WORK is the firmware of tests/engines, OTHER one that is not allowed.  What
 * jobs read and write lies in writable buffers; read-only ones hold images and
 * tables, which no worker has to touch.  "short" leaves out what takes time,
 * "touch" has a job read from a read-only buffer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/user/coproc.h"
#include "tests/engines/work.h"

#define JOBS            200u    /* more than three times around a ring of 64 */
#define BIG_PAGES       1100u   /* two directories */

static struct coproc_device *device;
static struct coproc_firmware *work;
static struct coproc_context *context;
static struct coproc_buffer *data;

static void must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "hostile-ops: %s: %s\n", what, device ? coproc_reason(device) : "");
	exit(1);
}

static struct coproc_done run(struct coproc_queue *q, const struct coproc_job *job)
{
	struct coproc_done done = { .status = 0xffff };
	uint64_t id = 0;

	must(coproc_submit(q, job, 1, &id) == 1, "a submission");
	must(coproc_wait(q, id, 30000, &done) == 0, "a wait");
	return done;
}

/* Many in flight, around the ring. */
static void many(struct coproc_queue *q, unsigned int jobs)
{
	struct coproc_piece piece[2] = { { data, XENCOPROC_ACCESS_READ, 0, 64 },
					 { data, XENCOPROC_ACCESS_WRITE, 4096, 64 } };
	struct coproc_job job = { .context = context, .firmware = work, .entry = WORK_SCALE,
				  .immediate = 3, .pieces = piece, .piece_count = 2 };
	unsigned int submitted = 0, ended = 0;
	struct coproc_done done[32];

	while (ended < jobs) {
		while (submitted < jobs && coproc_submit(q, &job, 1, NULL) == 1)
			submitted++;
		int n = coproc_wait_any(q, done, 32, 30000);

		must(n > 0, "a wait for any");
		for (int i = 0; i < n; i++)
			must(done[i].status == XENCOPROC_OK, "a job");
		ended += (unsigned int)n;
	}
}

static void tables(struct coproc_queue *q)
{
	struct coproc_piece piece[16];
	struct coproc_job job = { .context = context, .firmware = work, .entry = WORK_FOLD,
				  .pieces = piece };

	for (uint32_t i = 0; i < 16; i++)
		piece[i] = (struct coproc_piece){ data, XENCOPROC_ACCESS_READ, i * 100, 4 + i };
	for (job.piece_count = 5; job.piece_count <= 16; job.piece_count++)
		must(run(q, &job).status == XENCOPROC_OK, "a job with a table");
}

/* CANCEL, the NOP by which a silent backend is tried, a reset with its event. */
static void endings(struct coproc_queue *q, bool brief)
{
	struct coproc_job job = { .context = context, .firmware = work, .entry = WORK_FOREVER,
				  .run_limit_us = brief ? 10000 : 3000000 };
	struct coproc_done done;
	struct coproc_event event;
	int resets = 0;
	uint64_t id;

	done = run(q, &job);
	must(done.status == XENCOPROC_TIMED_OUT, "an endless job");
	must(coproc_submit(q, &job, 1, &id) == 1, "a submission");
	must(coproc_cancel(q, id) == 0, "a cancel");
	must(coproc_wait(q, id, 30000, &done) == 0 && done.status == XENCOPROC_CANCELLED,
	     "a cancelled job");
	job.entry = WORK_FAIL;
	job.immediate = 42;
	must(run(q, &job).status == XENCOPROC_FAILED, "a job that fails");
	coproc_dispatch(device);
	while (coproc_read_event(device, &event) == 1)
		resets += event.type == COPROC_EVENT_CTX_RESET;
	must(resets >= 1, "an event");
}

static void objects(const char *other)
{
	static const unsigned int what[] = { XENCOPROC_QUERY_DEVICE, XENCOPROC_QUERY_EVENTS_LOST,
					     XENCOPROC_QUERY_WEIGHT };
	struct coproc_firmware *denied, *again;
	struct coproc_context *second;
	struct coproc_buffer *big;
	uint64_t value;

	for (unsigned int i = 0; i < 3; i++)
		must(coproc_query(device, what[i], NULL, &value) == 0, "a query");
	must(coproc_context_create(device, &second) == 0, "a context");
	must(coproc_query(device, XENCOPROC_QUERY_TIMELINE, second, &value) == 0, "a timeline");
	must(coproc_context_signal(second, 7) == 0, "a signal");
	must(coproc_context_wait(second, 7, 5000) == 0, "a timeline that was signalled");
	must(coproc_buffer_create(device, BIG_PAGES * 4096u, 3, &big) == 0, "two directories");
	must(coproc_firmware_load_file(device, other, 0, &denied) < 0, "an image not allowed");
	must(coproc_refusal(device) == XENCOPROC_DENIED, "is denied");
	must(coproc_firmware_load(device, "\177ELFx", 5, XENCOPROC_FW_KIND_ELF, &again) < 0,
	     "what is no image");
	coproc_buffer_destroy(big);
	coproc_context_destroy(second);
	must(coproc_settle(device, 10000) == 0, "objects end");
}

/* The tracer must see it in the worker. */
static int touch(void)
{
	struct coproc_buffer *image;
	struct coproc_piece piece[2];

	must(coproc_buffer_create(device, 4096, XENCOPROC_ACCESS_READ, &image) == 0, "a buffer");
	piece[0] = (struct coproc_piece){ image, XENCOPROC_ACCESS_READ, 0, 64 };
	piece[1] = (struct coproc_piece){ data, XENCOPROC_ACCESS_WRITE, 4096, 64 };
	struct coproc_job job = { .context = context, .firmware = work, .entry = WORK_SCALE,
				  .pieces = piece, .piece_count = 2 };
	struct coproc_queue *q;

	must(coproc_queue_open(device, XENCOPROC_CLASS_NORMAL, 64, &q) == 0, "a queue");
	run(q, &job);
	coproc_close(device, 5000);
	return 0;
}

int main(int argc, char **argv)
{
	struct coproc_queue *q, *own;
	struct coproc_options options;
	bool brief = argc == 4 && !strcmp(argv[3], "short");
	char reason[256] = "";

	if (argc < 3)
		return 2;
	coproc_options_init(&options);
	options.reason = reason;
	options.reason_size = sizeof(reason);
	options.control_timeout_ms = 2000;
	if (coproc_open(&options, &device)) {
		fprintf(stderr, "hostile-ops: %s\n", reason);
		return 1;
	}
	must(coproc_firmware_load_file(device, argv[1], 0, &work) == 0, "WORK is loaded");
	must(coproc_context_create(device, &context) == 0, "a context");
	must(coproc_buffer_create(device, 65536, 3, &data) == 0, "a buffer");
	if (argc == 4 && !brief)
		return touch();
	must(coproc_queue_open(device, XENCOPROC_CLASS_NORMAL, 64, &q) == 0, "a queue");
	must(coproc_queue_open_flags(device, XENCOPROC_CLASS_BATCH, 512, COPROC_QUEUE_OWN_EVENT,
				     &own) == 0, "a queue of 512");
	many(q, JOBS);
	many(own, JOBS);
	tables(q);
	objects(argv[2]);
	endings(q, brief);
	coproc_queue_close(own);
	coproc_firmware_unload(work);
	must(coproc_settle(device, 10000) == 0, "all ends");
	must(coproc_close(device, 10000) == 0, "a close");
	puts("hostile-ops: done");
	return 0;
}
