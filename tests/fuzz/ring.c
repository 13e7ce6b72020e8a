/* SPDX-License-Identifier: MIT */
/*
 * Target "ring": both sides of a queue against a peer that writes whatever it
 * likes into its cells and slots, beside a model of section 3 and 4 of
 * coprocif.md.  The model is told what was called and says what must come out:
 * the return, the sticky reason, what stands in the own cells, how many are
 * live.  Shared memory is allocated to the byte, so that AddressSanitizer sees
 * any step outside.
 *
 * Input: side and order, then operations: a byte, and what it needs.
 */
#include "fuzz.h"
#include "judge.h"
#include "libcoproc-ring/queue.h"

#define ENTRIES_MAX     512u
#define QUEUE           3u

/* One side's view of one ring, as the text has it. */
struct model_ring {
	uint32_t index, published, seen;
};

struct model {
	bool server;
	uint32_t entries;
	struct model_ring sq, cq;
	enum coproc_broken broken;
	bool both;              /* and the other ring with it: as soon as something is taken */
	bool live[ENTRIES_MAX];
	uint64_t id[ENTRIES_MAX];
	uint32_t count;
};

struct world {
	struct model m;
	struct xencoproc_cell *own, *peer;      /* index pages */
	uint8_t *sq, *cq;
	struct coproc_server_queue server;
	struct coproc_client_queue client;
	struct coproc_live *table;
	struct coproc_shadow *shadow;
};

static struct xencoproc_cell *cell(struct xencoproc_cell *page, bool sq)
{
	return &page[sq ? XENCOPROC_RING_SQ(QUEUE) : XENCOPROC_RING_CQ(QUEUE)];
}

static enum coproc_broken broken_of(const struct world *w)
{
	return w->m.server ? coproc_server_broken(&w->server) : coproc_client_broken(&w->client);
}

static void break_model(struct model *m, enum coproc_broken why)
{
	if (m->broken == COPROC_NOT_BROKEN)
		m->broken = why;
}

/* C1 and C2, where nothing known is left.  Return: messages known. */
static uint32_t model_pending(struct world *w, struct model_ring *r, bool sq)
{
	uint32_t peer = cell(w->peer, sq)->index;

	if (w->m.broken)
		return 0;
	if (r->seen == r->index) {
		if ((uint32_t)(peer - r->index) > w->m.entries)
			break_model(&w->m, COPROC_BROKEN_INDEX);
		else
			r->seen = peer;
	}
	return w->m.broken ? 0 : r->seen - r->index;
}

/* P5. */
static bool model_notify(uint32_t old, uint32_t new, uint32_t event)
{
	uint64_t distance = (uint32_t)(event - old);

	return new != old && distance < (uint32_t)(new - old);
}

/* ---- the backend's side ---- */

static enum coproc_broken model_accept(struct world *w, uint32_t slot)
{
	struct model *m = &w->m;
	uint32_t peer = cell(w->peer, false)->index;

	if (slot >= m->entries)
		return COPROC_BROKEN_SLOT;
	if (m->live[slot])
		return COPROC_BROKEN_LIVE;
	if (m->count + (m->cq.index - m->cq.seen) < m->entries)
		return COPROC_NOT_BROKEN;
	if ((uint32_t)(peer - m->cq.seen) > (uint32_t)(m->cq.published - m->cq.seen))
		return COPROC_BROKEN_INDEX;
	m->cq.seen = peer;
	return m->count + (m->cq.index - m->cq.seen) < m->entries ? COPROC_NOT_BROKEN :
								     COPROC_BROKEN_ROOM;
}

static void server_take(struct world *w)
{
	_Alignas(8) struct xencoproc_sqe got;
	const uint8_t *at = w->sq + w->m.sq.index % w->m.entries * XENCOPROC_SQE_SIZE;
	uint32_t known = model_pending(w, &w->m.sq, true);
	int want = known ? 1 : w->m.broken ? -1 : 0;
	uint32_t slot = at[4] | (uint32_t)at[5] << 8;

	if (want == 1) {
		w->m.sq.index++;
		break_model(&w->m, model_accept(w, slot));
		if (w->m.broken)
			want = -1;
	}
	w->m.both |= want < 0;
	if (coproc_server_take(&w->server, &got) != want)
		fuzz_bug("server_take() should return %d (%s)", want, coproc_broken_text(w->m.broken));
	if (want != 1)
		return;
	fuzz_check(!memcmp(&got, at, sizeof(got)));
	w->m.live[slot] = true;
	memcpy(&w->m.id[slot], at + 8, 8);
	w->m.count++;
}

static void server_complete(struct world *w, struct input *in)
{
	_Alignas(8) struct xencoproc_cqe want;
	struct coproc_completion c = { .slot = in_u16(in), .status = in_u8(in) % 7, .result = in_u8(in) };
	const uint8_t *at = w->cq + w->m.cq.index % w->m.entries * XENCOPROC_CQE_SIZE;
	bool live = c.slot < w->m.entries && w->m.live[c.slot];

	fuzz_check(coproc_server_complete(&w->server, &c) == (live && !w->m.both));
	if (!live)
		return;
	w->m.live[c.slot] = false;
	w->m.count--;
	if (w->m.both)
		return;
	c.id = w->m.id[c.slot];
	coproc_completion_encode(&c, &want);
	fuzz_check(!memcmp(at, &want, sizeof(want)));
	w->m.cq.index++;
}

/* ---- the frontend's side ---- */

static void client_put(struct world *w, struct input *in)
{
	struct coproc_request r = { .op = XENCOPROC_OP_NOP, .id = in_u8(in) };
	_Alignas(8) struct xencoproc_sqe want;
	const uint8_t *at = w->sq + w->m.sq.index % w->m.entries * XENCOPROC_SQE_SIZE;
	bool room = !w->m.both && w->m.count < w->m.entries;
	int slot = coproc_client_put(&w->client, &r);

	if (!room) {
		fuzz_check(slot < 0);
		return;
	}
	fuzz_check(slot >= 0 && (uint32_t)slot < w->m.entries && !w->m.live[slot] && r.slot == slot);
	coproc_request_encode(&r, &want);
	fuzz_check(!memcmp(at, &want, sizeof(want)));
	w->m.live[slot] = true;
	w->m.id[slot] = r.id;
	w->m.count++;
	w->m.sq.index++;
}

/* F-DONE-1, in its order. */
static enum coproc_broken model_done(struct model *m, const uint8_t *at)
{
	uint32_t slot = at[8] | (uint32_t)at[9] << 8;
	enum coproc_broken why = (enum coproc_broken)judge_completion(at);

	if (why)
		return why;
	if (slot >= m->entries)
		return COPROC_BROKEN_SLOT;
	if (!m->live[slot])
		return COPROC_BROKEN_UNKNOWN;
	return memcmp(&m->id[slot], at, 8) ? COPROC_BROKEN_ID : COPROC_NOT_BROKEN;
}

static void client_take(struct world *w)
{
	struct coproc_completion got;
	uint8_t copy[XENCOPROC_CQE_SIZE];
	uint32_t known = model_pending(w, &w->m.cq, false);
	int want = known ? 1 : w->m.broken ? -1 : 0;

	memcpy(copy, w->cq + w->m.cq.index % w->m.entries * XENCOPROC_CQE_SIZE, sizeof(copy));
	if (want == 1) {
		w->m.cq.index++;
		break_model(&w->m, model_done(&w->m, copy));
		if (w->m.broken)
			want = -1;
	}
	w->m.both |= want < 0;
	if (coproc_client_take(&w->client, &got) != want)
		fuzz_bug("client_take() should return %d (%s)", want, coproc_broken_text(w->m.broken));
	if (want != 1)
		return;
	fuzz_check(w->m.live[got.slot] && got.id == w->m.id[got.slot]);
	w->m.live[got.slot] = false;
	w->m.count--;
}

/* ---- both ---- */

static void publish(struct world *w)
{
	struct model_ring *put = w->m.server ? &w->m.cq : &w->m.sq;
	struct model_ring *taken = w->m.server ? &w->m.sq : &w->m.cq;
	bool sq = !w->m.server, got;
	bool want = !w->m.both && model_notify(put->published, put->index, cell(w->peer, sq)->event);

	got = w->m.server ? coproc_server_publish(&w->server) : coproc_client_publish(&w->client);
	fuzz_check(got == want);
	if (w->m.both)
		return;
	put->published = put->index;
	/* A client that has nothing to publish need not say how far it took. */
	if (w->m.server || cell(w->own, !sq)->index != taken->published)
		taken->published = taken->index;
	fuzz_check(cell(w->own, sq)->index == put->index);
}

static void arm(struct world *w)
{
	struct model_ring *r = w->m.server ? &w->m.sq : &w->m.cq;
	bool sq = w->m.server, was = w->m.broken != COPROC_NOT_BROKEN, got, want;
	uint32_t peer = cell(w->peer, sq)->index;
	bool more = !w->m.broken && r->seen != r->index;

	got = w->m.server ? coproc_server_arm(&w->server) : coproc_client_arm(&w->client);
	if (!w->m.server && !was)
		r->published = r->index;
	if (was || more) {
		fuzz_check(got == more);
		return;
	}
	fuzz_check(cell(w->own, sq)->event == r->index);
	if ((uint32_t)(peer - r->index) > w->m.entries)
		break_model(&w->m, COPROC_BROKEN_INDEX);
	else
		r->seen = peer;
	want = w->m.broken || r->seen != r->index;
	fuzz_check(got == want);
}

/* The peer writes: an index or event, near to what is true or anything. */
static void peer_cell(struct world *w, struct input *in)
{
	uint8_t how = in_u8(in);
	bool sq = how & 1;
	uint32_t base = sq ? w->m.sq.index : w->m.cq.index;
	uint32_t value = how & 4 ? in_u32(in) : base + (uint32_t)(int8_t)in_u8(in);

	if (how & 2)
		cell(w->peer, sq)->event = value;
	else
		cell(w->peer, sq)->index = value;
}

static void peer_slot(struct world *w, struct input *in)
{
	uint32_t i = (w->m.server ? w->m.sq.index : w->m.cq.index) + in_u8(in) % 8;
	size_t size = w->m.server ? XENCOPROC_SQE_SIZE : XENCOPROC_CQE_SIZE;
	uint8_t *at = (w->m.server ? w->sq : w->cq) + i % w->m.entries * size;

	in_bytes(in, at, size < 32 ? size : 32);
}

/* The peer plays by the rules: most of what is behind the first checks. */
static void peer_honest(struct world *w, struct input *in)
{
	bool sq = w->m.server;
	uint32_t index = cell(w->peer, sq)->index;
	uint8_t *at = (sq ? w->sq : w->cq) +
		      index % w->m.entries * (sq ? XENCOPROC_SQE_SIZE : XENCOPROC_CQE_SIZE);
	uint32_t slot = in_u16(in) % w->m.entries;

	if (sq) {
		memset(at, 0, XENCOPROC_SQE_SIZE);
		at[0] = 1;
		at[4] = (uint8_t)slot;
		at[5] = (uint8_t)(slot >> 8);
		at[8] = (uint8_t)slot;
	} else {
		for (uint32_t i = 0; i < w->m.entries && !w->m.live[slot]; i++)
			slot = (slot + 1) % w->m.entries;
		memset(at, 0, XENCOPROC_CQE_SIZE);
		memcpy(at, &w->m.id[slot], 8);
		at[8] = (uint8_t)slot;
		at[9] = (uint8_t)(slot >> 8);
	}
	cell(w->peer, sq)->index = index + 1;
	if (sq)
		cell(w->peer, false)->index = cell(w->own, false)->index;
}

static void check(const struct world *w)
{
	fuzz_check(w->m.count <= w->m.entries);
	fuzz_check((w->m.server ? w->server.live : w->client.outstanding) == w->m.count);
	fuzz_check(broken_of(w) == w->m.broken);
}

/* Nothing but the queue's own two cells was written in the own index page. */
static void check_page(const struct world *w)
{
	uint32_t live = 0;

	for (uint32_t i = 0; i < w->m.entries; i++)
		live += w->m.live[i];
	fuzz_check(live == w->m.count);
	for (uint32_t i = 0; i < XENCOPROC_CELLS; i++) {
		const uint8_t *at = (const uint8_t *)&w->own[i];
		bool mine = i == XENCOPROC_RING_SQ(QUEUE) || i == XENCOPROC_RING_CQ(QUEUE);

		for (size_t b = mine ? 8 : 0; b < sizeof(w->own[i]); b++)
			fuzz_check(at[b] == 0);
	}
}

static void open_world(struct world *w, uint8_t how)
{
	uint32_t order = XENCOPROC_ORDER_MIN + (how >> 1) % 5;

	memset(w, 0, sizeof(*w));
	w->m.server = how & 1;
	w->m.entries = 1u << order;
	w->own = aligned_alloc(64, XENCOPROC_PAGE_SIZE);
	w->peer = aligned_alloc(64, XENCOPROC_PAGE_SIZE);
	w->sq = aligned_alloc(64, w->m.entries * XENCOPROC_SQE_SIZE);
	w->cq = aligned_alloc(64, w->m.entries * XENCOPROC_CQE_SIZE);
	w->table = calloc(w->m.entries, sizeof(*w->table));
	w->shadow = calloc(w->m.entries, sizeof(*w->shadow));
	if (!w->own || !w->peer || !w->sq || !w->cq || !w->table || !w->shadow)
		abort();
	memset(w->own, 0, XENCOPROC_PAGE_SIZE);
	memset(w->peer, 0, XENCOPROC_PAGE_SIZE);
	memset(w->sq, 0, w->m.entries * XENCOPROC_SQE_SIZE);
	memset(w->cq, 0, w->m.entries * XENCOPROC_CQE_SIZE);
	if (w->m.server)
		coproc_server_init(&w->server, w->own, w->peer, QUEUE, order, w->sq, w->cq, w->table);
	else
		coproc_client_init(&w->client, w->own, w->peer, QUEUE, order, w->sq, w->cq, w->shadow);
}

static void close_world(struct world *w)
{
	check_page(w);
	free(w->own);
	free(w->peer);
	free(w->sq);
	free(w->cq);
	free(w->table);
	free(w->shadow);
}

static void operate(struct world *w, struct input *in)
{
	uint8_t op = in_u8(in);

	switch (op % 8) {
	case 0:
		peer_cell(w, in);
		break;
	case 1:
		peer_slot(w, in);
		break;
	case 2:
		for (uint32_t n = 1 + (op >> 3); n; n--)
			peer_honest(w, in);
		break;
	case 3:
	case 4:
		for (uint32_t n = 1 + (op >> 3); n; n--)
			w->m.server ? server_take(w) : client_take(w);
		break;
	case 5:
		for (uint32_t n = 1 + (op >> 3); n; n--)
			w->m.server ? server_complete(w, in) : client_put(w, in);
		break;
	case 6:
		publish(w);
		break;
	default:
		arm(w);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	static struct world w;

	open_world(&w, in_u8(&in));
	while (in.left) {
		operate(&w, &in);
		check(&w);
	}
	close_world(&w);
	return 0;
}
