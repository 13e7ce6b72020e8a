// SPDX-License-Identifier: MIT
/*
 * What becomes of jobs, buffers and the device itself when the backend goes: jobs
 * that it had not taken go into the next connection with their tables, or are
 * cancelled before; buffers move to another domain's backend; and a device that
 * does not come back is given up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <xenstore.h>

#include "frontend/user/internal.h"
#include "guest.h"
#include "guest_again.h"

static void patient(struct coproc_options *o)
{
	coproc_options_init(o);
	o->control_timeout_ms = 500;
	o->close_timeout_ms = 1000;
	o->connect_timeout_ms = 20000;
	o->reason = reason;
	o->reason_size = sizeof(reason);
}

static void open_again(const struct coproc_options *o)
{
	double end = seconds() + 10;
	int rc;

	/* It may be half made yet. */
	while (((rc = coproc_open(o, &dev)) == -ENODEV || rc == -EPROTO) && seconds() < end)
		usleep(10000);
	want(rc == 0);
	want(coproc_context_create(dev, &ctx) == 0);
	want(coproc_firmware_load(dev, "\177ELF", 4, 0, &fw) == 0);
	want(coproc_buffer_create(dev, 8192, XENCOPROC_ACCESS_READ, &in) == 0);
	want(coproc_queue_open(dev, XENCOPROC_CLASS_NORMAL, 32, &queue) == 0);
}

static uint64_t submit(struct coproc_queue *q, unsigned int pieces, uint32_t flags)
{
	struct coproc_piece piece[8];
	struct coproc_job job = { .context = ctx, .firmware = fw, .entry = pieces ? 3 : 1,
				  .immediate = 41, .pieces = piece, .piece_count = pieces,
				  .flags = flags };
	uint64_t id = 0;
	unsigned int i;

	for (i = 0; i < pieces; i++)
		piece[i] = (struct coproc_piece){ in, XENCOPROC_ACCESS_READ, i, 10 };
	want(coproc_submit(q, &job, 1, &id) == 1);
	return id;
}

static void ends(struct coproc_queue *q, uint64_t id, unsigned int status, uint64_t result)
{
	struct coproc_done done;

	want(coproc_wait(q, id, 10000, &done) == 0);
	if (done.status != status || done.result != result)
		fprintf(stderr, "# job %llu: %s, result %llu\n", (unsigned long long)id,
			coproc_status_text(done.status), (unsigned long long)done.result);
	want(done.status == status && done.result == result);
}

/* The case's backend goes when it is asked this, and comes back at once, or not. */
static void make_it_go(void)
{
	uint64_t value;

	want(coproc_query(dev, XENCOPROC_QUERY_WEIGHT, NULL, &value) == -ECONNRESET);
}

/* To the case's backend: it may come back. */
static void call_it_back(void)
{
	struct xs_handle *xs = xs_open(0);

	want(xs && xs_write(xs, XBT_NULL, "device/vcoproc/0/go", "1", 1));
	xs_close(xs);
}

/* Of jobs that the backend never took; some with tables, some cancelled. */
void again_tables(void)
{
	struct coproc_options o;
	struct coproc_queue *other;
	struct coproc_done done[8];
	uint64_t id[6], lie, plain[3];
	double end;
	int i, rc;

	patient(&o);
	open_again(&o);
	want(coproc_queue_open(dev, XENCOPROC_CLASS_NORMAL, 32, &other) == 0);
	ends(queue, submit(queue, 6, 0), XENCOPROC_OK, 60);
	for (i = 0; i < 19; i++)
		ends(queue, submit(queue, 0, 0), XENCOPROC_OK, 42);
	/* From this one on the backend takes none. */
	lie = submit(queue, 0, 0);
	want(coproc_wait(queue, lie, 200, &done[0]) == -ETIMEDOUT);
	for (i = 0; i < 6; i++)
		id[i] = submit(queue, 6, i == 0 ? COPROC_JOB_RESTARTABLE : 0);
	for (i = 0; i < 3; i++)
		plain[i] = submit(other, 0, 0);
	want(coproc_cancel(queue, id[5]) == 0 && coproc_cancel(queue, id[5]) == 0);
	/* Silence is a loss; then they wait for the next connection, and can be cancelled. */
	for (end = seconds() + 20; (rc = coproc_cancel(queue, id[4])) == -ENOTCONN ||
				   coproc_state(dev) == COPROC_CONNECTED;) {
		want(seconds() < end);
		want(coproc_wait(queue, id[1], 20, &done[0]) == -ETIMEDOUT);
	}
	for (end = seconds() + 20; coproc_cancel(queue, id[3]) == -ENOTCONN;) {
		want(seconds() < end);
		want(coproc_wait(queue, id[1], 20, &done[0]) == -ETIMEDOUT);
	}
	ends(queue, id[3], XENCOPROC_CANCELLED, 0);
	want(coproc_cancel_all(other) == 0);
	for (i = 0; i < 3; i++)
		ends(other, plain[i], XENCOPROC_CANCELLED, 0);
	want(coproc_context_destroy(ctx) == 0);
	call_it_back();
	want(coproc_wait_connected(dev, 15000) == 0);
	for (i = 0; i < 3; i++)
		ends(queue, id[i], XENCOPROC_OK, 60);
	/* Asked before it was known that the backend is gone, or after: never started. */
	ends(queue, id[4], XENCOPROC_CANCELLED, 0);
	ends(queue, id[5], XENCOPROC_CANCELLED, 0);
	want(coproc_queue_outstanding(queue) <= 1);
	want(coproc_settle(dev, 5000) == 0);
	want(coproc_close(dev, 2000) == 0);
}

/* The next backend is another domain's: what one domain was given, no second gets.
 * Here both are one, and the library is told otherwise. */
void again_moved(void)
{
	struct coproc_options o;
	char *first, *data;
	int i;

	patient(&o);
	open_again(&o);
	first = coproc_buffer_data(in);
	strcpy(first, "still here");
	for (i = 0; i < 2; i++) {
		in->domain = 1000;
		make_it_go();
		want(coproc_wait_connected(dev, 15000) == 0);
		/* What the program knows goes on to be good, until it asks anew. */
		want(!strcmp(first, "still here"));
		ends(queue, submit(queue, 6, 0), XENCOPROC_OK, 60);
	}
	data = coproc_buffer_data(in);
	want(data != first && !strcmp(data, "still here"));
	want(coproc_buffer_data(in) == data);
	want(coproc_close(dev, 2000) == 0);
}

/* It may take so long altogether, and no longer. */
void again_gives_up(void)
{
	struct coproc_options o;
	struct coproc_event event;
	bool told = false;

	patient(&o);
	o.reconnect_timeout_ms = 300;
	open_again(&o);
	make_it_go();
	want(coproc_wait_connected(dev, 10000) == -ENOTCONN);
	want(coproc_state(dev) == COPROC_LOST);
	want(strstr(coproc_lost_reason(dev), "gave up to reconnect") != NULL);
	while (coproc_read_event(dev, &event))
		told |= event.type == COPROC_EVENT_STATE && event.value == COPROC_LOST;
	want(told);
	coproc_close(dev, 500);
}

/* A device that the toolstack takes away, under a program that wants no other. */
void again_removed(void)
{
	struct coproc_options o;

	patient(&o);
	o.flags = COPROC_OPEN_NO_RECONNECT;
	open_again(&o);
	make_it_go();
	want(coproc_state(dev) == COPROC_LOST);
	want(coproc_wait_connected(dev, 1000) == -ENOTCONN);
	coproc_close(dev, 500);
}

void again_absent(void)
{
	struct coproc_listed listed;
	struct coproc_options o;
	double end = seconds() + 10;
	int rc;

	patient(&o);
	o.connect_timeout_ms = 100;
	do {
		want(seconds() < end);
		rc = coproc_open(&o, &dev);
		if (rc == 0)
			coproc_close(dev, 200);
		dev = NULL;
	} while (rc != -ENODEV || !strstr(reason, "no coprocessor is attached"));
	want(coproc_list(&listed, 1) <= 0);
}

/* Events that were lost: what they told is asked for, and told at last. */
void again_missed(void)
{
	bool missed = false, stopped = false, reset = false, revoked = false;
	struct coproc_event event;
	struct coproc_options o;
	double end = seconds() + 20;
	uint64_t value;

	patient(&o);
	open_again(&o);
	/* At this the backend says that events were lost, and how all stands now. */
	want(coproc_query(dev, XENCOPROC_QUERY_WEIGHT, NULL, &value) == 0);
	while (!missed || !stopped || !reset || !revoked) {
		want(seconds() < end);
		want(coproc_dispatch(dev) == 0);
		while (coproc_read_event(dev, &event)) {
			missed |= event.type == COPROC_EVENT_MISSED && event.value == 5;
			stopped |= event.type == COPROC_EVENT_DEVICE &&
				   event.value == XENCOPROC_DEVICE_STOPPED;
			reset |= event.type == COPROC_EVENT_CTX_RESET && event.context == ctx &&
				 event.value == 7;
			revoked |= event.type == COPROC_EVENT_FW_REVOKED && event.firmware == fw;
		}
		usleep(1000);
	}
	want(coproc_close(dev, 2000) == 0);
}

/* The toolstack allows this domain no more than class batch. */
void again_class(void)
{
	struct coproc_options o;
	struct coproc_queue *q;
	double end = seconds() + 10;
	int rc;

	patient(&o);
	while (((rc = coproc_open(&o, &dev)) == -ENODEV || rc == -EPROTO) && seconds() < end)
		usleep(10000);
	want(rc == 0);
	want(coproc_queue_open(dev, XENCOPROC_CLASS_NORMAL, 32, &q) == -EACCES);
	want(strstr(coproc_reason(dev), "batch") != NULL);
	want(coproc_queue_open(dev, XENCOPROC_CLASS_BATCH, 32, &q) == 0);
	want(coproc_close(dev, 2000) == 0);
}

/* The next backend allows one context only: the second is stale, all else is good. */
void again_fewer(void)
{
	struct coproc_context *second;
	struct coproc_options o;

	patient(&o);
	open_again(&o);
	want(coproc_context_create(dev, &second) == 0);
	make_it_go();
	want(coproc_wait_connected(dev, 15000) == 0);
	ends(queue, submit(queue, 0, 0), XENCOPROC_OK, 42);
	want(coproc_context_signal(second, 1) == -ESTALE);
	want(coproc_close(dev, 2000) == 0);
}

/* A backend that refuses to let go of anything: nothing of it is used again, and
 * nobody waits for ever. */
void again_kept(void)
{
	struct coproc_context *other;
	struct coproc_stats before, after;
	struct coproc_options o;

	patient(&o);
	open_again(&o);
	coproc_stats(dev, &before);
	want(coproc_buffer_destroy(in) == 0 && coproc_firmware_unload(fw) == 0);
	want(coproc_context_destroy(ctx) == 0);
	want(coproc_settle(dev, 300) == -ETIMEDOUT);
	coproc_stats(dev, &after);
	want(after.pages == before.pages);
	/* Its index is not given to another, which the backend would refuse. */
	want(coproc_context_create(dev, &other) == 0 && other->o.index != 0);
	want(coproc_close(dev, 2000) == 0);
}
