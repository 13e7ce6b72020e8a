// SPDX-License-Identifier: MIT
/*
 * The rings of coproc-conform's frontend, and what it sees in them.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "backend-peer.h"

uint8_t *fe_cell(struct peer *p, unsigned int ring) { return p->fe + 64 * ring; }
uint8_t *be_cell(struct peer *p, unsigned int ring) { return p->be + 64 * ring; }

uint32_t load32(const void *at)
{
	return (uint32_t)get(&(uint32_t){ __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE) }, 4);
}

void store32(void *at, uint32_t value)
{
	uint32_t wire;

	put(&wire, 4, value);
	__atomic_store_n((uint32_t *)at, wire, __ATOMIC_RELEASE);
}

void peer_notify(struct peer *p, unsigned int queue)
{
	int port = queue && p->queue[queue].port >= 0 ? p->queue[queue].port : p->port;

	(void)xenevtchn_notify(p->evtchn, (evtchn_port_t)port);
}

bool peer_poll(struct peer *p)
{
	struct pollfd fd = { .fd = xenevtchn_fd(p->evtchn), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

unsigned int peer_notifications(struct peer *p)
{
	unsigned int before = p->notified;
	xenevtchn_port_or_error_t port;

	while (peer_poll(p) && (port = xenevtchn_pending(p->evtchn)) >= 0) {
		p->notified++;
		xenevtchn_unmask(p->evtchn, (evtchn_port_t)port);
	}
	return p->notified - before;
}

/* ---- submitting ---- */

void peer_put_raw(struct peer *p, unsigned int queue, const struct request *r)
{
	struct peer_queue *q = &p->queue[queue];

	memcpy(q->sq + (q->sq_index & (q->entries - 1)) * SQE, r->b, SQE);
	q->sq_index++;
}

struct asked *peer_put(struct peer *p, unsigned int queue, struct request *r)
{
	struct peer_queue *q = &p->queue[queue];
	struct asked *a = &p->asked[p->count];
	unsigned int slot = 0;

	while (slot < q->entries && q->live[slot])
		slot++;
	if (slot == q->entries || p->count == ASKED_MAX || !q->open)
		return NULL;
	/* Halves that differ from each other and from those before, so that a
	 * backend that cuts or swaps them is seen. */
	p->id++;
	*a = (struct asked){ .queue = queue, .op = (uint16_t)get(r->b, 2), .slot = (uint16_t)slot,
			     .id = p->id << 32 | (0xc0000000u + p->id), .place = q->sq_index,
			     .object = (uint32_t)get(r->b + 16, 4) };
	p->count++;
	put(r->b + 4, 2, slot);
	put(r->b + 8, 8, a->id);
	q->live[slot] = a;
	peer_put_raw(p, queue, r);
	return a;
}

bool peer_publish_quietly(struct peer *p, unsigned int queue)
{
	struct peer_queue *q = &p->queue[queue];
	uint32_t old = q->sq_published, new = q->sq_index, event;

	store32(fe_cell(p, RING_SQ(queue)), new);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	event = load32(be_cell(p, RING_SQ(queue)) + 4);
	q->sq_published = new;
	return (uint32_t)(new - event - 1) < (uint32_t)(new - old);
}

void peer_publish(struct peer *p, unsigned int queue)
{
	if (peer_publish_quietly(p, queue))
		peer_notify(p, queue);
}

struct asked *peer_send(struct peer *p, unsigned int queue, struct request r)
{
	struct asked *a = peer_put(p, queue, &r);

	if (a)
		peer_publish(p, queue);
	return a;
}

/* ---- completions ---- */

static bool may_have(const struct asked *a, const struct completion *c)
{
	if (c->status >= BAD_OP && c->status <= NO_MEMORY)
		return true;
	if (c->status == OK)
		return true;
	return a->op == JOB && c->status <= LOST;
}

/* Section 9: what else than the status a completion may say. */
static void look_at(struct peer *p, const struct asked *a, const struct completion *c)
{
	bool refused = c->status >= BAD_OP, timed = a->op == JOB && !refused;
	bool late = a->op == JOB && (c->status == BAD_FIELD || c->status == BAD_IMAGE);
	bool result = (c->status == OK && (a->op == JOB || a->op == QUERY)) || c->status == FAILED ||
		      c->status == FAULT || c->status == BAD_IMAGE;

	if (c->reserved)
		report_breach(p->report, "B-DONE-1", "%s: reserved of a completion is 0x%x", op_name(a->op), c->reserved);
	if (c->flags & ~3u || (c->flags & 3u) == 2u)
		report_breach(p->report, "B-DONE-1", "%s: flags of a completion are 0x%x", op_name(a->op), c->flags);
	if (!may_have(a, c))
		report_breach(p->report, "B-DONE-1", "%s: status %u of a completion", op_name(a->op), c->status);
	if (!timed && !late && (c->flags || c->waited_us || c->ran_us))
		report_breach(p->report, "B-DONE-1", "%s, %s: flags %u, waited_us %u, ran_us %u, expected 0", op_name(a->op),
			      status_name(c->status), c->flags, c->waited_us, c->ran_us);
	if (!result && c->result)
		report_breach(p->report, "B-DONE-1", "%s, %s: result %llu, expected 0", op_name(a->op),
			      status_name(c->status), (unsigned long long)c->result);
	if (timed && !(c->flags & 1) && (c->ran_us || c->status == OK || c->status == FAILED ||
					 c->status == FAULT || c->status == TIMED_OUT))
		report_breach(p->report, "B-DONE-1", "JOB, %s: ran %u us and says that it never started",
			      status_name(c->status), c->ran_us);
}

/* B-QUEUE-6: the SQ index is past the request when its completion is seen. */
static void look_at_index(struct peer *p, const struct asked *a)
{
	uint32_t index = load32(be_cell(p, RING_SQ(a->queue)));

	if ((uint32_t)(index - a->place - 1) >= p->queue[a->queue].entries)
		report_breach(p->report, "B-QUEUE-6", "queue %u: the completion of request %u is published, the SQ index is %u",
			      a->queue, a->place, index);
}

static void close_queue(struct peer *p, unsigned int queue)
{
	p->queue[queue].open = false;
	for (unsigned int i = 0; i < p->queue[queue].entries; i++)
		if (p->queue[queue].live[i])
			report_breach(p->report, "B-QCLOSE-1", "queue %u: QUEUE_CLOSE completed and slot %u was not answered",
				      queue, i);
	if (p->queue[queue].port >= 0)
		xenevtchn_unbind(p->evtchn, (evtchn_port_t)p->queue[queue].port);
	peer_unshare(p, p->queue[queue].sq);
	peer_unshare(p, p->queue[queue].cq);
	peer_unshare(p, p->queue[queue].journal);
	memset(&p->queue[queue], 0, sizeof(p->queue[queue]));
	p->queue[queue].port = -1;
}

static void take_all(struct peer *p, unsigned int queue);

static void take(struct peer *p, unsigned int queue, const struct completion *c)
{
	struct peer_queue *q = &p->queue[queue];
	struct asked *a = c->slot < q->entries ? q->live[c->slot] : NULL;

	if (!a) {
		report_breach(p->report, "B-QUEUE-5", "queue %u: a completion of slot %u, in which no request is live",
			      queue, c->slot);
		return;
	}
	if (c->id != a->id)
		report_breach(p->report, "B-QUEUE-5", "queue %u: a completion with id 0x%llx, the request has 0x%llx", queue,
			      (unsigned long long)c->id, (unsigned long long)a->id);
	a->got = *c;
	a->answered = true;
	a->at_us = now_us();
	q->live[c->slot] = NULL;
	look_at(p, a, c);
	look_at_index(p, a);
	/* What the queue owed is published before (B-QCLOSE-1). */
	if (a->op == QUEUE_CLOSE && c->status == OK && a->object < QUEUES && p->queue[a->object].open) {
		take_all(p, a->object);
		close_queue(p, a->object);
	}
}

static void take_all(struct peer *p, unsigned int queue)
{
	struct peer_queue *q = &p->queue[queue];
	uint32_t published = load32(be_cell(p, RING_CQ(queue)));

	if ((uint32_t)(published - q->cq_index) > q->entries) {
		report_breach(p->report, "B-RING-2", "queue %u: the CQ index went from %u to %u", queue, q->cq_index, published);
		return;
	}
	while (q->cq_index != published) {
		uint32_t place = q->cq_index & (q->entries - 1);
		uint8_t copy[CQE];
		struct completion c;

		memcpy(copy, q->cq + place * CQE, CQE);
		c = completion(copy);
		q->consumed[place] = true;
		q->cq_index++;
		take(p, queue, &c);
	}
	store32(fe_cell(p, RING_CQ(queue)), q->cq_index);
}

/* ---- events ---- */

static void look_at_notice(struct peer *p, const struct notice *n, const struct notice *before)
{
	uint32_t sent = n->sequence - (before ? before->sequence : 0);
	uint32_t lost = n->lost - (before ? before->lost : 0);

	if (n->type == 0 || n->type > E_LIMITS || n->reserved)
		report_breach(p->report, "B-DONE-1", "an event of type %u, reserved %llu", n->type,
			      (unsigned long long)n->reserved);
	if (sent != lost + 1)
		report_breach(p->report, "B-EVENT-2", "sequence grew by %u, lost by %u between two events", sent, lost);
	if ((n->type != E_CTX_RESET && n->status) || (n->type == E_CTX_RESET && (n->status > LOST || !n->value)) ||
	    ((n->type == E_DEVICE || n->type == E_LIMITS) && n->object) ||
	    ((n->type == E_FW_REVOKED || n->type == E_LIMITS) && n->value))
		report_breach(p->report, "B-DONE-1", "an event of type %u with status %u, object %u, value %llu", n->type,
			      n->status, n->object, (unsigned long long)n->value);
}

static void take_events(struct peer *p)
{
	uint32_t published = load32(be_cell(p, 0));

	if ((uint32_t)(published - p->events_index) > EVENTS) {
		report_breach(p->report, "B-EVENT-1", "the event ring's index went from %u to %u", p->events_index, published);
		return;
	}
	while (p->events_index != published && p->notices < NOTICES_MAX) {
		struct notice *n = &p->notice[p->notices];

		*n = notice(p->events + (p->events_index & (EVENTS - 1)) * CQE);
		look_at_notice(p, n, p->notices ? n - 1 : NULL);
		p->notices++;
		p->events_index++;
	}
	store32(fe_cell(p, 0), p->events_index);
}

void peer_reap(struct peer *p)
{
	for (unsigned int q = 0; q < QUEUES; q++)
		if (p->queue[q].open)
			take_all(p, q);
	if (!p->hold_events)
		take_events(p);
}

/* ---- waiting ---- */

bool peer_wait_us(struct peer *p, struct asked *a, uint64_t us)
{
	uint64_t end = now_us() + us;

	while (a && !a->answered) {
		peer_reap(p);
		if (a->answered || now_us() >= end)
			break;
		sleep_us(50);
	}
	return a && a->answered;
}

unsigned int peer_wait(struct peer *p, struct asked *a)
{
	return peer_wait_us(p, a, SOON_US) ? a->got.status : SILENCE;
}

unsigned int peer_ask_on(struct peer *p, unsigned int queue, struct request r)
{
	return peer_wait(p, peer_send(p, queue, r));
}

unsigned int peer_ask(struct peer *p, struct request r)
{
	return peer_ask_on(p, 0, r);
}

uint64_t peer_query(struct peer *p, uint32_t what, uint32_t object)
{
	struct asked *a = peer_send(p, 0, query(what, object));

	return peer_wait(p, a) == OK ? a->got.result : ~0ull;
}

const struct notice *peer_event(struct peer *p, unsigned int type)
{
	uint64_t end = now_us() + SOON_US;

	for (;;) {
		peer_reap(p);
		while (p->noticed < p->notices)
			if (p->notice[p->noticed++].type == type)
				return &p->notice[p->noticed - 1];
		if (now_us() >= end)
			return NULL;
		sleep_us(200);
	}
}

/* ---- objects ---- */

struct request queue_open(struct peer *p, unsigned int queue, unsigned int qclass, unsigned int order)
{
	struct request r = request(QUEUE_OPEN);
	struct peer_queue *q = &p->queue[queue];
	unsigned int sq_pages = 1u << (order - 5), cq_pages = order > 7 ? 1u << (order - 7) : 1;

	memset(q, 0, sizeof(*q));
	q->port = -1;
	p->cells_used[RING_SQ(queue)] = p->cells_used[RING_CQ(queue)] = true;
	q->order = order;
	q->entries = 1u << order;
	q->sq = peer_share(p, sq_pages, q->sq_ref, false);
	q->cq = peer_share(p, cq_pages, q->cq_ref, true);
	memset(fe_cell(p, RING_SQ(queue)), 0, 128);
	SET32(&r, 16, queue);
	SET16(&r, 20, qclass);
	SET16(&r, 22, order);
	for (unsigned int i = 0; i < sq_pages; i++)
		SET32(&r, 32 + 4 * i, q->sq_ref[i]);
	for (unsigned int i = 0; i < cq_pages; i++)
		SET32(&r, 96 + 4 * i, q->cq_ref[i]);
	return r;
}

bool peer_queue(struct peer *p, unsigned int queue, unsigned int qclass, unsigned int order)
{
	bool good = expect(p, OK, queue_open(p, queue, qclass, order), "to open a queue");

	p->queue[queue].open = good;
	return good;
}

bool peer_queue_with_port(struct peer *p, unsigned int queue, unsigned int qclass)
{
	struct request r = queue_open(p, queue, qclass, 5);

	p->queue[queue].port = (int)xenevtchn_bind_unbound_port(p->evtchn, p->domain);
	SET32(&r, 24, (uint32_t)p->queue[queue].port);
	p->queue[queue].open = expect(p, OK, r, "QUEUE_OPEN with a port of its own");
	return p->queue[queue].open;
}

struct request buf_register(struct peer *p, uint32_t buffer, uint32_t pages, unsigned int access, void **at)
{
	struct request r = request(BUF_REGISTER);
	uint32_t *refs = malloc(pages * sizeof(*refs)), dirs = (pages + 1023) / 1024;

	if (!refs)
		abort();
	*at = peer_share(p, pages, refs, (access & WRITE) != 0);
	SET32(&r, 16, buffer);
	SET32(&r, 20, pages);
	SET16(&r, 24, access);
	SET16(&r, 26, dirs);
	for (uint32_t d = 0; d < dirs; d++) {
		uint32_t ref;
		uint8_t *directory = peer_share(p, 1, &ref, false);

		SET32(&r, 32 + 4 * d, ref);
		for (uint32_t i = 0; i < 1024; i++)
			put(directory + 4 * i, 4, d * 1024 + i < pages ? refs[d * 1024 + i] : NONE);
	}
	free(refs);
	return r;
}

uint8_t *directory_last(struct peer *p)
{
	/* The last page that was shared. */
	unsigned int i = p->nshared;

	while (i && !(p->shared[i - 1].at && p->shared[i - 1].pages == 1))
		i--;
	return i ? p->shared[i - 1].at : NULL;
}

/* ---- checks ---- */

bool expect_answer(struct peer *p, struct asked *a, unsigned int status, const char *what)
{
	unsigned int got = a ? peer_wait(p, a) : SILENCE;

	return report_check(p->report, got == status, "%s%s: expected %s, came %s", a ? "" : "(not sent) ", what,
			    status_name(status), status_name(got));
}

bool expect_on(struct peer *p, unsigned int queue, unsigned int status, struct request r, const char *what)
{
	return expect_answer(p, peer_send(p, queue, r), status, what);
}

bool expect(struct peer *p, unsigned int status, struct request r, const char *what)
{
	return expect_on(p, 0, status, r, what);
}

bool expect_query(struct peer *p, uint32_t what, uint32_t object, uint64_t value)
{
	static const char *const name[] = { "", "DEVICE", "QUEUE", "CONTEXT", "TIMELINE", "BUFFER",
		"FIRMWARE", "EVENTS_LOST", "WEIGHT" };
	uint64_t got = peer_query(p, what, object);

	return report_check(p->report, got == value, "QUERY %s %u: expected %llu, came %lld", name[what], object,
			    (unsigned long long)value, (long long)got);
}
