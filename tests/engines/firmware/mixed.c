/* SPDX-License-Identifier: MIT */
/*
 * Work that is easy to get wrong when it is stopped and continued: conditional
 * instructions across block and page boundaries, floating-point state that
 * lives long in registers, deep stacks, saturation and carry flags.
 */
#include "coproc_fw.h"

#define TURN    "adds %0, %0, %1\n\t"           \
		"itete cs\n\t"                  \
		"eorcs %0, %0, #0x5a\n\t"       \
		"addcc %1, %1, #7\n\t"          \
		"rorcs %1, %1, #3\n\t"          \
		"eorcc %0, %0, %1\n\t"

/* Spelled out, because the compiler guesses the size of assembler by its lines. */
#define TURNS10 TURN TURN TURN TURN TURN TURN TURN TURN TURN TURN
#define TURNS50 TURNS10 TURNS10 TURNS10 TURNS10 TURNS10

/* 0: blocks of conditional instructions, far more than one translation holds,
 * at every alignment to a page's end; rounds by the immediate */
__attribute__((noinline, aligned(4096)))
static uint32_t conditional(const struct coproc_fw_job *job, uint64_t *result)
{
	uint32_t a = (uint32_t)(job->immediate >> 32), b = 0x9e3779b9u;

	for (uint32_t i = 0; i < (uint32_t)job->immediate; i++) {
		/* 22 bytes each, which shares no factor with a page but two. */
		__asm__ volatile(TURNS50 TURNS50 TURNS50 TURNS50 TURNS50 TURNS50
				 : "+l"(a), "+l"(b) : : "cc");
	}
	*result = (uint64_t)b << 32 | a;
	return 0;
}

/* 1: eight chains of floating point at once, so that they stay in registers */
static uint32_t floating(const struct coproc_fw_job *job, uint64_t *result)
{
	float v[8];
	uint64_t h = 0;

	for (int k = 0; k < 8; k++)
		v[k] = 1.0f + (float)k;
	for (uint32_t i = 0; i < (uint32_t)job->immediate; i++) {
		v[0] = v[0] * 0.999f + v[7];
		v[1] = v[1] / 1.01f + v[0];
		v[2] = __builtin_fmaf(v[2], 0.5f, v[1]);
		v[3] = v[3] > v[2] ? v[3] - v[2] : v[2] * 0.25f;
		v[4] = __builtin_sqrtf(v[4] * v[4] + v[3]);
		v[5] = (float)(int32_t)(v[4] * 16.0f) * 0.0625f;
		v[6] = -v[5] + v[4] * v[3];
		v[7] = v[6] * 0.001f;
	}
	for (int k = 0; k < 8; k++) {
		union { float f; uint32_t u; } bits = { .f = v[k] };

		h = h * 0x100000001b3ull + bits.u;
	}
	*result = h;
	return 0;
}

__attribute__((noinline))
static uint32_t ackermann(uint32_t m, uint32_t n)
{
	if (m == 0)
		return n + 1;
	return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

/* 2: recursion */
static uint32_t recursion(const struct coproc_fw_job *job, uint64_t *result)
{
	*result = ackermann(2, (uint32_t)job->immediate);
	return 0;
}

/* 3: sorts its own memory, which it first fills; the sum of what is in place */
static uint32_t sorting(const struct coproc_fw_job *job, uint64_t *result)
{
	static uint32_t words[1024];
	uint32_t x = 1;
	uint64_t h = 0;

	for (uint32_t i = 0; i < 1024; i++)
		words[i] = x = x * 1664525u + 1013904223u;
	for (uint32_t gap = 511; gap; gap /= 2)
		for (uint32_t i = gap; i < 1024; i++)
			for (uint32_t k = i; k >= gap && words[k - gap] > words[k]; k -= gap) {
				uint32_t t = words[k];

				words[k] = words[k - gap];
				words[k - gap] = t;
			}
	for (uint32_t i = 0; i < 1024; i++)
		h = h * 31 + words[i];
	*result = h;
	return 0;
}

/* 4: saturating and long multiplication, whose flags stick */
static uint32_t saturating(const struct coproc_fw_job *job, uint64_t *result)
{
	int32_t a = 0x7fffff00, b = 3;
	uint64_t acc = 1;
	uint32_t q;

	for (uint32_t i = 0; i < (uint32_t)job->immediate; i++) {
		__asm__ volatile("qadd %0, %0, %1\n\t"
				 "ssat %1, #12, %1, asr #1\n\t"
				 "umlal %Q2, %R2, %0, %1\n\t"
				 "smlad %1, %0, %1, %0" : "+r"(a), "+r"(b), "+r"(acc) : : "cc");
		a -= (int32_t)(acc & 0xffff);
	}
	__asm__ volatile("mrs %0, apsr" : "=r"(q));
	*result = acc ^ (uint64_t)(q & 0x08000000u) << 4;
	return 0;
}

const coproc_fw_entry coproc_entries[] = {
	conditional, floating, recursion, sorting, saturating,
};
const uint32_t coproc_entry_count = COPROC_FW_COUNT(coproc_entries);
