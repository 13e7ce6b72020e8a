// SPDX-License-Identifier: MIT
/*
 * Xen's calls, and those calls of the C library by which the kernel would read
 * for the program, on their way to the real ones.  Any other system call that
 * is given a watched page fails with EFAULT, and the program with it.
 */
#include "trace.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <xen/grant_table.h>
#include <xengnttab.h>
#include <xenstore.h>

enum side trace_side = SIDE_FRONTEND;
bool trace_worker;

static bool active;
static int depth;       /* the libraries call each other's entry points too */

#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) \
		real = (__typeof__(real))(uintptr_t)dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void start(void)
{
	const char *programs = getenv("COPROC_TRACE_PROGRAMS");
	const char *engine = "coproc-engine-";

	trace_worker = !strncmp(program_invocation_short_name, engine, strlen(engine));
	active = trace_worker || (programs && strstr(programs, program_invocation_short_name));
	if (!active)
		return;
	if (trace_worker || strstr(program_invocation_short_name, "coprocd"))
		trace_side = SIDE_BACKEND;
	if (step_start()) {
		fprintf(stderr, "hostile-trace: cannot start: %s\n", strerror(errno));
		_exit(127);
	}
	report_start();
}

/* ---- pages ---- */

static void mapped(void *at, uint32_t count, uint32_t domain, const uint32_t *refs, int prot)
{
	struct what what = role_get(domain, refs[0]);
	struct area *a = area_add(at, count, refs, domain, prot);

	for (uint32_t i = 0; what.role == ROLE_GUEST && i < count; i++)
		directory_seen(domain, refs[i], (uint32_t *)(a->base + (size_t)i * PAGE));
	/* A worker's: it may touch what it can write, which is what jobs name. */
	if (!trace_worker || !(prot & PROT_WRITE))
		area_begin(a, what);
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *xgt, uint32_t count, uint32_t domid,
				      uint32_t *refs, int prot)
{
	void *at;

	REAL(xengnttab_map_domain_grant_refs);
	depth++;
	at = real(xgt, count, domid, refs, prot);
	if (!--depth && active && at)
		mapped(at, count, domid, refs, prot);
	return at;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
	return xengnttab_map_domain_grant_refs(xgt, 1, domid, &ref, prot);
}

void *xengnttab_map_grant_refs(xengnttab_handle *xgt, uint32_t count, uint32_t *domids,
			       uint32_t *refs, int prot)
{
	void *at;

	REAL(xengnttab_map_grant_refs);
	depth++;
	at = real(xgt, count, domids, refs, prot);
	if (!--depth && active && at)
		mapped(at, count, domids[0], refs, prot);
	return at;
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count)
{
	REAL(xengnttab_unmap);
	if (active)
		area_end(start_address, count);
	return real(xgt, start_address, count);
}

int xengnttab_grant_copy(xengnttab_handle *xgt, uint32_t count,
			 xengnttab_grant_copy_segment_t *segs)
{
	void *rip = __builtin_return_address(0);
	int rc;

	REAL(xengnttab_grant_copy);
	rc = real(xgt, count, segs);
	for (uint32_t i = 0; active && !rc && i < count; i++) {
		const xengnttab_grant_copy_segment_t *s = &segs[i];

		if (s->flags & GNTCOPY_dest_gref)
			report_violation_at("the backend copies into a page of the guest (B-PAGE-4)",
					    "grant copy", rip, NULL);
		if (!(s->flags & GNTCOPY_source_gref) || s->status != GNTST_okay)
			continue;
		rule_copy(s->source.foreign.domid, s->source.foreign.ref, s->source.foreign.offset,
			  s->len, rip);
		if (s->len == PAGE && !(s->flags & GNTCOPY_dest_gref))
			directory_seen(s->source.foreign.domid, s->source.foreign.ref,
				       s->dest.virt);
	}
	return rc;
}

void *xengntshr_share_pages(xengntshr_handle *xgs, uint32_t domid, int count, uint32_t *refs,
			    int writable)
{
	void *at;

	REAL(xengntshr_share_pages);
	at = real(xgs, domid, count, refs, writable);
	if (active && at)
		area_add(at, (uint32_t)count, refs, domid, PROT_READ | PROT_WRITE);
	return at;
}

int xengntshr_unshare(xengntshr_handle *xgs, void *start_address, uint32_t count)
{
	REAL(xengntshr_unshare);
	if (active)
		area_end(start_address, count);
	return real(xgs, start_address, count);
}

/* ---- nodes ---- */

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
	unsigned int n = 0;
	void *value;

	REAL(xs_read);
	value = real(h, t, path, &n);
	if (active && value)
		role_node(path, value, n);
	if (len)
		*len = n;
	return value;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data,
	      unsigned int len)
{
	REAL(xs_write);
	if (active)
		role_node(path, data, len);
	return real(h, t, path, data, len);
}

/* ---- the kernel reads for the program ---- */

static struct area *kernel_loads(const void *data, size_t size, void *rip)
{
	struct area *a = active && size ? area_at(data) : NULL;

	if (!a || !a->hidden)
		return NULL;
	if (size > (size_t)(a->base + (size_t)a->pages * PAGE - (const uint8_t *)data))
		size = (size_t)(a->base + (size_t)a->pages * PAGE - (const uint8_t *)data);
	mprotect(a->base, (size_t)a->pages * PAGE, a->prot);
	rule_access(a, data, (uint32_t)size, true, false, rip);
	return a;
}

static void kernel_done(struct area *a)
{
	int saved = errno;

	if (a)
		mprotect(a->base, (size_t)a->pages * PAGE, PROT_NONE);
	errno = saved;
}

#define KERNEL_LOADS(type, name, parameters, arguments, data, size) \
	type name parameters \
	{ \
		struct area *a; \
		type rc; \
		REAL(name); \
		a = kernel_loads(data, size, __builtin_return_address(0)); \
		rc = real arguments; \
		kernel_done(a); \
		return rc; \
	}

KERNEL_LOADS(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n), p, n)
KERNEL_LOADS(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t o), (fd, p, n, o), p, n)
KERNEL_LOADS(ssize_t, send, (int fd, const void *p, size_t n, int f), (fd, p, n, f), p, n)
KERNEL_LOADS(ssize_t, sendto, (int fd, const void *p, size_t n, int f, const struct sockaddr *to,
	     socklen_t l), (fd, p, n, f, to, l), p, n)
KERNEL_LOADS(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n),
	     n > 0 ? v[0].iov_base : NULL, n > 0 ? v[0].iov_len : 0)
