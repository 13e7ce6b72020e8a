// SPDX-License-Identifier: MIT
/*
 * What runs in the guest: uses libcoproc against a backend that may lie, and
 * checks that it ends in a defined state.  frontend-guest CASE [ARGUMENT]
 * exits with 0 if all was as expected, and says otherwise what was not.
 */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "guest_again.h"
#include "guest_failing.h"
#include "guest_memory.h"
#include "guest_moments.h"
#include "guest_refused.h"

struct coproc_device *dev;
struct coproc_context *ctx;
struct coproc_firmware *fw;
struct coproc_buffer *in, *out;
struct coproc_queue *queue;
char reason[256];

void want_at(bool good, const char *what, const char *file, int line)
{
	if (good)
		return;
	fprintf(stderr, "# %s:%d: not so: %s\n", file, line, what);
	fprintf(stderr, "# last reason: %s\n", dev ? coproc_reason(dev) : reason);
	exit(1);
}

double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void options(struct coproc_options *o)
{
	coproc_options_init(o);
	o->control_timeout_ms = 500;
	o->close_timeout_ms = 1000;
	o->connect_timeout_ms = 5000;
	o->reason = reason;
	o->reason_size = sizeof(reason);
}

void wait_for_device(void)
{
	struct coproc_listed listed;
	double end = seconds() + 10;

	while (coproc_list(&listed, 1) < 1 || listed.frontend_state == 0) {
		want(seconds() < end);
		usleep(10000);
	}
}

void open_all(const struct coproc_options *given)
{
	static const char image[] = "\177ELF and the rest";
	struct coproc_options o;

	options(&o);
	if (!given)
		given = &o;
	wait_for_device();
	want(coproc_open(given, &dev) == 0);
	want(coproc_state(dev) == COPROC_CONNECTED);
	want(coproc_context_create(dev, &ctx) == 0);
	want(coproc_firmware_load(dev, image, sizeof(image), 0, &fw) == 0);
	want(coproc_buffer_create(dev, 8192, XENCOPROC_ACCESS_READ, &in) == 0);
	want(coproc_buffer_create(dev, 8192, XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE,
				  &out) == 0);
	want(coproc_queue_open(dev, XENCOPROC_CLASS_NORMAL, 64, &queue) == 0);
}

struct coproc_job simple(uint64_t cookie)
{
	struct coproc_job job = {
		.context = ctx, .firmware = fw, .entry = 1, .immediate = cookie,
		.cookie = cookie,
	};

	return job;
}

/* One job that must end OK. */
void good_job(void)
{
	struct coproc_job job = simple(41);
	struct coproc_done done;
	uint64_t id;

	want(coproc_submit(queue, &job, 1, &id) == 1);
	want(coproc_wait(queue, id, 3000, &done) == 0);
	want(done.status == XENCOPROC_OK && done.result == 42 && done.cookie == 41);
}

static void memory(void)
{
	wait_for_device();
	want(memory_fails_everywhere());
}

static void failing(void)
{
	wait_for_device();
	want(surroundings_fail_everywhere());
}

static void gone(void)
{
	wait_for_device();
	want(store_fails_everywhere());
}

static void refused(void)
{
	wait_for_device();
	want(wrong_calls_are_refused());
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } cases[] = {
		{ "whole", honest_whole }, { "flat", honest_flat }, { "memory", memory },
		{ "failing", failing }, { "gone", gone }, { "refused", refused },
		{ "tables-again", again_tables }, { "moved", again_moved }, { "gives-up", again_gives_up },
		{ "removed", again_removed }, { "absent", again_absent }, { "missed", again_missed },
		{ "class", again_class }, { "fewer", again_fewer }, { "kept-objects", again_kept },
		{ "poll", honest_polls }, { "again", honest_again },
		{ "broken", lost_broken }, { "reconnect", lost_reconnect }, { "stays-lost", lost_stays },
		{ "vanish", lost_vanish }, { "stale", lost_stale }, { "control-silent", lazy_control_silent },
		{ "kept", lazy_kept }, { "never-closes", lazy_never_closes }, { "storm", lazy_storm },
		{ "real", real_backend }, { "poll-lost", lost_polls }, { "nowait", honest_nowait },
		{ "scribble", lost_scribble }, { "flood", lazy_flood }, { "deny", lazy_deny },
		{ "moments", moments }, { "unknown", moment_unknown },
	};
	unsigned int i;

	if (argc == 3 && !strcmp(argv[1], "open-fails")) {
		lazy_open_fails(argv[2]);
		return 0;
	}
	for (i = 0; argc == 2 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!strcmp(cases[i].name, argv[1])) {
			cases[i].run();
			return 0;
		}
	}
	fprintf(stderr, "# no such case\n");
	return 2;
}
