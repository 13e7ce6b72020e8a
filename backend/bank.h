/* SPDX-License-Identifier: MIT */
/*
 * Banks: the local memory of a coprocessor, one bank for each context.
 *
 * A bank belongs to one domain from the moment that a context of it needs
 * memory until the domain's worker process is dead; only then, scrubbed and
 * found to be zero, does it go back for others.  While the worker lives it
 * could still have the bank mapped, whatever it says.
 */
#ifndef COPROC_BACKEND_BANK_H
#define COPROC_BACKEND_BANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BANK_NOBODY     UINT32_MAX

enum bank_state {
	BANK_CLEAN,             /* zero, proven; free */
	BANK_OWNED,             /* backs a context */
	BANK_DIRTY,             /* backs nothing now, still its owner's */
};

struct bank {
	enum bank_state state;
	int fd;                 /* memfd, -1: not made yet */
	uint32_t number;
	uint32_t domain;        /* owner, BANK_NOBODY when clean */
	const void *holder;     /* the session that holds it: a domain may have several */
};

struct bank_pool {
	struct bank *banks;
	uint32_t count;
	uint64_t bytes;         /* of each bank, page multiple */
};

/* What a scrub did: the evidence that promise 2 asks for. */
struct bank_evidence {
	uint64_t bytes;         /* scrubbed */
	uint64_t resident;      /* of them had held data pages */
	uint64_t nonzero;       /* bytes not zero found afterwards; 0 or the scrub failed */
	uint64_t ns;
};

/* Return: 0 or -ENOMEM. */
int bank_pool_init(struct bank_pool *pool, uint32_t count, uint64_t bytes);
void bank_pool_fini(struct bank_pool *pool);

/**
 * bank_take() - a clean bank for a domain
 *
 * A dirty bank of the same holder is scrubbed and used again first.
 * Return: the bank; NULL with errno ENOSPC when all are taken, or what
 * memfd_create() or the scrub said.
 */
struct bank *bank_take(struct bank_pool *pool, uint32_t domain, const void *holder);

/* The context is gone; the bank stays its holder's, dirty. */
void bank_drop(struct bank *bank);

/**
 * bank_reclaim() - all banks of a holder whose worker process is dead
 * @evidence: summed over the banks
 *
 * Return: 0, or -EIO when a bank could not be proven zero: it stays dirty and
 * the caller must stop the coprocessor.
 */
int bank_reclaim(struct bank_pool *pool, const void *holder, struct bank_evidence *evidence);

/**
 * bank_scrub() - give the pages back, and read that they are zero
 *
 * Return: 0, or -errno (-EIO: data was found afterwards).
 */
int bank_scrub(const struct bank_pool *pool, struct bank *bank, struct bank_evidence *evidence);

#endif /* COPROC_BACKEND_BANK_H */
