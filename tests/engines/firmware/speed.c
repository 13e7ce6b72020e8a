/* SPDX-License-Identifier: MIT */
/* One kind of instruction at a time: sixteen to a turn, turns by the immediate. */
#include "coproc_fw.h"

#define FOUR(x)         x x x x
#define SIXTEEN(x)      FOUR(FOUR(x))

static uint32_t words[64];

/* 0: to RAM, or to operand 0 */
static uint32_t stores(const struct coproc_fw_job *job, uint64_t *result)
{
	uint32_t *to = job->operands ? job->operand[0].data : words;

	for (uint32_t n = (uint32_t)job->immediate; n; n--)
		__asm__ volatile(SIXTEEN("str %0, [%1]\n\t") : : "r"(n), "r"(to) : "memory");
	return 0;
}

/* 1: from RAM, or from operand 0 */
static uint32_t loads(const struct coproc_fw_job *job, uint64_t *result)
{
	uint32_t *from = job->operands ? job->operand[0].data : words, x = 0;

	for (uint32_t n = (uint32_t)job->immediate; n; n--)
		__asm__ volatile(SIXTEEN("ldr %0, [%1]\n\t") : "=&r"(x) : "r"(from));
	*result = x;
	return 0;
}

/* 2 */
static uint32_t arithmetic(const struct coproc_fw_job *job, uint64_t *result)
{
	uint32_t x = 1;

	for (uint32_t n = (uint32_t)job->immediate; n; n--)
		__asm__ volatile(SIXTEEN("add %0, %0, %1\n\t") : "+r"(x) : "r"(n));
	*result = x;
	return 0;
}

const coproc_fw_entry coproc_entries[] = { stores, loads, arithmetic };
const uint32_t coproc_entry_count = COPROC_FW_COUNT(coproc_entries);
