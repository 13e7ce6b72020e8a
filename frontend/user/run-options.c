// SPDX-License-Identifier: MIT
/* coproc-run's command line. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

static const char help[] =
"usage: coproc-run [OPTION]... FIRMWARE [INPUT [OUTPUT]]\n"
"       coproc-run --list [--json]\n"
"Runs firmware on the coprocessor that another domain shares with this one.\n"
"INPUT is cut into pieces, one job each; what the jobs write goes to OUTPUT, or\n"
"to standard output.  \"-\" is standard input or output.\n"
"\n"
"which coprocessor:\n"
"  --list                    the coprocessors of this domain\n"
"  --device N|NAME           the one to use (default: the lowest number)\n"
"what to run:\n"
"  --kind KIND               elf, bitstream, opencl-binary, opencl-source, onnx\n"
"                            (default: by the image's first bytes)\n"
"  --entry N                 entry point of the firmware (default 0)\n"
"  --immediate V             number for the firmware (default 0)\n"
"  --jobs N                  number of jobs: without INPUT, that many times; with\n"
"                            it, that many pieces\n"
"  --chunk BYTES             bytes of INPUT for each job; K and M are understood\n"
"  --output-size BYTES       room for the output of a job (default: its input's)\n"
"  --output-length WHAT      how much of that a job wrote: same (as its input, the\n"
"                            default), result (the job's result says), or a number\n"
"how:\n"
"  --class CLASS             realtime, normal (default) or batch\n"
"  --priority N              inside the class, 0 to 255 (default 0)\n"
"  --in-flight N             jobs outstanding at once, 1 to 512 (default 32)\n"
"  --run-limit US            microseconds that a job may run\n"
"  --start-limit US          microseconds until a job must have started\n"
"  --timeout S               seconds for everything (default: none)\n"
"  --keep-going              go on after a job that failed\n"
"what to tell:\n"
"  --json                    figures as JSON on standard output; needs an OUTPUT\n"
"                            that is a file, or none\n"
"  --quiet                   no figures and no progress\n"
"  --help, --version\n"
"\n"
"A job's operand 0 is its piece of INPUT, if there is one; the next is its room\n"
"for output, if there is any.\n"
"\n"
"Exit status: 0 all jobs ended ok, 1 a job did not, 2 wrong usage, 3 no device or\n"
"no connection, 4 timeout, 5 the connection was lost, 6 a file could not be read\n"
"or written, 128 + N ended by signal N.\n";

enum {
	OPT_LIST = 256, OPT_DEVICE, OPT_KIND, OPT_ENTRY, OPT_IMMEDIATE, OPT_JOBS, OPT_CHUNK,
	OPT_OUTPUT_SIZE, OPT_OUTPUT_LENGTH, OPT_CLASS, OPT_PRIORITY, OPT_IN_FLIGHT,
	OPT_RUN_LIMIT, OPT_START_LIMIT, OPT_TIMEOUT, OPT_KEEP_GOING, OPT_JSON, OPT_QUIET,
	OPT_HELP, OPT_VERSION
};

static const struct option long_options[] = {
	{ "list", no_argument, NULL, OPT_LIST },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ "kind", required_argument, NULL, OPT_KIND },
	{ "entry", required_argument, NULL, OPT_ENTRY },
	{ "immediate", required_argument, NULL, OPT_IMMEDIATE },
	{ "jobs", required_argument, NULL, OPT_JOBS },
	{ "chunk", required_argument, NULL, OPT_CHUNK },
	{ "output-size", required_argument, NULL, OPT_OUTPUT_SIZE },
	{ "output-length", required_argument, NULL, OPT_OUTPUT_LENGTH },
	{ "class", required_argument, NULL, OPT_CLASS },
	{ "priority", required_argument, NULL, OPT_PRIORITY },
	{ "in-flight", required_argument, NULL, OPT_IN_FLIGHT },
	{ "run-limit", required_argument, NULL, OPT_RUN_LIMIT },
	{ "start-limit", required_argument, NULL, OPT_START_LIMIT },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "keep-going", no_argument, NULL, OPT_KEEP_GOING },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 }
};

/* A number with an optional K, M or G; false after a message. */
static bool number(const char *option, const char *text, uint64_t low, uint64_t high,
		   uint64_t *out)
{
	static const char units[] = "KMG";
	unsigned long long value;
	const char *unit;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit && !end[1] && value <= UINT64_MAX >> 30)
		value <<= 10 * (unit - units + 1);
	else if (*end || end == text || strchr(text, '-'))
		errno = EINVAL;
	if (errno || value < low || value > high) {
		run_say("--%s %s: must be a number from %llu to %llu", option, text,
			(unsigned long long)low, (unsigned long long)high);
		return false;
	}
	*out = value;
	return true;
}

/* The place of @text in a list that ends with NULL, from 1; 0 after a message. */
static unsigned int word(const char *option, const char *text, const char *const *words)
{
	unsigned int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(text, words[i]))
			return i + 1;
	fprintf(stderr, "coproc-run: --%s %s: must be one of", option, text);
	for (i = 0; words[i]; i++)
		fprintf(stderr, "%s %s", i ? "," : "", words[i]);
	fprintf(stderr, "\n");
	return 0;
}

static void set_device(struct run_options *options, const char *text)
{
	char *end;
	long index = strtol(text, &end, 10);

	options->index = COPROC_INDEX_ANY;
	options->name = NULL;
	if (*text && !*end && index >= 0 && index <= INT32_MAX)
		options->index = (int)index;
	else
		options->name = text;
}

static bool set_timeout(struct run_options *options, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (*end || end == text || !isfinite(value) || value <= 0 || value > 1e9) {
		run_say("--timeout %s: must be a number of seconds", text);
		return false;
	}
	options->timeout = value;
	return true;
}

static bool set_output_length(struct run_options *options, const char *text)
{
	uint64_t value;

	if (!strcmp(text, "same")) {
		options->length = RUN_LENGTH_SAME;
	} else if (!strcmp(text, "result")) {
		options->length = RUN_LENGTH_RESULT;
	} else {
		if (!number("output-length", text, 0, UINT32_MAX, &value))
			return false;
		options->length = RUN_LENGTH_FIXED;
		options->output_length = (uint32_t)value;
	}
	return true;
}

#define NUMBER(option, low, high, field) \
	do { \
		if (!number(option, optarg, low, high, &value)) \
			return false; \
		options->field = (__typeof__(options->field))value; \
	} while (0)

static bool set_number(struct run_options *options, int c)
{
	uint64_t value = 0;

	switch (c) {
	case OPT_ENTRY:
		NUMBER("entry", 0, UINT32_MAX, entry);
		break;
	case OPT_IMMEDIATE:
		NUMBER("immediate", 0, UINT64_MAX, immediate);
		break;
	case OPT_JOBS:
		NUMBER("jobs", 1, 1000000000000ull, jobs);
		break;
	case OPT_CHUNK:
		NUMBER("chunk", 1, 67108864, chunk);
		break;
	case OPT_OUTPUT_SIZE:
		NUMBER("output-size", 1, 67108864, output_size);
		break;
	case OPT_PRIORITY:
		NUMBER("priority", 0, 255, priority);
		break;
	case OPT_IN_FLIGHT:
		NUMBER("in-flight", 1, 512, in_flight);
		break;
	case OPT_RUN_LIMIT:
		NUMBER("run-limit", 1, UINT32_MAX, run_limit_us);
		break;
	default:
		NUMBER("start-limit", 1, UINT32_MAX, start_limit_us);
		break;
	}
	return true;
}

static bool set_option(struct run_options *options, int c)
{
	static const char *const kinds[] = { "elf", "bitstream", "opencl-binary",
					     "opencl-source", "onnx", NULL };
	static const char *const classes[] = { "realtime", "normal", "batch", NULL };

	switch (c) {
	case OPT_LIST:
		options->list = true;
		return true;
	case OPT_DEVICE:
		set_device(options, optarg);
		return true;
	case OPT_KIND:
		options->kind = word("kind", optarg, kinds);
		return options->kind != 0;
	case OPT_CLASS:
		options->qclass = word("class", optarg, classes);
		return options->qclass != 0;
	case OPT_OUTPUT_LENGTH:
		return set_output_length(options, optarg);
	case OPT_TIMEOUT:
		return set_timeout(options, optarg);
	case OPT_KEEP_GOING:
		options->keep_going = true;
		return true;
	case OPT_JSON:
		options->json = true;
		return true;
	case OPT_QUIET:
		options->quiet = true;
		return true;
	default:
		return set_number(options, c);
	}
}

/* What the words that are no options mean, and whether all fits together. */
static bool set_files(struct run_options *options, int count, char **words)
{
	if (options->list)
		return count == 0;
	if (count < 1 || count > 3) {
		run_say(count ? "too many arguments" : "which firmware?");
		return false;
	}
	options->firmware = words[0];
	options->input = count > 1 ? words[1] : NULL;
	options->output = count > 2 ? words[2] : NULL;
	if (!options->output && (options->input || options->output_size))
		options->output = "-";
	if (options->json && options->output && !strcmp(options->output, "-")) {
		run_say("--json and the output would both go to standard output: name an "
			"OUTPUT file");
		return false;
	}
	return true;
}

bool run_options_parse(struct run_options *options, int argc, char **argv, int *exit_status)
{
	int c;

	memset(options, 0, sizeof(*options));
	options->index = COPROC_INDEX_ANY;
	options->qclass = XENCOPROC_CLASS_NORMAL;
	options->in_flight = 32;
	*exit_status = RUN_USAGE;
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (c == OPT_HELP || c == OPT_VERSION) {
			*exit_status = RUN_OK;
			if (c == OPT_HELP)
				fputs(help, stdout);
			else
				printf("coproc-run %s\n", coproc_version());
			return false;
		}
		if (c == '?' || !set_option(options, c))
			goto usage;
	}
	if (set_files(options, argc - optind, argv + optind))
		return true;
usage:
	fputs("Try: coproc-run --help\n", stderr);
	return false;
}
