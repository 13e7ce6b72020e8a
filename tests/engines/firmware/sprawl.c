/* SPDX-License-Identifier: MIT */
/*
 * Makes the emulator translate without end: every second byte of a long row is
 * a function of its own, a bare return.
 */
#include "coproc_fw.h"

#define RETURNS 240000u

__asm__(".section .text.returns, \"ax\", %progbits\n"
	".thumb\n"
	".balign 4\n"
	"returns: .rept 240000\n"
	"bx lr\n"
	".endr\n"
	".text");
extern const uint8_t returns[];

/* 0: calls as many of them as the immediate says, over and over */
static uint32_t sprawl(const struct coproc_fw_job *job, uint64_t *result)
{
	const uint32_t first = (uint32_t)(uintptr_t)returns | 1;
	uint32_t at = 0;

	for (uint32_t i = 0; i < (uint32_t)job->immediate; i++) {
		((void (*)(void))(first + at))();
		at = at + 2 < 2 * RETURNS ? at + 2 : 0;
	}
	*result = job->immediate;
	return 0;
}

/* 1: all of them, privileged and unprivileged, which are translated separately */
static uint32_t in_both_modes(const struct coproc_fw_job *job, uint64_t *result)
{
	const struct coproc_fw_job all = { .immediate = RETURNS };

	sprawl(&all, result);
	__asm__ volatile("msr control, %0\n\tisb" : : "r"(1) : "memory");
	sprawl(&all, result);
	return 0;
}

const coproc_fw_entry coproc_entries[] = { sprawl, in_both_modes };
const uint32_t coproc_entry_count = COPROC_FW_COUNT(coproc_entries);
