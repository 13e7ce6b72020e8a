/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = { "error", "warn", "info", "debug" };
static enum log_level threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
	threshold = level;
}

int log_level_parse(const char *text)
{
	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++)
		if (!strcmp(text, names[i]))
			return i;
	return -1;
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
	char line[1024];
	struct timespec now;
	struct tm utc;
	size_t used;
	va_list args;

	if (level > threshold)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	used = strftime(line, sizeof(line), "time=%Y-%m-%dT%H:%M:%S", &utc);
	used += (size_t)snprintf(line + used, sizeof(line) - used, ".%06ldZ level=%s event=%s ",
				 now.tv_nsec / 1000, names[level], event);
	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	used = strlen(line);
	line[used++] = '\n';
	/* One write, so that lines of several processes do not mix.  A log that
	 * cannot be written (disk full) must not stop the device. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}

const char *log_quote(char *to, size_t size, const char *text, size_t length)
{
	size_t used = 0;

	if (size < 8)
		return "";
	to[used++] = '"';
	for (size_t i = 0; i < length && used + 4 < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			to[used++] = '\\';
		to[used++] = (char)(c < 0x20 || c >= 0x7f ? '?' : c);
	}
	to[used++] = '"';
	to[used] = '\0';
	return to;
}

const char *log_text(const char *text)
{
	/* Four for each of the two threads that log, at least. */
	static char room[16][512];
	static unsigned int next;
	unsigned int mine = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) % 16;

	return log_quote(room[mine], sizeof(room[0]), text, strlen(text));
}
