// SPDX-License-Identifier: MIT
/* What the toolstack in domain 0 asks for. */
#include "loopback/broker/broker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "loopback/domain/keeper.h"

#define CREATE_DEADLINE_MS 10000

void lb_do_dominfo(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	static struct { struct lb_rep h; struct lb_dominfo dom[256]; } rep;
	const struct lb_req *r = msg;
	uint32_t max = r->arg[1] < 256 ? r->arg[1] : 256, n = 0;
	const struct lb_domain *d;

	for (d = c->w->domains; d && n < max; d = d->next)
		if (d->id >= r->arg[0])
			rep.dom[n++] = (struct lb_dominfo){
				d->id, d->state == LB_DOM_DEAD ? LB_DOM_DYING : 0, d->ngrants, 0 };
	rep.h = (struct lb_rep){ 0, n };
	lb_reply(c, &rep, sizeof(rep.h) + n * sizeof(rep.dom[0]), NULL, 0);
}

void lb_do_stats(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	static struct { struct lb_rep h; struct lb_stats dom[256]; } rep;
	const struct lb_req *r = msg;
	const struct lb_domain *d;
	uint32_t n = 0;

	for (d = c->w->domains; d && n < 256; d = d->next) {
		struct lb_stats *s = &rep.dom[n];

		if (d->id < r->arg[0])
			continue;
		*s = (struct lb_stats){
			.domid = d->id, .dying = d->state == LB_DOM_DEAD,
			.pid = (uint32_t)d->keeper, .handles = d->nconns, .grants = d->ngrants,
			.mapped = (uint32_t)d->mapped, .ports = d->nports,
		};
		memcpy(s->name, d->name, sizeof(s->name));
		n++;
	}
	rep.h = (struct lb_rep){ 0, n };
	lb_reply(c, &rep, sizeof(rep.h) + n * sizeof(rep.dom[0]), NULL, 0);
}

static int create(struct lb_conn *c, const struct lb_create_req *r, const int *fds)
{
	struct lb_domain *d;
	struct lb_keeper_args a = {
		.bridge = true, .stdio = { fds[0], fds[1], fds[2] }, .strings = fds[3],
		.uid = r->uid, .gid = r->gid, .umask = r->umask,
	};
	int err;

	if (!lb_ts_ready(c->w))
		return EHOSTDOWN;
	err = lb_domain_new(c->w, r->h.arg[0], r->name, &d);
	if (err)
		return err;
	d->creator = c;
	d->detached = r->h.arg[1] & LB_CREATE_DETACH;
	d->deadline = lb_now_ms() + CREATE_DEADLINE_MS;
	c->waiting = true;
	err = lb_spawn_keeper(d, &a);
	if (err) {
		d->ts_error = err;
		lb_domain_dead(d, 125);
	}
	return 0;
}

void lb_do_create(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	const struct lb_create_req *r = msg;
	int err = EINVAL;

	if (len == sizeof(*r) && nfds == 4 && memchr(r->name, 0, sizeof(r->name)) &&
	    !strchr(r->name, '/') && r->h.arg[0])
		err = create(c, r, fds);
	if (err)
		lb_reply_value(c, err, 0);
}

/* Answers whoever asked for @d; nobody may be there any more. */
void lb_created(struct lb_domain *d, int error)
{
	struct lb_conn *c = d->creator;

	d->deadline = 0;
	if (!c || !c->waiting)
		return;
	c->waiting = false;
	lb_reply_value(c, error, d->id);
}

void lb_do_destroy(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	const struct lb_req *r = msg;
	struct lb_domain *d = lb_domain_find(c->w, r->arg[0]);
	int err = !d ? ESRCH : !d->id ? EPERM : 0;

	if (!err)
		lb_domain_kill(d);
	lb_reply_value(c, err, 0);
}

void lb_do_signal(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	const struct lb_req *r = msg;
	struct lb_domain *d = lb_domain_find(c->w, r->arg[0]);
	struct lb_ctl_msg m = { LB_CTL_SIGNAL, r->arg[1], 0 };
	int err = !d || d->state != LB_DOM_RUNNING ? ESRCH : !d->id ? EPERM :
		  !r->arg[1] || r->arg[1] >= (uint32_t)NSIG ? EINVAL : 0;

	if (!err && send(d->ctl.fd, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		err = errno;
	lb_reply_value(c, err, 0);
}

void lb_xenstored_up(struct lb_world *w, int error)
{
	struct lb_conn *c = w->xs_waiter;

	w->xs_waiter = NULL;
	if (!c)
		return;
	c->waiting = false;
	lb_reply_value(c, error, 0);
}

void lb_do_xenstored(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	int err = c->w->xenstored_pid ? EALREADY : lb_spawn_xenstored(c->w);

	if (err) {
		lb_reply_value(c, err, 0);
		return;
	}
	/* The loop tries to reach it, and answers when it has. */
	c->waiting = true;
	c->w->xs_waiter = c;
}
