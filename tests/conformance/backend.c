// SPDX-License-Identifier: MIT
/*
 * coproc-conform backend: a frontend, honest and then hostile, against any
 * backend.
 */
#include "backend-vectors.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conform.h"

static const struct conform_case *const sections[] = {
	store_cases, life_cases, ring_cases, queue_cases, check_cases, object_cases, job_cases,
	operand_cases, limit_cases,
	time_cases, class_cases, event_cases, hostile_cases,
};

static const char help[] =
	"usage: coproc-conform backend [OPTION...]\n"
	"Plays a frontend, honest and then hostile, against the backend of an attached\n"
	"device, and says for each rule of coprocif.md whether it held.  Run it in the\n"
	"guest; nothing else may use the device.\n"
	"  --device N     the device's number, or the first and the last of several that\n"
	"                 are taken in turn, as 0-3 (0)\n"
	"  --program FILE the firmware image that jobs run; without one, jobs are not tried\n"
	"  --kind N       its kind, as in FW_LOAD (1, ELF)\n"
	"  --entries LIST entry points that it has, of those in coproc-conform(1) (0-7)\n"
	"  --toolstack COMMAND\n"
	"                 run as COMMAND PATH VALUE: writes a node of the backend's\n"
	"                 directory as the toolstack; without it, its rules are not tried\n"
	"  --provoke COMMAND\n"
	"                 run as COMMAND pause, resume, revoke or stop: has the coprocessor\n"
	"                 paused, its firmware revoked, it stopped; without it, not tried\n"
	"  --vectors FOLDER\n"
	"                 the folder of the protocol's vectors: its messages and talks are\n"
	"                 tried too, as far as they are for limits such as this backend's\n"
	"  --patience N   wait so many seconds for what should come at once (8)\n"
	REPORT_OPTIONS_HELP
	"Ends with 0: all passed, 1: some failed, 2: usage, 3: could not connect.\n";

/* ---- what cases share ---- */

uint64_t bench_steps(const struct bench *b, uint64_t us)
{
	uint64_t steps = b->steps_per_ms * us / 1000u;

	return steps ? steps : 1;
}

/* How long a step is: by what the backend says that so many took. */
static void measure(struct bench *b)
{
	uint64_t steps = 20000;

	if (!(b->entries & 1u << P_SPIN) || b->steps_per_ms)
		return;
	b->steps_per_ms = 1000;
	for (int i = 0; i < 8; i++, steps *= 4) {
		struct asked *a = peer_send(&b->peer, 1, job(0, P_SPIN, steps));

		if (peer_wait(&b->peer, a) != OK)
			return;
		if (a->got.ran_us >= 20000) {
			b->steps_per_ms = steps * 1000u / a->got.ran_us;
			return;
		}
	}
}

bool bench_program(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request load;
	uint32_t pages = (b->image_length + PAGE - 1) / PAGE;
	void *at;

	for (uint32_t c = 0; c < 3; c++)
		if (!expect(p, OK, ctx_create(c), "CTX_CREATE"))
			return false;
	if (!expect(p, OK, buf_register(p, 0, pages, READ, &at), "BUF_REGISTER of the image"))
		return false;
	memcpy(at, b->image, b->image_length);
	load = fw_load(0, 0, b->image_length, b->digest);
	SET32(&load, 20, b->kind);
	if (!expect(p, OK, load, "FW_LOAD of the program") || !peer_queue(p, 1, NORMAL, 5))
		return false;
	measure(b);
	return true;
}

bool bench_serves(struct bench *b)
{
	struct peer *p = &b->peer;

	return peer_must_connect(p) && expect(p, OK, request(NOP), "NOP afterwards") &&
	       report_check(b->report, peer_disconnect(p), "it does not let go afterwards");
}

bool bench_toolstack(struct bench *b, const char *node, const char *value)
{
	char command[1024];

	snprintf(command, sizeof(command), "%s %s/%s %s", b->toolstack, b->peer.backend, node, value);
	return report_check(b->report, system(command) == 0, "the toolstack's command failed: %s", command);
}

/* ---- running ---- */

/* Return: why the case cannot be tried, or NULL. */
static const char *lacking(const struct bench *b, unsigned int needs)
{
	static char why[80];

	const struct offer *o = &b->peer.offer;

	if (o->max_queues < 2 || o->max_contexts < 4 || o->max_buffers < 4 || o->max_pages < 64 || o->max_firmware < 2)
		return "the device has fewer than 2 queues, 4 contexts, 4 buffers, 64 pages and 2 images of firmware";
	if (needs & PROGRAM && !b->image)
		return "no --program was given";
	for (unsigned int i = 0; i < P_ENTRIES; i++)
		if (needs & 0x100u << i && !(b->entries & 1u << i)) {
			snprintf(why, sizeof(why), "the program has no entry %u", i);
			return why;
		}
	return NULL;
}

void bench_end(struct bench *b, unsigned int needs)
{
	struct peer *p = &b->peer;

	if (p->connected) {
		if (needs & CONNECTED)
			expect(p, OK, request(NOP), "NOP at the end");
		report_check(b->report, peer_disconnect(p), "the backend does not come to Closed: state %d, error \"%s\"",
			     backend_state(p), backend_error(p));
	}
	report_end(b->report);
}

bool bench_begin(struct bench *b, const char *name, const char *rules, unsigned int needs)
{
	struct peer *p = &b->peer;
	const char *why;

	if (!report_begin(b->report, name, rules))
		return false;
	why = lacking(b, needs);
	if (!why && !peer_turn(p))
		why = "the device is gone";
	if (why) {
		report_na(b->report, "%s", why);
		report_end(b->report);
		return false;
	}
	if (!(needs & CONNECTED) || (peer_must_connect(p) && (!(needs & PROGRAM) || bench_program(b)))) {
		report_ready(b->report);
		return true;
	}
	bench_end(b, needs);
	return false;
}

static void run(struct bench *b, const struct conform_case *c)
{
	if (!bench_begin(b, c->name, c->rules, c->needs))
		return;
	c->run(b);
	bench_end(b, c->needs);
}

static void run_all(struct bench *b, const struct conform_case *c)
{
	for (; c->name; c++)
		run(b, c);
}

/* ---- options ---- */

static bool take_entries(struct bench *b, const char *text)
{
	for (b->entries = 0; *text;) {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (end == text)
			return false;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last >= P_ENTRIES || first > last || (*end && *end != ','))
			return false;
		for (; first <= last; first++)
			b->entries |= 1u << first;
		text = *end ? end + 1 : end;
	}
	return true;
}

static bool take_image(struct bench *b, const char *path)
{
	FILE *in = fopen(path, "rb");
	struct stat is;
	uint8_t *image;

	if (!in || fstat(fileno(in), &is) || is.st_size < 1 || is.st_size > 1 << 26) {
		fprintf(stderr, "coproc-conform: %s: %s\n", path, in ? "not 1 byte to 64 MiB" : strerror(errno));
		if (in)
			fclose(in);
		return false;
	}
	image = malloc((size_t)is.st_size);
	if (!image || fread(image, 1, (size_t)is.st_size, in) != (size_t)is.st_size) {
		fprintf(stderr, "coproc-conform: %s cannot be read\n", path);
		free(image);
		fclose(in);
		return false;
	}
	fclose(in);
	b->image = image;
	b->image_length = (uint32_t)is.st_size;
	crypto_hash_sha256(b->digest, image, b->image_length);
	return true;
}

static bool take_devices(struct bench *b, const char *text)
{
	char *end;

	b->first = b->last = (unsigned int)strtoul(text, &end, 10);
	if (*end == '-')
		b->last = (unsigned int)strtoul(end + 1, &end, 10);
	return end != text && !*end && b->first <= b->last && b->last < 256;
}

static bool wrong(const char *option, const char *text, const char *expected)
{
	fprintf(stderr, "coproc-conform: %s %s: %s\n", option, text, expected);
	return false;
}

static bool take_patience(const char *text)
{
	patience_us = strtoull(text, NULL, 10) * 1000000u;
	return patience_us >= 1000000 && patience_us <= 600000000;
}

/* One option with its argument.  False: it is wrong, which has been said. */
static bool take(struct bench *b, int option, const char *text)
{
	switch (option) {
	case 'h':
		fputs(help, stdout);
		exit(REPORT_PASSED);
	case 'd':
		return take_devices(b, text) || wrong("--device", text, "a number, or two as 0-3");
	case 'p':
		return take_image(b, text);
	case 'k':
		b->kind = (uint32_t)strtoul(text, NULL, 10);
		return true;
	case 'e':
		return take_entries(b, text) || wrong("--entries", text, "numbers below 8, as 0-2,5");
	case 'w':
		return take_patience(text) || wrong("--patience", text, "1 to 600 seconds");
	case 't':
		b->toolstack = text;
		return true;
	case 'x':
		b->provoke = text;
		return true;
	case 'v':
		b->vectors = text;
		return true;
	default:
		return false;
	}
}

static bool options(struct bench *b, struct report_options *common, int argc, char **argv)
{
	static const struct option all[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "device", required_argument, NULL, 'd' },
		{ "program", required_argument, NULL, 'p' },
		{ "kind", required_argument, NULL, 'k' },
		{ "entries", required_argument, NULL, 'e' },
		{ "toolstack", required_argument, NULL, 't' },
		{ "patience", required_argument, NULL, 'w' },
		{ "vectors", required_argument, NULL, 'v' },
		{ "provoke", required_argument, NULL, 'x' },
		REPORT_LONG_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	int option;
	bool good = true;

	while (good && (option = getopt_long(argc, argv, "", all, NULL)) != -1)
		good = option >= 256 ? report_option(common, option) : take(b, option, optarg);
	if (good && optind < argc) {
		fprintf(stderr, "coproc-conform: %s: what is this?\n", argv[optind]);
		good = false;
	}
	return good;
}

int conform_backend(int argc, char **argv)
{
	struct report_options common = { 0 };
	static struct bench b;

	b.kind = 1;
	b.entries = (1u << P_ENTRIES) - 1;
	if (sodium_init() < 0 || !options(&b, &common, argc, argv)) {
		fputs("coproc-conform backend --help tells the options\n", stderr);
		return REPORT_USAGE;
	}
	b.report = report_open('B', &common);
	if (!common.list) {
		if (peer_open(&b.peer, b.report, b.first, b.last))
			return REPORT_UNREACHABLE;
		if (!peer_connect(&b.peer, 0)) {
			fprintf(stderr, "coproc-conform: no connection: the backend is in state %d, its error is \"%s\"\n",
				backend_state(&b.peer), backend_error(&b.peer));
			return REPORT_UNREACHABLE;
		}
		peer_forget(&b.peer);
		write_node(&b.peer, "state", "6");
	}
	for (size_t s = 0; s < sizeof(sections) / sizeof(sections[0]); s++)
		run_all(&b, sections[s]);
	if (b.vectors && !vectors_folder(&b, b.vectors))
		return REPORT_USAGE;
	/* It may be of no use after them. */
	run_all(&b, provoked_cases);
	peer_shut(&b.peer);
	free((void *)(uintptr_t)b.image);
	return report_close(b.report);
}
