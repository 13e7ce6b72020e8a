/* SPDX-License-Identifier: MIT */
/*
 * The rim of a frontend: libxengntshr, event channels and the descriptors on
 * which libcoproc sleeps.  While it sleeps the peer has its turn, and only when
 * that has nothing to do, time goes on.
 */
#ifndef TESTS_FUZZ_FRONT_H
#define TESTS_FUZZ_FRONT_H

#include "rim.h"

/* The peer's turn.  Return: whether it did something. */
typedef bool front_turn(void);

void front_reset(front_turn *turn);
/* A page that is shared under this reference, or NULL.  @write: only if the
 * other domain may write it. */
uint8_t *front_page(uint32_t ref, bool write);
/* The peer sends a port of the frontend. */
void front_send(uint32_t port);
void front_fail(uint32_t nth);          /* the nth share, port or descriptor */
/* Sleeps so far: whoever makes too many in one call hangs. */
uint32_t front_sleeps(void);
uint32_t front_held(void);              /* shares, ports, descriptors */

#endif /* TESTS_FUZZ_FRONT_H */
