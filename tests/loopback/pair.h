/* SPDX-License-Identifier: MIT */
/* Two guests that each test of a file begins with. */
#ifndef TESTS_LOOPBACK_PAIR_H
#define TESTS_LOOPBACK_PAIR_H

#include "tests/loopback/world.h"

/* Domains 1 and 2.  A test that has ended one puts NULL there. */
extern struct guest *a, *b;

/* Fixture: with world_before() and world_after(). */
void two_guests(void);
void no_guests(void);

#endif /* TESTS_LOOPBACK_PAIR_H */
