/* SPDX-License-Identifier: MIT */
/* Budgets of time: what comes back, how much at most, what is owed. */
#include "backend/budget.h"
#include "tests/unit/tap.h"

static struct budget budget;

static void setup(void) { budget_init(&budget, 1000, 4000, 8, 5000); }

START_TEST(first)
{
	ck_assert_uint_eq(budget_wait(&budget, 5000), 0);
	budget_spend(&budget, 1000);
	ck_assert_uint_eq(budget_wait(&budget, 5000), 8);
}
END_TEST

START_TEST(owed)
{
	budget_spend(&budget, 3000);
	ck_assert_uint_eq(budget_wait(&budget, 5000), 2001 * 8);
	/* Not a moment earlier, and then at once. */
	ck_assert_uint_ne(budget_wait(&budget, 5000 + 2001 * 8 - 1), 0);
	ck_assert_uint_eq(budget_wait(&budget, 5000 + 2001 * 8), 0);
}
END_TEST

/* Looked at all the time, nothing of the time that passes is lost. */
START_TEST(often)
{
	budget_spend(&budget, 2000);
	for (uint64_t now = 5001; now < 5000 + 1001 * 8; now++)
		ck_assert_uint_ne(budget_wait(&budget, now), 0);
	ck_assert_uint_eq(budget_wait(&budget, 5000 + 1001 * 8), 0);
}
END_TEST

START_TEST(limit)
{
	ck_assert_uint_eq(budget_wait(&budget, UINT64_MAX / 2), 0);
	ck_assert_int_eq(budget.left_ns, 4000);
	budget_spend(&budget, 4000);
	ck_assert_uint_ne(budget_wait(&budget, UINT64_MAX / 2), 0);
}
END_TEST

/* A clock read earlier than the last look, by another path, gives nothing. */
START_TEST(back)
{
	budget_spend(&budget, 1000);
	ck_assert_uint_eq(budget_wait(&budget, 1), 8);
}
END_TEST

/* In the long run it is that part: spend whenever it may. */
START_TEST(share)
{
	uint64_t spent = 0;

	for (uint64_t now = 5000; now < 8005000; now += 10)
		if (!budget_wait(&budget, now)) {
			budget_spend(&budget, 700);
			spent += 700;
		}
	ck_assert_uint_ge(spent, 8000000 / 8 - 1000);
	ck_assert_uint_le(spent, 8000000 / 8 + 4000 + 700);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("budget");
	TCase *tcase = tcase_create("budget");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, first);
	tcase_add_test(tcase, owed);
	tcase_add_test(tcase, often);
	tcase_add_test(tcase, limit);
	tcase_add_test(tcase, back);
	tcase_add_test(tcase, share);
	suite_add_tcase(suite, tcase);
	return tap_main(suite);
}
