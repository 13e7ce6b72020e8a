/* SPDX-License-Identifier: MIT */
/*
 * What a guest of a scenario says: "ok - what" and "not ok - what".  It knows
 * neither its numbers nor their count: the script that starts it does.
 */
#ifndef TESTS_UNIT_VERDICT_H
#define TESTS_UNIT_VERDICT_H

#include <stdbool.h>

extern int verdict;                 /* the program's exit status: 1 after one that was not good */

/* One line, of printf's @format, at once on standard output. */
void check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif /* TESTS_UNIT_VERDICT_H */
