/* SPDX-License-Identifier: MIT */
/*
 * Shows who has the core while it happens, out of the trace as coprocd writes
 * it: on a terminal a lane for each domain, redrawn some times a second,
 * elsewhere a line a second.  Ends with SIGTERM.
 *
 *	live TRACE DOM=NAME...
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "demo/story.h"

#define COLUMN_US	100000.0	/* what one character stands for */
#define COLUMNS		50u
#define REDRAW_MS	200
#define LANES_MAX	8u

struct lane {
	uint32_t dom;
	double busy[COLUMNS + 1];	/* microseconds in each column; the last is filling */
	double second;			/* in this second, for plain lines */
	uint64_t jobs;			/* ended */
	int gone;			/* its engine process ended unasked for */
	double since;			/* on the core since, or -1 */
	uint64_t job;			/* which */
};

struct screen {
	struct story_names names;
	struct lane lanes[LANES_MAX];
	size_t count;
	double origin, column, now;	/* trace time: first line, begin of the last column */
	int begun, drawn;
	int plain;
	unsigned int seconds;		/* plain lines written */
	uint64_t switches;
};

static volatile sig_atomic_t over;

static void stop(int signal)
{
	over = signal;
}

static struct lane *lane_of(struct screen *s, uint32_t dom)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->lanes[i].dom == dom)
			return &s->lanes[i];
	if (s->count == LANES_MAX)
		return NULL;
	s->lanes[s->count] = (struct lane){ .dom = dom, .since = -1 };
	return &s->lanes[s->count++];
}

/* Time on the core until @t goes into the columns that it lies in. */
static void advance(struct screen *s, double t)
{
	while (s->now < t) {
		double end = s->column + COLUMN_US, until = t < end ? t : end;
		size_t i;

		for (i = 0; i < s->count; i++) {
			struct lane *l = &s->lanes[i];

			if (l->since >= 0) {
				l->busy[COLUMNS] += until - s->now;
				l->second += until - s->now;
			}
			if (until == end) {
				memmove(l->busy, l->busy + 1, COLUMNS * sizeof(l->busy[0]));
				l->busy[COLUMNS] = 0;
			}
		}
		s->now = until;
		if (until == end)
			s->column = end;
	}
}

static void plain_line(struct screen *s)
{
	double all = 0;
	size_t i;

	printf("%3u s ", ++s->seconds);
	for (i = 0; i < s->count; i++) {
		struct lane *l = &s->lanes[i];

		printf(" %s %4.1f %% %4llu jobs%s ", story_name(&s->names, l->dom),
		       l->second / 1e4, (unsigned long long)l->jobs, l->gone ? " (ended)" : "");
		all += l->second;
		l->second = 0;
	}
	printf(" idle %4.1f %%\n", 100 - all / 1e4);
	fflush(stdout);
}

static void take(struct screen *s, const struct trace_line *l)
{
	struct lane *lane = lane_of(s, l->kind == TRACE_SWITCH ? l->to : l->dom);

	if (!lane || l->kind == TRACE_OTHER)
		return;
	if (!s->begun) {
		s->begun = 1;
		s->origin = s->now = s->column = l->t_us;
	}
	while (s->plain && l->t_us - s->origin >= (s->seconds + 1) * 1e6) {
		advance(s, s->origin + (s->seconds + 1) * 1e6);
		plain_line(s);
	}
	advance(s, l->t_us);
	if (l->kind == TRACE_START || l->kind == TRACE_CONTINUE) {
		lane->since = l->t_us;
		lane->job = l->job;
	} else if (l->kind == TRACE_PARK || (l->kind == TRACE_END && l->job == lane->job) ||
		   l->kind == TRACE_WORKER) {
		lane->since = -1;
	}
	lane->jobs += l->kind == TRACE_END;
	s->switches += l->kind == TRACE_SWITCH;
	if (l->kind == TRACE_WORKER)
		lane->gone = !strcmp(l->what, "exit");
}

static void draw_lane(const struct screen *s, const struct lane *l)
{
	static const char *const level[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const int colour[] = { 36, 33, 35, 32, 34, 31, 37, 90 };
	double busy = 0;
	size_t i, from = COLUMNS - 10;

	printf("\r\033[K %-8.8s \033[%dm", story_name(&s->names, l->dom),
	       colour[(size_t)(l - s->lanes) % (sizeof(colour) / sizeof(colour[0]))]);
	for (i = 0; i < COLUMNS; i++) {
		double part = l->busy[i] / COLUMN_US;

		fputs(level[part <= 0 ? 0 : part >= 1 ? 8 : 1 + (int)(part * 7.999)], stdout);
		busy += i >= from ? l->busy[i] : 0;
	}
	printf("\033[0m %4.1f %% %5llu jobs%s\n", busy / (10 * COLUMN_US) * 100,
	       (unsigned long long)l->jobs, l->gone ? ", ended" : "");
}

static void draw(struct screen *s)
{
	const struct lane *owner = NULL;
	size_t i;

	if (s->drawn)
		printf("\033[%dA", s->drawn);
	for (i = 0; i < s->count; i++) {
		draw_lane(s, &s->lanes[i]);
		if (s->lanes[i].since >= 0)
			owner = &s->lanes[i];
	}
	printf("\r\033[K %5.1f s   the core has ", (s->now - s->origin) / 1e6);
	if (owner)
		printf("%s, job %llu", story_name(&s->names, owner->dom),
		       (unsigned long long)owner->job);
	else
		fputs("nobody", stdout);
	printf("; %llu switches\n", (unsigned long long)s->switches);
	s->drawn = (int)s->count + 1;
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct screen screen;
	struct sigaction action = { .sa_handler = stop };
	const struct timespec pause = { 0, REDRAW_MS * 1000000L };
	struct trace_reader reader = { 0 };
	struct trace_line line;
	int a, rc;

	for (a = 2; a < argc; a++)
		if (story_name_add(&screen.names, argv[a]))
			argc = 0;
	if (argc < 2) {
		fputs("usage: live TRACE [DOM=NAME]...\n", stderr);
		return 2;
	}
	screen.plain = !isatty(STDOUT_FILENO) || getenv("DEMO_PLAIN");
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	while (!over && !(reader.file = fopen(argv[1], "r")))
		nanosleep(&pause, NULL);
	do {
		while (reader.file && (rc = trace_next(&reader, &line)) != 0)
			if (rc > 0)
				take(&screen, &line);
		if (!screen.plain && screen.begun)
			draw(&screen);
		if (!over)
			nanosleep(&pause, NULL);
	} while (!over);
	trace_reader_close(&reader);
	return 0;
}
