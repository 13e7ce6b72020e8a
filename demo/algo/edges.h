/* SPDX-License-Identifier: MIT */
/*
 * What the photo guest's firmware does to a photograph: smooth it without
 * losing its edges (a bilateral filter), then find them (blur, Sobel,
 * thinning, hysteresis) and draw them in grey on white.
 *
 * Each output pixel depends on the input within EDGES_HALO pixels of it and
 * on nothing else, hysteresis included, which goes a fixed number of steps.
 * So a picture cut into tiles gives the same bytes as the picture in one
 * piece, and the check computes it in one piece.
 *
 * Compiled for the coprocessor and for the machine that checks its results:
 * integer arithmetic of known width only.
 */
#ifndef DEMO_ALGO_EDGES_H
#define DEMO_ALGO_EDGES_H

#include <stdint.h>

#define EDGES_HALO	16
#define EDGES_TILE	64	/* pixels a side that one job draws */
#define EDGES_WINDOW	(EDGES_TILE + 2 * EDGES_HALO)

/* Bytes of scratch memory for an output of @w by @h pixels. */
#define EDGES_SCRATCH(w, h)	(4u * ((w) + 2u * EDGES_HALO) * ((h) + 2u * EDGES_HALO))

/**
 * edges_draw() - draw the edges of a piece of a picture
 * @rgb: (@w + 2 * EDGES_HALO) by (@h + 2 * EDGES_HALO) pixels of three bytes:
 *       the piece with its surroundings
 * @rgb_pitch: bytes from one of its rows to the next
 * @out: @w by @h bytes
 * @out_pitch: bytes from one of its rows to the next
 * @w: width of the piece, not 0
 * @h: height of the piece, not 0
 * @scratch: EDGES_SCRATCH(@w, @h) bytes, aligned for uint16_t
 *
 * Return: the number of pixels drawn as edges.
 */
uint32_t edges_draw(const uint8_t *rgb, uint32_t rgb_pitch, uint8_t *out, uint32_t out_pitch,
		    uint32_t w, uint32_t h, void *scratch);

#endif /* DEMO_ALGO_EDGES_H */
