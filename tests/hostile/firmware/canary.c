/* SPDX-License-Identifier: MIT */
/*
 * Fills all of a context's memory with a canary, and looks what of it is not
 * zero: from the end of its own variables to the end of RAM, the stack below
 * its own frames, and the registers of the floating-point unit.
 */
#include "coproc_fw.h"

#define CANARY          0x5ec2e75eu
#define RAM             0x20000000u
#define RAM_END         0x20080000u
#define FRAMES          1024u           /* of start.c's stack and ours, left alone */

extern uint32_t coproc_fw_bss_end[];

static volatile uint32_t *here(void)
{
	uint32_t sp;

	__asm__("mov %0, sp" : "=r"(sp));
	return (volatile uint32_t *)((sp - FRAMES) & ~3u);
}

static uint32_t fill(const struct coproc_fw_job *job, uint64_t *result)
{
	volatile uint32_t *const low = here();
	uint32_t bytes = 0;

	for (volatile uint32_t *p = (volatile uint32_t *)RAM; p < low; p++, bytes += 4)
		*p = CANARY;
	for (volatile uint32_t *p = coproc_fw_bss_end; p < (volatile uint32_t *)RAM_END; p++, bytes += 4)
		*p = CANARY;
	__asm__ volatile("vmov s8, %0\n vmov s16, %0\n vmov s17, %0\n vmov s31, %0" :: "r"(CANARY)
			 : "s8", "s16", "s17", "s31");
	*result = bytes;
	return 0;
}

static uint32_t scan(const struct coproc_fw_job *job, uint64_t *result)
{
	volatile uint32_t *const low = here();
	uint32_t found = 0, s[4];

	__asm__ volatile("vmov %0, s8\n vmov %1, s16\n vmov %2, s17\n vmov %3, s31"
			 : "=r"(s[0]), "=r"(s[1]), "=r"(s[2]), "=r"(s[3]));
	for (int i = 0; i < 4; i++)
		found += s[i] == CANARY ? 4 : 0;
	for (volatile uint32_t *p = (volatile uint32_t *)RAM; p < low; p++)
		found += *p ? 4 : 0;
	for (volatile uint32_t *p = coproc_fw_bss_end; p < (volatile uint32_t *)RAM_END; p++)
		found += *p ? 4 : 0;
	*result = found;
	return 0;
}

static uint32_t forever(const struct coproc_fw_job *job, uint64_t *result)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
	return 0;
}

const coproc_fw_entry coproc_entries[] = { fill, scan, forever };
const uint32_t coproc_entry_count = COPROC_FW_COUNT(coproc_entries);
