/* SPDX-License-Identifier: MIT */
/* The harness, seen through the engine that executes nothing. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engines/play.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"



static const struct play_options plain = { .domid = WORLD_DOMID };

enum { ENTRY_END, ENTRY_SPIN, ENTRY_COPY };

static void start(struct play *p)
{
	play_start(p, "coproc-engine-null", &plain);
	ck_assert_uint_eq(play_load_bytes(p, 3, "x", 1).status, XENCOPROC_OK);
	play_context(p, 7);
}

static void stop(struct play *p)
{
	int status = play_stop(p);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

static struct play_job job(uint32_t entry, uint64_t immediate)
{
	return (struct play_job){ .context = 7, .firmware = 3, .entry = entry,
				  .immediate = immediate };
}

START_TEST(says_hello)
{
	struct play p;

	start(&p);
	ck_assert_str_eq(p.hello.u.hello.kind, "null");
	ck_assert_uint_eq(p.hello.u.hello.kinds, 1u << XENCOPROC_FW_KIND_ELF);
	ck_assert_uint_eq(p.hello.seq, 0);
	ck_assert_uint_eq(play_ping(&p).outcome, WORKER_DONE);
	stop(&p);
}
END_TEST

START_TEST(runs_a_job)
{
	struct play_job j = job(ENTRY_END, 0x123456789abcdef0);
	struct worker_reply r;
	struct play p;

	start(&p);
	r = play_run(&p, &j);
	ck_assert_uint_eq(r.outcome, WORKER_DONE);
	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	ck_assert_uint_eq(r.result, j.immediate);
	stop(&p);
}
END_TEST

START_TEST(spins_as_long_as_told)
{
	struct play_job j = job(ENTRY_SPIN, 20000);
	struct play p;
	double t;

	start(&p);
	t = play_now_us();
	ck_assert_uint_eq(play_run(&p, &j).status, XENCOPROC_OK);
	/* Never less; how much more is the machine's business. */
	ck_assert(play_now_us() - t >= 20000);
	stop(&p);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("engine-harness");
	TCase *t = tcase_create("null");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, says_hello);
	tcase_add_test(t, runs_a_job);
	tcase_add_test(t, spins_as_long_as_told);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
