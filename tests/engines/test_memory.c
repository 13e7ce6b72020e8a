/* SPDX-License-Identifier: MIT */
/*
 * What a guest does over and over must not make its worker grow without bound.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/engines/cortex-m/result.h"
#include "tests/engines/play.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"

enum { FW_WORK, FW_WILD, FW_SPRAWL };
enum { WORK_COUNT = 0, WILD_LOAD = 0 };

static struct play p;

static void setup(void)
{
	static const struct play_options options = {
		.domid = WORLD_DOMID, .extra = { "--memory-limit", "268435456" } };

	play_start(&p, "coproc-engine-cortex-m", &options);
	play_load(&p, FW_WORK, "work");
	play_load(&p, FW_WILD, "wild");
	play_load(&p, FW_SPRAWL, "sprawl");
	play_context(&p, 0);
}

static void teardown(void)
{
	play_end(&p);
}

static long resident_kib(void)
{
	char path[64];
	long size, resident;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", p.pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f, "%ld %ld", &size, &resident), 2);
	fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static struct worker_reply run(uint32_t firmware, uint32_t entry, uint64_t immediate)
{
	struct play_job j = { .firmware = firmware, .entry = entry, .immediate = immediate };

	return play_run(&p, &j);
}

static void grown_by(const char *what, long before, uint32_t rounds, long most_kib)
{
	long grown = resident_kib() - before;

	printf("# %u times %s: %ld KiB more resident\n", rounds, what, grown);
	ck_assert_int_lt(grown, most_kib);
}

START_TEST(faults_and_resets)
{
	long before;

	for (int i = 0; i < 50; i++)
		run(FW_WILD, WILD_LOAD, 0x90000000);
	before = resident_kib();
	for (int i = 0; i < 3000; i++)
		ck_assert_uint_eq(run(FW_WILD, WILD_LOAD, 0x90000000).status, XENCOPROC_FAULT);
	grown_by("a fault", before, 3000, 1024);
}
END_TEST

START_TEST(contexts_come_and_go)
{
	long before;

	for (uint32_t i = 0; i < 20; i++) {
		play_context(&p, 1);
		play_context_end(&p, 1);
	}
	before = resident_kib();
	for (uint32_t i = 0; i < 1000; i++) {
		play_context(&p, 1);
		play_context_end(&p, 1);
	}
	grown_by("a context", before, 1000, 1024);
}
END_TEST

START_TEST(firmware_by_turns)
{
	long before;

	for (int i = 0; i < 20; i++) {
		run(FW_WORK, WORK_COUNT, 0);
		run(FW_WILD, WILD_LOAD, 0);
	}
	before = resident_kib();
	for (int i = 0; i < 2000; i++) {
		ck_assert_uint_eq(run(FW_WORK, WORK_COUNT, 0).result, 0x123400000001);
		ck_assert_uint_eq(run(FW_WILD, WILD_LOAD, 0).status, XENCOPROC_OK);
	}
	grown_by("another firmware", before, 4000, 48 * 1024);
}
END_TEST

START_TEST(buffers_come_and_go)
{
	struct play_job j = { .firmware = FW_WILD, .entry = WILD_LOAD, .operands = 1, .operand = {
		{ 0, XENCOPROC_ACCESS_READ, 0, 4 } } };
	long before = 0;

	for (int i = 0; i < 2100; i++) {
		if (i == 100)
			before = resident_kib();
		ck_assert_uint_eq(play_map(&p, 0, XENCOPROC_ACCESS_READ, 16,
					   world_own.writable).status, XENCOPROC_OK);
		ck_assert_uint_eq(play_run(&p, &j).status, XENCOPROC_OK);
		ck_assert_uint_eq(play_unmap(&p, 0).status, XENCOPROC_OK);
	}
	grown_by("a buffer", before, 2000, 1024);
}
END_TEST

/* Ever new code in ever new boots: what is left of old firmware does not pile up. */
START_TEST(translations_without_end)
{
	uint64_t half, whole;
	struct worker_reply r;
	long before = 0;

	/* So many instructions to a call, whatever the emulator does meanwhile. */
	run(FW_SPRAWL, 0, 1000);
	half = run(FW_SPRAWL, 0, 1000).u.instructions;
	whole = run(FW_SPRAWL, 0, 2000).u.instructions;
	for (int i = 0; i < 6; i++) {
		r = run(FW_SPRAWL, 0, 119000);
		ck_assert_uint_eq(r.status, XENCOPROC_OK);
		ck_assert_uint_eq(r.result, 119000);
		r = run(FW_SPRAWL, 0, 119000);
		ck_assert_uint_eq(r.u.instructions, half + 118 * (whole - half));
		/* The first ones find out how much of the heap is used in turns. */
		if (i == 2)
			before = resident_kib();
		/* Another firmware: the sprawling one's code is of no more use. */
		ck_assert_uint_eq(run(FW_WORK, WORK_COUNT, 0).result, 0x123400000001);
		if (i >= 2)
			ck_assert_int_lt(resident_kib(), before);
	}
	run(FW_SPRAWL, 0, 119000);
	grown_by("119000 new pieces of code", before, 4, 4 * 1024);
}
END_TEST

/* More in one job than the emulator may keep. */
START_TEST(too_many_translations_end_a_job)
{
	struct worker_reply r = run(FW_SPRAWL, 1, 0);

	ck_assert_uint_eq(r.status, XENCOPROC_FAILED);
	ck_assert_uint_eq(r.result, CORTEX_M_SPRAWLS);
	ck_assert_uint_eq(r.flags, WORKER_REPLY_CONTEXT_RESET);
	ck_assert_uint_eq(run(FW_SPRAWL, 0, 1000).result, 1000);
	ck_assert_uint_eq(run(FW_WORK, WORK_COUNT, 0).result, 0x123400000001);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("engine-cortex-m-memory");
	TCase *t = tcase_create("memory");

	tcase_set_timeout(t, 300);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, faults_and_resets);
	tcase_add_test(t, contexts_come_and_go);
	tcase_add_test(t, firmware_by_turns);
	tcase_add_test(t, buffers_come_and_go);
	tcase_add_test(t, translations_without_end);
	tcase_add_test(t, too_many_translations_end_a_job);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
#ifdef __SANITIZE_ADDRESS__
	puts("1..0 # SKIP the sanitizer keeps what was freed");
	return 0;
#endif
	return world_main(argc, argv, suite);
}
