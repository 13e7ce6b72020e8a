// SPDX-License-Identifier: MIT
/*
 * The messages of protocol/vectors on the wire of a live backend: --vectors.
 * Each file is a case.  Of its vectors those are sent whose limits are what the
 * backend offers, and each of their flips; slot and id are this side's own.
 *
 * What a vector expects is what steps 1 to 9 say.  What they let pass goes on
 * to the others, whose answer in a connection without objects is told here.
 */
#include "backend-vectors.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/vectors/vector.h"

#define BATCH           24u
#define NOT_SENT        0xfffeu         /* no answer of its own, or one that makes something */

struct sending {
	struct bench *b;
	unsigned int queue;
	struct {
		struct asked *asked;
		char what[120];
		unsigned int status;
	} out[BATCH];
	unsigned int count;
	unsigned int sent, fit, others; /* messages; vectors that fit, and that do not */
};

static bool same_limits(const struct offer *o, const struct coproc_limits *l)
{
	return o->max_queues == l->max_queues && o->max_ring_order == l->max_ring_order &&
	       o->max_contexts == l->max_contexts && o->max_buffers == l->max_buffers &&
	       o->max_pages == l->max_pages && o->max_firmware == l->max_firmware &&
	       o->max_firmware_bytes == l->max_firmware_bytes && o->max_operands == l->max_operands &&
	       o->max_run_limit_us == l->max_run_limit_us && o->max_class == l->max_class &&
	       l->features == 0;
}

/* A message that passes steps 1 to 9, where no object exists. */
static unsigned int later_steps(const struct bench *b, const uint8_t *m)
{
	const char *kinds = b->peer.offer.firmware_kinds;

	switch (get(m, 2)) {
	case NOP:
		return OK;
	case CANCEL:
		return NOT_FOUND;
	case QUERY:
		return get(m + 16, 4) == Q_TIMELINE ? BAD_OBJECT : OK;
	case FW_LOAD:
		return list_has(kinds, (unsigned long)get(m + 20, 4)) ? BAD_OBJECT : NOT_SUPPORTED;
	case QUEUE_OPEN:
	case BUF_REGISTER:
	case CTX_CREATE:
		return NOT_SENT;
	default:
		return BAD_OBJECT;
	}
}

static void wait_all(struct sending *s)
{
	struct peer *p = &s->b->peer;

	if (!s->count)
		return;
	peer_publish(p, s->queue);
	for (unsigned int i = 0; i < s->count; i++) {
		unsigned int got = peer_wait(p, s->out[i].asked);

		report_check(s->b->report, got == s->out[i].status, "%s: expected %s, came %s", s->out[i].what,
			     status_name(s->out[i].status), status_name(got));
	}
	s->sent += s->count;
	s->count = 0;
	p->count = 0;
}

/* @bit: flipped in it, or -1. */
static void send_one(struct sending *s, const struct vector *v, int bit, const char *expect)
{
	int status = vector_status(expect);
	struct request r;

	memcpy(r.b, v->data, SQE);
	if (bit >= 0)
		r.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
	if (status == OK)
		status = (int)later_steps(s->b, r.b);
	if (status == NOT_SENT)
		return;
	s->out[s->count].asked = peer_put(&s->b->peer, s->queue, &r);
	s->out[s->count].status = (unsigned int)status;
	if (bit < 0)
		snprintf(s->out[s->count].what, sizeof(s->out[0].what), "%s", v->name);
	else
		snprintf(s->out[s->count].what, sizeof(s->out[0].what), "%s, bit %d flipped", v->name, bit);
	if (++s->count == BATCH)
		wait_all(s);
}

static void send_vector(struct sending *s, const struct vector *v)
{
	send_one(s, v, -1, v->expect);
	for (size_t f = 0; f < v->flips; f++)
		for (unsigned int bit = v->flip[f].first; bit <= v->flip[f].last; bit++) {
			/* Slot and id. */
			if ((bit >= 32 && bit < 48) || (bit >= 64 && bit < 128))
				continue;
			send_one(s, v, (int)bit, v->flip[f].expect);
		}
}

/* All of a file that come in this kind of queue. */
static bool send_file(struct sending *s, const char *path, bool control)
{
	FILE *in = fopen(path, "r");
	struct vector v;
	int more = -1;

	while (in && !report_failing(s->b->report) && (more = vector_next(in, path, &v)) > 0) {
		if (v.message != VECTOR_REQUEST || v.size != SQE || v.control != control)
			continue;
		if (same_limits(&s->b->peer.offer, &v.limits)) {
			s->fit++;
			send_vector(s, &v);
		} else {
			s->others++;
		}
	}
	wait_all(s);
	if (in)
		fclose(in);
	return report_check(s->b->report, in && more >= 0, "%s cannot be read", path);
}

static void play_file(struct bench *b, const char *path)
{
	struct sending s = { .b = b };

	if (!send_file(&s, path, true))
		return;
	s.queue = 1;
	if (!peer_queue(&b->peer, 1, b->peer.offer.max_class, 5) || !send_file(&s, path, false))
		return;
	if (!s.sent && !report_failing(b->report))
		report_na(b->report, "%u of its vectors hold for the limits of this backend, %u for others", s.fit,
			  s.others);
}

void vectors_file(struct bench *b, const char *path, const char *file)
{
	char name[80];

	snprintf(name, sizeof(name), "vectors-%.*s", (int)strcspn(file, "."), file);
	for (char *at = name; *at; at++)
		if (*at == '_')
			*at = '-';
	if (!bench_begin(b, vectors_keep(name), "B-MSG-1 B-MSG-2 B-VER-1", CONNECTED))
		return;
	play_file(b, path);
	bench_end(b, CONNECTED);
}

/* ---- the folder ---- */

#define KEPT_MAX        256u

const char *vectors_keep(const char *text)
{
	static char *kept[KEPT_MAX];
	static unsigned int count;

	if (count == KEPT_MAX || !(kept[count] = strdup(text))) {
		fprintf(stderr, "coproc-conform: more than %u cases in --vectors, or no memory\n", KEPT_MAX);
		exit(REPORT_UNREACHABLE);
	}
	return kept[count++];
}

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name);

	return length > strlen(end) && !strcmp(name + length - strlen(end), end);
}

/* Completions and events are a backend's to send; operands lie in tables. */
static bool is_request(const char *name)
{
	return ends_in(name, ".vec") && strcmp(name, "completion.vec") && strcmp(name, "event.vec") &&
	       strcmp(name, "operand.vec");
}

bool vectors_folder(struct bench *b, const char *folder)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, NULL, alphasort);
	unsigned int found = 0;

	for (int i = 0; i < n; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		if (is_request(entry[i]->d_name) && ++found)
			vectors_file(b, path, entry[i]->d_name);
		else if (ends_in(entry[i]->d_name, ".talk") && ++found)
			talks_file(b, path, entry[i]->d_name);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	if (!found)
		fprintf(stderr, "coproc-conform: --vectors %s: there are no vectors\n", folder);
	return found;
}
