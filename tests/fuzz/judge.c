/* SPDX-License-Identifier: MIT */
#include "judge.h"

#include "libcoproc-ring/ring.h"

#define NONE    0xffffffffull
#define BIG     (1ull << 26)

static uint64_t get(const uint8_t *m, unsigned int offset, unsigned int size)
{
	uint64_t v = 0;

	while (size--)
		v = v << 8 | m[offset + size];
	return v;
}

static bool zero(const uint8_t *m, unsigned int from, unsigned int to)
{
	while (from < to)
		if (m[from++])
			return false;
	return true;
}

/* What is wrong, by the number of the step. */
struct steps {
	bool failed[10];
};

static bool refs_wrong(const uint8_t *m, unsigned int offset, unsigned int count, uint64_t used)
{
	for (unsigned int i = 0; i < count; i++)
		if ((get(m, offset + 4 * i, 4) == NONE) != (i >= used))
			return true;
	return false;
}

static void queue_index(struct steps *s, uint64_t queue, const struct coproc_limits *l)
{
	s->failed[5] |= queue < 1 || queue > l->max_queues || queue > 30;
}

static void queue_open(struct steps *s, const uint8_t *m, const struct coproc_limits *l)
{
	uint64_t qclass = get(m, 20, 2), order = get(m, 22, 2);
	bool order_ok = order >= 5 && order <= l->max_ring_order;

	s->failed[3] |= !zero(m, 112, 128);
	s->failed[4] |= get(m, 28, 4) != NONE && !(l->features & COPROC_FEATURE_JOURNAL);
	queue_index(s, get(m, 16, 4), l);
	s->failed[6] |= qclass < 1 || qclass > 3 || !order_ok;
	if (order_ok)
		s->failed[6] |= refs_wrong(m, 32, 16, 1ull << (order - 5)) ||
				refs_wrong(m, 96, 4, order <= 7 ? 1 : order == 8 ? 2 : 4);
	s->failed[9] |= qclass < l->max_class;
}

static void buf_register(struct steps *s, const uint8_t *m, const struct coproc_limits *l)
{
	uint64_t pages = get(m, 20, 4), access = get(m, 24, 2), dirs = get(m, 26, 2);

	s->failed[3] |= !zero(m, 28, 32) || !zero(m, 96, 128);
	s->failed[5] |= get(m, 16, 4) >= l->max_buffers;
	s->failed[6] |= pages < 1 || pages > 16384 || access < 1 || access > 3 ||
			dirs != (pages + 1023) / 1024 || refs_wrong(m, 32, 16, dirs);
	s->failed[8] |= pages > l->max_pages;
}

static void fw_load(struct steps *s, const uint8_t *m, const struct coproc_limits *l)
{
	bool digest = get(m, 2, 2) & 1;
	uint64_t kind = get(m, 20, 4), buffer = get(m, 24, 4), offset = get(m, 28, 4);
	uint64_t length = get(m, 32, 4), sig_offset = get(m, 36, 4), sig_length = get(m, 40, 4);

	s->failed[3] |= !zero(m, 44, 48) || !zero(m, 80, 128);
	s->failed[4] |= (digest && !(l->features & COPROC_FEATURE_DIGEST_LOAD)) ||
			((sig_offset || sig_length) && !(l->features & COPROC_FEATURE_SIGNATURE));
	s->failed[5] |= get(m, 16, 4) >= l->max_firmware || (!digest && buffer >= l->max_buffers);
	s->failed[6] |= kind < 1 || kind > 5;
	if (digest) {
		s->failed[6] |= buffer != NONE || offset || length || sig_offset || sig_length;
		return;
	}
	s->failed[6] |= !length || (sig_length && sig_length != 64) || (!sig_length && sig_offset);
	s->failed[7] |= offset + length > BIG || sig_offset + sig_length > BIG;
	s->failed[8] |= length > l->max_firmware_bytes;
}

static void query(struct steps *s, const uint8_t *m, const struct coproc_limits *l)
{
	uint64_t what = get(m, 16, 4), object = get(m, 20, 4);

	s->failed[3] |= !zero(m, 24, 128);
	if (what == 2)
		queue_index(s, object, l);
	else if (what == 3 || what == 4)
		s->failed[5] |= object >= l->max_contexts;
	else if (what == 5)
		s->failed[5] |= object >= l->max_buffers;
	else if (what == 6)
		s->failed[5] |= object >= l->max_firmware;
	else
		s->failed[6] |= (what != 1 && what != 7 && what != 8) || object;
}

static void operand(struct steps *s, const uint8_t *o, const struct coproc_limits *l)
{
	s->failed[5] |= get(o, 0, 2) >= l->max_buffers;
	s->failed[6] |= get(o, 2, 2) < 1 || get(o, 2, 2) > 3;
	s->failed[7] |= get(o, 4, 4) + get(o, 8, 4) > BIG;
}

static void job(struct steps *s, const uint8_t *m, const struct coproc_limits *l)
{
	uint64_t flags = get(m, 2, 2), operands = get(m, 36, 2);
	bool wait = flags & 1, signal = flags & 2, table = flags & 4;

	s->failed[3] |= !zero(m, 39, 40) || !zero(m, 120, 128);
	s->failed[4] |= get(m, 52, 4) && !(l->features & COPROC_FEATURE_CROSS_TIMELINE);
	s->failed[5] |= get(m, 16, 4) >= l->max_contexts || get(m, 20, 4) >= l->max_firmware ||
			(wait && !get(m, 52, 4) && get(m, 48, 4) >= l->max_contexts);
	s->failed[6] |= operands > 4 || get(m, 28, 4) > l->max_run_limit_us ||
			(wait ? !get(m, 32, 4) : !zero(m, 48, 64)) || (!signal && !zero(m, 64, 72));
	for (unsigned int i = 0; i < 4; i++) {
		if (i < operands)
			operand(s, m + 72 + 12 * i, l);
		else
			s->failed[6] |= !zero(m, 72 + 12 * i, 84 + 12 * i);
	}
	if (table)
		s->failed[6] |= operands != 1 || get(m, 74, 2) != 1 || !get(m, 80, 4) ||
				get(m, 80, 4) % 12;
	s->failed[8] |= (table ? get(m, 80, 4) / 12 : operands) > l->max_operands;
}

static void body(struct steps *s, const uint8_t *m, const struct coproc_limits *l)
{
	switch (get(m, 0, 2)) {
	case 1:
		s->failed[3] |= !zero(m, 16, 128);
		return;
	case 2:
		queue_open(s, m, l);
		return;
	case 3:
		s->failed[3] |= !zero(m, 20, 128);
		queue_index(s, get(m, 16, 4), l);
		return;
	case 4:
		s->failed[3] |= !zero(m, 24, 128);
		s->failed[4] |= get(m, 20, 4) != NONE && !(l->features & COPROC_FEATURE_SAVE_AREA);
		s->failed[5] |= get(m, 16, 4) >= l->max_contexts ||
				(get(m, 20, 4) != NONE && get(m, 20, 4) >= l->max_buffers);
		return;
	case 5:
		s->failed[3] |= !zero(m, 20, 128);
		s->failed[5] |= get(m, 16, 4) >= l->max_contexts;
		return;
	case 6:
		buf_register(s, m, l);
		return;
	case 7:
		s->failed[3] |= !zero(m, 20, 128);
		s->failed[5] |= get(m, 16, 4) >= l->max_buffers;
		return;
	case 8:
		fw_load(s, m, l);
		return;
	case 9:
		s->failed[3] |= !zero(m, 20, 128);
		s->failed[5] |= get(m, 16, 4) >= l->max_firmware;
		return;
	case 10:
		s->failed[3] |= !zero(m, 22, 24) || !zero(m, 32, 128);
		queue_index(s, get(m, 16, 4), l);
		return;
	case 11:
		s->failed[3] |= !zero(m, 20, 24) || !zero(m, 32, 128);
		s->failed[5] |= get(m, 16, 4) >= l->max_contexts;
		return;
	case 12:
		query(s, m, l);
		return;
	default:
		job(s, m, l);
	}
}

static enum xencoproc_status first(const struct steps *s)
{
	static const enum xencoproc_status status[10] = {
		XENCOPROC_OK, XENCOPROC_BAD_OP, XENCOPROC_BAD_FIELD, XENCOPROC_BAD_FIELD,
		XENCOPROC_NOT_SUPPORTED, XENCOPROC_BAD_OBJECT, XENCOPROC_BAD_FIELD,
		XENCOPROC_BAD_RANGE, XENCOPROC_NO_QUOTA, XENCOPROC_DENIED,
	};

	for (int i = 1; i < 10; i++)
		if (s->failed[i])
			return status[i];
	return XENCOPROC_OK;
}

enum xencoproc_status judge_request(const uint8_t sqe[128], bool control,
				    const struct coproc_limits *limits)
{
	uint64_t op = get(sqe, 0, 2), flags = get(sqe, 2, 2);
	struct steps s = { { false } };

	if (op == 0 || (op > 12 && op != 16) || (op > 1 && op < 16 && !control) ||
	    (op == 16 && control))
		return XENCOPROC_BAD_OP;
	s.failed[2] |= flags & ~(op == 16 ? 15ull : op == 8 ? 1ull : 0ull);
	s.failed[3] |= !zero(sqe, 6, 8);
	body(&s, sqe, limits);
	return first(&s);
}

enum xencoproc_status judge_operand(const uint8_t bytes[12], const struct coproc_limits *limits)
{
	struct steps s = { { false } };

	operand(&s, bytes, limits);
	return first(&s);
}

static bool known_status(uint64_t status)
{
	return status <= 6 || (status >= 16 && status <= 30);
}

int judge_completion(const uint8_t cqe[32])
{
	if (get(cqe, 12, 2) & ~3ull || get(cqe, 14, 2))
		return COPROC_BROKEN_RESERVED;
	return known_status(get(cqe, 10, 2)) ? COPROC_NOT_BROKEN : COPROC_BROKEN_STATUS;
}

int judge_event(const uint8_t event[32])
{
	uint64_t type = get(event, 8, 2);

	if (!zero(event, 24, 32))
		return COPROC_BROKEN_RESERVED;
	if (type < 1 || type > 4 || !known_status(get(event, 10, 2)))
		return COPROC_BROKEN_STATUS;
	if (type == 1 && (get(event, 16, 8) < 1 || get(event, 16, 8) > 3))
		return COPROC_BROKEN_STATUS;
	return COPROC_NOT_BROKEN;
}
