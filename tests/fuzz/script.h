/* SPDX-License-Identifier: MIT */
/* Target "session": a script, and what it is played on. */
#ifndef TESTS_FUZZ_SCRIPT_H
#define TESTS_FUZZ_SCRIPT_H

#include "backend/backend.h"
#include "fuzz.h"
#include "guest.h"

struct script {
	struct input in;
	struct backend backend;
	struct config config;
	struct config_coprocessor coprocessor;
	struct guest guest[2];
	bool stopping, stopped;
	bool honest;            /* nothing that the rim did has failed */
};

/* ---- session.c ---- */

void script_stop(struct script *s);
void script_run(uint64_t ns);
/* By the rules, until the guest is connected or nothing moves any more. */
void script_connect(struct guest *g);
/* What all its queues have for it. */
void script_take(struct guest *g);

/* ---- events.c ---- */

/* What this byte says; it takes from the input what belongs to it. */
void script_event(struct script *s, struct guest *g, uint8_t op);

#endif /* TESTS_FUZZ_SCRIPT_H */
