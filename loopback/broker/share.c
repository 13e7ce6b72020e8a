// SPDX-License-Identifier: MIT
/*
 * Granted pages.  The broker makes them, so that their size is sealed: a
 * domain that shrank a page under another's mapping would kill it (SIGBUS).
 *
 * A read-only share is sealed against new writable views once its owner has
 * mapped it (F_SEAL_FUTURE_WRITE).  File modes would not do: the mapper may
 * run under the owner's user id and open /proc/self/fd/N again.
 */
#include "loopback/broker/broker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/grant_table.h>

static uint32_t ref_take(struct lb_domain *d)
{
	uint32_t max = d->w->cfg->max_grants, ref;

	/* Unused numbers first, then those longest unused: a stale reference
	 * should meet nothing rather than somebody else's page. */
	if (d->fresh < max)
		return d->fresh++;
	ref = d->freed[d->freed_head];
	d->freed_head = (d->freed_head + 1) % max;
	d->nfreed--;
	return ref;
}

static void ref_give(struct lb_domain *d, uint32_t ref)
{
	uint32_t max = d->w->cfg->max_grants;

	d->gent[ref].share = NULL;
	d->ngrants--;
	if (ref < GNTTAB_NR_RESERVED_ENTRIES)
		return;
	d->freed[(d->freed_head + d->nfreed++) % max] = ref;
}

static int grants_alloc(struct lb_domain *d)
{
	uint32_t max = d->w->cfg->max_grants;

	if (d->gent)
		return 0;
	d->gent = calloc(max, sizeof(*d->gent));
	d->freed = calloc(max, sizeof(*d->freed));
	if (!d->gent || !d->freed) {
		lb_grants_free(d);
		return ENOMEM;
	}
	d->fresh = GNTTAB_NR_RESERVED_ENTRIES;
	return 0;
}

void lb_grants_free(struct lb_domain *d)
{
	free(d->gent);
	free(d->freed);
	d->gent = NULL;
	d->freed = NULL;
}

static void share_free(struct lb_share *s)
{
	struct lb_domain *d = s->owner;
	uint32_t i;

	for (i = 0; i < s->npages; i++)
		ref_give(d, s->ref[i]);
	if (s->page)
		munmap(s->page, LB_PAGE_SIZE);
	close(s->fd);
	free(s->ref);
	free(s);
	d->nfds--;
	d->nshares--;
	lb_domain_put(d);
}

void lb_share_clear_byte(struct lb_share *s, uint32_t page, uint32_t offset)
{
	if (s->page)
		__atomic_store_n(&s->page[offset], 0, __ATOMIC_RELEASE);
	else if (pwrite(s->fd, "", 1, (off_t)page * LB_PAGE_SIZE + offset) < 0)
		lb_log("domain %u: clearing a notification byte: %m", s->owner->id);
}

void lb_share_end(struct lb_share *s)
{
	if (s->live)
		lb_fire(&s->armed, s, 0);
	else
		lb_disarm(&s->armed);
	lb_id_del(&s->conn->shares, s->id);
	s->conn = NULL;
	s->live = false;
	/* Still mapped by somebody: the page and its references stay until
	 * then, as with the kernel's gntalloc, but nobody can map it anew. */
	if (!s->maps)
		share_free(s);
}

void lb_share_unmapped(struct lb_share *s, uint64_t pages)
{
	s->maps -= pages;
	if (!s->conn && !s->maps)
		share_free(s);
}

static int pages_new(uint32_t npages)
{
	int fd = memfd_create("xen-grant", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)npages * LB_PAGE_SIZE) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool refs_left(const struct lb_domain *d, uint32_t n)
{
	return n <= d->w->cfg->max_grants - d->fresh + d->nfreed;
}

static int refs_fill(struct lb_share *s, bool reserved)
{
	struct lb_domain *d = s->owner;
	uint32_t i;

	s->ref = malloc(s->npages * sizeof(*s->ref));
	if (!s->ref)
		return ENOMEM;
	for (i = 0; i < s->npages; i++) {
		s->ref[i] = reserved ? GNTTAB_RESERVED_XENSTORE : ref_take(d);
		d->gent[s->ref[i]] = (struct lb_gent){ s, i };
		d->ngrants++;
	}
	return 0;
}

static int share_check(struct lb_conn *c, const struct lb_share_req *r)
{
	uint32_t domid = r->h.arg[0], count = r->h.arg[1], flags = r->h.arg[2];
	int err = lb_conn_allows(c, domid);

	if (err)
		return err;
	if (domid >= LB_DOMID_MAX || !count || flags & ~(LB_SHARE_WRITABLE | LB_SHARE_XENSTORE))
		return EINVAL;
	if (r->notify.offset != LB_NO_OFFSET && (r->notify.offset >= LB_PAGE_SIZE || count != 1))
		return EINVAL;
	err = grants_alloc(c->dom);
	if (err)
		return err;
	if (flags & LB_SHARE_XENSTORE) {
		if (!c->keeper || count != 1)
			return EPERM;
		return c->dom->gent[GNTTAB_RESERVED_XENSTORE].share ? EBUSY : 0;
	}
	return refs_left(c->dom, count) ? 0 : ENOSPC;
}

static int share_new(struct lb_conn *c, const struct lb_share_req *r, struct lb_share **out)
{
	struct lb_share *s;
	int err = share_check(c, r);

	if (err)
		return err;
	s = calloc(1, sizeof(*s));
	if (!s)
		return ENOMEM;
	s->owner = c->dom;
	s->conn = c;
	s->grantee = r->h.arg[0];
	s->npages = r->h.arg[1];
	s->writable = r->h.arg[2] & LB_SHARE_WRITABLE;
	s->fd = -1;
	err = lb_arm(c, &r->notify, &s->armed);
	if (!err && !lb_domain_charge(c->dom, 1)) {
		lb_disarm(&s->armed);
		err = ENOSPC;
	}
	if (err) {
		free(s);
		return err;
	}
	s->fd = pages_new(s->npages);
	err = s->fd < 0 ? errno : refs_fill(s, r->h.arg[2] & LB_SHARE_XENSTORE);
	s->id = err ? 0 : lb_id_add(&c->shares, s);
	if (!s->id) {
		if (!err)
			while (s->npages)
				ref_give(c->dom, s->ref[--s->npages]);
		if (s->fd >= 0)
			close(s->fd);
		lb_disarm(&s->armed);
		c->dom->nfds--;
		free(s->ref);
		free(s);
		return err ? err : ENOMEM;
	}
	c->dom->nshares++;
	*out = s;
	return 0;
}

void lb_do_share(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	struct lb_share *s = NULL;
	struct lb_rep rep = { 0, 0 };

	rep.error = len == sizeof(struct lb_share_req) ? share_new(c, msg, &s) : EINVAL;
	if (rep.error) {
		lb_reply(c, &rep, sizeof(rep), NULL, 0);
		return;
	}
	rep.value = s->id;
	lb_reply(c, &rep, sizeof(rep), &s->fd, 1);
}

void lb_do_share_refs(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	static struct { struct lb_rep h; uint32_t ref[LB_REFS_BATCH]; } rep;
	const struct lb_req *r = msg;
	const struct lb_share *s = lb_id_get(&c->shares, r->arg[0]);
	uint32_t first = r->arg[1], n = r->arg[2], i;

	if (!s || n > LB_REFS_BATCH || first > s->npages || n > s->npages - first) {
		lb_reply_value(c, EINVAL, 0);
		return;
	}
	rep.h = (struct lb_rep){ 0, n };
	for (i = 0; i < n; i++)
		rep.ref[i] = s->ref[first + i];
	lb_reply(c, &rep, sizeof(rep.h) + n * sizeof(rep.ref[0]), NULL, 0);
}

/* The owner has its view; nobody else has one yet. */
static int seal_read_only(struct lb_share *s)
{
	if (s->armed.n.offset != LB_NO_OFFSET) {
		void *p = mmap(NULL, LB_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);

		if (p == MAP_FAILED)
			return errno;
		s->page = p;
	}
	return fcntl(s->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) < 0 ? errno : 0;
}

void lb_do_share_commit(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	const struct lb_req *r = msg;
	struct lb_share *s = lb_id_get(&c->shares, r->arg[0]);
	int err = 0;

	if (!s || s->live)
		err = EINVAL;
	else if (!s->writable)
		err = seal_read_only(s);
	if (!err && fcntl(s->fd, F_ADD_SEALS, F_SEAL_SEAL) < 0)
		err = errno;
	if (!err)
		s->live = true;
	lb_reply_value(c, err, 0);
}

void lb_do_unshare(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds)
{
	const struct lb_req *r = msg;
	struct lb_share *s = lb_id_get(&c->shares, r->arg[0]);

	if (s)
		lb_share_end(s);
	lb_reply_value(c, s ? 0 : EINVAL, 0);
}
