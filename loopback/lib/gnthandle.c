// SPDX-License-Identifier: MIT
#include "loopback/lib/gnthandle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void lb_gnt_log(struct xengntdev_handle *h, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	xtl_logv(h->logger, XTL_ERROR, saved, "gnttab", fmt, ap);
	va_end(ap);
	errno = saved;
}

/*
 * Stronger than Xen's own library, which replaces the handle's descriptor by
 * /dev/null: here the broker keeps serving it, for that domain only.
 */
static int restrict_cb(struct lb_active_handle *ah, domid_t domid)
{
	struct xengntdev_handle *h = (struct xengntdev_handle *)ah;
	int rc;

	pthread_mutex_lock(&h->lock);
	rc = lb_ask(h->sock, LB_OP_RESTRICT, domid, 0, 0, NULL);
	pthread_mutex_unlock(&h->lock);
	return rc;
}

struct xengntdev_handle *lb_gnt_open(xentoollog_logger *logger, const char *what)
{
	struct xengntdev_handle *h = calloc(1, sizeof(*h));
	int saved;

	if (!h)
		return NULL;
	h->logger = logger;
	if (!logger) {
		h->own_logger = (xentoollog_logger *)
			xtl_createlogger_stdiostream(stderr, XTL_PROGRESS, 0);
		h->logger = h->own_logger;
	}
	if (!h->logger)
		goto fail;
	h->sock = lb_connect(1);
	if (h->sock < 0) {
		lb_gnt_log(h, "opening %s: no loopback world answers "
			   "(run this under coproc-loopback)", what);
		goto fail;
	}
	pthread_mutex_init(&h->lock, NULL);
	h->ah.restrict_callback = restrict_cb;
	xentoolcore__register_active_handle(&h->ah);
	return h;

fail:
	saved = errno;
	if (h->own_logger)
		xtl_logger_destroy(h->own_logger);
	free(h);
	errno = saved;
	return NULL;
}

int lb_gnt_close(struct xengntdev_handle *h)
{
	struct lb_area *a;
	unsigned int i;

	if (!h)
		return 0;
	xentoolcore__deregister_active_handle(&h->ah);
	for (i = 0; i < LB_AREA_BUCKETS; i++)
		while ((a = h->area[i])) {
			munmap(a->addr, (size_t)a->count * LB_PAGE_SIZE);
			lb_area_remove(h, a);
		}
	/* The broker ends everything of the handle when it sees this close. */
	close(h->sock);
	pthread_mutex_destroy(&h->lock);
	if (h->own_logger)
		xtl_logger_destroy(h->own_logger);
	free(h);
	return 0;
}

static unsigned int bucket(const void *addr)
{
	return (unsigned int)(((uintptr_t)addr / LB_PAGE_SIZE) % LB_AREA_BUCKETS);
}

void lb_area_add(struct xengntdev_handle *h, struct lb_area *a)
{
	struct lb_area **head = &h->area[bucket(a->addr)];

	a->next = *head;
	*head = a;
}

struct lb_area *lb_area_at(struct xengntdev_handle *h, const void *addr)
{
	struct lb_area *a = h->area[bucket(addr)];

	while (a && a->addr != addr)
		a = a->next;
	return a;
}

void lb_area_remove(struct xengntdev_handle *h, struct lb_area *a)
{
	struct lb_area **p = &h->area[bucket(a->addr)];

	while (*p != a)
		p = &(*p)->next;
	*p = a->next;
	free(a);
}
