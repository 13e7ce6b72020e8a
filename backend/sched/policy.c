/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <string.h>

/* A new policy adds one line here. */
static const struct sched_policy *const policies[] = {
	&sched_policy_wfq,
};

const struct sched_policy *sched_policy_find(const char *name)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (!strcmp(policies[i]->name, name))
			return policies[i];
	return NULL;
}
