// SPDX-License-Identifier: MIT
/*
 * What a compiler calls for each access when it is told -fsanitize=thread, and
 * memcpy() and memset() of the watched sources.  No stack of the sanitizer is
 * here: its names are ours for this program.
 */
#include "tests/ring/watched/watched.h"

struct pair watched;
bool watching;

static bool within(const void *where, const void *from, size_t size, uint32_t *offset)
{
	uintptr_t at = (uintptr_t)where - (uintptr_t)from;

	*offset = (uint32_t)at;
	return at < size;
}

static bool cell_of(struct access *access, uint32_t at)
{
	uint32_t ring = at / sizeof(struct xencoproc_cell);

	at %= sizeof(struct xencoproc_cell);
	if (ring != XENCOPROC_RING_SQ(WATCHED_QUEUE) && ring != XENCOPROC_RING_CQ(WATCHED_QUEUE))
		return false;
	access->ring = ring == XENCOPROC_RING_SQ(WATCHED_QUEUE) ? SQ : CQ;
	access->field = at == offsetof(struct xencoproc_cell, index) ? F_INDEX :
			at == offsetof(struct xencoproc_cell, event) ? F_EVENT : F_REST;
	return true;
}

/* Return: whether @where is shared memory. */
static bool shared(struct access *access, const void *where)
{
	const struct pair_pages *pages = &watched.pages;
	uint32_t at;

	if (!watching)
		return false;
	if (within(where, pages->fe, sizeof(pages->fe), &at)) {
		access->owner = FE;
		return cell_of(access, at);
	}
	if (within(where, pages->be, sizeof(pages->be), &at)) {
		access->owner = BE;
		return cell_of(access, at);
	}
	access->field = F_SLOT;
	access->ring = SQ;
	if (within(where, pages->sq, sizeof(pages->sq), &access->offset))
		return true;
	access->ring = CQ;
	return within(where, pages->cq, sizeof(pages->cq), &access->offset);
}

static void plain(const void *where, size_t size, enum kind kind)
{
	struct access access = { .kind = kind, .size = (uint32_t)size };

	if (!shared(&access, where))
		return;
	schedule_point();
	rules_access(&access);
}

#define HOOKS(size) \
	void __tsan_read##size(void *p); \
	void __tsan_write##size(void *p); \
	void __tsan_read##size(void *p) { plain(p, size, PLAIN_READ); } \
	void __tsan_write##size(void *p) { plain(p, size, PLAIN_WRITE); }
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

void __tsan_read_range(void *p, size_t size);
void __tsan_write_range(void *p, size_t size);
void __tsan_read_range(void *p, size_t size) { plain(p, size, PLAIN_READ); }
void __tsan_write_range(void *p, size_t size) { plain(p, size, PLAIN_WRITE); }

void __tsan_init(void);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void);
void __tsan_init(void) { }
void __tsan_func_entry(void *pc) { }
void __tsan_func_exit(void) { }

void *watched_memcpy(void *to, const void *from, size_t size);
void *watched_memset(void *to, int value, size_t size);

void *watched_memcpy(void *to, const void *from, size_t size)
{
	plain(from, size, PLAIN_READ);
	plain(to, size, PLAIN_WRITE);
	return memcpy(to, from, size);
}

void *watched_memset(void *to, int value, size_t size)
{
	plain(to, size, PLAIN_WRITE);
	return memset(to, value, size);
}

/* ---- atomics and fences ---- */

uint32_t __tsan_atomic32_load(const volatile uint32_t *p, int order);
void __tsan_atomic32_store(volatile uint32_t *p, uint32_t value, int order);
void __tsan_atomic_thread_fence(int order);

uint32_t __tsan_atomic32_load(const volatile uint32_t *p, int order)
{
	struct access access = { .kind = ATOMIC_LOAD, .size = 4, .order = order };
	const struct clock *carried;

	if (!shared(&access, (const void *)p))
		return *p;
	schedule_point();
	access.value = *p;
	carried = schedule_carried((const uint32_t *)p);
	if (carried && (order == __ATOMIC_ACQUIRE || order == __ATOMIC_SEQ_CST))
		rules_learn(carried);
	rules_access(&access);
	return access.value;
}

void __tsan_atomic32_store(volatile uint32_t *p, uint32_t value, int order)
{
	struct access access = { .kind = ATOMIC_STORE, .size = 4, .order = order, .value = value };
	struct clock now;

	if (!shared(&access, (const void *)p)) {
		*p = value;
		return;
	}
	schedule_point();
	rules_access(&access);
	now = rules_clock();
	schedule_store((uint32_t *)p, value,
		       order == __ATOMIC_RELEASE || order == __ATOMIC_SEQ_CST ? &now : NULL);
}

void __tsan_atomic_thread_fence(int order)
{
	struct access access = { .kind = FENCE, .order = order };

	if (!watching)
		return;
	schedule_point();
	rules_access(&access);
	if (order == __ATOMIC_SEQ_CST)
		schedule_fence();
}
