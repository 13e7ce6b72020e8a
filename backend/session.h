/* SPDX-License-Identifier: MIT */
/*
 * A session: one connected frontend, and everything that it made grow.
 *
 * What belongs together here is what dies together: when the frontend goes,
 * session_shutdown() ends its jobs, its worker process, its mappings and its
 * memory banks, in that order, and touches nobody else.
 *
 *   session.c    connect and shut down, events to the frontend
 *   queue.c      mapping of rings, intake of submissions
 *   control.c    the requests of the control queue
 *   context.c    contexts, buffers, firmware: their life here and in the worker
 *   buffer.c
 *   firmware.c
 *   objects.c    what those three have in common
 *   image.c      firmware images: private copy, digest, allow-list, cache
 *   job.c        admission, streams, timelines, ends
 *   tenant.c     the session's worker process: start, rebuild, death
 */
#ifndef COPROC_BACKEND_SESSION_H
#define COPROC_BACKEND_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "backend.h"
#include "bank.h"
#include "budget.h"
#include "coprocessor.h"
#include "libcoproc-ring/queue.h"
#include "sched/sched.h"
#include "worker.h"

#define NO_SLOT         (-1)

enum object_state {
	OBJECT_ABSENT,
	OBJECT_PENDING,         /* the worker has been told; the request is owed an answer */
	OBJECT_READY,
	OBJECT_LEAVING          /* no new use; goes when the last use ends */
};

struct context {
	enum object_state state;
	int owed;               /* slot of the control request to complete, NO_SLOT */
	uint32_t jobs;          /* admitted and not ended */
	struct job *active;     /* started and not ended: at most one */
	uint64_t timeline;
	uint32_t generation;    /* another context of the same index is not the same */
	uint32_t resets;
	struct bank *bank;
};

struct buffer {
	enum object_state state;
	int owed;
	uint32_t pages;
	uint32_t access;        /* enum xencoproc_access bits */
	uint32_t users;         /* operands of jobs not ended, and loads under way */
	uint32_t *ref;          /* the pages' grants, our copy */
};

struct firmware {
	enum object_state state;
	int owed;
	uint32_t kind;
	uint32_t users;         /* jobs not ended */
	uint32_t buffer;        /* that it is copied from, XENCOPROC_NONE */
	struct image *image;    /* counted reference; NULL while it is copied */
};

/* The jobs of one context on one queue: they start in order. */
struct stream {
	struct queue *queue;
	uint32_t context;
	bool ready;             /* is in its lane */
	TAILQ_HEAD(, job) jobs; /* admitted, not started */
	TAILQ_ENTRY(stream) in_lane;
};

/* What one domain has to do in one class. */
struct lane {
	struct sched_lane sched;
	struct session *session;
	bool joined;
	TAILQ_HEAD(stream_head, stream) ready; /* by priority, then first come */
	TAILQ_HEAD(paused_head, job) paused;    /* started; they go on first */
};

enum job_state {
	JOB_FREE,
	JOB_QUEUED,             /* in its stream */
	JOB_RUNNING,            /* on the coprocessor */
	JOB_PARKED,             /* put aside by its worker, which is free for others */
	JOB_STOPPED,            /* in its worker, which is stopped */
	JOB_AHEAD,              /* in its worker, behind the one before; perhaps begun */
	JOB_LEAVING             /* was parked; its worker has been told to give it up */
};

struct job {
	enum job_state state;
	struct queue *queue;
	uint16_t slot;
	uint16_t flags;                 /* XENCOPROC_JOB_F_* */
	uint16_t told;                  /* XENCOPROC_CQE_F_* */
	uint8_t priority;
	bool cancelled;                 /* is being ended because of CANCEL or a close */
	bool overrun;                   /* is being ended because of its run limit */
	bool lost;                      /* cancelled by nobody: the coprocessor is stopped */
	bool doomed;                    /* in the coprocessor's list, not in its lane */
	uint32_t cancels_owed;          /* control slots of CANCELs to answer at the end, bits */
	uint64_t id;
	uint32_t context;
	uint32_t firmware;
	uint32_t entry;
	uint64_t immediate;
	uint32_t wait_context;
	uint32_t wait_generation;
	uint64_t wait_value;
	uint64_t signal_value;
	uint32_t operands;
	struct worker_operand inline_operand[XENCOPROC_INLINE_OPERANDS];
	struct worker_operand *operand; /* inline_operand, or from malloc() */
	uint64_t run_limit_ns;
	uint64_t accepted_ns;
	uint64_t start_by_ns;           /* SCHED_NEVER: no start limit */
	uint64_t started_ns;
	uint32_t seq;                   /* of the command that its worker has of it */
	uint64_t since_ns;              /* running: since when */
	uint64_t ran_ns;                /* before since_ns */
	struct event *expiry;           /* start limit; made once per slot, kept */
	TAILQ_ENTRY(job) link;          /* in its stream, or paused in its lane */
};

struct queue {
	struct session *session;
	uint32_t number;
	uint32_t qclass;                /* that it was opened with; see queue_class() */
	struct coproc_server_queue server;
	struct coproc_live *live;
	void *sq, *cq;                  /* mapped rings */
	uint32_t sq_pages, cq_pages;
	uint32_t port;                  /* ours; shared when not own_port */
	bool own_port;
	bool dirty;                     /* completions put and not published */
	int closing;                    /* slot of QUEUE_CLOSE, NO_SLOT */
	struct job *jobs;               /* one per entry; none in the control queue */
	struct stream **streams;        /* by context, made when first used */
};

struct session {
	LIST_ENTRY(session) link;       /* of its coprocessor */
	struct backend *backend;
	struct coprocessor *coprocessor;
	const struct session_owner *owner;
	void *owner_arg;
	uint32_t domain;
	uint32_t device;
	struct coproc_limits limits;
	bool closing;

	struct xencoproc_cell *fe_index;        /* mapped read-only */
	struct xencoproc_cell *be_index;
	void *event_page;
	struct coproc_ring events;
	uint32_t event_sequence;
	uint32_t events_lost;
	struct queue *queues[XENCOPROC_QUEUE_MAX + 1];
	uint32_t pending;               /* queues that may hold submissions, bits */
	uint32_t took;                  /* of them gave some when last looked at */
	uint32_t next_queue;            /* where the next turn begins */
	struct event *intake;           /* more submissions than one turn takes */
	struct budget control;          /* of the loop's time, for control requests */
	struct budget vain;             /* the same, for what comes in job queues and is no job */
	uint32_t held;                  /* queues that wait for that, bits */
	struct event *vain_later;
	struct event *control_later;    /* it is spent: go on when some came back */

	struct context *contexts;
	struct buffer *buffers;
	struct firmware *firmware;
	struct image_cache *images;
	uint32_t pages;                 /* of all buffers, against limits.max_pages */

	struct lane lanes[SCHED_CLASSES];
	uint32_t jobs;                  /* admitted and not ended */
	uint32_t waiting;               /* of them wait for a timeline */

	struct worker *worker;
	bool worker_ready;              /* has all objects: jobs may start */
	bool worker_live;               /* said HELLO: takes commands */
	uint32_t rebuilding;            /* answers outstanding before worker_ready */
	uint32_t deaths;                /* of workers, since the last job that ended well */
	struct event *restart;          /* back-off before the next worker */
	struct event *watch;            /* whether the worker answers at all */
	uint32_t owed;                  /* the oldest command it owed at the last look */
	struct job *stopped;            /* the job inside the worker while that is stopped */
	struct job *ahead;              /* JOB_AHEAD: what the worker begins after that */
	struct event *flush;            /* publish dirty queues at the end of this turn */
	uint32_t unflushed;             /* of them, since it was activated; bits */
	STAILQ_HEAD(waiting_head, waiting) requests;    /* for an object's making to end */
	struct event *retry;
	struct event *breaking;         /* tells the owner, in the loop's next turn */
	bool broken;
	bool stop_told;                 /* the event of the coprocessor's stop was sent */
	char why[256];

	uint64_t log_window_ns;         /* what a guest can make us log is bounded */
	uint32_t log_lines;
};

/* What whoever made the session hears of it. */
struct session_owner {
	/* The connection cannot go on; @why goes to xenstore.  Called once, from
	 * the event loop's next turn, so that the session may be shut down. */
	void (*broken)(void *arg, const char *why);
	/* All is released: the session is freed when this returns. */
	void (*over)(void *arg);
};

/* The frontend's grants and port, as it wrote them. */
struct session_grants {
	uint32_t frontend_index;
	uint32_t backend_index;
	uint32_t control_sq;
	uint32_t control_cq;
	uint32_t event_ring;
	uint32_t port;
};

/* What the toolstack gave the domain. */
struct session_share {
	uint32_t weight;
	uint32_t cap;                   /* percent, 0: none */
	uint32_t max_class;             /* enum xencoproc_class */
	uint64_t realtime_budget_ns;    /* 0: as configured */
	uint64_t realtime_period_ns;
};

/**
 * session_connect() - map what the frontend granted and begin to serve it
 * @why: at least 256 bytes, filled on failure: for xenstore and the log
 *
 * Return: the session, or NULL.
 */
struct session *session_connect(struct coprocessor *coprocessor, uint32_t domain, uint32_t device,
				const struct coproc_limits *limits,
				const struct session_grants *grants,
				const struct session_share *share,
				const struct session_owner *owner, void *arg, char *why);

/* The toolstack changed what the domain may have. */
void session_set_share(struct session *session, const struct session_share *share);

/**
 * session_shutdown() - end it; owner->over() follows when all is released
 */
void session_shutdown(struct session *session);

/**
 * session_abandon() - for the end of the program: its process is killed, its
 * pages are unmapped, nobody is told
 */
void session_abandon(struct session *session);

/* ---- between the files of the session ---- */

/* The ring is broken, or worse: tell the owner once, serve no more. */
void session_break(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void session_event(struct session *session, unsigned int type, unsigned int status,
		   uint32_t object, uint64_t value);
/* When the coprocessor is stopped and the last job has ended: tell the frontend,
 * after their completions. */
void session_tell_stopped(struct session *session);
/* All that was admitted ends LOST, soon. */
void session_lose_jobs(struct session *session);
/* Whether one more line that the guest caused may be logged. */
bool session_may_log(struct session *session);

/* queue.c */
int queue_open(struct session *session, uint32_t number, uint32_t qclass, uint32_t order,
	       const uint32_t *sq_ref, const uint32_t *cq_ref, uint32_t remote_port);
void queue_free(struct queue *queue);           /* unmaps, unbinds; no live requests needed */
/* Accept all that was published in a job queue up to now. */
void queue_accept(struct queue *queue);
/* Return: whether there was anything to take; an event without is spurious.
 * The control queue stands for all queues without a port of their own. */
bool queue_intake(struct queue *queue);
void queue_complete(struct queue *queue, uint16_t slot, enum xencoproc_status status,
		    uint64_t result);
void queue_put(struct queue *queue, const struct coproc_completion *completion);
void queue_flush(struct queue *queue);
/* A job queue brought a request that was no job, or none that could run. */
void queue_vain(struct session *session);
int intake_init(struct session *session);       /* 0 or -ENOMEM */
void intake_free(struct session *session);

/* control.c: what a handler returns when it keeps the slot and answers later;
 * not a status of the wire */
#define LATER           ((enum xencoproc_status)0xffff)

void control_take(struct session *session, const struct xencoproc_sqe *sqe);
/* An object's making has ended: requests that waited for it go on, soon. */
void control_retry(struct session *session);
int control_init(struct session *session);
void control_free(struct session *session);
void control_complete(struct session *session, int slot, enum xencoproc_status status,
		      uint64_t result);

/* context.c */
enum xencoproc_status context_create(struct session *session, uint32_t index, int slot);
enum xencoproc_status context_destroy(struct session *session, uint32_t index, int slot);
void context_settle(struct session *session, uint32_t index);
void context_was_reset(struct session *session, uint32_t index, enum xencoproc_status why);
int context_send(struct session *session, uint32_t index);     /* 0 or -errno */
/* A bank for each context that has none: again, after all were scrubbed. */
void contexts_take_banks(struct session *session);

/* buffer.c */
enum xencoproc_status buffer_register(struct session *session, const struct coproc_request *request);
enum xencoproc_status buffer_release(struct session *session, uint32_t index, int slot);
void buffer_settle(struct session *session, uint32_t index);
/* Copy from a buffer's pages by grant copy; 0 or -EIO. */
int buffer_read(struct session *session, uint32_t index, uint64_t offset, void *to, size_t length);
int buffer_send(struct session *session, uint32_t index);

/* firmware.c */
enum xencoproc_status firmware_load(struct session *session, const struct coproc_request *request);
enum xencoproc_status firmware_unload(struct session *session, uint32_t index, int slot);
void firmware_settle(struct session *session, uint32_t index);
int firmware_send(struct session *session, uint32_t index);

/* objects.c: a command about an object, and its answer; 0 or -errno */
int object_call(struct session *session, struct worker_command *command, int fd,
		worker_answer *answer, uint32_t index);
uint32_t object_index(struct session *session, void *arg, const struct worker_reply *reply);
enum xencoproc_status object_status(const struct worker_reply *reply);
void object_lost(struct session *session, const struct worker_reply *reply, const char *what,
		 uint32_t index);
/* A new worker knows nothing: tell it all that exists.  0 or -errno. */
int objects_resend(struct session *session);
/* The worker is gone: what only waited for its word ends without. */
void objects_settle(struct session *session);
void objects_free(struct session *session);

static inline struct session *job_session(const struct job *job)
{
	return job->queue->session;
}

/* job.c */
void job_take(struct queue *queue, const struct xencoproc_sqe *sqe);
/* End a job that is not on the coprocessor (any more). */
void job_end(struct job *job, enum xencoproc_status status, uint64_t result);
/* CANCEL, QUEUE_CLOSE, CTX_DESTROY: the job ends soon, whatever it does now. */
void job_cancel(struct job *job);
/* The coprocessor is stopped: the job ends LOST, soon. */
void job_lose(struct job *job);
/* How a job ends that was not let to its end. */
enum xencoproc_status job_forced_status(const struct job *job);
struct job *job_find(struct queue *queue, uint16_t slot, uint64_t id);

/* lane.c */
void timeline_reach(struct session *session, uint32_t context, uint64_t value);
/* The worker became ready, or stopped being so: all streams look again. */
void session_update_streams(struct session *session);
void context_update_streams(struct session *session, uint32_t context);
void stream_update(struct stream *stream);
struct lane *job_lane(const struct job *job);
/* The class that a queue counts as: not above what its domain may use now. */
uint32_t queue_class(const struct queue *queue);
void lanes_set_class(struct session *session, uint32_t max_class);
/* Whether the lane competes: queued, paused or running jobs. */
void lane_update(struct lane *lane);
/* The lane's next job, taken out of its stream or pause list; NULL if none. */
struct job *lane_next(struct lane *lane);
/* Undo lane_next() for a job that was queued. */
void lane_return(struct job *job);
/* The job that would be next if @running ended now, taken out of its stream as
 * JOB_AHEAD; NULL if none, or if it may not start as soon as that. */
struct job *lane_ahead(struct lane *lane, const struct job *running);
/* Undo lane_ahead(): its worker has not begun it, and will not. */
void lane_unahead(struct job *job);
/* A started job steps aside. */
void lane_pause(struct job *job, enum job_state state);
void lane_unpause(struct job *job);
/* A job that is to end is taken out of where it waits, if it does. */
void lane_leave(struct job *job);

/* tenant.c */
int tenant_start(struct session *session);
/* An object was sent to a worker that is being rebuilt, or was answered. */
void tenant_sent(struct session *session);
void tenant_answered(struct session *session, const struct worker_reply *reply);
/* Give the banks back, proven zero; the session has no worker any more. */
void tenant_scrub(struct session *session);
/* All is dead and released: what is left of session_shutdown(). */
void session_finish(struct session *session);

#endif /* COPROC_BACKEND_SESSION_H */
