/* SPDX-License-Identifier: MIT */
#include "backend/engines/cortex-m/count.h"

#include <stddef.h>
#include <sys/mman.h>

#define COUNT_BYTES     (COUNT_ENTRIES * sizeof(struct count_entry))

bool count_open(struct count_table *t)
{
	/* Pages that no code lies on are never touched. */
	void *p = mmap(NULL, COUNT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	t->entry = p == MAP_FAILED ? NULL : p;
	return t->entry != NULL;
}

void count_forget(struct count_table *t)
{
	madvise(t->entry, COUNT_BYTES, MADV_DONTNEED);
}

uint32_t count_new(struct count_table *t, const uint8_t *code, uint32_t address, uint32_t size)
{
	struct count_entry *e;

	if (address >= COPROC_FW_CODE_SIZE || size > COPROC_FW_CODE_SIZE - address ||
	    size > UINT16_MAX)
		return 0;
	e = &t->entry[address / 2];
	e->instructions = (uint16_t)count_scan(code, address, size);
	e->size = (uint16_t)size;
	return e->instructions;
}

uint32_t count_scan(const uint8_t *code, uint32_t address, uint32_t size)
{
	uint32_t n = 0;

	for (uint32_t at = address; at < address + size; n++) {
		/* Thumb-2: these five leading bits announce a second halfword. */
		const uint8_t lead = code[at + 1] >> 3;

		at += lead >= 0x1d ? 4 : 2;
	}
	return n;
}
