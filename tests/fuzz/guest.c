/* SPDX-License-Identifier: MIT */
#include "guest.h"

#include <sodium.h>

#include "judge.h"
#include "libcoproc-ring/ring.h"

#define PAGES_A_QUEUE   20u

uint32_t guest_sq_page(uint32_t queue)
{
	return queue ? 5 + (queue - 1) * PAGES_A_QUEUE : 2;
}

uint32_t guest_cq_page(uint32_t queue)
{
	return queue ? guest_sq_page(queue) + XENCOPROC_SQ_PAGES_MAX : 3;
}

static struct xencoproc_cell *cell(const struct guest *g, uint32_t page, uint32_t ring)
{
	return (struct xencoproc_cell *)rim_page(g->domain, page) + ring;
}

/* ---- xenstore ---- */

void guest_node(const struct guest *g, bool backend, const char *name, const char *text, size_t len)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", backend ? g->be_dir : g->fe_dir, name);
	rim_store_put(path, text, len);
}

static void put_text(const struct guest *g, bool backend, const char *name, const char *text)
{
	guest_node(g, backend, name, text, strlen(text));
}

static void put_number(const struct guest *g, const char *name, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	put_text(g, false, name, text);
}

static const char *get(const struct guest *g, bool backend, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", backend ? g->be_dir : g->fe_dir, name);
	return rim_store_get(path);
}

static uint32_t number(const struct guest *g, bool backend, const char *name)
{
	const char *text = get(g, backend, name);

	return text ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

void guest_attach(struct guest *g, uint32_t domain)
{
	memset(g, 0, sizeof(*g));
	g->domain = domain;
	g->there = g->played = g->class_known = true;
	g->state = 1;
	snprintf(g->be_dir, sizeof(g->be_dir), "/local/domain/0/backend/vcoproc/%u/0", domain);
	snprintf(g->fe_dir, sizeof(g->fe_dir), "/local/domain/%u/device/vcoproc/0", domain);
	put_text(g, true, "frontend", g->fe_dir);
	put_text(g, true, "frontend-id", domain == 1 ? "1" : "2");
	put_text(g, true, "online", "1");
	put_text(g, true, "coprocessor", "m4");
	put_text(g, true, "max-class", domain == 1 ? "realtime" : "normal");
	put_text(g, true, "state", "1");
	put_text(g, false, "backend", g->be_dir);
	put_text(g, false, "backend-id", "0");
	put_text(g, false, "state", "1");
}

unsigned int guest_backend_state(const struct guest *g)
{
	const char *text = get(g, true, "state");

	return text && text[0] >= '0' && text[0] <= '8' && !text[1] ? (unsigned int)text[0] - '0' : 9;
}

bool guest_connected(const struct guest *g)
{
	return g->there && g->state == 4 && guest_backend_state(g) == 4;
}

static void know_limits(struct guest *g)
{
	const char *qclass = get(g, true, "max-class");

	g->limits = (struct coproc_limits){
		.max_queues = number(g, true, "max-queues"),
		.max_ring_order = number(g, true, "max-ring-order"),
		.max_contexts = number(g, true, "max-contexts"),
		.max_buffers = number(g, true, "max-buffers"),
		.max_pages = number(g, true, "max-pages"),
		.max_firmware = number(g, true, "max-firmware"),
		.max_firmware_bytes = number(g, true, "max-firmware-bytes"),
		.max_operands = number(g, true, "max-operands"),
		.max_run_limit_us = number(g, true, "max-run-limit-us"),
		.max_class = qclass && *qclass == 'r' ? 1 : qclass && *qclass == 'b' ? 3 : 2,
		.features = number(g, true, "feature-digest-load") ? COPROC_FEATURE_DIGEST_LOAD : 0,
	};
	g->limits_known = true;
	g->class_known = true;
}

/* Fresh pages, granted as section 2 says, and the nodes that name them. */
static void publish_nodes(struct guest *g)
{
	static const char *const refs[5] = { "frontend-index-ref", "backend-index-ref", "control-sq-ref",
					     "control-cq-ref", "event-ring-ref" };

	for (uint32_t i = 0; i < RIM_PAGES; i++) {
		bool read_only = i == 0 || i == 2 || (i >= GUEST_DIRS && i < GUEST_DATA);

		for (uint32_t q = 1; q < GUEST_QUEUES; q++)
			read_only |= i >= guest_sq_page(q) && i < guest_cq_page(q);
		if (i < GUEST_DATA)
			memset(rim_page(g->domain, i), 0, RIM_PAGE);
		rim_grant(g->domain, i, true, !read_only);
	}
	for (uint32_t i = 0; i < 5; i++)
		put_number(g, refs[i], rim_ref(i));
	put_text(g, false, "version", "1");
	put_text(g, false, "request-digest-load", "1");
	put_number(g, "event-channel", 1);
	memset(g->queue, 0, sizeof(g->queue));
	g->queue[0].open = true;
	g->queue[0].entries = 1u << XENCOPROC_CONTROL_ORDER;
	g->sequence = g->lost = g->events_taken = 0;
	g->next_id = 1;
	g->clean = true;
	know_limits(g);
}

static void write_state(struct guest *g, unsigned int state)
{
	char text[2] = { (char)('0' + state), '\0' };

	g->state = state;
	put_text(g, false, "state", text);
}

/* The rows of section 12 for a frontend that wants to stay. */
void guest_step(struct guest *g)
{
	unsigned int peer = guest_backend_state(g);

	if (!g->there)
		return;
	if (g->state == 1 && peer == 2) {
		publish_nodes(g);
		write_state(g, 3);
	} else if (g->state == 3 && peer == 4) {
		write_state(g, 4);
	} else if ((g->state == 3 || g->state == 4) && peer == 5) {
		write_state(g, 6);
	} else if ((g->state == 3 || g->state == 4) && (peer == 6 || peer == 1 || peer == 9)) {
		write_state(g, 1);
	} else if (g->state == 5 && (peer == 6 || peer == 9)) {
		write_state(g, 6);
	} else if (g->state == 6 && peer == 2) {
		write_state(g, 1);
	}
}

/* ---- submitting ---- */

static struct xencoproc_sqe *sqe_at(const struct guest *g, uint32_t queue, uint32_t index)
{
	const struct guest_queue *q = &g->queue[queue];

	return (struct xencoproc_sqe *)rim_page(g->domain, guest_sq_page(queue)) + index % q->entries;
}

static struct guest_slot *free_slot(struct guest_queue *q, uint16_t *slot)
{
	for (uint32_t i = 0; i < q->entries; i++) {
		/* Not always the lowest. */
		*slot = (uint16_t)((i + q->put) % q->entries);
		if (!q->slot[*slot].live)
			return &q->slot[*slot];
	}
	return NULL;
}

/* Whether QUEUE_OPEN names the pages that are this queue's here. */
static bool own_pages(const uint8_t *sqe, uint32_t queue)
{
	uint32_t ref;

	for (uint32_t i = 0; i < XENCOPROC_SQ_PAGES_MAX + XENCOPROC_CQ_PAGES_MAX; i++) {
		memcpy(&ref, sqe + 32 + 4 * i, 4);
		if (ref != XENCOPROC_GREF_NONE && ref != rim_ref(guest_sq_page(queue) + i))
			return false;
	}
	return true;
}

/* What the guest must do, and remember, when it opens or closes a queue. */
static void note_queue(struct guest *g, struct guest_slot *s, const uint8_t *sqe)
{
	uint16_t order;

	memcpy(&s->queue, sqe + 16, 4);
	memcpy(&order, sqe + 22, 2);
	s->order = order;
	if (s->queue >= GUEST_QUEUES || (s->op == XENCOPROC_OP_QUEUE_OPEN && !own_pages(sqe, s->queue)))
		s->queue = 0;
	if (!s->queue || s->expect != XENCOPROC_OK)
		return;
	if (s->op == XENCOPROC_OP_QUEUE_CLOSE) {
		/* F-QCLOSE-1: all or nothing of it before. */
		if (g->queue[s->queue].open)
			guest_publish(g, s->queue);
		g->queue[s->queue].closing = true;
	} else if (!g->queue[s->queue].open) {
		/* F-QOPEN-1 */
		memset(cell(g, 0, XENCOPROC_RING_SQ(s->queue)), 0, sizeof(struct xencoproc_cell));
		memset(cell(g, 0, XENCOPROC_RING_CQ(s->queue)), 0, sizeof(struct xencoproc_cell));
	}
}

bool guest_put_raw(struct guest *g, uint32_t queue, struct xencoproc_sqe *sqe)
{
	struct guest_queue *q = &g->queue[queue];
	uint16_t number_;
	struct guest_slot *s = q->open && !q->closing ? free_slot(q, &number_) : NULL;
	struct coproc_limits limits = g->limits;

	if (!s)
		return false;
	sqe->h.slot = number_;
	sqe->h.id = ++g->next_id << 8;
	if (!g->class_known)
		limits.max_class = 1;
	*s = (struct guest_slot){
		.live = true,
		.op = sqe->h.op,
		.id = sqe->h.id,
		.expect = judge_request((const uint8_t *)sqe, queue == 0, &limits),
	};
	memcpy(&s->immediate, (const uint8_t *)sqe + 40, 8);
	if (!queue && (s->op == XENCOPROC_OP_QUEUE_OPEN || s->op == XENCOPROC_OP_QUEUE_CLOSE))
		note_queue(g, s, (const uint8_t *)sqe);
	if (!queue && s->op == XENCOPROC_OP_CANCEL) {
		uint16_t target;

		memcpy(&s->queue, (const uint8_t *)sqe + 16, 4);
		memcpy(&target, (const uint8_t *)sqe + 20, 2);
		memcpy(&s->immediate, (const uint8_t *)sqe + 24, 8);
		s->order = target;
	}
	memcpy(sqe_at(g, queue, q->put), sqe, sizeof(*sqe));
	q->put++;
	return true;
}

bool guest_put(struct guest *g, uint32_t queue, struct coproc_request *request)
{
	_Alignas(8) struct xencoproc_sqe sqe;

	coproc_request_encode(request, &sqe);
	if (!guest_put_raw(g, queue, &sqe))
		return false;
	request->slot = sqe.h.slot;
	return true;
}

void guest_publish(struct guest *g, uint32_t queue)
{
	struct guest_queue *q = &g->queue[queue];

	/* C4 before P2. */
	cell(g, 0, XENCOPROC_RING_CQ(queue))->index = q->taken;
	cell(g, 0, XENCOPROC_RING_SQ(queue))->index = q->put;
	q->published = q->put;
}

void guest_notify(const struct guest *g, uint32_t queue)
{
	rim_evtchn_send(g->domain, 1);
	if (queue)
		rim_evtchn_send(g->domain, 1 + queue);
}

/* ---- completions ---- */

static void opened(struct guest *g, const struct guest_slot *s)
{
	struct guest_queue *q = &g->queue[s->queue];

	memset(q, 0, sizeof(*q));
	q->open = true;
	q->entries = 1u << s->order;
}

/* B-QCLOSE-1: all that was live in it has been published before. */
static void closed(struct guest *g, uint32_t queue)
{
	guest_take(g, queue);
	if (g->clean && guest_live(g, queue))
		fuzz_bug("queue %u was closed with %u requests live", queue, guest_live(g, queue));
	g->queue[queue].open = g->queue[queue].closing = false;
}

static void check_completion(struct guest *g, uint32_t queue, const struct xencoproc_cqe *cqe,
			     const struct guest_slot *s)
{
	bool job = queue && s->op == XENCOPROC_OP_JOB;

	if (s->expect != XENCOPROC_OK && g->limits_known && cqe->status != s->expect &&
	    !(s->expect == XENCOPROC_DENIED && !g->class_known))
		fuzz_bug("domain %u queue %u op %u: status %s, B-MSG-1 says %s", g->domain, queue, s->op,
			 coproc_status_text(cqe->status), coproc_status_text(s->expect));
	if (!job && cqe->status > XENCOPROC_OK && cqe->status < XENCOPROC_BAD_OP)
		fuzz_bug("op %u ends as a job would: %s", s->op, coproc_status_text(cqe->status));
	if (cqe->status == XENCOPROC_BAD_OP && s->expect != XENCOPROC_BAD_OP)
		fuzz_bug("op %u is unknown", s->op);
	if ((!job || cqe->status >= XENCOPROC_BAD_OP) &&
	    !(job && (cqe->flags & XENCOPROC_CQE_F_STARTED)) &&
	    (cqe->flags || (job && (cqe->waited_us || cqe->ran_us)) ))
		if (cqe->status != XENCOPROC_BAD_FIELD && cqe->status != XENCOPROC_BAD_IMAGE)
			fuzz_bug("op %u refused (%s) with flags or times", s->op,
				 coproc_status_text(cqe->status));
	if (job && cqe->status == XENCOPROC_OK && rim_process_honest(g->domain) &&
	    cqe->result != s->immediate)
		fuzz_bug("a job ended OK with another result");
	if (job && cqe->status == XENCOPROC_OK && !(cqe->flags & XENCOPROC_CQE_F_STARTED))
		fuzz_bug("a job ended OK and never started");
}

/* B-CANCEL-1: the job's own completion was published before. */
static void cancelled(struct guest *g, const struct guest_slot *s)
{
	const struct guest_slot *job;

	if (s->queue >= GUEST_QUEUES || s->order >= ENTRIES_MAX)
		return;
	guest_take(g, s->queue);
	job = &g->queue[s->queue].slot[s->order];
	if (g->clean && g->queue[s->queue].open && job->live && job->id == s->immediate)
		fuzz_bug("CANCEL was answered OK before its job ended");
}

static void take_one(struct guest *g, uint32_t queue)
{
	struct guest_queue *q = &g->queue[queue];
	_Alignas(8) struct xencoproc_cqe cqe;
	struct guest_slot *s;

	memcpy(&cqe, (struct xencoproc_cqe *)rim_page(g->domain, guest_cq_page(queue)) +
	       q->taken % q->entries, sizeof(cqe));
	if (judge_completion((const uint8_t *)&cqe))
		fuzz_bug("queue %u: a completion that is none", queue);
	if (cqe.slot >= q->entries || !q->slot[cqe.slot].live)
		fuzz_bug("queue %u: a completion for slot %u, in which nothing is", queue, cqe.slot);
	s = &q->slot[cqe.slot];
	if (cqe.id != s->id)
		fuzz_bug("queue %u slot %u: the id of another request", queue, cqe.slot);
	check_completion(g, queue, &cqe, s);
	s->live = false;
	q->taken++;
	if (queue || !s->queue)
		return;
	if (s->op == XENCOPROC_OP_CANCEL && cqe.status == XENCOPROC_OK)
		cancelled(g, s);
	if (s->op == XENCOPROC_OP_QUEUE_OPEN && cqe.status == XENCOPROC_OK)
		opened(g, s);
	else if (s->op == XENCOPROC_OP_QUEUE_CLOSE && cqe.status == XENCOPROC_OK)
		closed(g, s->queue);
	else if (s->op == XENCOPROC_OP_QUEUE_CLOSE)
		g->queue[s->queue].closing = false;
}

void guest_take(struct guest *g, uint32_t queue)
{
	struct guest_queue *q = &g->queue[queue];
	uint32_t until = cell(g, 1, XENCOPROC_RING_CQ(queue))->index;

	if (!q->open || !g->clean)
		return;
	if ((uint32_t)(until - q->taken) > q->entries)
		fuzz_bug("queue %u: the backend's index is further than the ring is long", queue);
	while (q->open && q->taken != until)
		take_one(g, queue);
}

uint32_t guest_live(const struct guest *g, uint32_t queue)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->queue[queue].entries; i++)
		n += g->queue[queue].slot[i].live;
	return n;
}

void guest_take_events(struct guest *g)
{
	uint32_t until = cell(g, 1, XENCOPROC_RING_EVENT)->index;
	_Alignas(8) struct xencoproc_event e;

	if (!g->clean || !g->queue[0].open)
		return;
	if ((uint32_t)(until - g->events_taken) > 128)
		fuzz_bug("the event ring's index is further than it is long");
	for (; g->events_taken != until; g->events_taken++) {
		memcpy(&e, (struct xencoproc_event *)rim_page(g->domain, 4) + g->events_taken % 128, sizeof(e));
		if (judge_event((const uint8_t *)&e))
			fuzz_bug("an event that is none");
		/* B-EVENT-2 */
		if ((uint32_t)(e.sequence - g->sequence) != (uint32_t)(e.lost - g->lost) + 1)
			fuzz_bug("event %u after %u, and %u lost after %u", e.sequence, g->sequence, e.lost,
				 g->lost);
		g->sequence = e.sequence;
		g->lost = e.lost;
	}
	cell(g, 0, XENCOPROC_RING_EVENT)->index = until;
}

/* ---- requests out of the input ---- */

static void queue_open(struct input *in, struct coproc_request *r)
{
	uint8_t how = in_u8(in);
	uint32_t queue = 1 + (how & 3) % (GUEST_QUEUES - 1), order = 5 + (how >> 2) % 5;

	r->u.queue_open.queue = queue;
	r->u.queue_open.order = order;
	r->u.queue_open.qclass = 1 + (how >> 5 & 3) % 3;
	r->u.queue_open.event_channel = how & 0x80 ? 1 + queue : 0;
	r->u.queue_open.journal_ref = XENCOPROC_NONE;
	for (uint32_t i = 0; i < XENCOPROC_SQ_PAGES_MAX; i++)
		r->u.queue_open.sq_ref[i] = i < XENCOPROC_SQ_PAGES(order) ? rim_ref(guest_sq_page(queue) + i) :
								     XENCOPROC_GREF_NONE;
	for (uint32_t i = 0; i < XENCOPROC_CQ_PAGES_MAX; i++)
		r->u.queue_open.cq_ref[i] = i < XENCOPROC_CQ_PAGES(order) ? rim_ref(guest_cq_page(queue) + i) :
								     XENCOPROC_GREF_NONE;
}

/* The directories say: pages from GUEST_DATA on, over and over. */
static void buf_register(struct guest *g, struct input *in, struct coproc_request *r)
{
	uint8_t how = in_u8(in), many = in_u8(in);
	uint32_t pages = how & 0x40 ? 1000u + many * 8u : 1u + many % 8, dirs = (pages + 1023) / 1024;

	r->u.buf_register.buffer = how % 8;
	r->u.buf_register.pages = pages;
	r->u.buf_register.access = 1 + (how >> 3) % 3;
	r->u.buf_register.dirs = dirs;
	for (uint32_t d = 0; d < XENCOPROC_DIRS_MAX; d++)
		r->u.buf_register.dir_ref[d] = d < dirs ? rim_ref(GUEST_DIRS + d % 3) : XENCOPROC_GREF_NONE;
	for (uint32_t d = 0; d < dirs && d < 3; d++) {
		uint32_t *entry = (uint32_t *)(void *)rim_page(g->domain, GUEST_DIRS + d);

		for (uint32_t i = 0; i < 1024; i++)
			entry[i] = d * 1024 + i < pages ?
				rim_ref(GUEST_DATA + (d * 1024 + i + many) % (RIM_PAGES - GUEST_DATA)) :
				XENCOPROC_GREF_NONE;
		if (how & 0x80)
			entry[many * 4u] ^= 0x80000000u;
	}
}

/* The digest of what lies in the first page of the buffer, if it is as
 * buf_register() made it: buffers whose page count byte was @many. */
static void fw_load(struct guest *g, struct input *in, struct coproc_request *r)
{
	uint8_t how = in_u8(in), many = in_u8(in);
	uint32_t page = GUEST_DATA + many % (RIM_PAGES - GUEST_DATA);

	r->u.fw_load.firmware = how % 4;
	r->u.fw_load.kind = 1 + (how >> 6 == 3 ? how >> 2 & 7 : 0);
	r->u.fw_load.length = 8 + (how >> 2 & 3) * 100;
	crypto_hash_sha256(r->u.fw_load.sha256, rim_page(g->domain, page), r->u.fw_load.length);
	if (how & 0x10)
		r->u.fw_load.sha256[many % 32] ^= 1;
	if (how & 0x20) {
		r->flags = XENCOPROC_FW_F_DIGEST_ONLY;
		r->u.fw_load.buffer = XENCOPROC_NONE;
		r->u.fw_load.length = 0;
	} else {
		r->u.fw_load.buffer = in_u8(in) % 8;
		r->u.fw_load.offset = how & 0x40 ? in_u16(in) : 0;
	}
}

void guest_job(struct input *in, struct coproc_request *r)
{
	uint8_t how = in_u8(in), objects = in_u8(in);

	memset(r, 0, sizeof(*r));
	r->op = XENCOPROC_OP_JOB;
	r->flags = how & 15;
	r->u.job.context = objects % 4;
	r->u.job.firmware = objects >> 2 & 3;
	r->u.job.priority = objects;
	r->u.job.immediate = in_u32(in);
	r->u.job.run_limit_us = how & 0x10 ? in_u16(in) : 0;
	r->u.job.operands = how >> 5 & 3;
	if (how & (XENCOPROC_JOB_F_WAIT | 0x80))
		r->u.job.start_limit_us = 1 + in_u16(in);
	if (how & XENCOPROC_JOB_F_WAIT) {
		r->u.job.wait_context = in_u8(in) % 4;
		r->u.job.wait_value = in_u8(in);
	}
	if (how & XENCOPROC_JOB_F_SIGNAL)
		r->u.job.signal_value = in_u8(in);
	if (how & XENCOPROC_JOB_F_TABLE)
		r->u.job.operands = 1;
	for (uint32_t i = 0; i < r->u.job.operands; i++) {
		uint8_t o = in_u8(in);

		r->u.job.operand[i].buffer = o % 8;
		r->u.job.operand[i].access = how & XENCOPROC_JOB_F_TABLE ? 1 : 1 + (o >> 3) % 3;
		r->u.job.operand[i].offset = o & 0x80 ? in_u16(in) : (o >> 5) * 1024u;
		r->u.job.operand[i].length = how & XENCOPROC_JOB_F_TABLE ? 12u * (1 + in_u8(in) % 80) :
					     o & 0x40 ? in_u16(in) : 100;
	}
}

void guest_request(struct guest *g, struct input *in, struct coproc_request *r)
{
	uint8_t op = in_u8(in);

	memset(r, 0, sizeof(*r));
	r->op = 1 + op % 12;
	switch (r->op) {
	case XENCOPROC_OP_QUEUE_OPEN:
		queue_open(in, r);
		break;
	case XENCOPROC_OP_BUF_REGISTER:
		buf_register(g, in, r);
		break;
	case XENCOPROC_OP_FW_LOAD:
		fw_load(g, in, r);
		break;
	case XENCOPROC_OP_CTX_CREATE:
		r->u.ctx_create.context = in_u8(in) % 5;
		r->u.ctx_create.save_buffer = XENCOPROC_NONE;
		break;
	case XENCOPROC_OP_CTX_SIGNAL:
		r->u.ctx_signal.context = in_u8(in) % 5;
		r->u.ctx_signal.value = in_u8(in);
		break;
	case XENCOPROC_OP_CANCEL:
		r->u.cancel.queue = 1 + in_u8(in) % 4;
		r->u.cancel.target_slot = in_u8(in);
		if (r->u.cancel.queue < GUEST_QUEUES)
			r->u.cancel.target_id = g->queue[r->u.cancel.queue].slot[r->u.cancel.target_slot].id;
		break;
	case XENCOPROC_OP_QUERY:
		r->u.query.what = 1 + in_u8(in) % 9;
		r->u.query.object = in_u8(in) % 9;
		break;
	case XENCOPROC_OP_NOP:
		break;
	default:
		/* One index, at the same place in each. */
		r->u.queue_close.queue = in_u8(in) % 8;
	}
}
