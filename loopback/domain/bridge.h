/* SPDX-License-Identifier: MIT */
/*
 * The domain's processes share one xenstore ring, as they do through Linux's
 * /dev/xen/xenbus: each speaks to us over a Unix socket in xenstore's own
 * protocol, we carry their requests over the ring with request numbers and
 * watch tokens of our own, and see to it that a process gets its own answers,
 * its own events and its own transactions, and leaves nothing when it dies.
 */
#ifndef COPROC_LOOPBACK_DOMAIN_BRIDGE_H
#define COPROC_LOOPBACK_DOMAIN_BRIDGE_H

#include <stdint.h>

struct lb_bridge;

/**
 * lb_bridge_open - make the ring, its event channel and the socket
 * @epfd: the keeper's loop
 * @path: of the socket for the domain's processes
 * @out: the bridge, never freed: it ends with the keeper
 * @port: out: the port that xenstored is to bind
 *
 * Returns 0 or a positive errno of what failed.
 */
int lb_bridge_open(int epfd, const char *path, struct lb_bridge **out, uint32_t *port);

#endif
