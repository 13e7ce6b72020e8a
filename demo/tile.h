/* SPDX-License-Identifier: MIT */
/*
 * How the photo guest tells its firmware which tile a job is: in the job's
 * immediate, so that no job needs a descriptor in shared memory.
 */
#ifndef DEMO_TILE_H
#define DEMO_TILE_H

#include <stdint.h>

#include "demo/algo/edges.h"

struct tile {
	uint32_t w, h;		/* pixels drawn: 8 bits each */
	uint32_t in_pitch;	/* bytes from row to row, 24 bits each */
	uint32_t out_pitch;
};

static inline uint64_t tile_pack(const struct tile *t)
{
	return (uint64_t)t->w | (uint64_t)t->h << 8 | (uint64_t)t->in_pitch << 16 |
	       (uint64_t)t->out_pitch << 40;
}

static inline struct tile tile_unpack(uint64_t v)
{
	return (struct tile){
		.w = v & 0xff,
		.h = v >> 8 & 0xff,
		.in_pitch = v >> 16 & 0xffffff,
		.out_pitch = (uint32_t)(v >> 40),
	};
}

/* From the first byte of the first row to the last byte of the last row. */
static inline uint32_t tile_in_bytes(const struct tile *t)
{
	return (t->h + 2 * EDGES_HALO - 1) * t->in_pitch + (t->w + 2 * EDGES_HALO) * 3;
}

static inline uint32_t tile_out_bytes(const struct tile *t)
{
	return (t->h - 1) * t->out_pitch + t->w;
}

#endif /* DEMO_TILE_H */
