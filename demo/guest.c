/* SPDX-License-Identifier: MIT */
#include "demo/guest.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#define COLLECT_AT_ONCE	32
/* How long a guest that was just started waits for its device to be attached. */
#define ATTACH_TRIES	200
#define ATTACH_PAUSE_US	50000

uint64_t guest_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* A failed call of the library, in its own words. */
static void give_up(const struct guest *guest, const char *what, int rc)
{
	unsigned int refusal = coproc_refusal(guest->device);

	if (rc == -EREMOTEIO && refusal)
		errx(1, "%s: %s: the backend says %s (%s)", guest->name, what,
		     coproc_status_text(refusal), coproc_status_explain(refusal));
	errx(1, "%s: %s: %s (%s)", guest->name, what, strerror(-rc),
	     coproc_reason(guest->device));
}

static void connect_device(struct guest *guest)
{
	struct coproc_options options;
	char why[256] = "";
	int tries = 0, rc;

	coproc_options_init(&options);
	/* a demo that has to show each byte does not go on after a loss */
	options.flags = COPROC_OPEN_NO_RECONNECT;
	options.reason = why;
	options.reason_size = sizeof(why);
	while ((rc = coproc_open(&options, &guest->device)) == -ENODEV && tries++ < ATTACH_TRIES)
		nanosleep(&(struct timespec){ .tv_nsec = ATTACH_PAUSE_US * 1000L }, NULL);
	if (rc)
		errx(1, "%s: cannot open the coprocessor: %s%s%s%s", guest->name, strerror(-rc),
		     *why ? " (" : "", why, *why ? ")" : "");
}

void guest_open(struct guest *guest, const char *name, const char *firmware,
		unsigned int qclass, uint32_t count)
{
	int rc;

	*guest = (struct guest){ .name = name, .count = count };
	guest->records = calloc(count, sizeof(*guest->records));
	if (!guest->records)
		err(1, "%s", name);
	connect_device(guest);
	rc = coproc_firmware_load_file(guest->device, firmware, XENCOPROC_FW_KIND_ELF,
				       &guest->firmware);
	if (rc)
		give_up(guest, firmware, rc);
	rc = coproc_context_create(guest->device, &guest->context);
	if (rc)
		give_up(guest, "making a context", rc);
	rc = coproc_queue_open(guest->device, qclass, 0, &guest->queue);
	if (rc)
		give_up(guest, "opening a queue", rc);
}

struct coproc_buffer *guest_buffer(struct guest *guest, size_t bytes, uint32_t access)
{
	struct coproc_buffer *buffer;
	int rc = coproc_buffer_create(guest->device, bytes, access, &buffer);

	if (rc)
		give_up(guest, "making a buffer", rc);
	return buffer;
}

int guest_submit(struct guest *guest, uint32_t index, uint64_t immediate,
		 const struct coproc_piece pieces[2], uint32_t start_limit_us)
{
	struct record *record = &guest->records[index];
	struct coproc_job job = {
		.context = guest->context,
		.firmware = guest->firmware,
		.immediate = immediate,
		.pieces = pieces,
		.piece_count = 2,
		.start_limit_us = start_limit_us,
		.cookie = index,
	};
	int rc;

	*record = (struct record){ .index = index, .start_limit_us = start_limit_us };
	record->submit_ns = guest_now();
	rc = coproc_submit(guest->queue, &job, 1, &record->job);
	if (rc < 0 && rc != -EAGAIN)
		give_up(guest, "submitting a job", rc);
	return rc < 0 ? rc : 0;
}

unsigned int guest_collect(struct guest *guest, void (*taken)(void *arg, struct record *record),
			   void *arg)
{
	struct coproc_done done[COLLECT_AT_ONCE];
	int n, i, rc = coproc_dispatch(guest->device);

	if (rc)
		give_up(guest, "waiting for jobs", rc);
	if (coproc_state(guest->device) != COPROC_CONNECTED)
		give_up(guest, "waiting for jobs", -ENOTCONN);
	n = coproc_read(guest->queue, done, COLLECT_AT_ONCE);
	for (i = 0; i < n; i++) {
		struct record *record = &guest->records[done[i].cookie];

		record->complete_ns = guest_now();
		record->result = done[i].result;
		record->waited_us = done[i].waited_us;
		record->ran_us = done[i].ran_us;
		record->status = done[i].status;
		record->flags = done[i].flags;
		record->done = 1;
		taken(arg, record);
	}
	return (unsigned int)n;
}

static json_t *describe(const struct record *r)
{
	return json_pack("{s:I,s:i,s:s,s:I,s:i,s:i,s:I,s:I,s:i,s:b}",
			 "id", (json_int_t)r->job, "index", (int)r->index,
			 "status", r->done ? coproc_status_text(r->status) : "none",
			 "result", (json_int_t)r->result,
			 "waited_us", (int)r->waited_us, "ran_us", (int)r->ran_us,
			 "submit_ns", (json_int_t)r->submit_ns,
			 "complete_ns", (json_int_t)r->complete_ns,
			 "start_limit_us", (int)r->start_limit_us,
			 "preempted", (r->flags & XENCOPROC_CQE_F_PREEMPTED) != 0);
}

static int write_records(const struct guest *guest, const char *path)
{
	json_t *jobs = json_array(), *all;
	uint32_t i;
	int rc;

	for (i = 0; i < guest->count; i++)
		json_array_append_new(jobs, describe(&guest->records[i]));
	all = json_pack("{s:s,s:i,s:o}", "guest", guest->name, "pid", (int)getpid(), "jobs", jobs);
	rc = all ? json_dump_file(all, path, JSON_COMPACT) : -1;
	if (rc)
		warn("%s: cannot write %s", guest->name, path);
	json_decref(all);
	return rc;
}

int guest_close(struct guest *guest, const char *stats)
{
	int bad = write_records(guest, stats);
	int rc = coproc_close(guest->device, COPROC_DEFAULT);

	if (rc) {
		warnx("%s: closing: %s", guest->name, strerror(-rc));
		bad = 1;
	}
	free(guest->records);
	return bad ? 1 : 0;
}
