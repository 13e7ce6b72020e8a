/* SPDX-License-Identifier: MIT */
/*
 * Unicorn's emulated TLB enters each writable page as one whose stores have to
 * be looked at, and has a function, tlb_set_dirty, to end that for a page; it
 * never calls it.  Both functions are symbols of the shared library, and the
 * library calls the first through its procedure linkage table.  So this
 * program has a function of that name, which is found before the library's
 * own: it calls that one and then the second.
 *
 * What may be written is checked on the long way only, so this must be done for
 * nothing but RAM and writable windows.  An entry does not outlive its mapping.
 *
 * Where a library does not call it through its table, or is of another version
 * than 2.0, all is as without this file: right, and slower.
 */
#include "backend/engines/cortex-m/stores.h"

#include <dlfcn.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

#define ENTER           "tlb_set_page_with_attrs_arm"
#define SET_DIRTY       "tlb_set_dirty_arm"

#if UC_API_MAJOR == 2 && UC_API_MINOR == 0

/* In place of a structure of 32 one-bit fields, which travels as an integer. */
typedef uint32_t attributes;

typedef void enter_page(void *cpu, uint32_t address, uint64_t physical, attributes a, int access,
			int mode, uint32_t bytes);

enter_page tlb_set_page_with_attrs_arm;

static enter_page *enter;
static void (*set_dirty)(void *cpu, uint32_t address);
static const struct window_set *running;

static bool writable(uint32_t address)
{
	return address - COPROC_FW_RAM_BASE < COPROC_FW_RAM_SIZE ||
	       (running && window_writable(running, address));
}

void tlb_set_page_with_attrs_arm(void *cpu, uint32_t address, uint64_t physical, attributes a,
				 int access, int mode, uint32_t bytes)
{
	enter(cpu, address, physical, a, access, mode, bytes);
	if (set_dirty && writable(address))
		set_dirty(cpu, address);
}

void stores_prepare(void)
{
	unsigned int major, minor;

	uc_version(&major, &minor);
	*(void **)&enter = dlsym(RTLD_NEXT, ENTER);
	if (major == 2 && minor == 0)
		*(void **)&set_dirty = dlsym(RTLD_NEXT, SET_DIRTY);
}

void stores_begin(const struct window_set *windows)
{
	running = windows;
}

#else

void stores_begin(const struct window_set *windows)
{
}

void stores_prepare(void)
{
}

#endif
