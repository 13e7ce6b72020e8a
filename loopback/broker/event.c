// SPDX-License-Identifier: MIT
/*
 * Event channels.  A channel is two pipes that outlive the binding of either
 * end, so that a port whose peer went away is unbound, not broken: its owner
 * may go on notifying, and the same remote domain may bind again.
 */
#include "loopback/broker/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <xen/xen.h>

static int pipe_new(int p[2])
{
	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0)
		return errno;
	/* One page: all that can be pending is drained by one read.  It may
	 * fail over the user's pipe limit, but only upwards. */
	(void)fcntl(p[1], F_SETPIPE_SZ, (int)LB_PAGE_SIZE);
	return 0;
}

static void chan_free(struct lb_chan *ch)
{
	int i;

	for (i = 0; i < 4; i++)
		if (ch->pipe[i / 2][i % 2] >= 0)
			close(ch->pipe[i / 2][i % 2]);
	ch->payer->nfds -= 4;
	free(ch);
}

static int chan_new(struct lb_domain *payer, struct lb_chan **out)
{
	struct lb_chan *ch = calloc(1, sizeof(*ch));
	int i, err;

	if (!ch)
		return ENOMEM;
	if (!lb_domain_charge(payer, 4)) {
		free(ch);
		return ENOSPC;
	}
	for (i = 0; i < 4; i++)
		ch->pipe[i / 2][i % 2] = -1;
	ch->payer = payer;
	err = pipe_new(ch->pipe[0]);
	if (!err)
		err = pipe_new(ch->pipe[1]);
	if (err)
		chan_free(ch);
	else
		*out = ch;
	return err;
}

static uint32_t port_number(struct lb_domain *d)
{
	uint32_t max = d->w->cfg->max_ports, i, n;

	for (i = 1; i < max; i++) {
		n = d->next_port;
		d->next_port = n + 1 < max ? n + 1 : 1;
		if (!d->port[n])
			return n;
	}
	return 0;
}

static int port_attach(struct lb_domain *d, struct lb_conn *c, struct lb_chan *ch, int side,
		       uint32_t remote, struct lb_port **out)
{
	uint32_t num = port_number(d);
	struct lb_port *p;

	if (!num)
		return ENOSPC;
	p = calloc(1, sizeof(*p));
	if (!p)
		return ENOMEM;
	*p = (struct lb_port){ .dom = d, .conn = c, .num = num, .chan = ch,
			       .side = side, .remote = remote, .virq = -1 };
	ch->end[side] = p;
	d->port[num] = p;
	d->nports++;
	if (c) {
		p->next = c->ports;
		c->ports = p;
	}
	*out = p;
	return 0;
}

int lb_port_new(struct lb_domain *d, struct lb_conn *c, uint32_t remote, struct lb_port **out)
{
	struct lb_chan *ch;
	int err = chan_new(d, &ch);

	if (err)
		return err;
	err = port_attach(d, c, ch, 0, remote, out);
	if (err)
		chan_free(ch);
	return err;
}

void lb_port_close(struct lb_port *p)
{
	struct lb_chan *ch = p->chan;
	struct lb_port **pp;

	if (p->conn) {
		for (pp = &p->conn->ports; *pp != p; pp = &(*pp)->next)
			;
		*pp = p->next;
		p->conn = NULL;
	}
	if (p->dom->w->dom_exc == p)
		p->dom->w->dom_exc = NULL;
	/* A process's handles close in any order; a page's notification is
	 * still to go out over a port that closed first. */
	p->closing = true;
	if (p->armed)
		return;
	p->dom->port[p->num] = NULL;
	p->dom->nports--;
	ch->end[p->side] = NULL;
	if (!ch->end[1 - p->side]) {
		chan_free(ch);
	} else if (ch->payer == p->dom) {
		/* The other end keeps the pipes, and pays for them from now on. */
		ch->payer->nfds -= 4;
		ch->payer = ch->end[1 - p->side]->dom;
		ch->payer->nfds += 4;
	}
	free(p);
}

void lb_port_signal(struct lb_port *p)
{
	/* Full means pending already. */
	if (write(p->chan->pipe[p->side][1], "", 1) < 0 && errno != EAGAIN)
		lb_log("domain %u port %u: %m", p->dom->id, p->num);
}

void lb_virq_dom_exc(struct lb_world *w)
{
	if (w->dom_exc)
		lb_port_signal(w->dom_exc);
}

int lb_arm(struct lb_conn *c, const struct lb_notify *n, struct lb_armed *a)
{
	struct lb_port *p;

	*a = (struct lb_armed){ *n, NULL };
	if (n->port == LB_NO_PORT)
		return 0;
	p = n->port < LB_PORT_MAX ? c->dom->port[n->port] : NULL;
	if (!p || p->closing)
		return EINVAL;
	p->armed++;
	a->port = p;
	return 0;
}

void lb_disarm(struct lb_armed *a)
{
	struct lb_port *p = a->port;

	a->port = NULL;
	if (p && !--p->armed && p->closing)
		lb_port_close(p);
}

void lb_fire(struct lb_armed *a, struct lb_share *s, uint32_t page)
{
	struct lb_port *peer;

	if (a->n.offset != LB_NO_OFFSET)
		lb_share_clear_byte(s, page, a->n.offset);
	peer = a->port ? a->port->chan->end[1 - a->port->side] : NULL;
	if (peer)
		lb_port_signal(peer);
	lb_disarm(a);
}

static void reply_port(struct lb_conn *c, int err, const struct lb_port *p)
{
	struct lb_rep rep = { err, err ? 0 : p->num };
	int fds[2];

	if (err) {
		lb_reply(c, &rep, sizeof(rep), NULL, 0);
		return;
	}
	fds[0] = p->chan->pipe[p->side][0];
	fds[1] = p->chan->pipe[1 - p->side][1];
	lb_reply(c, &rep, sizeof(rep), fds, p->virq < 0 ? 2 : 1);
}

/* DOMID_SELF, as the real calls accept it. */
static uint32_t real_domid(const struct lb_conn *c, uint32_t domid)
{
	return domid == DOMID_SELF ? c->dom->id : domid;
}

void lb_do_evt_alloc(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	const struct lb_req *r = msg;
	uint32_t remote = real_domid(c, r->arg[0]);
	struct lb_port *p = NULL;
	int err = lb_conn_allows(c, remote);

	if (!err && remote >= LB_DOMID_MAX)
		err = EINVAL;
	if (!err)
		err = lb_port_new(c->dom, c, remote, &p);
	reply_port(c, err, p);
}

/* An unbound port of @d that waits for @c's domain, or NULL. */
static struct lb_port *port_waiting(struct lb_conn *c, struct lb_domain *d, uint32_t num)
{
	struct lb_port *p = num < LB_PORT_MAX ? d->port[num] : NULL;

	return p && !p->closing && p->virq < 0 && p->remote == c->dom->id &&
	       !p->chan->end[1 - p->side] ? p : NULL;
}

void lb_do_evt_bind(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	const struct lb_req *r = msg;
	uint32_t domid = real_domid(c, r->arg[0]);
	struct lb_domain *d = lb_domain_find(c->w, domid);
	struct lb_port *there, *p = NULL;
	char drain[LB_PAGE_SIZE];
	int err = lb_conn_allows(c, domid);

	if (!err && !d)
		err = ESRCH;
	there = err ? NULL : port_waiting(c, d, r->arg[1]);
	if (!err && !there)
		err = EINVAL;
	if (!err)
		err = port_attach(c->dom, c, there->chan, 1 - there->side, domid, &p);
	if (!err) {
		/* What an earlier binding left is not ours; but a notification
		 * may have been lost before we bound, so Xen makes a fresh
		 * port pending, always. */
		while (read(p->chan->pipe[p->side][0], drain, sizeof(drain)) > 0)
			;
		lb_port_signal(p);
	}
	reply_port(c, err, p);
}

void lb_do_evt_virq(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	const struct lb_req *r = msg;
	uint32_t virq = r->arg[0];
	struct lb_port *p = NULL;
	int err;

	if (virq >= NR_VIRQS)
		err = EINVAL;
	else if (c->restricted != LB_UNRESTRICTED)
		err = EACCES;
	else if (virq != VIRQ_DOM_EXC)
		err = EOPNOTSUPP;	/* nothing here would ever raise it */
	else if (c->dom->id != 0)
		err = EPERM;
	else if (c->w->dom_exc)
		err = EEXIST;
	else
		err = lb_port_new(c->dom, c, LB_DOMID_MAX, &p);
	if (!err) {
		p->virq = (int)virq;
		c->w->dom_exc = p;
	}
	reply_port(c, err, p);
}

void lb_do_evt_close(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	const struct lb_req *r = msg;
	struct lb_port *p = r->arg[0] < LB_PORT_MAX ? c->dom->port[r->arg[0]] : NULL;
	int err = r->arg[0] >= LB_PORT_MAX ? EINVAL : !p || p->conn != c ? ENOTCONN : 0;

	if (!err)
		lb_port_close(p);
	lb_reply_value(c, err, 0);
}
