/* SPDX-License-Identifier: MIT */
/*
 * A guest that can tell whether a job ran once, not at all, or twice: each job
 * turns the words w of its own piece of memory into 3 w + 1, in place (entry 1
 * of the firmware "work" of tests/engines).  Goes on through lost connections.
 *
 *	guest-once --firmware FILE [--jobs N | --until FILE] [--bytes N] [--in-flight N]
 *	           [--class CLASS] [--pace US] [--die STEP | --stop STEP [--go FILE]]
 *
 * Prints one line of counts.  Exit status 0 when each job got one completion,
 * each job that ended OK ran once, and none ran twice.  At a step --die kills
 * the program, and --stop has it say "stopped" and do nothing until FILE is
 * there: open, load, context, buffer, queue, submit, wait, close.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend/user/coproc.h"

#define PIECES          32u
#define CONTEXTS        2u
#define STATUSES        32u
#define SCALE           1u

static struct {
	const char *firmware, *until, *die, *stop, *go;
	unsigned int jobs, bytes, in_flight, qclass, pace;
} opt = { .jobs = 100, .bytes = 4096, .in_flight = 4, .qclass = XENCOPROC_CLASS_NORMAL };

/* The job of each piece: it is live, and what the words were before it. */
static struct {
	int live;
	uint32_t before;
} piece[PIECES];

static struct coproc_device *device;
static struct coproc_firmware *firmware;
static struct coproc_context *context[CONTEXTS];
static struct coproc_buffer *buffer;
static struct coproc_queue *queue;
static unsigned int count[STATUSES], submitted, ended, twice, wrong, strange, torn;

static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s: %s (%s)\n", what, strerror(-rc), device ? coproc_reason(device) : "");
	exit(1);
}

static void at(const char *step)
{
	if (opt.die && !strcmp(opt.die, step))
		raise(SIGKILL);
	if (!opt.stop || strcmp(opt.stop, step))
		return;
	puts("stopped");
	fflush(stdout);
	while (!opt.go || access(opt.go, F_OK))
		usleep(10000);
}

static uint32_t *words(unsigned int p)
{
	return (uint32_t *)((char *)coproc_buffer_data(buffer) + (size_t)p * opt.bytes);
}

static void fill(unsigned int p, uint32_t value)
{
	for (uint32_t i = 0; i < opt.bytes / 4; i++)
		words(p)[i] = value;
	piece[p].before = value;
}

/* Return: whether it was taken. */
static int submit(unsigned int p)
{
	struct coproc_piece both[2] = {
		{ buffer, XENCOPROC_ACCESS_READ, p * opt.bytes, opt.bytes },
		{ buffer, XENCOPROC_ACCESS_WRITE, p * opt.bytes, opt.bytes },
	};
	struct coproc_job job = { .context = context[p % CONTEXTS], .firmware = firmware,
				  .entry = SCALE, .immediate = 3, .pieces = both, .piece_count = 2,
				  .cookie = p };
	int rc;

	fill(p, submitted * 2654435761u + 17);
	rc = coproc_submit(queue, &job, 1, NULL);
	/* Reconnecting: the wait for the others is where that goes on. */
	if (rc == -ENOTCONN || rc == -EAGAIN)
		return 0;
	must(rc, "a submission");
	piece[p].live = 1;
	submitted++;
	return 1;
}

static void take(const struct coproc_done *done)
{
	unsigned int p = (unsigned int)done->cookie, once = 0, never = 0;
	uint32_t before, after;

	ended++;
	count[done->status < STATUSES ? done->status : STATUSES - 1]++;
	if (p >= PIECES || !piece[p].live) {
		strange++;      /* a second completion, or one of nothing */
		return;
	}
	piece[p].live = 0;
	before = piece[p].before;
	after = before * 3 + 1;
	for (uint32_t i = 0; i < opt.bytes / 4; i++) {
		once += words(p)[i] == after;
		never += words(p)[i] == before;
		twice += words(p)[i] == after * 3 + 1;
	}
	if (once + never != opt.bytes / 4)
		wrong++;
	if (done->status == XENCOPROC_OK && once != opt.bytes / 4)
		wrong++;
	if (once && never)
		torn++;         /* was cut in the middle: only when it did not end OK */
}

static int more(void)
{
	return opt.until ? access(opt.until, F_OK) != 0 : submitted < opt.jobs;
}

static void work(void)
{
	struct coproc_done done[PIECES];
	int n;

	do {
		if (more())
			for (unsigned int p = 0; p < opt.in_flight; p++)
				if (!piece[p].live && !submit(p))
					break;
		at("submit");
		if (!coproc_queue_outstanding(queue)) {
			must(coproc_dispatch(device), "a dispatch");
			usleep(1000);
		}
		n = coproc_wait_any(queue, done, PIECES, 20000);
		at("wait");
		if (opt.pace)
			usleep(opt.pace);
		if (n == -ENOENT || n == -ECONNRESET || n == -ENOTCONN)
			continue;
		must(n, "a wait");
		for (int i = 0; i < n; i++)
			take(&done[i]);
	} while (more() || ended < submitted);
}

static void open_all(void)
{
	char reason[256] = "";
	struct coproc_options options;

	coproc_options_init(&options);
	options.reason = reason;
	options.reason_size = sizeof(reason);
	if (coproc_open(&options, &device)) {
		fprintf(stderr, "no connection: %s\n", reason);
		exit(1);
	}
	at("open");
	must(coproc_firmware_load_file(device, opt.firmware, 0, &firmware), "the firmware");
	at("load");
	for (unsigned int i = 0; i < CONTEXTS; i++)
		must(coproc_context_create(device, &context[i]), "a context");
	at("context");
	must(coproc_buffer_create(device, (size_t)PIECES * opt.bytes, 3, &buffer), "a buffer");
	at("buffer");
	must(coproc_queue_open(device, opt.qclass, 64, &queue), "a queue");
	at("queue");
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "firmware", 1, NULL, 'f' }, { "jobs", 1, NULL, 'j' }, { "until", 1, NULL, 'u' },
		{ "bytes", 1, NULL, 'b' }, { "in-flight", 1, NULL, 'n' }, { "die", 1, NULL, 'd' },
		{ "pace", 1, NULL, 'p' }, { "stop", 1, NULL, 's' }, { "go", 1, NULL, 'g' }, { "class", 1, NULL, 'c' }, { 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'f': opt.firmware = optarg; break;
		case 'j': opt.jobs = (unsigned int)atoi(optarg); break;
		case 'u': opt.until = optarg; break;
		case 'b': opt.bytes = (unsigned int)atoi(optarg); break;
		case 'n': opt.in_flight = (unsigned int)atoi(optarg); break;
		case 'd': opt.die = optarg; break;
		case 'p': opt.pace = (unsigned int)atoi(optarg); break;
		case 's': opt.stop = optarg; break;
		case 'g': opt.go = optarg; break;
		case 'c': opt.qclass = !strcmp(optarg, "realtime") ? XENCOPROC_CLASS_REALTIME :
				       !strcmp(optarg, "batch") ? XENCOPROC_CLASS_BATCH :
				       XENCOPROC_CLASS_NORMAL; break;
		default: exit(2);
		}
	}
	if (!opt.firmware || !opt.in_flight || opt.in_flight > PIECES)
		exit(2);
}

int main(int argc, char **argv)
{
	struct coproc_stats stats;

	parse(argc, argv);
	open_all();
	work();
	at("close");
	coproc_stats(device, &stats);
	printf("jobs=%u ok=%u fault=%u lost=%u cancelled=%u other=%u wrong=%u twice=%u strange=%u torn=%u "
	       "connections=%llu leaked=%llu\n", submitted, count[XENCOPROC_OK], count[XENCOPROC_FAULT],
	       count[XENCOPROC_LOST], count[XENCOPROC_CANCELLED],
	       ended - count[XENCOPROC_OK] - count[XENCOPROC_FAULT] - count[XENCOPROC_LOST] -
	       count[XENCOPROC_CANCELLED], wrong, twice, strange, torn,
	       (unsigned long long)stats.connections, (unsigned long long)stats.pages_leaked);
	fflush(stdout);
	must(coproc_close(device, 10000), "the close");
	return wrong || twice || strange || ended != submitted || stats.pages_leaked;
}
