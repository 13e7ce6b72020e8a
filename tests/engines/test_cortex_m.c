/* SPDX-License-Identifier: MIT */
/* The Cortex-M engine: real firmware, its results and its ends. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engines/play.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"



enum { COUNT, SCALE, CHAIN, FLOATS, COPY, FOREVER, FAIL, TALK, FOLD };

static struct play p;
static uint8_t *bank;

static void setup(void)
{
	static const struct play_options options = { .domid = WORLD_DOMID };

	play_start(&p, "coproc-engine-cortex-m", &options);
	play_load(&p, 0, "work");
	bank = play_context(&p, 0);
}

static void teardown(void)
{
	int status = play_stop(&p);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

static struct worker_reply run(uint32_t context, uint32_t entry, uint64_t immediate)
{
	struct play_job j = { .context = context, .entry = entry, .immediate = immediate };
	struct worker_reply r = play_run(&p, &j);

	ck_assert_uint_eq(r.outcome, WORKER_DONE);
	return r;
}

static uint64_t chain(uint64_t immediate)
{
	uint32_t x = (uint32_t)(immediate >> 32), n = (uint32_t)immediate;

	for (uint32_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		if (x & 0x10000)
			x ^= 0x55;
		if (x & 0x20000)
			x = x << 3 | x >> 29;
	}
	return (uint64_t)n << 32 | x;
}

START_TEST(state_stays_in_a_context)
{
	for (uint32_t i = 1; i <= 100; i++) {
		struct worker_reply r = run(0, COUNT, 0);

		ck_assert_uint_eq(r.status, XENCOPROC_OK);
		ck_assert_uint_eq(r.result, 0x123400000000ull + i);
	}
}
END_TEST

START_TEST(integers_are_exact)
{
	struct worker_reply r = run(0, CHAIN, 0xfeed00000000ull + 1000000);

	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	ck_assert_uint_eq(r.result, chain(0xfeed00000000ull + 1000000));
	printf("# chain of 10^6: %llu instructions\n", (unsigned long long)r.u.instructions);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("engine-cortex-m");
	TCase *t = tcase_create("jobs");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, state_stays_in_a_context);
	tcase_add_test(t, integers_are_exact);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
