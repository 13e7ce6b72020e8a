/* SPDX-License-Identifier: MIT */
/*
 * Plays coprocd to a worker process: starts it, sends commands, takes replies.
 *
 * For test programs: a call that fails for a reason that is not under test
 * ends the test through libcheck.
 */
#ifndef TESTS_ENGINES_PLAY_H
#define TESTS_ENGINES_PLAY_H

#include <stdbool.h>
#include <sys/types.h>

#include "backend/engines/wire.h"

/* The user that workers become when the tests run as root. */
#define PLAY_UID        54321
#define PLAY_TIMEOUT_MS 20000

struct play {
	pid_t pid;
	int socket;
	int log;                        /* a memfd: the worker's standard error */
	struct worker_page *page;
	uint32_t seq;
	struct worker_reply hello;
};

struct play_options {
	uint32_t domid;
	const char *extra[4];           /* more arguments, NULL-terminated when fewer */
	bool no_uid;                    /* leave out --uid */
	uid_t as_uid;                   /* start it as this user; 0: as we are */
};

/* Start $B/libexec/<name>, wait for HELLO.  With may_fail: false if it ended instead. */
void play_start(struct play *p, const char *name, const struct play_options *options);
bool play_try_start(struct play *p, const char *name, const struct play_options *options);
/* Close the socket and wait: the worker's status as waitpid() has it. */
int play_stop(struct play *p);
/* The same, and the worker has to end well. */
void play_end(struct play *p);
/* Wait for the end of a worker that should end by itself. */
int play_wait_end(struct play *p);
/* What it has logged, as a string; the caller frees it. */
char *play_log(struct play *p);

bool play_log_has(struct play *p, const char *text);

/* Send and take the reply, and check that it is this command's. */
struct worker_reply play_call(struct play *p, struct worker_command *c, int fd);
/* The halves, for what happens in between; receive gives false when it is gone. */
uint32_t play_send(struct play *p, struct worker_command *c, int fd);
bool play_receive(struct play *p, struct worker_reply *reply, int timeout_ms);
/* The next reply, which has to come and be to this command. */
struct worker_reply play_await(struct play *p, uint32_t seq);
void play_attention(struct play *p, uint32_t bits);

/* Objects. */
int play_image_fd(const void *image, size_t length);
struct worker_reply play_load_bytes(struct play *p, uint32_t firmware, const void *image,
				    size_t length);
/* $B/firmware/<name>.elf, which has to load. */
void play_load(struct play *p, uint32_t firmware, const char *name);
void play_unload(struct play *p, uint32_t firmware);
/* Returns the test's own mapping of the bank, NULL where the engine has none. */
uint8_t *play_context(struct play *p, uint32_t context);
void play_context_end(struct play *p, uint32_t context);
struct worker_reply play_map(struct play *p, uint32_t buffer, uint32_t access, uint32_t pages,
			     const uint32_t *refs);
struct worker_reply play_unmap(struct play *p, uint32_t buffer);

/* Jobs. */
struct play_job {
	uint32_t context;
	uint32_t firmware;
	uint32_t entry;
	uint32_t after;         /* seq of the job it is handed ahead behind; 0: none */
	uint64_t immediate;
	uint32_t operands;
	struct worker_operand operand[WORKER_OPERANDS_MAX];
};

struct worker_reply play_run(struct play *p, const struct play_job *job);
uint32_t play_run_send(struct play *p, const struct play_job *job);
uint32_t play_continue_send(struct play *p, uint32_t context);
struct worker_reply play_abort(struct play *p, uint32_t context);
struct worker_reply play_ping(struct play *p);

/* Nothing but zeroes. */
bool play_is_zero(const uint8_t *memory, size_t bytes);

/* Time and figures. */
double play_now_us(void);
/* Prints "# what: median, 99th percentile" of count values, which it sorts. */
void play_figure(const char *what, double *us, size_t count);
/* $B/<dir>/<name><suffix>, static until the next call. */
const char *play_path(const char *dir, const char *name, const char *suffix);

#endif /* TESTS_ENGINES_PLAY_H */
