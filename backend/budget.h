/* SPDX-License-Identifier: MIT */
/*
 * How much time of a thread one guest may take for what only it asks for.
 * Time comes back as a part of the time that passes, up to a limit; what is
 * under way is ended even when there is none left, and then owed.
 */
#ifndef COPROC_BACKEND_BUDGET_H
#define COPROC_BACKEND_BUDGET_H

#include <stdint.h>
#include <time.h>

struct budget {
	int64_t left_ns;                /* below 0: owed */
	int64_t most_ns;
	uint32_t part;                  /* one part in so many comes back */
	uint64_t as_of_ns;
};

static inline void budget_init(struct budget *budget, int64_t first_ns, int64_t most_ns,
			       uint32_t part, uint64_t now)
{
	*budget = (struct budget){ .left_ns = first_ns, .most_ns = most_ns, .part = part,
				   .as_of_ns = now };
}

/**
 * budget_wait() - may it go on?
 *
 * Return: 0: yes; else nanoseconds after which it may.
 */
static inline uint64_t budget_wait(struct budget *budget, uint64_t now)
{
	uint64_t passed = now > budget->as_of_ns ? now - budget->as_of_ns : 0;
	int64_t back = (int64_t)(passed / budget->part);

	/* What is less than a nanosecond of budget stays to be counted. */
	budget->as_of_ns += (uint64_t)back * budget->part;
	budget->left_ns = budget->left_ns > budget->most_ns - back ? budget->most_ns :
			  budget->left_ns + back;
	return budget->left_ns > 0 ? 0 : ((uint64_t)-budget->left_ns + 1) * budget->part;
}

static inline void budget_spend(struct budget *budget, uint64_t ns)
{
	budget->left_ns -= (int64_t)ns;
}

/* What to measure spending by: a machine that is busy elsewhere is not the guest's doing. */
static inline uint64_t budget_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif /* COPROC_BACKEND_BUDGET_H */
