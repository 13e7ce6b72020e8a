/* SPDX-License-Identifier: MIT */
#ifndef COPROC_ENGINES_HARNESS_MEMORY_H
#define COPROC_ENGINES_HARNESS_MEMORY_H

#include <stdint.h>

/**
 * memory_limit() - limit the process, before the sandbox closes
 * @limit: bytes of private memory, 0: no limit
 * @reserve: what engine_reserve() may add
 *
 * Return: 0 or -errno.
 */
int memory_limit(uint64_t limit, uint64_t reserve);

#endif /* COPROC_ENGINES_HARNESS_MEMORY_H */
