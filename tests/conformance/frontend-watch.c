// SPDX-License-Identifier: MIT
/*
 * Looks at the pages that a frontend granted: zero at first (F-PAGE-1), granted
 * as the table says and each once (F-PAGE-2), never in use again while this
 * side has them (F-PAGE-3, F-LIFE-2).
 *
 * That two mappings show one page is found by writing into the one.  What is
 * written is taken back at once, in places that no message uses yet.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"

#define PAGE    XENCOPROC_PAGE_SIZE

bool watch_zero(const void *at, size_t bytes)
{
	const uint8_t *byte = at;
	size_t i;

	for (i = 0; i < bytes && !byte[i]; i++)
		;
	return i == bytes;
}

uint64_t watch_sum(const void *at, size_t bytes)
{
	const uint8_t *byte = at;
	uint64_t sum = 14695981039346656037u;
	size_t i;

	for (i = 0; i < bytes; i++)
		sum = (sum ^ byte[i]) * 1099511628211u;
	return sum;
}

/* ---- one page in two places ---- */

struct place {
	const char *name;
	volatile uint8_t *at;
	bool writable;
};

#define PLACES_MAX      2048u

struct places {
	struct place place[PLACES_MAX];
	unsigned int count;
};

static void add(struct places *all, const char *name, void *at, uint32_t pages, bool writable)
{
	uint32_t i;

	for (i = 0; at && i < pages && all->count < PLACES_MAX; i++)
		all->place[all->count++] = (struct place){ name, (uint8_t *)at + i * PAGE, writable };
}

/* All that is mapped now: a fixed part, the queues, the kept. */
static struct places *all_places(struct played *p, bool kept)
{
	struct places *all = calloc(1, sizeof(*all));
	uint32_t i;

	if (!all)
		return NULL;
	add(all, "frontend-index-ref", p->fe, 1, false);
	add(all, "backend-index-ref", p->be, 1, true);
	add(all, "event-ring-ref", p->events, 1, true);
	for (i = 0; i < PLAYED_QUEUES; i++) {
		if (!p->queue[i].sq)
			continue;
		add(all, i ? "the SQ of a job queue" : "control-sq-ref", p->queue[i].sq,
		    i ? XENCOPROC_SQ_PAGES(p->queue[i].order) : 1, false);
		add(all, i ? "the CQ of a job queue" : "control-cq-ref", p->queue[i].cq,
		    i ? XENCOPROC_CQ_PAGES(p->queue[i].order) : 1, true);
	}
	for (i = 0; kept && i < p->nkept; i++)
		add(all, "a page of an earlier connection", p->kept[i].at, p->kept[i].pages,
		    p->kept[i].writable);
	return all;
}

/* Whether any other place shows what is written into @one. */
static const struct place *twin(const struct places *all, const struct place *one)
{
	volatile uint8_t *byte = one->at + PAGE - 1;
	const struct place *found = NULL;
	uint8_t old = *byte, mark = (uint8_t)(old ^ 0xa5);
	unsigned int i;

	*byte = mark;
	for (i = 0; i < all->count && !found; i++) {
		if (all->place[i].at == one->at || all->place[i].at[PAGE - 1] != mark)
			continue;
		/* By chance it may have said that before. */
		*byte = (uint8_t)(mark ^ 0xff);
		if ((all->place[i].at[PAGE - 1] ^ mark) == 0xff)
			found = &all->place[i];
		*byte = mark;
	}
	*byte = old;
	return found;
}

static void look_for_twins(struct played *p, const struct places *all, const void *from,
			   const char *rule)
{
	const struct place *other;
	unsigned int i;

	for (i = 0; i < all->count; i++) {
		if (!all->place[i].writable || (from && all->place[i].at != from))
			continue;
		other = twin(all, &all->place[i]);
		if (other)
			played_fault(p, rule, "%s and %s are one page", all->place[i].name,
				     other->name);
	}
}

/* ---- a connection ---- */

void watch_connect(struct played *p, const char *const names[5])
{
	const void *page[5] = { p->fe, p->be, p->queue[0].sq, p->queue[0].cq, p->events };
	struct places *all;
	unsigned int i;

	for (i = 0; i < 5; i++)
		if (!watch_zero(page[i], PAGE))
			played_fault(p, i < 2 ? "F-RING-1" : "F-PAGE-1",
				     "%s is not zero when it is granted", names[i]);
	for (i = 0; i < 2; i++)
		if (!watch_zero(page[i], PAGE))
			played_fault(p, "F-PAGE-1", "%s is not zero when it is granted", names[i]);
	all = all_places(p, false);
	if (all)
		look_for_twins(p, all, NULL, "F-PAGE-2");
	free(all);
	all = p->nkept ? all_places(p, true) : NULL;
	if (all)
		look_for_twins(p, all, NULL, "F-PAGE-3");
	free(all);
}

/* Before QUEUE_OPEN is answered: nobody uses the pages yet. */
void watch_queue(struct played *p, const struct played_queue *q)
{
	const struct xencoproc_cell *sq = &p->fe[XENCOPROC_RING_SQ(q->number)];
	const struct xencoproc_cell *cq = &p->fe[XENCOPROC_RING_CQ(q->number)];
	struct places *all;
	uint32_t i;

	if (!watch_zero(q->sq, XENCOPROC_SQ_PAGES(q->order) * PAGE))
		played_fault(p, "F-PAGE-1", "the SQ of queue %u is not zero", q->number);
	if (!watch_zero(q->cq, XENCOPROC_CQ_PAGES(q->order) * PAGE))
		played_fault(p, "F-PAGE-1", "the CQ of queue %u is not zero", q->number);
	if (!watch_zero(sq, sizeof(*sq)) || !watch_zero(cq, sizeof(*cq)))
		played_fault(p, "F-QOPEN-1", "the cells of queue %u are not zero", q->number);
	all = all_places(p, p->nkept != 0);
	for (i = 0; all && i < XENCOPROC_CQ_PAGES(q->order); i++)
		look_for_twins(p, all, q->cq + i * PAGE, "F-PAGE-2");
	free(all);
}

/* A writable buffer may share pages with other buffers, and with nothing else. */
void watch_buffer(struct played *p, const struct played_buffer *b)
{
	struct places *all = b->access & XENCOPROC_ACCESS_WRITE ? all_places(p, false) : NULL;
	uint32_t i;

	for (i = 0; all && i < b->pages && all->count < PLACES_MAX; i++) {
		all->place[all->count++] = (struct place){ "a page of a buffer", b->data + i * PAGE,
							   true };
		look_for_twins(p, all, b->data + i * PAGE, "F-PAGE-2");
		all->count--;
	}
	free(all);
}

static void look_at_cells(struct played *p)
{
	uint32_t r;

	for (r = 0; r < XENCOPROC_CELLS; r++) {
		const struct xencoproc_cell *cell = &p->fe[r];
		bool known = r < 64 && (r == 0 || (r >= 2 && p->queue[(r - 2) / 2].open));

		if (!watch_zero(cell->reserved, sizeof(cell->reserved)))
			played_fault(p, "F-PAGE-1", "cell %u of the frontend's index page has "
				     "something behind its event", r);
		if (r == 1 && !watch_zero(cell, sizeof(*cell)))
			played_fault(p, "F-PAGE-1", "cell 1, which no ring has, is not zero");
		/* A producer's event is 0. */
		if (known && r >= 2 && r % 2 == 0 && cell->event)
			played_fault(p, "F-RING-2", "the frontend's event of ring %u, where it "
				     "produces, is %u and not 0", r, wire32(cell->event));
	}
}

/* What is behind the last message that was published.  A frontend is at work
 * meanwhile, so it may have written one that it has not published yet: that
 * comes, sooner or later.  What was left there does not. */
#define PUBLISHED_BY_US         500000u

static bool something_behind(const struct played *p, const struct played_queue *q)
{
	uint32_t index = played_sq_index(p, q);

	return index < q->entries && !watch_zero(q->sq + index * XENCOPROC_SQE_SIZE,
						 (q->entries - index) * XENCOPROC_SQE_SIZE);
}

/* Before the pages are given up: what was never a message is still zero. */
void watch_end(struct played *p)
{
	uint64_t until = played_now() + PUBLISHED_BY_US;
	uint32_t i;

	look_at_cells(p);
	for (i = 0; i < PLAYED_QUEUES; i++) {
		const struct played_queue *q = &p->queue[i];

		while (q->open && something_behind(p, q) && played_now() < until)
			usleep(1000);
		if (q->open && something_behind(p, q))
			played_fault(p, "F-PAGE-1", "the SQ of queue %u has something behind its "
				     "last message", i);
	}
}

/* ---- pages that are kept ---- */

void watch_keep(struct played *p, void *at, uint32_t pages, bool writable)
{
	if (!at)
		return;
	if (p->nkept == PLAYED_KEPT) {
		xengnttab_unmap(p->gnttab, at, pages);
		return;
	}
	p->kept[p->nkept++] = (struct played_kept){ at, pages, writable,
						    watch_sum(at, pages * PAGE) };
}

void watch_kept_from_here(struct played *p)
{
	unsigned int i;

	for (i = 0; i < p->nkept; i++)
		p->kept[i].sum = watch_sum(p->kept[i].at, p->kept[i].pages * PAGE);
}

void watch_kept(struct played *p)
{
	unsigned int i;

	for (i = 0; i < p->nkept; i++)
		if (watch_sum(p->kept[i].at, p->kept[i].pages * PAGE) != p->kept[i].sum)
			played_fault(p, "F-PAGE-3", "a page that this side still maps has changed "
				     "after the connection was over");
}

void watch_forget(struct played *p)
{
	unsigned int i;

	for (i = 0; i < p->nkept; i++)
		xengnttab_unmap(p->gnttab, p->kept[i].at, p->kept[i].pages);
	p->nkept = 0;
}
