/* SPDX-License-Identifier: MIT */
/*
 * A guest whose worker is a puppet (puppet.c) and whose coprocd fails on demand
 * (FAULTY_SOON of tests/unit/faulty.h): so each state in which a guest, a worker
 * or the machine may change its mind is one that a test can stand still in.
 */
#ifndef TESTS_BACKEND_MOMENTS_H
#define TESTS_BACKEND_MOMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/hostile/raw.h"
#include "tests/unit/verdict.h"

#define IMAGE_BUFFER    2u
#define SPARE_CONTEXT   7u      /* until_ready()'s own */
#define MANY_PAGES      1100u   /* more than one message to a worker tells of */

extern struct raw raw;
extern void *pages[3];          /* of make_all()'s buffers */

/* What the puppet does at a command from now on; NULL: as it should. */
void wish(const char *command, const char *word);
bool wished(const char *command);
/* The N-th call of a function in coprocd's main thread fails, from now on. */
void fail_soon(const char *function, unsigned int n);
/* The next such call waits until has_failed() or another wish. */
void hold_at(const char *function);
void until_held(void);
/* The frontend's state is Closing, and coprocd's loop has been asked to close it
 * but is held. */
void closing_asked(void);
/* Whether that has been; it is taken back where not. */
bool has_failed(void);
/* Until the puppet is there; else the line says so. */
void until_at(const char *where);
/* Until it is ready, and coprocd knows and has told it of all objects: the puppet's
 * own word comes before that, and what fails soon after would fail there. */
void until_ready(void);
/* Forgets where it was, so that until_at() waits for what comes. */
void forget_at(void);
/* The worker dies, and the next one has begun; where it may go on, it is ready. */
void worker_dies(void);
/* The same, without waiting for the next. */
void worker_killed(void);
void worker_next(void);
/* coprocd stands still, and sees at once all that was done meanwhile. */
void coprocd_stop(void);
void coprocd_continue(void);

void connect_anew(void);
/* It is broken, because of this; let go of, and connected anew with nothing wished. */
void broken_because(const char *why);
/* Contexts 0 and 1, buffers 0 to 2 of a page each, firmware 0, queues 1 (normal),
 * 2 (realtime) and 3 (normal). */
void make_all(void);
void leave(void);

/* Asks the second domain for something, and waits until it has done it. */
void tell_beside(const char *what);
/* What stands in DIR under this name is run in domain 0. */
void ask_script(const char *what);

/* Requests, sent; and what came for one sent before. */
struct coproc_request of_context(unsigned int op, uint32_t context);
struct coproc_request of_buffer(uint32_t buffer);
struct coproc_request of_firmware(uint32_t firmware);
extern int last_slot;           /* of what was sent last */
uint64_t sent(unsigned int queue, struct coproc_request request);
unsigned int status_of(unsigned int queue, uint64_t id);
unsigned int asked(struct coproc_request request);
struct coproc_request load_of(uint32_t firmware);
/* Of pages that stay granted. */
struct coproc_request register_of(uint32_t buffer, uint32_t count);
struct coproc_request cancel_of(unsigned int queue, int slot, uint64_t id);

void moments_of_objects(void);
void moments_of_jobs(void);
void moments_of_rings(void);
/* Of two domains; the second one's part. */
void moments_of_two(void);
void moments_beside(void);

#endif /* TESTS_BACKEND_MOMENTS_H */
