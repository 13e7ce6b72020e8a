/* SPDX-License-Identifier: MIT */
/*
 * Weighted fair queueing by start tags (Goyal, Vin and Cheng's SFQ).
 *
 * Each entity carries a tag: the virtual time at which its next service may
 * begin.  Service of t moves it by t / weight.  The entity with the smallest
 * tag is next; the virtual clock is the tag of the last one picked.  It moves
 * with picks alone: a domain whose next job appears a moment after the last one
 * ended was never away.  An entity that comes back from idling begins at the
 * clock, or at its own tag where that is later: it neither saves up time, nor
 * pays for having been away, nor gets rid of what it has had by a pause.  When
 * there is nobody to pick all is forgotten, because time that nobody wanted is
 * nobody's debt.
 *
 * Between two entities that stay ready the difference of service / weight is
 * never more than one service of each: that is promise 4 of the project.
 *
 * A binary heap by tag, so that a decision at 4096 domains costs what twelve
 * comparisons cost.
 */
#include "policy.h"

#include <errno.h>
#include <stdlib.h>

/* Tags are compared by their difference, so they may wrap.  At weight 1 the
 * clock moves 2^8 a nanosecond, so a tag left alone for more than a year of
 * saturated weight-1 service looks like one that is ahead: see wfq_ready(). */
#define TAG_SCALE       256u

/* The keys stand in the heap itself: to follow a pointer for each comparison
 * is what a decision among thousands would spend its time on. */
struct node {
	uint64_t tag;
	uint64_t sequence;
	struct sched_entity *entity;
};

struct wfq {
	struct node *heap;
	size_t count;           /* ready entities */
	size_t room;
	size_t joined;
	uint64_t clock;
	uint64_t latest;        /* greatest tag that a charge ever made */
	uint64_t sequence;
};

static bool earlier(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

static bool before(const struct node *a, const struct node *b)
{
	if (a->tag != b->tag)
		return earlier(a->tag, b->tag);
	return earlier(a->sequence, b->sequence);
}

static void put(struct wfq *w, size_t place, const struct node *node)
{
	w->heap[place] = *node;
	node->entity->place = place;
}

static struct node node_of(struct sched_entity *entity)
{
	return (struct node){ entity->tag, entity->sequence, entity };
}

static void sift_up(struct wfq *w, size_t i, const struct node *node)
{
	while (i > 0 && before(node, &w->heap[(i - 1) / 2])) {
		put(w, i, &w->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(w, i, node);
}

static void sift_down(struct wfq *w, size_t i, const struct node *node)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= w->count)
			break;
		if (child + 1 < w->count && before(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (!before(&w->heap[child], node))
			break;
		put(w, i, &w->heap[child]);
		i = child;
	}
	put(w, i, node);
}

/* To where its keys say, from a place that may be too high or too low. */
static void sift(struct wfq *w, size_t i, const struct node *node)
{
	if (i > 0 && before(node, &w->heap[(i - 1) / 2]))
		sift_up(w, i, node);
	else
		sift_down(w, i, node);
}

static void *wfq_create(void)
{
	return calloc(1, sizeof(struct wfq));
}

static void wfq_destroy(void *policy)
{
	struct wfq *w = policy;

	free(w->heap);
	free(w);
}

static int wfq_join(void *policy, struct sched_entity *entity)
{
	struct wfq *w = policy;

	if (w->joined == w->room) {
		size_t room = w->room ? 2 * w->room : 16;
		struct node *heap = realloc(w->heap, room * sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		w->heap = heap;
		w->room = room;
	}
	w->joined++;
	entity->ready = false;
	entity->tag = w->clock;
	entity->rest = 0;
	return 0;
}

static void wfq_idle(void *policy, struct sched_entity *entity)
{
	struct wfq *w = policy;
	struct node last;

	if (!entity->ready)
		return;
	entity->ready = false;
	last = w->heap[--w->count];
	if (last.entity != entity)
		sift(w, entity->place, &last);
}

static void wfq_leave(void *policy, struct sched_entity *entity)
{
	struct wfq *w = policy;

	wfq_idle(policy, entity);
	w->joined--;
}

static void wfq_ready(void *policy, struct sched_entity *entity)
{
	struct wfq *w = policy;
	struct node node;

	if (entity->ready)
		return;
	entity->ready = true;
	/* Behind the clock, or so far behind that it looks ahead of all. */
	if (earlier(entity->tag, w->clock) || earlier(w->latest, entity->tag))
		entity->tag = w->clock;
	entity->sequence = w->sequence++;
	node = node_of(entity);
	sift_up(w, w->count++, &node);
}

static struct sched_entity *wfq_pick(void *policy)
{
	struct wfq *w = policy;

	if (!w->count) {
		/* Whoever comes next is equal to all who had something before. */
		w->clock = w->latest;
		return NULL;
	}
	if (earlier(w->clock, w->heap[0].tag))
		w->clock = w->heap[0].tag;
	return w->heap[0].entity;
}

static void wfq_charge(void *policy, struct sched_entity *entity, uint64_t ns)
{
	struct wfq *w = policy;
	uint64_t amount = ns * TAG_SCALE + entity->rest;

	/* Without the rest, jobs of a microsecond would cost the greatest
	 * weights some per cent too little, for ever. */
	entity->tag += amount / entity->weight;
	entity->rest = amount % entity->weight;
	entity->sequence = w->sequence++;
	if (earlier(w->latest, entity->tag))
		w->latest = entity->tag;
	if (entity->ready) {
		struct node node = node_of(entity);

		sift_down(w, entity->place, &node);
	}
}

/* What it has had beyond its turn is service, and stays the same service: at
 * a greater weight it is made up for sooner. */
static void wfq_weigh(void *policy, struct sched_entity *entity, uint32_t weight)
{
	struct wfq *w = policy;
	__extension__ unsigned __int128 ahead = 0;

	if (earlier(w->clock, entity->tag))
		ahead = (unsigned __int128)(entity->tag - w->clock) * entity->weight + entity->rest;
	if (ahead) {
		/* Never so far that it would be taken for behind. */
		unsigned __int128 moved = ahead / weight;

		entity->tag = w->clock + (moved > INT64_MAX / 2 ? INT64_MAX / 2 : (uint64_t)moved);
		entity->rest = (uint64_t)(ahead % weight);
		if (earlier(w->latest, entity->tag))
			w->latest = entity->tag;
	}
	entity->weight = weight;
	if (entity->ready) {
		struct node node = node_of(entity);

		sift(w, entity->place, &node);
	}
}

const struct sched_policy sched_policy_wfq = {
	.name = "wfq",
	.create = wfq_create,
	.destroy = wfq_destroy,
	.join = wfq_join,
	.leave = wfq_leave,
	.ready = wfq_ready,
	.idle = wfq_idle,
	.pick = wfq_pick,
	.charge = wfq_charge,
	.weigh = wfq_weigh,
};
