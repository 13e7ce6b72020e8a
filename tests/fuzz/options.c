/* SPDX-License-Identifier: MIT */
/*
 * Target "options": coproc-run's command line, and how it cuts an input into
 * jobs.  The pieces of a plan cover the input in order, none is outside of it,
 * and what a backend says of a job's output never goes beyond its room.
 *
 * Input: size of the input file (4 bytes), a completion's result (8 bytes),
 * then the arguments, separated by NUL.
 */
#include <getopt.h>
#include <stdarg.h>

#include "frontend/user/run.h"
#include "fuzz.h"

#define ARGS_MAX        24

const char *coproc_version(void)
{
	return XENCOPROC_VERSION;
}

/* The product's writes to standard error; here the text is made all the same. */
void run_say(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
}

static int split(char *text, size_t size, char **argv)
{
	int argc = 0;
	char *at = text;

	argv[argc++] = (char *)(uintptr_t)"coproc-run";
	while (at < text + size && argc < ARGS_MAX) {
		argv[argc++] = at;
		at += strlen(at) + 1;
	}
	argv[argc] = NULL;
	return argc;
}

static void check_plan(const struct run_options *o, size_t input, uint64_t result)
{
	struct coproc_done done = { .result = result };
	struct run_plan plan;
	uint64_t covered = 0;

	if (run_plan_make(&plan, o, o->input ? input : 0))
		return;
	fuzz_check(plan.jobs >= 1 && (!o->input || (plan.piece >= 1 && plan.piece <= 1u << 26)));
	for (uint64_t n = 0; n < plan.jobs && n < 64; n++) {
		size_t offset;
		uint32_t piece = run_plan_piece(&plan, o->input ? input : 0, n, &offset);

		if (o->input) {
			fuzz_check(piece >= 1 && offset < input && piece <= input - offset);
			fuzz_check(covered >= input || offset == covered);
			covered += piece;
		}
		fuzz_check(run_plan_output(&plan, o, piece, &done) <= plan.capacity);
	}
	if (o->input && plan.jobs <= 64 && !o->chunk)
		fuzz_check(covered == input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint32_t input = in_u32(&in);
	uint64_t result = in_u64(&in);
	static struct run_figures figures;
	struct run_options options;
	char *argv[ARGS_MAX + 1], *text;
	int status = -1, argc;

	fuzz_quiet();
	text = malloc(in.left + 1);
	if (!text)
		abort();
	memcpy(text, in.at, in.left);
	text[in.left] = '\0';
	argc = split(text, in.left, argv);
	memset(&options, 0xa5, sizeof(options));
	optind = 0;     /* glibc: begin anew */
	if (run_options_parse(&options, argc, argv, &status)) {
		fuzz_check(options.in_flight >= 1 && options.in_flight <= 512);
		fuzz_check(options.qclass >= 1 && options.qclass <= 3);
		check_plan(&options, input, result);
	} else {
		fuzz_check(status == RUN_OK || status == RUN_USAGE);
	}
	run_figures_add(&figures, &(struct coproc_done){ .status = (uint16_t)result,
							 .waited_us = input, .ran_us = (uint32_t)result });
	fuzz_check(run_times_at(&figures.waited, 50) <= figures.waited.max);
	free(text);
	return 0;
}
