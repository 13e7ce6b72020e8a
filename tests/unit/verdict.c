/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "verdict.h"

int verdict;

void check(bool good, const char *format, ...)
{
	va_list args;

	fputs(good ? "ok - " : "not ok - ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	verdict |= !good;
}
