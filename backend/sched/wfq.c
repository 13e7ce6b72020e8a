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
 * A heap by tag in which each node has four children, which stand in one line
 * of the cache: a decision among 4096 domains looks at six of them.
 */
#include "policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Tags are compared by their difference, so they may wrap.  At weight 1 the
 * clock moves 2^8 a nanosecond, so a tag left alone for more than a year of
 * saturated weight-1 service looks like one that is ahead: see wfq_ready(). */
#define TAG_SCALE       256u

#define WAYS            4u
#define CACHE_LINE      64u
#define NO_NUMBER       UINT32_MAX

/* The keys stand in the heap itself, and where an entity stands in a table of
 * its own: to follow pointers to entities all over memory is what a decision
 * among thousands would spend its time on. */
struct node {
	uint64_t tie;           /* sequence, of 32 bits, then the entity's number, of 32 */
	uint64_t tag;
};

struct member {
	struct sched_entity *entity;    /* NULL: free */
	uint32_t place;         /* in the heap; of a free one, the next free one */
};

struct wfq {
	void *memory;           /* of the heap */
	struct node *heap;
	struct member *member;
	uint32_t count;         /* ready entities */
	uint32_t room;
	uint32_t first_free;    /* number of no entity, or NO_NUMBER */
	uint64_t clock;
	uint64_t latest;        /* greatest tag that a charge ever made */
	uint64_t sequence;
};

static bool earlier(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

static uint32_t number_of(const struct node *node)
{
	return (uint32_t)node->tie;
}

/* The sign of one difference, so without branches, which nobody could foresee. */
static bool before(const struct node *a, const struct node *b)
{
	uint64_t borrow = a->tie < b->tie;

	return (int64_t)(a->tag - b->tag - borrow) < 0;
}

static void put(struct wfq *w, uint32_t place, const struct node *node)
{
	w->heap[place] = *node;
	w->member[number_of(node)].place = place;
}

static struct node node_of(const struct sched_entity *entity)
{
	return (struct node){ entity->sequence << 32 | entity->place, entity->tag };
}

static void sift_up(struct wfq *w, uint32_t i, const struct node *node)
{
	while (i > 0 && before(node, &w->heap[(i - 1) / WAYS])) {
		put(w, i, &w->heap[(i - 1) / WAYS]);
		i = (i - 1) / WAYS;
	}
	put(w, i, node);
}

/* The earliest of the children that begin at @first, of which there is one. */
static uint32_t earliest_child(const struct wfq *w, uint32_t first)
{
	const struct node *child = &w->heap[first];
	uint32_t a, b;

	if (first + WAYS <= w->count) {
		a = before(&child[1], &child[0]);
		b = 2u + before(&child[3], &child[2]);
		return first + (before(&child[b], &child[a]) ? b : a);
	}
	a = first;
	for (b = first + 1; b < w->count; b++)
		if (before(&w->heap[b], &w->heap[a]))
			a = b;
	return a;
}

static void sift_down(struct wfq *w, uint32_t i, const struct node *node)
{
	uint32_t first;

	while ((first = WAYS * i + 1) < w->count) {
		uint32_t child = earliest_child(w, first);

		if (!before(&w->heap[child], node))
			break;
		put(w, i, &w->heap[child]);
		i = child;
	}
	put(w, i, node);
}

/* To where its keys say, from a place that may be too high or too low. */
static void sift(struct wfq *w, uint32_t i, const struct node *node)
{
	if (i > 0 && before(node, &w->heap[(i - 1) / WAYS]))
		sift_up(w, i, node);
	else
		sift_down(w, i, node);
}

static void *wfq_create(void)
{
	struct wfq *w = calloc(1, sizeof(struct wfq));

	if (w)
		w->first_free = NO_NUMBER;
	return w;
}

static void wfq_destroy(void *policy)
{
	struct wfq *w = policy;

	free(w->memory);
	free(w->member);
	free(w);
}

/* Return: whether there is room for more now. */
static bool grow(struct wfq *w)
{
	uint32_t room = w->room ? 2 * w->room : 16;
	/* Children of one node, 4 n + 1 and on, in one line of the cache. */
	size_t bytes = ((size_t)room + WAYS) * sizeof(struct node);
	void *memory = aligned_alloc(CACHE_LINE, (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
	struct member *member = memory ? realloc(w->member, room * sizeof(*member)) : NULL;
	struct node *heap = (struct node *)memory + WAYS - 1;

	if (member)
		w->member = member;
	if (!member) {
		free(memory);
		return false;
	}
	if (w->count)
		memcpy(heap, w->heap, w->count * sizeof(*heap));
	free(w->memory);
	w->memory = memory;
	w->heap = heap;
	for (; w->room < room; w->room++) {
		member[w->room] = (struct member){ .place = w->first_free };
		w->first_free = w->room;
	}
	return true;
}

static int wfq_join(void *policy, struct sched_entity *entity)
{
	struct wfq *w = policy;
	uint32_t number;

	if (w->first_free == NO_NUMBER && !grow(w))
		return -ENOMEM;
	number = w->first_free;
	w->first_free = w->member[number].place;
	w->member[number] = (struct member){ .entity = entity };
	entity->place = number;
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
	if (number_of(&last) != entity->place)
		sift(w, w->member[entity->place].place, &last);
}

static void wfq_leave(void *policy, struct sched_entity *entity)
{
	struct wfq *w = policy;

	wfq_idle(policy, entity);
	w->member[entity->place] = (struct member){ .place = w->first_free };
	w->first_free = (uint32_t)entity->place;
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
	return w->member[number_of(&w->heap[0])].entity;
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

		sift_down(w, w->member[entity->place].place, &node);
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

		sift(w, w->member[entity->place].place, &node);
	}
}

static bool wfq_owes(void *policy, const struct sched_entity *old)
{
	const struct wfq *w = policy;

	return earlier(w->clock, old->tag);
}

static void wfq_inherit(void *policy, struct sched_entity *entity, const struct sched_entity *old)
{
	uint32_t weight = entity->weight;

	if (!wfq_owes(policy, old))
		return;
	entity->tag = old->tag;
	entity->rest = old->rest;
	entity->weight = old->weight;
	wfq_weigh(policy, entity, weight);
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
	.owes = wfq_owes,
	.inherit = wfq_inherit,
};
