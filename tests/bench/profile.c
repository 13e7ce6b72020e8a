/* SPDX-License-Identifier: MIT */
/*
 * Makes a profile by function of what bench-count.so counted:
 *
 *	bench-profile JOBS COUNTS > PROFILE
 *
 * The first line is the count of instructions for each job; then a line for
 * each function: instructions for each job, their part, object, function.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbols.h"

struct line {
	const char *function, *object;
	double count;
};

static struct line *line;
static size_t lines;

static int by_name(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = strcmp(x->object, y->object);

	return order ? order : strcmp(x->function, y->function);
}

static int by_count(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

/* One line for each function instead of one for each place. */
static void merge(void)
{
	size_t kept = 0;

	qsort(line, lines, sizeof(*line), by_name);
	for (size_t i = 0; i < lines; i++) {
		if (kept && !by_name(&line[kept - 1], &line[i]))
			line[kept - 1].count += line[i].count;
		else
			line[kept++] = line[i];
	}
	lines = kept;
	qsort(line, lines, sizeof(*line), by_count);
}

static void count(const struct symbols *symbols, unsigned long long pc, double times)
{
	struct line *grown = realloc(line, (lines + 1) * sizeof(*line));

	if (!grown)
		exit(1);
	line = grown;
	symbols_find(symbols, pc, &line[lines].function, &line[lines].object);
	line[lines++].count = times;
}

/* Return: whether the file is whole. */
static int read_counts(FILE *in, struct symbols *symbols)
{
	unsigned long long pc, times;
	char text[1024];

	while (fgets(text, sizeof(text), in)) {
		if (!strncmp(text, "map ", 4))
			symbols_map(symbols, text + 4);
		else if (sscanf(text, "%llx %llu", &pc, &times) == 2)
			count(symbols, pc, (double)times);
		else if (!strcmp(text, "end\n"))
			return lines > 0;
	}
	return 0;
}

int main(int argc, char **argv)
{
	double jobs = argc == 3 ? atof(argv[1]) : 0, total = 0;
	struct symbols *symbols = symbols_new();
	FILE *in;

	if (jobs <= 0 || !symbols) {
		fputs("Usage: bench-profile JOBS COUNTS\n", stderr);
		return 2;
	}
	in = fopen(argv[2], "re");
	if (!in || !read_counts(in, symbols)) {
		fprintf(stderr, "bench-profile: %s: %s\n", argv[2], in ? "is not whole" : strerror(errno));
		return 1;
	}
	fclose(in);
	merge();
	for (size_t i = 0; i < lines; i++)
		total += line[i].count;
	printf("%.1f\n", total / jobs);
	for (size_t i = 0; i < lines; i++)
		printf("%10.1f %5.1f%% %-28s %s\n", line[i].count / jobs, 100 * line[i].count / total,
		       line[i].object, line[i].function);
	free(line);
	symbols_close(symbols);
	return 0;
}
