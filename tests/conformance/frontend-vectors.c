// SPDX-License-Identifier: MIT
/*
 * The completions and events of protocol/vectors to a live frontend: --vectors.
 *
 * A vector's bytes are sent as they stand but for what only this connection
 * knows: slot and id are those of a live request, and an event's sequence goes
 * on from the one before and counts those that the vector calls lost.  What a
 * vector takes for good has to be given to the user as it says, what it calls
 * broken has to end the connection; each of those needs one of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"
#include "libcoproc-ring/wire.h"
#include "tests/vectors/vector.h"

#define BATCH           48u     /* good completions at once, in a queue of 64 */
#define HELD            3u      /* jobs that are live when a ring breaks */
#define OBJECTS         4u      /* contexts and images: vectors name numbers up to 3 */

/* One message to be sent: a vector, or a vector with a bit flipped. */
struct message {
	char what[120];
	bool good;
	bool is_flip;
	uint64_t flipped;       /* of sequence and lost, as they lie */
	union {
		uint8_t bytes[XENCOPROC_CQE_SIZE];
		struct xencoproc_cqe cqe;
		struct xencoproc_event event;
	} u;
};

struct messages {
	struct message *list;
	unsigned int count;
};

/* ---- what the file has ---- */

/* Slot, id, sequence and lost are not the vector's to say here, but a flip of
 * the last two is sent: a frontend bears whatever they are. */
static bool is_own(enum vector_message kind, unsigned int bit)
{
	return kind == VECTOR_COMPLETION && bit < 80;
}

/* @bit: flipped in it, or -1. */
static bool add(struct messages *m, const struct vector *v, int bit, const char *expect)
{
	struct message *grown = realloc(m->list, (m->count + 1) * sizeof(*grown)), *new;

	if (!grown)
		return false;
	m->list = grown;
	new = &grown[m->count++];
	memset(new, 0, sizeof(*new));
	new->good = strncmp(expect, "broken", 6) != 0;
	memcpy(new->u.bytes, v->data, sizeof(new->u.bytes));
	if (bit < 0) {
		snprintf(new->what, sizeof(new->what), "%s", v->name);
		return true;
	}
	new->is_flip = true;
	snprintf(new->what, sizeof(new->what), "%s, bit %d flipped", v->name, bit);
	if (v->message == VECTOR_EVENT && bit < 64)
		new->flipped = 1ull << bit;
	else
		new->u.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	return true;
}

static bool add_vector(struct messages *m, const struct vector *v)
{
	bool good = add(m, v, -1, v->expect);

	for (size_t f = 0; f < v->flips; f++)
		for (unsigned int bit = v->flip[f].first; bit <= v->flip[f].last; bit++)
			good = good && (is_own(v->message, bit) || add(m, v, (int)bit, v->flip[f].expect));
	return good;
}

/* All of one kind out of @folder/@file; none is a failure. */
static bool read_file(struct bench *b, const char *file, enum vector_message kind,
		      struct messages *m)
{
	char path[512];
	struct vector v;
	int more = -1;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", b->vectors, file);
	in = fopen(path, "r");
	if (!in)
		return report_check(b->report, false, "--vectors: %s: %s", path, strerror(errno));
	while ((more = vector_next(in, path, &v)) > 0)
		if (v.message != kind || v.size != sizeof(m->list->u.bytes) || !add_vector(m, &v))
			break;
	fclose(in);
	return report_check(b->report, more == 0 && m->count, "--vectors: %s cannot be read to its end", path);
}

/* ---- what is good ---- */

static unsigned int status_of(const struct message *m)
{
	return wire16(m->u.cqe.status);
}

static uint64_t result_of(const struct message *m)
{
	return wire64(m->u.cqe.result);
}

/* As the completion of held request number @at. */
static void send_completion(struct played *p, unsigned int at, const struct message *m)
{
	const struct played_held held = p->held[at];
	struct played_queue *q = &p->queue[held.queue];
	struct xencoproc_cqe cqe = m->u.cqe;

	memmove(&p->held[at], &p->held[at + 1], (--p->nheld - at) * sizeof(p->held[0]));
	cqe.slot = wire16(held.request.slot);
	cqe.id = wire64(held.request.id);
	played_complete_as(p, q, &cqe);
	played_publish(p, q);
}

static void expect_told(struct bench *b, const struct message *m, const struct ended *e)
{
	report_check(b->report, e->times == 1 && e->status == status_of(m) && e->result == result_of(m),
		     "%s: expected one end with %s, result %llu; came %u, the last with %s, result %llu",
		     m->what, coproc_status_text(status_of(m)), (unsigned long long)result_of(m), e->times,
		     coproc_status_text(e->status), (unsigned long long)e->result);
}

/* As the ends of jobs: those from number *at on, as many as go at once. */
static void good_jobs(struct bench *b, const struct messages *m, unsigned int *at)
{
	const struct message *sent[BATCH];
	unsigned int n = 0, i;

	for (; *at < m->count && n < BATCH; ++*at)
		if (m->list[*at].good)
			sent[n++] = &m->list[*at];
	if (!n || !case_jobs(b, n, "") || !until_held(b, n))
		return;
	for (i = 0; i < n; i++)
		send_completion(b->p, 0, sent[i]);
	ask_wait(b, b->patience_ms / 2);
	for (i = 0; i < n; i++)
		expect_told(b, sent[i], &b->ended[b->first + i]);
}

/* As the answer to a QUERY, whose user sees its status and result. */
static void good_answer(struct bench *b, const struct message *m)
{
	bool ok = status_of(m) == XENCOPROC_OK;
	enum answer a;

	b->p->hold_control = true;
	ask_begin(b, "query");
	if (until_held(b, 1))
		send_completion(b->p, 0, m);
	b->p->hold_control = false;
	a = ask_end(b);
	report_check(b->report, a == (ok ? ANSWER_OK : ANSWER_FAILED) &&
		     (!ok || strtoull(b->text, NULL, 10) == result_of(m)),
		     "%s: expected %s, result %llu; a query gives %s %s", m->what,
		     coproc_status_text(status_of(m)), (unsigned long long)result_of(m), answer_text(a), b->text);
}

static void send_event(struct played *p, const struct message *m)
{
	struct xencoproc_event event = m->u.event;
	uint32_t own[2], lost = wire32(event.lost);

	p->event_sequence += 1 + lost - p->events_lost;
	p->events_lost = lost;
	own[0] = p->event_sequence ^ (uint32_t)m->flipped;
	own[1] = lost ^ (uint32_t)(m->flipped >> 32);
	event.sequence = wire32(own[0]);
	event.lost = wire32(own[1]);
	played_event(p, &event);
	played_publish_events(p);
	played_notify(p, NULL);
}

/* What its user is told, or NULL: the object is none of its. */
static const char *word_of(const struct played *p, const struct message *m)
{
	uint32_t object = wire32(m->u.event.object);

	switch (wire16(m->u.event.type)) {
	case XENCOPROC_EVENT_DEVICE:
		return "device";
	case XENCOPROC_EVENT_CTX_RESET:
		return object < PLAYED_CONTEXTS && p->context[object].exists ? "ctx-reset" : NULL;
	case XENCOPROC_EVENT_FW_REVOKED:
		return object < PLAYED_FIRMWARE && p->firmware[object].exists ? "fw-revoked" : NULL;
	default:
		return "limits";
	}
}

static void good_event(struct bench *b, const struct message *m)
{
	uint64_t end = played_now() + b->patience_ms * 1000ull;
	struct played *p = b->p;
	const char *word;

	if (!must(b, "events"))
		return;
	send_event(p, m);
	while (p->connected && played_consumed(p, XENCOPROC_RING_EVENT) != p->event_put && played_now() < end &&
	       must(b, "state"))
		;
	word = word_of(p, m);
	if (must(b, "events"))
		report_check(b->report, !word || strstr(b->text, word), "%s: the user is told '%s', expected %s",
			     m->what, b->text, word ? word : "");
	report_check(b->report, p->both && p->connections == 1, "%s: the connection was given up", m->what);
}

/* ---- what is broken ---- */

enum how { AS_JOB, AS_ANSWER, AS_EVENT };

static void tell(struct played *p, const struct message *m, enum how how)
{
	p->follow = p->serve = false;
	if (how == AS_EVENT)
		send_event(p, m);
	else
		send_completion(p, how == AS_JOB ? 0 : p->nheld - 1, m);
	played_notify(p, how == AS_JOB ? &p->queue[1] : NULL);
}

/* It breaks off, and believes none of it: what is live ends LOST. */
static void play_broken(struct bench *b, const struct message *m, enum how how)
{
	const char *rule = how == AS_EVENT ? "F-EVENT-1" : "F-DONE-1";
	struct played *p = b->p;

	p->follow = p->serve = p->hold_jobs = true;
	if (!must(b, "close") || !case_ready(b) || !case_jobs(b, HELD, "") || !until_held(b, HELD))
		return;
	p->hold_control = how == AS_ANSWER;
	ask_begin(b, how == AS_ANSWER ? "query" : "wait 6000");
	if (how != AS_ANSWER || until_held(b, HELD + 1)) {
		tell(p, m, how);
		expect_broken(b, rule, m->what);
	}
	p->follow = true;
	p->hold_control = false;
	if (how == AS_ANSWER) {
		report_check(b->report, ask_end(b) == ANSWER_FAILED, "%s: the answer to a query is believed", m->what);
		ask_wait(b, 6000);
	} else {
		ask_wait_end(b);
	}
	expect_all_ended(b);
	expect_ended(b, b->first, HELD, XENCOPROC_LOST);
}

/* Flips that break are sent as ends of jobs alone: xenstored bounds how fast a
 * domain may write, and so connect, and two runs of them say little more. */
static void all_broken(struct bench *b, const struct messages *m, enum how how)
{
	for (unsigned int i = 0; i < m->count && !report_failing(b->report); i++)
		if (!m->list[i].good && (how != AS_ANSWER || !m->list[i].is_flip))
			play_broken(b, &m->list[i], how);
}

/* ---- the cases ---- */

static void play_jobs(struct bench *b, const struct messages *m)
{
	unsigned int at = 0;

	b->p->hold_jobs = true;
	if (!case_ready(b))
		return;
	while (at < m->count && !report_failing(b->report))
		good_jobs(b, m, &at);
	report_check(b->report, b->p->connections == 1, "the connection was given up");
	all_broken(b, m, AS_JOB);
}

static void play_answers(struct bench *b, const struct messages *m)
{
	if (!case_connect(b))
		return;
	for (unsigned int i = 0; i < m->count && !report_failing(b->report); i++)
		if (m->list[i].good)
			good_answer(b, &m->list[i]);
	report_check(b->report, b->p->connections == 1, "the connection was given up");
	all_broken(b, m, AS_ANSWER);
}

static void play_events(struct bench *b, const struct messages *m)
{
	if (!case_connect(b))
		return;
	for (unsigned int i = 0; i < OBJECTS; i++)
		if (!must(b, "make context") || !must(b, "make firmware"))
			return;
	for (unsigned int i = 0; i < m->count && !report_failing(b->report); i++)
		if (m->list[i].good)
			good_event(b, &m->list[i]);
	all_broken(b, m, AS_EVENT);
}

static void play(struct bench *b, const char *name, const char *rules, const char *file,
		 enum vector_message kind, void (*run)(struct bench *b, const struct messages *m))
{
	struct messages m = { 0 };

	if (!case_begin(b, name, rules))
		return;
	if (read_file(b, file, kind, &m))
		run(b, &m);
	free(m.list);
	case_end(b);
}

void cases_vectors(struct bench *b)
{
	if (!b->vectors)
		return;
	play(b, "vectors-completion", "F-DONE-1 F-VER-1", "completion.vec", VECTOR_COMPLETION, play_jobs);
	play(b, "vectors-completion-control", "F-DONE-1 F-VER-1", "completion.vec", VECTOR_COMPLETION,
	     play_answers);
	play(b, "vectors-event", "F-EVENT-1 F-EVENT-3 F-VER-1", "event.vec", VECTOR_EVENT, play_events);
}
