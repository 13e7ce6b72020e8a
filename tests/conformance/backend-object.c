// SPDX-License-Identifier: MIT
/*
 * Objects and the control queue: order, ending, quotas, firmware (sections 6, 7).
 */
#include <stdio.h>
#include <string.h>

#include "backend.h"

/* ---- contexts and timelines ---- */

static void context_life(struct bench *b)
{
	struct peer *p = &b->peer;

	expect(p, OK, ctx_create(0), "CTX_CREATE");
	expect(p, IN_USE, ctx_create(0), "CTX_CREATE of one that exists");
	expect_query(p, Q_CONTEXT, 0, 1);
	expect_query(p, Q_CONTEXT, 1, 0);
	expect(p, BAD_OBJECT, query(Q_TIMELINE, 1), "QUERY of the timeline of no context");
	expect(p, OK, ctx_create(p->offer.max_contexts - 1), "CTX_CREATE of the last index");
	expect(p, OK, ctx_destroy(0), "CTX_DESTROY");
	expect(p, BAD_OBJECT, ctx_destroy(0), "CTX_DESTROY again");
	expect(p, BAD_OBJECT, ctx_signal(0, 1), "CTX_SIGNAL after the end");
	expect_query(p, Q_CONTEXT, 0, 0);
	expect(p, OK, ctx_create(0), "CTX_CREATE again");
	expect_query(p, Q_TIMELINE, 0, 0);
}

static void timeline(struct bench *b)
{
	struct peer *p = &b->peer;
	static const uint64_t value[] = { 5, 3, 5, 6, 0x100000000ull, 0xffffffffull, 1ull << 63, ~0ull, 0 };
	uint64_t greatest = 0;

	expect(p, OK, ctx_create(0), "CTX_CREATE");
	expect(p, OK, ctx_create(1), "CTX_CREATE");
	for (size_t i = 0; i < sizeof(value) / sizeof(value[0]); i++) {
		struct request signal_ = ctx_signal(0, value[i]), ask = query(Q_TIMELINE, 0);
		struct asked *s = peer_put(p, 0, &signal_), *q = peer_put(p, 0, &ask);

		if (value[i] > greatest)
			greatest = value[i];
		peer_publish(p, 0);
		expect_answer(p, s, OK, "CTX_SIGNAL");
		expect_answer(p, q, OK, "QUERY in the same batch");
		report_check(b->report, q->got.result == greatest, "timeline: expected %llu, came %llu",
			     (unsigned long long)greatest, (unsigned long long)q->got.result);
	}
	expect_query(p, Q_TIMELINE, 1, 0);
}

/* ---- buffers ---- */

static void buffer_life(struct bench *b)
{
	struct peer *p = &b->peer;
	void *at;

	expect(p, OK, buf_register(p, 0, 2, READ | WRITE, &at), "BUF_REGISTER");
	expect(p, IN_USE, buf_register(p, 0, 1, READ, &at), "BUF_REGISTER of one that exists");
	expect_query(p, Q_BUFFER, 0, 2);
	expect(p, OK, buf_release(0), "BUF_RELEASE");
	expect(p, BAD_OBJECT, buf_release(0), "BUF_RELEASE again");
	expect_query(p, Q_BUFFER, 0, 0);
	expect(p, OK, buf_register(p, 0, 1, READ, &at), "BUF_REGISTER again");
	expect_query(p, Q_BUFFER, 0, 1);
	expect(p, OK, buf_register(p, p->offer.max_buffers - 1, 1, WRITE, &at), "BUF_REGISTER of the last index");
}

/* The same pages in several buffers, and read-only ones. */
static void buffer_access(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r;
	void *at;

	r = buf_register(p, 0, 3, READ, &at);
	expect(p, OK, r, "BUF_REGISTER to be read, of pages granted read-only");
	SET32(&r, 16, 1);
	expect(p, OK, r, "the same pages in another buffer");
	SET32(&r, 16, 2);
	SET16(&r, 24, READ | WRITE);
	expect(p, BAD_GRANT, r, "BUF_REGISTER to be written, of pages granted read-only");
	SET16(&r, 24, WRITE);
	expect(p, BAD_GRANT, r, "BUF_REGISTER to be written only, of pages granted read-only");
	expect_query(p, Q_BUFFER, 2, 0);
}

static void directory_wrong(struct bench *b)
{
	struct peer *p = &b->peer;
	struct { const char *what; unsigned int entry; uint32_t value; unsigned int status; } wrong[] = {
		{ "an unused entry that is a grant", 3, 8, BAD_FIELD },
		{ "the last entry 0", 1023, 0, BAD_FIELD },
		{ "a used entry that is NONE", 1, NONE, BAD_FIELD },
		{ "the first entry NONE", 0, NONE, BAD_FIELD },
		{ "the last page no grant", 2, 1000000, BAD_GRANT },
		{ "the first page no grant", 0, 1000000, BAD_GRANT },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		void *at;
		struct request r = buf_register(p, 0, 3, READ, &at);

		put(directory_last(p) + 4 * wrong[i].entry, 4, wrong[i].value);
		expect(p, wrong[i].status, r, wrong[i].what);
		expect_query(p, Q_BUFFER, 0, 0);
	}
}

/* All pages of the quota, again and again, with failures between: what a
 * failed request took has been given back. */
static void quota(struct bench *b)
{
	struct peer *p = &b->peer;
	uint32_t most = p->offer.max_pages;
	struct request all, bad, one;
	void *at;

	if (most > 4096) {
		report_na(b->report, "max-pages is %u; it is tried up to 4096", most);
		return;
	}
	bad = buf_register(p, 0, most, READ, &at);
	put(directory_last(p) + 4 * ((most - 1) % 1024), 4, 1000000);
	all = buf_register(p, 0, most, READ, &at);
	one = buf_register(p, 1, 1, READ, &at);
	for (unsigned int i = 0; i < 3; i++) {
		expect(p, BAD_GRANT, bad, "all pages, the last no grant");
		expect(p, OK, all, "all pages");
		expect(p, NO_QUOTA, one, "one page more");
		expect_query(p, Q_BUFFER, 1, 0);
		expect(p, OK, buf_release(0), "BUF_RELEASE");
		expect(p, OK, one, "one page");
		expect(p, NO_QUOTA, all, "all pages beside it");
		expect(p, OK, buf_release(1), "BUF_RELEASE");
	}
}

/* ---- order ---- */

static void pipelined(struct bench *b)
{
	struct peer *p = &b->peer;
	void *at, *at2;
	struct request r[] = {
		ctx_create(0), ctx_signal(0, 7), query(Q_TIMELINE, 0), query(Q_CONTEXT, 0), ctx_create(0),
		buf_register(p, 0, 1, READ, &at), query(Q_BUFFER, 0), buf_register(p, 0, 1, READ, &at2),
		buf_release(0), ctx_destroy(0),
	};
	static const unsigned int status[] = { OK, OK, OK, OK, IN_USE, OK, OK, IN_USE, OK, OK };
	static const uint64_t result[] = { 0, 0, 7, 1, 0, 0, 1, 0, 0, 0 };
	struct asked *a[10];

	for (unsigned int round = 0; round < 10; round++) {
		for (unsigned int i = 0; i < 10; i++)
			a[i] = peer_put(p, 0, &r[i]);
		peer_publish(p, 0);
		for (unsigned int i = 0; i < 10; i++) {
			expect_answer(p, a[i], status[i], op_name(a[i]->op));
			report_check(b->report, a[i]->got.result == result[i], "%s, request %u of the batch: result %llu, expected %llu",
				     op_name(a[i]->op), i, (unsigned long long)a[i]->got.result, (unsigned long long)result[i]);
		}
	}
}

static void behind_a_failure(struct bench *b)
{
	struct peer *p = &b->peer;
	void *at;
	struct request fails = buf_register(p, 1, 1, READ, &at), release = buf_release(1);
	struct request load = fw_load(1, 1, 8, b->digest), ask = query(Q_BUFFER, 1);
	struct asked *a[4];

	SET32(&load, 20, b->kind);
	put(directory_last(p), 4, 1000000);
	a[0] = peer_put(p, 0, &fails);
	a[1] = peer_put(p, 0, &release);
	a[2] = peer_put(p, 0, &load);
	a[3] = peer_put(p, 0, &ask);
	peer_publish(p, 0);
	expect_answer(p, a[0], BAD_GRANT, "BUF_REGISTER of no grant");
	expect_answer(p, a[1], BAD_OBJECT, "BUF_RELEASE behind it");
	expect_answer(p, a[2], BAD_OBJECT, "FW_LOAD behind it");
	expect_answer(p, a[3], OK, "QUERY behind it");
	report_check(b->report, a[3]->got.result == 0, "QUERY BUFFER: %llu, expected 0", (unsigned long long)a[3]->got.result);
}

/* A CANCEL that finds nothing does not wait for a digest of a great image. */
static bool overtakes(struct peer *p, uint32_t bytes, const uint8_t digest[32], bool between)
{
	struct request load = fw_load(1, 1, bytes, digest), waits = fw_unload(1), none = cancel(1, 0, 1);
	struct asked *l = peer_put(p, 0, &load), *w = between ? peer_put(p, 0, &waits) : NULL;
	struct asked *c = peer_put(p, 0, &none);
	uint32_t place = p->queue[0].cq_index;

	peer_publish(p, 0);
	expect_answer(p, l, BAD_DIGEST, "FW_LOAD of a great image");
	if (w)
		expect_answer(p, w, BAD_OBJECT, "FW_UNLOAD behind it");
	expect_answer(p, c, NOT_FOUND, "CANCEL behind it");
	return completion(p->queue[0].cq + (place & 31) * CQE).slot == c->slot;
}

static void not_behind(struct bench *b)
{
	struct peer *p = &b->peer;
	uint32_t bytes = p->offer.max_firmware_bytes, pages;
	const uint8_t digest[32] = { 1 };
	unsigned int overtook = 0, overtook_both = 0;
	void *at;

	if (bytes > 8u << 20)
		bytes = 8u << 20;
	pages = (bytes + PAGE - 1) / PAGE;
	if (bytes < 1u << 20 || pages > p->offer.max_pages) {
		report_na(b->report, "no image of a megabyte fits");
		return;
	}
	if (!expect(p, OK, buf_register(p, 1, pages, READ, &at), "BUF_REGISTER"))
		return;
	for (unsigned int i = 0; i < 8; i++) {
		overtook += overtakes(p, bytes, digest, false);
		overtook_both += overtakes(p, bytes, digest, true);
	}
	report_check(b->report, overtook >= 6, "a CANCEL behind a FW_LOAD of %u bytes was answered first %u times of 8", bytes,
		     overtook);
	report_check(b->report, overtook_both >= 6, "a CANCEL behind a FW_LOAD and a request that has to wait for it was "
		     "answered first %u times of 8", overtook_both);
}

/* ---- queues ---- */

static void queue_life(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int i = 0; i < 10; i++) {
		unsigned int order = 5 + i % (p->offer.max_ring_order - 4);
		struct request again;

		if (!peer_queue(p, 1, i % 2 ? NORMAL : BATCH, order))
			return;
		expect_query(p, Q_QUEUE, 1, 1);
		again = queue_open(p, 2, NORMAL, 5);
		SET32(&again, 16, 1);
		expect(p, IN_USE, again, "QUEUE_OPEN of one that is open");
		expect_on(p, 1, OK, request(NOP), "NOP in a queue opened again");
		expect(p, OK, queue_close(1), "QUEUE_CLOSE");
		expect(p, BAD_OBJECT, queue_close(1), "QUEUE_CLOSE again");
		expect_query(p, Q_QUEUE, 1, 0);
		memset(&p->queue[2], 0, sizeof(p->queue[2]));
	}
}

/* A queue that is closing, because a job of it runs, is as one that is closed. */
static void closing(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int i = 0; i < 10; i++) {
		struct request close = queue_close(2), ask = query(Q_QUEUE, 2), again = queue_close(2);
		struct asked *closed, *asked;

		if (!peer_queue(p, 2, NORMAL, 5))
			return;
		peer_send(p, 2, job(0, P_SPIN, FOREVER));
		sleep_us(5000);
		closed = peer_put(p, 0, &close);
		asked = peer_put(p, 0, &ask);
		expect(p, BAD_OBJECT, again, "QUEUE_CLOSE of a queue that is closing");
		if (expect_answer(p, asked, OK, "QUERY of a queue that is closing"))
			report_check(b->report, asked->got.result == 0, "QUERY of a queue that is closing: expected 0, came %llu",
				     (unsigned long long)asked->got.result);
		expect_answer(p, closed, OK, "QUEUE_CLOSE with a job that runs");
		p->count = 0;
	}
}

/* What is published together with QUEUE_CLOSE, and not notified, is answered. */
static void close_takes_all(struct bench *b)
{
	struct peer *p = &b->peer;

	for (unsigned int i = 0; i < 20; i++) {
		struct asked *a[20], *c;
		unsigned int good = 0;

		if (!(i % 2 ? peer_queue(p, 1, NORMAL, 5) : peer_queue_with_port(p, 1, NORMAL)))
			return;
		for (unsigned int n = 0; n < 20; n++) {
			struct request nop = request(NOP);

			a[n] = peer_put(p, 1, &nop);
		}
		store32(fe_cell(p, RING_SQ(1)), p->queue[1].sq_published = p->queue[1].sq_index);
		c = peer_send(p, 0, queue_close(1));
		expect_answer(p, c, OK, "QUEUE_CLOSE");
		for (unsigned int n = 0; n < 20; n++)
			good += a[n]->answered && a[n]->got.status == OK;
		report_check(b->report, good == 20, "%u of 20 NOPs published before QUEUE_CLOSE were answered before it", good);
	}
}

/* QUEUE_CLOSE cancels what waits, and says so last. */
static void close_cancels(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request wait = job(0, P_END, 0), early = job(1, P_END, 0);
	struct asked *w[8], *c;

	set_wait(&wait, 2, 5, 60000000);
	for (unsigned int i = 0; i < 8; i++)
		w[i] = peer_put(p, 1, &wait);
	peer_publish(p, 1);
	expect_on(p, 1, OK, early, "a job of another context");
	expect_query(p, Q_QUEUE, 1, 9);
	c = peer_send(p, 0, queue_close(1));
	expect_answer(p, c, OK, "QUEUE_CLOSE");
	for (unsigned int i = 0; i < 8; i++) {
		report_check(b->report, w[i]->answered && w[i]->got.status == CANCELLED && !w[i]->got.flags,
			     "job %u of a closed queue: %s, flags %u; expected CANCELLED, 0", i,
			     status_name(w[i]->answered ? w[i]->got.status : SILENCE), w[i]->got.flags);
	}
	expect_query(p, Q_CONTEXT, 0, 1);
	peer_queue(p, 1, BATCH, 5);
	expect_on(p, 1, OK, early, "a job in the queue opened again");
}

/* ---- firmware ---- */

static void firmware_life(struct bench *b)
{
	struct peer *p = &b->peer;
	uint32_t pages = (b->image_length + 100 + PAGE - 1) / PAGE;
	struct request load;
	uint8_t *at;
	void *shared;

	expect_query(p, Q_FIRMWARE, 0, 1);
	expect(p, OK, buf_register(p, 1, pages, READ, &shared), "BUF_REGISTER");
	at = shared;
	memcpy(at + 100, b->image, b->image_length);
	load = fw_load(1, 1, b->image_length, b->digest);
	SET32(&load, 20, b->kind);
	SET32(&load, 28, 100);
	expect(p, OK, load, "FW_LOAD at offset 100");
	expect(p, IN_USE, load, "FW_LOAD of firmware that exists");
	/* The copy is what counts. */
	memset(at, 0xff, (size_t)pages * PAGE);
	expect(p, OK, buf_release(1), "BUF_RELEASE of the image's buffer");
	if (b->entries & 1u << P_END) {
		struct request r = job(0, P_END, 0x1234);

		SET32(&r, 20, 1);
		expect_on(p, 1, OK, r, "a job of firmware whose buffer is gone");
	}
	expect(p, OK, fw_unload(1), "FW_UNLOAD");
	expect(p, BAD_OBJECT, fw_unload(1), "FW_UNLOAD again");
	expect_query(p, Q_FIRMWARE, 1, 0);
	if (p->offer.max_firmware > 1) {
		expect(p, OK, buf_register(p, 1, pages, READ, &shared), "BUF_REGISTER");
		expect(p, BAD_DIGEST, load, "FW_LOAD of other bytes");
		memcpy((uint8_t *)shared + 100, b->image, b->image_length);
		expect(p, OK, load, "FW_LOAD again");
	}
}

/* One bit of the image, one bit of the digest. */
static void digests(struct bench *b)
{
	struct peer *p = &b->peer;
	uint32_t pages = (b->image_length + PAGE - 1) / PAGE;
	void *at;

	expect(p, OK, buf_register(p, 1, pages, READ, &at), "BUF_REGISTER");
	memcpy(at, b->image, b->image_length);
	for (unsigned int i = 0; i < 32; i++) {
		struct request load = fw_load(1, 1, b->image_length, b->digest);

		SET32(&load, 20, b->kind);
		load.b[48 + i] ^= (uint8_t)(1u << i % 8);
		if (!expect(p, BAD_DIGEST, load, "FW_LOAD with one bit of the digest wrong"))
			return;
	}
	for (unsigned int i = 0; i < 16; i++) {
		uint8_t *byte = (uint8_t *)at + (uint64_t)(b->image_length - 1) * i / 15;
		struct request load = fw_load(1, 1, b->image_length, b->digest);

		SET32(&load, 20, b->kind);
		*byte ^= 0x10;
		if (!expect(p, BAD_DIGEST, load, "FW_LOAD with one bit of the image wrong"))
			return;
		*byte ^= 0x10;
	}
	expect_query(p, Q_FIRMWARE, 1, 0);
}

/* With feature-digest-load: what was loaded before, by its digest and kind. */
static void by_digest(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = fw_load(1, NONE, 0, b->digest);

	if (!(p->offer.features & DIGEST_LOAD)) {
		report_na(b->report, "feature-digest-load is not offered");
		return;
	}
	report_check(b->report, peer_disconnect(p), "no Closed");
	if (!report_check(b->report, peer_connect(p, DIGEST_LOAD), "does not connect") || !bench_program(b))
		return;
	set_flags(&r, 1);
	SET32(&r, 20, b->kind);
	expect(p, OK, r, "FW_LOAD by digest of an image that was loaded");
	expect(p, IN_USE, r, "the same again");
	expect_query(p, Q_FIRMWARE, 1, 1);
	expect(p, OK, fw_unload(1), "FW_UNLOAD");
	r.b[79] ^= 1;
	expect(p, NOT_FOUND, r, "FW_LOAD by a digest that nobody loaded");
	r.b[79] ^= 1;
	SET32(&r, 32, 8);
	expect(p, BAD_FIELD, r, "FW_LOAD by digest with a length");
	SET32(&r, 32, 0);
	SET32(&r, 28, 8);
	expect(p, BAD_FIELD, r, "FW_LOAD by digest with an offset");
	SET32(&r, 28, 0);
	SET32(&r, 24, 0);
	report_check(b->report, peer_ask(p, r) >= BAD_OP, "FW_LOAD by digest with a buffer was taken");
	expect_query(p, Q_FIRMWARE, 1, 0);
}

/* Objects that a job uses end after it. */
static void ending(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r = job(0, P_END, 5);
	struct asked *j, *release, *unload, *destroy;
	void *at;

	expect(p, OK, buf_register(p, 1, 1, READ | WRITE, &at), "BUF_REGISTER");
	add_operand(&r, 1, READ, 0, 8);
	set_wait(&r, 1, 1, 60000000);
	j = peer_send(p, 1, r);
	expect_on(p, 1, OK, request(NOP), "NOP behind the job");
	release = peer_send(p, 0, buf_release(1));
	unload = peer_send(p, 0, fw_unload(0));
	expect(p, IN_USE, buf_register(p, 1, 1, READ, &at), "BUF_REGISTER of a buffer that is ending");
	expect(p, BAD_OBJECT, buf_release(1), "BUF_RELEASE of a buffer that is ending");
	expect_query(p, Q_BUFFER, 1, 0);
	expect_query(p, Q_FIRMWARE, 0, 0);
	expect_on(p, 1, BAD_OBJECT, r, "JOB with objects that are ending");
	sleep_us(30000);
	peer_reap(p);
	report_check(b->report, !release->answered && !unload->answered && !j->answered,
		     "a job waits, and %s completed", release->answered ? "BUF_RELEASE" : unload->answered ? "FW_UNLOAD" : "it");
	expect(p, OK, ctx_signal(1, 1), "CTX_SIGNAL");
	expect_answer(p, j, OK, "the job");
	expect_answer(p, release, OK, "BUF_RELEASE");
	expect_answer(p, unload, OK, "FW_UNLOAD");
	/* CTX_DESTROY cancels, and completes after all of them. */
	destroy = peer_send(p, 0, ctx_destroy(2));
	expect_answer(p, destroy, OK, "CTX_DESTROY of a context without jobs");
}

static void destroy_cancels(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request mine = job(0, P_END, 0), other = job(1, P_END, 8);
	struct asked *m[3], *o, *d;

	set_wait(&mine, 2, 1, 60000000);
	set_wait(&other, 2, 1, 60000000);
	for (unsigned int i = 0; i < 3; i++)
		m[i] = peer_send(p, 1, mine);
	o = peer_send(p, 1, other);
	expect_on(p, 1, OK, request(NOP), "NOP");
	d = peer_send(p, 0, ctx_destroy(0));
	expect_answer(p, d, OK, "CTX_DESTROY");
	peer_reap(p);
	for (unsigned int i = 0; i < 3; i++)
		expect_answer(p, m[i], CANCELLED, "a job of the context");
	report_check(b->report, !o->answered, "a job of another context ended: %s", status_name(o->got.status));
	expect_on(p, 1, BAD_OBJECT, job(0, P_END, 0), "JOB of a context that ended");
	expect(p, OK, ctx_signal(2, 1), "CTX_SIGNAL");
	expect_answer(p, o, OK, "the other context's job");
}

static void queries(struct bench *b)
{
	struct peer *p = &b->peer;

	expect_query(p, Q_DEVICE, 0, 1);
	expect_query(p, Q_EVENTS_LOST, 0, 0);
	expect_query(p, Q_WEIGHT, 0, p->offer.weight);
	for (uint32_t q = 1; q <= p->offer.max_queues; q++)
		expect_query(p, Q_QUEUE, q, 0);
	expect_query(p, Q_CONTEXT, p->offer.max_contexts - 1, 0);
	expect_query(p, Q_BUFFER, p->offer.max_buffers - 1, 0);
	expect_query(p, Q_FIRMWARE, p->offer.max_firmware - 1, 0);
}

const struct conform_case object_cases[] = {
	{ "context-life", "B-CTRL-3 B-OBJ-3", CONNECTED, context_life },
	{ "timeline-grows", "B-TIME-2 B-CTRL-1", CONNECTED, timeline },
	{ "buffer-life", "B-CTRL-3", CONNECTED, buffer_life },
	{ "buffer-access", "B-PAGE-1 B-PAGE-2", CONNECTED, buffer_access },
	{ "directory-wrong", "B-MSG-1 B-PAGE-2 B-OBJ-3", CONNECTED, directory_wrong },
	{ "page-quota", "B-OBJ-2 B-OBJ-3", CONNECTED, quota },
	{ "control-in-order", "B-CTRL-1 B-CTRL-3", CONNECTED, pipelined },
	{ "control-behind-a-failure", "B-CTRL-1 B-OBJ-3", CONNECTED, behind_a_failure },
	{ "cancel-not-behind-a-load", "B-CTRL-2", CONNECTED, not_behind },
	{ "queue-closing", "B-CTRL-3 B-CTRL-2", NEEDS(P_SPIN), closing },
	{ "queue-life", "B-QOPEN-1 B-CTRL-3", CONNECTED, queue_life },
	{ "close-takes-all", "B-QCLOSE-1", CONNECTED, close_takes_all },
	{ "close-cancels", "B-QCLOSE-1 B-JOB-7 B-JOB-3", NEEDS(P_END), close_cancels },
	{ "firmware-life", "B-FW-1 B-CTRL-3", CONNECTED | PROGRAM, firmware_life },
	{ "firmware-digest", "B-FW-1", CONNECTED | PROGRAM, digests },
	{ "firmware-by-digest", "B-FW-3 B-NEG-2", CONNECTED | PROGRAM, by_digest },
	{ "ending-after-jobs", "B-CTRL-3 B-BUF-1", NEEDS(P_END), ending },
	{ "destroy-cancels", "B-CTRL-3 B-JOB-3", NEEDS(P_END), destroy_cancels },
	{ "queries", "B-EVENT-3", CONNECTED, queries },
	{ NULL, NULL, 0, NULL }
};
