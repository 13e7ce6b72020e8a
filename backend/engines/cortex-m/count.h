/* SPDX-License-Identifier: MIT */
/*
 * Exact numbers of executed instructions, at the price of a table look-up per
 * block.  Possible because code cannot change while it can be executed.
 */
#ifndef COPROC_CORTEX_M_COUNT_H
#define COPROC_CORTEX_M_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/engines/cortex-m/firmware/abi.h"

#define COUNT_ENTRIES           (COPROC_FW_CODE_SIZE / 2)

struct count_table {
	/* By start address / 2: size in bytes, and how many instructions that is. */
	struct count_entry {
		uint16_t size;
		uint16_t instructions;
	} *entry;
};

bool count_open(struct count_table *t);
/* The code has changed. */
void count_forget(struct count_table *t);
/* Instructions in @size bytes of @code that begin at @address. */
uint32_t count_scan(const uint8_t *code, uint32_t address, uint32_t size);

/* The same, which is remembered from here on. */
uint32_t count_new(struct count_table *t, const uint8_t *code, uint32_t address, uint32_t size);

/* The same, remembered.  Each block that is executed comes through here. */
static inline uint32_t count_block(struct count_table *t, const uint8_t *code, uint32_t address,
				   uint32_t size)
{
	if (address < COPROC_FW_CODE_SIZE && t->entry[address / 2].size == size)
		return t->entry[address / 2].instructions;
	return count_new(t, code, address, size);
}

#endif /* COPROC_CORTEX_M_COUNT_H */
