/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share: reading the input, and the end when an oracle
 * finds a difference.  A target is one LLVMFuzzerTestOneInput(), the same
 * source for libFuzzer and for AFL++.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The product did what it must not: say what, and end where a debugger looks. */
#define fuzz_bug(...)                                                           \
	do {                                                                    \
		dprintf(2, "ORACLE %s:%d: ", __FILE__, __LINE__);          \
		dprintf(2, __VA_ARGS__);                                        \
		dprintf(2, "\n");                                               \
		abort();                                                        \
	} while (0)

/* What the product tells people is not wanted; fuzz_bug() and the sanitizers
 * write to the descriptor itself. */
static inline void fuzz_quiet(void)
{
	static FILE *nowhere;

	if (nowhere)
		return;
	nowhere = fopen("/dev/null", "w");
	if (!nowhere)
		abort();
	stderr = nowhere;
	stdout = nowhere;
}

#define fuzz_check(what)                                                        \
	do {                                                                    \
		if (!(what))                                                    \
			fuzz_bug("not so: %s", #what);                          \
	} while (0)

/* The input, read from its front.  Behind its end there are zeroes. */
struct input {
	const uint8_t *at;
	size_t left;
};

static inline void in_bytes(struct input *in, void *to, size_t n)
{
	size_t got = n < in->left ? n : in->left;

	if (got)
		memcpy(to, in->at, got);
	memset((uint8_t *)to + got, 0, n - got);
	in->at += got;
	in->left -= got;
}

static inline uint8_t in_u8(struct input *in)
{
	uint8_t v;

	in_bytes(in, &v, sizeof(v));
	return v;
}

static inline uint16_t in_u16(struct input *in)
{
	uint8_t b[2];

	in_bytes(in, b, sizeof(b));
	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t in_u32(struct input *in)
{
	uint32_t low = in_u16(in);

	return low | (uint32_t)in_u16(in) << 16;
}

static inline uint64_t in_u64(struct input *in)
{
	uint64_t low = in_u32(in);

	return low | (uint64_t)in_u32(in) << 32;
}

#endif /* TESTS_FUZZ_FUZZ_H */
