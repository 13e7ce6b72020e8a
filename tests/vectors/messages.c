// SPDX-License-Identifier: MIT
/*
 * Runs every message vector against both sides.  The backend's side must give
 * the status that the vector says and, for good messages, each field.  The
 * frontend's side must make exactly these bytes from the fields.  Whatever
 * decodes as OK must encode to the same bytes again, so that no bit of a good
 * message is without meaning.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "libcoproc-ring/message.h"
#include "libcoproc-ring/ring.h"
#include "fields.h"
#include "vector.h"

#define ONE(type, member) offsetof(type, member), sizeof(((type *)0)->member), 1

static const struct place operand_places[] = {
	{ 0, "buffer", ONE(struct coproc_operand, buffer) },
	{ 0, "access", ONE(struct coproc_operand, access) },
	{ 0, "offset", ONE(struct coproc_operand, offset) },
	{ 0, "length", ONE(struct coproc_operand, length) },
	{ 0, NULL, 0, 0, 0 }
};

static const struct place completion_places[] = {
	{ 0, "id", ONE(struct coproc_completion, id) },
	{ 0, "slot", ONE(struct coproc_completion, slot) },
	{ 0, "status", ONE(struct coproc_completion, status) },
	{ 0, "flags", ONE(struct coproc_completion, flags) },
	{ 0, "result", ONE(struct coproc_completion, result) },
	{ 0, "waited_us", ONE(struct coproc_completion, waited_us) },
	{ 0, "ran_us", ONE(struct coproc_completion, ran_us) },
	{ 0, NULL, 0, 0, 0 }
};

static const struct place event_places[] = {
	{ 0, "sequence", ONE(struct coproc_notice, sequence) },
	{ 0, "lost", ONE(struct coproc_notice, lost) },
	{ 0, "type", ONE(struct coproc_notice, type) },
	{ 0, "status", ONE(struct coproc_notice, status) },
	{ 0, "object", ONE(struct coproc_notice, object) },
	{ 0, "value", ONE(struct coproc_notice, value) },
	{ 0, NULL, 0, 0, 0 }
};

/* Compares @object with the vector's fields, or fills it from them. */
static bool each_field(const struct vector *v, const struct place *places, uint16_t op,
		       void *object, bool fill, char *why, size_t room)
{
	const struct vector_field *f;
	const struct place *p;
	uint8_t digest[32];
	uint64_t number;
	size_t offset;

	for (f = v->field; f < v->field + v->fields; f++) {
		snprintf(why, room, "field %.39s: not %.79s", f->name, f->value);
		p = field_find_place(places, op, f->name, &offset);
		if (!p)
			return false;
		if (p->size == 32) {
			if (!field_read_digest(f->value, digest))
				return false;
			if (fill)
				memcpy((uint8_t *)object + offset, digest, 32);
			else if (memcmp((uint8_t *)object + offset, digest, 32) != 0)
				return false;
			continue;
		}
		if (!vector_number(f->value, &number))
			return false;
		if (fill)
			field_put(object, offset, p->size, number);
		else if (field_get(object, offset, p->size) != number)
			return false;
	}
	return true;
}

/* ---- the four kinds of message ---- */

/* What the code says of @data: the word of the vector files. */
static const char *judge(const struct vector *v, const uint8_t *data, void *decoded)
{
	switch (v->message) {
	case VECTOR_REQUEST:
		return vector_status_name(coproc_request_decode((const struct xencoproc_sqe *)data,
								v->control, &v->limits, decoded));
	case VECTOR_OPERAND: {
		enum xencoproc_status s = coproc_operand_decode((const struct xencoproc_operand *)data,
								&v->limits, decoded);

		if (s == XENCOPROC_OK && v->buffer_bytes)
			s = coproc_operand_inside(decoded, v->buffer_bytes, v->buffer_access);
		return vector_status_name(s);
	}
	case VECTOR_COMPLETION:
		return vector_broken_name((unsigned int)coproc_completion_decode(
			(const struct xencoproc_cqe *)data, decoded));
	default:
		return vector_broken_name((unsigned int)coproc_notice_decode(
			(const struct xencoproc_event *)data, decoded));
	}
}

static void encode(const struct vector *v, const void *decoded, uint8_t *data)
{
	switch (v->message) {
	case VECTOR_REQUEST:
		coproc_request_encode(decoded, (struct xencoproc_sqe *)data);
		break;
	case VECTOR_OPERAND:
		coproc_operand_encode(decoded, (struct xencoproc_operand *)data);
		break;
	case VECTOR_COMPLETION:
		coproc_completion_encode(decoded, (struct xencoproc_cqe *)data);
		break;
	default:
		coproc_notice_encode(decoded, (struct xencoproc_event *)data);
		break;
	}
}

union decoded {
	struct coproc_request request;
	struct coproc_operand operand;
	struct coproc_completion completion;
	struct coproc_notice notice;
};

static const struct {
	const struct place *places;
	size_t size;
} kinds[] = {
	[VECTOR_REQUEST] = { field_request, XENCOPROC_SQE_SIZE },
	[VECTOR_OPERAND] = { operand_places, sizeof(struct xencoproc_operand) },
	[VECTOR_COMPLETION] = { completion_places, XENCOPROC_CQE_SIZE },
	[VECTOR_EVENT] = { event_places, XENCOPROC_CQE_SIZE },
};

/* The receiving side, on @data; what is OK must come out of the encoder again. */
static bool receive(const struct vector *v, const uint8_t *data, const char *expect,
		    union decoded *decoded, char *why, size_t room)
{
	uint8_t again[XENCOPROC_SQE_SIZE] __attribute__((aligned(8)));
	const char *got;

	memset(decoded, 0xee, sizeof(*decoded));
	got = judge(v, data, decoded);
	snprintf(why, room, "%s, expected %s", got, expect);
	if (strcmp(got, expect) != 0)
		return false;
	if (v->message == VECTOR_REQUEST &&
	    (decoded->request.op != (data[0] | data[1] << 8) ||
	     decoded->request.flags != (data[2] | data[3] << 8) ||
	     decoded->request.slot != (data[4] | data[5] << 8))) {
		snprintf(why, room, "op, flags or slot of a refused request are not known");
		return false;
	}
	if (strcmp(expect, "OK") != 0)
		return true;
	memset(again, 0xee, sizeof(again));
	encode(v, decoded, again);
	snprintf(why, room, "decoded and encoded, it is another message");
	return memcmp(again, data, v->size) == 0;
}

static bool flips(const struct vector *v, char *why, size_t room)
{
	uint8_t data[XENCOPROC_SQE_SIZE] __attribute__((aligned(8)));
	const struct vector_flip *f;
	union decoded decoded;
	unsigned int bit;
	size_t n;

	for (f = v->flip; f < v->flip + v->flips; f++)
		for (bit = f->first; bit <= f->last && bit < v->size * 8; bit++) {
			memcpy(data, v->data, v->size);
			data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (!receive(v, data, f->expect, &decoded, why, room)) {
				n = strlen(why);
				snprintf(why + n, room - n, " (bit %u flipped)", bit);
				return false;
			}
		}
	return true;
}

static bool send_side(const struct vector *v, char *why, size_t room)
{
	uint8_t data[XENCOPROC_SQE_SIZE] __attribute__((aligned(8)));
	uint16_t op = (uint16_t)(v->data[0] | v->data[1] << 8);
	union decoded decoded;
	size_t i;

	memset(&decoded, 0, sizeof(decoded));
	if (!each_field(v, kinds[v->message].places, op, &decoded, true, why, room))
		return false;
	memset(data, 0xee, sizeof(data));
	encode(v, &decoded, data);
	for (i = 0; i < v->size; i++)
		if (data[i] != v->data[i]) {
			snprintf(why, room, "encoded from its fields: byte %zu is %02x, expected %02x",
				 i, data[i], v->data[i]);
			return false;
		}
	return true;
}

static bool try_vector(const struct vector *v, char *why, size_t room)
{
	uint16_t op = (uint16_t)(v->data[0] | v->data[1] << 8);
	union decoded decoded;

	snprintf(why, room, "%zu bytes of %zu", v->size, kinds[v->message].size);
	if (v->size != kinds[v->message].size)
		return false;
	snprintf(why, room, "\"%s\" is no status", v->expect);
	if (vector_status(v->expect) < 0 && vector_broken(v->expect) < 0)
		return false;
	if (!receive(v, v->data, v->expect, &decoded, why, room) || !flips(v, why, room))
		return false;
	if (strcmp(v->expect, "OK") != 0)
		return true;
	snprintf(why, room, "a good message says nothing of its fields");
	if (v->fields == 0)
		return false;
	return each_field(v, kinds[v->message].places, op, &decoded, false, why, room) &&
	       send_side(v, why, room);
}

static void run_file(FILE *in, const char *path)
{
	struct vector v;
	char why[256];
	bool good;

	while (vector_next(in, path, &v) > 0) {
		good = try_vector(&v, why, sizeof(why));
		tap_result(good, v.file, v.name, why);
	}
}

/* No operation but those of the table, whatever the queue. */
static void every_operation(void)
{
	struct xencoproc_sqe sqe;
	struct coproc_request request;
	struct coproc_limits limits;
	unsigned int op, known = 0;

	vector_default_limits(&limits);
	for (op = 0; op <= 0xffff; op++) {
		memset(&sqe, 0, sizeof(sqe));
		((uint8_t *)&sqe)[0] = (uint8_t)op;
		((uint8_t *)&sqe)[1] = (uint8_t)(op >> 8);
		known += coproc_request_decode(&sqe, true, &limits, &request) != XENCOPROC_BAD_OP;
		known += coproc_request_decode(&sqe, false, &limits, &request) != XENCOPROC_BAD_OP;
	}
	tap_result(known == 14, "(all)", "every-operation", "not 12 operations of the control queue and 2 of job queues");
}

int main(void)
{
	vector_each_file(".vec", run_file);
	every_operation();
	return tap_done();
}
