/* SPDX-License-Identifier: MIT */
/*
 * Figures of the interfaces themselves, in domain 0 with itself:
 *   coproc-loopback run -- loopback-bench
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>
#include <xen/grant_table.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void bench_map(xengntshr_handle *s, xengnttab_handle *g, int pages, int rounds)
{
	static uint32_t refs[16384];
	double shared = 0, mapped = 0, unmapped = 0, t;
	void *p, *m;
	int i;

	for (i = 0; i < rounds; i++) {
		t = now();
		p = xengntshr_share_pages(s, 0, pages, refs, 1);
		shared += now() - t;
		t = now();
		m = p ? xengnttab_map_domain_grant_refs(g, (uint32_t)pages, 0, refs, PROT_READ | PROT_WRITE) : NULL;
		mapped += now() - t;
		if (!m) {
			perror("map");
			exit(1);
		}
		t = now();
		xengnttab_unmap(g, m, (uint32_t)pages);
		unmapped += now() - t;
		xengntshr_unshare(s, p, (uint32_t)pages);
	}
	printf("%5d pages: share %8.1f us, map %8.1f us, unmap %8.1f us\n", pages,
	       shared / rounds * 1e6, mapped / rounds * 1e6, unmapped / rounds * 1e6);
}

static void bench_copy(xengntshr_handle *s, xengnttab_handle *g)
{
	static char buf[64][4096];
	xengnttab_grant_copy_segment_t seg[64];
	uint32_t refs[64];
	void *p = xengntshr_share_pages(s, 0, 64, refs, 1);
	int i, r, rounds = 500;
	double t;

	for (i = 0; i < 64; i++) {
		memset(&seg[i], 0, sizeof(seg[i]));
		seg[i].flags = GNTCOPY_source_gref;
		seg[i].len = 4096;
		seg[i].source.foreign.ref = refs[i];
		seg[i].dest.virt = buf[i];
	}
	t = now();
	for (r = 0; r < rounds; r++)
		if (xengnttab_grant_copy(g, 64, seg) < 0)
			exit(1);
	t = now() - t;
	printf("copy of 64 pages in one call: %.1f us, %.0f MB/s\n", t / rounds * 1e6,
	       64 * 4096.0 * rounds / t / 1e6);
	xengntshr_unshare(s, p, 64);
}

static void bench_event(void)
{
	xenevtchn_handle *a = xenevtchn_open(NULL, 0), *b = xenevtchn_open(NULL, 0);
	int pa = xenevtchn_bind_unbound_port(a, 0), pb = xenevtchn_bind_interdomain(b, 0, (evtchn_port_t)pa);
	int i, n = 200000;
	double t;

	xenevtchn_unmask(b, (evtchn_port_t)xenevtchn_pending(b));
	t = now();
	for (i = 0; i < 4000; i++)
		xenevtchn_notify(a, (evtchn_port_t)pa);
	printf("notify, nobody waiting: %.0f ns\n", (now() - t) / 4000 * 1e9);
	xenevtchn_unmask(b, (evtchn_port_t)xenevtchn_pending(b));
	t = now();
	for (i = 0; i < n; i++) {
		xenevtchn_notify(a, (evtchn_port_t)pa);
		xenevtchn_unmask(b, (evtchn_port_t)xenevtchn_pending(b));
	}
	printf("notify, pending, unmask: %.0f ns (port %d)\n", (now() - t) / n * 1e9, pb);
	xenevtchn_close(a);
	xenevtchn_close(b);
}

static void bench_store(void)
{
	struct xs_handle *h = xs_open(0);
	int i, n = 5000;
	double t = now();

	for (i = 0; i < n; i++)
		if (!xs_write(h, XBT_NULL, "data/bench", "1", 1)) {
			perror("xs_write");
			exit(1);
		}
	printf("xenstore writes: %.0f /s\n", n / (now() - t));
	xs_close(h);
}

int main(void)
{
	xengntshr_handle *s = xengntshr_open(NULL, 0);
	xengnttab_handle *g = xengnttab_open(NULL, 0);

	if (!s || !g)
		return 1;
	if (strcmp(getenv("BENCH_ONLY") ? getenv("BENCH_ONLY") : "", "store")) {
		bench_map(s, g, 1, 2000);
		bench_map(s, g, 16, 500);
		bench_map(s, g, 1024, 50);
		bench_map(s, g, 16384, 5);
		bench_copy(s, g);
		bench_event();
	}
	bench_store();
	return 0;
}
