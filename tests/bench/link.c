/* SPDX-License-Identifier: MIT */
/* What the rings have in common: granted pages and an event channel. */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <xenevtchn.h>
#include <xengnttab.h>

#include "bench.h"
#include "contest.h"

#define PAGE            4096u
#define PAGES_MAX       32u

static xengntshr_handle *gntshr;
static xengnttab_handle *gnttab;
static xenevtchn_handle *evtchn;        /* of this process */
static uint32_t refs[PAGES_MAX];
static unsigned int pages;
static uint64_t notifies;

/* In the program's own name, so that those of libxenvchan are counted, too. */
int xenevtchn_notify(xenevtchn_handle *handle, evtchn_port_t port)
{
	static int (*real)(xenevtchn_handle *, evtchn_port_t);

	if (!real)
		real = (int (*)(xenevtchn_handle *, evtchn_port_t))dlsym(RTLD_NEXT, "xenevtchn_notify");
	notifies++;
	return real(handle, port);
}

uint64_t contest_notifies(void)
{
	return notifies;
}

void link_open(struct contest_link *link, unsigned int count)
{
	if (!gntshr)
		gntshr = xengntshr_open(NULL, 0);
	evtchn = xenevtchn_open(NULL, 0);
	pages = count;
	link->pages = gntshr && evtchn && count <= PAGES_MAX ?
		xengntshr_share_pages(gntshr, 0, (int)count, refs, 1) : NULL;
	link->port = link->pages ? xenevtchn_bind_unbound_port(evtchn, 0) : -1;
	if (link->port < 0)
		bench_die("sharing %u pages: %s", count, strerror(errno));
	memset(link->pages, 0, (size_t)count * PAGE);
}

void link_attach(struct contest_link *link)
{
	int port = link->port;

	/* The handles that fork() left here are the frontend's. */
	gnttab = xengnttab_open(NULL, 0);
	evtchn = xenevtchn_open(NULL, 0);
	link->pages = gnttab && evtchn ?
		xengnttab_map_domain_grant_refs(gnttab, pages, 0, refs, PROT_READ | PROT_WRITE) : NULL;
	link->port = link->pages ? xenevtchn_bind_interdomain(evtchn, 0, (evtchn_port_t)port) : -1;
	if (link->port < 0)
		bench_die("mapping %u pages: %s", pages, strerror(errno));
}

void link_notify(struct contest_link *link)
{
	xenevtchn_notify(evtchn, (evtchn_port_t)link->port);
}

void link_wait(struct contest_link *link)
{
	xenevtchn_port_or_error_t port = xenevtchn_pending(evtchn);

	if (port < 0)
		bench_die("waiting for an event: %s", strerror(errno));
	xenevtchn_unmask(evtchn, (evtchn_port_t)port);
}

void link_close(struct contest_link *link)
{
	xengntshr_unshare(gntshr, link->pages, pages);
	xenevtchn_close(evtchn);
}
