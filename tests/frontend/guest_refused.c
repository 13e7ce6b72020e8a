// SPDX-License-Identifier: MIT
/*
 * Calls that a program should not make: wrong parameters, before the connection
 * stands, and when there is none any more.  Each is refused with the errno that
 * coproc.h gives, and a reason.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend/user/coproc.h"
#include "guest_refused.h"

static struct coproc_device *dev;
static char reason[256];
static unsigned int wrong;

/* @rc is @expected, and the handle says why. */
static void is_at(int line, int rc, int expected, const char *says)
{
	const char *why = dev ? coproc_reason(dev) : reason;

	if (rc == expected && strstr(why, says))
		return;
	wrong++;
	fprintf(stderr, "# guest_refused.c:%d: %d (%s), expected %d and \"%s\"\n", line, rc, why,
		expected, says);
}

#define is(call, expected, says) is_at(__LINE__, (call), (expected), (says))

static void options(struct coproc_options *o)
{
	coproc_options_init(o);
	o->control_timeout_ms = 2000;
	o->connect_timeout_ms = 3000;
	o->close_timeout_ms = 1000;
	o->reason = reason;
	o->reason_size = sizeof(reason);
}

static const char *file_of(char *path, size_t bytes)
{
	int fd;

	strcpy(path, "/tmp/coproc-guest-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || ftruncate(fd, (off_t)bytes) || pwrite(fd, "\177ELF", 4, 0) != 4)
		wrong++;
	if (fd >= 0)
		close(fd);
	return path;
}

/* ---- opening ---- */

static void opening(void)
{
	struct coproc_options o;
	struct coproc_device *other;

	dev = NULL;
	options(&o);
	o.index = 7;
	is(coproc_open(&o, &other), -ENODEV, "no coprocessor 7 is attached");
	options(&o);
	o.name = "nonesuch";
	is(coproc_open(&o, &other), -ENODEV, "is called nonesuch");
	/* A program that knows less of the options than the library. */
	options(&o);
	o.index = 7;
	o.size = offsetof(struct coproc_options, index);
	if (coproc_open(&o, &dev)) {
		wrong++;
		fprintf(stderr, "# guest_refused.c: an index that an old program does not know\n");
	}
	coproc_close(dev, 1000);
	dev = NULL;
	/* The defaults, and no handle at all. */
	if (coproc_open(NULL, &dev) || coproc_close(dev, 1000) || coproc_close(NULL, 0))
		wrong++;
	dev = NULL;
}

/* ---- before the connection stands, or after it ---- */

static void not_connected(struct coproc_context *ctx, struct coproc_queue *queue)
{
	struct coproc_context *c;
	struct coproc_firmware *f;
	struct coproc_buffer *b;
	struct coproc_queue *q;
	uint64_t value;

	is(coproc_context_create(dev, &c), -ENOTCONN, "not connected");
	is(coproc_firmware_load(dev, "\177ELF", 4, 0, &f), -ENOTCONN, "not connected");
	is(coproc_firmware_load_file(dev, "/dev/null", 0, &f), -ENOTCONN, "not connected");
	is(coproc_buffer_create(dev, 1, XENCOPROC_ACCESS_READ, &b), -ENOTCONN, "not connected");
	is(coproc_queue_open(dev, XENCOPROC_CLASS_NORMAL, 0, &q), -ENOTCONN, "not connected");
	is(coproc_query(dev, XENCOPROC_QUERY_DEVICE, NULL, &value), -ENOTCONN, "not connected");
	if (!ctx)
		return;
	is(coproc_context_signal(ctx, 1), -ENOTCONN, "not connected");
	is(coproc_context_wait(ctx, 1, 100), -ENOTCONN, "not connected");
	is(coproc_cancel(queue, 12345), -ENOENT, "no such job");
}

static void before(void)
{
	struct coproc_options o;
	struct coproc_info info;

	options(&o);
	o.flags = COPROC_OPEN_NOWAIT;
	is(coproc_open(&o, &dev), 0, "");
	/* A backend that is quick has connected already. */
	if (coproc_state(dev) != COPROC_CONNECTED) {
		is(coproc_info(dev, &info), -ENOTCONN, "");
		not_connected(NULL, NULL);
	}
	is(coproc_settle(dev, 100), 0, "");
	coproc_close(dev, 1000);
	dev = NULL;
}

/* ---- while it stands ---- */

static void wrong_objects(void)
{
	static char image[1 << 20];
	struct coproc_firmware *f;
	struct coproc_buffer *b;
	struct coproc_queue *q;
	struct coproc_info info;
	char path[64];

	is(coproc_info(dev, &info), 0, "");
	is(coproc_firmware_load(dev, "", 0, 0, &f), -EINVAL, "is empty");
	is(coproc_firmware_load(dev, "who knows", 9, 0, &f), -EINVAL, "no");
	memcpy(image, "\177ELF", 4);
	is(coproc_firmware_load(dev, image, (size_t)info.max_firmware_bytes + 1, 0, &f), -EFBIG,
	   "this device allows");
	is(coproc_firmware_load_file(dev, "/nonexistent/image", 0, &f), -ENOENT, "/nonexistent/image");
	is(coproc_firmware_load_file(dev, "/", 0, &f), -EISDIR, "directory");
	is(coproc_firmware_load_file(dev, file_of(path, (size_t)info.max_firmware_bytes + 1), 0, &f),
	   -EFBIG, "more than the");
	unlink(path);
	is(coproc_buffer_create(dev, (size_t)XENCOPROC_BUF_PAGES_MAX * 4096 + 1,
				XENCOPROC_ACCESS_READ, &b), -E2BIG, "at most");
	is(coproc_queue_open(dev, 99, 0, &q), -EINVAL, "no such class");
	is(coproc_queue_open_flags(dev, XENCOPROC_CLASS_NORMAL, 0, 0x80, &q), -EINVAL, "no such class");
	is(coproc_queue_open(dev, XENCOPROC_CLASS_NORMAL, 100000, &q), -EINVAL, "entries");
}

static void wrong_jobs(struct coproc_context *ctx, struct coproc_firmware *fw, struct coproc_queue *q)
{
	struct coproc_job job = { .context = ctx, .firmware = fw, .entry = 2, .cookie = 5 };
	struct coproc_done done;
	uint64_t value, id = 0;

	is(coproc_submit(q, &job, 1, &id), 1, "");
	is(coproc_wait_any(q, &done, 0, 0) < 0, 1, "");
	while (coproc_queue_outstanding(q))
		coproc_dispatch(dev);
	/* It has ended, and its completion was not read. */
	is(coproc_cancel(q, id), 0, "");
	is(coproc_wait(q, id, 1000, &done), 0, "");
	is(done.status, XENCOPROC_FAILED, "");
	is(coproc_cancel(q, id), -ENOENT, "no such job");
	/* Each kind of question, with the right object and with a wrong one. */
	is(coproc_query(dev, XENCOPROC_QUERY_QUEUE, q, &value), 0, "");
	is(coproc_query(dev, XENCOPROC_QUERY_CONTEXT, ctx, &value), 0, "");
	is(coproc_query(dev, XENCOPROC_QUERY_FIRMWARE, fw, &value), 0, "");
	is(coproc_query(dev, XENCOPROC_QUERY_BUFFER, ctx, &value), -EINVAL, "");
	is(coproc_query(dev, 999, NULL, &value), -EINVAL, "no such question");
}

static void connected(void)
{
	struct coproc_options o;
	struct coproc_context *ctx = NULL;
	struct coproc_firmware *fw = NULL;
	struct coproc_queue *q = NULL;
	struct coproc_buffer *b = NULL;
	uint64_t value;

	options(&o);
	o.flags = COPROC_OPEN_NO_RECONNECT;
	is(coproc_open(&o, &dev), 0, "");
	if (!dev)
		return;
	is(coproc_reconnect(dev), -EISCONN, "");
	wrong_objects();
	is(coproc_context_create(dev, &ctx), 0, "");
	is(coproc_firmware_load(dev, "\177ELF", 4, 0, &fw), 0, "");
	/* 0: as many entries as is usual. */
	is(coproc_queue_open(dev, XENCOPROC_CLASS_NORMAL, 0, &q), 0, "");
	is(coproc_buffer_create(dev, 1, XENCOPROC_ACCESS_READ, &b), 0, "");
	if (wrong)
		return;
	is(coproc_query(dev, XENCOPROC_QUERY_BUFFER, b, &value), 0, "");
	is(value == 1, 1, "");
	wrong_jobs(ctx, fw, q);
	is(coproc_firmware_digest(fw) != NULL, 1, "");
	is(strcmp(coproc_version(), XENCOPROC_VERSION), 0, "");
	is(coproc_firmware_unload(fw), 0, "");
	is(coproc_firmware_unload(NULL) || coproc_context_destroy(NULL) || coproc_buffer_destroy(NULL) ||
		   coproc_queue_close(NULL), 0, "");
	is(coproc_settle(dev, 2000), 0, "");
	/* Lost for good: the case's backend goes when it is asked how its queue is. */
	is(coproc_query(dev, XENCOPROC_QUERY_WEIGHT, NULL, &value), -ECONNRESET, "");
	is(coproc_state(dev), COPROC_LOST, "");
	not_connected(ctx, q);
	coproc_close(dev, 1000);
	dev = NULL;
}

bool wrong_calls_are_refused(void)
{
	opening();
	before();
	connected();
	return wrong == 0;
}
