/* SPDX-License-Identifier: MIT */
/* The firmware of firmware/work.c: its entries, and what one computes, on this processor. */
#ifndef TESTS_ENGINES_WORK_H
#define TESTS_ENGINES_WORK_H

#include <stdint.h>

enum { WORK_COUNT, WORK_SCALE, WORK_CHAIN, WORK_FLOATS, WORK_COPY, WORK_FOREVER, WORK_FAIL,
       WORK_TALK, WORK_FOLD };

/* The result of WORK_CHAIN. */
static inline uint64_t work_chain(uint64_t immediate)
{
	uint32_t x = (uint32_t)(immediate >> 32), n = (uint32_t)immediate;

	for (uint32_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		if (x & 0x10000)
			x ^= 0x55;
		if (x & 0x20000)
			x = x << 3 | x >> 29;
	}
	return (uint64_t)n << 32 | x;
}

#endif /* TESTS_ENGINES_WORK_H */
