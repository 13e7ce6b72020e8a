// SPDX-License-Identifier: MIT
/*
 * The toolstack's part: both directories of the device that is played, made as
 * coproc-attach makes them, removed, and made again unseen.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frontend.h"

static bool make(struct played *p, const char *path, uint32_t owner, uint32_t reader)
{
	struct xs_permissions perms[2] = {
		{ .id = owner, .perms = XS_PERM_NONE }, { .id = reader, .perms = XS_PERM_READ },
	};

	return xs_mkdir(p->xs, p->transaction, path) &&
	       xs_set_permissions(p->xs, p->transaction, path, perms, 2);
}

static bool give(struct played *p, const char *dir, const char *name, const char *value,
		 uint32_t owner, uint32_t reader)
{
	char path[COPROC_PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	xs_write(p->xs, p->transaction, path, value, (unsigned int)strlen(value));
	return make(p, path, owner, reader);
}

void played_remove(struct played *p, bool backend, bool frontend)
{
	if (frontend)
		xs_rm(p->xs, p->transaction, p->peer_dir);
	if (backend)
		xs_rm(p->xs, p->transaction, p->dir);
}

/* Both directories, as coproc-attach makes them; the frontend's state last. */
static bool attach_backend(struct played *p)
{
	char number[16];
	bool good = make(p, p->dir, p->own, p->domid);

	snprintf(number, sizeof(number), "%u", p->domid);
	good &= give(p, p->dir, "frontend", p->peer_dir, p->own, p->domid);
	good &= give(p, p->dir, "frontend-id", number, p->own, p->domid);
	good &= give(p, p->dir, "online", "1", p->own, p->domid);
	good &= give(p, p->dir, "coprocessor", "conform", p->own, p->domid);
	good &= give(p, p->dir, "max-class", "realtime", p->own, p->domid);
	good &= give(p, p->dir, "state", "1", p->own, p->domid);
	p->mine = COPROC_STATE_INITIALISING;
	return good;
}

static bool attach_frontend(struct played *p)
{
	char number[16];
	bool good = make(p, p->peer_dir, p->domid, p->own);

	good &= give(p, p->peer_dir, "backend", p->dir, p->own, p->domid);
	snprintf(number, sizeof(number), "%u", p->own);
	good &= give(p, p->peer_dir, "backend-id", number, p->own, p->domid);
	good &= give(p, p->peer_dir, "state", "1", p->domid, p->own);
	return good;
}

bool played_attach(struct played *p)
{
	char above[COPROC_PATH_SIZE];
	bool good;

	snprintf(above, sizeof(above), "/local/domain/%u/device", p->domid);
	xs_mkdir(p->xs, XBT_NULL, above);
	snprintf(above, sizeof(above), "/local/domain/%u/device/vcoproc", p->domid);
	good = make(p, above, p->own, p->domid);
	good &= attach_backend(p);
	good &= attach_frontend(p);
	return good;
}

bool played_give_again(struct played *p, bool backend, bool frontend)
{
	unsigned int mine = p->mine;
	bool good = false, again = true;

	while (again) {
		p->transaction = xs_transaction_start(p->xs);
		played_remove(p, backend, frontend);
		good = (!backend || attach_backend(p)) && (!frontend || attach_frontend(p));
		again = !xs_transaction_end(p->xs, p->transaction, !good) && errno == EAGAIN;
	}
	p->transaction = XBT_NULL;
	if (!backend)
		p->mine = mine;
	return good;
}
