/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BENCH_CHECKED_H
#define TESTS_BENCH_CHECKED_H

/* Runs @body where the assertions of tests' own code may be used: one that
 * fails ends it.  Return: main()'s. */
int bench_checked(void (*body)(void));

#endif /* TESTS_BENCH_CHECKED_H */
