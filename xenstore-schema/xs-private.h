/* SPDX-License-Identifier: MIT */
/* Inside coproc-xenstore. */
#ifndef COPROC_SCHEMA_XS_PRIVATE_H
#define COPROC_SCHEMA_XS_PRIVATE_H

#include <errno.h>
#include <xenstore.h>

#include "xs.h"

struct coproc_xs {
	struct xs_handle *handle;
	unsigned int tries;     /* of a transaction that conflicts */
	char reason[512];
};

/**
 * coproc_xs_fail() - keeps the reason of a failure
 * @err:  positive errno
 * @what: "reading"
 * @path: on what
 *
 * Return: -err.
 */
int coproc_xs_fail(struct coproc_xs *xs, int err, const char *what, const char *path);

/** coproc_xs_read_path() - as coproc_xs_read(), by the whole path */
int coproc_xs_read_path(struct coproc_xs *xs, uint32_t t, const char *path, char **text,
			size_t *len);

#endif /* COPROC_SCHEMA_XS_PRIVATE_H */
