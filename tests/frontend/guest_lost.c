// SPDX-License-Identifier: MIT
/* A connection that ends, or is made to: each job ends once, and a program may
 * start anew. */
#include "guest.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenstore.h>

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

void lost_broken(void)
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

void lost_reconnect(void)
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
	honest_table();
	while (coproc_read_event(dev, &event))
		reset |= event.type == COPROC_EVENT_CTX_RESET && event.context == ctx &&
			 event.status == XENCOPROC_LOST;
	want(reset);
	want(coproc_close(dev, 2000) == 0);
}

/* No call that waits: the descriptor alone must tell of the silence, of the
 * lost jobs, and of the new connection. */
void lost_polls(void)
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

void lost_stays(void)
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

void lost_vanish(void)
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
void lost_scribble(void)
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

void lost_stale(void)
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
