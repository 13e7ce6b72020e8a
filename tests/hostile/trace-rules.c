// SPDX-License-Identifier: MIT
/*
 * What may be touched how often (B-PAGE-3, F-PAGE-4, B-RING-5, F-RING-5).
 *
 * Slots of a ring that the peer writes.  A side takes messages in order.  A
 * load from the slot where it is, or from the next one, which then is where
 * it is; each byte once per visit; a load from any other slot looks at a
 * message that was taken before.
 *
 * Index words of the peer's cells are looked at again and again by design.
 * One decision uses one load.  A look at an `index` goes on until there is
 * progress in that ring (a store to the own cell, or a slot loaded or stored),
 * or until the function that looked has returned, and then its caller too, or
 * 1000 instructions of that were executed; no second load before that.
 * Between two loads of one `event` the own index was stored, as P2 stands
 * before P4.
 *
 * What a side wrote itself.  No load from its own index page; none from the
 * CQs and the event ring by the backend, since the frontend can write them.
 * The frontend's SQs are granted read-only, so what it reads back is its own.
 *
 * Pages of the guest that the backend reads (directories, operand tables,
 * images): each byte once for each request that names it, and none that no
 * request names.  Reading is by grant copy, or by a mapping of coprocd.
 */
#include "trace.h"

#include <stdio.h>

static bool backend(void)
{
	return trace_side == SIDE_BACKEND;
}

/* ---- index pages ---- */

static void progress(struct ring *ring)
{
	ring->index.loaded = false;
	ring->index.watched = false;
}

/* A look at an index: again, before the look is over, is twice for one decision. */
static void look(struct area *area, struct word *word, size_t offset, void *rip)
{
	if (word->loaded && word->watched)
		report_violation("an index is loaded twice for one decision (C1, C2, R1, R2)",
				 area, offset, word->by, rip);
	word->loads++;
	word->loaded = true;
	word->by = rip;
	step_watch(word);
}

static void look_event(struct area *area, struct word *word, size_t offset, void *rip)
{
	if (word->loaded)
		report_violation("an event index is loaded twice for one decision (P4, P5)", area,
				 offset, word->by, rip);
	word->loads++;
	word->loaded = true;
	word->by = rip;
}

/* The own index is about to be stored: what was put is seen now. */
static void published(const struct area *index, uint32_t ring)
{
	struct area *a;

	if (backend() || ring == XENCOPROC_RING_EVENT || ring % 2)
		return;
	for (a = trace_areas; a; a = a->next) {
		if (a->what.role != ROLE_RING || a->what.ring != ring || a->domain != index->domain)
			continue;
		area_open(a);
		for (uint32_t slot = 0; slot < a->what.entries; slot++)
			if (a->dirty[slot])
				request_seen(peer_of(a->domain), (ring - 2) / 2,
					     a->base + (size_t)slot * XENCOPROC_SQE_SIZE);
		for (uint32_t slot = 0; slot < a->what.entries; slot++)
			a->dirty[slot] = 0;
	}
}

static void index_page(struct area *area, size_t offset, uint32_t size, bool load, bool store,
		       void *rip)
{
	bool own = area->what.role == (backend() ? ROLE_BE_INDEX : ROLE_FE_INDEX);
	struct peer *peer = peer_of(area->domain);
	struct ring *ring = &peer->ring[offset / CELL];
	size_t first = offset % CELL;

	if (offset / CELL >= RINGS)
		return;
	if (own && load)
		report_violation("a side reads its own cell (B-RING-5, F-RING-5)", area, offset, rip,
				 NULL);
	if (own && store) {
		progress(ring);
		if (first < 4) {
			ring->event.loaded = false;
			published(area, (uint32_t)(offset / CELL));
		}
	}
	if (own || !load)
		return;
	if (first < 4)
		look(area, &ring->index, offset, rip);
	if (first < 8 && first + size > 4)
		look_event(area, &ring->event, offset + (first < 4 ? 4 - first : 0), rip);
}

/* ---- slots ---- */

static bool own_ring(uint32_t ring)
{
	bool sq = ring != XENCOPROC_RING_EVENT && ring % 2 == 0;

	return sq != backend();
}

static uint32_t slot_size(const struct area *area)
{
	bool sq = area->what.ring != XENCOPROC_RING_EVENT && area->what.ring % 2 == 0;

	return sq ? XENCOPROC_SQE_SIZE : XENCOPROC_CQE_SIZE;
}

static void visit(struct area *area, int64_t slot, uint32_t size)
{
	struct peer *peer = peer_of(area->domain);
	struct ring *ring = &peer->ring[area->what.ring];

	area->slot = slot;
	ring->messages++;
	for (uint32_t i = 0; i < size; i++)
		area->loaded[(size_t)slot * size + i] = NULL;
}

static void slot_load(struct area *area, size_t offset, void *rip)
{
	uint32_t size = slot_size(area);
	struct peer *peer = peer_of(area->domain);
	struct ring *ring = &peer->ring[area->what.ring];
	int64_t slot = (int64_t)(offset / size);

	if (slot != area->slot) {
		if (slot != (area->slot + 1) % area->what.entries) {
			report_violation("a message is looked at again after it was taken (B-PAGE-3, F-PAGE-4)",
					 area, offset, area->loaded[offset], rip);
			return;
		}
		visit(area, slot, size);
		if (size == XENCOPROC_SQE_SIZE)
			request_seen(peer, (area->what.ring - 2) / 2, area->base + (size_t)slot * size);
	}
	if (area->loaded[offset]) {
		report_violation("a byte of a message is loaded twice (B-PAGE-3, F-PAGE-4)", area,
				 offset, area->loaded[offset], rip);
		ring->most = 2;
		return;
	}
	area->loaded[offset] = rip;
	ring->bytes++;
	if (!ring->most)
		ring->most = 1;
}

static void slots(struct area *area, size_t offset, uint32_t size, bool load, bool store, void *rip)
{
	progress(&peer_of(area->domain)->ring[area->what.ring]);
	if (store && offset / slot_size(area) < area->what.entries)
		area->dirty[offset / slot_size(area)] = 1;
	if (!load)
		return;
	if (own_ring(area->what.ring)) {
		if (backend())
			report_violation("the backend reads back what the frontend can write (B-PAGE-3)",
					 area, offset, rip, NULL);
		return;
	}
	for (uint32_t i = 0; i < size && offset + i < (size_t)area->pages * PAGE; i++)
		slot_load(area, offset + i, rip);
}

/* ---- pages of the guest ---- */

void rule_copy(uint32_t domain, uint32_t ref, uint32_t offset, uint32_t size, void *rip)
{
	struct blob *blob = blob_of(domain, ref);
	const char *rule = NULL;
	void *first = NULL;
	char where[96];
	uint32_t at = 0;

	report_copy(size);
	for (uint32_t i = offset; i < offset + size && i < PAGE; i++) {
		if (blob->loads[i] >= blob->allowed[i] && !rule) {
			rule = blob->allowed[i] ?
			       "a byte that a request names is loaded twice (B-PAGE-3)" :
			       "a byte of the guest is loaded that no request names (B-PAGE-3)";
			first = blob->by[i];
			at = i;
		}
		blob->loads[i]++;
		blob->by[i] = rip;
	}
	if (!rule)
		return;
	snprintf(where, sizeof(where), "grant %u of domain %u, byte %u", ref, domain, at);
	report_violation_at(rule, where, first, rip);
}

void rule_access(struct area *area, const uint8_t *address, uint32_t size, bool load, bool store,
		 void *rip)
{
	size_t offset = (size_t)(address - area->base);

	switch (area->what.role) {
	case ROLE_FE_INDEX:
	case ROLE_BE_INDEX:
		index_page(area, offset, size, load, store, rip);
		break;
	case ROLE_RING:
		slots(area, offset, size, load, store, rip);
		break;
	case ROLE_GUEST:
		if (load)
			rule_copy(area->domain, area->refs[offset / PAGE], offset % PAGE, size, rip);
		break;
	default:
		break;
	}
}
