/* SPDX-License-Identifier: MIT */
/* What the grant calls of libxengnttab.so.1 have in common: handle and areas. */
#ifndef COPROC_LOOPBACK_LIB_GNTHANDLE_H
#define COPROC_LOOPBACK_LIB_GNTHANDLE_H

#include <pthread.h>

#include <xengnttab.h>
#include <xentoollog.h>

#include "loopback/lib/client.h"
#include "loopback/lib/toolcore.h"

#define LB_AREA_BUCKETS 256u

/* A range of our addresses that came from the broker. */
struct lb_area {
	struct lb_area *next;
	char *addr;
	uint32_t count;		/* pages */
	uint32_t left;		/* pages not yet given back (shares only) */
	uint32_t nids;
	uint32_t id[];		/* the broker's mappings, or its one share */
};

struct xengntdev_handle {
	struct lb_active_handle ah;	/* first: the callback casts back */
	xentoollog_logger *logger;
	xentoollog_logger *own_logger;
	int sock;
	pthread_mutex_t lock;		/* sock and areas */
	struct lb_area *area[LB_AREA_BUCKETS];
};

/* Opens either kind of handle; NULL with errno, logged. */
struct xengntdev_handle *lb_gnt_open(xentoollog_logger *logger, const char *what);
/* Closes it and unmaps every area; NULL is allowed. */
int lb_gnt_close(struct xengntdev_handle *h);
/* Logs @what with errno's text; keeps errno. */
void lb_gnt_log(struct xengntdev_handle *h, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* All three with the lock held. */
void lb_area_add(struct xengntdev_handle *h, struct lb_area *a);
struct lb_area *lb_area_at(struct xengntdev_handle *h, const void *addr);
void lb_area_remove(struct xengntdev_handle *h, struct lb_area *a);

#endif
