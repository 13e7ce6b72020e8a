// SPDX-License-Identifier: MIT
/*
 * Buffers: granted pages, registered by directories of their references.
 *
 * The directory pages are read by the backend during BUF_REGISTER only, so
 * they go back when it has completed.  The data pages stay across connections
 * to the same domain, which could see them before as well; so the caller's
 * pointers stay good.  For a backend in another domain they are copied to
 * fresh pages: what was granted to one domain is never granted to a second.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "libcoproc-ring/wire.h"

/* Data pages for the backend's domain; errno's value on failure. */
static int buffer_share(struct coproc_buffer *b)
{
	struct coproc_device *dev = b->o.dev;
	bool writable = (b->access & XENCOPROC_ACCESS_WRITE) != 0;
	uint32_t domain = dev->link.domain;
	void *data = pages_share(dev, domain, b->pages, b->refs, writable);

	if (!data) {
		int error = errno ? errno : ENOMEM;

		return fail(dev, error == ENOMEM ? -ENOMEM : -ENOSPC,
			    "the grant driver gave no %u pages: %s; with gntalloc, raise "
			    "/sys/module/xen_gntalloc/parameters/limit", b->pages,
			    strerror(error));
	}
	if (b->data) {
		memcpy(data, b->data, b->pages * PAGE);
		/* The caller may still use the address it has. */
		if (b->old)
			pages_end(dev, b->data, b->pages, b->confirmed);
		else
			b->old = b->data;
	}
	b->data = data;
	b->domain = domain;
	b->confirmed = true;
	return 0;
}

static void buffer_drop_dirs(struct coproc_buffer *b, bool confirmed)
{
	pages_end(b->o.dev, b->dirs, b->ndirs, confirmed);
	b->dirs = NULL;
}

static int buffer_fill_dirs(struct coproc_buffer *b, struct coproc_request *request)
{
	struct coproc_device *dev = b->o.dev;
	uint32_t refs[XENCOPROC_DIRS_MAX];
	uint32_t *entry;
	uint32_t i;

	b->ndirs = (b->pages + XENCOPROC_DIR_ENTRIES - 1) / XENCOPROC_DIR_ENTRIES;
	b->dirs = pages_share(dev, dev->link.domain, b->ndirs, refs, false);
	if (!b->dirs)
		return fail(dev, -ENOSPC, "no page for a directory: %s", strerror(errno));
	entry = b->dirs;
	for (i = 0; i < b->ndirs * XENCOPROC_DIR_ENTRIES; i++)
		entry[i] = i < b->pages ? wire32(b->refs[i]) : XENCOPROC_GREF_NONE;
	for (i = 0; i < XENCOPROC_DIRS_MAX; i++)
		request->u.buf_register.dir_ref[i] = i < b->ndirs ? refs[i] : XENCOPROC_GREF_NONE;
	return 0;
}

static void buffer_registered(struct ctl *ctl, int error,
			      const struct coproc_completion *completion)
{
	struct object *o = (struct object *)((char *)ctl - offsetof(struct object, ctl));
	struct coproc_buffer *b = (struct coproc_buffer *)o;
	struct coproc_firmware *owner = b->owner;

	buffer_drop_dirs(b, !error);
	object_request_done(ctl, error, completion);
	if (owner)
		firmware_staged(owner, o->error, o->status, o->detail);
}

static int buffer_make(struct object *o)
{
	struct coproc_buffer *b = (struct coproc_buffer *)o;
	struct coproc_request *request = &o->ctl.request;
	int rc;

	if (!o->dev->link.ready)
		return fail(o->dev, -ENOTCONN, "not connected");
	if (b->fresh) {
		pages_end(o->dev, b->data, b->pages, b->confirmed);
		b->data = NULL;
	}
	if (!b->data || b->domain != o->dev->link.domain) {
		rc = buffer_share(b);
		if (rc)
			return rc;
	}
	b->fresh = false;
	memset(request, 0, sizeof(*request));
	rc = buffer_fill_dirs(b, request);
	if (rc)
		return rc;
	request->op = XENCOPROC_OP_BUF_REGISTER;
	request->u.buf_register.buffer = o->index;
	request->u.buf_register.pages = b->pages;
	request->u.buf_register.access = b->access;
	request->u.buf_register.dirs = b->ndirs;
	o->ctl.done = buffer_registered;
	rc = control_send(o->dev, &o->ctl, o->dev->options.control_timeout_ms);
	if (rc)
		buffer_drop_dirs(b, true);
	else
		b->confirmed = false;
	return rc;
}

static void buffer_end(struct object *o, struct coproc_request *request)
{
	request->op = XENCOPROC_OP_BUF_RELEASE;
	request->u.buf_release.buffer = o->index;
}

static void buffer_gone(struct object *o, bool confirmed)
{
	((struct coproc_buffer *)o)->confirmed = confirmed;
}

static void buffer_free(struct object *o)
{
	struct coproc_buffer *b = (struct coproc_buffer *)o;

	buffer_drop_dirs(b, b->confirmed);
	pages_end(o->dev, b->data, b->pages, b->confirmed);
	pages_end(o->dev, b->old, b->pages, b->confirmed);
	free(b->refs);
	free(b);
}

static const struct object_class buffer_class = {
	.kind = OBJECT_BUFFER,
	.name = "buffers",
	.make = buffer_make,
	.end = buffer_end,
	.gone = buffer_gone,
	.free = buffer_free,
};

/* A buffer that has its index and is not made yet. */
int buffer_new(struct coproc_device *dev, uint32_t pages, uint32_t access,
	       struct coproc_buffer **out)
{
	struct coproc_buffer *b = calloc(1, sizeof(*b));
	int rc = -ENOMEM;

	if (b)
		b->refs = malloc(pages * sizeof(*b->refs));
	if (!b || !b->refs) {
		fail(dev, rc, "out of memory");
		goto out;
	}
	b->pages = pages;
	b->access = access;
	b->confirmed = true;
	rc = object_add(dev, &b->o, &buffer_class);
	if (rc)
		goto out;
	*out = b;
	return 0;
out:
	if (b)
		free(b->refs);
	free(b);
	return rc;
}

int coproc_buffer_create(struct coproc_device *dev, size_t bytes, uint32_t access,
			 struct coproc_buffer **buffer)
{
	const uint32_t all = XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE;
	size_t pages = bytes / PAGE + (bytes % PAGE != 0);
	struct coproc_buffer *b;
	int rc;

	if (!bytes || !access || (access & ~all))
		return fail(dev, -EINVAL, "a buffer needs a size and an access");
	if (!dev->connected)
		return fail(dev, -ENOTCONN, "not connected");
	if (pages > (size_t)XENCOPROC_BUF_PAGES_MAX)
		return fail(dev, -E2BIG, "a buffer has at most %u pages",
			    XENCOPROC_BUF_PAGES_MAX);
	if (pages > dev->limits.max_pages)
		return fail(dev, -ENOSPC, "this device allows %u pages for buffers",
			    dev->limits.max_pages);
	rc = buffer_new(dev, (uint32_t)pages, access, &b);
	if (rc)
		return rc;
	rc = object_make_wait(&b->o);
	if (rc == 0)
		*buffer = b;
	return rc;
}

int coproc_buffer_destroy(struct coproc_buffer *buffer)
{
	if (buffer)
		object_doom(&buffer->o);
	return 0;
}

void *coproc_buffer_data(struct coproc_buffer *buffer)
{
	if (buffer->old) {
		pages_end(buffer->o.dev, buffer->old, buffer->pages, false);
		buffer->old = NULL;
	}
	return buffer->data;
}

size_t coproc_buffer_size(const struct coproc_buffer *buffer)
{
	return buffer->pages * PAGE;
}
