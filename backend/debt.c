/* SPDX-License-Identifier: MIT */
#include "debt.h"

#include <stdlib.h>

#include "clock.h"
#include "coprocessor.h"
#include "session.h"

struct debt {
	LIST_ENTRY(debt) link;
	uint32_t domain, device;
	struct sched_bucket realtime[SCHED_CLASSES], cap[SCHED_CLASSES];
};

static bool full(const struct sched_bucket *bucket, uint64_t now)
{
	struct sched_bucket filled = *bucket;

	sched_bucket_fill(&filled, now);
	return !sched_bucket_bounded(&filled) || filled.tokens_ns >= (int64_t)filled.budget_ns;
}

static bool paid(const struct debt *debt, uint64_t now)
{
	for (uint32_t i = 0; i < SCHED_CLASSES; i++)
		if (!full(&debt->realtime[i], now) || !full(&debt->cap[i], now))
			return false;
	return true;
}

static void drop(struct debt *debt)
{
	LIST_REMOVE(debt, link);
	free(debt);
}

/* Each is paid after a period of its buckets: there are never more than devices
 * that were connected so shortly ago. */
static void drop_paid(struct coprocessor *coprocessor, uint64_t now)
{
	struct debt *debt, *next;

	for (debt = LIST_FIRST(&coprocessor->debts); debt; debt = next) {
		next = LIST_NEXT(debt, link);
		if (paid(debt, now))
			drop(debt);
	}
}

void debt_keep(struct session *session)
{
	struct coprocessor *coprocessor = session->coprocessor;
	uint64_t now = clock_now();
	struct debt *debt = calloc(1, sizeof(*debt));

	drop_paid(coprocessor, now);
	if (!debt)
		return;
	debt->domain = session->domain;
	debt->device = session->device;
	for (uint32_t i = 0; i < SCHED_CLASSES; i++)
		if (session->lanes[i].joined) {
			debt->realtime[i] = session->lanes[i].sched.realtime;
			debt->cap[i] = session->lanes[i].sched.cap;
		}
	if (paid(debt, now))
		free(debt);
	else
		LIST_INSERT_HEAD(&coprocessor->debts, debt, link);
}

void debt_take(struct session *session)
{
	struct coprocessor *coprocessor = session->coprocessor;
	uint64_t now = clock_now();
	struct debt *debt;

	LIST_FOREACH(debt, &coprocessor->debts, link)
		if (debt->domain == session->domain && debt->device == session->device)
			break;
	if (!debt)
		return;
	for (uint32_t i = 0; i < SCHED_CLASSES; i++)
		if (session->lanes[i].joined)
			sched_inherit(&coprocessor->sched, &session->lanes[i].sched, &debt->realtime[i],
				      &debt->cap[i], now);
	drop(debt);
}

void debt_forget_all(struct coprocessor *coprocessor)
{
	while (!LIST_EMPTY(&coprocessor->debts))
		drop(LIST_FIRST(&coprocessor->debts));
}
