/* SPDX-License-Identifier: MIT */
/*
 * A guest that attacks the backend through what it shares with it.  Prints
 * "ok - what" and "not ok - what"; the script that starts it numbers the lines.
 *
 *	hostile rings FIRMWARE | grants | nodes | memory | order FIRMWARE | park FIRMWARE |
 *	        swap FIRMWARE | half
 *	hostile storm | flap | queues | nops | images  SECONDS
 *
 * The numbers F1 to F18 are attacks of a frontend known from other drivers:
 * rings (F2, F9, F13), grants (F14), nodes (F11), changes under the reader (F1),
 * firmware swapped after its hash (F18), floods (F6, F7, F10).
 */
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"

#define FOREVER         5u
#define CHAIN           2u

static struct raw raw;
static int bad;

__attribute__((format(printf, 2, 3)))
static void check(bool good, const char *format, ...)
{
	va_list args;

	fputs(good ? "ok - " : "not ok - ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	bad |= !good;
}

static void connect_(void)
{
	if (!raw_connect(&raw)) {
		check(false, "connects (backend in %d, \"%s\")", raw_backend(&raw), raw_error(&raw));
		exit(1);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Floods rest in the second half of each second, so that one run has both:
 * what a neighbour gets done under attack, and without.  Return: whether to go
 * on. */
static bool flooding(double until)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (t.tv_nsec >= 500000000)
		usleep((useconds_t)((1000000000 - t.tv_nsec) / 1000));
	return now() < until;
}

/* A context, a buffer with the image in it, firmware 0. */
static void load(const char *path)
{
	uint8_t digest[32];
	static uint8_t image[1 << 20];
	FILE *in = fopen(path, "rb");
	size_t n = in ? fread(image, 1, sizeof(image), in) : 0;
	void *at;

	if (in)
		fclose(in);
	crypto_hash_sha256(digest, image, n);
	if (raw_context(&raw, 0) || raw_context(&raw, 1) ||
	    raw_buffer(&raw, 0, (uint32_t)(n + 4095) / 4096, XENCOPROC_ACCESS_READ, &at)) {
		check(false, "objects");
		exit(1);
	}
	memcpy(at, image, n);
	if (raw_firmware(&raw, 0, 0, (uint32_t)n, digest)) {
		check(false, "firmware");
		exit(1);
	}
}

/* ---- rings ---- */

static struct xencoproc_cell *sq_cell(unsigned int queue)
{
	return &raw.fe[XENCOPROC_RING_SQ(queue)];
}

static void set(uint32_t *where, uint32_t value)
{
	__atomic_store_n(where, value, __ATOMIC_RELEASE);
	raw_notify(&raw);
}

static void sq_far(void) { set(&sq_cell(0)->index, 0x80000000u); }
static void sq_beyond(void) { set(&sq_cell(0)->index, raw.queue[0].ring.sq.index + 33); }
static void sq_job(void) { set(&sq_cell(1)->index, 0xffffffffu); }

static void sq_back(void)
{
	struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);

	for (int i = 0; i < 3; i++)
		raw_ask(&raw, &nop);
	set(&sq_cell(0)->index, raw.queue[0].ring.sq.index - 1);
}

/* One request by hand, with a slot of our choice. */
static void by_hand(unsigned int queue, uint32_t place, struct coproc_request *request, uint16_t slot)
{
	struct xencoproc_sqe *sqe = raw.queue[queue].sq;

	request->slot = slot;
	coproc_request_encode(request, &sqe[place % 32]);
}

static void slot_high(void)
{
	struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);
	uint32_t place = raw.queue[0].ring.sq.index;

	by_hand(0, place, &nop, 32);
	set(&sq_cell(0)->index, place + 1);
}

static void slot_live(void)
{
	struct coproc_request job = raw_job(0, 0, FOREVER, 0);

	job.u.job.run_limit_us = 1000000;
	by_hand(1, 0, &job, 7);
	by_hand(1, 1, &job, 7);
	set(&sq_cell(1)->index, 2);
}

/* F9: completions are never consumed, submissions go on. */
static void no_room(void)
{
	struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);

	for (uint32_t i = 0; i < 40; i++) {
		by_hand(1, i, &nop, (uint16_t)(i % 32));
		set(&sq_cell(1)->index, i + 1);
		usleep(500);
	}
}

/* The same, but it says that it consumed more than there ever was. */
static void cq_ahead(void)
{
	__atomic_store_n(&raw.fe[XENCOPROC_RING_CQ(1)].index, 5000, __ATOMIC_RELEASE);
	no_room();
}

/* The backend tells of a reset into a ring whose consumer lies. */
static void event_index(void)
{
	struct coproc_request job = raw_job(0, 0, FOREVER, 0);

	job.u.job.run_limit_us = 1000;
	__atomic_store_n(&raw.fe[XENCOPROC_RING_EVENT].index, 77, __ATOMIC_RELEASE);
	raw_send(&raw, 1, &job);
}

static const struct {
	const char *name;
	void (*attack)(void);
	const char *says;               /* in the `error` node */
} attacks[] = {
	{ "F2: an index 2^31 ahead", sq_far, "queue 0" },
	{ "F2: an index one beyond the ring", sq_beyond, "queue 0" },
	{ "F2: an index that goes back", sq_back, "queue 0" },
	{ "F2: a job queue's index before its beginning", sq_job, "queue 1" },
	{ "F2: completions consumed that were never put", cq_ahead, "queue 1" },
	{ "F13: a slot that does not exist", slot_high, "queue 0" },
	{ "F13: the slot of a live request", slot_live, "queue 1" },
	{ "F9: completions never consumed", no_room, "queue 1" },
	{ "F2: events consumed that were never sent", event_index, "event ring" },
};

static void rings(const char *firmware)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		bool closing;

		connect_();
		load(firmware);
		if (raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL))
			check(false, "a queue");
		attacks[i].attack();
		closing = raw_until(&raw, 5);
		check(closing && strstr(raw_error(&raw), attacks[i].says), "%s: broken (\"%s\")",
		      attacks[i].name, raw_error(&raw));
		check(raw_disconnect(&raw), "and let go of");
	}
}

/* ---- grants (F14) ---- */

static void expect(struct coproc_request *request, unsigned int status, const char *what)
{
	unsigned int is = raw_ask(&raw, request);

	check(is == status, "F14: %s: %s (is %s)", what, coproc_status_text(status),
	      coproc_status_text(is));
}

static void grants(void)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_QUEUE_OPEN);
	uint32_t *directory, ref, own;
	void *at, *page;

	connect_();
	r.u.queue_open.queue = 1;
	r.u.queue_open.qclass = XENCOPROC_CLASS_NORMAL;
	r.u.queue_open.order = XENCOPROC_ORDER_MIN;
	r.u.queue_open.sq_ref[0] = 40000;
	r.u.queue_open.cq_ref[0] = 40001;
	expect(&r, XENCOPROC_BAD_GRANT, "a queue of grants that are none");
	r.u.queue_open.sq_ref[0] = raw.fe_ref;
	r.u.queue_open.cq_ref[0] = raw.fe_ref;
	expect(&r, XENCOPROC_BAD_GRANT, "a read-only page to be written");
	page = raw_share(&raw, 1, &own, false);
	directory = raw_share(&raw, 1, &ref, false);
	for (int bad_one = 0; bad_one < 8; bad_one += 7) {
		r = raw_request(XENCOPROC_OP_BUF_REGISTER);
		memset(directory, 0xff, 4096);
		for (int i = 0; i < 8; i++)
			directory[i] = i == bad_one ? 40000 : own;
		r.u.buf_register.pages = 8;
		r.u.buf_register.access = XENCOPROC_ACCESS_READ;
		r.u.buf_register.dirs = 1;
		r.u.buf_register.dir_ref[0] = ref;
		expect(&r, XENCOPROC_BAD_GRANT, bad_one ? "a buffer whose last page is none" :
							  "a buffer whose first page is none");
	}
	r.u.buf_register.dir_ref[0] = 40000;
	expect(&r, XENCOPROC_BAD_GRANT, "a directory that is none");
	check(raw_buffer(&raw, 1, 16, 3, &at) == XENCOPROC_OK, "an honest buffer");
	raw_unshare(&raw, at, 16);
	r = raw_request(XENCOPROC_OP_BUF_RELEASE);
	r.u.buf_release.buffer = 1;
	expect(&r, XENCOPROC_OK, "its grants ended in use, released");
	/* All the rings' pages at once, and then a word. */
	raw_unshare(&raw, raw.queue[0].sq, 1);
	raw_unshare(&raw, raw.queue[0].cq, 1);
	raw_unshare(&raw, raw.events, 1);
	raw.queue[0].sq = raw.queue[0].cq = raw.events = NULL;
	raw_notify(&raw);
	check(raw_disconnect(&raw), "the rings' grants ended in use: let go of");
	raw_unshare(&raw, page, 1);
	raw_unshare(&raw, directory, 1);
}

/* ---- nodes (F11) ---- */

static void nodes(void)
{
	static const char *const names[] = {
		"version", "frontend-index-ref", "backend-index-ref", "control-sq-ref",
		"control-cq-ref", "event-ring-ref", "event-channel",
	};
	static const char *const values[] = {
		"", "-1", "4294967295", "99999999999999999999", "x", "007", "40000",
	};
	unsigned int refused = 0, named = 0, tried = 0;

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			bool closing = raw_write(&raw, "state", "1") && raw_until(&raw, 2) &&
				       raw_publish(&raw) && raw_write(&raw, names[n], values[v]) &&
				       raw_write(&raw, "state", "3") && raw_until(&raw, 5);

			tried++;
			refused += closing;
			named += strstr(raw_error(&raw), names[n]) != NULL;
			if (!closing || !strstr(raw_error(&raw), names[n]))
				printf("# %s=%s: %d \"%s\"\n", names[n], values[v], raw_backend(&raw),
				       raw_error(&raw));
			raw_disconnect(&raw);
		}
	}
	check(refused == tried, "F11: %u of %u spoilt nodes refused", refused, tried);
	check(named == tried, "F11: and named in the reason (%u)", named);
	raw_write(&raw, "state", "1");
	raw_until(&raw, 2);
	raw_publish(&raw);
	raw_write_number(&raw, "control-cq-ref", raw.events_ref);
	raw_write(&raw, "state", "3");
	check(raw_until(&raw, 5) && *raw_error(&raw), "B-STORE-2: one grant in two nodes is refused");
	raw_disconnect(&raw);
}

/* ---- F1: memory that changes while it is looked at ---- */

static pid_t child(void (*what)(void *at, size_t size), void *at, size_t size)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			what(at, size);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void scribble(void *at, size_t size)
{
	((volatile uint8_t *)at)[(size_t)rand() % size] = (uint8_t)rand();
}

static void memory(void)
{
	unsigned int broken = 0;

	for (int i = 0; i < 6; i++) {
		struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);
		struct coproc_completion done;
		double until = now() + 0.25;
		pid_t pid;

		connect_();
		pid = child(scribble, i % 2 ? (void *)raw.fe : raw.queue[0].sq, i % 2 ? 512 : 4096);
		while (now() < until && raw_backend(&raw) == 4) {
			raw_send(&raw, 0, &nop);
			while (coproc_client_take(&raw.queue[0].ring, &done) > 0)
				;
			raw_notify(&raw);
		}
		end(pid);
		broken += raw_backend(&raw) != 4;
		check(raw_disconnect(&raw), "F1: %s scribbled over while read: let go of",
		      i % 2 ? "an index page" : "a ring");
	}
	check(broken, "F1: which broke %u connections of 6", broken);
}

/* ---- F18 ---- */

static void flip(void *at, size_t size)
{
	volatile uint8_t *byte = (volatile uint8_t *)at + size / 2;

	*byte ^= 1;
	usleep(50);
}

static void swap(const char *path)
{
	static uint8_t image[1 << 20];
	unsigned int ok = 0, digest_bad = 0, other = 0, ran_other = 0;
	FILE *in = fopen(path, "rb");
	size_t n = in ? fread(image, 1, sizeof(image), in) : 0;
	struct coproc_request unload = raw_request(XENCOPROC_OP_FW_UNLOAD);
	struct coproc_completion done;
	uint8_t digest[32];
	pid_t pid;
	void *at;

	if (in)
		fclose(in);
	crypto_hash_sha256(digest, image, n);
	connect_();
	raw_context(&raw, 0);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	raw_buffer(&raw, 0, (uint32_t)(n + 4095) / 4096, XENCOPROC_ACCESS_READ, &at);
	memcpy(at, image, n);
	pid = child(flip, at, n);
	for (int i = 0; i < 300; i++) {
		struct coproc_request job = raw_job(0, 0, CHAIN, 1000);
		unsigned int status = raw_firmware(&raw, 0, 0, (uint32_t)n, digest);

		ok += status == XENCOPROC_OK;
		digest_bad += status == XENCOPROC_BAD_DIGEST;
		other += status != XENCOPROC_OK && status != XENCOPROC_BAD_DIGEST;
		if (status != XENCOPROC_OK)
			continue;
		raw_send(&raw, 1, &job);
		ran_other += !raw_take(&raw, 1, &done) || done.status != XENCOPROC_OK ||
			     done.result >> 32 != 1000;
		raw_ask(&raw, &unload);
	}
	end(pid);
	check(!other && ok && digest_bad, "F18: an image that changes: %u as named, %u refused by digest, %u else",
	      ok, digest_bad, other);
	check(!ran_other, "F18: what ran is what was hashed (%u not)", ran_other);
	check(raw_disconnect(&raw), "let go of");
}

/* ---- order of what is told ---- */

/* B-CANCEL-1: who sees the answer to a CANCEL can see its job's completion. */
static void order(const char *firmware)
{
	unsigned int early = 0, other = 0;

	connect_();
	load(firmware);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	for (int i = 0; i < 400; i++) {
		struct coproc_request job = raw_job(0, 0, FOREVER, 0);
		struct coproc_request cancel = raw_request(XENCOPROC_OP_CANCEL);
		struct coproc_completion done;
		bool ended = false;
		int slot;

		slot = raw_send(&raw, 1, &job);
		/* Some are cancelled running, some waiting. */
		usleep(i % 4 ? 300 : 0);
		cancel.u.cancel.queue = 1;
		cancel.u.cancel.target_slot = (uint16_t)slot;
		cancel.u.cancel.target_id = job.id;
		coproc_client_put(&raw.queue[0].ring, &cancel);
		if (i % 2)      /* asked twice: both are answered after the end */
			raw_send(&raw, 0, &cancel);
		else if (coproc_client_publish(&raw.queue[0].ring))
			raw_notify(&raw);
		for (int answers = 0; answers <= i % 2; answers++) {
			/* As close to the store as can be. */
			while (!coproc_client_take(&raw.queue[0].ring, &done))
				;
			other += done.status != XENCOPROC_OK && done.status != XENCOPROC_NOT_FOUND;
			ended = ended || coproc_client_take(&raw.queue[1].ring, &done) > 0;
			early += !ended;
		}
		if (!ended)
			raw_take(&raw, 1, &done);
	}
	check(!early, "B-CANCEL-1: no CANCEL answered before its job (%u of 400)", early);
	check(!other, "nor answered otherwise (%u)", other);
	check(raw_disconnect(&raw), "let go of");
}

/* A parked job that is cancelled while its turn comes. */
static void park(const char *firmware)
{
	struct coproc_request query = raw_request(XENCOPROC_OP_QUERY);
	struct coproc_completion done;
	unsigned int wrong = 0;

	connect_();
	load(firmware);
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_BATCH);
	raw_queue_open(&raw, 2, XENCOPROC_CLASS_REALTIME);
	for (int i = 0; i < 300; i++) {
		struct coproc_request slow = raw_job(0, 0, FOREVER, 0);
		struct coproc_request quick = raw_job(1, 0, CHAIN, (uint64_t)(rand() % 40000));
		struct coproc_request cancel = raw_request(XENCOPROC_OP_CANCEL);

		cancel.u.cancel.queue = 1;
		cancel.u.cancel.target_slot = (uint16_t)raw_send(&raw, 1, &slow);
		cancel.u.cancel.target_id = slow.id;
		usleep((useconds_t)(rand() % 300));
		raw_send(&raw, 2, &quick);
		usleep((useconds_t)(rand() % 600));
		raw_send(&raw, 0, &cancel);
		wrong += !raw_take(&raw, 2, &done) || done.status != XENCOPROC_OK;
		wrong += !raw_take(&raw, 1, &done) || done.status != XENCOPROC_CANCELLED;
		wrong += !raw_take(&raw, 0, &done) || done.status != XENCOPROC_OK;
	}
	check(!wrong, "jobs put aside and cancelled, 300 times: all as asked (%u not)", wrong);
	query.u.query.what = XENCOPROC_QUERY_CONTEXT;
	query.u.query.object = 1;
	raw_send(&raw, 0, &query);
	wrong = raw_take(&raw, 0, &done) ? (unsigned int)done.result : 0;
	check(wrong == 1, "and the other context was never reset (%d times)", (int)wrong - 1);
	check(raw_disconnect(&raw), "let go of");
}

/* ---- floods, for so many seconds ---- */

static void storm(double seconds)
{
	double until = now() + seconds;

	connect_();
	while (flooding(until))
		for (int i = 0; i < 1000; i++)
			raw_notify(&raw);
	check(raw_backend(&raw) == 4, "F7: still connected after the storm");
	check(raw_disconnect(&raw), "let go of");
}

static void flap(double seconds)
{
	static const char *const states[] = { "1", "3", "4", "5", "6", "0", "9", "x" };
	double until = now() + seconds;
	unsigned int writes = 0;

	while (flooding(until)) {
		raw_write(&raw, "state", states[rand() % 8]);
		raw_write(&raw, "junk", states[rand() % 8]);
		writes += 2;
	}
	check(writes > 1000, "F10: %u writes", writes);
	connect_();
	check(raw_disconnect(&raw), "F6: connects afterwards, and lets go");
}

static void queues(double seconds)
{
	double until = now() + seconds;
	struct coproc_request close_ = raw_request(XENCOPROC_OP_QUEUE_CLOSE);
	unsigned int rounds = 0, wrong = 0;

	connect_();
	close_.u.queue_close.queue = 1;
	for (; flooding(until); rounds++) {
		wrong += raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL) != XENCOPROC_OK;
		wrong += raw_ask(&raw, &close_) != XENCOPROC_OK;
		raw_unshare(&raw, raw.queue[1].sq, 1);
		raw_unshare(&raw, raw.queue[1].cq, 1);
		raw.queue[1].sq = raw.queue[1].cq = NULL;
	}
	check(!wrong && rounds, "%u queues opened and closed, %u wrong", rounds, wrong);
	check(raw_disconnect(&raw), "let go of");
}

static void nops(double seconds)
{
	double until = now() + seconds;
	struct coproc_completion done;
	unsigned long taken = 0;

	connect_();
	while (flooding(until)) {
		struct coproc_request nop = raw_request(XENCOPROC_OP_NOP);

		while (coproc_client_put(&raw.queue[0].ring, &nop) >= 0)
			;
		if (coproc_client_publish(&raw.queue[0].ring))
			raw_notify(&raw);
		while (coproc_client_take(&raw.queue[0].ring, &done) > 0)
			taken++;
	}
	check(taken > 1000, "%lu requests that do nothing", taken);
	check(raw_disconnect(&raw), "let go of");
}

static void images(double seconds)
{
	double until = now() + seconds;
	unsigned int loads = 0, wrong = 0;
	const uint8_t digest[32] = { 1 };
	void *at;

	connect_();
	wrong += raw_buffer(&raw, 0, 256, XENCOPROC_ACCESS_READ, &at) != XENCOPROC_OK;
	for (; flooding(until); loads++)
		wrong += raw_firmware(&raw, 0, 0, 1 << 20, digest) != XENCOPROC_BAD_DIGEST;
	check(!wrong && loads, "%u images of a megabyte, all refused", loads);
	check(raw_disconnect(&raw), "let go of");
}

/* Published, mapped by the backend, and nothing more. */
static void half(void)
{
	check(raw_write(&raw, "state", "1") && raw_until(&raw, 2) && raw_publish(&raw) &&
	      raw_write(&raw, "state", "3") && raw_until(&raw, 4), "a frontend that stops half-way");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *with = argc > 2 ? argv[2] : "1";

	raw_open(&raw);
	if (!strcmp(what, "rings"))
		rings(with);
	else if (!strcmp(what, "grants"))
		grants();
	else if (!strcmp(what, "nodes"))
		nodes();
	else if (!strcmp(what, "memory"))
		memory();
	else if (!strcmp(what, "order"))
		order(with);
	else if (!strcmp(what, "park"))
		park(with);
	else if (!strcmp(what, "swap"))
		swap(with);
	else if (!strcmp(what, "half"))
		half();
	else if (!strcmp(what, "storm"))
		storm(atof(with));
	else if (!strcmp(what, "flap"))
		flap(atof(with));
	else if (!strcmp(what, "queues"))
		queues(atof(with));
	else if (!strcmp(what, "nops"))
		nops(atof(with));
	else if (!strcmp(what, "images"))
		images(atof(with));
	else
		return 2;
	return bad;
}
