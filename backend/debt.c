/* SPDX-License-Identifier: MIT */
#include "debt.h"

#include <stdlib.h>

#include "clock.h"
#include "coprocessor.h"
#include "session.h"

struct debt {
	LIST_ENTRY(debt) link;
	uint32_t domain, device;
	struct sched_lane lane[SCHED_CLASSES];  /* of those that joined[] */
	bool joined[SCHED_CLASSES];
};

static bool paid(const struct coprocessor *coprocessor, const struct debt *debt, uint64_t now)
{
	for (uint32_t i = 0; i < SCHED_CLASSES; i++)
		if (debt->joined[i] && sched_owes(&coprocessor->sched, &debt->lane[i], now))
			return false;
	return true;
}

static void drop(struct debt *debt)
{
	LIST_REMOVE(debt, link);
	free(debt);
}

/* Paid is each after a period of its buckets and when the others have had as much,
 * and there is one for a device at most. */
static void drop_paid(struct coprocessor *coprocessor, uint64_t now)
{
	struct debt *debt, *next;

	for (debt = LIST_FIRST(&coprocessor->debts); debt; debt = next) {
		next = LIST_NEXT(debt, link);
		if (paid(coprocessor, debt, now))
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
	for (uint32_t i = 0; i < SCHED_CLASSES; i++) {
		debt->lane[i] = session->lanes[i].sched;
		debt->joined[i] = session->lanes[i].joined;
	}
	if (paid(coprocessor, debt, now))
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
		if (session->lanes[i].joined && debt->joined[i])
			sched_inherit(&coprocessor->sched, &session->lanes[i].sched, &debt->lane[i], now);
	drop(debt);
}

void debt_forget_all(struct coprocessor *coprocessor)
{
	struct debt *debt, *next;

	for (debt = LIST_FIRST(&coprocessor->debts); debt; debt = next) {
		next = LIST_NEXT(debt, link);
		drop(debt);
	}
}
