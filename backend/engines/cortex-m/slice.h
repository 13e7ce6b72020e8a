/* SPDX-License-Identifier: MIT */
/* What a core does while it executes; for core.c, which sets it up. */
#ifndef COPROC_CORTEX_M_SLICE_H
#define COPROC_CORTEX_M_SLICE_H

#include "backend/engines/cortex-m/core.h"

/* The core's translations are gone. */
void slice_forget_translations(struct core *core);

bool slice_hook(uc_engine *uc, struct core *core);

uint64_t slice_mailbox_read(uc_engine *uc, uint64_t offset, unsigned int size, void *user);
void slice_mailbox_write(uc_engine *uc, uint64_t offset, unsigned int size, uint64_t value,
			 void *user);
uint64_t slice_scs_read(uc_engine *uc, uint64_t offset, unsigned int size, void *user);
void slice_scs_write(uc_engine *uc, uint64_t offset, unsigned int size, uint64_t value,
		     void *user);

#endif /* COPROC_CORTEX_M_SLICE_H */
