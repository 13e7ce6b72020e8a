// SPDX-License-Identifier: MIT
/* libxengnttab.so.1, the mapping half.  The public header documents each call. */
#include "loopback/lib/gnthandle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xen/grant_table.h>

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned int flags)
{
	return lb_gnt_open(logger, "the grant table");
}

int xengnttab_close(xengnttab_handle *xgt)
{
	return lb_gnt_close(xgt);
}

int xengnttab_fd(xengnttab_handle *xgt)
{
	return xgt->sock;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t count)
{
	int rc;

	pthread_mutex_lock(&xgt->lock);
	rc = lb_ask(xgt->sock, LB_OP_MAX_MAPS, count, 0, 0, NULL);
	pthread_mutex_unlock(&xgt->lock);
	return rc;
}

/* What is to be mapped and how far we are. */
struct map_job {
	xengnttab_handle *xgt;
	uint32_t count;
	const uint32_t *domids;		/* NULL: all from domid */
	uint32_t domid;
	const uint32_t *refs;
	int prot;
	struct lb_notify notify;
	struct lb_area *area;		/* addr NULL until the first mmap */
	uint32_t done;
};

static const char *why(int32_t status)
{
	switch (status) {
	case GNTST_bad_domain: return "there is no such domain";
	case GNTST_bad_gntref: return "the reference is outside its grant table";
	case GNTST_permission_denied: return "this handle is restricted to another domain";
	case GNTST_no_space: return "the limit of mapped grants is reached";
	case GNTST_general_error: return "it is not granted to this domain, or read-only";
	default: return "the broker refused";
	}
}

/* mmap()s the runs of one answer behind the pages that are already there. */
static int map_runs(struct map_job *j, const struct lb_map_rep *rep, const struct lb_call *call)
{
	size_t at = (size_t)j->done * LB_PAGE_SIZE, len, total = (size_t)j->count * LB_PAGE_SIZE;
	const struct lb_run *r = rep->run;
	void *p;
	uint32_t i;

	/* One run covers all in the common case: no reservation needed. */
	if (!j->area->addr && !(rep->nruns == 1 && rep->done == j->count)) {
		p = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED)
			return -1;
		j->area->addr = p;
	}
	for (i = 0; i < rep->nruns; i++, r++, at += len) {
		len = (size_t)r->count * LB_PAGE_SIZE;
		if (r->fd >= call->nfds || len > total - at) {
			errno = EPROTO;
			return -1;
		}
		p = mmap(j->area->addr ? j->area->addr + at : NULL, len, j->prot,
			 MAP_SHARED | MAP_POPULATE | (j->area->addr ? MAP_FIXED : 0),
			 call->fd[r->fd], (off_t)r->page * LB_PAGE_SIZE);
		if (p == MAP_FAILED)
			return -1;
		if (!j->area->addr)
			j->area->addr = p;
	}
	return 0;
}

static uint32_t fill_request(const struct map_job *j, struct lb_map_req *req)
{
	uint32_t n = j->count - j->done, i;

	if (n > LB_MAP_BATCH)
		n = LB_MAP_BATCH;
	*req = (struct lb_map_req){
		.h = { LB_OP_MAP, { n, !!(j->prot & PROT_WRITE), 0 } },
		.notify = j->notify,
	};
	for (i = 0; i < n; i++)
		req->grant[i] = (struct lb_grant){
			j->domids ? j->domids[j->done + i] : j->domid, j->refs[j->done + i],
		};
	return n;
}

static int map_refused(struct map_job *j, const struct lb_map_rep *rep)
{
	uint32_t i = j->done + rep->done;

	if (rep->h.error && rep->h.value && i < j->count)
		lb_gnt_log(j->xgt, "mapping grant %u of domain %u: %s", j->refs[i],
			   j->domids ? j->domids[i] : j->domid, why((int32_t)rep->h.value));
	else
		lb_gnt_log(j->xgt, "mapping %u grants", j->count);
	return -1;
}

/* One question, one answer, its pages mapped. */
static int map_batch(struct map_job *j, struct lb_map_req *req, struct lb_map_rep *rep)
{
	uint32_t n = fill_request(j, req);
	struct iovec iov = { req, sizeof(*req) + n * sizeof(req->grant[0]) };
	struct lb_call call = { .req = &iov, .nreq = 1, .rep = rep,
				.rep_size = sizeof(*rep) + n * sizeof(rep->run[0]) };
	int rc, saved;

	memset(rep, 0, sizeof(*rep));
	if (lb_call(j->xgt->sock, &call) < 0)
		return map_refused(j, rep);
	if (call.rep_len < sizeof(*rep) || !rep->done || rep->done > n ||
	    rep->nruns > (call.rep_len - sizeof(*rep)) / sizeof(rep->run[0])) {
		errno = EPROTO;
		rc = -1;
	} else {
		j->area->id[j->area->nids++] = rep->h.value;
		rc = map_runs(j, rep, &call);
		if (rc < 0)
			lb_gnt_log(j->xgt, "mapping %u grants", j->count);
	}
	saved = errno;
	while (call.nfds)
		close(call.fd[--call.nfds]);
	errno = saved;
	j->done += rep->done;
	return rc;
}

static int release_ids(xengnttab_handle *xgt, struct lb_area *a)
{
	int rc = 0;

	while (a->nids)
		rc |= lb_ask(xgt->sock, LB_OP_UNMAP, a->id[--a->nids], 0, 0, NULL);
	return rc ? -1 : 0;
}

static void *map_locked(struct map_job *j)
{
	uint32_t n = j->count < LB_MAP_BATCH ? j->count : LB_MAP_BATCH;
	struct lb_map_req *req = malloc(sizeof(*req) + n * sizeof(req->grant[0]));
	struct lb_map_rep *rep = malloc(sizeof(*rep) + n * sizeof(rep->run[0]));
	int saved;

	/* Each batch covers at least one page, so this many ids at most. */
	j->area = malloc(sizeof(*j->area) + (size_t)j->count * sizeof(uint32_t));
	if (!req || !rep || !j->area)
		goto fail;
	j->area->addr = NULL;
	j->area->count = j->count;
	j->area->left = j->count;
	j->area->nids = 0;
	while (j->done < j->count)
		if (map_batch(j, req, rep) < 0)
			goto undo;
	free(req);
	free(rep);
	lb_area_add(j->xgt, j->area);
	return j->area->addr;

undo:
	saved = errno;
	if (j->area->addr)
		munmap(j->area->addr, (size_t)j->count * LB_PAGE_SIZE);
	release_ids(j->xgt, j->area);
	errno = saved;
fail:
	saved = errno;
	free(j->area);
	free(req);
	free(rep);
	errno = saved;
	return NULL;
}

static void *map(struct map_job *j)
{
	void *p;

	if (!j->count || j->count > UINT32_MAX / 2 / LB_PAGE_SIZE) {
		errno = EINVAL;
		lb_gnt_log(j->xgt, "mapping %u grants", j->count);
		return NULL;
	}
	pthread_mutex_lock(&j->xgt->lock);
	p = map_locked(j);
	pthread_mutex_unlock(&j->xgt->lock);
	return p;
}

#define NO_NOTIFY ((struct lb_notify){ LB_NO_OFFSET, LB_NO_PORT })

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
	return xengnttab_map_domain_grant_refs(xgt, 1, domid, &ref, prot);
}

void *xengnttab_map_grant_refs(xengnttab_handle *xgt, uint32_t count, uint32_t *domids,
			       uint32_t *refs, int prot)
{
	struct map_job j = { .xgt = xgt, .count = count, .domids = domids, .refs = refs,
			     .prot = prot, .notify = NO_NOTIFY };

	return map(&j);
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *xgt, uint32_t count, uint32_t domid,
				      uint32_t *refs, int prot)
{
	struct map_job j = { .xgt = xgt, .count = count, .domid = domid, .refs = refs,
			     .prot = prot, .notify = NO_NOTIFY };

	return map(&j);
}

void *xengnttab_map_grant_ref_notify(xengnttab_handle *xgt, uint32_t domid, uint32_t ref,
				     int prot, uint32_t notify_offset, evtchn_port_t notify_port)
{
	struct map_job j = { .xgt = xgt, .count = 1, .domid = domid, .refs = &ref,
			     .prot = prot, .notify = { notify_offset, notify_port } };

	return map(&j);
}

/* As the kernel's driver: whole areas only, by the address that map returned. */
int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count)
{
	struct lb_area *a;
	int rc = -1;

	pthread_mutex_lock(&xgt->lock);
	a = lb_area_at(xgt, start_address);
	if (!a || a->count != count) {
		errno = EINVAL;
	} else {
		munmap(a->addr, (size_t)count * LB_PAGE_SIZE);
		rc = release_ids(xgt, a);
		lb_area_remove(xgt, a);
	}
	pthread_mutex_unlock(&xgt->lock);
	return rc;
}

/*
 * dma-buf: what a kernel without CONFIG_XEN_GNTDEV_DMABUF answers.  There is
 * no device here that could import or export one.
 */
static int no_dmabuf(void)
{
	errno = ENOTTY;
	return -1;
}

int xengnttab_dmabuf_exp_from_refs(xengnttab_handle *xgt, uint32_t domid, uint32_t flags,
				   uint32_t count, const uint32_t *refs, uint32_t *fd)
{
	return no_dmabuf();
}

int xengnttab_dmabuf_exp_wait_released(xengnttab_handle *xgt, uint32_t fd, uint32_t wait_to_ms)
{
	return no_dmabuf();
}

int xengnttab_dmabuf_imp_to_refs(xengnttab_handle *xgt, uint32_t domid, uint32_t fd,
				 uint32_t count, uint32_t *refs)
{
	return no_dmabuf();
}

int xengnttab_dmabuf_imp_release(xengnttab_handle *xgt, uint32_t fd)
{
	return no_dmabuf();
}
