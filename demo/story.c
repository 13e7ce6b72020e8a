/* SPDX-License-Identifier: MIT */
#include "demo/story.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one element more, zeroed; NULL when memory is short. */
static void *grow(void **array, size_t *count, size_t *room, size_t size)
{
	void *p;

	if (*count == *room) {
		size_t n = *room ? 2 * *room : 256;
		void *bigger = realloc(*array, n * size);

		if (!bigger)
			return NULL;
		*array = bigger;
		*room = n;
	}
	p = (char *)*array + (*count)++ * size;
	memset(p, 0, size);
	return p;
}

static int dom_seen(struct story *s, uint32_t dom)
{
	size_t i;

	for (i = 0; i < s->dom_count; i++)
		if (s->doms[i] == dom)
			return 0;
	if (s->dom_count == sizeof(s->doms) / sizeof(s->doms[0]))
		return -1;
	s->doms[s->dom_count++] = dom;
	return 0;
}

/* Jobs without an end are few: at most what the queues hold. */
static struct told_job *find(struct story *s, const struct trace_line *l, size_t *at)
{
	size_t i;

	for (i = s->open_count; i-- > 0;) {
		struct told_job *j = &s->jobs[s->open[i]];

		if (j->id == l->job && j->dom == l->dom && j->dev == l->dev &&
		    j->queue == l->queue) {
			*at = i;
			return j;
		}
	}
	return NULL;
}

static int accepted(struct story *s, const struct trace_line *l, double t)
{
	struct told_job *j;
	uint32_t *open;

	j = grow((void **)&s->jobs, &s->job_count, &s->job_room, sizeof(*j));
	open = grow((void **)&s->open, &s->open_count, &s->open_room, sizeof(*open));
	if (!j || !open)
		return -1;
	*open = (uint32_t)(s->job_count - 1);
	j->dom = l->dom;
	j->dev = l->dev;
	j->queue = l->queue;
	j->ctx = l->ctx;
	j->id = l->job;
	memcpy(j->class, l->class, sizeof(j->class));
	j->accept = t;
	j->start = j->end = -1;
	return 0;
}

static int runs(struct story *s, struct told_job *j, double t)
{
	struct stretch *r;

	if (j->running) {
		s->odd_lines++;
		return 0;
	}
	r = grow((void **)&s->stretches, &s->stretch_count, &s->stretch_room, sizeof(*r));
	if (!r)
		return -1;
	r->begin = t;
	r->end = -1;
	r->job = (uint32_t)(j - s->jobs);
	j->running = (int)s->stretch_count;
	if (j->start < 0)
		j->start = t;
	return 0;
}

static void stops(struct story *s, struct told_job *j, double t, int how)
{
	struct stretch *r;

	if (!j->running)
		return;
	r = &s->stretches[j->running - 1];
	r->end = t;
	r->how = how;
	j->running = 0;
}

static void ended(struct story *s, struct told_job *j, size_t at, const struct trace_line *l,
		  double t)
{
	stops(s, j, t, ENDED);
	j->end = t;
	j->ran_us = l->us;
	j->waited_us = l->waited_us;
	memcpy(j->status, l->status, sizeof(j->status));
	s->open[at] = s->open[--s->open_count];
}

static int job_line(struct story *s, const struct trace_line *l, double t)
{
	size_t at = 0;
	struct told_job *j;

	if (l->kind == TRACE_ACCEPT)
		return accepted(s, l, t);
	j = find(s, l, &at);
	if (!j) {
		s->odd_lines++;
		return 0;
	}
	switch (l->kind) {
	case TRACE_PARK:
		if (j->running)
			j->parks++;
		else
			s->odd_lines++;
		stops(s, j, t, PARKED);
		return 0;
	case TRACE_END:
		ended(s, j, at, l, t);
		return 0;
	default:
		return runs(s, j, t);
	}
}

/* With a domain's engine process, what it had on the core has ended. */
static void cut(struct story *s, uint32_t dom, uint32_t dev, double t)
{
	size_t i;

	for (i = 0; i < s->open_count; i++) {
		struct told_job *j = &s->jobs[s->open[i]];

		if (j->dom == dom && j->dev == dev)
			stops(s, j, t, CUT);
	}
}

static int marked(struct story *s, const struct trace_line *l, double t)
{
	struct mark *m = grow((void **)&s->marks, &s->mark_count, &s->mark_room, sizeof(*m));

	if (!m)
		return -1;
	m->kind = l->kind;
	m->t = t;
	m->dom = l->kind == TRACE_SWITCH ? l->to : l->dom;
	m->from = l->from;
	m->to = l->to;
	m->us = l->us;
	m->bytes = l->bytes;
	m->resident = l->resident;
	m->nonzero = l->nonzero;
	memcpy(m->what, l->what, sizeof(m->what));
	if (l->kind == TRACE_WORKER && !strcmp(l->what, "exit"))
		cut(s, l->dom, l->dev, t);
	return 0;
}

int story_add(struct story *s, const struct trace_line *l)
{
	double t;

	if (l->kind == TRACE_OTHER)
		return 0;
	if (!s->dom_count)
		s->origin = l->t_us;
	t = l->t_us - s->origin;
	if (t > s->end)
		s->end = t;
	if (l->kind != TRACE_SWITCH && dom_seen(s, l->dom))
		return -1;
	if (l->kind == TRACE_SWITCH || l->kind == TRACE_SCRUB || l->kind == TRACE_WORKER)
		return marked(s, l, t);
	return job_line(s, l, t);
}

void story_finish(struct story *s)
{
	size_t i;

	for (i = 0; i < s->open_count; i++)
		stops(s, &s->jobs[s->open[i]], s->end, CUT);
}

int story_read(struct story *s, const char *path)
{
	struct trace_reader reader = { .file = fopen(path, "r") };
	struct trace_line line;
	int rc, bad = 0;

	*s = (struct story){ 0 };
	if (!reader.file) {
		warn("cannot read %s", path);
		return -1;
	}
	while (!bad && (rc = trace_next(&reader, &line)) != 0) {
		if (rc < 0)
			s->bad_lines++;
		else
			bad = story_add(s, &line);
	}
	trace_reader_close(&reader);
	story_finish(s);
	if (bad)
		warnx("%s: more domains or lines than fit", path);
	return bad;
}

void story_free(struct story *s)
{
	free(s->stretches);
	free(s->jobs);
	free(s->marks);
	free(s->open);
	*s = (struct story){ 0 };
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nearest rank: the value that @percent of all do not exceed. */
static double percentile(const double *sorted, size_t n, double percent)
{
	size_t rank = (size_t)((double)n * percent / 100.0 + 0.999999);

	return n ? sorted[rank ? rank - 1 : 0] : 0;
}

static void sum_job(struct told_sum *sum, const struct told_job *j, double *waits, size_t *n)
{
	sum->jobs++;
	sum->parks += j->parks;
	if (j->end < 0)
		sum->unfinished++;
	else if (!strcmp(j->status, "ok"))
		sum->ok++;
	else if (!strcmp(j->status, "expired"))
		sum->late++;
	else
		sum->other++;
	if (j->start >= 0)
		waits[(*n)++] = j->end >= 0 ? j->waited_us : j->start - j->accept;
}

int story_sum(const struct story *s, uint32_t dom, double from, double to, struct told_sum *sum)
{
	double *waits = malloc((s->job_count + 1) * sizeof(*waits));
	size_t i, n = 0;

	*sum = (struct told_sum){ 0 };
	if (!waits)
		return -1;
	for (i = 0; i < s->job_count; i++)
		if (s->jobs[i].dom == dom && s->jobs[i].accept >= from && s->jobs[i].accept < to)
			sum_job(sum, &s->jobs[i], waits, &n);
	qsort(waits, n, sizeof(*waits), by_value);
	sum->wait_p50 = percentile(waits, n, 50);
	sum->wait_p99 = percentile(waits, n, 99);
	sum->wait_max = n ? waits[n - 1] : 0;
	free(waits);
	for (i = 0; i < s->stretch_count; i++) {
		const struct stretch *r = &s->stretches[i];
		double begin = r->begin > from ? r->begin : from, end = r->end < to ? r->end : to;

		if (s->jobs[r->job].dom == dom && end > begin)
			sum->busy_us += end - begin;
	}
	for (i = 0; i < s->mark_count; i++) {
		const struct mark *m = &s->marks[i];

		if (m->kind != TRACE_SWITCH || m->to != dom || m->t < from || m->t >= to)
			continue;
		sum->switches_to++;
		sum->switch_us += m->us;
		if (m->us > sum->switch_max)
			sum->switch_max = m->us;
	}
	return 0;
}

int story_name_add(struct story_names *names, const char *argument)
{
	char *end;
	unsigned long dom = strtoul(argument, &end, 10);

	if (end == argument || *end != '=' || !end[1] || names->count == STORY_NAMES_MAX)
		return -1;
	names->dom[names->count] = (uint32_t)dom;
	names->name[names->count++] = end + 1;
	return 0;
}

const char *story_name(const struct story_names *names, uint32_t dom)
{
	static char other[16];
	size_t i;

	for (i = 0; i < names->count; i++)
		if (names->dom[i] == dom)
			return names->name[i];
	snprintf(other, sizeof(other), "dom%u", (unsigned int)dom);
	return other;
}
