// SPDX-License-Identifier: MIT
/*
 * What the library asks of Xen and of the kernel fails: each place that asks
 * fails once, in a life of a device from its opening to its closing, and once
 * more in a life whose connection is lost on the way.  Each time a call says so,
 * or it is done in the end; nothing crashes or hangs, and what was granted is
 * given back.
 *
 * The linker puts these functions in front of the library's own calls (--wrap).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "frontend/user/coproc.h"
#include "guest_failing.h"

#define SITES           512u

/* Places in the program, told by the address that a call returns to; and those
 * that all go through one place by their turn in a life, too. */
static struct site {
	const void *at;
	unsigned int turn;
} site[SITES];

static bool armed;
static bool as_if_gone;         /* xenstore fails as where the toolstack removed all */
static const char *what_failed; /* in this life, or NULL */
static long shared;             /* pages */

/* To fail, wherever it is called: this, after so many calls of it, and then that. */
static const char *next_one, *next_then;
static unsigned int next_after;

void fail_next(const char *what, unsigned int after, const char *then)
{
	next_one = what;
	next_after = after;
	next_then = then;
}

static bool fails_at(const char *what, const void *at, unsigned int turn)
{
	unsigned int i;

	if (next_one && !strcmp(what, next_one) && next_after-- == 0) {
		fail_next(next_then, 0, NULL);
		return true;
	}
	if (!armed || what_failed)
		return false;
	for (i = 0; i < SITES && site[i].at; i++)
		if (site[i].at == at && site[i].turn == turn)
			return false;
	if (i == SITES)
		return false;
	site[i] = (struct site){ at, turn };
	what_failed = what;
	return true;
}

/* Xenstore's all go through a few places of the schema's: by turns, then. */
static unsigned int store_turn;

static bool fails(const char *what, const void *at)
{
	if (!as_if_gone)
		return fails_at(what, at, 0);   /* and fail_next() */
	return !strncmp(what, "xs_", 3) && strcmp(what, "xs_check_watch") && strcmp(what, "xs_open") && armed &&
	       fails_at(what, at, ++store_turn);
}

#define FAILING(type, name, value, error, params, args)                       \
	type __real_##name params;                                            \
	type __wrap_##name params;                                            \
	type __wrap_##name params                                             \
	{                                                                     \
		if (fails(#name, __builtin_return_address(0))) {              \
			errno = as_if_gone && !strncmp(#name, "xs_", 3) ? ENOENT : (error); \
			return value;                                         \
		}                                                             \
		return __real_##name args;                                    \
	}

FAILING(xengntshr_handle *, xengntshr_open, NULL, EACCES, (struct xentoollog_logger *l, unsigned int f),
	(l, f))
FAILING(xenevtchn_handle *, xenevtchn_open, NULL, ENOENT, (struct xentoollog_logger *l, unsigned int f),
	(l, f))
FAILING(xenevtchn_port_or_error_t, xenevtchn_bind_unbound_port, -1, ENOSPC,
	(xenevtchn_handle *xce, uint32_t domid), (xce, domid))
FAILING(xenevtchn_port_or_error_t, xenevtchn_pending, -1, EIO, (xenevtchn_handle *xce), (xce))
FAILING(struct xs_handle *, xs_open, NULL, ENOENT, (unsigned long flags), (flags))
FAILING(void *, xs_read, NULL, EIO,
	(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *n), (h, t, path, n))
FAILING(bool, xs_write, false, EACCES,
	(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data, unsigned int n),
	(h, t, path, data, n))
FAILING(char **, xs_directory, NULL, EIO,
	(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *n), (h, t, path, n))
FAILING(bool, xs_watch, false, E2BIG, (struct xs_handle *h, const char *path, const char *token),
	(h, path, token))
FAILING(char **, xs_check_watch, NULL, EIO, (struct xs_handle *h), (h))
FAILING(xs_transaction_t, xs_transaction_start, XBT_NULL, ENOMEM, (struct xs_handle *h), (h))
FAILING(int, socket, -1, EMFILE, (int domain, int type, int protocol), (domain, type, protocol))
FAILING(int, bind, -1, EACCES, (int fd, const struct sockaddr *at, socklen_t n), (fd, at, n))
FAILING(int, epoll_create1, -1, EMFILE, (int flags), (flags))
FAILING(int, epoll_ctl, -1, ENOMEM, (int epfd, int op, int fd, struct epoll_event *event),
	(epfd, op, fd, event))
FAILING(int, epoll_wait, -1, EBADF, (int epfd, struct epoll_event *event, int max, int ms),
	(epfd, event, max, ms))

static unsigned int share_turn;

void *__real_xengntshr_share_pages(xengntshr_handle *h, uint32_t domid, int count, uint32_t *refs,
				   int writable);
void *__wrap_xengntshr_share_pages(xengntshr_handle *h, uint32_t domid, int count, uint32_t *refs,
				   int writable);
void *__wrap_xengntshr_share_pages(xengntshr_handle *h, uint32_t domid, int count, uint32_t *refs,
				   int writable)
{
	const void *at = __builtin_return_address(0);
	void *pages;

	if (armed && fails_at("xengntshr_share_pages", at, ++share_turn)) {
		errno = ENOSPC;
		return NULL;
	}
	pages = __real_xengntshr_share_pages(h, domid, count, refs, writable);
	shared += pages ? count : 0;
	/* A number that the protocol has another meaning for. */
	if (pages && armed && fails_at("a reference of a page", at, 1000 + share_turn))
		refs[count - 1] = XENCOPROC_GREF_NONE;
	return pages;
}

int __real_xengntshr_unshare(xengntshr_handle *h, void *at, uint32_t count);
int __wrap_xengntshr_unshare(xengntshr_handle *h, void *at, uint32_t count);
int __wrap_xengntshr_unshare(xengntshr_handle *h, void *at, uint32_t count)
{
	/* Refused or not: nobody uses it any more. */
	shared -= (long)count;
	if (fails("xengntshr_unshare", __builtin_return_address(0))) {
		errno = EINVAL;
		return -1;
	}
	return __real_xengntshr_unshare(h, at, count);
}

/* ---- one life of a device ---- */

struct life {
	struct coproc_device *dev;
	struct coproc_context *ctx;
	struct coproc_firmware *fw;
	struct coproc_buffer *buffer;
	struct coproc_queue *queue;
	const char *at;         /* the step that failed */
	char reason[256];
};

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int make_all(struct life *l)
{
	static const char image[] = "\177ELF and the rest";
	struct coproc_options o;
	int rc;

	coproc_options_init(&o);
	o.control_timeout_ms = 2000;
	o.connect_timeout_ms = 3000;
	o.close_timeout_ms = as_if_gone ? 500 : o.close_timeout_ms;
	o.reason = l->reason;
	o.reason_size = sizeof(l->reason);
	l->at = "open";
	rc = coproc_open(&o, &l->dev);
	if (rc) {
		l->dev = NULL;
		return rc;
	}
	l->at = "context";
	rc = coproc_context_create(l->dev, &l->ctx);
	l->at = rc ? l->at : "firmware";
	rc = rc ? rc : coproc_firmware_load(l->dev, image, sizeof(image), 0, &l->fw);
	l->at = rc ? l->at : "buffer";
	rc = rc ? rc : coproc_buffer_create(l->dev, 8192, XENCOPROC_ACCESS_READ, &l->buffer);
	l->at = rc ? l->at : "queue";
	return rc ? rc : coproc_queue_open_flags(l->dev, XENCOPROC_CLASS_NORMAL, 32,
						 COPROC_QUEUE_OWN_EVENT, &l->queue);
}

/* One with a table, for which the library makes a buffer of its own. */
static int run_job(struct life *l)
{
	struct coproc_piece piece[6];
	struct coproc_job job = { .context = l->ctx, .firmware = l->fw, .entry = 3, .pieces = piece,
				  .piece_count = 6 };
	struct coproc_done done;
	uint64_t id;
	int rc, i;

	l->at = "job";
	for (i = 0; i < 6; i++)
		piece[i] = (struct coproc_piece){ l->buffer, XENCOPROC_ACCESS_READ, 0, 1 };
	rc = coproc_submit(l->queue, &job, 1, &id);
	if (rc != 1)
		return rc;
	rc = coproc_wait(l->queue, id, 3000, &done);
	return rc ? rc : -coproc_status_errno(done.status);
}

/* The backend of this case goes when it is asked this, and comes back: all is
 * made again, and used. */
static int lose_and_go_on(struct life *l)
{
	uint64_t value;
	int rc;

	l->at = "loss";
	rc = coproc_query(l->dev, XENCOPROC_QUERY_WEIGHT, NULL, &value);
	if (rc != -ECONNRESET)
		return rc ? rc : -ENOTRECOVERABLE;
	l->at = "next connection";
	rc = coproc_wait_connected(l->dev, 5000);
	return rc ? rc : run_job(l);
}

static int live_once(struct life *l, bool again)
{
	int rc;

	armed = !again;
	rc = make_all(l);
	if (rc == 0)
		rc = run_job(l);
	armed = true;
	if (rc == 0 && again)
		rc = lose_and_go_on(l);
	if (rc && l->dev)
		snprintf(l->reason, sizeof(l->reason), "%s", coproc_reason(l->dev));
	return rc;
}

/* Lives until nothing is left to fail; the last one must be a good one. */
static bool fails_once_everywhere(bool again)
{
	unsigned int lives, wrong = 0;
	struct life l;
	double start;
	int rc;

	memset(site, 0, sizeof(site));
	for (lives = 0; lives < SITES; lives++) {
		memset(&l, 0, sizeof(l));
		what_failed = NULL;
		share_turn = 0;
		store_turn = 0;
		start = seconds();
		rc = live_once(&l, again);
		/* What is given back fails, too. */
		if (l.dev)
			coproc_close(l.dev, 1000);
		armed = false;
		if (!what_failed)
			break;
		if ((!rc || (rc < 0 && l.reason[0])) && shared == 0 && seconds() - start < 20)
			continue;
		wrong++;
		fprintf(stderr, "# %s, in %s: %d (%s), %ld pages kept, %.1f s\n", what_failed, l.at, rc,
			l.reason, shared, seconds() - start);
		shared = 0;
	}
	fprintf(stderr, "# %u places failed once%s%s; left alone: %d (%s: %s)\n", lives,
		again ? " after a loss" : "", as_if_gone ? ", xenstore's as if it were gone" : "", rc, l.at, l.reason);
	return rc == 0 && wrong == 0 && lives > 10 && lives < SITES;
}

bool surroundings_fail_everywhere(void)
{
	return fails_once_everywhere(false) && fails_once_everywhere(true);
}

bool store_fails_everywhere(void)
{
	as_if_gone = true;
	return fails_once_everywhere(false);
}
