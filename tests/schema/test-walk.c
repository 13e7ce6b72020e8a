// SPDX-License-Identifier: MIT
/*
 * The table of states, walked: two sides that do what it says, in every order,
 * with either of them killed and started again at every point.  What must
 * hold: no endless loop, no dead end, nothing mapped that is stale.
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/tap.h"
#include "xenstore-schema/state.h"

#define B COPROC_SIDE_BACKEND
#define F COPROC_SIDE_FRONTEND

/*
 * The world: what each process holds in memory (0 after a start), what its
 * node says, what each wishes, and whether the pages that the backend has
 * mapped are those that the frontend granted last.
 */
struct world {
	unsigned char mine[2]; /* in memory */
	unsigned char node[2]; /* 0 .. 8, COPROC_PEER_VANISHED */
	unsigned char leaving[2];
	unsigned char fresh; /* the backend has mapped what the frontend granted */
};

#define WORLDS (9 * 9 * 10 * 10 * 2 * 2 * 2)

static unsigned int number_of(const struct world *w)
{
	unsigned int n = w->mine[0];

	n = n * 9 + w->mine[1];
	n = n * 10 + w->node[0];
	n = n * 10 + w->node[1];
	n = n * 2 + w->leaving[0];
	n = n * 2 + w->leaving[1];
	return n * 2 + w->fresh;
}

static struct world world_of(unsigned int n)
{
	struct world w;

	w.fresh = n % 2;
	n /= 2;
	w.leaving[1] = n % 2;
	n /= 2;
	w.leaving[0] = n % 2;
	n /= 2;
	w.node[1] = n % 10;
	n /= 10;
	w.node[0] = n % 10;
	n /= 10;
	w.mine[1] = n % 9;
	n /= 9;
	w.mine[0] = n;
	return w;
}

static const struct coproc_step *step_of(const struct world *w, enum coproc_side side)
{
	return coproc_state_step(side, w->leaving[side] ? COPROC_WISH_LEAVE : COPROC_WISH_STAY,
				 w->mine[side], w->node[!side]);
}

/* Does one step of one side; false when that side waits. */
static bool take(struct world *w, enum coproc_side side)
{
	const struct coproc_step *step = step_of(w, side);

	if (w->node[side] == COPROC_PEER_VANISHED)
		return false;
	switch (step->action) {
	case COPROC_DO_MAP:
		/* Never against a state that may be stale. */
		ck_assert_uint_eq(w->node[F], COPROC_STATE_INITIALISED);
		w->fresh = 1;
		break;
	case COPROC_DO_TEARDOWN:
	case COPROC_DO_PUBLISH:
	case COPROC_DO_LOST:
	case COPROC_DO_RESET:
		w->fresh = 0;
		break;
	case COPROC_DO_READY:
		/* Connected means connected to THESE pages; but a backend that
		 * was killed after it said so cannot be told from a live one. */
		ck_assert_msg(w->fresh || w->mine[B] != COPROC_STATE_CONNECTED,
			      "ready with pages that the backend does not map");
		break;
	case COPROC_DO_REMOVE:
		w->node[side] = COPROC_PEER_VANISHED;
		w->mine[side] = 0;
		return true;
	default:
		break;
	}
	if (step->next == w->mine[side])
		return false;
	w->mine[side] = step->next;
	w->node[side] = step->next;
	return true;
}

static bool is_rest(const struct world *w)
{
	struct world copy = *w;

	return !take(&copy, B) && (copy = *w, !take(&copy, F));
}

/* From here, does every order of steps come to rest?  Depth-first; a world
 * met again on the way down is a loop. */
static unsigned char colour[WORLDS];

static void settle(struct world w)
{
	unsigned int n = number_of(&w);
	int side;

	if (colour[n] == 2)
		return;
	ck_assert_msg(colour[n] != 1, "endless loop: backend %s (node %s), frontend %s (node %s)",
		      coproc_state_name(w.mine[B]), coproc_state_name(w.node[B]),
		      coproc_state_name(w.mine[F]), coproc_state_name(w.node[F]));
	colour[n] = 1;
	for (side = B; side <= F; side++) {
		struct world next = w;

		if (take(&next, side))
			settle(next);
	}
	colour[n] = 2;
}

/* Everything that can be reached with kills, starts and wishes. */
static unsigned char reached[WORLDS];
static unsigned int queue[WORLDS];
static unsigned int queued;

static void reach(struct world w)
{
	unsigned int n = number_of(&w);

	if (reached[n])
		return;
	reached[n] = 1;
	queue[queued++] = n;
}

static void attached(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->node[B] = w->node[F] = COPROC_STATE_INITIALISING;
}

static void explore(void)
{
	struct world w;
	unsigned int at;
	int side;

	if (queued)
		return;
	attached(&w);
	reach(w);
	for (at = 0; at < queued; at++) {
		for (side = B; side <= F; side++) {
			w = world_of(queue[at]);
			if (take(&w, side))
				reach(w);
			/* Killed and started again: only the node survives. */
			w = world_of(queue[at]);
			w.mine[side] = 0;
			w.leaving[side] = 0;
			w.fresh = 0;
			reach(w);
			/* It wants to leave. */
			w = world_of(queue[at]);
			w.leaving[side] = 1;
			reach(w);
		}
		/* A ring was broken, or nodes refused. */
		for (side = B; side <= F; side++) {
			w = world_of(queue[at]);
			if (w.mine[side] != COPROC_STATE_CONNECTED &&
			    step_of(&w, side)->action != COPROC_DO_MAP &&
			    step_of(&w, side)->action != COPROC_DO_PUBLISH)
				continue;
			w.mine[side] = w.node[side] = coproc_state_refusal(COPROC_DO_NONE);
			reach(w);
		}
		/* The guest is destroyed: its directory goes, the backend's stays. */
		w = world_of(queue[at]);
		w.node[F] = COPROC_PEER_VANISHED;
		w.mine[F] = 0;
		w.fresh = 0;
		reach(w);
		/* The driver domain is destroyed; and the toolstack makes the
		 * directory again for another. */
		w = world_of(queue[at]);
		w.node[B] = COPROC_PEER_VANISHED;
		w.mine[B] = w.leaving[B] = w.fresh = 0;
		reach(w);
		w.node[B] = COPROC_STATE_INITIALISING;
		reach(w);
	}
}

START_TEST(no_order_of_steps_loops)
{
	unsigned int at;

	explore();
	for (at = 0; at < queued; at++)
		settle(world_of(queue[at]));
}
END_TEST

/* Where both wait, is it a place where they should? */
static bool is_good_rest(const struct world *w)
{
	unsigned int b = w->mine[B], f = w->mine[F];

	/* A directory that is gone: nothing held by the other. */
	if (w->node[B] == COPROC_PEER_VANISHED)
		return f != COPROC_STATE_CONNECTED && f != COPROC_STATE_INITIALISED &&
		       f != COPROC_STATE_CLOSING;
	if (w->node[F] == COPROC_PEER_VANISHED)
		/* A backend that never saw the frontend waits for it. */
		return b == COPROC_STATE_UNKNOWN;
	/* Both want it: connected; or both closed, after a refusal or a stop. */
	if (!w->leaving[B] && !w->leaving[F])
		return (b == COPROC_STATE_CONNECTED && f == COPROC_STATE_CONNECTED && w->fresh) ||
		       (b == COPROC_STATE_CLOSED && f == COPROC_STATE_CLOSED);
	/* One leaves: it is closed, and the other holds nothing. */
	if (w->leaving[B] && b != COPROC_STATE_CLOSED)
		return false;
	if (w->leaving[F] && f != COPROC_STATE_CLOSED)
		return false;
	return (b == COPROC_STATE_CLOSED || b == COPROC_STATE_INIT_WAIT) &&
	       (f == COPROC_STATE_CLOSED || f == COPROC_STATE_INITIALISING);
}

START_TEST(no_rest_is_a_dead_end)
{
	unsigned int at, rests = 0;

	explore();
	for (at = 0; at < queued; at++) {
		struct world w = world_of(queue[at]);

		if (!is_rest(&w))
			continue;
		rests++;
		ck_assert_msg(
		    is_good_rest(&w),
		    "dead end: backend %s (node %s, %s), frontend %s (node %s, %s), fresh %d",
		    coproc_state_name(w.mine[B]), coproc_state_name(w.node[B]),
		    w.leaving[B] ? "leaving" : "staying", coproc_state_name(w.mine[F]),
		    coproc_state_name(w.node[F]), w.leaving[F] ? "leaving" : "staying", w.fresh);
	}
	ck_assert_uint_gt(rests, 4);
	printf("# %u worlds reached, %u of them at rest\n", queued, rests);
}
END_TEST

static void run_to_rest(struct world *w)
{
	unsigned int steps;

	for (steps = 0; !is_rest(w); steps++) {
		ck_assert_uint_lt(steps, 50);
		if (!take(w, B))
			take(w, F);
	}
}

/* From any rest at which nobody leaves, a start of either side connects. */
START_TEST(a_start_of_either_side_connects)
{
	unsigned int at;
	int side;

	explore();
	for (at = 0; at < queued; at++)
		for (side = B; side <= F; side++) {
			struct world w = world_of(queue[at]);

			/* The other must be running and want it; a refusal that is
			 * still under way is a different story. */
			if (!is_rest(&w) || w.leaving[!side] || w.node[B] == COPROC_PEER_VANISHED ||
			    w.node[F] == COPROC_PEER_VANISHED)
				continue;
			w.mine[side] = 0;
			w.leaving[side] = 0;
			w.fresh = 0;
			run_to_rest(&w);
			ck_assert_msg(w.mine[B] == COPROC_STATE_CONNECTED &&
					  w.mine[F] == COPROC_STATE_CONNECTED,
				      "start of side %d: backend %s, frontend %s", side,
				      coproc_state_name(w.mine[B]), coproc_state_name(w.mine[F]));
		}
}
END_TEST

/* The order in which a first connection comes up, step by step. */
START_TEST(first_connection)
{
	struct world w;

	attached(&w);
	ck_assert_uint_eq(step_of(&w, B)->action, COPROC_DO_ADVERTISE);
	ck_assert(take(&w, B));
	ck_assert_uint_eq(step_of(&w, F)->action, COPROC_DO_RESET);
	ck_assert(take(&w, F));
	ck_assert_uint_eq(step_of(&w, F)->action, COPROC_DO_PUBLISH);
	ck_assert(take(&w, F));
	ck_assert_uint_eq(step_of(&w, B)->action, COPROC_DO_MAP);
	ck_assert(take(&w, B));
	ck_assert_uint_eq(step_of(&w, F)->action, COPROC_DO_READY);
	ck_assert(take(&w, F));
	ck_assert(is_rest(&w));
}
END_TEST

static void connected(struct world *w)
{
	attached(w);
	run_to_rest(w);
	ck_assert_uint_eq(w->mine[F], COPROC_STATE_CONNECTED);
}

/* A killed backend leaves its 4; its successor never maps in the frontend's 4. */
START_TEST(a_killed_backend_and_its_successor)
{
	struct world w;

	connected(&w);
	w.mine[B] = 0;
	w.fresh = 0;
	ck_assert_uint_eq(step_of(&w, B)->action, COPROC_DO_ADVERTISE);
	ck_assert(take(&w, B));
	ck_assert(!take(&w, B));
	ck_assert_uint_eq(step_of(&w, F)->action, COPROC_DO_LOST);
	ck_assert(take(&w, F));
	ck_assert_uint_eq(step_of(&w, F)->action, COPROC_DO_PUBLISH);
	run_to_rest(&w);
	ck_assert(w.fresh && w.mine[B] == COPROC_STATE_CONNECTED);
}
END_TEST

START_TEST(a_destroyed_guest_leaves_no_directory)
{
	struct world w;

	connected(&w);
	w.node[F] = COPROC_PEER_VANISHED;
	w.mine[F] = 0;
	ck_assert_uint_eq(step_of(&w, B)->action, COPROC_DO_TEARDOWN);
	ck_assert(take(&w, B));
	ck_assert_uint_eq(step_of(&w, B)->action, COPROC_DO_REMOVE);
	ck_assert(take(&w, B));
	ck_assert_uint_eq(w.node[B], COPROC_PEER_VANISHED);
}
END_TEST

START_TEST(detach_closes_both)
{
	struct world w;

	connected(&w);
	w.leaving[B] = 1;
	ck_assert_uint_eq(step_of(&w, B)->action, COPROC_DO_CLOSE);
	ck_assert(take(&w, B));
	ck_assert(!take(&w, B));
	ck_assert_uint_eq(step_of(&w, F)->action, COPROC_DO_CLOSE);
	run_to_rest(&w);
	ck_assert_uint_eq(w.node[B], COPROC_STATE_CLOSED);
	ck_assert_uint_eq(w.node[F], COPROC_STATE_CLOSED);
}
END_TEST

START_TEST(a_refusal_is_not_tried_again)
{
	struct world w;

	/* The backend refuses what the frontend wrote. */
	attached(&w);
	take(&w, B);
	take(&w, F);
	take(&w, F);
	ck_assert_uint_eq(step_of(&w, B)->action, COPROC_DO_MAP);
	w.mine[B] = w.node[B] = coproc_state_refusal(COPROC_DO_MAP);
	run_to_rest(&w);
	ck_assert_uint_eq(w.mine[B], COPROC_STATE_CLOSED);
	ck_assert_uint_eq(w.mine[F], COPROC_STATE_CLOSED);
	/* The frontend refuses what the backend advertises. */
	attached(&w);
	take(&w, B);
	take(&w, F);
	ck_assert_uint_eq(step_of(&w, F)->action, COPROC_DO_PUBLISH);
	w.mine[F] = w.node[F] = coproc_state_refusal(COPROC_DO_PUBLISH);
	run_to_rest(&w);
	ck_assert_uint_eq(w.mine[B], COPROC_STATE_CLOSED);
	ck_assert_uint_eq(w.mine[F], COPROC_STATE_CLOSED);
	/* What is wrong with the backend itself is not closed over and over. */
	ck_assert_uint_eq(coproc_state_refusal(COPROC_DO_ADVERTISE), COPROC_STATE_UNKNOWN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("walk");
	TCase *tc = tcase_create("walk");

	tcase_add_test(tc, no_order_of_steps_loops);
	tcase_add_test(tc, no_rest_is_a_dead_end);
	tcase_add_test(tc, a_start_of_either_side_connects);
	tcase_add_test(tc, first_connection);
	tcase_add_test(tc, a_killed_backend_and_its_successor);
	tcase_add_test(tc, a_destroyed_guest_leaves_no_directory);
	tcase_add_test(tc, detach_closes_both);
	tcase_add_test(tc, a_refusal_is_not_tried_again);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
