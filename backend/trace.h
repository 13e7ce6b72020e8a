/* SPDX-License-Identifier: MIT */
/*
 * The trace: what happened to each job and when, one JSON object a line.
 * Buffered, written when the loop is idle; a full disk ends the trace with a
 * word in the log and stops nothing else.
 */
#ifndef COPROC_BACKEND_TRACE_H
#define COPROC_BACKEND_TRACE_H

#include <stdint.h>

struct trace;

/* Return: the trace, or NULL with errno. */
struct trace *trace_open(const char *path);
void trace_close(struct trace *trace);          /* NULL is fine */

/**
 * trace_event() - one line; nothing if @trace is NULL
 * @event: "start", "end", ...
 * @format: members after t_us and ev, JSON already: "\"dom\":%u,\"us\":%u"
 */
void trace_event(struct trace *trace, uint64_t now_ns, const char *event, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Hand what is buffered to the kernel. */
void trace_flush(struct trace *trace);

#endif /* COPROC_BACKEND_TRACE_H */
