// SPDX-License-Identifier: MIT
/*
 * What runs in the guest: uses libcoproc against a backend that may lie, and
 * checks that it ends in a defined state.  frontend-guest CASE [ARGUMENT]
 * exits with 0 if all was as expected, and says otherwise what was not.
 */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <xengnttab.h>
#include <xenstore.h>

#include "frontend/user/coproc.h"
#include "guest_again.h"
#include "guest_failing.h"
#include "guest_memory.h"
#include "guest_refused.h"

static struct coproc_device *dev;
static struct coproc_context *ctx;
static struct coproc_firmware *fw;
static struct coproc_buffer *in, *out;
static struct coproc_queue *queue;
static char reason[256];

#define want(condition) want_at((condition), #condition, __LINE__)

static void want_at(bool good, const char *what, int line)
{
	if (good)
		return;
	fprintf(stderr, "# guest.c:%d: not so: %s\n", line, what);
	fprintf(stderr, "# last reason: %s\n", dev ? coproc_reason(dev) : reason);
	exit(1);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void options(struct coproc_options *o)
{
	coproc_options_init(o);
	o->control_timeout_ms = 500;
	o->close_timeout_ms = 1000;
	o->connect_timeout_ms = 5000;
	o->reason = reason;
	o->reason_size = sizeof(reason);
}

static void wait_for_device(void)
{
	struct coproc_listed listed;
	double end = seconds() + 10;

	while (coproc_list(&listed, 1) < 1 || listed.frontend_state == 0) {
		want(seconds() < end);
		usleep(10000);
	}
}

static void open_all(const struct coproc_options *given)
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

static struct coproc_job simple(uint64_t cookie)
{
	struct coproc_job job = {
		.context = ctx, .firmware = fw, .entry = 1, .immediate = cookie,
		.cookie = cookie,
	};

	return job;
}

/* One job that must end OK. */
static void good_job(void)
{
	struct coproc_job job = simple(41);
	struct coproc_done done;
	uint64_t id;

	want(coproc_submit(queue, &job, 1, &id) == 1);
	want(coproc_wait(queue, id, 3000, &done) == 0);
	want(done.status == XENCOPROC_OK && done.result == 42 && done.cookie == 41);
}

/* ---- honest ---- */

static void whole_copy(void)
{
	struct coproc_piece piece[2] = {
		{ in, XENCOPROC_ACCESS_READ, 100, 5000 },
		{ out, XENCOPROC_ACCESS_WRITE, 7, 5000 },
	};
	struct coproc_job job = simple(1);
	struct coproc_done done;
	char *from = coproc_buffer_data(in), *to = coproc_buffer_data(out);
	uint64_t id;
	size_t i;

	for (i = 0; i < coproc_buffer_size(in); i++) {
		want(from[i] == 0 && to[i] == 0);
		from[i] = (char)(i * 7);
	}
	job.entry = 0;
	job.pieces = piece;
	job.piece_count = 2;
	want(coproc_submit(queue, &job, 1, &id) == 1);
	want(coproc_wait(queue, id, 3000, &done) == 0);
	want(done.status == XENCOPROC_OK && done.result == 5000);
	want(!memcmp(from + 100, to + 7, 5000) && to[6] == 0 && to[5007] == 0);
}

static void whole_table(void)
{
	struct coproc_piece piece[64];
	struct coproc_job job = simple(1);
	struct coproc_done done;
	uint64_t id;
	unsigned int n, i;

	job.entry = 3;
	job.pieces = piece;
	for (n = 5; n <= 64; n += 7) {
		for (i = 0; i < n; i++)
			piece[i] = (struct coproc_piece){ in, XENCOPROC_ACCESS_READ, i, 10 };
		job.piece_count = n;
		want(coproc_submit(queue, &job, 1, &id) == 1);
		want(coproc_wait(queue, id, 3000, &done) == 0);
		want(done.status == XENCOPROC_OK && done.result == n * 10);
	}
	job.piece_count = 65;
	want(coproc_submit(queue, &job, 1, &id) == -EINVAL);
	piece[3].length = 9000;
	job.piece_count = 5;
	want(coproc_submit(queue, &job, 1, &id) == -EINVAL);
	piece[3].length = 10;
	piece[3].access = XENCOPROC_ACCESS_WRITE;
	want(coproc_submit(queue, &job, 1, &id) == -EINVAL);
}

static void whole_batch(void)
{
	struct coproc_job job[100];
	struct coproc_done done[100];
	struct coproc_stats before, after;
	unsigned int got = 0, i;
	bool seen[100] = { false };

	for (i = 0; i < 100; i++)
		job[i] = simple(i);
	coproc_stats(dev, &before);
	want(coproc_submit(queue, job, 100, NULL) == 64);
	want(coproc_submit(queue, job, 1, NULL) == -EAGAIN);
	while (got < 64) {
		int n = coproc_wait_any(queue, done, 100, 3000);

		want(n > 0);
		for (i = 0; i < (unsigned int)n; i++) {
			want(done[i].cookie < 64 && !seen[done[i].cookie]);
			want(done[i].result == done[i].cookie + 1);
			seen[done[i].cookie] = true;
		}
		got += (unsigned int)n;
	}
	coproc_stats(dev, &after);
	want(after.sent - before.sent <= 2);
	want(coproc_wait_any(queue, done, 1, 0) == -ENOENT);
	want(coproc_queue_room(queue) == 64);
}

static void whole_cancel(void)
{
	struct coproc_job job = simple(1);
	struct coproc_done done[64];
	uint64_t id;
	int i, got = 0;

	job.entry = 9;
	want(coproc_submit(queue, &job, 1, &id) == 1);
	want(coproc_wait(queue, id, 50, &done[0]) == -ETIMEDOUT);
	want(coproc_cancel(queue, id + 1) == -ENOENT);
	want(coproc_cancel(queue, id) == 0);
	want(coproc_wait(queue, id, 3000, &done[0]) == 0);
	want(done[0].status == XENCOPROC_CANCELLED);
	want(coproc_wait(queue, id, 0, &done[0]) == -ENOENT);
	for (i = 0; i < 64; i++)
		want(coproc_submit(queue, &job, 1, NULL) == 1);
	want(coproc_cancel_all(queue) == 0);
	while (got < 64) {
		i = coproc_wait_any(queue, done, 64, 3000);
		want(i > 0 && done[0].status == XENCOPROC_CANCELLED);
		got += i;
	}
}

static void whole_timeline(void)
{
	struct coproc_job job = simple(1);
	struct coproc_done done;
	uint64_t value, id;

	want(coproc_context_wait(ctx, 1, 50) == -ETIMEDOUT);
	want(coproc_context_signal(ctx, 5) == 0);
	want(coproc_context_wait(ctx, 5, 3000) == 0);
	job.flags = COPROC_JOB_SIGNAL;
	job.signal_value = 9;
	want(coproc_submit(queue, &job, 1, &id) == 1);
	want(coproc_context_wait(ctx, 9, 3000) == 0);
	want(coproc_wait(queue, id, 0, &done) == 0);
	want(coproc_query(dev, XENCOPROC_QUERY_TIMELINE, ctx, &value) == 0 && value == 9);
	want(coproc_query(dev, XENCOPROC_QUERY_TIMELINE, queue, &value) == -EINVAL);
	want(coproc_query(dev, XENCOPROC_QUERY_DEVICE, NULL, &value) == 0 && value == 1);
}

static void whole_objects(void)
{
	struct coproc_buffer *many[40];
	struct coproc_context *more[64];
	struct coproc_queue *q;
	struct coproc_stats stats;
	struct coproc_job job = simple(3);
	struct coproc_done done;
	int i;

	for (i = 0; i < 63; i++)
		want(coproc_context_create(dev, &more[i]) == 0);
	want(coproc_context_create(dev, &more[63]) == -ENOSPC);
	for (i = 0; i < 63; i++)
		coproc_context_destroy(more[i]);
	for (i = 0; i < 40; i++)
		want(coproc_buffer_create(dev, 4096u * (unsigned int)(i + 1), 1, &many[i]) == 0);
	for (i = 0; i < 40; i++)
		coproc_buffer_destroy(many[i]);
	want(coproc_queue_open_flags(dev, XENCOPROC_CLASS_REALTIME, 512, COPROC_QUEUE_OWN_EVENT,
				     &q) == 0);
	want(coproc_submit(q, &job, 1, NULL) == 1);
	want(coproc_wait_any(q, &done, 1, 3000) == 1 && done.result == 4);
	job.entry = 9;
	want(coproc_submit(q, &job, 1, NULL) == 1);
	coproc_queue_close(q);
	want(coproc_settle(dev, 3000) == 0);
	coproc_stats(dev, &stats);
	want(stats.pages_unconfirmed == 0 && stats.pages_leaked == 0);
	want(coproc_buffer_create(dev, 4096ul * 8193, 1, &many[0]) == -ENOSPC);
	want(coproc_buffer_create(dev, 0, 1, &many[0]) == -EINVAL);
	want(coproc_buffer_create(dev, 1, 4, &many[0]) == -EINVAL);
}

static void whole(void)
{
	struct coproc_device *second;
	struct coproc_options o;
	struct coproc_info info;

	open_all(NULL);
	options(&o);
	want(coproc_open(&o, &second) == -EBUSY);
	want(coproc_info(dev, &info) == 0 && info.version == 1 && info.max_pieces == 64);
	want(!strcmp(info.kind, "null") && !strcmp(info.name, "conform"));
	whole_copy();
	whole_table();
	whole_batch();
	whole_cancel();
	whole_timeline();
	whole_objects();
	want(coproc_close(dev, 2000) == 0);
}

static void again(void)
{
	int i;

	for (i = 0; i < 5; i++) {
		open_all(NULL);
		good_job();
		want(coproc_close(dev, 2000) == 0);
	}
}

/* The heap after 10^5 jobs is what it was after the first thousands. */
static void flat(void)
{
	struct coproc_piece piece[8];
	struct coproc_job job[32];
	struct coproc_done done[64];
	struct mallinfo2 before = { 0 }, after;
	struct coproc_buffer *b;
	unsigned int round, i;
	int n, left;

	open_all(NULL);
	for (i = 0; i < 8; i++)
		piece[i] = (struct coproc_piece){ in, XENCOPROC_ACCESS_READ, i, 1 };
	for (i = 0; i < 32; i++) {
		job[i] = simple(i);
		if (i % 8 == 0) {
			job[i].entry = 3;
			job[i].pieces = piece;
			job[i].piece_count = 8;
		}
	}
	for (round = 0; round < 3200; round++) {
		want(coproc_submit(queue, job, 32, NULL) == 32);
		for (left = 32; left; left -= n) {
			n = coproc_wait_any(queue, done, 64, 5000);
			want(n > 0);
		}
		if (round % 100 == 0) {
			want(coproc_buffer_create(dev, 4096, 1, &b) == 0);
			coproc_buffer_destroy(b);
			want(coproc_settle(dev, 3000) == 0);
		}
		if (round == 1600)
			before = mallinfo2();
	}
	after = mallinfo2();
	fprintf(stderr, "# heap after 51200 jobs %zu bytes, after 102400 %zu\n", before.uordblks,
		after.uordblks);
	want(after.uordblks <= before.uordblks + 512);
	want(coproc_close(dev, 2000) == 0);
}

static void poll_loop(void)
{
	struct coproc_job job;
	struct coproc_done done[3];
	unsigned int sent = 0, got = 0;
	double end = seconds() + 20;
	struct pollfd p;
	int n;

	open_all(NULL);
	p = (struct pollfd){ .fd = coproc_fd(dev), .events = POLLIN };
	while (got < 2000) {
		want(seconds() < end);
		for (; sent < 2000 && coproc_queue_room(queue) > 20; sent++) {
			job = simple(sent);
			want(coproc_submit(queue, &job, 1, NULL) == 1);
		}
		want(poll(&p, 1, 2000) == 1);
		want(coproc_dispatch(dev) == 0);
		/* Few at a time: what is left keeps the descriptor readable. */
		n = coproc_read(queue, done, 3);
		want(n >= 0);
		got += (unsigned int)n;
	}
	want(coproc_close(dev, 2000) == 0);
}

static void nowait(void)
{
	struct coproc_options o;
	struct coproc_device *again;
	struct pollfd p;
	double end = seconds() + 5;

	wait_for_device();
	options(&o);
	o.flags = COPROC_OPEN_NOWAIT;
	o.name = "conform";
	want(coproc_open(&o, &dev) == 0);
	/* A backend that is quick has connected already. */
	if (coproc_state(dev) != COPROC_CONNECTED) {
		want(coproc_state(dev) == COPROC_CONNECTING);
		want(coproc_context_create(dev, &ctx) == -ENOTCONN);
	}
	p = (struct pollfd){ .fd = coproc_fd(dev), .events = POLLIN };
	while (coproc_state(dev) != COPROC_CONNECTED) {
		want(poll(&p, 1, 5000) == 1 && seconds() < end);
		want(coproc_dispatch(dev) == 0);
	}
	want(coproc_reconnect(dev) == -EISCONN);
	want(coproc_context_create(dev, &ctx) == 0);
	want(coproc_close(dev, 2000) == 0);
	o.name = "another";
	want(coproc_open(&o, &again) == -ENODEV);
	dev = NULL;
}

/* ---- a connection that ends ---- */

/* Jobs until the lie; each must end exactly once.  Returns how many LOST. */
static unsigned int jobs_until_lost(void)
{
	uint8_t ends[4096] = { 0 };
	unsigned int sent = 0, lost = 0, i;
	struct coproc_stats stats = { .connections = 1 };
	struct coproc_done done[64];
	double end = seconds() + 20;
	struct coproc_job job;
	int n;

	/* It may be connected again before this side looks. */
	while (coproc_state(dev) == COPROC_CONNECTED && stats.connections == 1 && sent < 4000) {
		want(seconds() < end);
		coproc_stats(dev, &stats);
		for (i = 0; i < 8; i++) {
			job = simple(sent);
			if (coproc_submit(queue, &job, 1, NULL) != 1)
				break;
			sent++;
		}
		n = coproc_wait_any(queue, done, 64, 5000);
		want(n > 0 || n == -ENOENT);
		for (i = 0; n > 0 && i < (unsigned int)n; i++) {
			want(done[i].cookie < sent && ends[done[i].cookie]++ == 0);
			lost += done[i].status == XENCOPROC_LOST;
		}
		coproc_dispatch(dev);
	}
	while ((n = coproc_wait_any(queue, done, 1, 5000)) == 1) {
		want(done[0].cookie < sent && ends[done[0].cookie]++ == 0);
		lost += done[0].status == XENCOPROC_LOST;
	}
	want(n == -ENOENT);
	for (i = 0; i < sent; i++)
		want(ends[i] == 1);
	want(coproc_queue_outstanding(queue) == 0);
	want(sent >= 20 && sent < 4000);
	return lost;
}

static void broken(void)
{
	struct coproc_job job;
	struct coproc_event event;
	bool told = false;
	unsigned int length;
	struct xs_handle *xs = xs_open(0);
	char *error;

	open_all(NULL);
	jobs_until_lost();
	want(coproc_state(dev) == COPROC_LOST);
	want(strstr(coproc_lost_reason(dev), "broke") != NULL);
	while (coproc_read_event(dev, &event))
		told |= event.type == COPROC_EVENT_STATE && event.value == COPROC_LOST;
	want(told);
	job = simple(1);
	want(coproc_submit(queue, &job, 1, NULL) == -ENOTCONN);
	error = xs_read(xs, XBT_NULL, "device/vcoproc/0/error", &length);
	want(error && strstr(error, "broke"));
	free(error);
	xs_close(xs);
	/* Starting anew is the caller's decision, and works. */
	coproc_dispatch(dev);
	want(coproc_reconnect(dev) == 0);
	want(coproc_wait_connected(dev, 5000) == 0);
	good_job();
	want(coproc_close(dev, 2000) == 0);
}

static void reconnect(void)
{
	struct coproc_event event;
	bool reset = false;
	uint64_t value;
	char *data;

	open_all(NULL);
	data = coproc_buffer_data(in);
	strcpy(data, "still here");
	want(coproc_context_signal(ctx, 77) == 0);
	jobs_until_lost();
	want(coproc_wait_connected(dev, 15000) == 0);
	want(coproc_buffer_data(in) == data && !strcmp(data, "still here"));
	good_job();
	want(coproc_context_wait(ctx, 77, 1000) == 0);
	want(coproc_query(dev, XENCOPROC_QUERY_TIMELINE, ctx, &value) == 0 && value == 77);
	whole_table();
	while (coproc_read_event(dev, &event))
		reset |= event.type == COPROC_EVENT_CTX_RESET && event.context == ctx &&
			 event.status == XENCOPROC_LOST;
	want(reset);
	want(coproc_close(dev, 2000) == 0);
}

/* No call that waits: the descriptor alone must tell of the silence, of the
 * lost jobs, and of the new connection. */
static void poll_lost(void)
{
	unsigned int sent = 0, ended = 0, lost = 0;
	double end = seconds() + 10;
	struct coproc_stats stats;
	struct coproc_done done;
	struct coproc_job job;
	struct pollfd p;

	open_all(NULL);
	p = (struct pollfd){ .fd = coproc_fd(dev), .events = POLLIN };
	do {
		want(seconds() < end);
		for (; sent - ended < 4; sent++) {
			job = simple(sent);
			if (coproc_submit(queue, &job, 1, NULL) != 1)
				break;
		}
		want(poll(&p, 1, 3000) == 1);
		want(coproc_dispatch(dev) == 0);
		while (coproc_read(queue, &done, 1) == 1) {
			ended++;
			lost += done.status == XENCOPROC_LOST;
		}
		coproc_stats(dev, &stats);
	} while (stats.connections < 2 || coproc_state(dev) != COPROC_CONNECTED);
	want(lost > 0 && lost <= 4);
	want(ended + coproc_queue_outstanding(queue) == sent);
	want(coproc_close(dev, 2000) == 0);
}

static void stays_lost(void)
{
	struct coproc_options o;
	struct coproc_job job = simple(1);

	options(&o);
	o.flags = COPROC_OPEN_NO_RECONNECT;
	open_all(&o);
	want(jobs_until_lost() > 0);
	want(coproc_state(dev) == COPROC_LOST);
	want(coproc_wait_connected(dev, 100) == -ENOTCONN);
	want(coproc_submit(queue, &job, 1, NULL) == -ENOTCONN);
	coproc_close(dev, 2000);
}

static void vanish(void)
{
	double start;

	open_all(NULL);
	jobs_until_lost();
	want(coproc_state(dev) == COPROC_RECONNECTING);
	want(coproc_wait_connected(dev, 200) == -ETIMEDOUT);
	start = seconds();
	coproc_close(dev, 2000);
	want(seconds() - start < 3);
}

/* Jobs for three seconds, and a new connection whenever one was broken.
 * Whatever the backend writes: each job ends once, nothing crashes or hangs. */
static void scribble(void)
{
	unsigned int sent = 0, ended = 0, broken_times = 0, wrong = 0;
	double end = seconds() + 3;
	struct coproc_done done[64];
	struct coproc_event event;
	struct coproc_job job;
	int n, i;

	open_all(NULL);
	while (seconds() < end) {
		while (coproc_read_event(dev, &event))
			;
		for (i = 0; i < 16; i++) {
			job = simple(sent);
			sent += coproc_submit(queue, &job, 1, NULL) == 1;
		}
		n = coproc_wait_any(queue, done, 64, 20);
		want(n > 0 || n == -ENOENT || n == -ETIMEDOUT);
		for (i = 0; i < n; i++)
			wrong += done[i].status == XENCOPROC_OK &&
				 done[i].result != done[i].cookie + 1;
		ended += n > 0 ? (unsigned int)n : 0;
		if (coproc_state(dev) == COPROC_LOST) {
			broken_times++;
			coproc_reconnect(dev);
			coproc_wait_connected(dev, 1000);
		}
	}
	fprintf(stderr, "# %u jobs, %u connections broken, %u results wrong\n", sent,
		broken_times, wrong);
	while ((n = coproc_read(queue, done, 64)) > 0)
		ended += (unsigned int)n;
	want(ended + coproc_queue_outstanding(queue) == sent);
	want(broken_times > 3);
	coproc_close(dev, 1000);
}

static void stale(void)
{
	struct coproc_job job;

	open_all(NULL);
	jobs_until_lost();
	want(coproc_wait_connected(dev, 5000) == 0);
	job = simple(1);
	want(coproc_submit(queue, &job, 1, NULL) == -ESTALE);
	want(coproc_context_signal(ctx, 1) == -ESTALE);
	want(coproc_close(dev, 2000) == 0);
}

/* ---- the real backend, killed and started again by run.sh ---- */

static void real_job(uint64_t value)
{
	struct coproc_piece piece[6];
	struct coproc_job job = simple(value);
	struct coproc_done done;
	char *to = coproc_buffer_data(out);
	uint64_t id;
	int i;

	job.entry = 0;
	want(coproc_submit(queue, &job, 1, &id) == 1);
	want(coproc_wait(queue, id, 5000, &done) == 0);
	want(done.status == XENCOPROC_OK && done.result == value);
	/* The same with a table, which null's entry 0 does not look at. */
	for (i = 0; i < 6; i++)
		piece[i] = (struct coproc_piece){ in, XENCOPROC_ACCESS_READ, 0, 1 };
	job.pieces = piece;
	job.piece_count = 6;
	want(coproc_submit(queue, &job, 1, &id) == 1);
	want(coproc_wait(queue, id, 5000, &done) == 0);
	want(done.status == XENCOPROC_OK);
	/* And one that moves bytes. */
	memset(to, 0, 8192);
	piece[1] = (struct coproc_piece){ out, XENCOPROC_ACCESS_WRITE, 100, 8000 };
	piece[0].length = 8000;
	job.entry = 2;
	job.piece_count = 2;
	want(coproc_submit(queue, &job, 1, &id) == 1);
	want(coproc_wait(queue, id, 5000, &done) == 0);
	want(done.status == XENCOPROC_OK && done.result == 8000);
	want(!memcmp(to + 100, coproc_buffer_data(in), 8000));
}

static void real_lose(const char *ask)
{
	struct coproc_stats before, after;
	struct coproc_job job = simple(1);
	struct coproc_done done[64];
	unsigned int lost = 0;
	int n, left = 0;
	FILE *f;

	coproc_stats(dev, &before);
	job.entry = 1;
	job.immediate = 300000;
	for (left = 0; left < 5; left++)
		want(coproc_submit(queue, &job, 1, NULL) == 1);
	f = fopen(ask, "w");
	want(f && fclose(f) == 0);
	while (left > 0) {
		n = coproc_wait_any(queue, done, 64, 10000);
		want(n > 0);
		for (left -= n; n-- > 0; )
			lost += done[n].status == XENCOPROC_LOST;
	}
	want(lost >= 4);
	want(coproc_wait_connected(dev, 10000) == 0);
	coproc_stats(dev, &after);
	want(after.connections > before.connections && after.lost == before.lost + lost);
}

static void real(void)
{
	char path[256], ask[256];
	struct coproc_options o;
	uint64_t value;
	int i;

	snprintf(path, sizeof(path), "%s/allowed.elf", getenv("RUN_DIR"));
	snprintf(ask, sizeof(ask), "%s/restart", getenv("RUN_DIR"));
	options(&o);
	o.control_timeout_ms = 5000;
	want(coproc_open(&o, &dev) == 0);
	want(coproc_firmware_load_file(dev, path, 0, &fw) == 0);
	want(coproc_context_create(dev, &ctx) == 0);
	want(coproc_buffer_create(dev, 8192, XENCOPROC_ACCESS_READ, &in) == 0);
	want(coproc_buffer_create(dev, 8192, XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE,
				  &out) == 0);
	want(coproc_queue_open(dev, XENCOPROC_CLASS_NORMAL, 64, &queue) == 0);
	for (i = 0; i < 8192; i++)
		((char *)coproc_buffer_data(in))[i] = (char)(i * 13);
	want(coproc_context_signal(ctx, 5) == 0);
	for (i = 0; i < 3; i++) {
		real_job(1234);
		real_lose(ask);
	}
	real_job(99);
	want(coproc_query(dev, XENCOPROC_QUERY_TIMELINE, ctx, &value) == 0 && value == 5);
	want(coproc_settle(dev, 5000) == 0);
	want(coproc_close(dev, 5000) == 0);
}

/* ---- backends that do not do their part ---- */

static void open_fails(const char *expected)
{
	static const struct { const char *name; int error; } names[] = {
		{ "-EPROTO", -EPROTO }, { "-EPROTONOSUPPORT", -EPROTONOSUPPORT },
		{ "-EREMOTEIO", -EREMOTEIO }, { "-ETIMEDOUT", -ETIMEDOUT },
	};
	struct coproc_options o;
	double start = seconds();
	unsigned int i;
	int rc;

	wait_for_device();
	options(&o);
	o.connect_timeout_ms = 1000;
	rc = coproc_open(&o, &dev);
	dev = NULL;
	fprintf(stderr, "# %d: %s\n", rc, reason);
	for (i = 0; i < 4; i++)
		if (!strcmp(expected, names[i].name))
			want(rc == names[i].error);
	want(reason[0] && seconds() - start < 4);
	if (rc == -EREMOTEIO)
		want(strstr(reason, "wants it so") != NULL);
}

static void control_silent(void)
{
	struct coproc_options o;
	double start;

	wait_for_device();
	options(&o);
	want(coproc_open(&o, &dev) == 0);
	start = seconds();
	want(coproc_context_create(dev, &ctx) == -ECONNRESET);
	want(seconds() - start < 2);
	want(coproc_state(dev) != COPROC_CONNECTED);
	coproc_close(dev, 500);
	want(seconds() - start < 4);
}

static void kept(void)
{
	xengntshr_handle *shr = xengntshr_open(NULL, 0);
	uint32_t refs[1000];
	void *pages;

	open_all(NULL);
	memset(coproc_buffer_data(in), 'a', 8192);
	good_job();
	coproc_close(dev, 1000);
	dev = NULL;
	/* Whatever this domain shares or keeps from now on is none of the
	 * backend's business. */
	pages = xengntshr_share_pages(shr, 0, 1000, refs, 1);
	want(pages != NULL);
	memset(pages, 's', 1000 * 4096);
	usleep(200000);
}

static void never_closes(void)
{
	double start;

	open_all(NULL);
	good_job();
	start = seconds();
	want(coproc_close(dev, 700) == -ETIMEDOUT);
	want(seconds() - start < 2);
}

static void storm(void)
{
	struct coproc_stats before, after;
	struct pollfd p;
	double end;
	int i;

	open_all(NULL);
	good_job();
	p = (struct pollfd){ .fd = coproc_fd(dev), .events = POLLIN };
	coproc_stats(dev, &before);
	for (end = seconds() + 1; seconds() < end; ) {
		poll(&p, 1, 100);
		coproc_dispatch(dev);
	}
	coproc_stats(dev, &after);
	fprintf(stderr, "# woken %llu times in a second of storm\n",
		(unsigned long long)(after.received - before.received));
	want(after.received - before.received < 250);
	for (i = 0; i < 20; i++)
		good_job();
	want(coproc_close(dev, 2000) == 0);
}

static void flood(void)
{
	struct coproc_stats stats;
	int i;

	open_all(NULL);
	usleep(50000);
	for (i = 0; i < 2000; i++)
		good_job();
	coproc_stats(dev, &stats);
	fprintf(stderr, "# %llu events taken, %llu lost\n", (unsigned long long)stats.events,
		(unsigned long long)stats.events_lost);
	want(stats.events > 0 && stats.events_lost > 0);
	want(coproc_close(dev, 2000) == 0);
}

static void deny(void)
{
	struct coproc_options o;

	wait_for_device();
	options(&o);
	want(coproc_open(&o, &dev) == 0);
	want(coproc_context_create(dev, &ctx) == -EREMOTEIO);
	want(coproc_refusal(dev) == XENCOPROC_NO_QUOTA);
	want(coproc_firmware_load(dev, "\177ELF", 4, 0, &fw) == -EREMOTEIO);
	want(coproc_refusal(dev) == XENCOPROC_DENIED && coproc_refusal_detail(dev) == 42);
	want(coproc_firmware_load(dev, "what is this?", 13, 0, &fw) == -EINVAL);
	want(coproc_settle(dev, 1000) == 0);
	want(coproc_close(dev, 2000) == 0);
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

static void refused(void)
{
	wait_for_device();
	want(wrong_calls_are_refused());
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } cases[] = {
		{ "whole", whole }, { "flat", flat }, { "memory", memory },
		{ "failing", failing }, { "refused", refused },
		{ "tables-again", again_tables }, { "moved", again_moved }, { "gives-up", again_gives_up },
		{ "removed", again_removed }, { "absent", again_absent }, { "missed", again_missed },
		{ "class", again_class }, { "fewer", again_fewer }, { "kept-objects", again_kept },
		{ "poll", poll_loop }, { "again", again },
		{ "broken", broken }, { "reconnect", reconnect }, { "stays-lost", stays_lost },
		{ "vanish", vanish }, { "stale", stale }, { "control-silent", control_silent },
		{ "kept", kept }, { "never-closes", never_closes }, { "storm", storm },
		{ "real", real }, { "poll-lost", poll_lost }, { "nowait", nowait }, { "scribble", scribble }, { "flood", flood }, { "deny", deny },
	};
	unsigned int i;

	if (argc == 3 && !strcmp(argv[1], "open-fails")) {
		open_fails(argv[2]);
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
