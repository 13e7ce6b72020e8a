/* SPDX-License-Identifier: MIT */
/* What guests of scenarios that use libcoproc have in common. */
#ifndef TESTS_SCENARIO_GUEST_H
#define TESTS_SCENARIO_GUEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend/user/coproc.h"
#include "tests/unit/verdict.h"

static struct coproc_device *device;

/* Without it nothing else makes sense: ends the program. */
static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	check(false, "%s: %s (%s)", what, strerror(-rc), device ? coproc_reason(device) : "");
	exit(1);
}

#endif /* TESTS_SCENARIO_GUEST_H */
