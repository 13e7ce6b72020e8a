/* SPDX-License-Identifier: MIT */
/*
 * Both sides of one ring, and of one queue, in one process, begun at any
 * index: 2^32 is a long way to go for a test of the wrap.
 */
#ifndef TESTS_RING_PAIR_H
#define TESTS_RING_PAIR_H

#include <string.h>

#include "libcoproc-ring/queue.h"

#define PAIR_ORDER_MAX XENCOPROC_ORDER_MAX
#define PAIR_ENTRIES_MAX (1u << PAIR_ORDER_MAX)

/* What one side shares; index pages of a frontend and a backend. */
struct pair_pages {
	struct xencoproc_cell fe[XENCOPROC_CELLS];
	struct xencoproc_cell be[XENCOPROC_CELLS];
	_Alignas(64) uint8_t sq[PAIR_ENTRIES_MAX * XENCOPROC_SQE_SIZE];
	_Alignas(64) uint8_t cq[PAIR_ENTRIES_MAX * XENCOPROC_CQE_SIZE];
};

struct pair {
	struct pair_pages pages;
	struct coproc_client_queue client;
	struct coproc_server_queue server;
	struct coproc_shadow shadow[PAIR_ENTRIES_MAX];
	struct coproc_live live[PAIR_ENTRIES_MAX];
};

/* As if this side had always agreed with the other on @index so far. */
static inline void ring_begin_at(struct coproc_ring *ring, uint32_t index)
{
	ring->index = index;
	ring->published = index;
	ring->limit = index;
	ring->own->index = index;
	ring->own->event = index;
}

static inline void pair_begin(struct pair *p, uint32_t queue, uint32_t order, uint32_t index)
{
	memset(p, 0, sizeof(*p));
	/* A side's own memory is what it was; only the shared pages come zeroed. */
	memset(&p->client, 0xa5, sizeof(p->client));
	memset(&p->server, 0xa5, sizeof(p->server));
	memset(p->shadow, 0xa5, sizeof(p->shadow));
	memset(p->live, 0xa5, sizeof(p->live));
	coproc_client_init(&p->client, p->pages.fe, p->pages.be, queue, order, p->pages.sq,
			   p->pages.cq, p->shadow);
	coproc_server_init(&p->server, p->pages.be, p->pages.fe, queue, order, p->pages.sq,
			   p->pages.cq, p->live);
	if (index == 0)
		return;
	ring_begin_at(&p->client.sq, index);
	ring_begin_at(&p->client.cq, index);
	ring_begin_at(&p->server.sq, index);
	ring_begin_at(&p->server.cq, index);
}

/* xorshift64*: the same numbers everywhere for the same seed. */
static inline uint32_t pair_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * 0x2545f4914f6cdd1dull >> 32);
}

/* What a job carries and what its completion must say, from its id alone. */
static inline uint64_t pair_mix(uint64_t id)
{
	id ^= id >> 33;
	id *= 0xff51afd7ed558ccdull;
	id ^= id >> 33;
	return id;
}

#endif /* TESTS_RING_PAIR_H */
