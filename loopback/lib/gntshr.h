/* SPDX-License-Identifier: MIT */
/* Sharing with a choice of flags: the public calls and the keeper's xenstore page. */
#ifndef COPROC_LOOPBACK_LIB_GNTSHR_H
#define COPROC_LOOPBACK_LIB_GNTSHR_H

#include "loopback/lib/gnthandle.h"

/**
 * lb_gntshr_share - allocate pages and grant them
 * @domid: who may map them
 * @count: pages, at least 1
 * @refs: out, count references
 * @flags: LB_SHARE_*; LB_SHARE_XENSTORE only for a domain's keeper, one page
 * @notify: what to do when the pages go, may be { LB_NO_OFFSET, LB_NO_PORT }
 *
 * Returns the pages, zeroed, given back with xengntshr_unshare(), or NULL with
 * errno: EINVAL, ENOSPC (the grant table is full), ENOMEM, EACCES (restricted
 * to another domain), EPERM (the reserved reference).
 */
void *lb_gntshr_share(xengntshr_handle *xgs, uint32_t domid, uint32_t count, uint32_t *refs,
		      uint32_t flags, const struct lb_notify *notify);

#endif
