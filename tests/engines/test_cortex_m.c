/* SPDX-License-Identifier: MIT */
/* The Cortex-M engine: real firmware, its results and its ends. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/engines/cortex-m/firmware/coproc_fw.h"
#include "backend/engines/cortex-m/image.h"
#include "tests/engines/play.h"
#include "tests/engines/work.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"

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
	play_end(&p);
}

static struct worker_reply run(uint32_t context, uint32_t entry, uint64_t immediate)
{
	struct play_job j = { .context = context, .entry = entry, .immediate = immediate };
	struct worker_reply r = play_run(&p, &j);

	ck_assert_uint_eq(r.outcome, WORKER_DONE);
	return r;
}

START_TEST(state_stays_in_a_context)
{
	for (uint32_t i = 1; i <= 100; i++) {
		struct worker_reply r = run(0, WORK_COUNT, 0);

		ck_assert_uint_eq(r.status, XENCOPROC_OK);
		ck_assert_uint_eq(r.result, 0x123400000000ull + i);
	}
}
END_TEST

START_TEST(integers_are_exact)
{
	struct worker_reply r = run(0, WORK_CHAIN, 0xfeed00000000ull + 1000000);

	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	ck_assert_uint_eq(r.result, work_chain(0xfeed00000000ull + 1000000));
	printf("# chain of 10^6: %llu instructions\n", (unsigned long long)r.u.instructions);
}
END_TEST

START_TEST(floats_are_exact)
{
	struct worker_reply r = run(0, WORK_FLOATS, 5000);
	float a = 1.0f, b = 0.0f;
	uint32_t bits;

	/* The host rounds as the M4 does, if it does not fuse what that fuses. */
	for (uint32_t i = 1; i <= 5000; i++) {
		a = fmaf(a, 1.0001f, 0.5f / (float)i);
		b = sqrtf(fmaf(b, 0.25f, a * a));
	}
	a += b;
	memcpy(&bits, &a, sizeof(bits));
	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	ck_assert_uint_eq(r.result, bits);
}
END_TEST

static struct worker_reply on_buffers(uint32_t entry, uint64_t immediate, uint32_t from_offset,
				      uint32_t to_offset, uint32_t length)
{
	struct play_job j = { .entry = entry, .immediate = immediate, .operands = 2, .operand = {
		{ 10, XENCOPROC_ACCESS_READ, from_offset, length },
		{ 11, XENCOPROC_ACCESS_WRITE, to_offset, length } } };

	return play_run(&p, &j);
}

/* Buffers 10 and 11: the first and the second 256 pages of the domain. */
static void map_two(void)
{
	const uint32_t rw = XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE;

	ck_assert_uint_eq(play_map(&p, 10, rw, 256, world_own.writable).status, XENCOPROC_OK);
	ck_assert_uint_eq(play_map(&p, 11, rw, 256, world_own.writable + 256).status,
			  XENCOPROC_OK);
	memset(world_pages, 0, 512 * 4096);
}

START_TEST(words_are_scaled_in_place)
{
	uint32_t *from = (uint32_t *)world_pages, *to = (uint32_t *)(world_pages + 256 * 4096);
	const uint32_t words = 200000;

	map_two();
	for (uint32_t i = 0; i < words; i++)
		from[i + 1] = i * 2654435761u;
	ck_assert_uint_eq(on_buffers(WORK_SCALE, 7, 4, 8, words * 4).status, XENCOPROC_OK);
	for (uint32_t i = 0; i < words; i++)
		ck_assert_uint_eq(to[i + 2], i * 2654435761u * 7 + 1);
	ck_assert(to[0] == 0 && to[1] == 0 && to[words + 2] == 0);
	/* The firmware's own refusal, with its code. */
	ck_assert_uint_eq(run(0, WORK_SCALE, 7).result, 22);
	ck_assert_uint_eq(run(0, WORK_SCALE, 7).status, XENCOPROC_FAILED);
}
END_TEST

START_TEST(bytes_are_copied_exactly)
{
	uint8_t *from = world_pages, *to = world_pages + 256 * 4096;

	map_two();
	for (uint32_t i = 0; i < 256 * 4096; i++)
		from[i] = (uint8_t)(i * 31 + (i >> 8));
	for (uint32_t n = 0; n < 40; n++) {
		const uint32_t length = n * 997, a = n * 13 % 64, b = n * 29 % 64 + 64;

		memset(to, 0xee, length + 256);
		ck_assert_uint_eq(on_buffers(WORK_COPY, 0, a, b, length).status, XENCOPROC_OK);
		ck_assert(memcmp(to + b, from + a, length) == 0);
		ck_assert(to[b - 1] == 0xee && to[b + length] == 0xee);
	}
}
END_TEST

/* As many operands as there can be, of as many buffers; some empty. */
START_TEST(all_operands_arrive)
{
	struct play_job j = { .entry = WORK_FOLD, .immediate = 99, .operands = WORKER_OPERANDS_MAX };
	uint64_t h = 99;

	for (uint32_t i = 0; i < WORKER_OPERANDS_MAX; i++) {
		const uint32_t length = i % 7 ? i * 5 : 0;

		ck_assert_uint_eq(play_map(&p, i, XENCOPROC_ACCESS_READ, 3,
					   world_own.writable + i * 3).status, XENCOPROC_OK);
		j.operand[i] = (struct worker_operand){ i, XENCOPROC_ACCESS_READ, i + 4000, length };
		for (uint32_t k = 0; k < 3 * 4096; k++)
			world_pages[i * 3 * 4096 + k] = (uint8_t)(k + i);
		h = h * 31 + length + XENCOPROC_ACCESS_READ;
		for (uint32_t k = 0; k < length; k++)
			h = h * 131 + (uint8_t)(i + 4000 + k + i);
	}
	for (int again = 0; again < 2; again++) {
		struct worker_reply r = play_run(&p, &j);

		ck_assert_uint_eq(r.status, XENCOPROC_OK);
		ck_assert_uint_eq(r.result, h);
	}
}
END_TEST

/* Far more buffers than windows, so that old ones have to give way. */
START_TEST(windows_give_way)
{
	struct play_job j = { .entry = WORK_FOLD, .operands = 2 };

	for (uint32_t i = 0; i < 512; i++) {
		ck_assert_uint_eq(play_map(&p, i, XENCOPROC_ACCESS_READ, 1,
					   world_own.writable + i).status, XENCOPROC_OK);
		world_pages[i * 4096] = (uint8_t)(i * 7);
	}
	for (uint32_t round = 0; round < 1500; round++) {
		const uint32_t a = round % 512, b = round * 37 % 512;
		struct worker_reply r;

		j.operand[0] = (struct worker_operand){ a, XENCOPROC_ACCESS_READ, 0, 1 };
		j.operand[1] = (struct worker_operand){ b, XENCOPROC_ACCESS_READ, 0, 1 };
		r = play_run(&p, &j);
		ck_assert_uint_eq(r.status, XENCOPROC_OK);
		ck_assert_uint_eq(r.result, (2ull * 131 + (uint8_t)(a * 7)) * 31 * 131 +
				  2 * 131 + (uint8_t)(b * 7));
	}
}
END_TEST

START_TEST(refused_images_say_why)
{
	static const uint8_t junk[64] = "not an ELF file";
	struct worker_reply r = play_load_bytes(&p, 5, junk, sizeof(junk));

	ck_assert_uint_eq(r.status, XENCOPROC_BAD_IMAGE);
	ck_assert_uint_eq(r.result, IMAGE_MAGIC);
	/* The index stays free. */
	play_load(&p, 5, "work");
}
END_TEST

START_TEST(codes_of_the_firmware)
{
	struct worker_reply r = run(0, WORK_FAIL, 0xdeadbeef);

	ck_assert_uint_eq(r.status, XENCOPROC_FAILED);
	ck_assert_uint_eq(r.result, 0xdeadbeef);
	r = run(0, 4000, 0);
	ck_assert_uint_eq(r.status, XENCOPROC_FAILED);
	ck_assert_uint_eq(r.result, COPROC_FW_NO_ENTRY);
	/* FAILED keeps the context's state. */
	ck_assert_uint_eq(run(0, WORK_COUNT, 0).result, 0x123400000001);
	run(0, WORK_FAIL, 1);
	ck_assert_uint_eq(run(0, WORK_COUNT, 0).result, 0x123400000002);
}
END_TEST

START_TEST(lines_of_firmware_reach_the_log)
{
	char *text;
	size_t lines = 0;

	ck_assert_uint_eq(run(0, WORK_TALK, 5000).status, XENCOPROC_OK);
	text = play_log(&p);
	ck_assert_ptr_nonnull(strstr(text, "firmware of context 0: hello from the core\n"));
	/* Nothing that a terminal would obey. */
	ck_assert_ptr_nonnull(strstr(text, "?[2Jforged? line\n"));
	ck_assert_ptr_null(strchr(text, 27));
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	ck_assert_uint_lt(lines, 500);
	free(text);
}
END_TEST

/* Contexts by the dozen, again and again: each one's memory is its own. */
START_TEST(many_contexts)
{
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t c = 1; c <= 64; c++) {
			play_context(&p, c);
			for (uint32_t n = 1; n <= c % 3 + 1; n++)
				ck_assert_uint_eq(run(c, WORK_COUNT, 0).result, 0x123400000000 + n);
		}
		for (uint32_t c = 1; c <= 64; c++) {
			ck_assert_uint_eq(run(c, WORK_COUNT, 0).result, 0x123400000000 + c % 3 + 2);
			play_context_end(&p, c);
		}
	}
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
	tcase_add_test(t, floats_are_exact);
	tcase_add_test(t, words_are_scaled_in_place);
	tcase_add_test(t, bytes_are_copied_exactly);
	tcase_add_test(t, all_operands_arrive);
	tcase_add_test(t, windows_give_way);
	tcase_add_test(t, refused_images_say_why);
	tcase_add_test(t, codes_of_the_firmware);
	tcase_add_test(t, lines_of_firmware_reach_the_log);
	tcase_add_test(t, many_contexts);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
