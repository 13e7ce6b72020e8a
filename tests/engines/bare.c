/* SPDX-License-Identifier: MIT */
#include "tests/engines/bare.h"

#include <check.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unicorn/unicorn.h>

#include "tests/engines/play.h"

#define UNTIL   0xfffffffeu

struct bare {
	uc_engine *uc;
	uint8_t *bank;
	uint8_t *operands;
	struct coproc_fw_abi_job *job;
	uint32_t pc;
	bool waiting;
	bool owed;
	uint64_t result;
};

static uint64_t mailbox_read(uc_engine *uc, uint64_t offset, unsigned int size, void *user)
{
	struct bare *b = user;
	const bool job = offset == COPROC_FW_MB_JOB && b->waiting;

	b->waiting = false;
	return job;
}

static void mailbox_write(uc_engine *uc, uint64_t offset, unsigned int size, uint64_t value,
			  void *user)
{
	struct bare *b = user;

	if (offset == COPROC_FW_MB_RESULT_LO)
		b->result = value;
	else if (offset == COPROC_FW_MB_RESULT_HI)
		b->result |= value << 32;
	else if (offset == COPROC_FW_MB_DONE)
		b->owed = false;
}

static uint64_t scs_read(uc_engine *uc, uint64_t offset, unsigned int size, void *user)
{
	return 0;
}

static void scs_write(uc_engine *uc, uint64_t offset, unsigned int size, uint64_t value,
		      void *user)
{
}

static void *pages(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	return p;
}

static void place(struct bare *b, const char *name)
{
	static uint8_t image[1 << 20];
	FILE *f = fopen(play_path("firmware", name, ".elf"), "rb");
	Elf32_Ehdr head;

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(image, 1, sizeof(image), f), sizeof(head));
	fclose(f);
	memcpy(&head, image, sizeof(head));
	for (uint32_t i = 0; i < head.e_phnum; i++) {
		Elf32_Phdr ph;

		memcpy(&ph, image + head.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_LOAD && ph.p_filesz)
			memcpy(b->bank + ph.p_paddr, image + ph.p_offset, ph.p_filesz);
	}
}

static void map(struct bare *b, uint32_t address, size_t bytes, uint32_t access, void *memory)
{
	ck_assert_int_eq(uc_mem_map_ptr(b->uc, address, bytes, access, memory), UC_ERR_OK);
}

struct bare *bare_open(const char *name, uint8_t **operands)
{
	struct bare *b = calloc(1, sizeof(*b));
	uint32_t stack;

	ck_assert_ptr_nonnull(b);
	ck_assert_int_eq(uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &b->uc), UC_ERR_OK);
	ck_assert_int_eq(uc_ctl_set_cpu_model(b->uc, UC_CPU_ARM_CORTEX_M4), UC_ERR_OK);
	b->bank = pages(COPROC_FW_CODE_SIZE + COPROC_FW_RAM_SIZE);
	b->job = pages(COPROC_FW_JOB_SIZE);
	*operands = b->operands = pages(BARE_OPERANDS);
	map(b, COPROC_FW_CODE_BASE, COPROC_FW_CODE_SIZE, UC_PROT_READ | UC_PROT_EXEC, b->bank);
	map(b, COPROC_FW_RAM_BASE, COPROC_FW_RAM_SIZE, UC_PROT_READ | UC_PROT_WRITE,
	    b->bank + COPROC_FW_CODE_SIZE);
	map(b, COPROC_FW_JOB_BASE, COPROC_FW_JOB_SIZE, UC_PROT_READ, b->job);
	map(b, BARE_ADDRESS, BARE_OPERANDS, UC_PROT_READ | UC_PROT_WRITE, b->operands);
	ck_assert_int_eq(uc_mmio_map(b->uc, COPROC_FW_MAILBOX_BASE, COPROC_FW_MAILBOX_SIZE,
				     mailbox_read, b, mailbox_write, b), UC_ERR_OK);
	ck_assert_int_eq(uc_mmio_map(b->uc, COPROC_FW_SCS_BASE, COPROC_FW_SCS_SIZE, scs_read, b,
				     scs_write, b), UC_ERR_OK);
	place(b, name);
	memcpy(&stack, b->bank, sizeof(stack));
	memcpy(&b->pc, b->bank + 4, sizeof(b->pc));
	uc_reg_write(b->uc, UC_ARM_REG_SP, &stack);
	return b;
}

void bare_close(struct bare *b)
{
	uc_close(b->uc);
	munmap(b->bank, COPROC_FW_CODE_SIZE + COPROC_FW_RAM_SIZE);
	munmap(b->job, COPROC_FW_JOB_SIZE);
	munmap(b->operands, BARE_OPERANDS);
	free(b);
}

uint64_t bare_run(struct bare *b, const struct coproc_fw_abi_job *job)
{
	*b->job = *job;
	b->waiting = b->owed = true;
	/* Each WFI ends a call, the one before the first job too. */
	while (b->owed) {
		ck_assert_int_eq(uc_emu_start(b->uc, b->pc | 1, UNTIL, 0, 0), UC_ERR_OK);
		uc_reg_read(b->uc, UC_ARM_REG_PC, &b->pc);
	}
	return b->result;
}
