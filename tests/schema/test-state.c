// SPDX-License-Identifier: MIT
/*
 * The table of states, cell by cell: no pair without an answer, and what each
 * side does when it loses the other, wants to leave, or is kept waiting.
 */
#include <string.h>

#include "tests/unit/tap.h"
#include "xenstore-schema/state.h"

#define B COPROC_SIDE_BACKEND
#define F COPROC_SIDE_FRONTEND

START_TEST(every_cell_is_sound)
{
	unsigned int side, wish, mine, peer;

	for (side = 0; side < 2; side++)
		for (wish = 0; wish < 3; wish++)
			for (mine = 0; mine < COPROC_STATES; mine++)
				for (peer = 0; peer < COPROC_PEERS; peer++) {
					const struct coproc_step *step =
					    coproc_state_step(side, wish, mine, peer);

					ck_assert_ptr_nonnull(step);
					ck_assert_uint_lt(step->action, COPROC_ACTIONS);
					ck_assert_uint_lt(step->next, COPROC_STATES);
					ck_assert_uint_gt(strlen(step->why), 0);
					/* Waiting changes nothing. */
					if (step->action == COPROC_DO_NONE)
						ck_assert_uint_eq(step->next, mine);
					if (step->action == COPROC_DO_MAP)
						ck_assert_uint_eq(peer, COPROC_STATE_INITIALISED);
					if (step->action == COPROC_DO_READY)
						ck_assert_uint_eq(peer, COPROC_STATE_CONNECTED);
					if (step->action == COPROC_DO_PUBLISH)
						ck_assert_uint_eq(peer, COPROC_STATE_INIT_WAIT);
				}
}
END_TEST

START_TEST(what_is_no_state_counts_as_unknown)
{
	ck_assert_ptr_eq(coproc_state_step(B, COPROC_WISH_STAY, 99, 1),
			 coproc_state_step(B, COPROC_WISH_STAY, 0, 1));
	ck_assert_ptr_eq(coproc_state_step(F, COPROC_WISH_STAY, 4, 99),
			 coproc_state_step(F, COPROC_WISH_STAY, 4, 0));
	ck_assert_uint_eq(coproc_peer_parse("4", 1), 4);
	ck_assert_uint_eq(coproc_peer_parse("9", 1), COPROC_STATE_UNKNOWN);
	ck_assert_uint_eq(coproc_peer_parse("10", 2), COPROC_STATE_UNKNOWN);
	ck_assert_uint_eq(coproc_peer_parse("", 0), COPROC_STATE_UNKNOWN);
	ck_assert_uint_eq(coproc_peer_parse("4\n", 2), COPROC_STATE_UNKNOWN);
	ck_assert_uint_eq(coproc_peer_parse(NULL, 0), COPROC_PEER_VANISHED);
}
END_TEST

/* Each way in which a connected frontend loses its backend. */
START_TEST(each_way_of_losing_the_backend)
{
	static const unsigned char seen[] = {
	    COPROC_STATE_UNKNOWN,     COPROC_STATE_INITIALISING, COPROC_STATE_INIT_WAIT,
	    COPROC_STATE_INITIALISED, COPROC_STATE_CLOSED,	 COPROC_PEER_VANISHED,
	    COPROC_PEER_LATE,
	};
	size_t i;

	for (i = 0; i < sizeof(seen); i++) {
		const struct coproc_step *step;

		step = coproc_state_step(F, COPROC_WISH_STAY, COPROC_STATE_CONNECTED, seen[i]);
		ck_assert_uint_eq(step->action, COPROC_DO_LOST);
		ck_assert_uint_eq(step->next, COPROC_STATE_INITIALISING);
	}
	ck_assert_uint_eq(
	    coproc_state_step(F, COPROC_WISH_STAY, COPROC_STATE_CONNECTED, COPROC_STATE_CLOSING)
		->action,
	    COPROC_DO_CLOSE);
}
END_TEST

/* Each way in which a connected backend loses its frontend. */
START_TEST(each_way_of_losing_the_frontend)
{
	static const unsigned char seen[] = {
	    COPROC_STATE_UNKNOWN, COPROC_STATE_INITIALISING, COPROC_STATE_INIT_WAIT,
	    COPROC_STATE_CLOSING, COPROC_STATE_CLOSED,	     COPROC_PEER_VANISHED,
	};
	size_t i;
	unsigned int wish;

	for (wish = 0; wish < 2; wish++)
		for (i = 0; i < sizeof(seen); i++) {
			const struct coproc_step *step;

			step = coproc_state_step(B, wish, COPROC_STATE_CONNECTED, seen[i]);
			ck_assert_uint_eq(step->action, COPROC_DO_TEARDOWN);
			ck_assert_uint_eq(step->next, COPROC_STATE_CLOSED);
		}
}
END_TEST

/* A frontend that published keeps nothing for a backend that is not there. */
START_TEST(each_way_of_losing_a_backend_that_has_not_mapped)
{
	static const unsigned char seen[] = {
	    COPROC_STATE_UNKNOWN,
	    COPROC_STATE_INITIALISING,
	    COPROC_STATE_CLOSED,
	    COPROC_PEER_VANISHED,
	};
	size_t i;

	for (i = 0; i < sizeof(seen); i++) {
		ck_assert_uint_eq(
		    coproc_state_step(F, COPROC_WISH_STAY, COPROC_STATE_INITIALISED, seen[i])->next,
		    COPROC_STATE_INITIALISING);
		ck_assert_uint_eq(
		    coproc_state_step(F, COPROC_WISH_LEAVE, COPROC_STATE_INITIALISED, seen[i])
			->next,
		    COPROC_STATE_CLOSED);
	}
}
END_TEST

/* Whatever a side sees: who wants to leave moves, but where it waits for the
 * other to let go; and who starts and sees anybody moves. */
START_TEST(wishing_to_leave_or_starting_always_moves)
{
	unsigned int side, mine, peer;

	for (side = 0; side < 2; side++)
		for (mine = 0; mine < COPROC_STATES; mine++)
			for (peer = 0; peer < COPROC_PEERS; peer++) {
				if (mine == COPROC_STATE_CLOSING || mine == COPROC_STATE_CLOSED)
					continue;
				ck_assert_uint_ne(
				    coproc_state_step(side, COPROC_WISH_LEAVE, mine, peer)->next,
				    mine);
			}
	for (peer = COPROC_STATE_INITIALISING; peer < COPROC_STATES; peer++)
		ck_assert_uint_ne(
		    coproc_state_step(B, COPROC_WISH_STAY, COPROC_STATE_UNKNOWN, peer)->action,
		    COPROC_DO_NONE);
	for (peer = 0; peer < COPROC_PEERS; peer++)
		ck_assert_uint_eq(
		    coproc_state_step(F, COPROC_WISH_STAY, COPROC_STATE_UNKNOWN, peer)->action,
		    COPROC_DO_RESET);
}
END_TEST

/* Closing ends with any sign that the other holds nothing. */
START_TEST(a_closing_frontend_is_closed_by_any_sign)
{
	static const unsigned char seen[] = {
	    COPROC_STATE_UNKNOWN, COPROC_STATE_INITIALISING, COPROC_STATE_CLOSED,
	    COPROC_PEER_VANISHED, COPROC_PEER_LATE,
	};
	unsigned int wish;
	size_t i;

	for (wish = 0; wish < 2; wish++)
		for (i = 0; i < sizeof(seen); i++)
			ck_assert_uint_eq(
			    coproc_state_step(F, wish, COPROC_STATE_CLOSING, seen[i])->next,
			    COPROC_STATE_CLOSED);
}
END_TEST

/* No peer holds the other for ever: each waiting state has its deadline. */
START_TEST(a_silent_peer_cannot_hold_a_closing_side)
{
	unsigned int wish;

	for (wish = 0; wish < 2; wish++) {
		ck_assert_uint_eq(
		    coproc_state_step(B, wish, COPROC_STATE_CLOSING, COPROC_PEER_LATE)->next,
		    COPROC_STATE_CLOSED);
		ck_assert_uint_eq(
		    coproc_state_step(F, wish, COPROC_STATE_CLOSING, COPROC_PEER_LATE)->next,
		    COPROC_STATE_CLOSED);
	}
	ck_assert_uint_eq(
	    coproc_state_step(F, COPROC_WISH_LEAVE, COPROC_STATE_CLOSED, COPROC_STATE_CONNECTED)
		->action,
	    COPROC_DO_FORGET);
}
END_TEST

START_TEST(an_own_directory_that_vanished_ends_it)
{
	unsigned int mine, peer;

	for (mine = 0; mine < COPROC_STATES; mine++)
		for (peer = 0; peer < COPROC_PEERS; peer++) {
			ck_assert_uint_eq(
			    coproc_state_step(B, COPROC_WISH_GONE, mine, peer)->action,
			    COPROC_DO_FORGET);
			ck_assert_uint_eq(
			    coproc_state_step(F, COPROC_WISH_GONE, mine, peer)->action,
			    COPROC_DO_FORGET);
		}
}
END_TEST

START_TEST(names_are_never_null)
{
	unsigned int i;

	for (i = 0; i < 300; i++) {
		ck_assert_ptr_nonnull(coproc_state_name(i));
		ck_assert_ptr_nonnull(coproc_action_name(i));
	}
	ck_assert_str_eq(coproc_state_name(COPROC_STATE_INIT_WAIT), "InitWait");
	ck_assert_str_eq(coproc_action_name(COPROC_DO_FORGET), "FORGET");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *tc = tcase_create("state");

	tcase_add_test(tc, every_cell_is_sound);
	tcase_add_test(tc, what_is_no_state_counts_as_unknown);
	tcase_add_test(tc, each_way_of_losing_the_backend);
	tcase_add_test(tc, each_way_of_losing_the_frontend);
	tcase_add_test(tc, each_way_of_losing_a_backend_that_has_not_mapped);
	tcase_add_test(tc, wishing_to_leave_or_starting_always_moves);
	tcase_add_test(tc, a_closing_frontend_is_closed_by_any_sign);
	tcase_add_test(tc, a_silent_peer_cannot_hold_a_closing_side);
	tcase_add_test(tc, an_own_directory_that_vanished_ends_it);
	tcase_add_test(tc, names_are_never_null);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
