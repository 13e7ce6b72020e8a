/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What the ring needs from where it runs: integers, bool, memory functions,
 * and three orderings.  Each ordering names the step of the protocol's ring
 * section that it implements at its place of use.
 */
#ifndef COPROC_RING_PORT_H
#define COPROC_RING_PORT_H

#if defined(__KERNEL__)

#include <linux/types.h>
#include <linux/string.h>
#include <linux/compiler.h>
#include <asm/barrier.h>

#define coproc_load_relaxed(p)          READ_ONCE(*(p))
#define coproc_load_acquire(p)          virt_load_acquire(p)
#define coproc_store_relaxed(p, v)      WRITE_ONCE(*(p), v)
#define coproc_store_release(p, v)      virt_store_release(p, v)
#define coproc_fence_full()             virt_mb()

#else

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int c, size_t n);

#define coproc_load_relaxed(p)          __atomic_load_n((p), __ATOMIC_RELAXED)
#define coproc_load_acquire(p)          __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define coproc_store_relaxed(p, v)      __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define coproc_store_release(p, v)      __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define coproc_fence_full()             __atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif

#endif /* COPROC_RING_PORT_H */
