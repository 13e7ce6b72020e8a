// SPDX-License-Identifier: MIT
/*
 * The worked session of coprocif.md, section 17, played by the real code.
 *
 * Each step below is one block of the text.  After a step, whatever changed in
 * shared memory is written down, cell by cell and slot by slot, and must be
 * what the text's block says: no more, no less.  So neither side can change
 * without the other.  For the library it also holds B-RING-1 and F-RING-1
 * (cells begin as zeroes), B-PAGE-4 (nothing is written but messages, cells and
 * the journal), F-MSG-1, B-QUEUE-5, and B-JRNL-1 as far as blocks show it.
 *
 *   session          compare; TAP
 *   session --print  the blocks as they should be, to be put into the text
 */
#include <stdlib.h>
#include <string.h>

#include "libcoproc-ring/queue.h"
#include "tests/vectors/vector.h"

#define TEXT            "protocol/coprocif.md"
#define BLOCK_MAX       8192

/* All memory that the two sides share here. */
struct shared {
	struct xencoproc_cell fe[XENCOPROC_CELLS];
	struct xencoproc_cell be[XENCOPROC_CELLS];
	uint8_t events[4096] __attribute__((aligned(8)));
	uint8_t sq[2][4096] __attribute__((aligned(8)));
	uint8_t cq[2][4096] __attribute__((aligned(8)));
	uint8_t journal[4096] __attribute__((aligned(8)));
};

static struct shared now, before;

static struct coproc_client_queue client[2];
static struct coproc_shadow shadow[2][32];
static struct coproc_ring fe_events;

static struct coproc_server_queue server[2];
static struct coproc_live live[2][32];
static struct coproc_ring be_events;

static struct coproc_limits limits = {
	.max_queues = 4, .max_ring_order = 7, .max_contexts = 16, .max_buffers = 64,
	.max_pages = 4096, .max_firmware = 8, .max_firmware_bytes = 1048576,
	.max_operands = 16, .max_run_limit_us = 1000000,
	.max_class = XENCOPROC_CLASS_NORMAL, .features = COPROC_FEATURE_JOURNAL,
};

/* What went wrong beside the bytes; the first reason stays. */
static const char *wrong;

static void must(bool good, const char *what)
{
	if (!good && !wrong)
		wrong = what;
}

/* ---- what each side does ---- */

static void send(unsigned int queue, struct coproc_request request)
{
	must(coproc_client_put(&client[queue], &request) >= 0, "a request cannot be put");
}

static void take_requests(unsigned int queue, unsigned int count)
{
	struct coproc_request request;
	struct xencoproc_sqe sqe __attribute__((aligned(8)));

	while (coproc_server_take(&server[queue], &sqe) == 1) {
		must(coproc_request_decode(&sqe, queue == 0, &limits, &request) == XENCOPROC_OK,
		     "a request is not good");
		count--;
	}
	must(count == 0, "another number of requests arrived");
	coproc_server_consumed(&server[queue]);
	must(!coproc_server_arm(&server[queue]), "the backend cannot sleep");
}

static void answer(unsigned int queue, struct coproc_completion completion)
{
	must(coproc_server_complete(&server[queue], &completion), "a completion cannot be put");
}

static void take_completions(unsigned int queue, unsigned int count)
{
	struct coproc_completion completion;

	while (coproc_client_take(&client[queue], &completion) == 1)
		count--;
	must(count == 0, "another number of completions arrived");
	must(!coproc_client_arm(&client[queue]), "the frontend cannot sleep");
}

/* The journal's cell, little-endian; J1 and J5 of section 11 or J3. */
static void journal(unsigned int slot, uint32_t state, uint32_t tag)
{
	uint8_t *cell = now.journal + 8 * slot;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		cell[4 + i] = (uint8_t)(tag >> 8 * i);
		cell[i] = (uint8_t)(state >> 8 * i);
	}
}

/* ---- the steps ---- */

static const uint8_t digest[32] = {
	/* SHA-256 of the eight bytes "coprocif" */
	0xc2, 0x9b, 0xf9, 0xe7, 0xf8, 0xb9, 0xb1, 0x47,
	0xd5, 0x95, 0x51, 0x47, 0x72, 0x6c, 0x13, 0xd0,
	0x2b, 0x6b, 0x88, 0xee, 0x3b, 0x91, 0x61, 0xee,
	0xe1, 0x96, 0x43, 0x70, 0x16, 0x2f, 0x79, 0x7f,
};

static void make_objects(void)
{
	struct coproc_request open = { .op = XENCOPROC_OP_QUEUE_OPEN, .id = 0xa1 };
	struct coproc_request create = { .op = XENCOPROC_OP_CTX_CREATE, .id = 0xa2 };
	struct coproc_request buffer = { .op = XENCOPROC_OP_BUF_REGISTER, .id = 0xa3 };
	struct coproc_request load = { .op = XENCOPROC_OP_FW_LOAD, .id = 0xa4 };

	open.u.queue_open.queue = 1;
	open.u.queue_open.qclass = XENCOPROC_CLASS_NORMAL;
	open.u.queue_open.order = 5;
	open.u.queue_open.journal_ref = 803;
	memset(open.u.queue_open.sq_ref, 0xff, sizeof(open.u.queue_open.sq_ref));
	memset(open.u.queue_open.cq_ref, 0xff, sizeof(open.u.queue_open.cq_ref));
	open.u.queue_open.sq_ref[0] = 801;
	open.u.queue_open.cq_ref[0] = 802;
	send(0, open);
	create.u.ctx_create.save_buffer = XENCOPROC_NONE;
	send(0, create);
	buffer.u.buf_register.pages = 2;
	buffer.u.buf_register.access = XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE;
	buffer.u.buf_register.dirs = 1;
	memset(buffer.u.buf_register.dir_ref, 0xff, sizeof(buffer.u.buf_register.dir_ref));
	buffer.u.buf_register.dir_ref[0] = 804;
	send(0, buffer);
	load.u.fw_load.kind = XENCOPROC_FW_KIND_ELF;
	load.u.fw_load.offset = 4096;
	load.u.fw_load.length = 8;
	memcpy(load.u.fw_load.sha256, digest, sizeof(digest));
	send(0, load);
	must(coproc_client_publish(&client[0]), "the backend is not notified");
}

static void objects_made(void)
{
	uint16_t slot;

	take_requests(0, 4);
	for (slot = 0; slot < 4; slot++)
		answer(0, (struct coproc_completion){ .slot = slot });
	coproc_server_init(&server[1], now.be, now.fe, 1, 5, now.sq[1], now.cq[1], live[1]);
	must(coproc_server_publish(&server[0]), "the frontend is not notified");
}

static void objects_seen(void)
{
	take_completions(0, 4);
}

static void send_jobs(void)
{
	struct coproc_request job = { .op = XENCOPROC_OP_JOB, .id = 0x1000000b1,
				      .flags = XENCOPROC_JOB_F_SIGNAL };

	job.u.job.entry = 1;
	job.u.job.run_limit_us = 5000;
	job.u.job.operands = 2;
	job.u.job.immediate = 42;
	job.u.job.signal_value = 1;
	job.u.job.operand[0] = (struct coproc_operand){ .access = XENCOPROC_ACCESS_READ, .length = 1024 };
	job.u.job.operand[1] = (struct coproc_operand){ .access = XENCOPROC_ACCESS_WRITE,
							.offset = 1024, .length = 256 };
	send(1, job);
	job.id = 0x1000000b2;
	job.flags = XENCOPROC_JOB_F_SIGNAL | XENCOPROC_JOB_F_RESTARTABLE;
	job.u.job.entry = 2;
	job.u.job.operands = 0;
	job.u.job.signal_value = 2;
	memset(job.u.job.operand, 0, sizeof(job.u.job.operand));
	send(1, job);
	must(coproc_client_publish(&client[1]), "the backend is not notified");
}

static void jobs_accepted(void)
{
	journal(0, XENCOPROC_JOURNAL_ACCEPTED, 0xb1);
	journal(1, XENCOPROC_JOURNAL_ACCEPTED, 0xb2);
	take_requests(1, 2);
}

static void job_started(void)
{
	journal(0, XENCOPROC_JOURNAL_STARTED, 0xb1);
}

static void jobs_ended(void)
{
	static const struct coproc_notice reset = {
		.sequence = 1, .type = XENCOPROC_EVENT_CTX_RESET, .status = XENCOPROC_FAULT, .value = 1,
	};
	struct xencoproc_event event __attribute__((aligned(8)));

	journal(0, XENCOPROC_JOURNAL_FREE, 0xb1);
	answer(1, (struct coproc_completion){ .slot = 0, .flags = XENCOPROC_CQE_F_STARTED, .result = 7,
					      .waited_us = 20, .ran_us = 310 });
	must(coproc_server_publish(&server[1]), "the frontend is not notified");
	journal(1, XENCOPROC_JOURNAL_STARTED, 0xb2);
	journal(1, XENCOPROC_JOURNAL_FREE, 0xb2);
	answer(1, (struct coproc_completion){ .slot = 1, .status = XENCOPROC_FAULT,
					      .flags = XENCOPROC_CQE_F_STARTED,
					      .result = (uint64_t)XENCOPROC_FAULT_WRITE << 32 | 0x20001000,
					      .waited_us = 340, .ran_us = 15 });
	must(!coproc_server_publish(&server[1]), "the frontend is notified twice");
	must(coproc_ring_room(&be_events) == 128, "the event ring is not empty");
	coproc_notice_encode(&reset, &event);
	coproc_ring_put(&be_events, &event);
	must(coproc_ring_publish(&be_events), "the frontend is not notified of the event");
}

static void jobs_seen(void)
{
	struct xencoproc_event event __attribute__((aligned(8)));
	struct coproc_notice notice;

	take_completions(1, 2);
	must(coproc_ring_pending(&fe_events) == 1, "no event arrived");
	coproc_ring_take(&fe_events, &event);
	must(coproc_notice_decode(&event, &notice) == COPROC_NOT_BROKEN && notice.sequence == 1,
	     "the event is not good");
	coproc_ring_consumed(&fe_events);
	must(!coproc_ring_arm(&fe_events), "the frontend cannot sleep");
}

static void end_objects(void)
{
	struct coproc_request cancel = { .op = XENCOPROC_OP_CANCEL, .id = 0xa5 };
	struct coproc_request close = { .op = XENCOPROC_OP_QUEUE_CLOSE, .id = 0xa6 };
	struct coproc_request query = { .op = XENCOPROC_OP_QUERY, .id = 0xa7 };
	struct coproc_request release = { .op = XENCOPROC_OP_BUF_RELEASE, .id = 0xa8 };

	cancel.u.cancel.queue = 1;
	cancel.u.cancel.target_id = 0x1000000b1;
	send(0, cancel);
	close.u.queue_close.queue = 1;
	send(0, close);
	query.u.query.what = XENCOPROC_QUERY_TIMELINE;
	send(0, query);
	send(0, release);
	must(coproc_client_publish(&client[0]), "the backend is not notified");
}

static void objects_ended(void)
{
	take_requests(0, 4);
	answer(0, (struct coproc_completion){ .slot = 3, .status = XENCOPROC_NOT_FOUND });
	answer(0, (struct coproc_completion){ .slot = 1, .result = 2 });
	answer(0, (struct coproc_completion){ .slot = 2 });
	answer(0, (struct coproc_completion){ .slot = 0 });
	must(coproc_server_publish(&server[0]), "the frontend is not notified");
}

static void closed(void)
{
	take_completions(0, 4);
}

static const struct {
	const char *title;
	void (*act)(void);
} steps[] = {
	{ "the frontend makes its objects", make_objects },
	{ "the backend made them", objects_made },
	{ "the frontend has seen it", objects_seen },
	{ "the frontend submits two jobs", send_jobs },
	{ "the backend accepts them", jobs_accepted },
	{ "the backend starts the first", job_started },
	{ "both ended, one by a fault", jobs_ended },
	{ "the frontend has seen it", jobs_seen },
	{ "the frontend cancels too late, asks, and ends its objects", end_objects },
	{ "the backend has done so", objects_ended },
	{ "the frontend has seen it", closed },
};

/* ---- what changed, as text ---- */

static char block[BLOCK_MAX];

static void say(const char *text)
{
	size_t used = strlen(block);

	snprintf(block + used, sizeof(block) - used, "%s", text);
}

/* "sq 0[3]   0a000000 ...": groups of four bytes, without the zeroes at the end. */
static void say_bytes(const char *name, const uint8_t *data, size_t size)
{
	char text[64];
	size_t i, end = size;

	while (end > 8 && memcmp(data + end - 4, "\0\0\0\0", 4) == 0)
		end -= 4;
	for (i = 0; i < end; i += 4) {
		if (i % 32 == 0) {
			snprintf(text, sizeof(text), "%s%-10s", i ? "\n" : "", i ? "" : name);
			say(text);
		}
		snprintf(text, sizeof(text), " %02x%02x%02x%02x", data[i], data[i + 1], data[i + 2], data[i + 3]);
		say(text);
	}
	say(end < size ? " ...\n" : "\n");
}

static void say_changes(const char *name, const void *new_, const void *old, size_t size, size_t unit,
			size_t shown)
{
	const uint8_t *a = new_, *b = old;
	char text[32];
	size_t i;

	for (i = 0; i < size / unit; i++)
		if (memcmp(a + i * unit, b + i * unit, unit) != 0) {
			snprintf(text, sizeof(text), "%s[%zu]", name, i);
			say_bytes(text, a + i * unit, shown);
		}
}

static void describe(size_t step)
{
	char text[160];

	snprintf(text, sizeof(text), "%zu: %s\n", step + 1, steps[step].title);
	block[0] = '\0';
	say(text);
	say_changes("sq 0", now.sq[0], before.sq[0], 4096, XENCOPROC_SQE_SIZE, XENCOPROC_SQE_SIZE);
	say_changes("sq 1", now.sq[1], before.sq[1], 4096, XENCOPROC_SQE_SIZE, XENCOPROC_SQE_SIZE);
	say_changes("journal 1", now.journal, before.journal, 4096, 8, 8);
	say_changes("cq 0", now.cq[0], before.cq[0], 4096, XENCOPROC_CQE_SIZE, XENCOPROC_CQE_SIZE);
	say_changes("cq 1", now.cq[1], before.cq[1], 4096, XENCOPROC_CQE_SIZE, XENCOPROC_CQE_SIZE);
	say_changes("event", now.events, before.events, 4096, XENCOPROC_CQE_SIZE, XENCOPROC_CQE_SIZE);
	say_changes("fe cell", now.fe, before.fe, 4096, sizeof(now.fe[0]), 8);
	say_changes("be cell", now.be, before.be, 4096, sizeof(now.be[0]), 8);
}

/* ---- the text ---- */

/* The next fenced block of kind "session", without its fences; "" at the end. */
static void next_block(FILE *in, char *text, size_t room)
{
	char line[VECTOR_LINE_MAX];
	bool inside = false;
	size_t used = 0;

	text[0] = '\0';
	while (fgets(line, sizeof(line), in)) {
		if (inside && strncmp(line, "```", 3) == 0)
			return;
		if (inside && used < room)
			used += (size_t)snprintf(text + used, room - used, "%s", line);
		inside = inside || strcmp(line, "```session\n") == 0;
	}
}

static void connect(void)
{
	coproc_client_init(&client[0], now.fe, now.be, 0, 5, now.sq[0], now.cq[0], shadow[0]);
	coproc_client_init(&client[1], now.fe, now.be, 1, 5, now.sq[1], now.cq[1], shadow[1]);
	coproc_server_init(&server[0], now.be, now.fe, 0, 5, now.sq[0], now.cq[0], live[0]);
	coproc_ring_init(&fe_events, &now.fe[0], &now.be[0], now.events, 128, XENCOPROC_CQE_SIZE);
	coproc_ring_init(&be_events, &now.be[0], &now.fe[0], now.events, 128, XENCOPROC_CQE_SIZE);
}

int main(int argc, char **argv)
{
	bool print = argc > 1 && strcmp(argv[1], "--print") == 0;
	FILE *in = fopen(TEXT, "r");
	char text[BLOCK_MAX];
	size_t i;

	if (!in) {
		tap_result(false, TEXT, "session", "cannot be read: run from the top of the tree");
		return tap_done();
	}
	connect();
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		before = now;
		steps[i].act();
		describe(i);
		next_block(in, text, sizeof(text));
		if (print) {
			printf("```session\n%s```\n\n", block);
			continue;
		}
		if (!wrong && strcmp(text, block) != 0)
			wrong = "the text's block is not what happens; session --print shows what does";
		tap_result(!wrong, "session", steps[i].title, wrong);
		wrong = NULL;
	}
	next_block(in, text, sizeof(text));
	if (!print)
		tap_result(!*text, "session", "the text has no further block", "it has");
	fclose(in);
	return print ? wrong != NULL : tap_done();
}
