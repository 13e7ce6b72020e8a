/* SPDX-License-Identifier: MIT */
/* Buffers: the domain's granted pages, mapped in one piece each. */
#include "backend/engines/harness/worker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xentoollog.h>

/*
 * libxengnttab writes a line for each grant that Xen refuses.  A guest can
 * cause those at will, so they go through the log's limit as all others.
 */
static void say(struct xentoollog_logger *logger, xentoollog_level level, int errnoval,
		const char *context, const char *format, va_list args)
{
	char text[160];

	if (level < XTL_ERROR)
		return;
	vsnprintf(text, sizeof(text), format, args);
	engine_log("%s: %s%s%s", context ? context : "xen", text, errnoval > 0 ? ": " : "",
		   errnoval > 0 ? strerror(errnoval) : "");
}

static void say_progress(struct xentoollog_logger *logger, const char *context,
			 const char *doing, int percent, unsigned long done, unsigned long total)
{
}

static void say_no_more(struct xentoollog_logger *logger)
{
}

xengnttab_handle *grants_open(void)
{
	static struct xentoollog_logger logger = { say, say_progress, say_no_more };

	return xengnttab_open(&logger, 0);
}

static void forget(struct buffer *b)
{
	free(b->refs);
	memset(b, 0, sizeof(*b));
}

/* The first part of a buffer: make room for all of its references. */
static bool begin(struct buffer *b, const struct worker_command *c)
{
	const uint32_t pages = c->u.map.pages, access = c->u.map.access;

	if (pages == 0 || pages > XENCOPROC_BUF_PAGES_MAX)
		channel_broken("MAP of no or too many pages");
	if (!access ||
	    (access & ~(uint32_t)(XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE)))
		channel_broken("MAP with an access that is none");
	b->refs = malloc(pages * sizeof(b->refs[0]));
	if (!b->refs)
		return false;
	b->pages = pages;
	b->access = access;
	return true;
}

/* All parts are there. */
static uint32_t finish(struct worker *w, struct buffer *b)
{
	int prot = PROT_READ | (b->access & XENCOPROC_ACCESS_WRITE ? PROT_WRITE : 0);

	b->base = xengnttab_map_domain_grant_refs(w->xgt, b->pages, w->options.domid, b->refs,
						  prot);
	if (!b->base) {
		uint32_t status = errno == ENOMEM ? XENCOPROC_NO_MEMORY : XENCOPROC_BAD_GRANT;

		forget(b);
		return status;
	}
	free(b->refs);
	b->refs = NULL;
	return XENCOPROC_OK;
}

void grants_map(struct worker *w, const struct worker_command *c)
{
	const uint32_t first = c->u.map.first, count = c->u.map.count;
	uint32_t status = XENCOPROC_OK;
	struct buffer *b;

	if (c->u.map.buffer >= WORKER_BUFFERS_MAX)
		channel_broken("MAP of a buffer beyond the table");
	b = &w->buffers[c->u.map.buffer];
	if (b->base || first != b->got || count == 0)
		channel_broken("MAP out of order");
	if (first == 0 && !begin(b, c)) {
		channel_done(c->seq, XENCOPROC_NO_MEMORY, 0);
		return;
	}
	if (c->u.map.pages != b->pages || c->u.map.access != b->access ||
	    count > b->pages - first)
		channel_broken("MAP whose parts do not fit together");
	memcpy(b->refs + first, c->u.map.ref, count * sizeof(b->refs[0]));
	b->got += count;
	if (b->got == b->pages)
		status = finish(w, b);
	channel_done(c->seq, status, 0);
}

void grants_unmap(struct worker *w, const struct worker_command *c)
{
	struct buffer *b;

	if (c->u.unmap.buffer >= WORKER_BUFFERS_MAX)
		channel_broken("UNMAP of a buffer beyond the table");
	b = &w->buffers[c->u.unmap.buffer];
	if (b->pages == 0)
		channel_broken("UNMAP of a buffer that is not there");
	if (b->live) {
		channel_done(c->seq, XENCOPROC_IN_USE, 0);
		return;
	}
	if (b->base) {
		if (w->engine->buffer_gone)
			w->engine->buffer_gone(c->u.unmap.buffer, b->base, b->pages);
		/* What cannot be unmapped must not be said to be: the pages are
		 * the guest's again after the reply.  Ending the process does it. */
		if (xengnttab_unmap(w->xgt, b->base, b->pages))
			channel_broken("a buffer could not be unmapped");
	}
	forget(b);
	channel_done(c->seq, XENCOPROC_OK, 0);
}
