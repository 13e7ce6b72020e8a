/* SPDX-License-Identifier: MIT */
#include "demo/trace.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const char *const names[] = {
	[TRACE_ACCEPT] = "accept",
	[TRACE_START] = "start",
	[TRACE_PARK] = "park",
	[TRACE_CONTINUE] = "continue",
	[TRACE_END] = "end",
	[TRACE_SWITCH] = "switch",
	[TRACE_SCRUB] = "scrub",
	[TRACE_WORKER] = "worker",
};

static enum trace_kind kind_of(const char *name)
{
	size_t i;

	for (i = 1; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return (enum trace_kind)i;
	return TRACE_OTHER;
}

static double number(json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void text(json_t *object, const char *key, char *to, size_t room)
{
	const char *from = json_string_value(json_object_get(object, key));

	snprintf(to, room, "%s", from ? from : "");
}

int trace_parse(const char *string, struct trace_line *line)
{
	json_t *o = json_loads(string, 0, NULL);
	const char *name = json_string_value(json_object_get(o, "ev"));
	int rc = -1;

	*line = (struct trace_line){ 0 };
	if (name && json_is_number(json_object_get(o, "t_us"))) {
		line->kind = kind_of(name);
		line->t_us = number(o, "t_us");
		line->dom = (uint32_t)number(o, "dom");
		line->dev = (uint32_t)number(o, "dev");
		line->queue = (uint32_t)number(o, "queue");
		line->ctx = (uint32_t)number(o, "ctx");
		line->job = (uint64_t)json_integer_value(json_object_get(o, "job"));
		line->us = number(o, "us");
		line->waited_us = number(o, "waited_us");
		line->from = (uint32_t)number(o, "from");
		line->to = (uint32_t)number(o, "to");
		line->bytes = (uint64_t)number(o, "bytes");
		line->resident = (uint64_t)number(o, "resident");
		line->nonzero = (uint64_t)number(o, "nonzero");
		text(o, "class", line->class, sizeof(line->class));
		text(o, "status", line->status, sizeof(line->status));
		text(o, "what", line->what, sizeof(line->what));
		rc = 0;
	}
	json_decref(o);
	return rc;
}

/* Another piece of the file behind what is there; how much came. */
static size_t more(struct trace_reader *r)
{
	size_t n;

	if (r->room - r->used < 4096) {
		char *bigger = realloc(r->text, r->room + 65536);

		if (!bigger)
			return 0;
		r->text = bigger;
		r->room += 65536;
	}
	clearerr(r->file);
	n = fread(r->text + r->used, 1, r->room - r->used - 1, r->file);
	r->used += n;
	return n;
}

int trace_next(struct trace_reader *r, struct trace_line *line)
{
	char *end;
	size_t length;
	int rc;

	while (!(end = r->used ? memchr(r->text, '\n', r->used) : NULL))
		if (!more(r))
			return 0;
	*end = '\0';
	rc = trace_parse(r->text, line);
	length = (size_t)(end - r->text) + 1;
	r->used -= length;
	memmove(r->text, end + 1, r->used);
	return rc ? -1 : 1;
}

void trace_reader_close(struct trace_reader *r)
{
	if (r->file)
		fclose(r->file);
	free(r->text);
	*r = (struct trace_reader){ 0 };
}
