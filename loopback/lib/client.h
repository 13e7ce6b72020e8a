/* SPDX-License-Identifier: MIT */
/* The libraries' side of a connection with the broker. */
#ifndef COPROC_LOOPBACK_LIB_CLIENT_H
#define COPROC_LOOPBACK_LIB_CLIENT_H

#include <stddef.h>
#include <sys/uio.h>

#include "loopback/proto.h"

/* One question to the broker and where its answer goes. */
struct lb_call {
	const struct iovec *req;	/* the request, starting with struct lb_req */
	int nreq;
	void *rep;			/* room for the answer, starting with struct lb_rep */
	size_t rep_size;
	size_t rep_len;			/* out: bytes of the answer */
	int fd[LB_FDS_MAX];		/* out: descriptors received; the caller closes them */
	unsigned int nfds;		/* out */
};

/**
 * lb_connect - open a handle with the broker of this world
 * @cloexec: nonzero to close it on exec
 *
 * The socket's path is in COPROC_LOOPBACK_SOCKET; which domain the caller
 * belongs to is decided by the broker, never by that variable.
 *
 * Returns a descriptor that the caller closes, or -1 with errno:
 * ENODEV if this process runs outside a loopback world, ENAMETOOLONG, or what
 * socket() and connect() give.
 */
int lb_connect(int cloexec);

/**
 * lb_call - ask and wait for the answer
 * @sock: from lb_connect(); calls on one socket must not overlap
 * @call: see above; descriptors are left only when 0 is returned
 *
 * Returns 0, or -1 with errno: the broker's own error, EPIPE if the world has
 * ended, EPROTO for an answer that makes no sense.
 */
int lb_call(int sock, struct lb_call *call);

/**
 * lb_ask - a call of up to three numbers whose answer is one number
 * @value: out, may be NULL
 *
 * Returns and errors as lb_call().
 */
int lb_ask(int sock, uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t *value);

#endif
