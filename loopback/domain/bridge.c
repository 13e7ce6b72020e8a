// SPDX-License-Identifier: MIT
#include "loopback/domain/bridge_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback/domain/xsring.h"
#include "loopback/lib/gntshr.h"

int lb_buf_add(struct lb_buf *b, const void *p, size_t n)
{
	char *grown;

	if (b->len + n > b->cap) {
		grown = realloc(b->p, b->len + n + 1024);
		if (!grown)
			return -1;
		b->p = grown;
		b->cap = b->len + n + 1024;
	}
	if (n)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	return 0;
}

void lb_buf_eat(struct lb_buf *b, size_t n)
{
	b->len -= n;
	memmove(b->p, b->p + n, b->len);
}

/* xenstored and we disagree about the ring: nothing on it can be trusted. */
static void bridge_break(struct lb_bridge *b, const char *why)
{
	if (b->broken)
		return;
	b->broken = true;
	lb_log("xenstore ring: %s; this domain has no xenstore any more", why);
	while (b->clients)
		lb_client_close(b->clients);
	lb_loop_del(b->epfd, &b->listener);
}

int lb_bridge_send(struct lb_bridge *b, struct lb_client *c, uint32_t type, uint32_t client_id,
		   uint32_t tx, struct lb_watch *w, const void *body, size_t len)
{
	struct xsd_sockmsg h = { .type = type, .tx_id = tx, .len = (uint32_t)len };
	struct lb_xsop *op = malloc(sizeof(*op));
	size_t before = b->out.len;

	if (!op)
		return ENOMEM;
	*op = (struct lb_xsop){ c, 0, type, client_id, tx, w };
	op->id = lb_id_add(&b->ops, op);
	h.req_id = op->id;
	if (!op->id || lb_buf_add(&b->out, &h, sizeof(h)) < 0 ||
	    lb_buf_add(&b->out, body, len) < 0) {
		b->out.len = before;
		if (op->id)
			lb_id_del(&b->ops, op->id);
		free(op);
		return ENOMEM;
	}
	if (c)
		c->busy = true;
	return 0;
}

static void ring_message(struct lb_bridge *b)
{
	struct lb_xsop *op;

	if (b->in.h.type == XS_WATCH_EVENT) {
		lb_client_event(b, &b->in);
		return;
	}
	op = lb_id_get(&b->ops, b->in.h.req_id);
	if (!op) {
		bridge_break(b, "an answer to a question that was not asked");
		return;
	}
	lb_id_del(&b->ops, op->id);
	lb_client_answer(b, op, &b->in);
	free(op);
}

/* Takes bytes off the ring until a message is whole; 1 if any moved. */
static int ring_read(struct lb_bridge *b)
{
	size_t want = sizeof(b->in.h);
	ssize_t n;

	if (b->in_len >= sizeof(b->in.h)) {
		if (b->in.h.len > XENSTORE_PAYLOAD_MAX) {
			bridge_break(b, "a message longer than the protocol allows");
			return 0;
		}
		want += b->in.h.len;
	}
	if (b->in_len < want) {
		n = lb_xsring_get(b->ring, (char *)&b->in + b->in_len, want - b->in_len);
		if (n < 0)
			bridge_break(b, "xenstored's index is out of range");
		if (n <= 0)
			return 0;
		b->in_len += (size_t)n;
		if (b->in_len < want || want == sizeof(b->in.h))
			return 1;
	}
	b->in_len = 0;
	ring_message(b);
	return 1;
}

static int ring_write(struct lb_bridge *b)
{
	ssize_t n = b->out.len ? lb_xsring_put(b->ring, b->out.p, b->out.len) : 0;

	if (n < 0)
		bridge_break(b, "xenstored's index is out of range");
	if (n <= 0)
		return 0;
	lb_buf_eat(&b->out, (size_t)n);
	return 1;
}

void lb_bridge_pump(struct lb_bridge *b)
{
	int moved;

	do {
		moved = 0;
		while (!b->broken && ring_read(b))
			moved = 1;
		while (!b->broken && ring_write(b))
			moved = 1;
		if (moved)
			xenevtchn_notify(b->xce, b->port);
	} while (moved);
}

static void on_event(struct lb_source *s, uint32_t events)
{
	struct lb_bridge *b = lb_container(s, struct lb_bridge, event);

	if (xenevtchn_pending(b->xce) < 0)
		return;
	/* Unmask first: what comes while we look makes another event. */
	xenevtchn_unmask(b->xce, b->port);
	lb_bridge_pump(b);
}

static int open_ring(struct lb_bridge *b)
{
	struct lb_notify none = { LB_NO_OFFSET, LB_NO_PORT };
	int port;
	uint32_t ref;

	b->xgs = xengntshr_open(NULL, 0);
	b->xce = xenevtchn_open(NULL, 0);
	if (!b->xgs || !b->xce)
		return errno;
	b->ring = lb_gntshr_share(b->xgs, 0, 1, &ref, LB_SHARE_WRITABLE | LB_SHARE_XENSTORE, &none);
	if (!b->ring)
		return errno;
	port = xenevtchn_bind_unbound_port(b->xce, 0);
	if (port < 0)
		return errno;
	b->port = (evtchn_port_t)port;
	/* The keeper must not sleep in xenevtchn_pending(), whatever xenstored does. */
	return fcntl(xenevtchn_fd(b->xce), F_SETFL, O_NONBLOCK) < 0 ? errno : 0;
}

int lb_bridge_open(int epfd, const char *path, struct lb_bridge **out, uint32_t *port)
{
	struct lb_bridge *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return ENOMEM;
	b->epfd = epfd;
	b->listener.fd = -1;
	err = open_ring(b);
	if (err)
		goto fail;
	b->listener = (struct lb_source){ lb_unix_listen(path, SOCK_STREAM), lb_client_accept };
	b->event = (struct lb_source){ xenevtchn_fd(b->xce), on_event };
	if (b->listener.fd < 0 || lb_loop_add(epfd, &b->listener, EPOLLIN) < 0 ||
	    lb_loop_add(epfd, &b->event, EPOLLIN) < 0) {
		err = errno;
		goto fail;
	}
	*out = b;
	*port = b->port;
	return 0;

fail:
	if (b->listener.fd >= 0)
		close(b->listener.fd);
	xenevtchn_close(b->xce);
	xengntshr_close(b->xgs);
	free(b);
	return err;
}
