/* SPDX-License-Identifier: MIT */
/*
 * What guests of scenarios say: "ok - what" and "not ok - what", which the script
 * that starts them numbers.
 */
#ifndef TESTS_SCENARIO_VERDICT_H
#define TESTS_SCENARIO_VERDICT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/user/coproc.h"

static struct coproc_device *device;
static int bad;                 /* the program's exit status */

__attribute__((format(printf, 2, 3)))
static void check(int good, const char *format, ...)
{
	va_list args;

	fputs(good ? "ok - " : "not ok - ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	bad |= !good;
}

/* Without it nothing else makes sense: ends the program. */
static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	check(0, "%s: %s (%s)", what, strerror(-rc), device ? coproc_reason(device) : "");
	exit(1);
}

#endif /* TESTS_SCENARIO_VERDICT_H */
