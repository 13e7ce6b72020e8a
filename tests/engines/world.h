/* SPDX-License-Identifier: MIT */
/* A loopback world around an engine's test: two domains that share pages with it. */
#ifndef TESTS_ENGINES_WORLD_H
#define TESTS_ENGINES_WORLD_H

#include <check.h>
#include <stdint.h>

#define WORLD_DOMID     5u              /* the domain whose workers are tested */
#define WORLD_OTHER     6u              /* one whose pages they must not have */
#define WORLD_WRITABLE  2048u           /* pages that each shares */
#define WORLD_READONLY  8u              /* word w of these: w / 1024 + 1 */

struct world_domain {
	uint32_t writable[WORLD_WRITABLE];
	uint32_t readonly[WORLD_READONLY];
};

extern struct world_domain world_own, world_other;

/* Domain 0's own view of the writable pages of WORLD_DOMID, in order. */
extern uint8_t *world_pages;

/* main() of a test program: runs it inside a world, and there the suite. */
int world_main(int argc, char **argv, Suite *(*suite)(void));

#endif /* TESTS_ENGINES_WORLD_H */
