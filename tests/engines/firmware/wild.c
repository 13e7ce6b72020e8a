/* SPDX-License-Identifier: MIT */
/*
 * Hostile firmware: each entry does one thing that must end its job and
 * nothing else.  Where an address matters, it is the job's immediate.
 */
#include "coproc_fw.h"

static uint32_t load(const struct coproc_fw_job *job, uint64_t *result)
{
	*result = *(volatile uint32_t *)(uint32_t)job->immediate;
	return 0;
}

static uint32_t store(const struct coproc_fw_job *job, uint64_t *result)
{
	*(volatile uint32_t *)(uint32_t)job->immediate = 0x600df00d;
	return 0;
}

/* To Thumb code at the address, with the bit that says so set by the caller. */
static uint32_t jump(const struct coproc_fw_job *job, uint64_t *result)
{
	((void (*)(void))(uint32_t)job->immediate)();
	return 0;
}

static uint32_t undefined(const struct coproc_fw_job *job, uint64_t *result)
{
	__asm__ volatile("wild_udf: udf #7");
	return 0;
}

static uint32_t supervisor(const struct coproc_fw_job *job, uint64_t *result)
{
	__asm__ volatile("svc #3" ::: "memory");
	return 0;
}

static uint32_t breakpoint(const struct coproc_fw_job *job, uint64_t *result)
{
	__asm__ volatile("bkpt #1" ::: "memory");
	return 0;
}

static uint32_t asleep(const struct coproc_fw_job *job, uint64_t *result)
{
	__asm__ volatile("wfi" ::: "memory");
	*result = 0xbad;
	return 0;
}

/* As long as there is stack, and then some. */
#pragma GCC diagnostic ignored "-Winfinite-recursion"
__attribute__((noinline))
static uint32_t overflow(const struct coproc_fw_job *job, uint64_t *result)
{
	volatile uint8_t frame[4096];

	frame[0] = 1;
	return overflow(job, result) + frame[0];
}

/* Special registers: interrupts off, process stack, unprivileged; then work. */
static uint32_t special(const struct coproc_fw_job *job, uint64_t *result)
{
	uint32_t v = 3;

	__asm__ volatile("cpsid if\n\t"
			 "mrs r1, msp\n\t"
			 "msr psp, r1\n\t"
			 "msr control, %0\n\t"
			 "isb\n\t"
			 "msr basepri, %0\n\t"
			 "msr apsr_nzcvq, %0\n\t"
			 "cpsie if" : : "r"(v) : "r1", "cc", "memory");
	*result = job->immediate;
	return 0;
}

/* Ends the job twice, and once more while it has none. */
static uint32_t twice(const struct coproc_fw_job *job, uint64_t *result)
{
	volatile uint32_t *mailbox = (volatile uint32_t *)COPROC_FW_MAILBOX_BASE;

	mailbox[COPROC_FW_MB_RESULT_LO / 4] = 11;
	mailbox[COPROC_FW_MB_DONE / 4] = 0;
	mailbox[COPROC_FW_MB_RESULT_LO / 4] = 22;
	mailbox[COPROC_FW_MB_DONE / 4] = 1;
	*result = 33;
	return 0;
}

/* Multi-word, byte and unaligned accesses to registers that take words. */
static uint32_t registers(const struct coproc_fw_job *job, uint64_t *result)
{
	const uint32_t base = (uint32_t)job->immediate;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < COPROC_FW_MAILBOX_SIZE - 8; i += 4) {
		if (base == COPROC_FW_MAILBOX_BASE && i <= COPROC_FW_MB_DONE)
			continue;
		__asm__ volatile("ldm %1, {r1, r2}\n\t"
				 "strd r1, r2, [%1]\n\t"
				 "ldrb r1, [%1, #1]\n\t"
				 "strh r1, [%1, #2]\n\t"
				 "add %0, r2" : "+r"(sum) : "r"(base + i) : "r1", "r2", "memory");
	}
	*result = sum * 0;
	return 0;
}

/* Load-store exclusive, and events, which are all allowed. */
static uint32_t allowed(const struct coproc_fw_job *job, uint64_t *result)
{
	static uint32_t word;
	uint32_t fail;

	do {
		__asm__ volatile("ldrex r1, [%1]\n\t"
				 "add r1, #1\n\t"
				 "strex %0, r1, [%1]\n\t"
				 "dmb" : "=&r"(fail) : "r"(&word) : "r1", "memory");
	} while (fail);
	__asm__ volatile("sev\n\twfe\n\tyield\n\tnop" ::: "memory");
	*result = word;
	return 0;
}

/* An undefined instruction behind hints: where it is has to be told exactly. */
static uint32_t undefined_behind_hints(const struct coproc_fw_job *job, uint64_t *result)
{
	__asm__ volatile("yield\n\twfe\n\tudf #1" ::: "memory");
	return 0;
}

/* The operands: writes to the first, reads of the second. */
static uint32_t operands(const struct coproc_fw_job *job, uint64_t *result)
{
	*result = *(volatile uint32_t *)job->operand[1].data;
	*(volatile uint32_t *)job->operand[0].data = 0x600df00d;
	return 0;
}

/* Where operand 0 is, for a later job that does not name it. */
static uint32_t address_of(const struct coproc_fw_job *job, uint64_t *result)
{
	*result = (uint32_t)job->operand[0].data;
	return 0;
}

const coproc_fw_entry coproc_entries[] = {
	load, store, jump, undefined, supervisor, breakpoint, asleep, overflow, special, twice,
	registers, allowed, undefined_behind_hints, operands, address_of,
};
const uint32_t coproc_entry_count = COPROC_FW_COUNT(coproc_entries);
