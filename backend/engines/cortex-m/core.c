/* SPDX-License-Identifier: MIT */
/* The life of a core: opened, lent to contexts one after the other, booted. */
#include "backend/engines/cortex-m/core.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend/engines/cortex-m/slice.h"

static struct core *idle;

static bool map_fixed_parts(uc_engine *uc, struct core *core)
{
	return uc_mem_map_ptr(uc, COPROC_FW_JOB_BASE, COPROC_FW_JOB_SIZE, UC_PROT_READ,
			      core->job) == UC_ERR_OK &&
	       uc_mmio_map(uc, COPROC_FW_MAILBOX_BASE, COPROC_FW_MAILBOX_SIZE, slice_mailbox_read,
			   core, slice_mailbox_write, core) == UC_ERR_OK &&
	       uc_mmio_map(uc, COPROC_FW_SCS_BASE, COPROC_FW_SCS_SIZE, slice_scs_read, core,
			   slice_scs_write, core) == UC_ERR_OK;
}

/*
 * Unicorn's TLB has as few as 64 entries, and pages of 1 KiB where nothing else
 * is said.  2.0 doubles what is said; a version that does not makes them 2 KiB,
 * which is not wrong.
 */
#define PAGE_WISH       2048u

/* An instance with all that does not depend on the context. */
static uc_engine *open_instance(struct core *core)
{
	uc_engine *uc;

	if (uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &uc) != UC_ERR_OK)
		return NULL;
	if (uc_ctl_set_page_size(uc, PAGE_WISH) != UC_ERR_OK ||
	    uc_ctl_set_cpu_model(uc, UC_CPU_ARM_CORTEX_M4) != UC_ERR_OK ||
	    !map_fixed_parts(uc, core) || !slice_hook(uc, core)) {
		uc_close(uc);
		return NULL;
	}
	return uc;
}

static bool map_bank(uc_engine *uc, uint8_t *bank)
{
	if (uc_mem_map_ptr(uc, COPROC_FW_CODE_BASE, COPROC_FW_CODE_SIZE,
			   UC_PROT_READ | UC_PROT_EXEC, bank) != UC_ERR_OK)
		return false;
	/* No execution in RAM: code cannot change while it runs, and what is
	 * not code is refused where it is jumped to. */
	if (uc_mem_map_ptr(uc, COPROC_FW_RAM_BASE, COPROC_FW_RAM_SIZE,
			   UC_PROT_READ | UC_PROT_WRITE, bank + COPROC_FW_CODE_SIZE) != UC_ERR_OK) {
		uc_mem_unmap(uc, COPROC_FW_CODE_BASE, COPROC_FW_CODE_SIZE);
		return false;
	}
	return true;
}

static void forget_code(struct core *core)
{
	uc_ctl_remove_cache(core->uc, COPROC_FW_CODE_BASE, COPROC_FW_CODE_BASE + COPROC_FW_CODE_SIZE);
	count_forget(&core->counts);
}

static void destroy(struct core *core)
{
	if (core->fresh)
		uc_context_free(core->fresh);
	if (core->uc)
		uc_close(core->uc);
	if (core->counts.entry)
		munmap(core->counts.entry, COUNT_ENTRIES * sizeof(struct count_entry));
	if (core->job)
		munmap(core->job, COPROC_FW_JOB_SIZE);
	free(core);
}

static struct core *create(void)
{
	struct core *core = calloc(1, sizeof(*core));
	void *page;

	if (!core)
		return NULL;
	page = mmap(NULL, COPROC_FW_JOB_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	if (page != MAP_FAILED)
		core->job = page;
	if (!core->job || !count_open(&core->counts) || !engine_reserve(CORE_RESERVE_BYTES)) {
		destroy(core);
		return NULL;
	}
	core->uc = open_instance(core);
	if (!core->uc || uc_context_alloc(core->uc, &core->fresh) != UC_ERR_OK ||
	    uc_context_save(core->uc, core->fresh) != UC_ERR_OK) {
		destroy(core);
		engine_unreserve(CORE_RESERVE_BYTES);
		return NULL;
	}
	return core;
}

struct core *core_open(uint32_t context, void *bank)
{
	struct core *core = idle ? idle : create();

	if (!core)
		return NULL;
	if (core == idle)
		idle = core->next;
	core->next = NULL;
	core->context = context;
	core->bank = bank;
	if (map_bank(core->uc, bank))
		return core;
	core->next = idle;
	idle = core;
	return NULL;
}

void core_release(struct core *core)
{
	window_drop_all(&core->windows, core->uc);
	/* Translations are found by where memory was, so they go first. */
	forget_code(core);
	uc_mem_unmap(core->uc, COPROC_FW_CODE_BASE, COPROC_FW_CODE_SIZE);
	uc_mem_unmap(core->uc, COPROC_FW_RAM_BASE, COPROC_FW_RAM_SIZE);
	core->bank = NULL;
	core->next = idle;
	idle = core;
}

bool core_warm_up(void)
{
	struct core *core = create();

	if (!core)
		return false;
	core->next = idle;
	idle = core;
	return true;
}

void core_power_on(struct core *core)
{
	uc_context_restore(core->uc, core->fresh);
	window_drop_all(&core->windows, core->uc);
	console_reset(&core->console);
	memset(core->job, 0, COPROC_FW_JOB_SIZE);
	core->waiting = false;
	core->owed = false;
	core->code = 0;
	core->result = 0;
	core->cpacr = 0;
	core->fault = 0;
	core->block_size = 0;
}

/*
 * Translations stay in memory until a buffer of a gigabyte is full, also those
 * of firmware that is no longer there.  So a core that has many begins its next
 * firmware on a new instance.  Not in between: Unicorn cannot carry the
 * registers of one instance over to another (it copies pointers with them).
 */
static void renew(struct core *core)
{
	uc_engine *old = core->uc, *new;
	uc_context *fresh = NULL;

	if (!engine_reserve(CORE_RESERVE_BYTES))
		return;
	new = open_instance(core);
	if (new && map_bank(new, core->bank) && uc_context_alloc(new, &fresh) == UC_ERR_OK &&
	    uc_context_save(new, fresh) == UC_ERR_OK) {
		uc_context_free(core->fresh);
		core->fresh = fresh;
		core->uc = new;
		slice_forget_translations(core);
		uc_close(old);
	} else {
		if (fresh)
			uc_context_free(fresh);
		if (new)
			uc_close(new);
	}
	engine_unreserve(CORE_RESERVE_BYTES);
}

void core_boot(struct core *core, const struct image *image, bool same_code)
{
	const uint32_t stack = image->stack;

	if (!same_code)
		forget_code(core);
	if (core->translated > CORE_TRANSLATED_KEEP)
		renew(core);
	image_place(image, core->bank, core->bank + COPROC_FW_CODE_SIZE);
	uc_reg_write(core->uc, UC_ARM_REG_SP, &stack);
	core->pc = image->reset;
}
