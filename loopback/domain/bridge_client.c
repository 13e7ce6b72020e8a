// SPDX-License-Identifier: MIT
/* The bridge's other side: the domain's processes, each on its own socket. */
#include "loopback/domain/bridge_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void client_poll(struct lb_client *c)
{
	/* A busy client is not read: its next request waits in its socket. */
	lb_loop_mod(c->b->epfd, &c->src,
		    (c->busy ? 0 : EPOLLIN) | (c->out.len ? EPOLLOUT : 0));
}

static void client_flush(struct lb_client *c)
{
	ssize_t n;

	if (c->out.len) {
		n = send(c->src.fd, c->out.p, c->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			lb_buf_eat(&c->out, (size_t)n);
	}
	client_poll(c);
}

void lb_client_send(struct lb_client *c, uint32_t type, uint32_t req_id, uint32_t tx,
		    const void *body, size_t len)
{
	struct xsd_sockmsg h = { type, req_id, tx, (uint32_t)len };

	if (c->out.len + len > LB_CLIENT_BACKLOG || lb_buf_add(&c->out, &h, sizeof(h)) < 0 ||
	    lb_buf_add(&c->out, body, len) < 0) {
		lb_log_often("a process does not read its xenstore answers and events; disconnected");
		/* Seen as end of file by the loop, which takes it apart: our
		 * caller may still be using it. */
		shutdown(c->src.fd, SHUT_RDWR);
		return;
	}
	client_flush(c);
}

static void send_error(struct lb_client *c, uint32_t req_id, uint32_t tx, const char *name)
{
	lb_client_send(c, XS_ERROR, req_id, tx, name, strlen(name) + 1);
}

/* ---- watches ---- */

static void watch_free(struct lb_bridge *b, struct lb_watch *w)
{
	struct lb_watch **pp;

	for (pp = &b->watch_list; *pp != w; pp = &(*pp)->next)
		;
	*pp = w->next;
	lb_id_del(&b->watches, w->id);
	free(w->path);
	free(w->token);
	free(w);
}

/* The body of WATCH and UNWATCH as xenstored sees it: our own token. */
static size_t watch_body(const struct lb_watch *w, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s%cw%x", w->path, 0, w->id);

	return (size_t)n + 1;
}

/* Ends a watch; the number is free again when xenstored has answered, that is
 * after the last event with it. */
static int watch_end(struct lb_bridge *b, struct lb_watch *w, struct lb_client *c, uint32_t req_id)
{
	char buf[XENSTORE_PAYLOAD_MAX];
	int err;

	err = lb_bridge_send(b, c, XS_UNWATCH, req_id, 0, w, buf, watch_body(w, buf, sizeof(buf)));
	if (!err)
		w->ending = true;
	return err;
}

static struct lb_watch *watch_find(struct lb_client *c, const char *path, const char *token)
{
	struct lb_watch *w;

	for (w = c->b->watch_list; w; w = w->next)
		if (w->client == c && !w->ending && !strcmp(w->path, path) &&
		    !strcmp(w->token, token))
			return w;
	return NULL;
}

static struct lb_watch *watch_new(struct lb_client *c, const char *path, const char *token)
{
	struct lb_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->client = c;
	w->path = strdup(path);
	w->token = strdup(token);
	w->id = w->path && w->token ? lb_id_add(&c->b->watches, w) : 0;
	if (!w->id) {
		free(w->path);
		free(w->token);
		free(w);
		return NULL;
	}
	w->next = c->b->watch_list;
	c->b->watch_list = w;
	return w;
}

static const char *do_watch(struct lb_client *c, const struct lb_xsmsg *m, const char *path,
			    const char *token)
{
	char buf[XENSTORE_PAYLOAD_MAX];
	struct lb_watch *w;
	int err;

	if (strlen(path) > XENSTORE_ABS_PATH_MAX)
		return "EINVAL";
	if (watch_find(c, path, token))
		return "EEXIST";
	w = watch_new(c, path, token);
	if (!w)
		return "ENOMEM";
	err = lb_bridge_send(c->b, c, XS_WATCH, m->h.req_id, 0, w, buf,
			     watch_body(w, buf, sizeof(buf)));
	if (err)
		watch_free(c->b, w);
	return err ? "ENOMEM" : NULL;
}

static const char *do_unwatch(struct lb_client *c, const struct lb_xsmsg *m, const char *path,
			      const char *token)
{
	struct lb_watch *w = watch_find(c, path, token);

	if (!w)
		return "ENOENT";
	return watch_end(c->b, w, c, m->h.req_id) ? "ENOMEM" : NULL;
}

/* Watches of this process only; the ring's other users keep theirs. */
static void end_watches(struct lb_client *c, bool gone)
{
	struct lb_watch *w;

	for (w = c->b->watch_list; w; w = w->next) {
		if (w->client != c)
			continue;
		if (gone)
			w->client = NULL;
		if (!w->ending)
			watch_end(c->b, w, NULL, 0);
	}
}

void lb_client_event(struct lb_bridge *b, const struct lb_xsmsg *m)
{
	const char *path = m->body, *tok = memchr(path, 0, m->h.len);
	struct lb_watch *w;
	char out[2 * XENSTORE_PAYLOAD_MAX];
	uint32_t id;
	int n;

	if (!tok || !memchr(tok + 1, 0, m->h.len - (size_t)(tok + 1 - path)) ||
	    sscanf(tok + 1, "w%x", &id) != 1)
		return;			/* no watch of ours has such a token */
	w = lb_id_get(&b->watches, id);
	if (!w || !w->client || w->ending)
		return;
	n = snprintf(out, sizeof(out), "%s%c%s", path, 0, w->token);
	lb_client_send(w->client, XS_WATCH_EVENT, 0, 0, out, (size_t)n + 1);
}

/* ---- transactions ---- */

static struct lb_tx **tx_find(struct lb_client *c, uint32_t id)
{
	struct lb_tx **pp;

	for (pp = &c->txs; *pp && (*pp)->id != id; pp = &(*pp)->next)
		;
	return pp;
}

static void tx_forget(struct lb_client *c, uint32_t id)
{
	struct lb_tx **pp = tx_find(c, id), *t = *pp;

	if (t) {
		*pp = t->next;
		free(t);
	}
}

static void tx_abort(struct lb_bridge *b, uint32_t id)
{
	if (lb_bridge_send(b, NULL, XS_TRANSACTION_END, 0, id, NULL, "F", 2))
		lb_log("out of memory: a dead process's transaction stays open");
}

static void tx_started(struct lb_bridge *b, struct lb_client *c, const struct lb_xsmsg *m)
{
	struct lb_tx *t;
	char num[16];
	uint32_t id;

	snprintf(num, sizeof(num), "%.*s", (int)m->h.len, m->body);
	id = (uint32_t)strtoul(num, NULL, 10);
	t = c ? malloc(sizeof(*t)) : NULL;
	if (!t) {
		tx_abort(b, id);
		return;
	}
	*t = (struct lb_tx){ c->txs, id };
	c->txs = t;
}

/* ---- requests and answers ---- */

/* Splits "path\0token\0". */
static bool two_strings(const struct lb_xsmsg *m, const char **a, const char **b)
{
	const char *nul = memchr(m->body, 0, m->h.len);
	size_t left;

	if (!nul)
		return false;
	*a = m->body;
	*b = nul + 1;
	left = m->h.len - (size_t)(*b - m->body);
	return left && memchr(*b, 0, left) == *b + left - 1;
}

/*
 * Does the body hold the strings that its type asks for?  xenstored is to
 * answer EINVAL if not, but Debian's 4.17 dies of some of these (a body that
 * does not end with a zero byte makes handlers return errno, which may be 0,
 * and then it misses its answer: an assertion), and one process of a guest
 * would take every domain's store away.
 */
static bool well_formed(const struct lb_xsmsg *m)
{
	const char *nul = memchr(m->body, 0, m->h.len);

	switch (m->h.type) {
	case XS_DIRECTORY:
	case XS_READ:
	case XS_GET_PERMS:
	case XS_MKDIR:
	case XS_RM:
	case XS_TRANSACTION_START:
	case XS_TRANSACTION_END:
	case XS_GET_DOMAIN_PATH:
	case XS_IS_DOMAIN_INTRODUCED:
	case XS_RELEASE:
	case XS_RESUME:
		return nul && nul == m->body + m->h.len - 1;
	case XS_WRITE:
		return nul;
	default:
		return nul && !m->body[m->h.len - 1];
	}
}

/* NULL: on its way; otherwise xenstore's name of the error. */
static const char *request(struct lb_client *c, const struct lb_xsmsg *m)
{
	const char *path, *token;

	if (m->h.type != XS_RESET_WATCHES && !well_formed(m))
		return "EINVAL";
	switch (m->h.type) {
	case XS_WATCH:
	case XS_UNWATCH:
		if (!two_strings(m, &path, &token))
			return "EINVAL";
		return m->h.type == XS_WATCH ? do_watch(c, m, path, token)
					     : do_unwatch(c, m, path, token);
	case XS_RESET_WATCHES:
		end_watches(c, false);
		lb_client_send(c, m->h.type, m->h.req_id, 0, "OK", 3);
		return NULL;
	default:
		if (m->h.tx_id && !*tx_find(c, m->h.tx_id))
			return "ENOENT";	/* another process's, or none */
		return lb_bridge_send(c->b, c, m->h.type, m->h.req_id, m->h.tx_id, NULL,
				      m->body, m->h.len) ? "ENOMEM" : NULL;
	}
}

void lb_client_answer(struct lb_bridge *b, struct lb_xsop *op, const struct lb_xsmsg *m)
{
	struct lb_client *c = op->client;
	bool ok = m->h.type != XS_ERROR;

	switch (op->type) {
	case XS_WATCH:
		/* If it is ending already, the answer to that frees it. */
		if (!ok && !op->watch->ending)
			watch_free(b, op->watch);
		break;
	case XS_UNWATCH:
		watch_free(b, op->watch);
		break;
	case XS_TRANSACTION_START:
		if (ok)
			tx_started(b, c, m);
		break;
	case XS_TRANSACTION_END:
		if (c)
			tx_forget(c, op->tx);
		break;
	}
	if (!c)
		return;
	c->busy = false;
	lb_client_send(c, m->h.type, op->client_id, op->tx, m->body, m->h.len);
}

/* Takes what there is; false when the connection has ended. */
static bool client_read(struct lb_client *c)
{
	size_t want = sizeof(c->in.h);
	ssize_t n;

	if (c->in_len >= want)
		want += c->in.h.len;
	n = recv(c->src.fd, (char *)&c->in + c->in_len, want - c->in_len, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	c->in_len += (size_t)n;
	if (c->in_len == sizeof(c->in.h) && c->in.h.len > XENSTORE_PAYLOAD_MAX)
		return false;		/* xenstored, too, ends such a connection */
	return true;
}

static void client_ready(struct lb_source *s, uint32_t events)
{
	struct lb_client *c = lb_container(s, struct lb_client, src);
	struct lb_bridge *b = c->b;
	const char *err;

	if (events & EPOLLOUT)
		client_flush(c);
	if (c->busy && events & (EPOLLHUP | EPOLLERR)) {
		lb_client_close(c);
	} else if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		if (!client_read(c)) {
			lb_client_close(c);
		} else if (c->in_len >= sizeof(c->in.h) &&
			   c->in_len == sizeof(c->in.h) + c->in.h.len) {
			c->in_len = 0;
			err = request(c, &c->in);
			if (err)
				send_error(c, c->in.h.req_id, c->in.h.tx_id, err);
			client_poll(c);
		}
	}
	lb_bridge_pump(b);
}

void lb_client_close(struct lb_client *c)
{
	struct lb_bridge *b = c->b;
	struct lb_client **pp;
	struct lb_xsop *op;
	struct lb_tx *t;
	uint32_t i;

	for (i = 1; i <= b->ops.size; i++) {
		op = lb_id_get(&b->ops, i);
		if (!op || op->client != c)
			continue;
		op->client = NULL;
		if (op->type == XS_TRANSACTION_END)
			tx_forget(c, op->tx);	/* it ends by itself */
	}
	if (!b->broken)
		end_watches(c, true);
	while ((t = c->txs)) {
		if (!b->broken)
			tx_abort(b, t->id);
		c->txs = t->next;
		free(t);
	}
	for (pp = &b->clients; *pp != c; pp = &(*pp)->next)
		;
	*pp = c->next;
	b->nclients--;
	lb_loop_del(b->epfd, &c->src);
	free(c->out.p);
	free(c);
}

void lb_client_accept(struct lb_source *listener, uint32_t events)
{
	struct lb_bridge *b = lb_container(listener, struct lb_bridge, listener);
	int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct lb_client *c;

	if (fd < 0)
		return;
	/* We are process 1 of the domain: whoever has no pid here is not of it. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 || cred.pid <= 0 ||
	    b->nclients >= LB_CLIENTS_MAX || !(c = calloc(1, sizeof(*c)))) {
		close(fd);
		return;
	}
	c->src = (struct lb_source){ fd, client_ready };
	c->b = b;
	c->next = b->clients;
	b->clients = c;
	b->nclients++;
	if (lb_loop_add(b->epfd, &c->src, EPOLLIN) < 0)
		lb_client_close(c);
}
