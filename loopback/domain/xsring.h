/* SPDX-License-Identifier: MIT */
/* A domain's end of its xenstore ring (xen/io/xs_wire.h): bytes in, bytes out. */
#ifndef COPROC_LOOPBACK_DOMAIN_XSRING_H
#define COPROC_LOOPBACK_DOMAIN_XSRING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <xen/io/xs_wire.h>

/* Both return the bytes moved, which may be 0, or -1 if the other side's
 * index makes no sense.  The caller notifies after anything but 0. */
ssize_t lb_xsring_put(struct xenstore_domain_interface *r, const void *p, size_t n);
ssize_t lb_xsring_get(struct xenstore_domain_interface *r, void *p, size_t n);

#endif
