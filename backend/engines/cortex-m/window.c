/* SPDX-License-Identifier: MIT */
#include "backend/engines/cortex-m/window.h"

#include <string.h>

void window_begin(struct window_set *set)
{
	set->job++;
}

static void drop(struct window *w, uc_engine *uc)
{
	uc_mem_unmap(uc, w->address, w->bytes);
	memset(w, 0, sizeof(*w));
}

static struct window *known(struct window_set *set, uint32_t buffer)
{
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		if (set->window[i].base && set->window[i].buffer == buffer)
			return &set->window[i];
	return NULL;
}

/* The one that has been of no use for longest, if any is of no use to this job. */
static struct window *oldest(struct window_set *set)
{
	struct window *found = NULL;

	for (size_t i = 0; i < WINDOWS_MAX; i++) {
		struct window *w = &set->window[i];

		if (w->base && w->used != set->job && (!found || w->used < found->used))
			found = w;
	}
	return found;
}

static struct window *unused(struct window_set *set)
{
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		if (!set->window[i].base)
			return &set->window[i];
	return NULL;
}

/* The first window that lies in the way of [address, address + bytes). */
static const struct window *in_the_way(const struct window_set *set, uint64_t address,
				       uint64_t bytes)
{
	const struct window *first = NULL;

	for (size_t i = 0; i < WINDOWS_MAX; i++) {
		const struct window *w = &set->window[i];

		if (w->base && w->address < address + bytes && address < w->address + w->bytes &&
		    (!first || w->address < first->address))
			first = w;
	}
	return first;
}

/* The lowest gap of that size at or above @address; 0: there is none. */
static uint32_t gap_from(const struct window_set *set, uint64_t address, size_t bytes)
{
	while (address + bytes <= COPROC_FW_WINDOW_END) {
		const struct window *w = in_the_way(set, address, bytes);

		if (!w)
			return (uint32_t)address;
		address = (uint64_t)w->address + w->bytes;
	}
	return 0;
}

static uint32_t gap(const struct window_set *set, size_t bytes)
{
	const uint32_t address = gap_from(set, WINDOW_FIRST, bytes);

	return address ? address : gap_from(set, COPROC_FW_WINDOW_BASE, bytes);
}

/* Make an entry and address space available, at the cost of the oldest. */
static struct window *room(struct window_set *set, uc_engine *uc, size_t bytes,
			   uint32_t *address)
{
	for (;;) {
		struct window *w = unused(set), *old;

		*address = gap(set, bytes);
		if (w && *address)
			return w;
		old = oldest(set);
		if (!old)
			return NULL;
		drop(old, uc);
	}
}

static enum window_status map(struct window *w, uc_engine *uc)
{
	const uint32_t access = w->writable ? UC_PROT_READ | UC_PROT_WRITE : UC_PROT_READ;

	if (uc_mem_map_ptr(uc, w->address, w->bytes, access, w->base) == UC_ERR_OK)
		return WINDOW_OK;
	memset(w, 0, sizeof(*w));
	return WINDOW_FAILED;
}

enum window_status window_find(struct window_set *set, uc_engine *uc,
			       const struct engine_operand *operand, uint32_t *address)
{
	const bool write = operand->access & XENCOPROC_ACCESS_WRITE;
	struct window *w = known(set, operand->buffer);
	enum window_status status = WINDOW_OK;
	uint32_t place;

	if (!w) {
		const size_t bytes = operand->pages * XENCOPROC_PAGE_SIZE;

		w = room(set, uc, bytes, &place);
		if (!w)
			return WINDOW_NO_ROOM;
		*w = (struct window){ operand->base, bytes, operand->buffer, place, write,
				      set->job };
		status = map(w, uc);
	} else if (write && !w->writable) {
		uc_mem_unmap(uc, w->address, w->bytes);
		w->writable = true;
		status = map(w, uc);
	}
	if (status != WINDOW_OK)
		return status;
	w->used = set->job;
	*address = w->address + operand->offset;
	return WINDOW_OK;
}

bool window_writable(const struct window_set *set, uint32_t address)
{
	for (size_t i = 0; i < WINDOWS_MAX; i++) {
		const struct window *w = &set->window[i];

		if (w->base && w->writable && address >= w->address &&
		    address - w->address < w->bytes)
			return true;
	}
	return false;
}

void window_drop_buffer(struct window_set *set, uc_engine *uc, uint32_t buffer)
{
	struct window *w = known(set, buffer);

	if (w)
		drop(w, uc);
}

void window_drop_all(struct window_set *set, uc_engine *uc)
{
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		if (set->window[i].base)
			drop(&set->window[i], uc);
}
