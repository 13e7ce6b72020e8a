// SPDX-License-Identifier: MIT
/*
 * Grants.  Pages come from the grant driver, zeroed by it, and are granted from
 * their first moment; so nothing that was in memory before can be read in
 * them (threat B2).
 *
 * Ending a grant (threat B1): the peer may still have the page mapped, lie
 * about it or not answer.  The grant driver keeps such a page away from
 * everybody until it is unmapped, so giving back is always safe; what this
 * library adds is that it never uses a page twice itself, and that it counts
 * those given back without the backend's word.  If even giving back fails, the
 * mapping stays where it is for the life of the process.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

/*
 * Shares @count fresh pages with @domain; @refs gets their references, which
 * are checked because the protocol gives one value a meaning of its own.
 * NULL with errno set.
 */
void *pages_share(struct coproc_device *dev, uint32_t domain, uint32_t count, uint32_t *refs,
		  bool writable)
{
	void *at = xengntshr_share_pages(dev->gntshr, domain, (int)count, refs, writable);
	uint32_t i;

	if (!at)
		return NULL;
	dev->stats.pages += count;
	for (i = 0; i < count; i++) {
		if (refs[i] == XENCOPROC_GREF_NONE) {
			pages_end(dev, at, count, true);
			errno = EPROTO;
			return NULL;
		}
	}
	return at;
}

/* @confirmed: the backend said that it unmapped them, or never knew of them. */
void pages_end(struct coproc_device *dev, void *at, uint32_t count, bool confirmed)
{
	if (!at)
		return;
	dev->stats.pages -= count;
	if (xengntshr_unshare(dev->gntshr, at, count) != 0)
		dev->stats.pages_leaked += count;
	else if (!confirmed)
		dev->stats.pages_unconfirmed += count;
}
