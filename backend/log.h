/* SPDX-License-Identifier: MIT */
/*
 * The log: one line an event, key=value pairs (logfmt), on standard error,
 * where journald or a file takes it.
 */
#ifndef COPROC_BACKEND_LOG_H
#define COPROC_BACKEND_LOG_H

#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* What is less important than this is not written. */
void log_set_level(enum log_level level);

/* "error", "warn", "info", "debug"; -1 for anything else. */
int log_level_parse(const char *text);

/**
 * log_event() - write one line
 * @event: a word, the same for the same kind of thing: people filter by it
 * @format: "dom=%u bytes=%zu": pairs; text from outside goes through log_quote()
 */
void log_event(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * log_quote() - text from outside, made safe for a log line
 * @to: room for @size bytes; longer text is cut
 *
 * Return: @to, a quoted string without control characters, quotes escaped.
 */
const char *log_quote(char *to, size_t size, const char *text, size_t length);

/**
 * log_text() - log_quote() for the argument of a log_event()
 *
 * Return: the quoted text; good until four more calls of this thread, and shortened if
 * it is very long.
 */
const char *log_text(const char *text);

#endif /* COPROC_BACKEND_LOG_H */
