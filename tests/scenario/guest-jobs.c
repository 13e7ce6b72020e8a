/* SPDX-License-Identifier: MIT */
/*
 * A guest that tries everything a job can come to, against the real coprocd
 * and a Cortex-M core.  Prints "ok - what" and "not ok - what"; the script
 * that starts it numbers the lines.
 *
 *	guest-jobs WORK.elf WILD.elf OTHER.elf
 *
 * WORK and WILD are the firmware of tests/engines; OTHER is one that the
 * configuration does not allow.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "guest.h"
#include "tests/engines/work.h"

enum { LOAD, STORE, JUMP, UNDEFINED };

static struct coproc_firmware *work, *wild;
static struct coproc_queue *queue;

static struct coproc_context *context(void)
{
	struct coproc_context *c;

	must(coproc_context_create(device, &c), "a context");
	must(coproc_settle(device, 5000), "a context settles");
	return c;
}

static uint64_t submit(struct coproc_queue *q, const struct coproc_job *job)
{
	uint64_t id = 0;
	int rc = coproc_submit(q, job, 1, &id);

	must(rc == 1 ? 0 : rc ? rc : -11, "a submission");
	return id;
}

static struct coproc_done done_of(struct coproc_queue *q, uint64_t id)
{
	struct coproc_done done = { .status = 0xffff };

	must(coproc_wait(q, id, 20000, &done), "a wait");
	return done;
}

static struct coproc_done run(struct coproc_queue *q, const struct coproc_job *job)
{
	return done_of(q, submit(q, job));
}

static void expect(struct coproc_done done, unsigned int status, const char *what)
{
	check(done.status == status, "%s: %s (is %s, result %llx)", what, coproc_status_text(status),
	      coproc_status_text(done.status), (unsigned long long)done.result);
}

/* ---- what jobs compute ---- */

static void results(void)
{
	struct coproc_buffer *from, *to;
	uint32_t *a, *b, wrong = 0;
	struct coproc_done done;

	must(coproc_buffer_create(device, 1 << 20, XENCOPROC_ACCESS_READ, &from), "a buffer");
	must(coproc_buffer_create(device, 1 << 20, 3, &to), "a buffer");
	must(coproc_settle(device, 5000), "buffers settle");
	a = coproc_buffer_data(from);
	b = coproc_buffer_data(to);
	for (uint32_t i = 0; i < 1 << 18; i++)
		a[i] = i * 2654435761u;
	done = run(queue, &(struct coproc_job){
		.context = context(), .firmware = work, .entry = WORK_SCALE, .immediate = 7,
		.pieces = (struct coproc_piece[]){ { from, XENCOPROC_ACCESS_READ, 0, 1 << 20 },
						   { to, XENCOPROC_ACCESS_WRITE, 0, 1 << 20 } },
		.piece_count = 2 });
	expect(done, XENCOPROC_OK, "a megabyte through granted pages");
	for (uint32_t i = 0; i < 1 << 18; i++)
		wrong += b[i] != a[i] * 7 + 1;
	check(!wrong, "each of its words is right (%u wrong)", wrong);
	must(coproc_buffer_destroy(from), "a release");
	must(coproc_buffer_destroy(to), "a release");
}

static void table(void)
{
	struct coproc_buffer *buffer;
	struct coproc_piece piece[10];
	uint64_t want = 99;
	uint8_t *bytes;
	struct coproc_done done;

	must(coproc_buffer_create(device, 65536, 3, &buffer), "a buffer");
	must(coproc_settle(device, 5000), "a buffer settles");
	bytes = coproc_buffer_data(buffer);
	for (uint32_t i = 0; i < 65536; i++)
		bytes[i] = (uint8_t)(i * 31 >> 3);
	for (uint32_t i = 0; i < 10; i++) {
		piece[i] = (struct coproc_piece){ buffer, XENCOPROC_ACCESS_READ, i * 6000 + 4090, 13 + i };
		want = want * 31 + piece[i].length + XENCOPROC_ACCESS_READ;
		for (uint32_t k = 0; k < piece[i].length; k++)
			want = want * 131 + bytes[piece[i].offset + k];
	}
	done = run(queue, &(struct coproc_job){ .context = context(), .firmware = work,
						.entry = WORK_FOLD, .immediate = 99,
						.pieces = piece, .piece_count = 10 });
	expect(done, XENCOPROC_OK, "ten operands by a table");
	check(done.result == want, "the firmware saw each of them");
	must(coproc_buffer_destroy(buffer), "a release");
}

static void state(void)
{
	struct coproc_context *a = context(), *b = context();
	struct coproc_job job = { .firmware = work, .entry = WORK_COUNT };
	uint64_t seen[3];

	job.context = a;
	seen[0] = run(queue, &job).result;
	seen[1] = run(queue, &job).result;
	job.context = b;
	seen[2] = run(queue, &job).result;
	check((uint32_t)seen[0] == 1 && (uint32_t)seen[1] == 2, "a context keeps its state");
	check((uint32_t)seen[2] == 1, "and shares it with no other");
	must(coproc_context_destroy(a), "a context goes");
	must(coproc_context_destroy(b), "a context goes");
}

/* ---- how jobs end badly ---- */

static void faults(void)
{
	struct coproc_context *c = context();
	struct coproc_job job = { .context = c, .firmware = wild };
	struct coproc_done done;
	struct coproc_event event;
	int resets = 0;

	job.entry = STORE;
	job.immediate = 0x90000000;
	done = run(queue, &job);
	expect(done, XENCOPROC_FAULT, "a wild store");
	check(done.result == ((uint64_t)XENCOPROC_FAULT_WRITE << 32 | 0x90000000), "names its address");
	job.entry = LOAD;
	job.immediate = 0xdeadbee0;
	done = run(queue, &job);
	check(done.status == XENCOPROC_FAULT &&
	      done.result == ((uint64_t)XENCOPROC_FAULT_READ << 32 | 0xdeadbee0), "so does a wild load");
	job.entry = UNDEFINED;
	done = run(queue, &job);
	check(done.status == XENCOPROC_FAULT && done.result >> 32 == XENCOPROC_FAULT_OPCODE,
	      "an undefined instruction");
	expect(run(queue, &(struct coproc_job){ .context = c, .firmware = work, .entry = WORK_FAIL,
						.immediate = 42 }), XENCOPROC_FAILED, "the firmware's own no");
	expect(run(queue, &(struct coproc_job){ .context = c, .firmware = work, .entry = WORK_COUNT }),
	       XENCOPROC_OK, "the context lives on");
	coproc_dispatch(device);
	while (coproc_read_event(device, &event) == 1)
		resets += event.type == COPROC_EVENT_CTX_RESET && event.context == c;
	check(resets == 3, "each fault was told as a reset (%d)", resets);
	must(coproc_context_destroy(c), "a context goes");
}

static void limits(void)
{
	struct coproc_context *c = context(), *d = context();
	struct coproc_job hang = { .context = c, .firmware = work, .entry = WORK_FOREVER,
				   .run_limit_us = 50000 };
	struct coproc_job count = { .context = d, .firmware = work, .entry = WORK_COUNT };
	struct coproc_done done;
	uint64_t id;

	run(queue, &count);
	done = run(queue, &hang);
	expect(done, XENCOPROC_TIMED_OUT, "an endless loop");
	check(done.ran_us >= 50000 && done.ran_us < 1000000, "ends soon after its limit (%u us)",
	      done.ran_us);
	check((uint32_t)run(queue, &count).result == 2, "another context of the domain kept its state");
	done = run(queue, &(struct coproc_job){ .context = c, .firmware = work, .entry = WORK_COUNT });
	check((uint32_t)done.result == 1, "its own begins anew");

	/* Long enough for the next one to be there on a busy machine, too. */
	hang.run_limit_us = 800000;
	id = submit(queue, &hang);
	count.start_limit_us = 5000;
	expect(run(queue, &count), XENCOPROC_EXPIRED, "a job that could not start in time");
	expect(done_of(queue, id), XENCOPROC_TIMED_OUT, "because another ran");
	must(coproc_context_destroy(c), "a context goes");
	must(coproc_context_destroy(d), "a context goes");
}

static void cancel(void)
{
	struct coproc_context *c = context(), *d = context();
	struct coproc_job hang = { .context = c, .firmware = work, .entry = WORK_FOREVER };
	struct coproc_job count = { .context = d, .firmware = work, .entry = WORK_COUNT };
	uint64_t running = submit(queue, &hang), waiting = submit(queue, &count);
	struct coproc_done done;

	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	must(coproc_cancel(queue, waiting), "a cancel");
	done = done_of(queue, waiting);
	expect(done, XENCOPROC_CANCELLED, "a job that waits is cancelled");
	check(!(done.flags & XENCOPROC_CQE_F_STARTED), "and had not started");
	must(coproc_cancel(queue, running), "a cancel");
	done = done_of(queue, running);
	expect(done, XENCOPROC_CANCELLED, "a job that runs is cancelled");
	check(done.flags & XENCOPROC_CQE_F_STARTED && done.ran_us < 900000, "soon (%u us)", done.ran_us);
	must(coproc_context_destroy(c), "a context goes");
	must(coproc_context_destroy(d), "a context goes");
}

/* ---- order ---- */

static void timelines(void)
{
	struct coproc_context *a = context(), *b = context();
	struct coproc_job first = { .context = a, .firmware = work, .entry = WORK_CHAIN,
				    .immediate = 300000, .flags = COPROC_JOB_SIGNAL, .signal_value = 5 };
	struct coproc_job second = { .context = b, .firmware = work, .entry = WORK_COUNT,
				     .flags = COPROC_JOB_WAIT, .wait_context = a, .wait_value = 5,
				     .start_limit_us = 5000000 };
	uint64_t two = submit(queue, &second), one, value = 0;
	struct coproc_done done;

	one = submit(queue, &first);
	expect(done_of(queue, one), XENCOPROC_OK, "the job that signals");
	done = done_of(queue, two);
	expect(done, XENCOPROC_OK, "the job that waits for it");
	check(done.waited_us > 1000, "waited (%u us)", done.waited_us);
	must(coproc_query(device, XENCOPROC_QUERY_TIMELINE, a, &value), "a query");
	check(value == 5, "the timeline stands at 5 (%llu)", (unsigned long long)value);

	second.wait_value = 9;
	two = submit(queue, &second);
	must(coproc_context_signal(a, 9), "a signal from the processor");
	expect(done_of(queue, two), XENCOPROC_OK, "lets it go");
	second.wait_value = 1000;
	second.start_limit_us = 30000;
	expect(run(queue, &second), XENCOPROC_EXPIRED, "a wait that nothing ends");
	must(coproc_context_destroy(a), "a context goes");
	must(coproc_context_destroy(b), "a context goes");
}

/* The own domain's realtime job does not wait for its own batch job. */
static void classes(void)
{
	struct coproc_queue *batch, *realtime;
	struct coproc_context *c = context(), *d = context();
	struct coproc_job longer = { .context = c, .firmware = work, .entry = WORK_CHAIN,
				     .immediate = 10000000 };
	struct coproc_job urgent = { .context = d, .firmware = work, .entry = WORK_COUNT };
	uint64_t id;
	uint32_t waited_us;
	struct coproc_done done;

	must(coproc_queue_open(device, XENCOPROC_CLASS_BATCH, 32, &batch), "a batch queue");
	must(coproc_queue_open(device, XENCOPROC_CLASS_REALTIME, 32, &realtime), "a realtime queue");
	must(coproc_settle(device, 5000), "queues settle");
	run(realtime, &urgent);
	id = submit(batch, &longer);
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	done = run(realtime, &urgent);
	check(done.status == XENCOPROC_OK && (uint32_t)done.result == 2, "an urgent job runs");
	waited_us = done.waited_us;
	done = done_of(batch, id);
	check(waited_us < done.ran_us / 2, "without waiting for the long one (%u of %u us)", waited_us,
	      done.ran_us);
	check(done.status == XENCOPROC_OK && done.flags & XENCOPROC_CQE_F_PREEMPTED,
	      "which was pre-empted and is right all the same");
	must(coproc_queue_close(batch), "a close");
	must(coproc_queue_close(realtime), "a close");
	must(coproc_settle(device, 5000), "closes settle");
	must(coproc_context_destroy(c), "a context goes");
	must(coproc_context_destroy(d), "a context goes");
}

/* A queue that closes takes its jobs along; a context goes after its last job. */
static void endings(void)
{
	struct coproc_context *c = context();
	struct coproc_queue *q;
	struct coproc_job hang = { .context = c, .firmware = work, .entry = WORK_FOREVER };
	uint64_t value = 1;

	must(coproc_queue_open(device, XENCOPROC_CLASS_NORMAL, 32, &q), "a queue");
	must(coproc_settle(device, 5000), "a queue settles");
	submit(q, &hang);
	submit(q, &hang);
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	must(coproc_queue_close(q), "a close");
	must(coproc_context_destroy(c), "a context goes");
	check(coproc_settle(device, 500) == 0, "a queue closes although an endless job runs");
	must(coproc_query(device, XENCOPROC_QUERY_EVENTS_LOST, NULL, &value), "a query");
	check(value == 0, "no event was lost");
}

static void policy(const char *other)
{
	struct coproc_firmware *denied = NULL;
	int rc = coproc_firmware_load_file(device, other, 0, &denied);

	check(rc == -EREMOTEIO && coproc_refusal(device) == XENCOPROC_DENIED,
	      "firmware that is not on the allow-list is denied");
	rc = coproc_firmware_load(device, "\177ELF-and-no-more", 16, XENCOPROC_FW_KIND_ELF, &denied);
	check(rc == -EREMOTEIO, "so is what is no image at all");
}

int main(int argc, char **argv)
{
	char reason[256] = "";
	struct coproc_options options;

	if (argc != 4)
		return 2;
	coproc_options_init(&options);
	options.reason = reason;
	options.reason_size = sizeof(reason);
	if (coproc_open(&options, &device)) {
		check(0, "connected: %s", reason);
		return 1;
	}
	must(coproc_firmware_load_file(device, argv[1], 0, &work), "WORK is loaded");
	must(coproc_firmware_load_file(device, argv[2], 0, &wild), "WILD is loaded");
	must(coproc_queue_open(device, XENCOPROC_CLASS_NORMAL, 64, &queue), "a queue");
	must(coproc_settle(device, 5000), "all settles");
	results();
	table();
	state();
	faults();
	limits();
	cancel();
	timelines();
	classes();
	endings();
	policy(argv[3]);
	check(coproc_close(device, 5000) == 0, "a clean close");
	return verdict;
}
