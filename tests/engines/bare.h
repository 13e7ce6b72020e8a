/* SPDX-License-Identifier: MIT */
/*
 * Unicorn without an engine around it: the same firmware at the same addresses,
 * no hooks, no slices, nothing counted, in the test's own process.
 */
#ifndef TESTS_ENGINES_BARE_H
#define TESTS_ENGINES_BARE_H

#include <stdint.h>

#include "backend/engines/cortex-m/firmware/abi.h"

/* Bytes of operand memory, and where the core sees them. */
#define BARE_OPERANDS   (256u * 1024u)
#define BARE_ADDRESS    (COPROC_FW_WINDOW_BASE + 0x10000u)

struct bare;

/* A core with $B/firmware/<name>.elf in it; @operands gets its memory. */
struct bare *bare_open(const char *name, uint8_t **operands);
void bare_close(struct bare *b);
/* A job, run to its end: its result. */
uint64_t bare_run(struct bare *b, const struct coproc_fw_abi_job *job);

#endif /* TESTS_ENGINES_BARE_H */
