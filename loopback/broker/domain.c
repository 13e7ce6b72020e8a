// SPDX-License-Identifier: MIT
/* Domains: made, dying, gone. */
#include "loopback/broker/broker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loopback/domain/keeper.h"

struct lb_domain *lb_domain_find(struct lb_world *w, uint32_t id)
{
	struct lb_domain *d;

	for (d = w->domains; d && d->id != id; d = d->next)
		;
	return d;
}

void lb_domain_dir(const struct lb_domain *d, char *buf, size_t size)
{
	snprintf(buf, size, "%s/d%u.%u", d->w->cfg->dir, d->id, d->serial);
}

bool lb_domain_charge(struct lb_domain *d, uint32_t n)
{
	if (d->nfds + n > d->w->max_fds)
		return false;
	d->nfds += n;
	return true;
}

/* The next number that nobody has; Xen, too, counts up before it reuses. */
static uint32_t free_domid(struct lb_world *w)
{
	uint32_t i, id;

	for (i = 1; i < LB_DOMID_MAX; i++) {
		id = w->next_domid;
		w->next_domid = id + 1 < LB_DOMID_MAX ? id + 1 : 1;
		if (!lb_domain_find(w, id))
			return id;
	}
	return LB_DOMID_ANY;
}

static int place(struct lb_domain *d)
{
	char dir[128], path[160];

	lb_domain_dir(d, dir, sizeof(dir));
	if (mkdir(dir, 0755) < 0)
		return errno;
	/* 0755 whatever the umask: a command may run as another user. */
	if (chmod(dir, 0755) < 0)
		return errno;
	snprintf(path, sizeof(path), "%s/hv", dir);
	d->listener.dom = d;
	return lb_listen(d->w, &d->listener, path);
}

static void domain_free(struct lb_domain *d)
{
	struct lb_domain **pp;
	char dir[128], path[160];

	lb_loop_del(d->w->epfd, &d->listener.src);
	lb_loop_del(d->w->epfd, &d->ctl);
	lb_domain_dir(d, dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/hv", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/xenstored", dir);
	unlink(path);
	rmdir(dir);
	for (pp = &d->w->domains; *pp && *pp != d; pp = &(*pp)->next)
		;
	if (*pp)
		*pp = d->next;
	lb_grants_free(d);
	free(d);
}

int lb_domain_new(struct lb_world *w, uint32_t id, const char *name, struct lb_domain **out)
{
	struct lb_domain *d, **pp;
	int err;

	if (id == LB_DOMID_ANY)
		id = free_domid(w);
	else if (id < LB_DOMID_MAX && lb_domain_find(w, id))
		return EEXIST;
	if (id >= LB_DOMID_MAX)
		return EINVAL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return ENOMEM;
	d->w = w;
	d->id = id;
	d->serial = ++w->next_serial;
	d->next_port = 1;
	d->listener.src.fd = d->ctl.fd = -1;
	if (*name)
		snprintf(d->name, sizeof(d->name), "%s", name);
	else
		snprintf(d->name, sizeof(d->name), "dom%u", id);
	err = place(d);
	if (err) {
		domain_free(d);
		return err;
	}
	for (pp = &w->domains; *pp && (*pp)->id < id; pp = &(*pp)->next)
		;
	d->next = *pp;
	*pp = d;
	*out = d;
	return 0;
}

void lb_domain_kill(struct lb_domain *d)
{
	if (d->keeper > 0)
		kill(d->keeper, SIGKILL);
}

/* The keeper is gone, and with it, by the kernel's doing, every process of
 * the domain: what its handles held goes now, in one step. */
void lb_domain_dead(struct lb_domain *d, uint32_t status)
{
	struct lb_exit_msg bye = { d->id, status };
	uint32_t i;

	d->keeper = 0;
	d->exit_status = status;
	lb_loop_del(d->w->epfd, &d->listener.src);
	lb_loop_del(d->w->epfd, &d->ctl);
	if (d->creator && d->creator->waiting)
		lb_created(d, d->ts_error ? d->ts_error : ECHILD);
	else if (d->creator)
		lb_reply(d->creator, &bye, sizeof(bye), NULL, 0);
	d->creator = NULL;
	while (d->conns)
		lb_conn_close(d->conns);
	for (i = 1; i < LB_PORT_MAX; i++)
		if (d->port[i])
			lb_port_close(d->port[i]);
	d->state = LB_DOM_DEAD;
	lb_virq_dom_exc(d->w);
	lb_ts_release(d);
}

void lb_domain_put(struct lb_domain *d)
{
	struct lb_world *w = d->w;

	if (d->state != LB_DOM_DEAD || !d->released || d->nshares)
		return;
	domain_free(d);
	/* Twice, as on Xen: once dying, once gone. */
	lb_virq_dom_exc(w);
}
