// SPDX-License-Identifier: MIT
/*
 * Allocations that fail, one after the other: the k-th of the library's fails,
 * for each k from its opening to its closing.  Each time the call that needed it
 * says so, nothing crashes, and when the device is closed nothing is left.
 *
 * The linker puts these functions in front of the library's own calls (--wrap),
 * not of those inside the Xen libraries.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend/user/coproc.h"
#include "guest_memory.h"

#define LIVE_MAX        4096u

static unsigned long countdown;         /* 0: none fails */
static unsigned long failed;
static void *live[LIVE_MAX];
static unsigned int nlive;
static char reason[256];

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *at);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *at);

static bool fails(void)
{
	if (!countdown || --countdown)
		return false;
	failed++;
	return true;
}

static void *got(void *at)
{
	if (at && nlive < LIVE_MAX)
		live[nlive++] = at;
	return at;
}

static void gone(const void *at)
{
	unsigned int i;

	for (i = 0; i < nlive && live[i] != at; i++)
		;
	if (i < nlive)
		live[i] = live[--nlive];
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : got(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : got(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size)
{
	if (fails())
		return NULL;
	gone(old);
	return got(__real_realloc(old, size));
}

void __wrap_free(void *at)
{
	gone(at);
	__real_free(at);
}

void memory_fails_at(unsigned long n)
{
	countdown = n;
}

/* ---- one life of a device ---- */

struct life {
	struct coproc_device *dev;
	struct coproc_context *ctx;
	struct coproc_firmware *fw, *other;
	struct coproc_buffer *buffer;
	struct coproc_queue *queue;
	const char *at;         /* the step that failed */
};

static int run_jobs(struct life *l)
{
	struct coproc_piece piece[6];
	struct coproc_job job = {
		.context = l->ctx, .firmware = l->fw, .entry = 1, .pieces = piece,
		.flags = COPROC_JOB_SIGNAL | COPROC_JOB_RESTARTABLE, .signal_value = 3,
	};
	struct coproc_done done;
	uint64_t id;
	int rc, i;

	for (i = 0; i < 6; i++)
		piece[i] = (struct coproc_piece){ l->buffer, XENCOPROC_ACCESS_READ, 0, 1 };
	for (i = 0; i < 2; i++) {
		job.piece_count = i ? 6 : 1;    /* the second with a table */
		job.entry = i ? 3 : 1;
		rc = coproc_submit(l->queue, &job, 1, &id);
		if (rc == 1)
			rc = coproc_wait(l->queue, id, 5000, &done);
		if (rc)
			return rc;
	}
	job.entry = 9;          /* waits to be cancelled */
	job.piece_count = 1;
	rc = coproc_submit(l->queue, &job, 1, &id);
	if (rc == 1)
		rc = coproc_cancel(l->queue, id);
	if (rc == 0)
		rc = coproc_context_signal(l->ctx, 9);
	return rc ? rc : coproc_wait(l->queue, id, 5000, &done);
}

static const char *image_file(void)
{
	static char path[] = "/tmp/coproc-guest-XXXXXX";
	static int fd = -1;

	if (fd < 0) {
		fd = mkstemp(path);
		if (fd < 0 || pwrite(fd, "\177ELF", 4, 0) != 4)
			return "/nonexistent";
		/* What it is called now, it is called as long as it is open. */
		unlink(path);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	return path;
}

static int live_once(struct life *l)
{
	static const char image[] = "\177ELF and the rest";
	struct coproc_options o;
	int rc;

	coproc_options_init(&o);
	o.control_timeout_ms = 5000;
	o.close_timeout_ms = 2000;
	o.reason = reason;
	o.reason_size = sizeof(reason);
	reason[0] = '\0';
	l->at = "open";
	rc = coproc_open(&o, &l->dev);
	if (rc) {
		l->dev = NULL;
		return rc;
	}
	l->at = "context";
	rc = coproc_context_create(l->dev, &l->ctx);
	l->at = rc ? l->at : "firmware";
	rc = rc ? rc : coproc_firmware_load(l->dev, image, sizeof(image), 0, &l->fw);
	l->at = rc ? l->at : "firmware from a file";
	rc = rc ? rc : coproc_firmware_load_file(l->dev, image_file(), 0, &l->other);
	l->at = rc ? l->at : "buffer";
	rc = rc ? rc : coproc_buffer_create(l->dev, 8192, XENCOPROC_ACCESS_READ, &l->buffer);
	l->at = rc ? l->at : "queue";
	rc = rc ? rc : coproc_queue_open(l->dev, XENCOPROC_CLASS_NORMAL, 32, &l->queue);
	l->at = rc ? l->at : "jobs";
	return rc ? rc : run_jobs(l);
}

bool memory_fails_everywhere(void)
{
	unsigned long k, before;
	unsigned int held;
	struct life l;
	int rc, closed;

	for (k = 1; k < 2000; k++) {
		memset(&l, 0, sizeof(l));
		before = failed;
		held = nlive;
		countdown = k;
		rc = live_once(&l);
		if (rc && l.dev)
			snprintf(reason, sizeof(reason), "%s", coproc_reason(l.dev));
		countdown = 0;
		closed = l.dev ? coproc_close(l.dev, 2000) : 0;
		if (failed == before) {
			fprintf(stderr, "# %lu allocations, each failed once; left alone: %d\n", k - 1, rc);
			return rc == 0 && nlive == held;
		}
		/* Either it was done in the end, or the reason is the right one. */
		if ((rc && rc != -ENOMEM) || (rc && !reason[0] && l.dev) || closed || nlive != held) {
			fprintf(stderr, "# allocation %lu, in %s: %d (%s), closed %d, %u not freed\n", k,
				l.at, rc, reason, closed, nlive - held);
			return false;
		}
	}
	return false;
}
