/* SPDX-License-Identifier: MIT */
/*
 * F3: what is legal at its extremes, and one beyond, in pairs.  For each pair of
 * fields of a request, each pair of their values; what must come of it is said
 * here once more, from the text and not from the product's decoder: every
 * request gets its one completion, what is legal is not refused, and what is
 * not is.
 */
#include "attack.h"

#define VALUES          8u

struct field {
	const char *name;
	unsigned int at, size;          /* in the request, bytes */
	uint64_t value[VALUES];
	unsigned int values;
};

struct form {
	const char *name;
	unsigned int queue;
	struct coproc_request (*base)(void);    /* legal as it is */
	const struct field *field;
	unsigned int fields;
	bool (*legal)(const uint8_t *sqe);
	void (*undo)(const uint8_t *sqe);       /* what it made, if it did */
};

static uint64_t get(const uint8_t *sqe, unsigned int at, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = size; i > 0; i--)
		value = value << 8 | sqe[at + i - 1];
	return value;
}

static void put(uint8_t *sqe, unsigned int at, unsigned int size, uint64_t value)
{
	for (unsigned int i = 0; i < size; i++)
		sqe[at + i] = (uint8_t)(value >> 8 * i);
}

static bool all(const uint8_t *sqe, unsigned int from, unsigned int to, uint8_t byte)
{
	for (unsigned int i = from; i < to; i++)
		if (sqe[i] != byte)
			return false;
	return true;
}

static uint32_t limit(const char *node)
{
	char path[256], *text;
	unsigned int length;
	uint32_t value;

	snprintf(path, sizeof(path), "%s/%s", raw.backend, node);
	text = xs_read(raw.xs, XBT_NULL, path, &length);
	value = text ? (uint32_t)strtoul(text, NULL, 10) : 0;
	free(text);
	return value;
}

/* Buffer 1: so many pages, readable and writable. */
#define DATA_PAGES      3u
#define DATA            (DATA_PAGES * 4096u)
static uint64_t image_bytes;
static uint32_t max_run, max_contexts, max_buffers, max_firmware, max_queues;

/* ---- JOB ---- */

static struct coproc_request job_base(void)
{
	struct coproc_request r = raw_job(0, 0, WORK_CHAIN, 3);

	r.u.job.run_limit_us = 1000000;
	r.u.job.operands = 1;
	r.u.job.operand[0] = (struct coproc_operand){ 1, XENCOPROC_ACCESS_READ, 0, 64 };
	return r;
}

static bool job_legal(const uint8_t *m)
{
	uint64_t operands = get(m, 36, 2), offset = get(m, 76, 4), length = get(m, 80, 4);
	uint64_t flags = get(m, 2, 2), access = get(m, 74, 2);

	if (flags & ~0xcu || get(m, 6, 2) || get(m, 39, 1) || !all(m, 120, 128, 0) ||
	    !all(m, 48, 72, 0))
		return false;
	if (get(m, 16, 4) > 1 || get(m, 20, 4) || get(m, 28, 4) > max_run || operands > 4)
		return false;
	if (flags & 4)          /* a table, of zeroes: the image is what lies there */
		return false;
	if (operands == 0)
		return all(m, 72, 120, 0);
	if (operands > 1)       /* the others are all zero, and that is no access */
		return false;
	/* Buffer 0 is the image's, which may be read. */
	if (get(m, 72, 2) == 0)
		return access == 1 && offset + length <= image_bytes;
	return get(m, 72, 2) == 1 && access >= 1 && access <= 3 && offset + length <= DATA;
}

static const struct field job_fields[] = {
	{ "flags", 2, 2, { 0, 4, 8, 16, 0x8000 }, 5 },
	{ "reserved", 6, 2, { 0, 1, 0xffff }, 3 },
	{ "context", 16, 4, { 0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff }, 6 },
	{ "firmware", 20, 4, { 0, 1, 0x80000000, 0xffffffff }, 4 },
	{ "entry", 24, 4, { 2, 9, 0xffffffff }, 3 },
	{ "run_limit_us", 28, 4, { 0, 1, 0x7fffffff, 0xffffffff }, 4 },
	{ "start_limit_us", 32, 4, { 0, 1, 0x7fffffff, 0xffffffff }, 4 },
	{ "operands", 36, 2, { 0, 1, 4, 5, 0xffff }, 5 },
	{ "priority", 38, 1, { 0, 255 }, 2 },
	{ "buffer", 72, 2, { 0, 1, 2, 0x7fff, 0xffff }, 5 },
	{ "access", 74, 2, { 0, 1, 3, 4, 0xffff }, 5 },
	{ "offset", 76, 4, { 0, 1, DATA - 64, DATA - 63, DATA, DATA + 1, 1u << 26, 0xffffffff }, 8 },
	{ "length", 80, 4, { 0, 1, DATA - 1, DATA, DATA + 1, 1u << 26, 0x80000000, 0xffffffff }, 8 },
	{ "tail", 120, 8, { 0, 1, ~0ull }, 3 },
};

/* ---- BUF_REGISTER ---- */

#define DIRS            2u
static uint32_t dir_ref[XENCOPROC_DIRS_MAX], own_ref;

static struct coproc_request buffer_base(void)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_BUF_REGISTER);

	r.u.buf_register.buffer = 2;
	r.u.buf_register.pages = 5;
	r.u.buf_register.access = XENCOPROC_ACCESS_READ;
	r.u.buf_register.dirs = 1;
	r.u.buf_register.dir_ref[0] = dir_ref[0];
	return r;
}

static bool buffer_legal(const uint8_t *m)
{
	/* The directory has five pages. */
	return !get(m, 2, 2) && !get(m, 6, 2) && get(m, 16, 4) >= 2 && get(m, 16, 4) < max_buffers &&
	       get(m, 20, 4) == 5 && get(m, 24, 2) == 1 && get(m, 26, 2) == 1 && !get(m, 28, 4) &&
	       get(m, 32, 4) == dir_ref[0] && all(m, 36, 96, 0xff) && all(m, 96, 128, 0);
}

static void buffer_undo(const uint8_t *m)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_BUF_RELEASE);

	r.u.buf_release.buffer = (uint32_t)get(m, 16, 4);
	raw_ask(&raw, &r);
}

static struct field buffer_fields[] = {
	{ "flags", 2, 2, { 0, 1, 0x8000 }, 3 },
	{ "buffer", 16, 4, { 0, 2, 0, 0, 0x80000000, 0xffffffff }, 6 },
	{ "pages", 20, 4, { 0, 1, 4, 5, 6, 1024, 16384, 0xffffffff }, 8 },
	{ "access", 24, 2, { 0, 1, 2, 3, 4, 0xffff }, 6 },
	{ "dirs", 26, 2, { 0, 1, 2, 16, 17, 0xffff }, 6 },
	{ "reserved", 28, 4, { 0, 1 }, 2 },
	{ "dir_ref[0]", 32, 4, { 0, 0, 40000, 0xffffffff }, 4 },
	{ "dir_ref[1]", 36, 4, { 0xffffffff, 0, 40000 }, 3 },
	{ "tail", 96, 8, { 0, ~0ull }, 2 },
};

/* ---- FW_LOAD ---- */

static struct coproc_request firmware_base(void)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_FW_LOAD);

	r.u.fw_load.firmware = 1;
	r.u.fw_load.kind = XENCOPROC_FW_KIND_ELF;
	r.u.fw_load.length = 64;
	return r;
}

/* Its digest is zero: whatever lies there, it has another. */
static bool never(const uint8_t *m)
{
	return false;
}

static const struct field firmware_fields[] = {
	{ "flags", 2, 2, { 0, 1, 2, 0x8000 }, 4 },
	{ "firmware", 16, 4, { 0, 1, 0x7fffffff, 0xffffffff }, 4 },
	{ "kind", 20, 4, { 0, 1, 2, 5, 6, 31, 32, 0xffffffff }, 8 },
	{ "buffer", 24, 4, { 0, 1, 7, 0x80000000, 0xffffffff }, 5 },
	{ "offset", 28, 4, { 0, 1, 4096, 1u << 26, 0x80000000, 0xffffffff }, 6 },
	{ "length", 32, 4, { 0, 1, 4096, 1u << 20, (1u << 26) + 1, 0xffffffff }, 6 },
	{ "sig_offset", 36, 4, { 0, 1, 0xffffffff }, 3 },
	{ "sig_length", 40, 4, { 0, 64, 0xffffffff }, 3 },
	{ "reserved", 44, 4, { 0, 1 }, 2 },
};

/* ---- QUEUE_OPEN: with grants that are none, so that nothing comes of it ---- */

static struct coproc_request queue_base(void)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_QUEUE_OPEN);

	r.u.queue_open.queue = 2;
	r.u.queue_open.qclass = XENCOPROC_CLASS_NORMAL;
	r.u.queue_open.order = XENCOPROC_ORDER_MIN;
	r.u.queue_open.sq_ref[0] = 40000;
	r.u.queue_open.cq_ref[0] = 40001;
	return r;
}

static const struct field queue_fields[] = {
	{ "flags", 2, 2, { 0, 1 }, 2 },
	{ "queue", 16, 4, { 0, 1, 2, 30, 31, 32, 0x80000000, 0xffffffff }, 8 },
	{ "qclass", 20, 2, { 0, 1, 2, 3, 4, 0xffff }, 6 },
	{ "order", 22, 2, { 0, 4, 5, 9, 10, 31, 32, 0xffff }, 8 },
	{ "event_channel", 24, 4, { 0, 1, 131071, 131072, 0xffffffff }, 5 },
	{ "journal_ref", 28, 4, { 0xffffffff, 0, 40000 }, 3 },
	{ "sq_ref[0]", 32, 4, { 0, 40000, 0xffffffff }, 3 },
	{ "sq_ref[1]", 36, 4, { 0, 40000, 0xffffffff }, 3 },
	{ "cq_ref[0]", 96, 4, { 0, 40000, 0xffffffff }, 3 },
	{ "reserved", 112, 8, { 0, 1, ~0ull }, 3 },
};

/* ---- small ones ---- */

static struct coproc_request cancel_base(void) { return raw_request(XENCOPROC_OP_CANCEL); }
static struct coproc_request query_base(void) { return raw_request(XENCOPROC_OP_QUERY); }

static struct coproc_request signal_base(void)
{
	return raw_request(XENCOPROC_OP_CTX_SIGNAL);
}

static bool signal_legal(const uint8_t *m)
{
	return !get(m, 2, 2) && get(m, 16, 4) < 2 && !get(m, 20, 4) && all(m, 32, 128, 0);
}

static bool query_legal(const uint8_t *m)
{
	uint64_t what = get(m, 16, 4), object = get(m, 20, 4);

	if (get(m, 2, 2) || !all(m, 24, 128, 0))
		return false;
	switch (what) {
	case 1: case 7: case 8: return object == 0;
	case 2: return object >= 1 && object <= max_queues;
	case 3: return object < max_contexts;
	case 4: return object < 2;
	case 5: return object < max_buffers;
	case 6: return object < max_firmware;
	default: return false;
	}
}

static const struct field cancel_fields[] = {
	{ "flags", 2, 2, { 0, 1 }, 2 },
	{ "queue", 16, 4, { 0, 1, 30, 31, 0x80000000, 0xffffffff }, 6 },
	{ "target_slot", 20, 2, { 0, 31, 32, 511, 512, 0xffff }, 6 },
	{ "reserved", 22, 2, { 0, 1 }, 2 },
	{ "target_id", 24, 8, { 0, 1, ~0ull }, 3 },
	{ "tail", 120, 8, { 0, 1 }, 2 },
};
static const struct field signal_fields[] = {
	{ "flags", 2, 2, { 0, 1 }, 2 },
	{ "context", 16, 4, { 0, 1, 2, 0x80000000, 0xffffffff }, 5 },
	{ "reserved", 20, 4, { 0, 1 }, 2 },
	{ "value", 24, 8, { 0, 1, 1ull << 63, ~0ull }, 4 },
	{ "tail", 32, 8, { 0, 1 }, 2 },
};
static const struct field query_fields[] = {
	{ "flags", 2, 2, { 0, 1 }, 2 },
	{ "what", 16, 4, { 0, 1, 2, 4, 6, 8, 9, 0xffffffff }, 8 },
	{ "object", 20, 4, { 0, 1, 30, 31, 0x7fffffff, 0x80000000, 0xffffffff }, 7 },
	{ "tail", 24, 8, { 0, 1 }, 2 },
};

#define FIELDS(f) f, sizeof(f) / sizeof((f)[0])
static const struct form forms[] = {
	{ "JOB", 1, job_base, FIELDS(job_fields), job_legal, NULL },
	{ "BUF_REGISTER", 0, buffer_base, FIELDS(buffer_fields), buffer_legal, buffer_undo },
	{ "FW_LOAD", 0, firmware_base, FIELDS(firmware_fields), never, NULL },
	{ "QUEUE_OPEN", 0, queue_base, FIELDS(queue_fields), never, NULL },
	{ "CANCEL", 0, cancel_base, FIELDS(cancel_fields), never, NULL },
	{ "CTX_SIGNAL", 0, signal_base, FIELDS(signal_fields), signal_legal, NULL },
	{ "QUERY", 0, query_base, FIELDS(query_fields), query_legal, NULL },
};

/* Return: the status; 0xffff: none came, or one of something else. */
static unsigned int ask(const struct form *form, const uint8_t *body, uint8_t *sqe)
{
	struct coproc_client_queue *ring = &raw.queue[form->queue].ring;
	struct coproc_request request = form->base();
	uint32_t place = ring->sq.index % (ring->sq.entries);
	struct coproc_completion done;
	uint8_t *at = (uint8_t *)raw.queue[form->queue].sq + place * XENCOPROC_SQE_SIZE;

	request.id = ++raw.id;
	if (coproc_client_put(ring, &request) < 0)
		return 0xffff;
	/* All but its op, slot and id. */
	memcpy(at + 2, body + 2, 2);
	memcpy(at + 6, body + 6, 2);
	memcpy(at + 16, body + 16, 112);
	memcpy(sqe, at, XENCOPROC_SQE_SIZE);
	if (coproc_client_publish(ring))
		raw_notify(&raw);
	if (!raw_take(&raw, form->queue, &done) || done.id != request.id)
		return 0xffff;
	return done.status;
}

static void matrix(const struct form *form)
{
	struct coproc_request request = form->base();
	_Alignas(8) struct xencoproc_sqe encoded;
	uint8_t base[XENCOPROC_SQE_SIZE], sqe[XENCOPROC_SQE_SIZE];
	unsigned int tried = 0, wrong = 0, legal = 0;

	coproc_request_encode(&request, &encoded);
	memcpy(base, &encoded, sizeof(base));
	for (unsigned int a = 0; a < form->fields; a++)
	for (unsigned int b = a + 1; b < form->fields; b++)
	for (unsigned int i = 0; i < form->field[a].values; i++)
	for (unsigned int j = 0; j < form->field[b].values; j++) {
		const struct field *f = &form->field[a], *g = &form->field[b];
		uint8_t body[XENCOPROC_SQE_SIZE];
		unsigned int status;
		bool good;

		memcpy(body, base, sizeof(body));
		put(body, f->at, f->size, f->value[i]);
		put(body, g->at, g->size, g->value[j]);
		status = ask(form, body, sqe);
		good = form->legal(body);
		tried++;
		legal += good;
		/* A legal job may end in every way that a job can. */
		if (status != 0xffff && good == (status < 16) && (form->queue || !good || !status)) {
			if (status == XENCOPROC_OK && form->undo)
				form->undo(sqe);
			continue;
		}
		if (wrong++ < 5)
			printf("# %s: %s=%llx %s=%llx: %s, is %s\n", form->name, f->name,
			       (unsigned long long)f->value[i], g->name, (unsigned long long)g->value[j],
			       good ? "legal" : "not legal", coproc_status_text(status));
		if (status == 0xffff)
			break;
	}
	check(!wrong && tried > 20, "F3: %s: %u pairs of values, %u of them legal, %u answered wrongly",
	      form->name, tried, legal, wrong);
}

static void setup(const char *firmware)
{
	uint32_t *directory, length;
	uint8_t digest[32];
	void *at;

	max_run = limit("max-run-limit-us");
	max_contexts = limit("max-contexts");
	max_buffers = limit("max-buffers");
	max_firmware = limit("max-firmware");
	max_queues = limit("max-queues");
	load(firmware);
	image(firmware, &length, digest);
	image_bytes = (length + 4095ull) / 4096 * 4096;
	raw_queue_open(&raw, 1, XENCOPROC_CLASS_NORMAL);
	check(raw_buffer(&raw, 1, DATA_PAGES, 3, &at) == XENCOPROC_OK, "F3: set up");
	directory = raw_share(&raw, 1, &dir_ref[0], false);
	raw_share(&raw, 1, &own_ref, false);
	memset(directory, 0xff, 4096);
	for (int i = 0; i < 5; i++)
		directory[i] = own_ref;
	buffer_fields[1].value[2] = max_buffers - 1;
	buffer_fields[1].value[3] = max_buffers;
	buffer_fields[6].value[1] = dir_ref[0];
}

static void bounds(const char *firmware)
{
	connect_();
	setup(firmware);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		matrix(&forms[i]);
	check(raw_backend(&raw) == 4, "F3: and the connection still holds");
	check(raw_disconnect(&raw), "let go of");
}

const struct attack bounds_attacks[] = {
	{ "bounds", bounds },
	{ NULL, NULL },
};
