/* SPDX-License-Identifier: MIT */
/*
 * Turns coprocd's trace into the trace event format that Perfetto and Chrome's
 * tracing page open:
 *
 *	trace-perfetto TRACE OUTPUT.json [DOM=NAME]...
 *
 * One process for the core, whose one thread shows who has it; one process for
 * each domain with its jobs from acceptance to end; an arrow from a job's
 * acceptance to its first start; counters of shares and of waiting jobs.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "demo/story.h"

/* Process ids in the file: domains follow after the core. */
#define CORE_PID	1
#define DOM_PID(dom)	(1000 + (int)(dom))
#define JOBS_TID	1

#define SHARE_WINDOW_US	100000.0

struct output {
	FILE *file;
	size_t count;
	const struct story *story;
	const struct story_names *names;
};

/* Takes the reference. */
static void put(struct output *out, json_t *event)
{
	if (!event)
		err(1, "trace-perfetto");
	fputs(out->count++ ? ",\n" : "\n", out->file);
	json_dumpf(event, out->file, JSON_COMPACT | JSON_REAL_PRECISION(15));
	json_decref(event);
}

static void name_process(struct output *out, int pid, const char *name, int order)
{
	put(out, json_pack("{s:s,s:s,s:i,s:i,s:{s:s}}", "ph", "M", "name", "process_name",
			   "pid", pid, "tid", 0, "args", "name", name));
	put(out, json_pack("{s:s,s:s,s:i,s:i,s:{s:i}}", "ph", "M", "name", "process_sort_index",
			   "pid", pid, "tid", 0, "args", "sort_index", order));
}

static void name_tracks(struct output *out)
{
	const struct story *s = out->story;
	size_t i;

	name_process(out, CORE_PID, "coprocessor", 0);
	put(out, json_pack("{s:s,s:s,s:i,s:i,s:{s:s}}", "ph", "M", "name", "thread_name",
			   "pid", CORE_PID, "tid", JOBS_TID, "args", "name", "who has it"));
	for (i = 0; i < s->dom_count; i++) {
		char text[80];

		snprintf(text, sizeof(text), "domain %u: %s", (unsigned int)s->doms[i],
			 story_name(out->names, s->doms[i]));
		name_process(out, DOM_PID(s->doms[i]), text, (int)i + 1);
		put(out, json_pack("{s:s,s:s,s:i,s:i,s:{s:s}}", "ph", "M", "name", "thread_name",
				   "pid", DOM_PID(s->doms[i]), "tid", JOBS_TID, "args", "name",
				   "submissions"));
	}
}

static void job_title(const struct output *out, const struct told_job *j, char *to, size_t room)
{
	snprintf(to, room, "%s %llu", story_name(out->names, j->dom), (unsigned long long)j->id);
}

static void put_stretch(struct output *out, const struct stretch *r)
{
	static const char *const how[] = { [ENDED] = "ended", [PARKED] = "parked", [CUT] = "cut" };
	const struct told_job *j = &out->story->jobs[r->job];
	char title[64];

	job_title(out, j, title, sizeof(title));
	put(out, json_pack("{s:s,s:s,s:s,s:f,s:f,s:i,s:i,s:{s:i,s:s,s:i,s:s}}",
			   "ph", "X", "cat", "core", "name", title, "ts", r->begin,
			   "dur", r->end - r->begin, "pid", CORE_PID, "tid", JOBS_TID, "args",
			   "domain", (int)j->dom, "class", j->class, "context", (int)j->ctx,
			   "stretch", how[r->how]));
}

/* An arrow needs a slice at each end: a short one stands for the submission. */
static void put_flow(struct output *out, const struct told_job *j, uint32_t index)
{
	int pid = DOM_PID(j->dom);

	put(out, json_pack("{s:s,s:s,s:s,s:f,s:f,s:i,s:i}", "ph", "X", "cat", "job",
			   "name", "accept", "ts", j->accept, "dur", 1.0, "pid", pid,
			   "tid", JOBS_TID));
	if (j->start < 0)
		return;
	put(out, json_pack("{s:s,s:s,s:s,s:i,s:f,s:i,s:i}", "ph", "s", "cat", "job",
			   "name", "start", "id", (int)index, "ts", j->accept, "pid", pid,
			   "tid", JOBS_TID));
	put(out, json_pack("{s:s,s:s,s:s,s:s,s:i,s:f,s:i,s:i}", "ph", "f", "bp", "e", "cat", "job",
			   "name", "start", "id", (int)index, "ts", j->start, "pid", CORE_PID,
			   "tid", JOBS_TID));
}

/* A job's life, and in it how long it waited: they overlap, so asynchronous. */
static void put_job(struct output *out, const struct told_job *j, uint32_t index)
{
	double end = j->end >= 0 ? j->end : out->story->end;
	double start = j->start >= 0 ? j->start : end;
	int pid = DOM_PID(j->dom);
	char title[64];

	job_title(out, j, title, sizeof(title));
	put_flow(out, j, index);
	put(out, json_pack("{s:s,s:s,s:s,s:i,s:f,s:i,s:i,s:{s:s,s:s,s:i}}", "ph", "b", "cat", "job",
			   "name", title, "id", (int)index, "ts", j->accept, "pid", pid,
			   "tid", JOBS_TID, "args", "class", j->class,
			   "status", *j->status ? j->status : "not told", "parked", (int)j->parks));
	put(out, json_pack("{s:s,s:s,s:s,s:i,s:f,s:i,s:i}", "ph", "b", "cat", "job",
			   "name", "waits", "id", (int)index, "ts", j->accept, "pid", pid,
			   "tid", JOBS_TID));
	put(out, json_pack("{s:s,s:s,s:s,s:i,s:f,s:i,s:i}", "ph", "e", "cat", "job",
			   "name", "waits", "id", (int)index, "ts", start, "pid", pid,
			   "tid", JOBS_TID));
	put(out, json_pack("{s:s,s:s,s:s,s:i,s:f,s:i,s:i}", "ph", "e", "cat", "job",
			   "name", title, "id", (int)index, "ts", end, "pid", pid,
			   "tid", JOBS_TID));
}

static void put_mark(struct output *out, const struct mark *m)
{
	char title[80];

	if (m->kind == TRACE_SWITCH) {
		/* two calls: story_name() may use one buffer twice */
		int n = snprintf(title, sizeof(title), "switch %s",
				 story_name(out->names, m->from));

		snprintf(title + n, sizeof(title) - (size_t)n, " to %s",
			 story_name(out->names, m->to));
		put(out, json_pack("{s:s,s:s,s:s,s:s,s:f,s:i,s:i,s:{s:f}}", "ph", "i", "s", "t",
				   "cat", "switch", "name", title, "ts", m->t, "pid", CORE_PID,
				   "tid", JOBS_TID, "args", "us", m->us));
	} else if (m->kind == TRACE_SCRUB) {
		put(out, json_pack("{s:s,s:s,s:s,s:s,s:f,s:i,s:i,s:{s:f,s:I,s:I,s:I}}",
				   "ph", "i", "s", "p", "cat", "scrub", "name", "scrub",
				   "ts", m->t, "pid", DOM_PID(m->dom), "tid", JOBS_TID, "args",
				   "us", m->us, "bytes", (json_int_t)m->bytes,
				   "resident before", (json_int_t)m->resident,
				   "nonzero after", (json_int_t)m->nonzero));
	} else {
		snprintf(title, sizeof(title), "engine process: %s", m->what);
		put(out, json_pack("{s:s,s:s,s:s,s:s,s:f,s:i,s:i}", "ph", "i", "s", "p",
				   "cat", "worker", "name", title, "ts", m->t,
				   "pid", DOM_PID(m->dom), "tid", JOBS_TID));
	}
}

/* Percent of each window that each domain had. */
static void put_shares(struct output *out)
{
	const struct story *s = out->story;
	size_t d, window;

	for (window = 0; (double)window * SHARE_WINDOW_US < s->end; window++) {
		double from = (double)window * SHARE_WINDOW_US;
		json_t *shares = json_object();

		for (d = 0; d < s->dom_count; d++) {
			struct told_sum sum;

			if (story_sum(s, s->doms[d], from, from + SHARE_WINDOW_US, &sum))
				err(1, "trace-perfetto");
			json_object_set_new(shares, story_name(out->names, s->doms[d]),
					    json_real(100 * sum.busy_us / SHARE_WINDOW_US));
		}
		put(out, json_pack("{s:s,s:s,s:f,s:i,s:o}", "ph", "C", "name", "share, percent",
				   "ts", from, "pid", CORE_PID, "args", shares));
	}
}

struct change {
	double t;
	uint32_t dom;
	int by;
};

static int by_time(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return (x->t > y->t) - (x->t < y->t);
}

/* How many jobs of a domain were accepted and have not started. */
static void put_waiting(struct output *out)
{
	const struct story *s = out->story;
	struct change *changes = calloc(2 * s->job_count + 1, sizeof(*changes));
	int waiting[sizeof(s->doms) / sizeof(s->doms[0])] = { 0 };
	size_t i, d, n = 0;

	if (!changes)
		err(1, "trace-perfetto");
	for (i = 0; i < s->job_count; i++) {
		const struct told_job *j = &s->jobs[i];

		changes[n++] = (struct change){ j->accept, j->dom, 1 };
		if (j->start >= 0 || j->end >= 0)
			changes[n++] = (struct change){ j->start >= 0 ? j->start : j->end,
							j->dom, -1 };
	}
	qsort(changes, n, sizeof(*changes), by_time);
	for (i = 0; i < n; i++) {
		for (d = 0; s->doms[d] != changes[i].dom; d++)
			;
		waiting[d] += changes[i].by;
		put(out, json_pack("{s:s,s:s,s:f,s:i,s:{s:i}}", "ph", "C", "name", "jobs waiting",
				   "ts", changes[i].t, "pid", DOM_PID(changes[i].dom), "args",
				   "jobs", waiting[d]));
	}
	free(changes);
}

int main(int argc, char **argv)
{
	struct story_names names = { 0 };
	struct story story;
	struct output out = { .story = &story, .names = &names };
	size_t i;
	int a;

	for (a = 3; a < argc; a++)
		if (story_name_add(&names, argv[a]))
			argc = 0;
	if (argc < 3) {
		fputs("usage: trace-perfetto TRACE OUTPUT.json [DOM=NAME]...\n", stderr);
		return 2;
	}
	if (story_read(&story, argv[1]))
		return 1;
	out.file = fopen(argv[2], "w");
	if (!out.file)
		err(1, "cannot write %s", argv[2]);
	fputs("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[", out.file);
	name_tracks(&out);
	for (i = 0; i < story.stretch_count; i++)
		put_stretch(&out, &story.stretches[i]);
	for (i = 0; i < story.job_count; i++)
		put_job(&out, &story.jobs[i], (uint32_t)i + 1);
	for (i = 0; i < story.mark_count; i++)
		put_mark(&out, &story.marks[i]);
	put_shares(&out);
	put_waiting(&out);
	fputs("\n]}\n", out.file);
	if (ferror(out.file) | fclose(out.file))
		errx(1, "cannot write %s", argv[2]);
	story_free(&story);
	return 0;
}
