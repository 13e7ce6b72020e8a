// SPDX-License-Identifier: MIT
/*
 * What a toolstack does in xenstore when a domain comes and goes, over
 * xenstored's own socket and without ever waiting: requests are written one
 * behind the other and xenstored answers them in that order.
 */
#include "loopback/broker/broker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <xen/io/xs_wire.h>

#define OUT_LIMIT (1u << 20)

typedef void ts_done(struct lb_domain *d, int error);

struct ts_wait {
	struct ts_wait *next;
	struct lb_domain *d;
	ts_done *done;
	uint32_t id;
};

struct lb_toolstack {
	struct lb_source src;
	struct lb_world *w;
	bool ready;
	uint32_t last_id;
	struct ts_wait *head, **tail;
	char *out;
	size_t out_len, out_cap;
	char in[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
	size_t in_len;
};

bool lb_ts_ready(const struct lb_world *w)
{
	return w->ts && w->ts->ready;
}

/* xenstored is gone or talks nonsense: everybody who waits is told. */
static void ts_down(struct lb_toolstack *ts)
{
	struct ts_wait *q = ts->head, *next;

	ts->ready = ts->w->xs_up = false;
	ts->head = NULL;
	ts->tail = &ts->head;
	ts->out_len = ts->in_len = 0;
	lb_loop_del(ts->w->epfd, &ts->src);
	for (; q; q = next) {
		next = q->next;
		q->done(q->d, EHOSTDOWN);
		free(q);
	}
}

void lb_ts_xenstored_died(struct lb_world *w)
{
	if (w->ts)
		ts_down(w->ts);
}

static void ts_flush(struct lb_toolstack *ts)
{
	ssize_t n = 0;

	if (ts->out_len)
		n = send(ts->src.fd, ts->out, ts->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0) {
		ts->out_len -= (size_t)n;
		memmove(ts->out, ts->out + n, ts->out_len);
	}
	/* An error shows up as an event on the descriptor, handled there. */
	lb_loop_mod(ts->w->epfd, &ts->src, EPOLLIN | (ts->out_len ? EPOLLOUT : 0));
}

static int ts_append(struct lb_toolstack *ts, const void *p, size_t n)
{
	char *grown;

	if (ts->out_len + n > ts->out_cap) {
		if (ts->out_len + n > OUT_LIMIT)
			return -1;
		grown = realloc(ts->out, ts->out_len + n + 4096);
		if (!grown)
			return -1;
		ts->out = grown;
		ts->out_cap = ts->out_len + n + 4096;
	}
	memcpy(ts->out + ts->out_len, p, n);
	ts->out_len += n;
	return 0;
}

/* Queues one request; @done is called exactly once, perhaps before we return. */
static void ts_send(struct lb_world *w, struct lb_domain *d, ts_done *done, uint32_t type,
		    const void *payload, size_t len)
{
	struct lb_toolstack *ts = w->ts;
	struct xsd_sockmsg h = { .type = type, .len = (uint32_t)len };
	struct ts_wait *q = lb_ts_ready(w) ? malloc(sizeof(*q)) : NULL;
	size_t before;

	if (!q) {
		done(d, lb_ts_ready(w) ? ENOMEM : EHOSTDOWN);
		return;
	}
	before = ts->out_len;
	h.req_id = ++ts->last_id;
	if (ts_append(ts, &h, sizeof(h)) < 0 || ts_append(ts, payload, len) < 0) {
		ts->out_len = before;
		free(q);
		done(d, ENOMEM);
		return;
	}
	*q = (struct ts_wait){ NULL, d, done, h.req_id };
	*ts->tail = q;
	ts->tail = &q->next;
	ts_flush(ts);
}

static int error_number(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (strnlen(name, len) == strlen(xsd_errors[i].errstring) &&
		    !strncmp(name, xsd_errors[i].errstring, len))
			return xsd_errors[i].errnum;
	return EIO;
}

static void ts_answer(struct lb_toolstack *ts, const struct xsd_sockmsg *h, const char *payload)
{
	struct ts_wait *q = ts->head;

	if (h->type == XS_WATCH_EVENT)
		return;			/* we set none */
	if (!q || q->id != h->req_id) {
		lb_log("xenstored answered a question that was not asked; talking to it no more");
		ts_down(ts);
		return;
	}
	ts->head = q->next;
	if (!ts->head)
		ts->tail = &ts->head;
	q->done(q->d, h->type == XS_ERROR ? error_number(payload, h->len) : 0);
	free(q);
}

static void ts_event(struct lb_source *s, uint32_t events)
{
	struct lb_toolstack *ts = lb_container(s, struct lb_toolstack, src);
	struct xsd_sockmsg h;
	ssize_t n;

	if (events & EPOLLOUT)
		ts_flush(ts);
	n = recv(s->fd, ts->in + ts->in_len, sizeof(ts->in) - ts->in_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		ts_down(ts);
		return;
	}
	ts->in_len += (size_t)n;
	while (ts->ready && ts->in_len >= sizeof(h)) {
		memcpy(&h, ts->in, sizeof(h));
		if (h.len > XENSTORE_PAYLOAD_MAX) {
			ts_down(ts);
			return;
		}
		if (ts->in_len < sizeof(h) + h.len)
			return;
		ts_answer(ts, &h, ts->in + sizeof(h));
		if (!ts->ready)
			return;
		ts->in_len -= sizeof(h) + h.len;
		memmove(ts->in, ts->in + sizeof(h) + h.len, ts->in_len);
	}
}

static void domain0_done(struct lb_domain *d, int error)
{
	if (error && !d->ts_error) {
		d->ts_error = error;
		lb_log("writing domain 0's nodes: %s", strerror(error));
	}
}

/* Only an answer shows that xenstored is done with its own start: its socket
 * listens before that. */
static void domain0_last(struct lb_domain *d, int error)
{
	domain0_done(d, error);
	d->w->xs_up = !error;
}

static void step_done(struct lb_domain *d, int error)
{
	if (error && !d->ts_error)
		d->ts_error = error;
}

static void introduced(struct lb_domain *d, int error)
{
	step_done(d, error);
	lb_domain_start(d, d->ts_error);
}

static void node_write(struct lb_domain *d, ts_done *done, const char *path, const char *value)
{
	char buf[512];
	int n = snprintf(buf, sizeof(buf), "/local/domain/%u%s%c%s", d->id, path, 0, value);

	ts_send(d->w, d, done, XS_WRITE, buf, (size_t)n);
}

/* A directory whose owner is domain 0 and which the domain reads ("n0", "rN"),
 * or whose owner is the domain ("nN"); what is made in it inherits that. */
static void node_dir(struct lb_domain *d, const char *path, bool own)
{
	char buf[256];
	int n = snprintf(buf, sizeof(buf), "/local/domain/%u%s", d->id, path) + 1;

	ts_send(d->w, d, step_done, XS_MKDIR, buf, (size_t)n);
	if (own)
		n += snprintf(buf + n, sizeof(buf) - (size_t)n, "n%u", d->id) + 1;
	else
		n += snprintf(buf + n, sizeof(buf) - (size_t)n, "n0%cr%u", 0, d->id) + 1;
	ts_send(d->w, d, step_done, XS_SET_PERMS, buf, (size_t)n);
}

/* The nodes that xl makes for every domain, in its order: state comes last,
 * here the introduction. */
void lb_ts_introduce(struct lb_domain *d, uint32_t port)
{
	static const char *const ro[] = { "", "/cpu", "/memory", "/device", "/control" };
	static const char *const own[] = { "/device/suspend", "/control/shutdown", "/data",
					   "/drivers", "/feature", "/attr", "/error" };
	char buf[64];
	size_t i;
	int n;

	for (i = 0; i < sizeof(ro) / sizeof(ro[0]); i++)
		node_dir(d, ro[i], false);
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		node_dir(d, own[i], true);
	node_write(d, step_done, "/name", d->name);
	snprintf(buf, sizeof(buf), "%u", d->id);
	node_write(d, step_done, "/domid", buf);
	snprintf(buf, sizeof(buf), "%u", port);
	node_write(d, step_done, "/store/port", buf);
	/* The frame number is what a toolstack without grants would need. */
	n = snprintf(buf, sizeof(buf), "%u%c1%c%u", d->id, 0, 0, port) + 1;
	ts_send(d->w, d, introduced, XS_INTRODUCE, buf, (size_t)n);
}

static void removed(struct lb_domain *d, int error)
{
	/* It may never have had nodes: its creation failed early. */
}

static void released(struct lb_domain *d, int error)
{
	d->released = true;
	lb_domain_put(d);
}

void lb_ts_release(struct lb_domain *d)
{
	char buf[64];
	int n = snprintf(buf, sizeof(buf), "/local/domain/%u", d->id) + 1;

	ts_send(d->w, d, removed, XS_RM, buf, (size_t)n);
	n = snprintf(buf, sizeof(buf), "%u", d->id) + 1;
	ts_send(d->w, d, released, XS_RELEASE, buf, (size_t)n);
}

/* One attempt; 0, or errno (ECONNREFUSED, ENOENT: xenstored is not up yet). */
static int ts_connect(struct lb_toolstack *ts)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char dir[96];
	int fd, err;

	lb_domain_dir(lb_domain_find(ts->w, 0), dir, sizeof(dir));
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/xenstored", dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno;
	ts->src.fd = fd;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    lb_loop_add(ts->w->epfd, &ts->src, EPOLLIN) < 0) {
		err = errno;
		close(fd);
		ts->src.fd = -1;
		return err;
	}
	ts->ready = true;
	return 0;
}

static void write_domain0(struct lb_world *w)
{
	struct lb_domain *d = lb_domain_find(w, 0);

	node_write(d, domain0_done, "/domid", "0");
	node_write(d, domain0_last, "/name", d->name);
}

int lb_ts_init(struct lb_world *w)
{
	struct lb_toolstack *ts = w->ts;
	int err;

	if (!ts) {
		ts = calloc(1, sizeof(*ts));
		if (!ts)
			return ENOMEM;
		ts->src.ready = ts_event;
		ts->src.fd = -1;
		ts->w = w;
		ts->tail = &ts->head;
		w->ts = ts;
	}
	err = ts_connect(ts);
	if (!err)
		write_domain0(w);
	return err;
}
