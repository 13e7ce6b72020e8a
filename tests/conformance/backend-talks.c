// SPDX-License-Identifier: MIT
/*
 * The talks of protocol/vectors (format: its README.md) with a live backend:
 * what needs the state of objects, which no vector of one message can show.
 * Each is a case, with the rules that it names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend-vectors.h"
#include "libcoproc-ring/message.h"
#include "tests/vectors/fields.h"
#include "tests/vectors/vector.h"

#define WORDS_MAX       40
#define REQUESTS_MAX    64u

struct talk {
	struct bench *b;
	const char *line;               /* at hand, for messages */
	struct asked *asked[REQUESTS_MAX];
	uint16_t opens[REQUESTS_MAX];   /* the queue that it opens, or 0 */
	unsigned int count;
	bool begun;                     /* and is to be played */
	char name[80], rules[128];
};

#define FAIL(t, ...)    (report_check((t)->b->report, false, __VA_ARGS__))

/* ---- requests ---- */

static uint16_t op_of(const char *name)
{
	for (uint16_t op = 1; op < 32; op++)
		if (coproc_op_text(op) && !strcmp(coproc_op_text(op), name))
			return op;
	return 0;
}

/* "field=value": into the host's form of the request. */
static bool set(struct talk *t, struct coproc_request *r, const char *word)
{
	const char *value = strchr(word, '=');
	const struct place *place;
	char name[40];
	size_t offset;
	uint64_t number;

	snprintf(name, sizeof(name), "%.*s", value ? (int)(value - word) : 0, word);
	place = value ? field_find_place(field_request, r->op, name, &offset) : NULL;
	if (!place)
		return FAIL(t, "%s: no such field: %s", t->line, word);
	if (place->size == 32)
		return field_read_digest(value + 1, (uint8_t *)r + offset) || FAIL(t, "%s: no digest: %s", t->line, word);
	if (!vector_number(value + 1, &number))
		return FAIL(t, "%s: no number: %s", t->line, word);
	field_put(r, offset, place->size, number);
	return true;
}

/* "refs=@": fresh pages, granted as the other fields say.  "refs=dirty": the
 * last entry of the directory is 0. */
static struct request with_pages(struct peer *p, const struct coproc_request *r, bool dirty)
{
	struct request wire;
	void *at;

	if (r->op == XENCOPROC_OP_QUEUE_OPEN) {
		wire = queue_open(p, r->u.queue_open.queue, r->u.queue_open.qclass, r->u.queue_open.order);
		SET32(&wire, 24, r->u.queue_open.event_channel);
		return wire;
	}
	wire = buf_register(p, r->u.buf_register.buffer, r->u.buf_register.pages, r->u.buf_register.access, &at);
	if (dirty)
		put(directory_last(p) + PAGE - 4, 4, 0);
	return wire;
}

/* What is not 0 where it is unused (section 6). */
static void unused(struct coproc_request *r)
{
	if (r->op == XENCOPROC_OP_QUEUE_OPEN) {
		r->u.queue_open.journal_ref = XENCOPROC_GREF_NONE;
		memset(r->u.queue_open.sq_ref, 0xff, sizeof(r->u.queue_open.sq_ref));
		memset(r->u.queue_open.cq_ref, 0xff, sizeof(r->u.queue_open.cq_ref));
	} else if (r->op == XENCOPROC_OP_BUF_REGISTER) {
		memset(r->u.buf_register.dir_ref, 0xff, sizeof(r->u.buf_register.dir_ref));
	} else if (r->op == XENCOPROC_OP_CTX_CREATE) {
		r->u.ctx_create.save_buffer = XENCOPROC_NONE;
	}
}

/* A request, put and not published; words behind its operation. */
static bool put_request(struct talk *t, char **word)
{
	struct peer *p = &t->b->peer;
	struct coproc_request r = { .op = op_of(word[0]) };
	struct request wire __attribute__((aligned(8)));
	unsigned int on = 0;
	const char *refs = NULL;
	struct asked *a;

	if (!r.op || t->count == REQUESTS_MAX)
		return FAIL(t, "%s: no such operation", t->line);
	unused(&r);
	for (word++; *word; word++) {
		if (!strncmp(*word, "on=", 3))
			on = (unsigned int)atoi(*word + 3);
		else if (!strncmp(*word, "refs=", 5))
			refs = *word + 5;
		else if (!set(t, &r, *word))
			return false;
	}
	coproc_request_encode(&r, (struct xencoproc_sqe *)(void *)wire.b);
	if (refs)
		wire = with_pages(p, &r, !strcmp(refs, "dirty"));
	a = on < QUEUES ? peer_put(p, on, &wire) : NULL;
	if (!a)
		return FAIL(t, "%s: the queue is full or not open", t->line);
	/* The id that the text gives it. */
	t->asked[t->count] = a;
	t->opens[t->count] = r.op == XENCOPROC_OP_QUEUE_OPEN ? (uint16_t)r.u.queue_open.queue : 0;
	a->id = (uint64_t)(t->count + 1) << 32 | (0x100u + t->count);
	put(p->queue[on].sq + (a->place & (p->queue[on].entries - 1)) * SQE + 8, 8, a->id);
	t->count++;
	return true;
}

/* Job queues first, the control queue last, and one notification, so that what
 * the control queue says arrives together with what it is about. */
static bool go(struct talk *t)
{
	struct peer *p = &t->b->peer;
	bool tell = false;

	for (unsigned int q = QUEUES; q-- > 0;)
		if (p->queue[q].open)
			tell |= peer_publish_quietly(p, q);
	if (tell)
		peer_notify(p, 0);
	return true;
}

/* ---- answers ---- */

/* "R STATUS [result=N] [flags=N]" */
static bool want(struct talk *t, unsigned int r, char **word)
{
	struct asked *a = r && r <= t->count ? t->asked[r - 1] : NULL;
	unsigned int got;
	uint64_t number;

	if (!a)
		return FAIL(t, "%s: no such request", t->line);
	got = peer_wait(&t->b->peer, a);
	if (got != SILENCE && t->opens[r - 1])
		t->b->peer.queue[t->opens[r - 1]].open |= got == OK;
	if (!report_check(t->b->report, !strcmp(status_name(got), word[0]), "%s: request %u: expected %s, came %s",
			  t->line, r, word[0], status_name(got)))
		return false;
	for (word++; *word; word++) {
		bool result = !strncmp(*word, "result=", 7);
		uint64_t came = result ? a->got.result : a->got.flags;

		if ((!result && strncmp(*word, "flags=", 6)) || !vector_number(strchr(*word, '=') + 1, &number))
			return FAIL(t, "%s: %s?", t->line, *word);
		if (!report_check(t->b->report, came == number, "%s: request %u: expected %s, came %llu", t->line, r,
				  *word, (unsigned long long)came))
			return false;
	}
	return true;
}

/* "TYPE OBJECT STATUS VALUE": the next event is this. */
static bool event(struct talk *t, char **word)
{
	struct peer *p = &t->b->peer;
	uint64_t end = now_us() + SOON_US;
	const struct notice *n;

	for (peer_reap(p); p->noticed == p->notices && now_us() < end; peer_reap(p))
		sleep_us(200);
	if (!report_check(t->b->report, p->noticed < p->notices, "%s: no event came", t->line))
		return false;
	n = &p->notice[p->noticed++];
	return report_check(t->b->report, n->type == atoi(word[0]) && n->object == (uint32_t)atoi(word[1]) &&
			    !strcmp(status_name(n->status), word[2]) && n->value == (uint64_t)atoi(word[3]),
			    "%s: came %u %u %s %llu", t->line, n->type, n->object, status_name(n->status),
			    (unsigned long long)n->value);
}

/* "STATUS [result=N]... OP field=value..." */
static bool ask(struct talk *t, char **word)
{
	char *expected[4] = { word[0] };
	unsigned int n = 1;

	while (n < 3 && word[n] && (!strncmp(word[n], "result=", 7) || !strncmp(word[n], "flags=", 6))) {
		expected[n] = word[n];
		n++;
	}
	return word[n] && put_request(t, word + n) && go(t) && want(t, t->count, expected);
}

static bool step(struct talk *t, char **word, unsigned int words)
{
	if (!strcmp(word[0], "go"))
		return go(t);
	if (words > 1 && !strcmp(word[0], "send"))
		return put_request(t, word + 1);
	if (words > 2 && !strcmp(word[0], "want"))
		return want(t, (unsigned int)atoi(word[1]), word + 2);
	if (words > 4 && !strcmp(word[0], "event"))
		return event(t, word + 1);
	if (words > 1 && !strcmp(word[0], "sleep-us")) {
		sleep_us((uint64_t)atoll(word[1]));
		return true;
	}
	if (words > 2 && !strcmp(word[0], "ask"))
		return ask(t, word + 1);
	return FAIL(t, "%s: no such step", t->line);
}

/* ---- talks ---- */

/* What stands at the top of the files. */
static const char *unfit(const struct offer *o, const char *file)
{
	if (o->max_queues < 3 || o->max_contexts < 4 || o->max_buffers < 4 || o->max_firmware < 2 ||
	    o->max_ring_order < 6 || o->max_pages != 64)
		return "talks need at least 3 queues, 4 contexts, 4 buffers, 2 images, orders up to 6, and exactly 64 pages";
	if (!strcmp(file, "jobs.talk") && strcmp(o->kind, "null"))
		return "talks of jobs need a coprocessor of kind null";
	return NULL;
}

static void finish(struct talk *t)
{
	if (t->begun)
		bench_end(t->b, CONNECTED);
	t->begun = false;
	t->name[0] = '\0';
}

/* The first step: the talk's name and rules are known. */
static void begin(struct talk *t, const char *file)
{
	char name[96];
	const char *why;

	snprintf(name, sizeof(name), "talk-%s", t->name);
	t->name[0] = '\0';
	t->count = 0;
	if (!bench_begin(t->b, vectors_keep(name), vectors_keep(t->rules), CONNECTED))
		return;
	why = unfit(&t->b->peer.offer, file);
	t->begun = !why;
	if (why) {
		report_na(t->b->report, "%s", why);
		bench_end(t->b, 0);
	}
}

static void take_line(struct talk *t, const char *file, char *line)
{
	char whole[VECTOR_LINE_MAX], *word[WORDS_MAX + 1], *rest = NULL;
	unsigned int n = 0;

	line[strcspn(line, "\n")] = '\0';
	snprintf(whole, sizeof(whole), "%.60s", line);
	t->line = whole;
	for (char *w = strtok_r(line, " ", &rest); w && n < WORDS_MAX; w = strtok_r(NULL, " ", &rest))
		word[n++] = w;
	word[n] = NULL;
	if (!n || word[0][0] == '#' || !strcmp(word[0], "about"))
		return;
	if (!strcmp(word[0], "talk")) {
		finish(t);
		snprintf(t->name, sizeof(t->name), "%s", n > 1 ? word[1] : "?");
		t->rules[0] = '\0';
	} else if (!strcmp(word[0], "rule")) {
		snprintf(t->rules, sizeof(t->rules), "%s", strchr(whole, ' ') + 1);
	} else {
		if (t->name[0])
			begin(t, file);
		if (t->begun && !report_failing(t->b->report))
			step(t, word, n);
	}
}

void talks_file(struct bench *b, const char *path, const char *file)
{
	struct talk t = { .b = b };
	char line[VECTOR_LINE_MAX];
	FILE *in = fopen(path, "r");

	while (in && fgets(line, sizeof(line), in))
		take_line(&t, file, line);
	finish(&t);
	if (in)
		fclose(in);
}
