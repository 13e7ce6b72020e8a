/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include "libcoproc-ring/message.h"
#include "rim/front.h"
#include "xenstore-schema/node-table.h"

#define QUEUES          31u
#define ENTRIES_MAX     512u

struct peer_queue {
	bool open;
	uint32_t entries;
	uint32_t sq[XENCOPROC_SQ_PAGES_MAX], cq[XENCOPROC_CQ_PAGES_MAX];
	uint32_t taken, put;
	uint16_t slot[ENTRIES_MAX];     /* accepted and not completed, oldest first */
	uint64_t id[ENTRIES_MAX];
	uint32_t first, count;
	struct xencoproc_cqe last;
};

static struct peer {
	unsigned int state;
	uint32_t fe_index, be_index, events, port;
	uint32_t event_put, sequence;
	struct peer_queue queue[QUEUES];
} peer;

/* ---- xenstore ---- */

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	rim_store_put(path, text, strlen(text));
}

static uint32_t number(const char *name)
{
	char path[128];
	const char *text;

	snprintf(path, sizeof(path), "%s/%s", PEER_FE_DIR, name);
	text = rim_store_get(path);
	return text ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

static void write_state(unsigned int state)
{
	char text[2] = { (char)('0' + state), '\0' };

	peer.state = state;
	put(PEER_BE_DIR, "state", text);
}

static void advertise(uint8_t limits)
{
	static const char *const nodes[][2] = {
		{ "versions", "1" }, { "kind", "null" }, { "preemption", "instant" },
		{ "firmware-kinds", "1" }, { "max-queues", "3" }, { "max-contexts", "4" },
		{ "max-buffers", "8" }, { "max-firmware", "3" }, { "max-firmware-bytes", "4096" },
		{ "max-run-limit-us", "100000" }, { "error", "" },
	};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		put(PEER_BE_DIR, nodes[i][0], nodes[i][1]);
	put(PEER_BE_DIR, "max-ring-order", limits & 1 ? "5" : "9");
	put(PEER_BE_DIR, "max-pages", limits & 2 ? "16" : "4096");
	put(PEER_BE_DIR, "max-operands", limits & 4 ? "4" : "64");
	write_state(2);
}

void peer_reset(uint8_t limits)
{
	memset(&peer, 0, sizeof(peer));
	rim_store_put("domid", "1", 1);
	put(PEER_BE_DIR, "frontend", PEER_FE_DIR);
	put(PEER_BE_DIR, "frontend-id", "1");
	put(PEER_BE_DIR, "online", "1");
	put(PEER_BE_DIR, "coprocessor", "m4");
	put(PEER_BE_DIR, "max-class", "realtime");
	put(PEER_FE_DIR, "backend", PEER_BE_DIR);
	put(PEER_FE_DIR, "backend-id", "0");
	put(PEER_FE_DIR, "state", "1");
	advertise(limits);
}

/* ---- rings ---- */

static struct xencoproc_cell *cell(bool own, uint32_t ring)
{
	uint8_t *page = front_page(own ? peer.be_index : peer.fe_index, own);

	return page ? (struct xencoproc_cell *)(void *)page + ring : NULL;
}

static void *slot_at(const uint32_t *refs, uint32_t index, uint32_t entries, uint32_t size, bool write)
{
	uint32_t at = index % entries * size;
	uint8_t *page = front_page(refs[at / RIM_PAGE], write);

	return page ? page + at % RIM_PAGE : NULL;
}

static void open_control(void)
{
	peer.fe_index = number("frontend-index-ref");
	peer.be_index = number("backend-index-ref");
	peer.events = number("event-ring-ref");
	peer.port = number("event-channel");
	peer.event_put = peer.sequence = 0;
	memset(peer.queue, 0, sizeof(peer.queue));
	peer.queue[0].open = true;
	peer.queue[0].entries = 1u << XENCOPROC_CONTROL_ORDER;
	peer.queue[0].sq[0] = number("control-sq-ref");
	peer.queue[0].cq[0] = number("control-cq-ref");
}

static void complete(uint32_t queue, const struct xencoproc_cqe *cqe)
{
	struct peer_queue *q = &peer.queue[queue];
	struct xencoproc_cell *own = cell(true, XENCOPROC_RING_CQ(queue));
	void *at = q->entries ? slot_at(q->cq, q->put, q->entries, sizeof(*cqe), true) : NULL;

	if (!own || !at)
		return;
	memcpy(at, cqe, sizeof(*cqe));
	q->last = *cqe;
	own->index = ++q->put;
	front_send(peer.port);
}

static void open_queue(const struct xencoproc_sqe *sqe)
{
	const uint8_t *m = (const uint8_t *)sqe;
	uint32_t number_;
	uint16_t order;
	struct peer_queue *q;
	struct xencoproc_cell *own;

	memcpy(&number_, m + 16, 4);
	memcpy(&order, m + 22, 2);
	if (number_ < 1 || number_ >= QUEUES || order < 5 || order > 9)
		return;
	q = &peer.queue[number_];
	memset(q, 0, sizeof(*q));
	q->open = true;
	q->entries = 1u << order;
	memcpy(q->sq, m + 32, sizeof(q->sq));
	memcpy(q->cq, m + 96, sizeof(q->cq));
	for (uint32_t r = 0; r < 2; r++)
		if ((own = cell(true, XENCOPROC_RING_SQ(number_) + r)))
			memset(own, 0, sizeof(*own));
}

/* Takes one request.  @serve: and answers it; else it stays live. */
static bool take(uint32_t queue, bool serve)
{
	struct peer_queue *q = &peer.queue[queue];
	struct xencoproc_cell *theirs = cell(false, XENCOPROC_RING_SQ(queue));
	struct xencoproc_cell *own = cell(true, XENCOPROC_RING_SQ(queue));
	struct xencoproc_cqe cqe = { 0 };
	struct xencoproc_sqe *sqe;
	uint32_t closed;

	if (!q->open || !theirs || !own || theirs->index == q->taken)
		return false;
	sqe = slot_at(q->sq, q->taken, q->entries, sizeof(*sqe), false);
	if (!sqe)
		return false;
	own->index = ++q->taken;
	own->event = q->taken;
	if (!serve) {
		q->slot[(q->first + q->count) % ENTRIES_MAX] = sqe->h.slot;
		q->id[(q->first + q->count) % ENTRIES_MAX] = sqe->h.id;
		q->count += q->count < ENTRIES_MAX;
		return true;
	}
	cqe.id = sqe->h.id;
	cqe.slot = sqe->h.slot;
	if (sqe->h.op == XENCOPROC_OP_JOB) {
		memcpy(&cqe.result, (uint8_t *)sqe + 40, 8);
		cqe.flags = XENCOPROC_CQE_F_STARTED;
	} else if (sqe->h.op == XENCOPROC_OP_QUERY) {
		cqe.result = 1;
	} else if (sqe->h.op == XENCOPROC_OP_QUEUE_OPEN) {
		open_queue(sqe);
	} else if (sqe->h.op == XENCOPROC_OP_QUEUE_CLOSE) {
		memcpy(&closed, (uint8_t *)sqe + 16, 4);
		if (closed && closed < QUEUES)
			peer.queue[closed].open = false;
	}
	complete(queue, &cqe);
	return true;
}

bool peer_serve(void)
{
	unsigned int fe = number("state");
	bool moved = false;

	if ((peer.state == 2 || peer.state == 1) && fe == 3) {
		open_control();
		write_state(4);
		return true;
	}
	if ((peer.state == 4 || peer.state == 5) && (fe == 5 || fe == 6 || fe == 1)) {
		write_state(fe == 1 ? 2 : 6);
		return true;
	}
	if (peer.state == 6 && (fe == 1 || fe == 2)) {
		write_state(2);
		return true;
	}
	for (uint32_t q = QUEUES; q > 0 && peer.state == 4; q--)
		for (uint32_t n = 0; n < 600 && take(q - 1, true); n++)
			moved = true;
	return moved;
}

/* ---- what it may not ---- */

static void answer(struct input *in, uint32_t queue)
{
	struct peer_queue *q = &peer.queue[queue];
	uint8_t how = in_u8(in);
	struct xencoproc_cqe cqe = { .status = in_u8(in) % 32 };

	while (take(queue, false))
		;
	if (!q->count)
		return;
	cqe.slot = q->slot[q->first];
	cqe.id = q->id[q->first];
	q->first = (q->first + 1) % ENTRIES_MAX;
	q->count--;
	if (how & 1)
		cqe.result = in_u64(in);
	if (how & 2)
		cqe.flags = in_u8(in);
	if (how & 4)
		cqe.id ^= 1;
	if (how & 8)
		cqe.slot ^= 1;
	if (how & 16)
		cqe.waited_us = in_u32(in);
	complete(queue, &cqe);
}

static void send_event(struct input *in)
{
	uint8_t how = in_u8(in), type = in_u8(in);
	struct xencoproc_cell *own = cell(true, XENCOPROC_RING_EVENT);
	struct xencoproc_event event = {
		.sequence = ++peer.sequence, .type = type % 5, .object = in_u8(in) % 8,
	};
	uint8_t *page = front_page(peer.events, true);

	if (!own || !page)
		return;
	event.value = how & 1 ? in_u64(in) : 1 + type % 3;
	event.status = how & 2 ? in_u8(in) : 0;
	event.lost = how & 4 ? in_u8(in) : 0;
	for (uint32_t n = how >> 4 ? (how >> 4) * 20u : 1; n; n--) {
		memcpy(page + peer.event_put % 128 * sizeof(event), &event, sizeof(event));
		own->index = ++peer.event_put;
	}
	front_send(peer.port);
}

static void break_cell(struct input *in)
{
	uint8_t which = in_u8(in);
	struct xencoproc_cell *own = cell(true, which % 10);

	if (!own)
		return;
	if (which & 0x80)
		own->event = in_u32(in);
	else
		own->index = which & 0x40 ? in_u32(in) : own->index + (uint32_t)(int8_t)in_u8(in);
	front_send(peer.port);
}

static void write_page(struct input *in)
{
	uint32_t ref = in_u8(in), offset = in_u16(in) % RIM_PAGE, n = 1 + in_u8(in) % 64u;
	uint8_t *page = front_page(ref, true);
	uint8_t bytes[64];

	in_bytes(in, bytes, n);
	if (page)
		memcpy(page + offset, bytes, n < RIM_PAGE - offset ? n : RIM_PAGE - offset);
}

static void write_node(struct input *in)
{
	const struct coproc_node *node = &coproc_node[in_u8(in) % COPROC_DIR_BACKEND_NODES];
	uint8_t len = in_u8(in) % 64;
	char text[64], path[128];

	in_bytes(in, text, len);
	snprintf(path, sizeof(path), "%s/%s", PEER_BE_DIR, node->name);
	rim_store_put(path, text, len);
}

static void leave(struct input *in)
{
	uint8_t how = in_u8(in);

	if (how & 1)
		rim_store_remove(how & 2 ? PEER_FE_DIR : PEER_BE_DIR);
	if (how & 4)
		peer_reset(how >> 3);
}

void peer_act(struct input *in)
{
	uint8_t op = in_u8(in);
	uint32_t queue = (op >> 4) % 4;

	switch (op & 15) {
	case 0:
	case 1:
		peer_serve();
		break;
	case 2:
	case 3:
		answer(in, queue);
		break;
	case 4:
		complete(queue, &peer.queue[queue].last);
		break;
	case 5:
		break_cell(in);
		break;
	case 6:
		send_event(in);
		break;
	case 7:
		write_page(in);
		break;
	case 8:
		write_state(in_u8(in) % 9);
		break;
	case 9:
		write_node(in);
		break;
	case 10:
		leave(in);
		break;
	case 11:
		front_send(1 + queue);
		break;
	case 12:
		/* A successor begins: what it had is forgotten. */
		peer.queue[0].open = false;
		advertise(op >> 4);
		break;
	case 13:
		while (take(queue, false))
			;
		break;
	case 14: {
		struct xencoproc_cqe cqe;

		in_bytes(in, &cqe, sizeof(cqe));
		complete(queue, &cqe);
		break;
	}
	default:
		rim_now += (uint64_t)(1 + (op >> 4)) << 24;
	}
}
