/* SPDX-License-Identifier: MIT */
/*
 * The demo's figures, and whether they are right:
 *
 *	report TRACE COPROCD.LOG VICTIM-DOM DOM=NAME...
 *
 * Exit status 0 only if the trace is whole and consistent, the victim's job
 * was cut short, its engine process has gone, its memory was scrubbed and read
 * as zero, and nobody ran in its place before that.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/story.h"

static void table(const struct story *s, const struct story_names *names)
{
	size_t i;

	printf("\n%-8s %6s %6s %6s %6s   %8s %8s %8s   %7s  %8s  %s\n", "guest", "jobs", "ok",
	       "late", "paused", "wait p50", "p99", "max", "core", "switches", "each, us (max)");
	for (i = 0; i < s->dom_count; i++) {
		struct told_sum t;

		if (story_sum(s, s->doms[i], -1e18, 1e18, &t))
			err(1, "report");
		printf("%-8s %6zu %6zu %6zu %6zu   %5.2f ms %5.2f ms %5.2f ms   %5.1f %%  %8zu  "
		       "%.1f (%.0f)\n",
		       story_name(names, s->doms[i]), t.jobs, t.ok, t.late, t.parks,
		       t.wait_p50 / 1e3, t.wait_p99 / 1e3, t.wait_max / 1e3,
		       100 * t.busy_us / s->end, t.switches_to,
		       t.switches_to ? t.switch_us / (double)t.switches_to : 0, t.switch_max);
	}
}

/* When a domain had work: from its first job to its last. */
static void span(const struct story *s, uint32_t dom, double *from, double *to)
{
	size_t i;

	*from = 1e18;
	*to = -1e18;
	for (i = 0; i < s->job_count; i++) {
		const struct told_job *j = &s->jobs[i];

		if (j->dom != dom)
			continue;
		if (j->accept < *from)
			*from = j->accept;
		if ((j->end >= 0 ? j->end : j->accept) > *to)
			*to = j->end >= 0 ? j->end : j->accept;
	}
}

static void phase(const struct story *s, uint32_t dom,
		  const char *when, double from, double to)
{
	struct told_sum t;

	if (from >= to)
		return;
	if (story_sum(s, dom, from, to, &t))
		err(1, "report");
	printf("  %-26s %5zu jobs  %3zu late   waits %5.2f / %5.2f / %5.2f ms   core %4.1f %%\n",
	       when, t.jobs, t.late, t.wait_p50 / 1e3, t.wait_p99 / 1e3, t.wait_max / 1e3,
	       100 * t.busy_us / (to - from));
}

/* Who comes and goes must not be heard in the first domain's waits. */
static void phases(const struct story *s, const struct story_names *names, uint32_t victim,
		   double killed)
{
	uint32_t first = s->doms[0];
	double a, b, other = 1e18, from, to;
	size_t i;

	span(s, first, &a, &b);
	for (i = 1; i < s->dom_count; i++) {
		span(s, s->doms[i], &from, &to);
		other = from < other ? from : other;
	}
	span(s, victim, &from, &to);
	printf("\n%s, by what the others did (waits: p50 / p99 / max):\n", story_name(names, first));
	phase(s, first, "alone", a, other);
	phase(s, first, "with one other", other, from);
	phase(s, first, "with both others", from, killed);
	phase(s, first, "the second after the kill", killed, killed + 1e6);
	phase(s, first, "after that", killed + 1e6, b + 1);
}

static const struct mark *mark_of(const struct story *s, uint32_t dom, enum trace_kind kind,
				  const char *what)
{
	size_t i;

	for (i = 0; i < s->mark_count; i++)
		if (s->marks[i].kind == kind && s->marks[i].dom == dom &&
		    (!what || !strcmp(s->marks[i].what, what)))
			return &s->marks[i];
	return NULL;
}

/* The log's own words on the scrub of a domain; 1 if it says that all is zero. */
static int log_says_zero(const char *path, uint32_t dom, char *line, int room)
{
	char needle[32];
	FILE *file = fopen(path, "r");
	int found = 0;

	if (!file)
		err(1, "cannot read %s", path);
	snprintf(needle, sizeof(needle), " dom=%u ", (unsigned int)dom);
	while (!found && fgets(line, room, file))
		found = strstr(line, " event=scrub ") && strstr(line, needle);
	fclose(file);
	if (!found)
		return 0;
	line[strcspn(line, "\n")] = '\0';
	return strstr(line, " nonzero_after=0 ") && strstr(line, " verified=zero");
}

/* Jobs of one domain that did not end well; and those of them that had started. */
static size_t interrupted(const struct story *s, uint32_t dom, size_t *started)
{
	size_t i, n = 0;

	*started = 0;
	for (i = 0; i < s->job_count; i++) {
		if (s->jobs[i].dom != dom || !strcmp(s->jobs[i].status, "ok"))
			continue;
		n++;
		*started += s->jobs[i].start >= 0;
	}
	return n;
}

static int right(int ok, const char *what)
{
	printf("  %-5s  %s\n", ok ? "yes" : "NO", what);
	return ok ? 0 : 1;
}

static int judge_kill(const struct story *s, uint32_t victim, const char *log)
{
	const struct mark *gone = mark_of(s, victim, TRACE_WORKER, "exit");
	const struct mark *scrub = mark_of(s, victim, TRACE_SCRUB, NULL);
	char line[512] = "";
	int said = log_says_zero(log, victim, line, sizeof(line));
	size_t i, during = 0, started, cut = interrupted(s, victim, &started);
	int bad = 0;

	for (i = 0; gone && scrub && i < s->stretch_count; i++)
		during += s->stretches[i].begin >= gone->t && s->stretches[i].begin < scrub->t;
	printf("\nthe guest that was killed:\n");
	bad += right(cut > 0, "it was in the middle of its work");
	printf("         %zu jobs of it were under way, %zu of them had started\n", cut, started);
	bad += right(gone != NULL, "its engine process is gone");
	bad += right(scrub && scrub->bytes && scrub->resident && !scrub->nonzero && said,
		     "its memory was scrubbed and reads as zero");
	bad += right(gone && scrub && !during, "nobody had the core before that");
	if (scrub)
		printf("         %llu KiB given back, %llu KiB of them had been written, %llu bytes "
		       "not zero afterwards, %.0f us\n", (unsigned long long)scrub->bytes / 1024,
		       (unsigned long long)scrub->resident / 1024,
		       (unsigned long long)scrub->nonzero, scrub->us);
	if (*line)
		printf("         coprocd: %s\n", line);
	return bad;
}

/* Of those that had the core, the realtime guest waited least, at the median. */
static int judge_priority(const struct story *s, uint32_t victim)
{
	double realtime = 1e18, other = 1e18;
	size_t i, k;

	for (i = 0; i < s->dom_count; i++) {
		struct told_sum t;

		if (s->doms[i] == victim)
			continue;
		if (story_sum(s, s->doms[i], -1e18, 1e18, &t))
			err(1, "report");
		for (k = 0; s->jobs[k].dom != s->doms[i]; k++)
			;
		if (!strcmp(s->jobs[k].class, "realtime"))
			realtime = t.wait_p50;
		else if (t.wait_p50 < other)
			other = t.wait_p50;
	}
	printf("\npriority:\n");
	return right(realtime < other, "half of the realtime jobs waited less than half of the others");
}

static int judge_others(const struct story *s, uint32_t victim)
{
	size_t i, k, hurt = 0, overlap = 0;
	int bad = 0;

	for (i = 0; i < s->job_count; i++)
		hurt += s->jobs[i].dom != victim && strcmp(s->jobs[i].status, "ok") &&
			strcmp(s->jobs[i].status, "expired");
	for (i = 1; i < s->stretch_count; i++)
		overlap += s->stretches[i].begin < s->stretches[i - 1].end;
	for (i = 0, k = 0; i < s->dom_count; i++)
		k += mark_of(s, s->doms[i], TRACE_SCRUB, NULL) != NULL;
	printf("\nall guests:\n");
	bad += right(!hurt, "each job of the others ended well or was told to be late");
	bad += right(!overlap, "never had two the core at once");
	bad += right(k == s->dom_count, "each one's memory was scrubbed at its end");
	bad += right(!s->bad_lines && !s->odd_lines && s->job_count, "the trace is whole");
	return bad;
}

int main(int argc, char **argv)
{
	struct story_names names = { 0 };
	const struct mark *gone;
	struct story story;
	uint32_t victim;
	int a, bad;

	for (a = 4; a < argc; a++)
		if (story_name_add(&names, argv[a]))
			argc = 0;
	if (argc < 5) {
		fputs("usage: report TRACE COPROCD.LOG VICTIM-DOM DOM=NAME...\n", stderr);
		return 2;
	}
	victim = (uint32_t)strtoul(argv[3], NULL, 10);
	if (story_read(&story, argv[1]))
		return 1;
	table(&story, &names);
	gone = mark_of(&story, victim, TRACE_WORKER, "exit");
	if (gone)
		phases(&story, &names, victim, gone->t);
	bad = judge_kill(&story, victim, argv[2]);
	bad += judge_priority(&story, victim);
	bad += judge_others(&story, victim);
	story_free(&story);
	return bad ? 1 : 0;
}
