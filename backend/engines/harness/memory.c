/* SPDX-License-Identifier: MIT */
/* The worker's memory limit, and giving pages back. */
#include "backend/engines/harness/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "backend/engines/engine.h"

/*
 * RLIMIT_DATA counts private writable address space, which is heap and
 * anonymous maps: what a guest could make an engine use.  Not granted pages,
 * images and banks: those are counted where they come from.  The soft limit
 * moves up as the engine announces reserves, the hard one stands.
 */
static struct {
	uint64_t soft, hard;
	bool limited;
} memory;

/* AddressSanitizer maps terabytes of shadow: no limit can hold under it. */
#ifdef __SANITIZE_ADDRESS__
static const bool can_limit = false;
#else
static const bool can_limit = true;
#endif

static int apply(void)
{
	const struct rlimit r = { memory.soft, memory.hard };

	return setrlimit(RLIMIT_DATA, &r) ? -errno : 0;
}

int memory_limit(uint64_t limit, uint64_t reserve)
{
	if (limit == 0 || !can_limit)
		return 0;
	if (reserve > INT64_MAX - limit)
		return -EINVAL;
	/* What prepare() announced is counted already. */
	memory.soft += limit;
	memory.hard = limit + reserve;
	memory.limited = true;
	return apply();
}

bool engine_reserve(uint64_t bytes)
{
	memory.soft += bytes;
	if (!memory.limited)
		return true;
	if (memory.soft <= memory.hard && apply() == 0)
		return true;
	memory.soft -= bytes;
	return false;
}

void engine_unreserve(uint64_t bytes)
{
	memory.soft -= bytes;
	if (memory.limited)
		apply();
}

void engine_scrub(void *base, size_t bytes)
{
	/* The pages of a bank are a memfd's: a hole reads as zero, and what was
	 * in it goes back to the host.  Where that is refused, write the zeroes. */
	if (madvise(base, bytes, MADV_REMOVE))
		memset(base, 0, bytes);
}
