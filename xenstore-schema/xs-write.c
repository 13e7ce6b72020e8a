// SPDX-License-Identifier: MIT
/*
 * Transactions, permissions and deletion.
 */
#include <time.h>

#include "xs-private.h"

/* Conflicts come from other domains' transactions, which are short: the first
 * retries are at once, later ones leave them a moment. */
static void wait_a_moment(unsigned int tries)
{
	struct timespec pause = { .tv_nsec = 1000000L * tries };

	if (tries > 4)
		nanosleep(&pause, NULL);
}

int coproc_xs_transaction(struct coproc_xs *xs, const char *what,
			  int (*body)(struct coproc_xs *xs, uint32_t t, void *context),
			  void *context)
{
	unsigned int tries;

	for (tries = 0; tries < xs->tries; tries++) {
		xs_transaction_t t;
		int rc;

		wait_a_moment(tries);
		errno = 0;
		t = xs_transaction_start(xs->handle);
		/* XBT_NULL is 0: no transaction would be the outside. */
		if (t == XBT_NULL) {
			/* Too many transactions of this domain at once. */
			if (errno == EAGAIN || errno == EBUSY)
				continue;
			return coproc_xs_fail(xs, errno, "starting a transaction for", what);
		}
		rc = body(xs, t, context);
		if (rc) {
			(void)xs_transaction_end(xs->handle, t, true);
			/* A node vanished under us, or the like: begin again. */
			if (rc == -EAGAIN)
				continue;
			return rc;
		}
		errno = 0;
		if (xs_transaction_end(xs->handle, t, false))
			return 0;
		if (errno != EAGAIN)
			return coproc_xs_fail(xs, errno, "ending the transaction for", what);
	}
	return coproc_xs_fail(xs, EAGAIN, "too many conflicting transactions while", what);
}

static int set_access(struct coproc_xs *xs, uint32_t t, const char *path,
		      const struct coproc_xs_access *access)
{
	struct xs_permissions perms[3];
	unsigned int n = 0, i;

	/* The first entry names the owner and what everybody else may: nothing. */
	perms[n++] = (struct xs_permissions){ .id = access->owner, .perms = XS_PERM_NONE };
	for (i = 0; i < 2; i++) {
		if (access->reader[i] == access->owner ||
		    (i == 1 && access->reader[1] == access->reader[0]))
			continue;
		perms[n++] = (struct xs_permissions){
			.id = access->reader[i],
			.perms = XS_PERM_READ | (i == 0 && access->writer ? XS_PERM_WRITE : 0),
		};
	}
	errno = 0;
	if (!xs_set_permissions(xs->handle, t, path, perms, n))
		return coproc_xs_fail(xs, errno, "setting the permissions of", path);
	return 0;
}

int coproc_xs_put(struct coproc_xs *xs, uint32_t t, const char *path, const char *text,
		  size_t len, const struct coproc_xs_access *access)
{
	bool done;

	errno = 0;
	if (text)
		done = xs_write(xs->handle, t, path, text, (unsigned int)len);
	else
		done = xs_mkdir(xs->handle, t, path);
	if (!done)
		return coproc_xs_fail(xs, errno, text ? "writing" : "making", path);
	return set_access(xs, t, path, access);
}

int coproc_xs_delete(struct coproc_xs *xs, uint32_t t, const char *path)
{
	errno = 0;
	if (xs_rm(xs->handle, t, path) || errno == ENOENT)
		return 0;
	return coproc_xs_fail(xs, errno, "removing", path);
}
