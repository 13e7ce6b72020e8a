/* SPDX-License-Identifier: MIT */
/*
 * Stopping and continuing: whatever the slices, the results, the memories and
 * the numbers of instructions are those of an undisturbed run.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/engines/play.h"
#include "tests/engines/work.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"

enum { MIXED_CONDITIONAL, MIXED_FLOATING, MIXED_RECURSION, MIXED_SORTING, MIXED_SATURATING };

enum { FW_WORK, FW_MIXED };

static struct play p;
static uint8_t *banks[4];

static void setup(void)
{
	static const struct play_options options = { .domid = WORLD_DOMID };

	play_start(&p, "coproc-engine-cortex-m", &options);
	play_load(&p, FW_WORK, "work");
	play_load(&p, FW_MIXED, "mixed");
	for (uint32_t i = 0; i < 4; i++)
		banks[i] = play_context(&p, i);
}

static void teardown(void)
{
	play_end(&p);
}

static const struct {
	uint32_t firmware;
	uint32_t entry;
	uint64_t immediate;
} jobs[] = {
	{ FW_MIXED, MIXED_CONDITIONAL, 0x1234567800000010 },
	{ FW_MIXED, MIXED_FLOATING, 2000 },
	{ FW_MIXED, MIXED_RECURSION, 12 },
	{ FW_MIXED, MIXED_SORTING, 0 },
	{ FW_MIXED, MIXED_SATURATING, 3000 },
	{ FW_WORK, WORK_CHAIN, 0xabcdef00000bb8 },
	{ FW_WORK, WORK_FLOATS, 3000 },
};

static struct play_job job_of(size_t i, uint32_t context)
{
	return (struct play_job){ .context = context, .firmware = jobs[i].firmware,
				  .entry = jobs[i].entry, .immediate = jobs[i].immediate };
}

/* One step of a job: begin or go on, under PARK after @us microseconds. */
static struct worker_reply turn(const struct play_job *j, bool begin, unsigned int us)
{
	uint32_t seq;

	play_attention(&p, us ? 0 : WORKER_ATTENTION_PARK);
	seq = begin ? play_run_send(&p, j) : play_continue_send(&p, j->context);
	if (us) {
		double end = play_now_us() + us;

		while (play_now_us() < end)
			;
		play_attention(&p, WORKER_ATTENTION_PARK);
	}
	return play_await(&p, seq);
}

static void check_same(const struct worker_reply *a, const struct worker_reply *b)
{
	ck_assert_uint_eq(a->outcome, WORKER_DONE);
	ck_assert_uint_eq(a->status, XENCOPROC_OK);
	ck_assert_uint_eq(a->result, b->result);
	ck_assert_uint_eq(a->u.instructions, b->u.instructions);
}

/* Block by block: the finest slices that there are. */
START_TEST(every_block_a_slice)
{
	const size_t i = (size_t)_i;
	struct play_job whole = job_of(i, 0), sliced = job_of(i, 1);
	struct worker_reply want = play_run(&p, &whole), got;
	uint32_t slices = 1;

	ck_assert_uint_eq(want.status, XENCOPROC_OK);
	for (got = turn(&sliced, true, 0); got.outcome == WORKER_PARKED;
	     got = turn(&sliced, false, 0))
		slices++;
	check_same(&got, &want);
	ck_assert(memcmp(banks[0], banks[1], p.hello.u.hello.bank_bytes) == 0);
	printf("# job %zu: %u slices, %llu instructions\n", i, slices,
	       (unsigned long long)got.u.instructions);
	ck_assert_uint_gt(slices, 100);
}
END_TEST

/* Two contexts of different firmware, by turns, at places that chance picks. */
START_TEST(two_contexts_by_turns)
{
	struct play_job a = job_of(0, 0), b = job_of(5, 1), one = job_of(0, 2), two = job_of(5, 3);
	struct worker_reply want_a, want_b, got_a, got_b;
	uint32_t slices = 0;

	a.immediate = one.immediate = 0x77777777000003e8;
	b.immediate = two.immediate = 0x13579bdf000f4240;
	want_a = play_run(&p, &one);
	want_b = play_run(&p, &two);
	srand(1);
	got_a = turn(&a, true, 1);
	got_b = turn(&b, true, 1);
	while (got_a.outcome == WORKER_PARKED || got_b.outcome == WORKER_PARKED) {
		if (got_a.outcome == WORKER_PARKED)
			got_a = turn(&a, false, (unsigned int)rand() % 40);
		if (got_b.outcome == WORKER_PARKED)
			got_b = turn(&b, false, (unsigned int)rand() % 40);
		slices += 2;
	}
	check_same(&got_a, &want_a);
	check_same(&got_b, &want_b);
	printf("# %u slices\n", slices);
	ck_assert_uint_gt(slices, 200);
}
END_TEST

/* Commands served in mid-job, each of which has an own reply. */
START_TEST(service_during_a_job)
{
	struct play_job whole = job_of(5, 2), j = job_of(5, 0);
	struct worker_reply want, r;
	uint32_t job;

	whole.immediate = j.immediate = 0x2468000001312d00;
	want = play_run(&p, &whole);
	job = play_run_send(&p, &j);
	for (uint32_t i = 0; i < 2000; i++) {
		struct worker_command c = { .type = i % 2 ? WORKER_CTX_DESTROY : WORKER_PING };
		uint32_t seq;

		/* The context of the running job, which is not to be had. */
		c.u.ctx.context = 0;
		seq = play_send(&p, &c, -1);
		play_attention(&p, WORKER_ATTENTION_SERVICE);
		r = play_await(&p, seq);
		ck_assert_uint_eq(r.status, i % 2 ? XENCOPROC_IN_USE : XENCOPROC_OK);
		play_attention(&p, 0);
	}
	r = play_await(&p, job);
	check_same(&r, &want);
}
END_TEST

/* Objects come and go while another context's job runs. */
START_TEST(objects_during_a_job)
{
	struct play_job whole = job_of(5, 2), j = job_of(5, 0);
	struct worker_reply want, r;
	uint32_t job, rounds = 0;

	whole.immediate = j.immediate = 0x2468000002625a00;
	want = play_run(&p, &whole);
	job = play_run_send(&p, &j);
	play_attention(&p, WORKER_ATTENTION_SERVICE);
	for (; rounds < 3; rounds++) {
		play_context(&p, 9);
		play_load(&p, 9, "wild");
		ck_assert_uint_eq(play_map(&p, 9, 1, 4, world_own.readonly).status, XENCOPROC_OK);
		ck_assert_uint_eq(play_unmap(&p, 9).status, XENCOPROC_OK);
		play_unload(&p, 9);
		play_context_end(&p, 9);
	}
	play_attention(&p, 0);
	r = play_await(&p, job);
	check_same(&r, &want);
}
END_TEST

/* A context that runs another firmware than before begins anew. */
START_TEST(firmware_changes_in_one_context)
{
	for (uint32_t i = 0; i < 20; i++) {
		struct play_job count = { .context = 0, .firmware = FW_WORK, .entry = WORK_COUNT };
		struct play_job sort = job_of(3, 0);
		struct worker_reply r = play_run(&p, &count);

		ck_assert_uint_eq(r.result, 0x123400000001);
		r = play_run(&p, &count);
		ck_assert_uint_eq(r.result, 0x123400000002);
		r = play_run(&p, &sort);
		ck_assert_uint_eq(r.status, XENCOPROC_OK);
	}
}
END_TEST

START_TEST(an_endless_job_is_aborted)
{
	struct play_job j = { .entry = WORK_FOREVER }, count = { .entry = WORK_COUNT };
	struct worker_reply r;
	uint32_t seq;

	for (int i = 0; i < 20; i++) {
		ck_assert_uint_eq(play_run(&p, &count).result, 0x123400000001);
		seq = play_run_send(&p, &j);
		usleep(1000);
		play_attention(&p, WORKER_ATTENTION_ABORT);
		r = play_await(&p, seq);
		ck_assert_uint_eq(r.outcome, WORKER_ABORTED);
		ck_assert_uint_eq(r.flags, WORKER_REPLY_CONTEXT_RESET);
		play_attention(&p, 0);
		ck_assert(play_is_zero(banks[0], p.hello.u.hello.bank_bytes));
	}
}
END_TEST

START_TEST(a_parked_job_is_aborted)
{
	struct play_job j = { .entry = WORK_FOREVER }, count = { .entry = WORK_COUNT };
	struct worker_reply r;

	ck_assert_uint_eq(play_run(&p, &count).result, 0x123400000001);
	ck_assert_uint_eq(turn(&j, true, 50).outcome, WORKER_PARKED);
	play_attention(&p, 0);
	r = play_abort(&p, 0);
	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	ck_assert_uint_eq(r.flags, WORKER_REPLY_CONTEXT_RESET);
	ck_assert(play_is_zero(banks[0], p.hello.u.hello.bank_bytes));
	ck_assert_uint_eq(play_run(&p, &count).result, 0x123400000001);
}
END_TEST

START_TEST(stopped_and_continued_by_signals)
{
	struct play_job whole = job_of(5, 2), j = job_of(5, 0);
	struct worker_reply want, r;
	uint32_t seq;

	whole.immediate = j.immediate = 0x1111111100989680;
	want = play_run(&p, &whole);
	seq = play_run_send(&p, &j);
	for (int i = 0; i < 300; i++) {
		ck_assert_int_eq(kill(p.pid, SIGSTOP), 0);
		usleep((unsigned int)rand() % 100);
		ck_assert_int_eq(kill(p.pid, SIGCONT), 0);
		usleep((unsigned int)rand() % 100);
	}
	r = play_await(&p, seq);
	check_same(&r, &want);
	/* While idle, too. */
	kill(p.pid, SIGSTOP);
	usleep(1000);
	kill(p.pid, SIGCONT);
	ck_assert_uint_eq(play_ping(&p).outcome, WORKER_DONE);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("engine-cortex-m-slices");
	TCase *t = tcase_create("slices");

	tcase_set_timeout(t, 300);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, every_block_a_slice, 0, sizeof(jobs) / sizeof(jobs[0]));
	tcase_add_test(t, two_contexts_by_turns);
	tcase_add_test(t, service_during_a_job);
	tcase_add_test(t, objects_during_a_job);
	tcase_add_test(t, firmware_changes_in_one_context);
	tcase_add_test(t, an_endless_job_is_aborted);
	tcase_add_test(t, a_parked_job_is_aborted);
	tcase_add_test(t, stopped_and_continued_by_signals);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
