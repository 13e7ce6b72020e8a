/* SPDX-License-Identifier: MIT */
/*
 * A guest that attacks the backend through what it shares with it.  Each attack
 * prints "ok - what" and "not ok - what"; the script that starts it numbers the
 * lines.  What each is, and which of them holds what: README.md.
 */
#ifndef COPROC_HOSTILE_ATTACK_H
#define COPROC_HOSTILE_ATTACK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "raw.h"
#include "tests/engines/work.h"
#include "tests/unit/verdict.h"

extern struct raw raw;

void connect_(void);                    /* exits when it cannot */
double now(void);                       /* seconds */

/**
 * flooding() - for attacks that go on for some time
 * @until: as now()
 * @done: what it did so far
 * @least: and has to do at least, however long a slow machine takes for that
 *
 * They rest in the second half of each second, so that one run has both: what
 * a neighbour gets done under attack, and without.
 *
 * Return: whether to go on.
 */
bool flooding(double until, unsigned long done, unsigned long least);

/* The file's bytes; static memory, used anew by each call. */
const uint8_t *image(const char *path, uint32_t *length, uint8_t digest[32]);
/* Contexts 0 and 1, buffer 0 with the image in it, firmware 0; connected. */
void load(const char *path);

/* Queues 1 .. of class normal: how many there are. */
unsigned int all_queues(void);
/* A job that waits so long, in microseconds, for what never comes. */
struct coproc_request waiting_job(uint32_t start_limit_us);

/* A process of its own that does it again and again, with the same memory. */
pid_t child(void (*what)(void *at, size_t size), void *at, size_t size);
void end(pid_t pid);

/* Ask on the control queue, and want this status. */
void expect(const char *id, struct coproc_request *request, unsigned int status, const char *what);
struct xencoproc_cell *sq_cell(unsigned int queue);
/* Store an index or another word, and notify. */
void set(uint32_t *where, uint32_t value);
/* One request by hand, with a slot of our choice. */
void by_hand(unsigned int queue, uint32_t place, struct coproc_request *request, uint16_t slot);

struct attack {
	const char *name;
	void (*run)(const char *with);
};

extern const struct attack bounds_attacks[], changes_attacks[], cunning_attacks[], firmware_attacks[],
	floods_attacks[], grants_attacks[], guilty_attacks[], nodes_attacks[], order_attacks[], rings_attacks[],
	stale_attacks[], unpaid_attacks[];

#endif /* COPROC_HOSTILE_ATTACK_H */
