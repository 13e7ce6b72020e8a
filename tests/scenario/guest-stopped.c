/* SPDX-License-Identifier: MIT */
/*
 * A guest at work while its coprocessor is stopped for good (section 10 of the
 * protocol, "Stopped"): what was admitted ends LOST, what needs the coprocessor
 * gets STOPPED, and everything else goes on in the same connection.
 *
 *	guest-stopped WORK.elf READY
 *
 * Makes the file READY when its jobs are admitted.  Prints "ok - what" and
 * "not ok - what"; the script that starts it numbers the lines.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "tests/engines/work.h"

enum { JOBS = 5 };

static struct coproc_queue *queue;
static struct coproc_context *first, *second;
static struct coproc_firmware *work;

static uint64_t submit(struct coproc_job job)
{
	uint64_t id = 0;

	job.firmware = work;
	must(coproc_submit(queue, &job, 1, &id) == 1 ? 0 : -11, "a submission");
	return id;
}

static unsigned int status_of(uint64_t id)
{
	struct coproc_done done = { .status = 0xffff };

	must(coproc_wait(queue, id, 20000, &done), "a wait");
	return done.status;
}

/* A job that runs, two behind it, one in another context, one that waits. */
static void begin(uint64_t *id, const char *ready)
{
	struct coproc_job wait = { .context = second, .entry = WORK_COUNT, .flags = COPROC_JOB_WAIT,
				   .wait_context = second, .wait_value = 7,
				   .start_limit_us = 60000000 };
	int fd;

	id[0] = submit((struct coproc_job){ .context = first, .entry = WORK_FOREVER });
	id[1] = submit((struct coproc_job){ .context = first, .entry = WORK_COUNT });
	id[2] = submit((struct coproc_job){ .context = first, .entry = WORK_COUNT });
	id[3] = submit((struct coproc_job){ .context = second, .entry = WORK_FOREVER });
	id[4] = submit(wait);
	usleep(50000);
	fd = open(ready, O_CREAT | O_WRONLY, 0644);
	must(fd, ready);
	close(fd);
}

static int told_stopped(void)
{
	struct coproc_event event;
	int told = 0;

	while (coproc_read_event(device, &event) == 1)
		told += event.type == COPROC_EVENT_DEVICE && event.value == XENCOPROC_DEVICE_STOPPED;
	return told;
}

/* CTX_CREATE, FW_LOAD and JOB. */
static void refused(const char *image)
{
	struct coproc_firmware *again;
	struct coproc_context *another;
	int rc = coproc_context_create(device, &another);

	/* B-MSG-1, step 10 */
	check(rc < 0 && coproc_refusal(device) == XENCOPROC_STOPPED, "CTX_CREATE gets STOPPED");
	rc = coproc_firmware_load_file(device, image, 0, &again);
	check(rc < 0 && coproc_refusal(device) == XENCOPROC_STOPPED, "FW_LOAD gets STOPPED");
	check(status_of(submit((struct coproc_job){ .context = first, .entry = WORK_COUNT })) ==
	      XENCOPROC_STOPPED, "JOB gets STOPPED");
}

static void goes_on(void)
{
	struct coproc_buffer *buffer;
	struct coproc_queue *other;
	uint64_t value = 0;

	must(coproc_query(device, XENCOPROC_QUERY_DEVICE, NULL, &value), "a query");
	check(value == XENCOPROC_DEVICE_STOPPED, "QUERY DEVICE says stopped (%u)", (unsigned int)value);
	check(!coproc_buffer_create(device, 65536, 3, &buffer) && !coproc_settle(device, 5000),
	      "a buffer is registered");
	check(!coproc_buffer_destroy(buffer) && !coproc_settle(device, 5000), "and released");
	check(!coproc_queue_open(device, XENCOPROC_CLASS_NORMAL, 32, &other) &&
	      !coproc_queue_close(other), "a queue is opened and closed");
	check(!coproc_context_destroy(second), "a context is destroyed");
	check(!coproc_firmware_unload(work), "the firmware is unloaded");
	check(coproc_wait_connected(device, 0) == 0, "all in the same connection");
}

int main(int argc, char **argv)
{
	uint64_t id[JOBS];

	if (argc != 3)
		return 2;
	must(coproc_open(NULL, &device), "open");
	must(coproc_firmware_load_file(device, argv[1], 0, &work), "load");
	must(coproc_context_create(device, &first), "a context");
	must(coproc_context_create(device, &second), "a context");
	must(coproc_queue_open(device, XENCOPROC_CLASS_NORMAL, 32, &queue), "a queue");
	begin(id, argv[2]);
	for (int i = 0; i < JOBS; i++) {
		unsigned int status = status_of(id[i]);

		check(status == XENCOPROC_LOST, "admitted job %d ends LOST (%s)", i,
		      coproc_status_text(status));
	}
	refused(argv[1]);
	goes_on();
	check(told_stopped() == 1, "the event says stopped, once");
	check(!coproc_close(device, 5000), "and it ends in order");
	return verdict;
}
