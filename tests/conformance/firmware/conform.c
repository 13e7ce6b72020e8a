/* SPDX-License-Identifier: MIT */
/*
 * The program of coproc-conform(1) for Cortex-M: what each entry does is
 * written there, so that it can be written for other kinds of coprocessor.
 */
#include <string.h>

#include "coproc_fw.h"

static uint64_t kept;                   /* .bss: local memory, zero at first */

/* 0: ends; the result is the immediate */
static uint32_t end(const struct coproc_fw_job *job, uint64_t *result)
{
	*result = job->immediate;
	return 0;
}

/* 1: runs so many steps */
static uint32_t spin(const struct coproc_fw_job *job, uint64_t *result)
{
	for (uint64_t i = 0; i < job->immediate; i++)
		__asm__ volatile("" ::: "memory");
	return 0;
}

/* 2: operand 0 to operand 1, the shorter length */
static uint32_t copy(const struct coproc_fw_job *job, uint64_t *result)
{
	uint32_t n = job->operand[0].length;

	if (job->operands != 2)
		return 1;
	if (job->operand[1].length < n)
		n = job->operand[1].length;
	if (n)
		memcpy(job->operand[1].data, job->operand[0].data, n);
	*result = n;
	return 0;
}

/* 3: fails */
static uint32_t fail(const struct coproc_fw_job *job, uint64_t *result)
{
	return (uint32_t)job->immediate;
}

/* 4: stores to an address */
static uint32_t fault(const struct coproc_fw_job *job, uint64_t *result)
{
	*(volatile uint32_t *)(uint32_t)job->immediate = 1;
	return 0;
}

/* 5: the result is what the job before kept */
static uint32_t keep(const struct coproc_fw_job *job, uint64_t *result)
{
	*result = kept;
	kept = job->immediate;
	return 0;
}

/* 6: stores a byte into operand 0, may it or not */
static uint32_t write(const struct coproc_fw_job *job, uint64_t *result)
{
	*(volatile uint8_t *)job->operand[0].data = (uint8_t)job->immediate;
	return 0;
}

/* 7: reads four bytes so far behind operand 0 */
static uint32_t behind(const struct coproc_fw_job *job, uint64_t *result)
{
	const uint8_t *at = (const uint8_t *)job->operand[0].data + job->operand[0].length;

	*result = *(const volatile uint32_t *)(at + (uint32_t)job->immediate);
	return 0;
}

const coproc_fw_entry coproc_entries[] = { end, spin, copy, fail, fault, keep, write, behind };
const uint32_t coproc_entry_count = COPROC_FW_COUNT(coproc_entries);
