/* SPDX-License-Identifier: MIT */
/*
 * Turns coprocd's trace into one page to look at, which needs nothing else:
 *
 *	timeline TRACE OUTPUT.html [DOM=NAME]...
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "demo/story.h"

/* The page, with a place for the data and one for the table. */
__asm__(".section .rodata\n"
	"page_begin:\n"
	".incbin \"demo/timeline.html\"\n"
	"page_end:\n"
	".byte 0\n"
	".previous\n");
extern const char page_begin[], page_end[];

#define DATA_PLACE	"/*DATA*/null"
#define TABLE_PLACE	"<!--TABLE-->"

static int index_of(const struct story *s, uint32_t dom)
{
	size_t i;

	for (i = 0; i < s->dom_count && s->doms[i] != dom; i++)
		;
	return (int)i;
}

/* Takes the reference; ends the program when memory is short. */
static void add(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		err(1, "timeline");
}

static json_t *tell_doms(const struct story *s, const struct story_names *names)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < s->dom_count; i++)
		add(all, json_pack("[s,i]", story_name(names, s->doms[i]), (int)s->doms[i]));
	return all;
}

static json_t *tell_jobs(const struct story *s)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < s->job_count; i++) {
		const struct told_job *j = &s->jobs[i];

		add(all, json_pack("[i,I,s,f,f,f,f,f,i,s]", index_of(s, j->dom), (json_int_t)j->id,
				   j->class, j->accept, j->start, j->end, j->waited_us, j->ran_us,
				   (int)j->parks, j->status));
	}
	return all;
}

static json_t *tell_runs(const struct story *s)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < s->stretch_count; i++) {
		const struct stretch *r = &s->stretches[i];

		add(all, json_pack("[f,f,i,i]", r->begin, r->end, (int)r->job, (int)r->how));
	}
	return all;
}

static void describe(const struct story_names *names, const struct mark *m, char *to, size_t room)
{
	int n;

	switch (m->kind) {
	case TRACE_SWITCH:
		/* in two calls: story_name() may use one buffer twice */
		n = snprintf(to, room, "from %s", story_name(names, m->from));
		snprintf(to + n, room - (size_t)n, " to %s", story_name(names, m->to));
		break;
	case TRACE_SCRUB:
		snprintf(to, room, "%s: memory scrubbed\n%llu KiB, %llu KiB of them written to\n"
			 "%llu bytes not zero afterwards", story_name(names, m->dom),
			 (unsigned long long)m->bytes / 1024,
			 (unsigned long long)m->resident / 1024, (unsigned long long)m->nonzero);
		break;
	default:
		snprintf(to, room, "%s: engine process %s", story_name(names, m->dom),
			 strcmp(m->what, "exit") ? "ready" : "gone");
	}
}

static json_t *tell_marks(const struct story *s, const struct story_names *names)
{
	json_t *all = json_array();
	char text[256];
	size_t i;

	for (i = 0; i < s->mark_count; i++) {
		const struct mark *m = &s->marks[i];

		describe(names, m, text, sizeof(text));
		add(all, json_pack("[s,f,i,f,s]", m->kind == TRACE_SWITCH ? "switch" :
				   m->kind == TRACE_SCRUB ? "scrub" : m->what, m->t,
				   index_of(s, m->dom), m->us, text));
	}
	return all;
}

static void put_data(FILE *file, const struct story *s, const struct story_names *names)
{
	json_t *all = json_pack("{s:o,s:o,s:o,s:o,s:f}", "doms", tell_doms(s, names),
				"jobs", tell_jobs(s), "runs", tell_runs(s),
				"marks", tell_marks(s, names), "end", s->end > 0 ? s->end : 1.0);
	char *text = all ? json_dumps(all, JSON_COMPACT | JSON_ESCAPE_SLASH |
				      JSON_REAL_PRECISION(12)) : NULL;

	if (!text)
		err(1, "timeline");
	fputs(text, file);
	free(text);
	json_decref(all);
}

/* Names come from a command line and end up in a page. */
static void put_text(FILE *file, const char *text)
{
	for (; *text; text++) {
		if (strchr("<>&\"'", *text))
			fprintf(file, "&#%d;", *text);
		else
			fputc(*text, file);
	}
}

static void put_table(FILE *file, const struct story *s, const struct story_names *names)
{
	size_t i;

	fputs("<table><tr><th>guest<th>jobs<th>ok<th>late<th>paused<th>waits: p50<th>p99<th>max"
	      "<th>of the core<th>switches to it<th>each<th>longest</tr>\n", file);
	for (i = 0; i < s->dom_count; i++) {
		struct told_sum t;

		if (story_sum(s, s->doms[i], -1e18, 1e18, &t))
			err(1, "timeline");
		fputs("<tr><td>", file);
		put_text(file, story_name(names, s->doms[i]));
		fprintf(file, "<td>%zu<td>%zu<td>%zu<td>%zu<td>%.2f ms<td>%.2f ms<td>%.2f ms"
			"<td>%.1f %%<td>%zu<td>%.1f µs<td>%.1f µs</tr>\n",
			t.jobs, t.ok, t.late, t.parks, t.wait_p50 / 1e3, t.wait_p99 / 1e3,
			t.wait_max / 1e3, s->end > 0 ? 100 * t.busy_us / s->end : 0, t.switches_to,
			t.switches_to ? t.switch_us / (double)t.switches_to : 0, t.switch_max);
	}
	fputs("</table>\n", file);
}

static void put_page(FILE *file, const struct story *s, const struct story_names *names)
{
	const char *data = strstr(page_begin, DATA_PLACE);
	const char *table = strstr(page_begin, TABLE_PLACE);

	/* the page is built in, so the places are there, the table's first;
	 * whoever closes the file asks whether all was written */
	(void)fwrite(page_begin, (size_t)(table - page_begin), 1, file);
	put_table(file, s, names);
	table += strlen(TABLE_PLACE);
	(void)fwrite(table, (size_t)(data - table), 1, file);
	put_data(file, s, names);
	data += strlen(DATA_PLACE);
	(void)fwrite(data, (size_t)(page_end - data), 1, file);
}

int main(int argc, char **argv)
{
	struct story_names names = { 0 };
	struct story story;
	FILE *file;
	int a;

	for (a = 3; a < argc; a++)
		if (story_name_add(&names, argv[a]))
			argc = 0;
	if (argc < 3) {
		fputs("usage: timeline TRACE OUTPUT.html [DOM=NAME]...\n", stderr);
		return 2;
	}
	if (story_read(&story, argv[1]))
		return 1;
	file = fopen(argv[2], "w");
	if (!file)
		err(1, "cannot write %s", argv[2]);
	put_page(file, &story, &names);
	if (ferror(file) | fclose(file))
		errx(1, "cannot write %s", argv[2]);
	story_free(&story);
	return 0;
}
