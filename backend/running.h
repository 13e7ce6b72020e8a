/* SPDX-License-Identifier: MIT */
/*
 * The job on the coprocessor: begun, made to let go, and how it ends.  What
 * runs next, and when it has to make room, is coprocessor.c's to say.
 */
#ifndef COPROC_BACKEND_RUNNING_H
#define COPROC_BACKEND_RUNNING_H

#include <stdbool.h>
#include <stdint.h>

struct coprocessor;
struct job;
struct session;

/**
 * running_begin() - start it, or go on with it
 * @job: taken out of its lane (lane_next()); nothing runs
 * @now: nanoseconds, clock_now() of this turn
 *
 * If its worker cannot be told, that is killed, and its end ends the job.
 */
void running_begin(struct coprocessor *c, struct job *job, uint64_t now);

/**
 * running_send() - tell the job's worker of it
 * @after: the job that the worker has, when this one is handed ahead; or NULL
 *
 * Return: 0 or -ENOMEM; then the worker knows nothing of it.
 */
int running_send(struct job *job, const struct job *after);

/* Charge the running job for what it used since last time. */
void running_account(struct coprocessor *c, uint64_t now);

/* Nothing runs any more; the caller knows what became of the job. */
void running_idle(struct coprocessor *c);

/* The worker stands still with the job inside it, and maybe with one that it
 * was handed ahead: see running_begin(). */
void running_stop(struct coprocessor *c, uint64_t now);

/* Ask the engine to put the job aside; the worker is free for another then. */
void running_park(struct coprocessor *c, uint64_t now);

/* Ask the engine to end it, or kill the engine if it cannot be asked. */
void running_abort(struct coprocessor *c, uint64_t now);

/**
 * running_grace_used() - its time to let go is up by the clock: kill it?
 *
 * On a busy machine the worker may have had none of that time to let go in,
 * and its guest is not to pay for it.  False: c->kill_at_ns is later now.
 */
bool running_grace_used(struct coprocessor *c, uint64_t now);

/* End a parked job: @job has left its lane. */
void running_give_up(struct job *job);

/* The session's worker gives back what it was handed ahead and has not begun. */
void running_recall(struct session *session);

/**
 * running_doom() - a stopped worker gets a moment of its own
 * @stopped: the job inside it, which is to be ended, or which another one that
 *           is to be ended was handed ahead behind
 */
void running_doom(struct coprocessor *c, struct job *stopped);

/* Undo running_doom(): back to where every other stopped job is. */
void running_spare(struct coprocessor *c, struct job *job);

#endif /* COPROC_BACKEND_RUNNING_H */
