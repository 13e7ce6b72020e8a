/* SPDX-License-Identifier: MIT */
/*
 * The state of a worker process, private to the harness.
 *
 * coprocd is trusted here: a command that makes no sense is a bug of this
 * build, and the worker ends with a line in the log.  What the guest chose
 * (images, grants, what its firmware does) only ever ends in a status.
 */
#ifndef COPROC_ENGINES_HARNESS_WORKER_H
#define COPROC_ENGINES_HARNESS_WORKER_H

#include <stdnoreturn.h>
#include <xengnttab.h>

#include "backend/engines/engine.h"

struct options {
	uint32_t domid;
	uint32_t uid;           /* 0: not given */
	uint64_t memory_limit;  /* bytes, 0: none */
	bool allow_weak_sandbox;
	bool no_restrict;
};

struct buffer {
	void *base;             /* NULL until all parts have come */
	uint32_t pages;         /* 0: the index is free */
	uint32_t access;
	uint32_t got;           /* references collected so far */
	uint32_t *refs;         /* owned, until mapped */
	uint32_t live;          /* jobs, running or parked, that name it */
};

struct firmware {
	void *image;            /* NULL: the index is free */
	size_t length;
	uint32_t live;          /* jobs, running or parked */
};

enum job_state {
	JOB_NONE,
	JOB_RUNNING,
	JOB_PARKED
};

struct context {
	bool used;
	enum job_state state;
	void *bank;
	uint32_t seq;           /* of the RUN or CONTINUE to be answered */
	struct engine_job job;
};

struct worker {
	const struct engine *engine;
	struct options options;
	xengnttab_handle *xgt;
	const struct worker_page *page;
	struct context *running;
	uint32_t ended_seq;     /* of the last job that ended by itself; 0: it did not */
	bool held;              /* `ahead` came while a job ran, and waits for its end */
	struct worker_command ahead;
	struct buffer buffers[WORKER_BUFFERS_MAX];
	struct firmware firmware[WORKER_FIRMWARE_MAX];
	struct context contexts[WORKER_CONTEXTS_MAX];
};

/* The exit status of a worker whose coprocd made no sense, or is unreachable. */
#define WORKER_EXIT_PROTOCOL    3

/* channel.c: the socket to coprocd */
struct received {
	struct worker_command command;
	int fd;                 /* with the command, -1: none; the handler closes it */
};

bool channel_receive(struct received *in, bool wait);
void channel_reply(const struct worker_reply *reply);
void channel_done(uint32_t seq, uint32_t status, uint64_t result);
noreturn void channel_broken(const char *why);

/* objects.c: firmware and contexts */
void object_load(struct worker *w, struct received *in);
void object_unload(struct worker *w, const struct worker_command *c);
void object_ctx_create(struct worker *w, struct received *in);
void object_ctx_destroy(struct worker *w, const struct worker_command *c);

/* grants.c: buffers */
xengnttab_handle *grants_open(void);
void grants_map(struct worker *w, const struct worker_command *c);
void grants_unmap(struct worker *w, const struct worker_command *c);

/* jobs.c */
void job_run(struct worker *w, const struct worker_command *c);
void job_run_held(struct worker *w);
void job_recall(struct worker *w, const struct worker_command *c);
void job_continue(struct worker *w, const struct worker_command *c);
void job_abort(struct worker *w, const struct worker_command *c);
void job_forget(struct worker *w, struct context *ctx);

/* main.c: serves one command, in mid-job too */
void worker_serve(struct worker *w, struct received *in);

/* options.c */
int options_parse(struct options *o, int argc, char **argv);

/* sandbox.c and its parts; 0 or -errno, with a line in the log */
int sandbox_close(const struct worker *w);
int namespaces_enter(const struct options *o);
int filter_load(int gnttab_fd);

#endif /* COPROC_ENGINES_HARNESS_WORKER_H */
