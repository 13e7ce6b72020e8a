/* SPDX-License-Identifier: MIT */
/*
 * A backend that is played: honest and exact as far as a case leaves it, and
 * whatever the case wants beyond.  It watches the frontend all the time; what
 * it sees that breaks a rule is kept by rule (played_fault()).
 *
 *   frontend-toolstack.c  both directories, made and removed
 *   frontend-device.c     its nodes, states, pages and grants of a connection
 *   frontend-ring.c       rings, by hand: completions and events true or forged
 *   frontend-serve.c      what is answered; objects and jobs as they were seen
 *   frontend-watch.c      looks at pages that must not change, or must be zero
 *   frontend-exerciser.c  the command that uses the frontend, and its answers
 *   frontend-*-cases.c    the cases
 *   frontend-vectors.c    completions and events of protocol/vectors, as cases
 *
 * It shares no code with the library's rings: one fault must not hide in both.
 */
#ifndef TESTS_CONFORMANCE_FRONTEND_H
#define TESTS_CONFORMANCE_FRONTEND_H

#include <stdbool.h>
#include <stdint.h>

#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "libcoproc-ring/message.h"
#include "report.h"
#include "xenstore-schema/nodes.h"
#include "xenstore-schema/state.h"

#define PLAYED_QUEUES           (XENCOPROC_QUEUE_MAX + 1u)
#define PLAYED_BUFFERS          256u
#define PLAYED_CONTEXTS         64u
#define PLAYED_FIRMWARE         8u
#define PLAYED_ENTRIES          (1u << XENCOPROC_ORDER_MAX)
#define PLAYED_HELD             2048u
#define PLAYED_LOG              65536u
#define PLAYED_FAULTS           64u
#define PLAYED_KEPT             64u
#define PLAYED_NODES            40u

/* ---- what is seen of the frontend ---- */

struct played_slot {
	bool live;
	bool used;              /* completed before: @done_at holds */
	uint64_t id;
	uint32_t done_at;       /* index of its last completion in the CQ */
};

struct played_queue {
	bool open;
	uint32_t number;
	uint32_t order;
	uint32_t entries;
	uint8_t *sq;
	uint8_t *cq;
	uint32_t sq_ref[XENCOPROC_SQ_PAGES_MAX];
	uint32_t cq_ref[XENCOPROC_CQ_PAGES_MAX];
	int port;               /* its own, or -1: the device's */
	uint32_t taken;         /* of the SQ */
	uint32_t put;           /* into the CQ */
	uint32_t published;
	uint32_t live;
	struct played_slot slot[PLAYED_ENTRIES];
	bool resting;           /* armed: a notification is owed for the next message */
	bool notified;
	uint64_t looked;        /* when this was last looked for, or 0 */
	uint64_t late;          /* microseconds that it is owed, as far as somebody looked */
};

struct played_buffer {
	bool exists;
	uint32_t made_at;       /* index of the completion in the control CQ */
	uint32_t pages;
	uint32_t access;
	uint32_t *refs;
	uint8_t *data;
};

struct played_object {
	bool exists;
	uint32_t made_at;
	uint64_t timeline;
};

/* A request that was accepted and is not answered yet. */
struct played_held {
	uint32_t queue;
	struct coproc_request request;
};

/* A job as it was accepted, of all connections. */
struct played_job {
	uint64_t number;        /* immediate: the exerciser's number of it */
	uint32_t connection;
	uint32_t queue;
	uint32_t context;
	uint16_t flags;
};

struct played_fault {
	const char *rule;
	char text[200];
};

/* A mapping that is kept although it should be given up. */
struct played_kept {
	uint8_t *at;
	uint32_t pages;
	bool writable;
	uint64_t sum;
};

struct played;

/**
 * What a case may put in the place of the honest answer.  Called for each
 * accepted request that is well-formed.
 * Return: true: the case took care of it, or will (played_hold()).
 */
typedef bool played_hook(struct played *p, struct played_queue *q,
			 const struct coproc_request *request);

struct played {
	uint32_t domid;
	uint32_t devid;
	uint32_t own;           /* this domain */
	struct xs_handle *xs;
	xs_transaction_t transaction;   /* of played_give_again(), else XBT_NULL */
	xengnttab_handle *gnttab;
	xenevtchn_handle *evtchn;
	char dir[COPROC_PATH_SIZE];             /* the backend's */
	char peer_dir[COPROC_PATH_SIZE];        /* the frontend's */

	/* what is advertised: the honest values, changed by cases */
	char node[PLAYED_NODES][2][48];         /* name, value; value "-": left out */
	unsigned int nodes;
	struct coproc_limits limits;

	/* behaviour; played_reset() makes it honest */
	bool follow;            /* goes with the frontend's states */
	bool serve;             /* takes requests */
	bool polls;             /* never asks for notifications */
	bool hold_jobs;
	bool hold_control;
	bool mute;              /* no notification is ever sent */
	bool keep;              /* nothing is unmapped at the end: see kept[] */
	bool keep_buffers;      /* nor the buffers' pages */
	bool refuse;            /* Closing in the place of Connected */
	bool storm;             /* notifies at each turn */
	played_hook *hook;
	void (*each_turn)(struct played *p);
	void *note;             /* the case's own */

	/* the connection */
	unsigned int mine;
	unsigned int peer;      /* as last read */
	bool connected;         /* mapped */
	bool changed;           /* the frontend's directory, since it was followed */
	bool both;              /* and the frontend is Connected */
	bool early;             /* looked whether requests came before Connected */
	unsigned int connections;
	uint32_t ref[5];        /* in the order of the nodes */
	struct xencoproc_cell *fe;
	struct xencoproc_cell *be;
	uint8_t *events;
	evtchn_port_t port;
	uint32_t event_put;
	uint32_t event_sequence;
	uint32_t events_lost;
	struct played_queue queue[PLAYED_QUEUES];
	struct played_buffer buffer[PLAYED_BUFFERS];
	struct played_object context[PLAYED_CONTEXTS];
	struct played_object firmware[PLAYED_FIRMWARE];
	struct played_held held[PLAYED_HELD];
	unsigned int nheld;
	struct played_kept kept[PLAYED_KEPT];
	unsigned int nkept;
	uint32_t requests[XENCOPROC_OP_JOB + 1];        /* accepted, by operation */
	uint32_t queries[16];                           /* by what */
	uint32_t notifications;
	uint32_t written;       /* watch events of the frontend's directory */

	struct played_job log[PLAYED_LOG];
	unsigned int nlog;
	struct played_fault fault[PLAYED_FAULTS];
	unsigned int nfaults;
	const char *in_case;
};

uint64_t played_now(void);      /* microseconds */

/* ---- frontend-device.c ---- */

/* Return: NULL after a message. */
struct played *played_open(uint32_t domid, uint32_t devid);
void played_close(struct played *p);

/* Lets go of all, is honest again, and makes both directories anew as a
 * toolstack does, both states Initialising.  False after a message. */
bool played_reset(struct played *p);

void played_node(struct played *p, const char *name, const char *value);
void played_write(struct played *p, const char *name, const char *value);
void played_delete(struct played *p, const char *name);
/* The frontend's node; the caller's to free(), NULL: it is not there. */
char *played_read(struct played *p, const char *name);
unsigned int played_peer(struct played *p);
void played_state(struct played *p, unsigned int state);
/* Writes @state only while the frontend is still in @peer: one transaction. */
bool played_step(struct played *p, unsigned int peer, unsigned int state);
void played_advertise(struct played *p);
bool played_connect(struct played *p);
void played_end(struct played *p);      /* unmaps and forgets the connection */
void played_follow(struct played *p);
void *played_map(struct played *p, const uint32_t *refs, uint32_t count, bool writable);
void played_unmap(struct played *p, void *at, uint32_t count);

/* One turn: sleeps up to @ms for something to happen, or for @fd to be readable. */
void played_turn(struct played *p, int ms, int fd);
void played_run(struct played *p, unsigned int ms);

/* A fault of the frontend that was seen by the way. */
__attribute__((format(printf, 3, 4)))
void played_fault(struct played *p, const char *rule, const char *format, ...);

/* ---- frontend-toolstack.c ---- */

void played_remove(struct played *p, bool backend, bool frontend);
/* Both directories; false: one could not be made. */
bool played_attach(struct played *p);
/* Removes directories and makes them again in one transaction: nobody sees them gone. */
bool played_give_again(struct played *p, bool backend, bool frontend);

/* ---- frontend-ring.c ---- */

uint32_t played_sq_index(const struct played *p, const struct played_queue *q);
uint32_t played_consumed(const struct played *p, uint32_t ring);
bool played_take(struct played *p, struct played_queue *q, struct xencoproc_sqe *sqe);
void played_consume(struct played *p, struct played_queue *q);
void played_arm(struct played *p, struct played_queue *q);
/* Completes a live slot: put, not published. */
void played_complete(struct played *p, struct played_queue *q, uint16_t slot, uint16_t status,
		     uint64_t result);
/* The same with all that @cqe says; its slot is a live one. */
void played_complete_as(struct played *p, struct played_queue *q, const struct xencoproc_cqe *cqe);
/* As it stands, whatever it says. */
void played_put(struct played *p, struct played_queue *q, const struct xencoproc_cqe *cqe);
void played_publish(struct played *p, struct played_queue *q);
void played_notify(struct played *p, const struct played_queue *q);
void played_event(struct played *p, const struct xencoproc_event *event);
/* The next one, honestly numbered, or counted as lost. */
void played_honest_event(struct played *p, uint16_t type, uint32_t object, uint16_t status,
			 uint64_t value);
void played_publish_events(struct played *p);

/* ---- frontend-serve.c ---- */

void played_serve(struct played *p);
void played_hold(struct played *p, const struct played_queue *q,
		 const struct coproc_request *request);
/* Answers the held request number @i honestly; publishes. */
void played_release(struct played *p, unsigned int i);
void played_release_all(struct played *p);
void played_queue_end(struct played *p, struct played_queue *q);
void played_buffer_end(struct played *p, struct played_buffer *b);

/* ---- frontend-watch.c ---- */

bool watch_zero(const void *at, size_t bytes);
uint64_t watch_sum(const void *at, size_t bytes);
void watch_connect(struct played *p, const char *const names[5]);
void watch_queue(struct played *p, const struct played_queue *q);
void watch_buffer(struct played *p, const struct played_buffer *b);
void watch_end(struct played *p);
void watch_keep(struct played *p, void *at, uint32_t pages, bool writable);
/* What was kept shows what it showed, and none of it is in use again. */
void watch_kept(struct played *p);
/* What it shows now is what it has to show: the frontend has seen the end. */
void watch_kept_from_here(struct played *p);
void watch_forget(struct played *p);

/* ---- frontend-exerciser.c ---- */

struct exerciser;
struct exerciser *exerciser_open(const char *command, unsigned int patience_ms);
void exerciser_close(struct exerciser *x);
/* Starts b->x if it does not run. */
struct bench;
bool exerciser_ready(struct bench *b);

enum answer { ANSWER_OK, ANSWER_FAILED, ANSWER_NA, ANSWER_LATE, ANSWER_ENDED };

#define EXERCISER_JOBS  65536u

/* How a job ended, as the exerciser reports it. */
struct ended {
	uint32_t times;
	uint16_t status;
	uint64_t result;
};

struct bench {
	struct report *report;
	struct played *p;
	struct exerciser *x;
	const char *command;
	const char *vectors;    /* folder, or NULL */
	unsigned int patience_ms;
	char text[65536];       /* of the last answer, behind its first word */
	struct ended *ended;    /* [EXERCISER_JOBS], by the exerciser's number of the job */
	unsigned int outstanding;       /* as the last `wait` said */
	unsigned int first, accepted;   /* of the last `jobs` */
	bool hopeless;          /* the exerciser cannot be started */
};

/* Sends a line and serves until it is answered.  Begin and end apart: for
 * cases with something to do meanwhile. */
enum answer ask(struct bench *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ask_begin(struct bench *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
enum answer ask_end(struct bench *b);
bool ask_answered(struct bench *b);
/* `wait`: how jobs ended goes into b->ended. */
enum answer ask_wait(struct bench *b, unsigned int ms);
enum answer ask_wait_end(struct bench *b);
const char *answer_text(enum answer a);

/* ---- frontend-bench.c: steps that cases are made of ---- */

/* Begins a case with a fresh device; false: it is not to be run. */
bool case_begin(struct bench *b, const char *name, const char *rules);
void case_end(struct bench *b);
/* The verb must be answered `ok`; else the case failed, or does not apply. */
bool must(struct bench *b, const char *line);
bool case_connect(struct bench *b);             /* open */
bool case_ready(struct bench *b);               /* and one object of each kind */
void expect_connected(struct bench *b);
bool case_jobs(struct bench *b, unsigned int count, const char *flags);
/* Serves until the frontend's state is one of @states (bits), or fails. */
bool until_state(struct bench *b, unsigned int states, unsigned int ms);
#define STATE(n)        (1u << (n))
#define STATE_VANISHED  STATE(COPROC_PEER_VANISHED)
/* The frontend broke off for @rule, as F-LIFE-6 wants it. */
void expect_broken(struct bench *b, const char *rule, const char *what);
/* Serves until @count requests are held, or the case fails. */
bool until_held(struct bench *b, unsigned int count);
/* Every job submitted has ended, each once. */
void expect_all_ended(struct bench *b);
/* The backend was lost: unmaps without a word, and a new one begins. */
void case_successor(struct bench *b);
void expect_ended(struct bench *b, unsigned int first, unsigned int count, uint16_t status);
void expect_refused(struct bench *b, const char *node);

void cases_traffic(struct bench *b);
void cases_watched(struct bench *b);
void cases_rings(struct bench *b);
void cases_answers(struct bench *b);
void cases_events(struct bench *b);
void cases_objects(struct bench *b);
void cases_states(struct bench *b);
void cases_lost(struct bench *b);
void cases_store(struct bench *b);
void cases_vectors(struct bench *b);

#endif /* TESTS_CONFORMANCE_FRONTEND_H */
