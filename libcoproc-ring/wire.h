/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Private: byte order and single-read copies.
 *
 * Everything in shared memory is little-endian (coprocif.md, "Rings"), so a
 * big-endian host swaps each field, and a little-endian one does nothing.
 * The swaps are written with shifts: compilers turn them into one instruction
 * where there is one, and into no library call where there is none.
 */
#ifndef COPROC_RING_WIRE_H
#define COPROC_RING_WIRE_H

#include "port.h"

/* 1 on hosts that swap.  Tests define it to try the swapping side anywhere. */
#ifndef COPROC_WIRE_SWAP
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define COPROC_WIRE_SWAP 1
#else
#define COPROC_WIRE_SWAP 0
#endif
#endif

#define wire_unlikely(x) __builtin_expect(!!(x), 0)
/* Kept out of line, so that the common path beside it saves no registers. */
#define wire_rare __attribute__((noinline))

static inline uint16_t wire16(uint16_t v)
{
#if COPROC_WIRE_SWAP
	return (uint16_t)(v << 8 | v >> 8);
#else
	return v;
#endif
}

static inline uint32_t wire32(uint32_t v)
{
#if COPROC_WIRE_SWAP
	return v << 24 | (v & 0xff00u) << 8 | (v >> 8 & 0xff00u) | v >> 24;
#else
	return v;
#endif
}

static inline uint64_t wire64(uint64_t v)
{
#if COPROC_WIRE_SWAP
	return (uint64_t)wire32((uint32_t)v) << 32 | wire32((uint32_t)(v >> 32));
#else
	return v;
#endif
}

/*
 * The piece in which slots are copied.  Volatile on the shared side makes the
 * compiler touch each byte exactly once, which is all that a copy needs: a
 * piece may tear, because whatever was read is checked afterwards and only
 * the copy is used (XSA-155).  Sixteen bytes where the base instruction set
 * has them and the code may use them (a kernel is built without), else eight.
 */
#if (defined(__SSE2__) || (defined(__aarch64__) && defined(__ARM_NEON))) && !defined(__KERNEL__)
typedef uint64_t wire_piece __attribute__((vector_size(16), aligned(8), may_alias));
#else
typedef uint64_t wire_piece __attribute__((aligned(8), may_alias));
#endif

/* For looking at any part of a private copy at once. */
typedef uint32_t wire_word __attribute__((may_alias));

#define WIRE_PIECES (32u / sizeof(wire_piece))

/* 32 bytes out of shared memory; written out, because a loop of two or four
 * passes would cost more in counting than in copying. */
static inline void wire_read_32(void *to, const void *shared)
{
	const volatile wire_piece *from = shared;
	wire_piece *copy = to;

	copy[0] = from[0];
	copy[1] = from[1];
	if (WIRE_PIECES > 2) {
		copy[WIRE_PIECES - 2] = from[WIRE_PIECES - 2];
		copy[WIRE_PIECES - 1] = from[WIRE_PIECES - 1];
	}
}

/* 32 bytes into shared memory. */
static inline void wire_write_32(void *shared, const void *from)
{
	volatile wire_piece *to = shared;
	const wire_piece *copy = from;

	to[0] = copy[0];
	to[1] = copy[1];
	if (WIRE_PIECES > 2) {
		to[WIRE_PIECES - 2] = copy[WIRE_PIECES - 2];
		to[WIRE_PIECES - 1] = copy[WIRE_PIECES - 1];
	}
}

/* @size is 32 or 128, and a constant wherever speed matters. */
static inline void wire_read(void *to, const void *shared, uint32_t size)
{
	const uint8_t *from = shared;
	uint8_t *copy = to;

	wire_read_32(copy, from);
	if (size > 32) {
		wire_read_32(copy + 32, from + 32);
		wire_read_32(copy + 64, from + 64);
		wire_read_32(copy + 96, from + 96);
	}
}

static inline void wire_write(void *shared, const void *from, uint32_t size)
{
	const uint8_t *copy = from;
	uint8_t *to = shared;

	wire_write_32(to, copy);
	if (size > 32) {
		wire_write_32(to + 32, copy + 32);
		wire_write_32(to + 64, copy + 64);
		wire_write_32(to + 96, copy + 96);
	}
}

#endif /* COPROC_RING_WIRE_H */
