/* SPDX-License-Identifier: MIT */
#include "tie.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget.h"

struct connecting {
	struct tie *tie;
	struct coprocessor *coprocessor;
	uint32_t domain;
	uint32_t device;
	const struct coproc_limits *limits;
	const struct session_grants *grants;
	const struct session_share *share;
	char *why;
	bool made;
};

struct sharing {
	struct tie *tie;
	const struct session_share *share;
};

/* ---- in the loop ---- */

static void on_broken(void *arg, const char *why)
{
	struct tie *tie = arg;

	snprintf(tie->why, sizeof(tie->why), "%s", why);
	inbox_send(tie->home, &tie->tell_broken);
	session_shutdown(tie->session);
}

static void on_over(void *arg)
{
	struct tie *tie = arg;

	tie->session = NULL;
	inbox_send(tie->home, &tie->tell_over);
}

static const struct session_owner owner = { .broken = on_broken, .over = on_over };

static void make_session(void *arg)
{
	struct connecting *c = arg;
	uint64_t begin = budget_clock();

	c->tie->session = session_connect(c->coprocessor, c->domain, c->device, c->limits, c->grants,
					  c->share, &owner, c->tie, c->why);
	c->made = c->tie->session;
	c->tie->cost_ns = budget_clock() - begin;
}

static void end_session(void *arg)
{
	struct tie *tie = arg;

	/* It may be over, and its owner not have heard of that yet. */
	if (tie->session)
		session_shutdown(tie->session);
}

static void change_share(void *arg)
{
	const struct sharing *sharing = arg;
	struct session *session = sharing->tie->session;

	if (!session || session->closing)
		return;
	session_set_share(session, sharing->share);
	session_event(session, XENCOPROC_EVENT_LIMITS, XENCOPROC_OK, 0, 0);
}

/* ---- in the store's thread ---- */

static void hear_broken(void *arg)
{
	struct tie *tie = arg;

	tie->ending = true;
	tie->owner->broken(tie->arg, tie->why);
}

static void hear_over(void *arg)
{
	struct tie *tie = arg;

	tie->owner->over(tie->arg);
}

struct tie *tie_connect(struct coprocessor *coprocessor, uint32_t domain, uint32_t device,
			const struct coproc_limits *limits, const struct session_grants *grants,
			const struct session_share *share, struct inbox *home,
			const struct tie_owner *tie_owner, void *arg, char *why)
{
	struct tie *tie = calloc(1, sizeof(*tie));
	struct connecting connecting = {
		.tie = tie,
		.coprocessor = coprocessor,
		.domain = domain,
		.device = device,
		.limits = limits,
		.grants = grants,
		.share = share,
		.why = why,
	};

	snprintf(why, 256, "the backend is out of memory");
	if (!tie)
		return NULL;
	tie->backend = coprocessor->backend;
	tie->home = home;
	tie->owner = tie_owner;
	tie->arg = arg;
	tie->tell_broken = (struct inbox_call){ .make = hear_broken, .arg = tie };
	tie->tell_over = (struct inbox_call){ .make = hear_over, .arg = tie };
	if (!inbox_ask(tie->backend->inbox, make_session, &connecting))
		snprintf(why, 256, "the backend is ending");
	else if (connecting.made)
		return tie;
	free(tie);
	return NULL;
}

void tie_shutdown(struct tie *tie)
{
	if (tie->ending)
		return;
	tie->ending = true;
	(void)inbox_ask(tie->backend->inbox, end_session, tie);
}

void tie_set_share(struct tie *tie, const struct session_share *share)
{
	struct sharing sharing = { tie, share };

	(void)inbox_ask(tie->backend->inbox, change_share, &sharing);
}
