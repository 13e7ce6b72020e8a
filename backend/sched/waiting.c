/* SPDX-License-Identifier: MIT */
#include "waiting.h"

#include <errno.h>
#include <stdlib.h>

#include "sched.h"

int sched_waiting_reserve(struct sched_waiting *waiting, size_t room)
{
	struct sched_lane **heap;

	if (room <= waiting->room)
		return 0;
	heap = realloc(waiting->heap, room * sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	waiting->heap = heap;
	waiting->room = room;
	return 0;
}

void sched_waiting_fini(struct sched_waiting *waiting)
{
	free(waiting->heap);
	*waiting = (struct sched_waiting){ 0 };
}

static void at(struct sched_waiting *waiting, size_t place, struct sched_lane *lane)
{
	waiting->heap[place] = lane;
	lane->wait_place = place;
}

static void sift(struct sched_waiting *waiting, struct sched_lane *lane)
{
	size_t i = lane->wait_place;

	while (i > 0 && lane->due_ns < waiting->heap[(i - 1) / 2]->due_ns) {
		at(waiting, i, waiting->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < waiting->count &&
		    waiting->heap[child + 1]->due_ns < waiting->heap[child]->due_ns)
			child++;
		if (child >= waiting->count || waiting->heap[child]->due_ns >= lane->due_ns)
			break;
		at(waiting, i, waiting->heap[child]);
		i = child;
	}
	at(waiting, i, lane);
}

void sched_waiting_put(struct sched_waiting *waiting, struct sched_lane *lane, uint64_t due_ns)
{
	lane->due_ns = due_ns;
	if (!lane->waits)
		at(waiting, waiting->count++, lane);
	lane->waits = true;
	sift(waiting, lane);
}

void sched_waiting_remove(struct sched_waiting *waiting, struct sched_lane *lane)
{
	struct sched_lane *last;

	if (!lane->waits)
		return;
	lane->waits = false;
	last = waiting->heap[--waiting->count];
	if (last == lane)
		return;
	at(waiting, lane->wait_place, last);
	sift(waiting, last);
}

struct sched_lane *sched_waiting_first(const struct sched_waiting *waiting)
{
	return waiting->count ? waiting->heap[0] : NULL;
}
