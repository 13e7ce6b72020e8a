// SPDX-License-Identifier: MIT
/*
 * Which grant is what: by the nodes that a frontend publishes, and by the
 * requests that name grants, buffers and pieces of buffers.
 */
#include "trace.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct known {
	uint32_t domain, ref;
	struct what what;
};

/* A directory that a request names and that was not read yet. */
struct expected {
	uint32_t domain, ref, buffer, first;
};

struct peer *trace_peers;

static struct known *known;
static size_t nknown;
static struct blob *blobs;
static struct expected expected[64];
static unsigned int nexpected;

struct peer *peer_of(uint32_t domain)
{
	struct peer *p;

	for (p = trace_peers; p; p = p->next)
		if (p->domain == domain)
			return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	p->domain = domain;
	p->next = trace_peers;
	trace_peers = p;
	return p;
}

static void role_frontend(uint32_t ref, struct what what)
{
	for (struct area *a = trace_areas; a; a = a->next)
		for (uint32_t i = 0; i < a->pages; i++)
			if (a->refs[i] == ref && !a->hidden)
				area_begin(a, what);
}

void role_set(uint32_t domain, uint32_t ref, struct what what)
{
	if (trace_side == SIDE_FRONTEND) {
		role_frontend(ref, what);
		return;
	}
	for (size_t i = 0; i < nknown; i++)
		if (known[i].domain == domain && known[i].ref == ref) {
			known[i].what = what;
			return;
		}
	known = realloc(known, (nknown + 1) * sizeof(*known));
	if (!known)
		abort();
	known[nknown++] = (struct known){ domain, ref, what };
}

struct what role_get(uint32_t domain, uint32_t ref)
{
	for (size_t i = 0; i < nknown; i++)
		if (known[i].domain == domain && known[i].ref == ref)
			return known[i].what;
	return (struct what){ .role = ROLE_GUEST };
}

void role_node(const char *path, const char *value, unsigned int length)
{
	static const struct {
		const char *name;
		struct what what;
	} nodes[] = {
		{ "/frontend-index-ref", { .role = ROLE_FE_INDEX } },
		{ "/backend-index-ref", { .role = ROLE_BE_INDEX } },
		{ "/control-sq-ref", { ROLE_RING, XENCOPROC_RING_SQ(0), 1u << XENCOPROC_CONTROL_ORDER } },
		{ "/control-cq-ref", { ROLE_RING, XENCOPROC_RING_CQ(0), 1u << XENCOPROC_CONTROL_ORDER } },
		{ "/event-ring-ref", { ROLE_RING, XENCOPROC_RING_EVENT, 1u << XENCOPROC_EVENT_ORDER } },
	};
	const char *name = strrchr(path, '/');
	unsigned int domain = 0;
	char text[16];

	if (!name || !value || length >= sizeof(text))
		return;
	memcpy(text, value, length);
	text[length] = '\0';
	sscanf(path, "/local/domain/%u/", &domain);
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		if (!strcmp(name, nodes[i].name))
			role_set(domain, (uint32_t)strtoul(text, NULL, 10), nodes[i].what);
}

/* ---- pages of the guest ---- */

struct blob *blob_of(uint32_t domain, uint32_t ref)
{
	struct blob *b;

	for (b = blobs; b; b = b->next)
		if (b->domain == domain && b->ref == ref)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->domain = domain;
	b->ref = ref;
	b->next = blobs;
	blobs = b;
	return b;
}

/* One more load of these bytes: they are named by the request seen now. */
static void allow(uint32_t domain, uint32_t ref, uint32_t from, uint32_t to)
{
	struct blob *b = blob_of(domain, ref);

	for (uint32_t i = from; i < to; i++)
		b->allowed[i] = (uint16_t)(b->loads[i] + 1);
}

static void allow_piece(struct peer *peer, uint32_t buffer, uint32_t offset, uint32_t length)
{
	if (buffer >= 65536 || !peer->refs[buffer])
		return;
	while (length) {
		uint32_t from = offset % PAGE;
		uint32_t n = PAGE - from < length ? PAGE - from : length;

		allow(peer->domain, peer->refs[buffer][offset / PAGE], from, from + n);
		offset += n;
		length -= n;
	}
}

void directory_seen(uint32_t domain, uint32_t ref, const uint32_t *grefs)
{
	for (unsigned int i = 0; i < nexpected; i++) {
		struct expected *e = &expected[i];
		uint32_t **refs = &peer_of(domain)->refs[e->buffer];

		if (e->domain != domain || e->ref != ref)
			continue;
		if (!*refs)
			*refs = calloc(XENCOPROC_BUF_PAGES_MAX, sizeof(**refs));
		if (!*refs)
			abort();
		for (uint32_t k = 0; k < XENCOPROC_DIR_ENTRIES; k++)
			(*refs)[e->first + k] = le32toh(grefs[k]);
		*e = expected[--nexpected];
		return;
	}
}

/* ---- requests ---- */

static void queue_open_seen(struct peer *peer, const struct xencoproc_sqe_queue_open *m)
{
	uint32_t queue = le32toh(m->queue), order = le16toh(m->order);
	struct what sq = { ROLE_RING, XENCOPROC_RING_SQ(queue), 1u << order };
	struct what cq = { ROLE_RING, XENCOPROC_RING_CQ(queue), 1u << order };

	if (queue > XENCOPROC_QUEUE_MAX || order > XENCOPROC_ORDER_MAX)
		return;
	/* The rings begin anew. */
	peer->ring[sq.ring].index.loaded = peer->ring[sq.ring].event.loaded = false;
	peer->ring[cq.ring].index.loaded = peer->ring[cq.ring].event.loaded = false;
	role_set(peer->domain, le32toh(m->sq_ref[0]), sq);
	role_set(peer->domain, le32toh(m->cq_ref[0]), cq);
}

static void buf_register_seen(struct peer *peer, const struct xencoproc_sqe_buf_register *m)
{
	uint32_t dirs = le16toh(m->dirs);

	if (trace_side != SIDE_BACKEND || dirs > XENCOPROC_DIRS_MAX || le32toh(m->buffer) >= 65536)
		return;
	for (uint32_t d = 0; d < dirs && nexpected < 64; d++) {
		uint32_t ref = le32toh(m->dir_ref[d]);

		role_set(peer->domain, ref, (struct what){ .role = ROLE_GUEST });
		expected[nexpected++] = (struct expected){ peer->domain, ref, le32toh(m->buffer),
							   d * XENCOPROC_DIR_ENTRIES };
		allow(peer->domain, ref, 0, PAGE);
	}
}

void request_seen(struct peer *peer, uint32_t queue, const void *sqe)
{
	const struct xencoproc_sqe_header *h = sqe;
	const struct xencoproc_sqe_fw_load *load = sqe;
	const struct xencoproc_sqe_job *job = sqe;
	uint32_t op = le16toh(h->op);

	if (op <= XENCOPROC_OP_JOB)
		peer->op[op]++;
	if (op == XENCOPROC_OP_QUEUE_OPEN)
		queue_open_seen(peer, sqe);
	else if (op == XENCOPROC_OP_BUF_REGISTER)
		buf_register_seen(peer, sqe);
	else if (op == XENCOPROC_OP_FW_LOAD)
		allow_piece(peer, le32toh(load->buffer), le32toh(load->offset), le32toh(load->length));
	if (op != XENCOPROC_OP_JOB || !(le16toh(h->flags) & XENCOPROC_JOB_F_TABLE))
		return;
	peer->tables++;
	allow_piece(peer, le16toh(job->operand[0].buffer), le32toh(job->operand[0].offset),
		    le32toh(job->operand[0].length));
}
