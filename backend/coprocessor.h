/* SPDX-License-Identifier: MIT */
/*
 * A coprocessor: whose turn it is, which job runs on it, and what happens
 * when that job must make room, runs too long, or takes its worker along.
 *
 * One job is on the coprocessor at a time.  Another domain's job is paused by
 * stopping its worker process; the own domain's by asking the engine to put
 * it aside.
 */
#ifndef COPROC_BACKEND_COPROCESSOR_H
#define COPROC_BACKEND_COPROCESSOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "backend.h"
#include "bank.h"
#include "config.h"
#include "engines/wire.h"
#include "sched/sched.h"

struct debt;
struct event;
struct job;
struct lane;
struct session;

enum coprocessor_phase {
	PHASE_IDLE,
	PHASE_RUNNING,
	PHASE_PARKING,          /* the running job was asked to step aside */
	PHASE_ABORTING          /* the running job was asked to end */
};

struct coprocessor {
	struct backend *backend;
	const struct config_coprocessor *config;
	char *program;                  /* path of the engine */
	/* what the engine's HELLO said when coprocd started */
	char kind[16];
	uint32_t kinds;
	uint32_t preemption;
	bool can_yield;

	enum xencoproc_device_state state;
	struct sched sched;
	struct bank_pool banks;
	LIST_HEAD(, session) sessions;
	LIST_HEAD(, debt) debts;        /* debt.c */

	enum coprocessor_phase phase;
	struct job *running;
	struct session *last;           /* whose job ran last */
	uint64_t slice_ends_ns;         /* 0: no slice for the running job */

	struct event *turn;             /* look again, soon */
	struct event *alarm;            /* slice, run limit, kill or refill is due */
	uint64_t alarm_ns;              /* what it is set to at most, 0: it is not set */
	uint64_t kill_at_ns;            /* parking or aborting: when to look whether to kill it */
	uint64_t patience_ends_ns;      /* killed by then, whatever processor time it had */
	uint64_t grace_ns, grace_cpu_ns; /* what it has to let go in; its processor time before */
	TAILQ_HEAD(, job) doomed;       /* stopped jobs: they, or what is behind them, wait to be ended */

	uint64_t switches;
	uint64_t switch_ns;
};

/**
 * coprocessor_create() - start the engine once to learn what it is
 *
 * Blocks until its HELLO, at most some seconds.
 * Return: the coprocessor, or NULL after telling why in the log.
 */
struct coprocessor *coprocessor_create(struct backend *backend,
				       const struct config_coprocessor *config);
void coprocessor_destroy(struct coprocessor *coprocessor);

/* Something changed that may change whose turn it is: look soon, or now. */
void coprocessor_kick(struct coprocessor *coprocessor);
void coprocessor_turn(struct coprocessor *coprocessor);

/* A started job must not go on: it is ended with attention, or with its worker. */
void coprocessor_abort(struct coprocessor *coprocessor, struct job *job);

/* The session's worker is dead: whatever ran in it does not run any more.
 * Its started jobs have been ended by the caller. */
void coprocessor_forget(struct coprocessor *coprocessor, struct session *session);

/* Fail closed: nothing runs here any more. */
void coprocessor_stop(struct coprocessor *coprocessor, const char *why);

#endif /* COPROC_BACKEND_COPROCESSOR_H */
