/* SPDX-License-Identifier: MIT */
/* Honest firmware: integers, floating point, memory, state that stays. */
#include <string.h>

#include "coproc_fw.h"

static uint32_t jobs;                   /* .bss */
static volatile uint32_t magic = 0x1234;         /* .data */

/* 0: state of the context */
static uint32_t count(const struct coproc_fw_job *job, uint64_t *result)
{
	*result = (uint64_t)magic << 32 | ++jobs;
	return 0;
}

/* 1: words of operand 0, times the immediate, plus one, to operand 1 */
static uint32_t scale(const struct coproc_fw_job *job, uint64_t *result)
{
	const uint32_t *from = job->operand[0].data;
	uint32_t *to = job->operand[1].data;
	const uint32_t n = job->operand[0].length / 4, k = (uint32_t)job->immediate;

	if (job->operands != 2 || job->operand[1].length < job->operand[0].length)
		return 22;
	for (uint32_t i = 0; i < n; i++)
		to[i] = from[i] * k + 1;
	*result = n;
	return 0;
}

/* 2: a chain of arithmetic in which any lost or repeated step shows */
static uint32_t chain(const struct coproc_fw_job *job, uint64_t *result)
{
	uint32_t x = (uint32_t)(job->immediate >> 32), n = (uint32_t)job->immediate;

	for (uint32_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		if (x & 0x10000)
			x ^= 0x55;
		if (x & 0x20000)
			x = x << 3 | x >> 29;
	}
	*result = (uint64_t)n << 32 | x;
	return 0;
}

/* 3: single-precision arithmetic, fused and not; the bits of the sum */
static uint32_t floats(const struct coproc_fw_job *job, uint64_t *result)
{
	const uint32_t n = (uint32_t)job->immediate;
	float a = 1.0f, b = 0.0f;
	uint32_t bits;

	for (uint32_t i = 1; i <= n; i++) {
		a = a * 1.0001f + 0.5f / (float)i;
		b = __builtin_sqrtf(a * a + b * 0.25f);
	}
	a += b;
	memcpy(&bits, &a, sizeof(bits));
	*result = bits;
	return 0;
}

/* 4: operand 0 to operand 1 by the C library's memcpy */
static uint32_t copy(const struct coproc_fw_job *job, uint64_t *result)
{
	if (job->operands != 2 || job->operand[1].length < job->operand[0].length)
		return 22;
	memcpy(job->operand[1].data, job->operand[0].data, job->operand[0].length);
	return 0;
}

/* 5: never ends */
static uint32_t forever(const struct coproc_fw_job *job, uint64_t *result)
{
	jobs += 1000;
	for (;;)
		__asm__ volatile("" ::: "memory");
	return 0;
}

/* 6: ends with the immediate as its code */
static uint32_t fail(const struct coproc_fw_job *job, uint64_t *result)
{
	*result = 0x77;
	return (uint32_t)job->immediate;
}

/* 7: lines for the log, one of them hostile */
static uint32_t talk(const struct coproc_fw_job *job, uint64_t *result)
{
	coproc_fw_puts("hello from the core\n");
	coproc_fw_puts("\033[2Jforged\r line\n");
	for (uint64_t i = 0; i < job->immediate; i++)
		coproc_fw_puts("noise\n");
	return 0;
}

/* 8: 64 bytes of a job page as the firmware sees it, folded */
static uint32_t fold(const struct coproc_fw_job *job, uint64_t *result)
{
	uint64_t h = job->immediate;

	for (uint32_t i = 0; i < job->operands; i++) {
		const uint8_t *p = job->operand[i].data;

		h = h * 31 + job->operand[i].length + job->operand[i].access;
		for (uint32_t k = 0; k < job->operand[i].length; k++)
			h = h * 131 + p[k];
	}
	*result = h;
	return 0;
}

/* Their numbers for others: tests/engines/work.h. */
const coproc_fw_entry coproc_entries[] = {
	count, scale, chain, floats, copy, forever, fail, talk, fold,
};
const uint32_t coproc_entry_count = COPROC_FW_COUNT(coproc_entries);
