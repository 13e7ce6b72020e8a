// SPDX-License-Identifier: MIT
/* Mapping and copying granted pages: who may, and who has what mapped. */
#include "loopback/broker/broker.h"

#include <errno.h>
#include <stdlib.h>

#include <xen/grant_table.h>

/* The statuses are those that Xen itself gives for the same mistakes. */
int32_t lb_grant_look(struct lb_conn *c, const struct lb_grant *g, bool write,
		      struct lb_share **share, uint32_t *page)
{
	struct lb_domain *d;
	struct lb_share *s;

	if (lb_conn_allows(c, g->domid))
		return GNTST_permission_denied;
	d = lb_domain_find(c->w, g->domid);
	if (!d)
		return GNTST_bad_domain;
	if (g->ref >= c->w->cfg->max_grants)
		return GNTST_bad_gntref;
	s = d->gent ? d->gent[g->ref].share : NULL;
	if (!s || !s->live || s->grantee != c->dom->id || (write && !s->writable))
		return GNTST_general_error;
	*share = s;
	*page = d->gent[g->ref].page;
	return GNTST_okay;
}

/* The descriptors of one answer, each only once. */
struct fdset {
	int fd[LB_FDS_MAX];
	unsigned int n;
};

static int fdset_index(struct fdset *f, int fd)
{
	unsigned int i;

	for (i = f->n; i > 0; i--)	/* the last one is the likely one */
		if (f->fd[i - 1] == fd)
			return (int)i - 1;
	if (f->n == LB_FDS_MAX)
		return -1;
	f->fd[f->n] = fd;
	return (int)f->n++;
}

struct plan {
	struct lb_map_rep *rep;
	struct lb_maprun *run;	/* parallel to rep->run */
	struct fdset fds;
};

/* Adds one page; false when the answer has no room for it. */
static bool plan_add(struct plan *p, struct lb_share *s, uint32_t page)
{
	uint32_t n = p->rep->nruns;
	int idx;

	if (n && p->run[n - 1].share == s &&
	    p->run[n - 1].first + p->run[n - 1].count == page) {
		p->run[n - 1].count++;
		p->rep->run[n - 1].count++;
	} else {
		idx = fdset_index(&p->fds, s->fd);
		if (idx < 0 || n == LB_MAP_BATCH)
			return false;
		p->run[n] = (struct lb_maprun){ s, page, 1 };
		p->rep->run[n] = (struct lb_run){ (uint32_t)idx, page, 1 };
		p->rep->nruns++;
	}
	p->rep->done++;
	return true;
}

/* Fills the plan from the request; 0 or errno, rep->h.value says which GNTST_*. */
static int plan_fill(struct lb_conn *c, const struct lb_map_req *r, struct plan *p)
{
	uint32_t count = r->h.arg[0], page, i;
	bool write = r->h.arg[1];
	struct lb_share *s;
	int32_t st;

	for (i = 0; i < count; i++) {
		st = lb_grant_look(c, &r->grant[i], write, &s, &page);
		if (st == GNTST_okay && (c->mapped + i >= c->max_mapped ||
					 c->dom->mapped + i >= c->w->cfg->max_maps))
			st = GNTST_no_space;
		if (st != GNTST_okay) {
			p->rep->h.value = (uint32_t)st;
			return st == GNTST_permission_denied ? EACCES :
			       st == GNTST_no_space ? ENOSPC : EINVAL;
		}
		if (!plan_add(p, s, page))
			break;
	}
	return 0;
}

static int mapping_new(struct lb_conn *c, const struct plan *p, const struct lb_armed *armed)
{
	struct lb_mapping *m;
	uint32_t i;

	m = malloc(sizeof(*m) + p->rep->nruns * sizeof(m->run[0]));
	if (!m)
		return ENOMEM;
	*m = (struct lb_mapping){ .conn = c, .pages = p->rep->done, .armed = *armed,
				  .nruns = p->rep->nruns };
	m->id = lb_id_add(&c->mappings, m);
	if (!m->id) {
		free(m);
		return ENOMEM;
	}
	for (i = 0; i < m->nruns; i++) {
		m->run[i] = p->run[i];
		m->run[i].share->maps += m->run[i].count;
	}
	c->mapped += m->pages;
	c->dom->mapped += m->pages;
	p->rep->h.value = m->id;
	return 0;
}

static int map_check(struct lb_conn *c, const struct lb_map_req *r, size_t len)
{
	if (len < sizeof(*r) || !r->h.arg[0] || r->h.arg[0] > LB_MAP_BATCH ||
	    len != sizeof(*r) + r->h.arg[0] * sizeof(r->grant[0]))
		return EINVAL;
	if (r->notify.offset == LB_NO_OFFSET)
		return 0;
	/* As the kernel's driver: a byte can be cleared in one writable page. */
	return r->notify.offset >= LB_PAGE_SIZE || r->h.arg[0] != 1 || !r->h.arg[1] ? EINVAL : 0;
}

void lb_do_map(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	/* One thread, one request at a time: no need to allocate these. */
	static union { struct lb_map_rep rep; char room[LB_MSG_MAX]; } u;
	static struct lb_maprun run[LB_MAP_BATCH];
	const struct lb_map_req *r = msg;
	struct plan p = { .rep = &u.rep, .run = run };
	struct lb_armed armed;
	int err;

	u.rep = (struct lb_map_rep){ .done = 0 };
	err = map_check(c, r, len);
	if (!err)
		err = lb_arm(c, &r->notify, &armed);
	if (!err) {
		err = plan_fill(c, r, &p);
		if (!err)
			err = mapping_new(c, &p, &armed);
		if (err)
			lb_disarm(&armed);
	}
	u.rep.h.error = err;
	if (err)
		lb_reply(c, &u, sizeof(u.rep), NULL, 0);
	else
		lb_reply(c, &u, sizeof(u.rep) + u.rep.nruns * sizeof(u.rep.run[0]),
			 p.fds.fd, p.fds.n);
}

void lb_mapping_end(struct lb_mapping *m)
{
	struct lb_conn *c = m->conn;
	uint32_t i;

	lb_fire(&m->armed, m->run[0].share, m->run[0].first);
	c->mapped -= m->pages;
	c->dom->mapped -= m->pages;
	for (i = 0; i < m->nruns; i++)
		lb_share_unmapped(m->run[i].share, m->run[i].count);
	lb_id_del(&c->mappings, m->id);
	free(m);
}

void lb_do_unmap(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	const struct lb_req *r = msg;
	struct lb_mapping *m = lb_id_get(&c->mappings, r->arg[0]);

	if (m)
		lb_mapping_end(m);
	lb_reply_value(c, m ? 0 : EINVAL, 0);
}

void lb_do_copy(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	static union { struct lb_copy_rep rep; char room[LB_MSG_MAX]; } u;
	const struct lb_copy_req *r = msg;
	uint32_t count = r->h.arg[0], i, page;
	struct fdset f = { .n = 0 };
	struct lb_share *s;

	if (count > LB_REFS_BATCH / 2 ||
	    len != sizeof(*r) + count * sizeof(r->entry[0])) {
		lb_reply_value(c, EINVAL, 0);
		return;
	}
	for (i = 0; i < count; i++) {
		const struct lb_copy_entry *e = &r->entry[i];
		int32_t st = lb_grant_look(c, &e->grant, e->write, &s, &page);
		int idx = st == GNTST_okay ? fdset_index(&f, s->fd) : 0;

		if (idx < 0)
			break;
		u.rep.page[i] = (struct lb_copy_page){
			st, (uint32_t)idx, st == GNTST_okay ? page : 0 };
	}
	u.rep.h = (struct lb_rep){ 0, i };
	lb_reply(c, &u, sizeof(u.rep) + i * sizeof(u.rep.page[0]), f.fd, f.n);
}
