// SPDX-License-Identifier: MIT
/*
 * xengnttab_grant_copy(): the broker checks each reference and hands out the
 * page, the bytes are moved here.  By pread() and pwrite() rather than a
 * mapping: one system call per segment, and a bad local pointer is EFAULT as
 * with the kernel's driver instead of a crash.
 */
#include "loopback/lib/gnthandle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xen/grant_table.h>

#define BATCH 256u		/* segments per question; two references each at most */

typedef xengnttab_grant_copy_segment_t segment;

struct batch {
	struct lb_copy_req *req;
	struct lb_copy_rep *rep;
};

static int is_src(const segment *s) { return s->flags & GNTCOPY_source_gref; }
static int is_dst(const segment *s) { return s->flags & GNTCOPY_dest_gref; }

/* The kernel's driver refuses the whole call for these, so do we, before any byte moves. */
static int check(uint32_t count, segment *segs)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; i < count; i++) {
		segment *s = &segs[i];

		if ((is_src(s) || is_dst(s)) &&
		    (!is_src(s) || s->source.foreign.offset + s->len <= (int)LB_PAGE_SIZE) &&
		    (!is_dst(s) || s->dest.foreign.offset + s->len <= (int)LB_PAGE_SIZE))
			continue;
		s->status = GNTST_bad_copy_arg;
		errno = EINVAL;
		rc = -1;
	}
	return rc;
}

static uint32_t fill(struct lb_copy_req *req, const segment *segs, uint32_t n)
{
	uint32_t i, k = 0;

	for (i = 0; i < n; i++) {
		const segment *s = &segs[i];

		if (is_src(s))
			req->entry[k++] = (struct lb_copy_entry){
				{ s->source.foreign.domid, s->source.foreign.ref }, 0 };
		if (is_dst(s))
			req->entry[k++] = (struct lb_copy_entry){
				{ s->dest.foreign.domid, s->dest.foreign.ref }, 1 };
	}
	req->h = (struct lb_req){ LB_OP_COPY, { k, 0, 0 } };
	return k;
}

static int exact(ssize_t n, size_t len)
{
	if (n >= 0 && (size_t)n != len) {
		errno = EFAULT;		/* stopped where the local pointer ends */
		return -1;
	}
	return n < 0 ? -1 : 0;
}

static off_t where(const struct lb_copy_page *p, uint16_t offset)
{
	return (off_t)p->page * LB_PAGE_SIZE + offset;
}

static int move(const segment *s, const struct lb_copy_page *src,
		const struct lb_copy_page *dst, const int *fd)
{
	char bounce[LB_PAGE_SIZE];
	char *buf = bounce;

	if (!s->len)
		return 0;
	if (src) {
		if (!dst)
			buf = s->dest.virt;
		if (exact(pread(fd[src->fd], buf, s->len, where(src, s->source.foreign.offset)),
			  s->len) < 0)
			return -1;
	} else {
		buf = s->source.virt;
	}
	return dst ? exact(pwrite(fd[dst->fd], buf, s->len, where(dst, s->dest.foreign.offset)),
			   s->len) : 0;
}

/* Does one segment whose pages were answered; returns how many entries it used. */
static int one(segment *s, const struct lb_copy_page *p, const struct lb_call *call)
{
	const struct lb_copy_page *src = is_src(s) ? p++ : NULL;
	const struct lb_copy_page *dst = is_dst(s) ? p++ : NULL;
	int rc = 0;

	s->status = (int16_t)(src && src->status != GNTST_okay ? src->status :
			      dst ? dst->status : GNTST_okay);
	if (s->status == GNTST_okay) {
		if ((src && src->fd >= call->nfds) || (dst && dst->fd >= call->nfds)) {
			errno = EPROTO;
			return -1;
		}
		rc = move(s, src, dst, call->fd);
	}
	return rc < 0 ? -1 : (src != NULL) + (dst != NULL);
}

/* Does as many of @segs as one answer covers; returns their number or -1. */
static int do_batch(xengnttab_handle *xgt, struct batch *b, segment *segs, uint32_t n)
{
	uint32_t k = fill(b->req, segs, n), i, used = 0, need;
	struct iovec iov = { b->req, sizeof(*b->req) + k * sizeof(b->req->entry[0]) };
	struct lb_call call = { .req = &iov, .nreq = 1, .rep = b->rep,
				.rep_size = sizeof(*b->rep) + k * sizeof(b->rep->page[0]) };
	int rc = 0, saved;

	if (lb_call(xgt->sock, &call) < 0)
		return -1;
	if (call.rep_len != sizeof(*b->rep) + b->rep->h.value * sizeof(b->rep->page[0])) {
		errno = EPROTO;
		rc = -1;
	}
	for (i = 0; rc >= 0 && i < n; i++) {
		need = used + !!is_src(&segs[i]) + !!is_dst(&segs[i]);
		if (need > b->rep->h.value)
			break;
		rc = one(&segs[i], &b->rep->page[used], &call);
		used = need;
	}
	saved = errno;
	while (call.nfds)
		close(call.fd[--call.nfds]);
	errno = rc >= 0 && !i ? EPROTO : saved;
	return rc < 0 || !i ? -1 : (int)i;
}

int xengnttab_grant_copy(xengnttab_handle *xgt, uint32_t count, segment *segs)
{
	uint32_t done = 0, n = count < BATCH ? count : BATCH;
	struct batch b = {
		.req = malloc(sizeof(*b.req) + (size_t)2 * n * sizeof(b.req->entry[0])),
		.rep = malloc(sizeof(*b.rep) + (size_t)2 * n * sizeof(b.rep->page[0])),
	};
	int rc = 0, saved;

	if (!b.req || !b.rep || check(count, segs) < 0)
		rc = -1;
	pthread_mutex_lock(&xgt->lock);
	while (done < count && rc >= 0) {
		n = count - done < BATCH ? count - done : BATCH;
		rc = do_batch(xgt, &b, segs + done, n);
		if (rc > 0)
			done += (uint32_t)rc;
	}
	pthread_mutex_unlock(&xgt->lock);
	if (rc < 0)
		lb_gnt_log(xgt, "copying %u segments", count);
	saved = errno;
	free(b.req);
	free(b.rep);
	errno = saved;
	return rc < 0 ? -1 : 0;
}
