/* SPDX-License-Identifier: MIT */
/*
 * An engine's worker process, seen from coprocd: start, command, stop and
 * continue, kill, and know for certain when it is dead.
 *
 * Knows nothing of sessions or jobs.  Everything the worker says is checked
 * here for form; what it means is checked by whoever asked.
 */
#ifndef COPROC_BACKEND_WORKER_H
#define COPROC_BACKEND_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "engines/wire.h"

struct event_base;
struct worker;

/* How a worker is started. */
struct worker_options {
	const char *program;            /* path of the engine */
	uint32_t domain;
	uint32_t uid;                   /* of the worker when coprocd is root */
	uint64_t memory_limit;          /* bytes */
	bool weak_sandbox;              /* go on where namespaces are forbidden */
	int nicer;                      /* than the caller, by so much */
};

struct worker_events {
	/* HELLO came: commands may run now. */
	void (*ready)(void *owner, const struct worker_reply *hello);
	/* The process is dead and reaped: it holds no memory any more.  Calls
	 * that were under way have been answered with NULL before. */
	void (*gone)(void *owner, const char *why);
};

/**
 * worker_answer - what happens to one command
 * @reply: NULL when the worker died before it answered
 */
typedef void worker_answer(void *owner, void *arg, const struct worker_reply *reply);

/**
 * worker_start() - fork and execute
 *
 * Return: the worker, or NULL with errno.
 */
struct worker *worker_start(struct event_base *base, const struct worker_options *options,
			    const struct worker_events *events, void *owner);

/**
 * worker_call() - send a command; it is queued where the socket is full
 * @command: seq is filled here
 * @fd: passed along, or -1; not consumed
 * @answer: called exactly once
 *
 * Return: 0 or -ENOMEM; then @answer will not be called.
 */
int worker_call(struct worker *worker, struct worker_command *command, int fd,
		worker_answer *answer, void *arg);

/**
 * worker_owes() - what a watchdog looks at
 *
 * Return: a number of the oldest command that is neither answered nor a job,
 * or of the HELLO; 0: it owes nothing but the end of jobs.
 */
uint32_t worker_owes(const struct worker *worker);

/* PARK or ABORT for the job whose RUN or CONTINUE had @seq, in the place of
 * what was asked before; SERVICE is worker_call()'s own affair. */
void worker_attention(struct worker *worker, uint32_t bits, uint32_t seq);
void worker_attention_clear(struct worker *worker);

/**
 * worker_stop(), worker_continue() - SIGSTOP, SIGCONT
 *
 * When worker_stop() returns the process executes no further instruction of
 * the guest, but for the time of one interrupt between processors.
 */
void worker_stop(struct worker *worker);
void worker_continue(struct worker *worker);
bool worker_stopped(const struct worker *worker);

/**
 * worker_kill() - SIGKILL; events->gone follows
 */
void worker_kill(struct worker *worker);

/**
 * worker_free() - after gone, or to abandon it: kills, reaps, calls nothing
 */
void worker_free(struct worker *worker);

int worker_pid(const struct worker *worker);

/* Processor time that it has had, in nanoseconds; where the kernel does not
 * tell, the time by the clock. */
uint64_t worker_cpu_ns(const struct worker *worker);

/* It said what no worker says: nothing more is believed of it, and it is killed. */
void worker_distrust(struct worker *worker, const char *why);

/* Whether it was killed for what it said; the rest of that was not listened to. */
bool worker_distrusted(const struct worker *worker);

#endif /* COPROC_BACKEND_WORKER_H */
