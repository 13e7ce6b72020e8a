/* SPDX-License-Identifier: MIT */
/*
 * Weighted fair queueing by start tags (Goyal, Vin and Cheng's SFQ).
 *
 * Each entity carries a tag: the virtual time at which its next service may
 * begin.  Service of t moves it by t / weight.  The entity with
 * the smallest tag is next; the virtual clock is the tag of the last one
 * picked and charged.  An entity that comes back from idling begins at the
 * clock, so that it neither saves up time nor pays for having been away.
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
 * clock moves 2^8 a nanosecond: a tag would have to be 2^63 / 2^8 ns, more
 * than a year of saturated weight-1 service, out of date to be misread.  At
 * the greatest weight one nanosecond is still counted to a fortieth. */
#define TAG_SCALE       256u

struct wfq {
	struct sched_entity **heap;
	size_t count;           /* ready entities */
	size_t room;
	size_t joined;
	uint64_t clock;
	uint64_t sequence;
};

static bool before(const struct sched_entity *a, const struct sched_entity *b)
{
	if (a->tag != b->tag)
		return (int64_t)(a->tag - b->tag) < 0;
	return (int64_t)(a->sequence - b->sequence) < 0;
}

static void put(struct wfq *w, size_t place, struct sched_entity *entity)
{
	w->heap[place] = entity;
	entity->place = place;
}

static void sift_up(struct wfq *w, struct sched_entity *entity)
{
	size_t i = entity->place;

	while (i > 0 && before(entity, w->heap[(i - 1) / 2])) {
		put(w, i, w->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(w, i, entity);
}

static void sift_down(struct wfq *w, struct sched_entity *entity)
{
	size_t i = entity->place;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= w->count)
			break;
		if (child + 1 < w->count && before(w->heap[child + 1], w->heap[child]))
			child++;
		if (!before(w->heap[child], entity))
			break;
		put(w, i, w->heap[child]);
		i = child;
	}
	put(w, i, entity);
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
		struct sched_entity **heap = realloc(w->heap, room * sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		w->heap = heap;
		w->room = room;
	}
	w->joined++;
	entity->ready = false;
	entity->tag = w->clock;
	return 0;
}

static void wfq_idle(void *policy, struct sched_entity *entity)
{
	struct wfq *w = policy;
	struct sched_entity *last;

	if (!entity->ready)
		return;
	entity->ready = false;
	last = w->heap[--w->count];
	if (last == entity)
		return;
	put(w, entity->place, last);
	sift_up(w, last);
	sift_down(w, last);
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

	if (entity->ready)
		return;
	entity->ready = true;
	if ((int64_t)(entity->tag - w->clock) < 0)
		entity->tag = w->clock;
	entity->sequence = w->sequence++;
	put(w, w->count++, entity);
	sift_up(w, entity);
}

static struct sched_entity *wfq_pick(void *policy)
{
	struct wfq *w = policy;

	return w->count ? w->heap[0] : NULL;
}

static void wfq_charge(void *policy, struct sched_entity *entity, uint64_t ns)
{
	struct wfq *w = policy;

	if ((int64_t)(entity->tag - w->clock) > 0)
		w->clock = entity->tag;
	entity->tag += ns * TAG_SCALE / entity->weight;
	entity->sequence = w->sequence++;
	if (entity->ready)
		sift_down(w, entity);
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
};
