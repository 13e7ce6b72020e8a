/* SPDX-License-Identifier: MIT */
/*
 * Between a device, which the store's thread walks through its states, and its
 * session, which the loop serves.  All functions are for the store's thread.
 */
#ifndef COPROC_BACKEND_TIE_H
#define COPROC_BACKEND_TIE_H

#include "inbox.h"
#include "session.h"

/* What the device hears, in its own thread. */
struct tie_owner {
	/* The connection cannot go on, and is being shut down; @why goes to xenstore. */
	void (*broken)(void *arg, const char *why);
	/* All is released; the tie may be freed. */
	void (*over)(void *arg);
};

struct tie {
	struct backend *backend;
	struct inbox *home;             /* of the store's thread */
	const struct tie_owner *owner;
	void *arg;
	bool ending;                    /* shut down, or broken: nothing to be asked of it any more */
	uint64_t cost_ns;               /* of the loop's time, to make it */

	struct session *session;        /* the loop's */
	struct inbox_call tell_broken;
	struct inbox_call tell_over;
	char why[256];
};

/**
 * tie_connect() - have the loop make a session
 * @home: where the owner is told
 * @why: at least 256 bytes, filled on failure
 *
 * Return: NULL on failure; else to be freed with free() after over().
 */
struct tie *tie_connect(struct coprocessor *coprocessor, uint32_t domain, uint32_t device,
			const struct coproc_limits *limits, const struct session_grants *grants,
			const struct session_share *share, struct inbox *home,
			const struct tie_owner *owner, void *arg, char *why);
void tie_shutdown(struct tie *tie);
/* The toolstack changed what the domain may have: it holds, and the frontend is told. */
void tie_set_share(struct tie *tie, const struct session_share *share);

#endif /* COPROC_BACKEND_TIE_H */
