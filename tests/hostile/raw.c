/* SPDX-License-Identifier: MIT */
#include "raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Counted in sleeps: a machine that is busy adds what it takes. */
#define PATIENCE_US     20000000u

uint8_t raw_fill;

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "cannot go on: %s\n", what);
	exit(3);
}

static char *node(struct raw *raw, const char *dir, const char *name)
{
	unsigned int length;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return xs_read(raw->xs, XBT_NULL, path, &length);
}

void raw_open(struct raw *raw)
{
	char *text;

	memset(raw, 0, sizeof(*raw));
	raw->xs = xs_open(0);
	raw->gntshr = xengntshr_open(NULL, 0);
	raw->evtchn = xenevtchn_open(NULL, 0);
	raw->port = -1;
	text = raw->xs ? node(raw, RAW_DEVICE, "backend") : NULL;
	if (!raw->gntshr || !raw->evtchn || !text)
		give_up("no device");
	snprintf(raw->backend, sizeof(raw->backend), "%s", text);
	free(text);
	text = node(raw, RAW_DEVICE, "backend-id");
	raw->domain = text ? (uint32_t)atoi(text) : 0;
	free(text);
}

bool raw_write(struct raw *raw, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), RAW_DEVICE "/%s", name);
	return xs_write(raw->xs, XBT_NULL, path, value, (unsigned int)strlen(value));
}

bool raw_write_number(struct raw *raw, const char *name, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return raw_write(raw, name, text);
}

int raw_backend(struct raw *raw)
{
	char *text = node(raw, raw->backend, "state");
	int state = text ? atoi(text) : -1;

	free(text);
	return state;
}

bool raw_until(struct raw *raw, int state)
{
	for (unsigned int waited = 0; waited < PATIENCE_US; waited += 2000) {
		if (raw_backend(raw) == state)
			return true;
		usleep(2000);
	}
	return false;
}

const char *raw_error(struct raw *raw)
{
	static char error[256];
	char *text = node(raw, raw->backend, "error");

	snprintf(error, sizeof(error), "%s", text ? text : "");
	free(text);
	return error;
}

void *raw_share(struct raw *raw, uint32_t pages, uint32_t *refs, bool writable)
{
	void *at = xengntshr_share_pages(raw->gntshr, raw->domain, (int)pages, refs, writable);

	if (!at)
		give_up("no pages");
	memset(at, writable ? raw_fill : 0, (size_t)pages * XENCOPROC_PAGE_SIZE);
	return at;
}

void raw_unshare(struct raw *raw, void *at, uint32_t pages)
{
	if (at)
		xengntshr_unshare(raw->gntshr, at, pages);
}

void raw_notify(struct raw *raw)
{
	(void)xenevtchn_notify(raw->evtchn, (evtchn_port_t)raw->port);
}

bool raw_publish(struct raw *raw)
{
	struct raw_queue *control = &raw->queue[0];

	raw->fe = raw_share(raw, 1, &raw->fe_ref, false);
	raw->be = raw_share(raw, 1, &raw->be_ref, true);
	raw->events = raw_share(raw, 1, &raw->events_ref, true);
	control->sq = raw_share(raw, 1, &control->sq_ref, false);
	control->cq = raw_share(raw, 1, &control->cq_ref, true);
	raw->port = (int)xenevtchn_bind_unbound_port(raw->evtchn, raw->domain);
	if (raw->port < 0)
		give_up("no port");
	memset(control->shadow, 0, sizeof(control->shadow));
	coproc_client_init(&control->ring, raw->fe, raw->be, 0, XENCOPROC_CONTROL_ORDER, control->sq,
			   control->cq, control->shadow);
	control->open = true;
	return raw_write_number(raw, "version", 1) &&
	       raw_write_number(raw, "frontend-index-ref", raw->fe_ref) &&
	       raw_write_number(raw, "backend-index-ref", raw->be_ref) &&
	       raw_write_number(raw, "control-sq-ref", control->sq_ref) &&
	       raw_write_number(raw, "control-cq-ref", control->cq_ref) &&
	       raw_write_number(raw, "event-ring-ref", raw->events_ref) &&
	       raw_write_number(raw, "event-channel", (uint32_t)raw->port);
}

bool raw_connect(struct raw *raw)
{
	return raw_write(raw, "state", "1") && raw_until(raw, 2) && raw_publish(raw) &&
	       raw_write(raw, "state", "3") && raw_until(raw, 4) && raw_write(raw, "state", "4");
}

bool raw_disconnect(struct raw *raw)
{
	bool good = raw_write(raw, "state", "5") && raw_until(raw, 6);

	raw_unshare(raw, raw->fe, 1);
	raw_unshare(raw, raw->be, 1);
	raw_unshare(raw, raw->events, 1);
	for (unsigned int q = 0; q < RAW_QUEUES; q++) {
		raw_unshare(raw, raw->queue[q].sq, 1);
		raw_unshare(raw, raw->queue[q].cq, 1);
		memset(&raw->queue[q], 0, sizeof(raw->queue[q]));
	}
	raw->fe = raw->be = NULL;
	raw->events = NULL;
	if (raw->port >= 0)
		xenevtchn_unbind(raw->evtchn, (evtchn_port_t)raw->port);
	raw->port = -1;
	return raw_write(raw, "state", "6") && good;
}

int raw_send(struct raw *raw, unsigned int queue, struct coproc_request *request)
{
	struct coproc_client_queue *ring = &raw->queue[queue].ring;
	int slot;

	request->id = ++raw->id;
	slot = coproc_client_put(ring, request);
	if (slot >= 0 && coproc_client_publish(ring))
		raw_notify(raw);
	return slot;
}

bool raw_take(struct raw *raw, unsigned int queue, struct coproc_completion *done)
{
	for (unsigned int waited = 0; waited < PATIENCE_US; waited += 100) {
		int rc = coproc_client_take(&raw->queue[queue].ring, done);

		if (rc)
			return rc > 0;
		usleep(100);
	}
	return false;
}

unsigned int raw_ask(struct raw *raw, struct coproc_request *request)
{
	struct coproc_completion done;

	if (raw_send(raw, 0, request) < 0)
		return 0xffff;
	do {
		if (!raw_take(raw, 0, &done))
			return 0xffff;
	} while (done.id != request->id);
	return done.status;
}

struct coproc_request raw_request(unsigned int op)
{
	struct coproc_request r;

	memset(&r, 0, sizeof(r));
	r.op = (uint16_t)op;
	if (op == XENCOPROC_OP_QUEUE_OPEN) {
		r.u.queue_open.journal_ref = XENCOPROC_GREF_NONE;
		memset(r.u.queue_open.sq_ref, 0xff, sizeof(r.u.queue_open.sq_ref));
		memset(r.u.queue_open.cq_ref, 0xff, sizeof(r.u.queue_open.cq_ref));
	} else if (op == XENCOPROC_OP_BUF_REGISTER) {
		memset(r.u.buf_register.dir_ref, 0xff, sizeof(r.u.buf_register.dir_ref));
	} else if (op == XENCOPROC_OP_CTX_CREATE) {
		r.u.ctx_create.save_buffer = XENCOPROC_NONE;
	}
	return r;
}

unsigned int raw_queue_open(struct raw *raw, unsigned int queue, unsigned int qclass)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_QUEUE_OPEN);
	struct raw_queue *q = &raw->queue[queue];
	unsigned int status;

	q->sq = raw_share(raw, 1, &q->sq_ref, false);
	q->cq = raw_share(raw, 1, &q->cq_ref, true);
	memset(q->shadow, 0, sizeof(q->shadow));
	coproc_client_init(&q->ring, raw->fe, raw->be, queue, XENCOPROC_ORDER_MIN, q->sq, q->cq,
			   q->shadow);
	r.u.queue_open.queue = queue;
	r.u.queue_open.qclass = qclass;
	r.u.queue_open.order = XENCOPROC_ORDER_MIN;
	r.u.queue_open.sq_ref[0] = q->sq_ref;
	r.u.queue_open.cq_ref[0] = q->cq_ref;
	status = raw_ask(raw, &r);
	q->open = status == XENCOPROC_OK;
	if (!q->open) {
		raw_unshare(raw, q->sq, 1);
		raw_unshare(raw, q->cq, 1);
		q->sq = q->cq = NULL;
	}
	return status;
}

unsigned int raw_context(struct raw *raw, uint32_t context)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_CTX_CREATE);

	r.u.ctx_create.context = context;
	return raw_ask(raw, &r);
}

unsigned int raw_buffer(struct raw *raw, uint32_t buffer, uint32_t pages, uint32_t access,
			void **at)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_BUF_REGISTER);
	uint32_t *refs = calloc(pages, sizeof(*refs)), *directory[XENCOPROC_DIRS_MAX] = { NULL };
	unsigned int status;

	if (!refs)
		give_up("no memory");
	*at = raw_share(raw, pages, refs, access & XENCOPROC_ACCESS_WRITE);
	r.u.buf_register.buffer = buffer;
	r.u.buf_register.pages = pages;
	r.u.buf_register.access = access;
	r.u.buf_register.dirs = (pages + XENCOPROC_DIR_ENTRIES - 1) / XENCOPROC_DIR_ENTRIES;
	for (uint32_t d = 0; d < r.u.buf_register.dirs; d++) {
		directory[d] = raw_share(raw, 1, &r.u.buf_register.dir_ref[d], false);
		for (uint32_t i = 0; i < XENCOPROC_DIR_ENTRIES; i++) {
			uint32_t n = d * XENCOPROC_DIR_ENTRIES + i;

			directory[d][i] = n < pages ? refs[n] : XENCOPROC_GREF_NONE;
		}
	}
	status = raw_ask(raw, &r);
	for (uint32_t d = 0; d < r.u.buf_register.dirs; d++)
		raw_unshare(raw, directory[d], 1);
	free(refs);
	return status;
}

unsigned int raw_firmware(struct raw *raw, uint32_t firmware, uint32_t buffer, uint32_t length,
			  const uint8_t sha256[32])
{
	struct coproc_request r = raw_request(XENCOPROC_OP_FW_LOAD);

	r.u.fw_load.firmware = firmware;
	r.u.fw_load.kind = XENCOPROC_FW_KIND_ELF;
	r.u.fw_load.buffer = buffer;
	r.u.fw_load.length = length;
	memcpy(r.u.fw_load.sha256, sha256, 32);
	return raw_ask(raw, &r);
}

struct coproc_request raw_job(uint32_t context, uint32_t firmware, uint32_t entry,
			      uint64_t immediate)
{
	struct coproc_request r = raw_request(XENCOPROC_OP_JOB);

	r.u.job.context = context;
	r.u.job.firmware = firmware;
	r.u.job.entry = entry;
	r.u.job.immediate = immediate;
	return r;
}
