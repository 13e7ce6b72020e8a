// SPDX-License-Identifier: MIT
/*
 * B1: what the liar keeps mapped after it said that it let go never changes
 * again, and all of it is the guest's again when it is let go.  B2: each page
 * is clean when it is granted, although the guest's heap is dirty.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "liar.h"
#include "libcoproc-ring/wire.h"

static unsigned int maps, dirty_maps;
static uint64_t sums[LIAR_KEPT];
static unsigned int nsums;

/* Zeroes, but where the protocol has something in them from the beginning. */
static bool clean(const char *what, const uint8_t *at, size_t bytes)
{
	const uint32_t *gref = (const uint32_t *)at;
	size_t i = 0;

	if (!strcmp(what, "directory")) {
		while (i < bytes / 4 && wire32(gref[i]) != XENCOPROC_GREF_NONE)
			i++;
		if (i == 0 || i > 64)   /* as many as the guest's buffers have pages */
			return false;
		while (i < bytes / 4 && wire32(gref[i]) == XENCOPROC_GREF_NONE)
			i++;
		return i == bytes / 4;
	}
	/* The image that is to be loaded may lie there by now. */
	if (!strcmp(what, "buffer") && !memcmp(at, "\177ELF and no more", 16))
		i = 16;
	while (i < bytes && at[i] == 0)
		i++;
	return i == bytes;
}

static void mapped(struct liar *l, const char *what, void *at, uint32_t pages)
{
	maps++;
	if (clean(what, at, (size_t)pages * 4096))
		return;
	dirty_maps++;
	printf("# B2: a page of %s is not clean\n", what);
}

static uint64_t sum(const struct liar_kept *k)
{
	uint64_t s = 14695981039346656037u;

	for (size_t i = 0; i < (size_t)k->pages * 4096; i++)
		s = (s ^ k->at[i]) * 1099511628211u;
	return s;
}

/* What was given up by now, as it is at this moment. */
static void note(struct liar *l)
{
	while (nsums < l->nkept) {
		sums[nsums] = sum(&l->kept[nsums]);
		nsums++;
	}
}

static unsigned int changed(const struct liar *l)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < nsums; i++)
		n += sum(&l->kept[i]) != sums[i];
	return n;
}

/* References in use by all of the guest's pages, as the loopback counts them. */
static unsigned int grants(const struct liar *l)
{
	char line[256];
	unsigned int domid, handles, n = 0;
	FILE *f = popen("coproc-loopback stats", "r");

	while (f && fgets(line, sizeof(line), f)) {
		char name[64];
		unsigned int g;

		if (sscanf(line, "%u %63s %u %u", &domid, name, &handles, &g) == 4 && domid == l->domid)
			n = g;
	}
	if (f)
		pclose(f);
	return n;
}

static bool break_release;

static enum liar_does on_request(struct liar *l, uint32_t queue, const struct coproc_request *r)
{
	struct xencoproc_cqe cqe = { .id = ~0ull, .slot = wire16(31) };

	if (!break_release || r->op != XENCOPROC_OP_BUF_RELEASE)
		return LIAR_HONEST;
	liar_forge(l, 0, &cqe);
	return LIAR_SILENT;
}

static void begin(struct liar *l, bool breaks)
{
	liar_fresh(l);
	liar_state(l, "1");
	l->mapped = mapped;
	l->request = on_request;
	l->keep = true;
	l->turn = note;
	nsums = 0;
	break_release = breaks;
}

void attack_pages(struct liar *l)
{
	unsigned int before = grants(l), peak = 0, kept = 0, altered = 0, unconfirmed = 0;
	unsigned int rounds = quick ? 6 : 20, descriptors = 0;
	uint64_t heap = 0;

	for (unsigned int i = 0; i < rounds; i++) {
		begin(l, i % 2);
		play(l, BOARD_PAGES, 0);
		liar_turn(l, 1);
		kept += l->nkept;
		altered += changed(l);
		unconfirmed += board->unconfirmed > 0;
		peak = grants(l) > peak ? grants(l) : peak;
		if (i == 1) {
			heap = board->heap;
			descriptors = board->descriptors;
		}
	}
	tap(maps > rounds * 10 && !dirty_maps, "B2: %u mappings were clean when they were granted, %u not",
	    maps, dirty_maps);
	tap(kept > rounds * 10 && !altered, "B1: of %u mappings kept after they were given back, %u changed",
	    kept, altered);
	tap(unconfirmed >= rounds / 2, "B1: pages given up without the backend's word are reported");
	tap(board->descriptors <= descriptors && board->heap <= heap + 65536,
	    "B1: the guest's own descriptors (%u, then %u) and heap (%llu, then %llu) stay flat",
	    descriptors, board->descriptors, (unsigned long long)heap, (unsigned long long)board->heap);
	liar_unmap(l);
	for (int i = 0; i < 50 && grants(l) > before; i++)
		usleep(100000);
	tap(peak > before && grants(l) <= before, "B1: grants withheld while kept (%u), the guest's again "
	    "after it (%u, %u before)", peak, grants(l), before);
	tap(honest(l), "B1, B2: an honest backend is served as before");
}
