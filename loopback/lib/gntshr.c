// SPDX-License-Identifier: MIT
/* libxengnttab.so.1, the granting half.  The public header documents each call. */
#include "loopback/lib/gntshr.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned int flags)
{
	return lb_gnt_open(logger, "grant allocation");
}

int xengntshr_close(xengntshr_handle *xgs)
{
	return lb_gnt_close(xgs);
}

int xengntshr_fd(xengntshr_handle *xgs)
{
	return xgs->sock;
}

static int fetch_refs(xengntshr_handle *xgs, uint32_t share, uint32_t count, uint32_t *refs)
{
	struct { struct lb_rep h; uint32_t ref[]; } *rep;
	uint32_t done = 0, n = count < LB_REFS_BATCH ? count : LB_REFS_BATCH, i;
	size_t size = sizeof(*rep) + n * sizeof(rep->ref[0]);

	rep = malloc(size);
	if (!rep)
		return -1;
	while (done < count) {
		n = count - done < LB_REFS_BATCH ? count - done : LB_REFS_BATCH;
		struct lb_req req = { LB_OP_SHARE_REFS, { share, done, n } };
		struct iovec iov = { &req, sizeof(req) };
		struct lb_call call = { .req = &iov, .nreq = 1, .rep = rep, .rep_size = size };

		if (lb_call(xgs->sock, &call) < 0)
			break;
		if (call.rep_len != sizeof(rep->h) + n * sizeof(rep->ref[0])) {
			errno = EPROTO;
			break;
		}
		for (i = 0; i < n; i++)
			refs[done + i] = rep->ref[i];
		done += n;
	}
	free(rep);
	return done == count ? 0 : -1;
}

/* Asks for the pages and maps them; the broker has not published them yet. */
static int allocate(xengntshr_handle *xgs, struct lb_share_req *req, struct lb_area *a)
{
	struct lb_rep rep = { 0, 0 };
	struct iovec iov = { req, sizeof(*req) };
	struct lb_call call = { .req = &iov, .nreq = 1, .rep = &rep, .rep_size = sizeof(rep) };
	void *p = MAP_FAILED;
	int saved;

	if (lb_call(xgs->sock, &call) < 0)
		return -1;
	errno = EPROTO;
	if (call.nfds == 1)
		p = mmap(NULL, (size_t)a->count * LB_PAGE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, call.fd[0], 0);
	saved = errno;
	while (call.nfds)
		close(call.fd[--call.nfds]);
	a->id[0] = rep.value;
	if (p == MAP_FAILED) {
		lb_ask(xgs->sock, LB_OP_UNSHARE, rep.value, 0, 0, NULL);
		errno = saved;
		return -1;
	}
	a->addr = p;
	return 0;
}

static void *share_locked(xengntshr_handle *xgs, struct lb_share_req *req, uint32_t count,
			  uint32_t *refs)
{
	struct lb_area *a = calloc(1, sizeof(*a) + sizeof(a->id[0]));
	int saved;

	if (!a)
		return NULL;
	a->count = a->left = count;
	a->nids = 1;
	if (allocate(xgs, req, a) < 0)
		goto fail;
	/* The commit seals a read-only share: after our own mapping, before
	 * anybody else can have one. */
	if (fetch_refs(xgs, a->id[0], count, refs) == 0 &&
	    lb_ask(xgs->sock, LB_OP_SHARE_COMMIT, a->id[0], 0, 0, NULL) == 0) {
		lb_area_add(xgs, a);
		return a->addr;
	}
	saved = errno;
	munmap(a->addr, (size_t)count * LB_PAGE_SIZE);
	lb_ask(xgs->sock, LB_OP_UNSHARE, a->id[0], 0, 0, NULL);
	errno = saved;
fail:
	saved = errno;
	free(a);
	errno = saved;
	return NULL;
}

void *lb_gntshr_share(xengntshr_handle *xgs, uint32_t domid, uint32_t count, uint32_t *refs,
		      uint32_t flags, const struct lb_notify *notify)
{
	struct lb_share_req req = {
		.h = { LB_OP_SHARE, { domid, count, flags } }, .notify = *notify,
	};
	void *p;

	pthread_mutex_lock(&xgs->lock);
	p = share_locked(xgs, &req, count, refs);
	pthread_mutex_unlock(&xgs->lock);
	if (!p)
		lb_gnt_log(xgs, "granting %u pages to domain %u", count, domid);
	return p;
}

void *xengntshr_share_pages(xengntshr_handle *xgs, uint32_t domid, int count, uint32_t *refs,
			    int writable)
{
	struct lb_notify none = { LB_NO_OFFSET, LB_NO_PORT };

	if (count <= 0) {
		errno = EINVAL;
		return NULL;
	}
	return lb_gntshr_share(xgs, domid, (uint32_t)count, refs,
			       writable ? LB_SHARE_WRITABLE : 0, &none);
}

void *xengntshr_share_page_notify(xengntshr_handle *xgs, uint32_t domid, uint32_t *ref,
				  int writable, uint32_t notify_offset, evtchn_port_t notify_port)
{
	struct lb_notify n = { notify_offset, notify_port };

	return lb_gntshr_share(xgs, domid, 1, ref, writable ? LB_SHARE_WRITABLE : 0, &n);
}

/* The area that holds all of the range, which may be a part of it. */
static struct lb_area *area_around(xengntshr_handle *xgs, char *p, uint32_t count)
{
	struct lb_area *a = lb_area_at(xgs, p);
	unsigned int i;
	size_t page;

	if (a)
		return count <= a->count ? a : NULL;
	for (i = 0; i < LB_AREA_BUCKETS; i++)
		for (a = xgs->area[i]; a; a = a->next) {
			if (p < a->addr)
				continue;
			page = (size_t)(p - a->addr) / LB_PAGE_SIZE;
			if (page < a->count && count <= a->count - page)
				return a;
		}
	return NULL;
}

/*
 * The pages of one share call were granted together and end together, when
 * the last of them is given back; so it is with the kernel's gntalloc.
 */
int xengntshr_unshare(xengntshr_handle *xgs, void *start_address, uint32_t count)
{
	struct lb_area *a;
	int rc = -1;

	pthread_mutex_lock(&xgs->lock);
	a = area_around(xgs, start_address, count);
	if (!a || !count || (uintptr_t)start_address % LB_PAGE_SIZE || count > a->left) {
		errno = EINVAL;
	} else {
		rc = munmap(start_address, (size_t)count * LB_PAGE_SIZE);
		a->left -= count;
		if (!a->left) {
			rc |= lb_ask(xgs->sock, LB_OP_UNSHARE, a->id[0], 0, 0, NULL);
			lb_area_remove(xgs, a);
		}
	}
	pthread_mutex_unlock(&xgs->lock);
	return rc ? -1 : 0;
}
