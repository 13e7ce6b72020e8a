/* SPDX-License-Identifier: MIT */
/*
 * What Xen's libraries share through libxentoolcore.  Debian installs no
 * header for it, but its libxenstore carries the structure inside its own
 * handle, so the layout is part of the ABI: one function pointer and two list
 * pointers.
 */
#ifndef COPROC_LOOPBACK_LIB_TOOLCORE_H
#define COPROC_LOOPBACK_LIB_TOOLCORE_H

#include <stdint.h>

#include <xen/xen.h>

struct lb_active_handle;
typedef int lb_restrict_fn(struct lb_active_handle *ah, domid_t domid);

struct lb_active_handle {
	lb_restrict_fn *restrict_callback;
	struct lb_active_handle *next;
	struct lb_active_handle **prev;
};

/* Puts @ah on the process's list; the caller filled restrict_callback. */
void xentoolcore__register_active_handle(struct lb_active_handle *ah);
/* Takes it off again; it must be on it. */
void xentoolcore__deregister_active_handle(struct lb_active_handle *ah);
/* Replaces @fd (-1: nothing to do) by /dev/null.  0, or -1 with errno. */
int xentoolcore__restrict_by_dup2_null(int fd);

#endif
