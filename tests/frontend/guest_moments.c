// SPDX-License-Identifier: MIT
/*
 * The backend goes, refuses, lies or breaks a ring at a moment that this side
 * names (peers-moments.c), in the midst of what the library does with several
 * steps.  Each call ends as coproc.h says, each job ends once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xenstore.h>

#include "frontend/user/internal.h"
#include "guest.h"
#include "guest_failing.h"
#include "guest_memory.h"
#include "guest_moments.h"
#include "libcoproc-ring/wire.h"

enum { COPY, ADDS, FAILS, SUMS, WAITS = 9 };    /* entries: see peers-backend.c */

static void tell(const char *node, const char *text)
{
	struct xs_handle *xs = xs_open(0);
	char path[64];

	snprintf(path, sizeof(path), "device/vcoproc/0/%s", node);
	want(xs && (*text ? xs_write(xs, XBT_NULL, path, text, (unsigned int)strlen(text)) :
			    xs_rm(xs, XBT_NULL, path)));
	xs_close(xs);
}

/* The backend does this at the N-th request of the operation from now on. */
static void wish(const char *action, unsigned int op, unsigned int n)
{
	static unsigned int serial;
	char text[64];

	snprintf(text, sizeof(text), "%u %s %u %u", ++serial, action, op, n);
	tell("wish", text);
}

static void open_here(void)
{
	struct coproc_options o;

	coproc_options_init(&o);
	o.control_timeout_ms = 5000;
	o.close_timeout_ms = 2000;
	o.connect_timeout_ms = 20000;
	o.reason = reason;
	o.reason_size = sizeof(reason);
	dev = NULL;
	want(coproc_open(&o, &dev) == 0);
	want(coproc_context_create(dev, &ctx) == 0);
	want(coproc_firmware_load(dev, "\177ELF", 4, 0, &fw) == 0);
	want(coproc_buffer_create(dev, 8192, XENCOPROC_ACCESS_READ, &in) == 0);
	want(coproc_queue_open(dev, XENCOPROC_CLASS_NORMAL, 32, &queue) == 0);
}

static void close_here(void)
{
	want(coproc_close(dev, 2000) == 0);
	dev = NULL;
}

static uint64_t job_of(unsigned int entry, unsigned int pieces, uint32_t flags,
		       struct coproc_context *wait)
{
	struct coproc_piece piece[32];
	struct coproc_job job = { .context = ctx, .firmware = fw, .entry = entry, .immediate = 41,
				  .pieces = piece, .piece_count = pieces, .flags = flags,
				  .wait_context = wait, .signal_value = 3 };
	uint64_t id = 0;
	unsigned int i;

	for (i = 0; i < pieces; i++)
		piece[i] = (struct coproc_piece){ in, XENCOPROC_ACCESS_READ, i, 10 };
	want(coproc_submit(queue, &job, 1, &id) == 1);
	return id;
}

static void ends(uint64_t id, unsigned int status)
{
	struct coproc_done done;

	want(coproc_wait(queue, id, 10000, &done) == 0);
	if (done.status != status)
		fprintf(stderr, "# %s, expected %s\n", coproc_status_text(done.status),
			coproc_status_text(status));
	want(done.status == status);
	want(coproc_wait(queue, id, 0, &done) == -ENOENT);
}

/* All that was submitted may have started. */
static void until_taken(void)
{
	double end = seconds() + 20;

	while (wire32(coproc_load_acquire(&queue->ring.sq.peer->index)) != queue->ring.sq.index) {
		want(seconds() < end);
		usleep(1000);
	}
}

static void make_it_go(void)
{
	uint64_t value;

	want(coproc_query(dev, XENCOPROC_QUERY_WEIGHT, NULL, &value) == -ECONNRESET);
}

/* Of the queue's completions: an index that cannot be true. */
static void break_queue(void)
{
	struct xencoproc_cell *cell = (struct xencoproc_cell *)(uintptr_t)
				      &dev->link.be_index[XENCOPROC_RING_CQ(queue->o.index)];

	coproc_store_release(&cell->index, wire32(wire32(cell->index) + 5000));
}

/* ---- lost while it is made again ---- */

/* At each request of the next connection: the one after that makes all. */
static void lost_while_remade(void)
{
	static const struct { unsigned int op, count; } requests[] = {
		{ XENCOPROC_OP_QUEUE_OPEN, 2 }, { XENCOPROC_OP_BUF_REGISTER, 2 },
		{ XENCOPROC_OP_CTX_CREATE, 1 }, { XENCOPROC_OP_FW_LOAD, 1 },
	};
	struct coproc_queue *other;
	struct coproc_stats stats;

	for (unsigned int i = 0; i < 4; i++)
		for (unsigned int n = 1; n <= requests[i].count; n++) {
			open_here();
			want(coproc_queue_open(dev, XENCOPROC_CLASS_NORMAL, 32, &other) == 0);
			ends(job_of(SUMS, 6, 0, NULL), XENCOPROC_OK);
			wish("go-later", requests[i].op, n);
			make_it_go();
			want(coproc_wait_connected(dev, 10000) == 0);
			coproc_stats(dev, &stats);
			want(stats.connections == 3);
			ends(job_of(SUMS, 6, 0, NULL), XENCOPROC_OK);
			close_here();
		}
}

/* A RESTARTABLE job, and one of the objects that it needs is refused to the next
 * connection: it ends LOST, and the others' jobs go on. */
static void refused_when_remade(unsigned int op, unsigned int n, unsigned int pieces, bool waits)
{
	struct coproc_context *second;
	uint64_t id;

	open_here();
	want(coproc_context_create(dev, &second) == 0);
	id = job_of(WAITS, pieces, COPROC_JOB_RESTARTABLE | (waits ? COPROC_JOB_WAIT : 0),
		    waits ? second : NULL);
	wish("refuse-later", op, n);
	make_it_go();
	want(coproc_wait_connected(dev, 10000) == 0);
	ends(id, XENCOPROC_LOST);
	close_here();
}

/* ---- jobs that a lost connection leaves ---- */

/* Its table lies in a buffer that a larger table has taken the place of. */
static void table_left_behind(void)
{
	uint64_t id;

	open_here();
	id = job_of(WAITS, 6, COPROC_JOB_RESTARTABLE, NULL);
	ends(job_of(SUMS, 20, 0, NULL), XENCOPROC_OK);
	make_it_go();
	ends(id, XENCOPROC_LOST);
	close_here();
}

/* The backend's index says that it took none, and its slot was used again. */
static void index_that_goes_back(void)
{
	uint64_t id, value;
	unsigned int i;

	open_here();
	id = job_of(WAITS, 0, 0, NULL);
	for (i = 0; i < 70; i++)
		ends(job_of(ADDS, 0, 0, NULL), XENCOPROC_OK);
	wish("rewind", XENCOPROC_OP_QUERY, 1);
	want(coproc_query(dev, XENCOPROC_QUERY_DEVICE, NULL, &value) == -ECONNRESET);
	ends(id, XENCOPROC_LOST);
	close_here();
}

/* No memory to keep it by is tested in guest_memory.c; here its context is gone. */
static void context_given_up_before(void)
{
	struct coproc_context *mine;
	uint64_t id;

	open_here();
	mine = ctx;
	id = job_of(WAITS, 0, COPROC_JOB_SIGNAL, NULL);
	until_taken();
	want(coproc_context_destroy(mine) == 0);
	make_it_go();
	ends(id, XENCOPROC_LOST);
	close_here();
}

/* A buffer without a handle stays for a job that waits for the next connection. */
static void given_up_while_away(void)
{
	uint64_t id;

	open_here();
	id = job_of(WAITS, 1, COPROC_JOB_RESTARTABLE, NULL);
	want(coproc_buffer_destroy(in) == 0);
	wish("away-asked", 0, 1);
	/* The question is what makes it look at its wish. */
	make_it_go();
	want(coproc_settle(dev, 1000) == -ENOTCONN && strstr(coproc_reason(dev), "not connected"));
	want(coproc_cancel(queue, id) == 0);
	ends(id, XENCOPROC_CANCELLED);
	want(coproc_settle(dev, 1000) == 0);
	tell("go", "1");
	want(coproc_wait_connected(dev, 10000) == 0);
	tell("go", "");
	close_here();
}

/* ---- rings that break in between ---- */

static void broken_under_a_cancel(void)
{
	uint64_t id;

	open_here();
	id = job_of(WAITS, 0, 0, NULL);
	wish("break", XENCOPROC_OP_CANCEL, 1);
	want(coproc_cancel(queue, id) == 0);
	ends(id, XENCOPROC_LOST);
	want(strstr(coproc_lost_reason(dev), "broke"));         /* the first reason */
	close_here();
}

static void broken_under_a_close(void)
{
	open_here();
	ends(job_of(SUMS, 6, 0, NULL), XENCOPROC_OK);
	wish("break", XENCOPROC_OP_QUEUE_CLOSE, 1);
	want(coproc_queue_close(queue) == 0);
	(void)coproc_settle(dev, 5000);
	want(strstr(coproc_lost_reason(dev), "broke"));
	close_here();
}

static void broken_before_a_wait(void)
{
	uint64_t id;

	open_here();
	id = job_of(WAITS, 0, 0, NULL);
	until_taken();
	break_queue();
	ends(id, XENCOPROC_LOST);
	close_here();
}

/* The backend says Closing while a table is made, and lets jobs end. */
static void closes_under_a_submit(void)
{
	struct coproc_piece piece[6];
	struct coproc_job job = { .firmware = NULL, .entry = SUMS, .pieces = piece, .piece_count = 6 };

	open_here();
	job_of(WAITS, 0, 0, NULL);
	job.context = ctx;
	job.firmware = fw;
	for (int i = 0; i < 6; i++)
		piece[i] = (struct coproc_piece){ in, XENCOPROC_ACCESS_READ, 0, 1 };
	wish("closing", XENCOPROC_OP_BUF_REGISTER, 1);
	want(coproc_submit(queue, &job, 1, NULL) == -ENOTCONN);
	(void)coproc_close(dev, 2000);
	dev = NULL;
}

/* ---- requests ---- */

/* More than the control queue holds, and the connection goes. */
static void more_than_the_queue_holds(void)
{
	struct coproc_buffer *many[40];
	unsigned int i;

	open_here();
	for (i = 0; i < 40; i++)
		want(coproc_buffer_create(dev, 1, XENCOPROC_ACCESS_READ, &many[i]) == 0);
	wish("keep", XENCOPROC_OP_BUF_RELEASE, 32);
	for (i = 0; i < 40; i++)
		want(coproc_buffer_destroy(many[i]) == 0);
	(void)coproc_settle(dev, 5000);
	want(coproc_wait_connected(dev, 10000) == 0);
	ends(job_of(ADDS, 0, 0, NULL), XENCOPROC_OK);
	close_here();
}

static void answers_of_its_own(void)
{
	struct coproc_stats before, after;
	uint64_t value;

	open_here();
	wish("refuse", XENCOPROC_OP_QUERY, 1);
	want(coproc_query(dev, XENCOPROC_QUERY_DEVICE, NULL, &value) < 0);
	want(coproc_refusal(dev) == XENCOPROC_NO_QUOTA);
	wish("lie", XENCOPROC_OP_QUERY, 1);
	want(coproc_context_wait(ctx, 500, 1000) == 0);
	coproc_stats(dev, &before);
	wish("back", XENCOPROC_OP_QUERY, 1);
	want(coproc_query(dev, XENCOPROC_QUERY_DEVICE, NULL, &value) == 0);
	coproc_dispatch(dev);
	coproc_stats(dev, &after);
	want(after.events > before.events && after.events_lost == before.events_lost);
	wish("go", XENCOPROC_OP_QUERY, 1);
	want(coproc_context_wait(ctx, 2000000, 5000) == -ECONNRESET);
	close_here();
}

static void revoked_and_given_up(void)
{
	struct coproc_event event;
	bool told = false;
	uint64_t value;

	open_here();
	while (coproc_read_event(dev, &event))
		;
	wish("revoke", XENCOPROC_OP_QUERY, 1);
	want(coproc_query(dev, XENCOPROC_QUERY_DEVICE, NULL, &value) == 0);
	coproc_dispatch(dev);
	want(coproc_firmware_unload(fw) == 0);
	while (coproc_read_event(dev, &event)) {
		told |= event.type == COPROC_EVENT_FW_REVOKED;
		want(event.firmware == NULL);
	}
	want(told);
	close_here();
}

/* ---- this side's own surroundings ---- */

static void no_epoll_when_it_waits(void)
{
	unsigned int n, failures = 0;
	uint64_t id;
	int rc;

	/* While it asks the connection is lost by that, and later it is not. */
	for (n = 0; n < 10 && !failures; n++) {
		open_here();
		fail_next("epoll_wait", n, NULL);
		rc = coproc_context_wait(ctx, 7, 200);
		want(rc == -EBADF || rc == -ECONNRESET || rc == -ETIMEDOUT);
		failures += rc == -EBADF;
		fail_next(NULL, 0, NULL);
		close_here();
	}
	want(failures);
	open_here();
	id = job_of(WAITS, 0, 0, NULL);
	fail_next("epoll_wait", 0, NULL);
	want(coproc_wait(queue, id, 1000, &(struct coproc_done){ 0 }) == -EBADF);
	fail_next("epoll_wait", 0, NULL);       /* while its jobs are cancelled */
	(void)coproc_close(dev, 2000);
	dev = NULL;
}

/* The N-th allocation from the loss on, until none is left to fail. */
static void no_memory_to_keep_a_job(void)
{
	unsigned int n, lost = 0;
	struct coproc_done done;
	uint64_t id, value;

	for (n = 1; n < 30; n++) {
		open_here();
		id = job_of(WAITS, 6, COPROC_JOB_RESTARTABLE, NULL);
		until_taken();
		memory_fails_at(n);
		want(coproc_query(dev, XENCOPROC_QUERY_WEIGHT, NULL, &value) < 0);
		memory_fails_at(0);
		(void)coproc_cancel(queue, id);
		want(coproc_wait(queue, id, 10000, &done) == 0);
		want(done.status == XENCOPROC_LOST || done.status == XENCOPROC_CANCELLED);
		lost += done.status == XENCOPROC_LOST;
		(void)coproc_close(dev, 2000);
		dev = NULL;
	}
	want(lost >= 2 && lost < 29);
}

static void turns(unsigned int ms)
{
	double end = seconds() + ms / 1e3;

	do {
		want(coproc_dispatch(dev) == 0);
		usleep(1000);
	} while (seconds() < end);
}

static void store_fails_in_between(void)
{
	uint64_t value;

	open_here();
	/* xenstore is lost; it comes back, and refuses a watch; and comes back again. */
	fail_next("xs_check_watch", 0, "xs_watch");
	tell("state", "4");
	turns(50);
	ends(job_of(ADDS, 0, 0, NULL), XENCOPROC_OK);
	turns(1500);
	/* The toolstack changed something, and xenstore does not say what. */
	wish("limits", XENCOPROC_OP_QUERY, 1);
	fail_next("xs_transaction_start", 0, NULL);
	want(coproc_query(dev, XENCOPROC_QUERY_DEVICE, NULL, &value) == 0);
	turns(50);
	fail_next(NULL, 0, NULL);
	ends(job_of(ADDS, 0, 0, NULL), XENCOPROC_OK);
	make_it_go();
	want(coproc_wait_connected(dev, 10000) == 0);
	close_here();
}

/* A context is given up while it is asked about, because events were missed. */
static void given_up_while_asked(void)
{
	uint64_t value;

	open_here();
	/* Asked: this, the device, the context. */
	wish("missed", XENCOPROC_OP_QUERY, 3);
	want(coproc_query(dev, XENCOPROC_QUERY_DEVICE, NULL, &value) == 0);
	turns(50);
	want(coproc_context_destroy(ctx) == 0);
	want(coproc_settle(dev, 5000) == 0);
	turns(50);
	close_here();
}

void moments(void)
{
	wait_for_device();
	lost_while_remade();
	refused_when_remade(XENCOPROC_OP_CTX_CREATE, 1, 0, false);
	refused_when_remade(XENCOPROC_OP_CTX_CREATE, 2, 0, true);
	refused_when_remade(XENCOPROC_OP_BUF_REGISTER, 1, 1, false);
	/* The table's own buffer, and the one that the table names; in this or the other order. */
	refused_when_remade(XENCOPROC_OP_BUF_REGISTER, 1, 6, false);
	refused_when_remade(XENCOPROC_OP_BUF_REGISTER, 2, 6, false);
	table_left_behind();
	index_that_goes_back();
	context_given_up_before();
	given_up_while_away();
	broken_under_a_cancel();
	broken_under_a_close();
	broken_before_a_wait();
	closes_under_a_submit();
	more_than_the_queue_holds();
	answers_of_its_own();
	revoked_and_given_up();
	no_epoll_when_it_waits();
	no_memory_to_keep_a_job();
	store_fails_in_between();
	given_up_while_asked();
}

/* Of a device that was never connected. */
void moment_unknown(void)
{
	struct coproc_context *none;
	struct coproc_options o;
	struct coproc_info info;

	wait_for_device();
	options(&o);
	o.flags = COPROC_OPEN_NOWAIT;
	want(coproc_open(&o, &dev) == 0);
	want(coproc_info(dev, &info) == -ENOTCONN);
	want(coproc_context_create(dev, &none) == -ENOTCONN);
	coproc_close(dev, 1000);
}
