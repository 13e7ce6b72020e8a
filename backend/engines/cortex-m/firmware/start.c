/* SPDX-License-Identifier: MIT */
/*
 * What runs before and around a firmware's entries: vector table, memory
 * initialisation, floating point, and the loop that takes jobs.
 */
#include "coproc_fw.h"

_Static_assert(sizeof(struct coproc_fw_job) == sizeof(struct coproc_fw_abi_job),
	       "pointers of the target are the 32-bit addresses of the ABI");

#define REGISTER(address)       (*(volatile uint32_t *)(address))
#define MAILBOX(offset)         REGISTER(COPROC_FW_MAILBOX_BASE + (offset))
#define CPACR                   REGISTER(COPROC_FW_SCS_BASE + 0xd88u)

/* From the linker script. */
extern uint32_t coproc_fw_stack_top;
extern uint32_t coproc_fw_data_start, coproc_fw_data_end, coproc_fw_data_load;
extern uint32_t coproc_fw_bss_start, coproc_fw_bss_end;
extern void (*const coproc_fw_init_start[])(void);
extern void (*const coproc_fw_init_end[])(void);

void coproc_fw_reset(void);

/*
 * The engine enters no exception: a fault ends the job.  So the table holds
 * what reset needs and nothing else.
 */
__attribute__((section(".vectors"), used))
static const struct {
	const void *stack;
	void (*reset)(void);
} vectors = { &coproc_fw_stack_top, coproc_fw_reset };

static void serve(void)
{
	const struct coproc_fw_job *job = (const struct coproc_fw_job *)COPROC_FW_JOB_BASE;
	uint64_t result = 0;
	uint32_t code = COPROC_FW_NO_ENTRY;

	if (job->entry < coproc_entry_count)
		code = coproc_entries[job->entry](job, &result);
	MAILBOX(COPROC_FW_MB_RESULT_LO) = (uint32_t)result;
	MAILBOX(COPROC_FW_MB_RESULT_HI) = (uint32_t)(result >> 32);
	/* What the job wrote comes before its end, as on real hardware. */
	__asm__ volatile("dsb" ::: "memory");
	MAILBOX(COPROC_FW_MB_DONE) = code;
}

__attribute__((noreturn))
void coproc_fw_reset(void)
{
	const uint32_t *from = &coproc_fw_data_load;

	for (uint32_t *to = &coproc_fw_data_start; to < &coproc_fw_data_end; to++)
		*to = *from++;
	for (uint32_t *to = &coproc_fw_bss_start; to < &coproc_fw_bss_end; to++)
		*to = 0;
	CPACR |= 0xfu << 20;
	__asm__ volatile("dsb\n\tisb" ::: "memory");
	for (void (*const *f)(void) = coproc_fw_init_start; f < coproc_fw_init_end; f++)
		(*f)();
	for (;;) {
		if (MAILBOX(COPROC_FW_MB_JOB))
			serve();
		else
			__asm__ volatile("wfi" ::: "memory");
	}
}

void coproc_fw_puts(const char *text)
{
	while (*text)
		MAILBOX(COPROC_FW_MB_PUTC) = (uint8_t)*text++;
}
