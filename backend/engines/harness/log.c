/* SPDX-License-Identifier: MIT */
/* The log: whole lines on standard error, few enough and harmless to read. */
#include "backend/engines/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* A guest can cause lines at will: this many at once, then this many a second. */
#define LOG_BURST       64u
#define LOG_RATE        16u

static struct {
	uint32_t left;
	uint64_t refilled;      /* seconds */
	uint64_t dropped;
	bool started;
} bucket;

static bool may_log(void)
{
	struct timespec now;
	uint64_t s, gain;

	clock_gettime(CLOCK_MONOTONIC, &now);
	s = (uint64_t)now.tv_sec;
	if (!bucket.started) {
		bucket.started = true;
		bucket.left = LOG_BURST;
		bucket.refilled = s;
	}
	gain = (s - bucket.refilled) * LOG_RATE;
	bucket.refilled = s;
	bucket.left = bucket.left + gain > LOG_BURST ? LOG_BURST : (uint32_t)(bucket.left + gain);
	if (bucket.left == 0) {
		bucket.dropped++;
		return false;
	}
	bucket.left--;
	return true;
}

static void put_line(char *line, int length, size_t room)
{
	size_t n = length < 0 ? 0 : (size_t)length >= room ? room - 1 : (size_t)length;

	for (size_t i = 0; i < n; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			line[i] = '?';
	line[n++] = '\n';
	/* Nobody to tell when the log cannot be written. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

void engine_log(const char *format, ...)
{
	char line[256];
	va_list args;

	if (!may_log())
		return;
	if (bucket.dropped) {
		int n = snprintf(line, sizeof(line), "(%llu lines left out)",
				 (unsigned long long)bucket.dropped);

		bucket.dropped = 0;
		put_line(line, n, sizeof(line));
	}
	va_start(args, format);
	put_line(line, vsnprintf(line, sizeof(line), format, args), sizeof(line));
	va_end(args);
}
