/* SPDX-License-Identifier: MIT */
/*
 * Runs a libcheck suite so that it prints TAP on standard output, which is
 * what tests/run reads.
 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <check.h>
#include <stdlib.h>

/**
 * tap_main() - run one suite; consumes it
 * @suite: the suite, made with suite_create()
 *
 * Return: the exit status for main(): 0 when every test passed.
 */
static inline int tap_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif /* TESTS_UNIT_TAP_H */
