// SPDX-License-Identifier: MIT
/* An honest backend: all of libcoproc, every way of waiting, and a heap that stays
 * what it was. */
#include "guest.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

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

void honest_table(void)
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

void honest_whole(void)
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
	honest_table();
	whole_batch();
	whole_cancel();
	whole_timeline();
	whole_objects();
	want(coproc_close(dev, 2000) == 0);
}

void honest_again(void)
{
	int i;

	for (i = 0; i < 5; i++) {
		open_all(NULL);
		good_job();
		want(coproc_close(dev, 2000) == 0);
	}
}

/* The heap after 10^5 jobs is what it was after the first thousands. */
void honest_flat(void)
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

void honest_polls(void)
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

void honest_nowait(void)
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
