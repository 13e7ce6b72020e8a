/* SPDX-License-Identifier: MIT */
/*
 * A guest whose worker was handed a job ahead, and is stopped because another
 * domain has work of a higher class: what it cancels ends at once, in whatever
 * place it is, and nothing that it did not cancel is touched.
 *
 *	guest-ahead WORK.elf FILES
 *
 * In each of two phases it makes FILES.ready.PHASE when its jobs are admitted,
 * and goes on when FILES.go.PHASE is there.  Prints "ok - what" and "not ok -
 * what"; the script that starts it numbers the lines.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"
#include "tests/engines/work.h"

static struct coproc_queue *queue;
static struct coproc_context *first, *second;
static struct coproc_firmware *work;

static uint64_t submit(struct coproc_context *context, uint32_t entry)
{
	struct coproc_job job = { .firmware = work, .context = context, .entry = entry,
				  .immediate = 1000 };
	uint64_t id = 0;

	must(coproc_submit(queue, &job, 1, &id) == 1 ? 0 : -11, "a submission");
	return id;
}

static void ends(uint64_t id, enum xencoproc_status status, const char *what)
{
	struct coproc_done done = { .status = 0xffff };

	must(coproc_wait(queue, id, 30000, &done), what);
	check(done.status == status, "%s (%s)", what, coproc_status_text(done.status));
}

static void cancelled(uint64_t id, const char *what)
{
	must(coproc_cancel(queue, id), what);
	ends(id, XENCOPROC_CANCELLED, what);
}

static void meet(const char *files, const char *phase)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s.ready.%s", files, phase);
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	must(fd, path);
	close(fd);
	snprintf(path, sizeof(path), "%s.go.%s", files, phase);
	while (access(path, F_OK))
		usleep(10000);
}

int main(int argc, char **argv)
{
	uint64_t runs, ahead, waits;

	if (argc != 3)
		return 2;
	must(coproc_open(NULL, &device), "open");
	must(coproc_firmware_load_file(device, argv[1], 0, &work), "load");
	must(coproc_context_create(device, &first), "a context");
	must(coproc_context_create(device, &second), "a context");
	must(coproc_queue_open(device, XENCOPROC_CLASS_BATCH, 32, &queue), "a queue");

	runs = submit(first, WORK_FOREVER);
	ahead = submit(first, WORK_COUNT);
	waits = submit(first, WORK_COUNT);
	meet(argv[2], "ahead");
	cancelled(ahead, "the job ahead, behind a stopped one, is cancelled");
	cancelled(runs, "then the one before it, which was put aside for that");
	meet(argv[2], "alone");
	ends(waits, XENCOPROC_OK, "a third one has run");

	runs = submit(first, WORK_FOREVER);
	ahead = submit(second, WORK_COUNT);
	meet(argv[2], "runs");
	cancelled(runs, "a stopped job with one ahead behind it is cancelled");
	meet(argv[2], "last");
	ends(ahead, XENCOPROC_OK, "the one ahead runs, in its own context");
	check(!coproc_close(device, 5000), "and it ends in order");
	return verdict;
}
