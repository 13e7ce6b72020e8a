/* SPDX-License-Identifier: MIT */
/*
 * A job handed ahead: begun without asking when the one before it has ended
 * by itself, given back untouched when that one was put aside, ended by force,
 * or when it is recalled; and never hit by what was meant for that one.
 */
#include <unistd.h>

#include "tests/engines/play.h"
#include "tests/engines/work.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"

enum { WILD_LOAD, WILD_STORE };

#define WHOM(seq)       ((seq) << WORKER_ATTENTION_SHIFT)

static struct play p;
static uint8_t *bank;

static void setup(void)
{
	static const struct play_options options = { .domid = WORLD_DOMID };

	play_start(&p, "coproc-engine-cortex-m", &options);
	play_load(&p, 0, "work");
	play_load(&p, 1, "wild");
	bank = play_context(&p, 0);
	play_context(&p, 1);
}

static void teardown(void)
{
	play_end(&p);
}

static uint32_t ahead(uint32_t entry, uint32_t context, uint32_t after)
{
	const struct play_job j = { .entry = entry, .context = context, .after = after,
				    .immediate = 100000 };

	return play_run_send(&p, &j);
}

static uint32_t begin(uint32_t entry)
{
	return ahead(entry, 0, 0);
}

static uint32_t send_recall(void)
{
	struct worker_command c = { .type = WORKER_RECALL };

	return play_send(&p, &c, -1);
}

/* Sent while the first runs; 200 times, so that it also comes after its end. */
START_TEST(begins_when_the_first_has_ended)
{
	for (unsigned int i = 0; i < 200; i++) {
		uint32_t a = begin(i % 2 ? WORK_CHAIN : WORK_COUNT), b;

		usleep(i % 10 * 20);
		b = ahead(WORK_COUNT, 0, a);
		ck_assert_uint_eq(play_await(&p, a).outcome, WORKER_DONE);
		ck_assert_uint_eq(play_await(&p, b).outcome, WORKER_DONE);
	}
	ck_assert_uint_eq(play_await(&p, begin(WORK_COUNT)).result & 0xffffffff, 301);
}
END_TEST

/* Each taken from the socket while the one before it runs, so that none is left
 * there that would wake the worker. */
START_TEST(one_after_the_other_without_a_word)
{
	uint32_t a = begin(WORK_CHAIN), b;

	play_attention(&p, WORKER_ATTENTION_SERVICE);
	for (unsigned int i = 0; i < 5; i++) {
		b = ahead(WORK_CHAIN, 0, a);
		ck_assert_uint_eq(play_await(&p, a).outcome, WORKER_DONE);
		a = b;
	}
	ck_assert_uint_eq(play_await(&p, a).outcome, WORKER_DONE);
	play_attention(&p, 0);
}
END_TEST

static void check_returned(uint32_t seq)
{
	ck_assert_uint_eq(play_await(&p, seq).outcome, WORKER_RETURNED);
}

START_TEST(returned_when_the_first_is_parked)
{
	uint32_t a = begin(WORK_FOREVER), b = ahead(WORK_COUNT, _i ? 1 : 0, a);

	usleep(1000);
	play_attention(&p, WORKER_ATTENTION_PARK | WHOM(a));
	ck_assert_uint_eq(play_await(&p, a).outcome, WORKER_PARKED);
	check_returned(b);
	play_attention(&p, 0);
	/* It had no effect: this is the first to count in its context. */
	ck_assert_uint_eq(play_await(&p, ahead(WORK_COUNT, 1, 0)).result & 0xffffffff, 1);
	ck_assert_uint_eq(play_abort(&p, 0).status, XENCOPROC_OK);
}
END_TEST

START_TEST(returned_when_the_first_is_aborted)
{
	uint32_t a = begin(WORK_FOREVER), b, late;

	usleep(1000);
	/* One that is held by the worker, one that is still in the socket. */
	b = ahead(WORK_COUNT, 0, a);
	play_attention(&p, WORKER_ATTENTION_SERVICE);
	usleep(1000);
	play_attention(&p, WORKER_ATTENTION_ABORT | WHOM(a));
	ck_assert_uint_eq(play_await(&p, a).outcome, WORKER_ABORTED);
	check_returned(b);
	play_attention(&p, 0);
	late = ahead(WORK_COUNT, 0, a);
	check_returned(late);
	ck_assert_uint_eq(play_await(&p, begin(WORK_COUNT)).result & 0xffffffff, 1);
}
END_TEST

START_TEST(returned_when_recalled)
{
	uint32_t a = begin(WORK_FOREVER), b = ahead(WORK_COUNT, 0, a), recall = send_recall();

	play_attention(&p, WORKER_ATTENTION_SERVICE);
	check_returned(b);
	ck_assert_uint_eq(play_await(&p, recall).outcome, WORKER_DONE);
	/* The first goes on, and another may be handed ahead of nothing. */
	b = ahead(WORK_COUNT, 0, a);
	play_attention(&p, WORKER_ATTENTION_ABORT | WHOM(a));
	ck_assert_uint_eq(play_await(&p, a).outcome, WORKER_ABORTED);
	check_returned(b);
	play_attention(&p, 0);
	/* Nothing to recall: answered all the same. */
	recall = send_recall();
	ck_assert_uint_eq(play_await(&p, recall).outcome, WORKER_DONE);
}
END_TEST

/* coprocd asked for the end of the first, which had ended by itself already. */
START_TEST(is_not_hit_by_what_was_meant_for_the_first)
{
	const uint32_t bits[] = { WORKER_ATTENTION_ABORT, WORKER_ATTENTION_PARK };
	uint32_t a = begin(WORK_COUNT), b = ahead(WORK_CHAIN, 0, a);
	struct worker_reply r;

	play_attention(&p, bits[_i] | WHOM(a));
	r = play_await(&p, a);
	if (r.outcome != WORKER_DONE) {
		/* The bits came first, this time. */
		check_returned(b);
		play_attention(&p, 0);
		if (r.outcome == WORKER_PARKED)
			play_abort(&p, 0);
		b = begin(WORK_CHAIN);
		play_attention(&p, bits[_i] | WHOM(a));
	}
	ck_assert_uint_eq(play_await(&p, b).outcome, WORKER_DONE);
	play_attention(&p, 0);
}
END_TEST

/* A fault of the first resets the context; the second begins in a new one. */
START_TEST(begins_anew_after_a_fault)
{
	struct play_job wild = { .firmware = 1, .entry = WILD_STORE, .immediate = 0xf0000000 };
	struct worker_reply r;
	uint32_t a, b;

	ck_assert_uint_eq(play_await(&p, begin(WORK_COUNT)).result & 0xffffffff, 1);
	a = play_run_send(&p, &wild);
	b = ahead(WORK_COUNT, 0, a);
	r = play_await(&p, a);
	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	ck_assert_uint_eq(r.flags, WORKER_REPLY_CONTEXT_RESET);
	ck_assert_uint_eq(play_await(&p, b).result & 0xffffffff, 1);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("engine-ahead");
	TCase *t = tcase_create("ahead");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, begins_when_the_first_has_ended);
	tcase_add_test(t, one_after_the_other_without_a_word);
	tcase_add_loop_test(t, returned_when_the_first_is_parked, 0, 2);
	tcase_add_test(t, returned_when_the_first_is_aborted);
	tcase_add_test(t, returned_when_recalled);
	tcase_add_loop_test(t, is_not_hit_by_what_was_meant_for_the_first, 0, 2);
	tcase_add_test(t, begins_anew_after_a_fault);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
