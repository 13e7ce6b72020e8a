/* SPDX-License-Identifier: MIT */
/*
 * Operand windows: the buffers that a context's jobs name, in the core's
 * address space.
 *
 * Mapping a buffer into Unicorn costs tens of microseconds and unmapping more,
 * against a job of one.  So windows stay: a context is one address space, in
 * which a buffer that one of its jobs named remains reachable, with the most
 * access any of them named, until the buffer is released or the context is
 * reset or destroyed.  The least recently used give way where there is no
 * room.  Contexts are separate from each other.
 */
#ifndef COPROC_CORTEX_M_WINDOW_H
#define COPROC_CORTEX_M_WINDOW_H

#include <unicorn/unicorn.h>

#include "backend/engines/cortex-m/firmware/abi.h"
#include "backend/engines/engine.h"

/* As many as one job can name, and a few to keep: Unicorn gets slow with more. */
#define WINDOWS_MAX     96u

/*
 * Addresses of the same place in a TLB drive each other out of it, at 40 ns or
 * more for each turn.  Code begins at its first place, so operands do not.
 */
#define WINDOW_FIRST    (COPROC_FW_WINDOW_BASE + 16 * XENCOPROC_PAGE_SIZE)

struct window {
	void *base;             /* NULL: unused */
	size_t bytes;
	uint32_t buffer;
	uint32_t address;       /* in the core */
	bool writable;
	uint64_t used;          /* the serial number of the last job that named it */
};

struct window_set {
	struct window window[WINDOWS_MAX];
	uint64_t job;           /* serial number of the current one */
};

enum window_status {
	WINDOW_OK,
	WINDOW_NO_ROOM,         /* this job's buffers do not fit together */
	WINDOW_FAILED           /* Unicorn has no memory */
};

/* A new job begins: what it does not name may give way. */
void window_begin(struct window_set *set);
/* Where an operand of the current job is; @address is not set without WINDOW_OK. */
enum window_status window_find(struct window_set *set, uc_engine *uc,
			       const struct engine_operand *operand, uint32_t *address);
/* Whether stores at @address are to a writable window. */
bool window_writable(const struct window_set *set, uint32_t address);
/* A buffer goes away. */
void window_drop_buffer(struct window_set *set, uc_engine *uc, uint32_t buffer);
/* All go. */
void window_drop_all(struct window_set *set, uc_engine *uc);

#endif /* COPROC_CORTEX_M_WINDOW_H */
