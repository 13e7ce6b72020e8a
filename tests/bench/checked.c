/* SPDX-License-Identifier: MIT */
#include "checked.h"

#include <check.h>
#include <stdio.h>

static void (*what)(void);

START_TEST(body_)
{
	what();
}
END_TEST

int bench_checked(void (*body)(void))
{
	Suite *suite = suite_create("bench");
	TCase *tc = tcase_create("bench");
	SRunner *runner;
	int failed;

	what = body;
	tcase_add_test(tc, body_);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	/* Standard output is for results. */
	if (failed) {
		fputs("bench: an assertion failed:\n", stderr);
		fflush(stdout);
		srunner_print(runner, CK_NORMAL);
	}
	srunner_free(runner);
	return failed != 0;
}
