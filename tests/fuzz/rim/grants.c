/* SPDX-License-Identifier: MIT */
/* Grants and event channels of two domains. */
#include "real.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "../fuzz.h"
#include "rim.h"

#define MAPS_MAX        256u
#define PORTS_MAX       512u
#define REMOTE_MAX      64u

static struct page {
	bool granted, writable;
	uint32_t mapped;
} pages[RIM_DOMAINS + 1][RIM_PAGES];

static struct map {
	uint8_t *at;            /* NULL: free */
	uint32_t count, domain;
	uint32_t page[16];
} maps[MAPS_MAX];

static int memory[RIM_DOMAINS + 1] = { -1, -1, -1 };
static uint8_t *view[RIM_DOMAINS + 1];
static uint32_t fail_at, held;
static uint8_t handle;

static void make_memory(uint32_t domain)
{
	if (memory[domain] >= 0)
		return;
	memory[domain] = memfd_create("domain", MFD_CLOEXEC);
	if (memory[domain] < 0 || ftruncate(memory[domain], RIM_PAGES * RIM_PAGE))
		abort();
	view[domain] = mmap(NULL, RIM_PAGES * RIM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    memory[domain], 0);
	if (view[domain] == MAP_FAILED)
		abort();
}

static void ports_reset(void);

void rim_grants_reset(void)
{
	memset(pages, 0, sizeof(pages));
	for (uint32_t d = 1; d <= RIM_DOMAINS; d++) {
		make_memory(d);
		for (uint32_t i = 0; i < RIM_PAGES; i++) {
			uint8_t *at = view[d] + i * RIM_PAGE;

			if (at[0] || memcmp(at, at + 1, RIM_PAGE - 1))
				memset(at, 0, RIM_PAGE);
		}
	}
	fail_at = held = 0;
	ports_reset();
}

uint8_t *rim_page(uint32_t domain, uint32_t page)
{
	return view[domain] + page % RIM_PAGES * RIM_PAGE;
}

uint32_t rim_ref(uint32_t page)
{
	return RIM_REF_FIRST + page;
}

void rim_grant(uint32_t domain, uint32_t page, bool granted, bool writable)
{
	pages[domain][page % RIM_PAGES].granted = granted;
	pages[domain][page % RIM_PAGES].writable = writable;
}

bool rim_page_mapped(uint32_t domain, uint32_t page)
{
	return pages[domain][page % RIM_PAGES].mapped > 0;
}

void rim_grants_fail(uint32_t nth)
{
	fail_at = nth;
}

uint32_t rim_mappings_held(void)
{
	return held;
}

static bool refuse(void)
{
	return fail_at && --fail_at == 0;
}

/* Return: the page, or NULL with errno. */
static struct page *granted(uint32_t domain, uint32_t ref, bool write, uint32_t *number)
{
	struct page *p;

	errno = EINVAL;
	if (domain < 1 || domain > RIM_DOMAINS || ref < RIM_REF_FIRST ||
	    ref - RIM_REF_FIRST >= RIM_PAGES)
		return NULL;
	*number = ref - RIM_REF_FIRST;
	p = &pages[domain][*number];
	return p->granted && (!write || p->writable) ? p : NULL;
}

/* With a hole on either side, so that no step outside goes unseen. */
static uint8_t *map_pages(struct map *m, int prot)
{
	size_t size = (m->count + 2) * (size_t)RIM_PAGE;
	uint8_t *at = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		abort();
	at += RIM_PAGE;
	for (uint32_t i = 0; i < m->count; i++)
		if (mmap(at + i * RIM_PAGE, RIM_PAGE, prot, MAP_SHARED | MAP_FIXED, memory[m->domain],
			 m->page[i] * (off_t)RIM_PAGE) == MAP_FAILED)
			abort();
	return at;
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *xgt, uint32_t count, uint32_t domid,
				      uint32_t *refs, int prot)
{
	struct map *m = maps;

	if (refuse() || count < 1 || count > 16) {
		errno = ENOMEM;
		return NULL;
	}
	while (m < maps + MAPS_MAX && m->at)
		m++;
	if (m == maps + MAPS_MAX)
		fuzz_bug("more than %u mappings", MAPS_MAX);
	m->count = count;
	m->domain = domid;
	for (uint32_t i = 0; i < count; i++)
		if (!granted(domid, refs[i], prot & PROT_WRITE, &m->page[i]))
			return NULL;
	for (uint32_t i = 0; i < count; i++)
		pages[domid][m->page[i]].mapped++;
	m->at = map_pages(m, prot);
	held++;
	return m->at;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
	return xengnttab_map_domain_grant_refs(xgt, 1, domid, &ref, prot);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *at, uint32_t count)
{
	for (struct map *m = maps; m < maps + MAPS_MAX; m++) {
		if (m->at != at)
			continue;
		if (m->count != count)
			fuzz_bug("%u pages unmapped of a mapping of %u", count, m->count);
		for (uint32_t i = 0; i < count; i++)
			pages[m->domain][m->page[i]].mapped--;
		munmap(m->at - RIM_PAGE, (count + 2) * (size_t)RIM_PAGE);
		m->at = NULL;
		held--;
		return 0;
	}
	fuzz_bug("unmapped what is not mapped");
}

static int16_t copy_one(const xengnttab_grant_copy_segment_t *s)
{
	uint32_t page;

	if (!(s->flags & GNTCOPY_source_gref) || s->flags & GNTCOPY_dest_gref)
		fuzz_bug("a copy into a domain");
	if (s->source.foreign.offset + s->len > RIM_PAGE)
		fuzz_bug("a copy of %u bytes from offset %u of a page", s->len, s->source.foreign.offset);
	if (!granted(s->source.foreign.domid, s->source.foreign.ref, false, &page))
		return GNTST_bad_gntref;
	memcpy(s->dest.virt, rim_page(s->source.foreign.domid, page) + s->source.foreign.offset, s->len);
	return GNTST_okay;
}

int xengnttab_grant_copy(xengnttab_handle *xgt, uint32_t count,
			 xengnttab_grant_copy_segment_t *segments)
{
	if (refuse()) {
		errno = ENOMEM;
		return -1;
	}
	for (uint32_t i = 0; i < count; i++)
		segments[i].status = copy_one(&segments[i]);
	return 0;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned int flags)
{
	return (xengnttab_handle *)&handle;
}

int xengnttab_close(xengnttab_handle *xgt)
{
	return 0;
}

/* ---- event channels ---- */

static struct port {
	bool bound, pending, masked;
	uint32_t domain, remote;
} ports[PORTS_MAX];
static uint32_t sent[RIM_DOMAINS + 1][REMOTE_MAX], bound;
static uint32_t next_port;

static void ports_reset(void)
{
	memset(ports, 0, sizeof(ports));
	memset(sent, 0, sizeof(sent));
	bound = 0;
	next_port = 1;
}

void rim_evtchn_send(uint32_t domain, uint32_t remote)
{
	for (uint32_t i = 1; i < PORTS_MAX; i++)
		if (ports[i].bound && ports[i].domain == domain && ports[i].remote == remote)
			ports[i].pending = true;
}

uint32_t rim_evtchn_sent(uint32_t domain, uint32_t remote)
{
	uint32_t n = sent[domain][remote % REMOTE_MAX];

	sent[domain][remote % REMOTE_MAX] = 0;
	return n;
}

uint32_t rim_ports_held(void)
{
	return bound;
}

bool rim_evtchn_ready(void)
{
	for (uint32_t i = 1; bound && i < PORTS_MAX; i++)
		if (ports[i].bound && ports[i].pending && !ports[i].masked)
			return true;
	return false;
}

static struct port *port_of(evtchn_port_t number, const char *what)
{
	if (number < 1 || number >= PORTS_MAX || !ports[number].bound)
		fuzz_bug("%s of a port that is not bound", what);
	return &ports[number];
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	return (xenevtchn_handle *)&handle;
}

int xenevtchn_close(xenevtchn_handle *xce)
{
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	return RIM_FD_EVTCHN;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid,
						     evtchn_port_t remote)
{
	uint32_t i = next_port;

	errno = EINVAL;
	if (refuse() || domid < 1 || domid > RIM_DOMAINS || remote < 1 || remote >= REMOTE_MAX)
		return -1;
	for (uint32_t k = 1; k < PORTS_MAX; k++)
		if (ports[k].bound && ports[k].domain == domid && ports[k].remote == remote)
			return -1;      /* it is not unbound any more */
	while (ports[i].bound)
		i = i % (PORTS_MAX - 1) + 1;
	next_port = i % (PORTS_MAX - 1) + 1;
	ports[i] = (struct port){ .bound = true, .domain = domid, .remote = remote };
	bound++;
	return (int)i;
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t number)
{
	port_of(number, "unbinding")->bound = false;
	bound--;
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t number)
{
	struct port *p = port_of(number, "notifying");

	sent[p->domain][p->remote]++;
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	for (uint32_t i = 1; i < PORTS_MAX; i++) {
		if (!ports[i].bound || !ports[i].pending || ports[i].masked)
			continue;
		ports[i].pending = false;
		ports[i].masked = true;
		return (int)i;
	}
	errno = EAGAIN;
	return -1;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t number)
{
	port_of(number, "unmasking")->masked = false;
	return 0;
}
