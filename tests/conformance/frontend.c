// SPDX-License-Identifier: MIT
/*
 * coproc-conform frontend: plays a backend, honest and then hostile, against
 * any frontend, which a command of the user's drives (exerciser.md).
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"
#include "frontend.h"

static void usage(FILE *out)
{
	fputs("usage: coproc-conform frontend --domain N --exerciser COMMAND [OPTION...]\n"
	      "Plays a backend for the frontend of domain N, which COMMAND drives by line.\n"
	      "  --domain N     the frontend's domain\n"
	      "  --devid N      number of the device, 0 unless said; it is made and removed\n"
	      "  --exerciser COMMAND  run by sh; reads what to do, line by line, and answers\n"
	      "  --patience S   seconds that one line may take, 30 unless said\n"
	      "  --vectors DIR  the protocol's vectors: completions and events are played too\n"
	      REPORT_OPTIONS_HELP
	      "  --help         this\n"
	      "On loopback: coproc-conform frontend --domain 7 --exerciser \\\n"
	      "  'coproc-loopback domain --domid 7 --name guest -- conform-exercise'\n"
	      "What COMMAND has to understand: tests/conformance/exerciser.md\n", out);
}

static bool number(const char *what, const char *text, unsigned long high, unsigned int *out)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text >= '0' && *text <= '9' && !*end && value <= high) {
		*out = (unsigned int)value;
		return true;
	}
	fprintf(stderr, "coproc-conform: %s %s: a number up to %lu is expected\n", what, text, high);
	return false;
}

struct wanted {
	struct report_options report;
	unsigned int domain;
	unsigned int devid;
	unsigned int patience;
	const char *exerciser;
	const char *vectors;
};

/* 0, or the exit status + 1. */
static int parse(int argc, char **argv, struct wanted *w)
{
	static const struct option options[] = {
		REPORT_LONG_OPTIONS,
		{ "domain", required_argument, NULL, 'd' },
		{ "devid", required_argument, NULL, 'i' },
		{ "exerciser", required_argument, NULL, 'e' },
		{ "patience", required_argument, NULL, 'p' },
		{ "vectors", required_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool good = true;
	int option;

	while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			good = number("--domain", optarg, 32751, &w->domain);
			break;
		case 'i':
			good = number("--devid", optarg, 255, &w->devid);
			break;
		case 'e':
			w->exerciser = optarg;
			break;
		case 'p':
			good = number("--patience", optarg, 3600, &w->patience) && w->patience;
			break;
		case 'v':
			w->vectors = optarg;
			break;
		case 'h':
			usage(stdout);
			return REPORT_PASSED + 1;
		default:
			good = report_option(&w->report, option);
		}
	}
	if (good && optind == argc && (w->report.list || (w->domain && w->exerciser)))
		return 0;
	usage(stderr);
	return REPORT_USAGE + 1;
}

/* One connection before anything is judged: who cannot reach the frontend at
 * all says nothing about it. */
static bool reachable(struct bench *b)
{
	enum answer a;

	if (!exerciser_ready(b) || !played_reset(b->p))
		return false;
	a = ask(b, "open");
	if (a == ANSWER_OK)
		a = ask(b, "close");
	if (a == ANSWER_OK)
		return true;
	fprintf(stderr, "coproc-conform: no connection with the frontend: %s %s\n", answer_text(a),
		b->text);
	return false;
}

static int run(struct bench *b, const struct wanted *w)
{
	b->report = report_open('F', &w->report);
	cases_traffic(b);
	cases_rings(b);
	cases_answers(b);
	cases_events(b);
	cases_objects(b);
	cases_states(b);
	cases_lost(b);
	cases_store(b);
	cases_vectors(b);
	cases_watched(b);
	return report_close(b->report);
}

int conform_frontend(int argc, char **argv)
{
	struct wanted w = { .patience = 30 };
	struct bench b = { 0 };
	int status = parse(argc, argv, &w);

	if (status)
		return status - 1;
	b.command = w.exerciser;
	b.vectors = w.vectors;
	b.patience_ms = w.patience * 1000;
	b.ended = calloc(EXERCISER_JOBS, sizeof(*b.ended));
	b.p = w.report.list ? calloc(1, sizeof(*b.p)) : played_open(w.domain, w.devid);
	status = REPORT_UNREACHABLE;
	if (b.ended && b.p && (w.report.list || reachable(&b)))
		status = run(&b, &w);
	exerciser_close(b.x);
	if (w.report.list)
		free(b.p);
	else
		played_close(b.p);
	free(b.ended);
	return status;
}
