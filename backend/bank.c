/* SPDX-License-Identifier: MIT */
#include "bank.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"

int bank_pool_init(struct bank_pool *pool, uint32_t count, uint64_t bytes)
{
	*pool = (struct bank_pool){ .count = count, .bytes = bytes };
	pool->banks = calloc(count ? count : 1, sizeof(*pool->banks));
	if (!pool->banks)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		pool->banks[i] = (struct bank){ .fd = -1, .number = i, .domain = BANK_NOBODY };
	return 0;
}

void bank_pool_fini(struct bank_pool *pool)
{
	for (uint32_t i = 0; i < pool->count; i++)
		if (pool->banks[i].fd >= 0)
			close(pool->banks[i].fd);
	free(pool->banks);
	*pool = (struct bank_pool){ 0 };
}

static int bank_make(const struct bank_pool *pool, struct bank *bank)
{
	int fd;

	if (bank->fd >= 0)
		return 0;
	fd = memfd_create("coproc-bank", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	/* Sealed against resizing: a worker that shrank it would make coprocd's
	 * check look at nothing. */
	if (ftruncate(fd, (off_t)pool->bytes) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	bank->fd = fd;
	return 0;
}

static struct bank *pool_find(struct bank_pool *pool, enum bank_state state, const void *holder)
{
	for (uint32_t i = 0; i < pool->count; i++)
		if (pool->banks[i].state == state && pool->banks[i].holder == holder)
			return &pool->banks[i];
	return NULL;
}

struct bank *bank_take(struct bank_pool *pool, uint32_t domain, const void *holder)
{
	struct bank_evidence evidence = { 0 };
	struct bank *bank = pool_find(pool, BANK_DIRTY, holder);
	int rc;

	if (bank)
		rc = bank_scrub(pool, bank, &evidence);
	else if ((bank = pool_find(pool, BANK_CLEAN, NULL)))
		rc = bank_make(pool, bank);
	else
		rc = -ENOSPC;
	if (rc) {
		errno = -rc;
		return NULL;
	}
	bank->state = BANK_OWNED;
	bank->domain = domain;
	bank->holder = holder;
	return bank;
}

void bank_drop(struct bank *bank)
{
	bank->state = BANK_DIRTY;
}

/* Bytes that are not zero, read through the file: a hole costs no memory. */
static int64_t count_nonzero(int fd, uint64_t bytes)
{
	static unsigned char block[65536];
	int64_t found = 0;

	for (uint64_t at = 0; at < bytes;) {
		ssize_t got = pread(fd, block, sizeof(block), (off_t)at);

		if (got <= 0)
			return -EIO;
		/* All equal to the first, and the first zero: memcmp is the
		 * fastest honest look at each byte. */
		if (block[0] || memcmp(block, block + 1, (size_t)got - 1))
			for (ssize_t i = 0; i < got; i++)
				found += block[i] != 0;
		at += (uint64_t)got;
	}
	return found;
}

int bank_scrub(const struct bank_pool *pool, struct bank *bank, struct bank_evidence *evidence)
{
	uint64_t begin = clock_now();
	struct stat before;
	int64_t found;

	if (bank->fd < 0)
		return 0;
	if (fstat(bank->fd, &before) < 0)
		return -errno;
	if (fallocate(bank->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		      (off_t)pool->bytes) < 0)
		return -errno;
	found = count_nonzero(bank->fd, pool->bytes);
	evidence->bytes += pool->bytes;
	evidence->resident += (uint64_t)before.st_blocks * 512;
	evidence->nonzero += found > 0 ? (uint64_t)found : 0;
	evidence->ns += clock_now() - begin;
	return found ? -EIO : 0;
}

int bank_reclaim(struct bank_pool *pool, const void *holder, struct bank_evidence *evidence)
{
	int rc = 0;

	for (uint32_t i = 0; i < pool->count; i++) {
		struct bank *bank = &pool->banks[i];

		if (bank->state == BANK_CLEAN || bank->holder != holder)
			continue;
		if (bank_scrub(pool, bank, evidence)) {
			bank->state = BANK_DIRTY;
			rc = -EIO;
			continue;
		}
		bank->state = BANK_CLEAN;
		bank->domain = BANK_NOBODY;
		bank->holder = NULL;
	}
	return rc;
}
