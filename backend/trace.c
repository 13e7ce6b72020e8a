/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

struct trace {
	FILE *file;
	char path[];
};

struct trace *trace_open(const char *path)
{
	size_t room = strlen(path) + 1;
	struct trace *trace = malloc(sizeof(*trace) + room);

	if (!trace)
		return NULL;
	memcpy(trace->path, path, room);
	trace->file = fopen(path, "we");
	if (!trace->file) {
		free(trace);
		return NULL;
	}
	setvbuf(trace->file, NULL, _IOFBF, 1 << 16);
	return trace;
}

void trace_close(struct trace *trace)
{
	if (!trace)
		return;
	trace_flush(trace);
	if (trace->file)
		fclose(trace->file);
	free(trace);
}

/* The first failure ends the trace: half lines help nobody. */
static void trace_check(struct trace *trace)
{
	if (!ferror(trace->file))
		return;
	log_event(LOG_ERROR, "trace-lost", "path=%s error=\"%s\"", trace->path, strerror(errno));
	fclose(trace->file);
	trace->file = NULL;
}

void trace_event(struct trace *trace, uint64_t now_ns, const char *event, const char *format, ...)
{
	va_list args;

	if (!trace || !trace->file)
		return;
	fprintf(trace->file, "{\"t_us\":%" PRIu64 ".%03u,\"ev\":\"%s\",", now_ns / 1000,
		(unsigned int)(now_ns % 1000), event);
	va_start(args, format);
	vfprintf(trace->file, format, args);
	va_end(args);
	fputs("}\n", trace->file);
	trace_check(trace);
}

void trace_flush(struct trace *trace)
{
	if (!trace || !trace->file)
		return;
	fflush(trace->file);
	trace_check(trace);
}
