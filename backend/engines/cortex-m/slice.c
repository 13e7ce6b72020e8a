/* SPDX-License-Identifier: MIT */
/*
 * Executing: slices that end at exact places, the mailbox, and faults.
 *
 * Unicorn is stopped from the hook at the beginning of a block only.  Stopped
 * inside a memory-mapped register, or by its own timeout, it does not know
 * where it stood, and what follows computes wrong results.
 */
#include "backend/engines/cortex-m/slice.h"

#include "backend/engines/cortex-m/stores.h"

/* Where execution would end by itself: an address that is never executable. */
#define UNTIL           0xfffffffeu

#define SCS_CPUID       0xd00u
#define SCS_CPACR       0xd88u
#define CPUID_M4        0x410fc241u     /* Cortex-M4 r0p1 */

/* Exceptions of Unicorn's ARM that need telling apart: the last two are jumps. */
#define EXCEPTION_SVC                   2
#define EXCEPTION_PREFETCH_ABORT        3
#define EXCEPTION_RETURN                8

/* Hints that Unicorn takes for invalid instructions, having executed them. */
#define THUMB_WFE               0xbf20u
#define THUMB_YIELD             0xbf10u
#define THUMB_WIDE_HINT         0xf3afu
#define THUMB_WIDE_WFE          0x8002u
#define THUMB_WIDE_YIELD        0x8001u

/* Of all cores together. */
static uint32_t translated;

void slice_forget_translations(struct core *core)
{
	translated -= core->translated;
	core->translated = 0;
}

static bool sprawls(const struct core *core)
{
	return core->translated > CORE_TRANSLATED_MAX || translated > CORE_TRANSLATED_TOTAL;
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
	struct core *core = user;

	/* At least one block, so that a job gets on however often it is asked. */
	if (core->moved && (!core->owed || core->sprawls || engine_attention())) {
		core->stopping = true;
		uc_emu_stop(uc);
		return;
	}
	core->moved = true;
	core->block = (uint32_t)address;
	core->block_size = size;
	core->instructions += count_block(&core->counts, core->bank, (uint32_t)address, size);
}

static void on_translation(uc_engine *uc, uc_tb *block, uc_tb *previous, void *user)
{
	struct core *core = user;

	core->translated++;
	translated++;
	if (sprawls(core))
		core->sprawls = true;
}

static bool on_bad_access(uc_engine *uc, uc_mem_type type, uint64_t address, int size,
			  int64_t value, void *user)
{
	struct core *core = user;

	if (core->fault)
		return false;
	core->fault_address = (uint32_t)address;
	if (type == UC_MEM_WRITE_UNMAPPED || type == UC_MEM_WRITE_PROT)
		core->fault = XENCOPROC_FAULT_WRITE;
	else if (type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT)
		core->fault = XENCOPROC_FAULT_FETCH;
	else
		core->fault = XENCOPROC_FAULT_READ;
	return false;
}

/* No exception is entered: supervisor calls, breakpoints and the like are faults. */
static void on_exception(uc_engine *uc, uint32_t number, void *user)
{
	struct core *core = user;
	uint32_t pc = 0;

	if (!core->fault) {
		uc_reg_read(uc, UC_ARM_REG_PC, &pc);
		/* A supervisor call has been left behind already. */
		core->fault_address = number == EXCEPTION_SVC ? pc - 2 : pc;
		core->fault = number == EXCEPTION_PREFETCH_ABORT || number == EXCEPTION_RETURN ?
			XENCOPROC_FAULT_FETCH : XENCOPROC_FAULT_OPCODE;
	}
	uc_emu_stop(uc);
}

bool slice_hook(uc_engine *uc, struct core *core)
{
	uc_hook h;

	return uc_hook_add(uc, &h, UC_HOOK_BLOCK, on_block, core, 1, 0) == UC_ERR_OK &&
	       uc_hook_add(uc, &h, UC_HOOK_EDGE_GENERATED, on_translation, core, 1, 0) ==
		       UC_ERR_OK &&
	       uc_hook_add(uc, &h, UC_HOOK_MEM_INVALID, on_bad_access, core, 1, 0) == UC_ERR_OK &&
	       uc_hook_add(uc, &h, UC_HOOK_INTR, on_exception, core, 1, 0) == UC_ERR_OK;
}

uint64_t slice_mailbox_read(uc_engine *uc, uint64_t offset, unsigned int size, void *user)
{
	struct core *core = user;

	if (offset != COPROC_FW_MB_JOB || size != 4 || !core->waiting)
		return 0;
	core->waiting = false;
	return 1;
}

void slice_mailbox_write(uc_engine *uc, uint64_t offset, unsigned int size, uint64_t value,
			 void *user)
{
	struct core *core = user;
	const uint32_t v = (uint32_t)value;

	if (size != 4)
		return;
	if (offset == COPROC_FW_MB_PUTC) {
		console_put(&core->console, core->context, (uint8_t)v);
		return;
	}
	/* Without a job that it has taken it has nothing to tell about. */
	if (!core->owed || core->waiting)
		return;
	if (offset == COPROC_FW_MB_RESULT_LO) {
		core->result = (core->result & ~0xffffffffull) | v;
	} else if (offset == COPROC_FW_MB_RESULT_HI) {
		core->result = (core->result & 0xffffffffull) | (uint64_t)v << 32;
	} else if (offset == COPROC_FW_MB_DONE) {
		core->code = v;
		core->owed = false;
	}
}

uint64_t slice_scs_read(uc_engine *uc, uint64_t offset, unsigned int size, void *user)
{
	const struct core *core = user;

	if (offset == SCS_CPUID)
		return CPUID_M4;
	return offset == SCS_CPACR ? core->cpacr : 0;
}

void slice_scs_write(uc_engine *uc, uint64_t offset, unsigned int size, uint64_t value,
		     void *user)
{
	struct core *core = user;

	/* Only coprocessors 10 and 11, the floating point, are there. */
	if (offset == SCS_CPACR && size == 4)
		core->cpacr = (uint32_t)value & 0x00f00000u;
}

/* A block that was left in the middle counts as far as it was executed. */
static void correct_count(struct core *core)
{
	const uint32_t begun = core->block, size = core->block_size;

	if (core->pc < begun || core->pc >= begun + size)
		return;
	core->instructions -= count_block(&core->counts, core->bank, begun, size);
	core->instructions += count_scan(core->bank, begun, core->pc - begun);
}

static enum core_end faulted(struct core *core)
{
	correct_count(core);
	return CORE_FAULT;
}

static enum core_end fault_here(struct core *core, uint32_t kind)
{
	core->fault = kind;
	core->fault_address = core->pc;
	return faulted(core);
}

/* Of the code so many bytes before the program counter; 0 where there is none. */
static uint32_t halfword_before(const struct core *core, uint32_t bytes)
{
	const uint32_t at = core->pc - bytes;   /* below 0 it is beyond the code, too */

	return at < COPROC_FW_CODE_SIZE ?
		(uint32_t)core->bank[at] | (uint32_t)core->bank[at + 1] << 8 : 0;
}

/* Both WFE and YIELD may do nothing: there is no other core to wait for. */
static bool after_hint(const struct core *core)
{
	const uint32_t last = halfword_before(core, 2), before = halfword_before(core, 4);

	return last == THUMB_WFE || last == THUMB_YIELD ||
	       (before == THUMB_WIDE_HINT && (last == THUMB_WIDE_WFE || last == THUMB_WIDE_YIELD));
}

/*
 * @began is where the slice did.  An invalid instruction right there is one,
 * whatever stands before it; a hint is behind where the core stands.
 */
static enum core_end judge(struct core *core, uc_err error, uint32_t began)
{
	if (core->fault)
		return faulted(core);
	if (error == UC_ERR_INSN_INVALID && core->pc != began && after_hint(core))
		return core->owed ? CORE_ATTENTION : CORE_DONE;
	if (error == UC_ERR_INSN_INVALID || error == UC_ERR_EXCEPTION)
		return fault_here(core, XENCOPROC_FAULT_OPCODE);
	if (error != UC_ERR_OK) {
		engine_log("context %u: the emulator failed at 0x%08x: %s", core->context, core->pc,
			   uc_strerror(error));
		return CORE_LOST;
	}
	if (!core->owed)
		return CORE_DONE;
	if (core->sprawls)
		return CORE_SPRAWLS;
	if (core->stopping)
		return CORE_ATTENTION;
	if (core->pc == UNTIL)
		return fault_here(core, XENCOPROC_FAULT_FETCH);
	/* A job that waits is what wakes a core: its WFI ends at once. */
	return core->waiting ? CORE_ATTENTION : CORE_ASLEEP;
}

enum core_end core_slice(struct core *core)
{
	stores_begin(&core->windows);
	for (;;) {
		const uint32_t began = core->pc;
		enum core_end end;
		uc_err error;

		core->moved = false;
		core->stopping = false;
		core->sprawls = false;
		error = uc_emu_start(core->uc, core->pc | 1, UNTIL, 0, 0);
		uc_reg_read(core->uc, UC_ARM_REG_PC, &core->pc);
		end = judge(core, error, began);
		if (end != CORE_ATTENTION || engine_attention())
			return end;
	}
}
