/* SPDX-License-Identifier: MIT */
/* Operand windows where address space is short: one job's buffers that do not
 * fit together are told so, and those of earlier jobs give way. */
#include <sys/mman.h>
#include <unicorn/unicorn.h>

#include "backend/engines/cortex-m/window.h"
#include "tests/unit/tap.h"

#define BYTES   (512ul << 20)   /* four of them are all there is */
#define SPACE   (COPROC_FW_WINDOW_END - COPROC_FW_WINDOW_BASE)

static uc_engine *uc;
static struct window_set set;
static void *memory;

static void setup(void)
{
	ck_assert_int_eq(uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &uc), UC_ERR_OK);
	/* Never touched: only where it is counts. */
	memory = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(memory, MAP_FAILED);
	set = (struct window_set){ 0 };
	window_begin(&set);
}

static void teardown(void)
{
	window_drop_all(&set, uc);
	uc_close(uc);
	munmap(memory, BYTES);
}

static enum window_status find(uint32_t buffer, size_t bytes, uint32_t *address)
{
	const struct engine_operand operand = {
		.base = memory, .pages = bytes / XENCOPROC_PAGE_SIZE, .buffer = buffer,
		.access = XENCOPROC_ACCESS_READ, .offset = 64, .length = 4,
	};

	return window_find(&set, uc, &operand, address);
}

START_TEST(buffers_of_one_job_that_do_not_fit)
{
	uint32_t address, places[4];

	ck_assert_uint_eq(SPACE / BYTES, 4);
	for (uint32_t i = 0; i < 4; i++) {
		enum window_status status = find(i, BYTES, &places[i]);

		/* The first place is kept free of operands, while there is room. */
		ck_assert_int_eq(status, i < 3 ? WINDOW_OK : WINDOW_NO_ROOM);
		if (status == WINDOW_OK) {
			ck_assert_uint_ge(places[i], COPROC_FW_WINDOW_BASE + 64);
			ck_assert_uint_le(places[i] - 64, COPROC_FW_WINDOW_END - BYTES);
		}
	}
	/* Nothing of it in a later job: all give way. */
	window_begin(&set);
	for (uint32_t i = 10; i < 13; i++)
		ck_assert_int_eq(find(i, BYTES, &address), WINDOW_OK);
	ck_assert_int_eq(find(13, SPACE, &address), WINDOW_NO_ROOM);
	/* What is larger than all address space never fits. */
	window_begin(&set);
	ck_assert_int_eq(find(14, (size_t)SPACE + XENCOPROC_PAGE_SIZE, &address), WINDOW_NO_ROOM);
}
END_TEST

/* Known ones are found again where they were; those of an earlier job are the
 * first to go. */
START_TEST(the_oldest_gives_way)
{
	uint32_t first, again, other;

	ck_assert_int_eq(find(1, BYTES, &first), WINDOW_OK);
	window_begin(&set);
	ck_assert_int_eq(find(2, BYTES, &other), WINDOW_OK);
	ck_assert_int_eq(find(3, BYTES, &other), WINDOW_OK);
	ck_assert_int_eq(find(2, BYTES, &again), WINDOW_OK);
	ck_assert_int_eq(find(4, BYTES, &again), WINDOW_OK);
	ck_assert_uint_eq(again, first);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("engine-cortex-m-window");
	TCase *t = tcase_create("window");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, buffers_of_one_job_that_do_not_fit);
	tcase_add_test(t, the_oldest_gives_way);
	suite_add_tcase(suite, t);
	return tap_main(suite);
}
