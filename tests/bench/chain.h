/* SPDX-License-Identifier: MIT */
/* What entry 2 of tests/engines/firmware/work.c computes, on this processor. */
#ifndef TESTS_BENCH_CHAIN_H
#define TESTS_BENCH_CHAIN_H

#include <stdint.h>

#define CHAIN_ENTRY     2u

static inline uint64_t chain(uint64_t immediate)
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

#endif /* TESTS_BENCH_CHAIN_H */
