/* SPDX-License-Identifier: MIT */
#include "tests/loopback/pair.h"

struct guest *a, *b;

void two_guests(void)
{
	world_before();
	a = guest_start(1);
	b = guest_start(2);
}

void no_guests(void)
{
	if (a)
		guest_kill(a);
	if (b)
		guest_kill(b);
	a = b = NULL;
	world_after();
}
