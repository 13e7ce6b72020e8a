/* SPDX-License-Identifier: MIT */
/*
 * What the files of libcoproc share.  Roles, each calling only those above:
 *
 *   pages.c       grants: pages shared, pages given back
 *   control.c     requests on the control queue, their deadlines
 *   object.c      what is made at the backend: index, life, making it again
 *   buffer.c firmware.c context.c queue.c   the four kinds of object
 *   job.c done.c  submitting; completions
 *   again.c       jobs that a lost connection left, and their next one
 *   event.c       the event ring and the events kept for the caller
 *   link.c        the shared pages and ports of one connection
 *   store.c       what is read from and written to xenstore
 *   connect.c     the life of connections, by xenstore-schema's state table
 *   pump.c        the one place that sleeps, and what happens on waking
 *   device.c      open, close, and questions about the device
 */
#ifndef COPROC_USER_INTERNAL_H
#define COPROC_USER_INTERNAL_H

#include <xenevtchn.h>
#include <xengnttab.h>

#include "frontend/user/coproc.h"
#include "libcoproc-ring/queue.h"
#include "xenstore-schema/negotiate.h"
#include "xenstore-schema/nodes.h"
#include "xenstore-schema/state.h"
#include "xenstore-schema/xs.h"

#define PAGE                    ((size_t)XENCOPROC_PAGE_SIZE)
#define CONTROL_ENTRIES         (1u << XENCOPROC_CONTROL_ORDER)
#define EVENTS_KEPT             256u
#define NEVER                   UINT64_MAX
#define PORTS_MAX               (XENCOPROC_QUEUE_MAX + 1u)

/* ---- control requests ---- */

/*
 * One request on the control queue.  Memory is the sender's, and must live
 * until done() was called, which happens exactly once for each control_send()
 * that returned 0: with the completion, or with a negative errno and NULL when
 * the connection was lost.
 */
struct ctl {
	void (*done)(struct ctl *ctl, int error, const struct coproc_completion *completion);
	struct ctl *next;               /* waiting for a slot */
	uint64_t deadline;
	struct coproc_request request;
};

/* ---- objects ---- */

enum object_kind {
	OBJECT_QUEUE,           /* in the order in which they are made again */
	OBJECT_BUFFER,
	OBJECT_CONTEXT,
	OBJECT_FIRMWARE,
	OBJECT_KINDS
};

/* How an object stands at the backend of the present connection. */
enum object_state {
	OBJECT_ABSENT,
	OBJECT_MAKING,
	OBJECT_MADE,
	OBJECT_ENDING
};

struct object {
	struct coproc_device *dev;
	const struct object_class *class;
	uint32_t index;                 /* what the wire calls it */
	enum object_state state;
	bool doomed;                    /* the caller has no handle any more */
	int error;                      /* why it could not be made: 0, -EREMOTEIO ... */
	uint16_t status;                /* with -EREMOTEIO */
	uint64_t detail;
	uint64_t after;                 /* doomed: ends when all jobs below this ended */
	struct ctl ctl;
};

/* What the kinds do differently.  Pointers may be NULL. */
struct object_class {
	enum object_kind kind;
	const char *name;
	/* Begin to make it: ends in object_made().  Return: 0, or -errno and
	 * object_made() is not called. */
	int (*make)(struct object *o);
	/* Fill the request that ends it. */
	void (*end)(struct object *o, struct coproc_request *request);
	/* The backend has it no more; @confirmed: and said so. */
	void (*gone)(struct object *o, bool confirmed);
	void (*free)(struct object *o);
};

struct object_table {
	struct object **at;             /* [index], NULL: free */
	uint32_t room;
	uint32_t used;
};

struct coproc_buffer {
	struct object o;                /* first, as in all kinds */
	void *data;
	uint32_t pages;
	uint32_t access;
	uint32_t *refs;                 /* of data's pages */
	uint32_t domain;                /* they are granted to */
	bool confirmed;                 /* the backend has them not, by its own word */
	bool fresh;                     /* not the same pages in the next connection */
	void *old;                      /* where the caller believes data to be, or NULL */
	void *dirs;                     /* directory pages while BUF_REGISTER runs */
	uint32_t ndirs;
	struct coproc_firmware *owner;  /* it holds an image that is being loaded */
};

struct coproc_firmware {
	struct object o;
	void *image;                    /* own copy, for the next connection */
	uint32_t bytes;
	uint32_t kind;
	uint8_t sha256[32];
	struct coproc_buffer *staging;
	bool revoked;                   /* as an event or QUERY said */
};

struct coproc_context {
	struct object o;
	uint64_t timeline;              /* at least this, by what was seen to end */
	uint64_t signal;                /* to be sent, if more than @signalled */
	uint64_t signalled;
	uint64_t resets;                /* as an event or QUERY said last */
	uint32_t progress;              /* counts jobs that ended with a signal */
	uint32_t losses;                /* connections it has outlived */
};

enum cancel_state { CANCEL_NO, CANCEL_WANTED, CANCEL_ASKED };

/* What the library remembers of the job in a slot. */
struct job_record {
	uint64_t job;
	uint64_t cookie;
	uint64_t signal_value;
	uint32_t at;                    /* index of its request in the SQ */
	uint32_t context;
	uint16_t cell;                  /* of the table arena, or NO_CELL */
	uint8_t arena;                  /* low bits of the arena's generation */
	uint8_t flags;                  /* COPROC_JOB_* */
	uint8_t live;
	uint8_t cancel;                 /* enum cancel_state */
};

#define NO_CELL                 0xffffu

/* Where a queue keeps tables of operands: one cell per entry. */
struct arena {
	struct coproc_buffer *buffer;
	uint32_t stride;                /* operands in a cell */
	uint32_t nfree;
	uint16_t *free;                 /* cells, a stack */
	uint8_t generation;
};

/* A job that goes into the next connection: it never started, or may start twice. */
struct again {
	struct job_record record;
	struct coproc_request request;
	struct xencoproc_operand *table;        /* what its cell of the arena held, or NULL */
	uint32_t bytes;
};

struct coproc_queue {
	struct object o;
	unsigned int qclass;
	unsigned int order;
	unsigned int entries;
	uint32_t flags;
	bool open;                      /* the rings are in use */
	struct coproc_client_queue ring;
	struct coproc_shadow *shadow;
	struct job_record *record;      /* by slot */
	struct xencoproc_sqe *restart;  /* by slot, of RESTARTABLE jobs; NULL: none yet */
	struct again *again;            /* in the order in which they were submitted */
	uint32_t agains;
	uint32_t live;                  /* jobs without completion, those in @again too */
	struct coproc_done *done;       /* unread completions, a ring of entries */
	uint32_t done_first;
	uint32_t done_count;
	uint32_t cancels;               /* records in CANCEL_WANTED */
	void *sq;
	void *cq;
	int port;                       /* own event channel, or -1 */
	struct arena arena;
};

/* ---- one connection's shared things ---- */

struct shared {
	bool up;                        /* pages and port exist */
	bool ready;                     /* both sides are Connected */
	bool ended;                     /* and are no more; the backend may hold the pages */
	bool broken;                    /* a ring was broken: none is used any more */
	bool judging;                   /* what was completed at last is being taken */
	uint32_t domain;                /* the backend's */
	struct xencoproc_cell *fe_index;
	struct xencoproc_cell *be_index;
	void *control_sq;
	void *control_cq;
	void *events;
	uint32_t ref[5];
	int port;
	struct coproc_client_queue control;
	struct coproc_shadow shadow[CONTROL_ENTRIES];
	struct coproc_ring event_ring;
	uint32_t event_sequence;        /* of the last event */
	uint32_t events_lost;           /* as the last event said */
	uint32_t events_run;            /* taken since the ring was empty */
	bool events_missed;             /* some were lost since then */
	struct ctl *live[CONTROL_ENTRIES];
	struct ctl *waiting;
	struct ctl **waiting_end;
};

/* ---- the device ---- */

struct coproc_device {
	int index;
	char name[64];
	char dir[COPROC_PATH_SIZE];     /* the frontend's directory */
	char peer_dir[129];             /* the backend's */
	struct coproc_options options;  /* pointers in it are not kept */
	int lock;                       /* bound socket: one program per device */

	struct coproc_xs *xs;           /* NULL while xenstored is away */
	xengntshr_handle *gntshr;
	xenevtchn_handle *evtchn;
	int inner;                      /* epoll: event channels, xenstore, timer */
	int outer;                      /* epoll: inner, ready; what coproc_fd() gives */
	int timer;
	int ready;                      /* eventfd: something is unread */
	bool ready_set;
	uint64_t timer_at;

	/* connect.c */
	unsigned int mine;              /* enum coproc_state, by this program's writes */
	unsigned int own;               /* what its node said when it was last looked at */
	enum coproc_wish wish;
	bool late;                      /* the attempt's time is over: tell the table */
	bool overdue;                   /* it left Closing for that, not by the backend's word */
	bool look;                      /* xenstore changed: look at the states */
	uint64_t look_at;               /* not before */
	bool over;                      /* the table said FORGET: nothing is left to do */
	bool ever;                      /* was connected once */
	bool connected;                 /* link ready and objects made again */
	bool closing;                   /* coproc_close() is at work */
	bool gave_up;                   /* stays lost until coproc_reconnect() */
	int failure;                    /* -errno for that */
	uint64_t late_at;               /* when closing takes too long */
	uint64_t give_up_at;
	uint64_t reopen_at;             /* when to try xenstored again */
	bool lose;                      /* drop the connection, for lose_text */
	bool lose_broken;               /* ... and for good: the backend broke a ring */
	char lose_text[200];
	uint64_t drain_until;           /* the backend closes: jobs may end until then */
	uint64_t let_go_at;             /* link.ended: it may hold the pages until then */
	uint64_t again_until;           /* jobs wait so long for the next connection, or 0 */
	bool removed;                   /* the toolstack took the directory away */
	bool reread;                    /* weight and so on changed */
	uint64_t reread_at;             /* not before */
	enum coproc_connection told;    /* last state given as an event */

	struct shared link;
	struct coproc_limits limits;
	struct coproc_info info;
	struct object_table table[OBJECT_KINDS];
	uint32_t doomed;                /* objects in the tables without handle */
	uint64_t next_job;
	uint32_t live_jobs;
	bool signals;                   /* a context may have a signal to send */

	/* making objects again */
	bool restoring;
	uint32_t restore_kind;
	uint32_t restore_index;

	/* what is known by events, being asked for: event.c */
	struct ctl ask;
	bool asking;                    /* there is something to ask */
	bool asked;                     /* @ask is out */
	uint32_t ask_kind;
	uint32_t ask_index;
	uint64_t device_state;

	/* notifications */
	uint64_t work;                  /* counts messages taken, by whatever call */
	uint64_t work_seen;             /* the same at the last notification */
	uint64_t heard_at;              /* when a message was last taken */
	bool pinging;
	struct ctl ping;
	unsigned int streak;            /* of spurious ones */
	unsigned int nmasked;
	evtchn_port_t masked[PORTS_MAX];
	uint64_t unmask_at;

	struct coproc_event event[EVENTS_KEPT];
	uint32_t event_first;
	uint32_t event_count;

	struct coproc_stats stats;
	unsigned int refusal;
	uint64_t refusal_detail;
	char reason[512];
	char lost_reason[320];
};

/* One program per device: link.c and store.c never meet another of ours. */
int lock_device(struct coproc_device *dev, uint32_t domain);

/* Time in microseconds since some start; never goes back. */
uint64_t now_us(void);
uint64_t deadline_in(uint32_t ms);
/* As public functions take it: COPROC_DEFAULT gives @otherwise, in ms. */
uint64_t deadline_of(int timeout_ms, uint32_t otherwise);

/* Sets coproc_reason(); returns @error, so that failures are one statement. */
int fail(struct coproc_device *dev, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a refusal by the backend: returns -EREMOTEIO. */
int refused(struct coproc_device *dev, const char *what, unsigned int status, uint64_t detail);

/* pages.c */
void *pages_share(struct coproc_device *dev, uint32_t domain, uint32_t count, uint32_t *refs,
		  bool writable);
void pages_end(struct coproc_device *dev, void *at, uint32_t count, bool confirmed);

/* control.c */
void control_reset(struct shared *link);
/* For requests that wait for jobs to end: the longest that one may run, too. */
uint32_t control_patience(const struct coproc_device *dev);
int control_send(struct coproc_device *dev, struct ctl *ctl, uint32_t timeout_ms);
bool control_take(struct coproc_device *dev);
void control_pump(struct coproc_device *dev);
void control_flush(struct coproc_device *dev);
uint64_t control_deadline(const struct coproc_device *dev);
void control_fail_all(struct coproc_device *dev, int error);
int control_call(struct coproc_device *dev, const struct coproc_request *request,
		 struct coproc_completion *completion);

/* object.c */
int object_add(struct coproc_device *dev, struct object *o, const struct object_class *class);
int object_make_wait(struct object *o);
void object_made(struct object *o, int error, uint16_t status, uint64_t detail);
void object_request_done(struct ctl *ctl, int error, const struct coproc_completion *completion);
void object_doom(struct object *o);
void objects_pump(struct coproc_device *dev);
void objects_lost(struct coproc_device *dev, bool confirmed);
/* Frees what was doomed and waited for jobs that will not come again. */
void objects_sweep(struct coproc_device *dev);
void objects_free(struct coproc_device *dev);
void restore_begin(struct coproc_device *dev);
struct object *object_at(const struct coproc_device *dev, enum object_kind kind, uint32_t index);
/* 0, or why the handle cannot be used by a job now. */
int object_usable(const struct object *o, const struct coproc_device *dev);

/* buffer.c */
int buffer_new(struct coproc_device *dev, uint32_t pages, uint32_t access,
	       struct coproc_buffer **out);
void firmware_staged(struct coproc_firmware *fw, int error, uint16_t status,
		     uint64_t detail);

/* context.c */
bool contexts_signal(struct coproc_device *dev);
void context_progress(struct coproc_device *dev, uint32_t index, uint64_t value, bool certain);
void contexts_restored(struct coproc_device *dev);

/* again.c */
void queue_judge(struct coproc_queue *queue);
void queue_end_again(struct coproc_queue *queue, uint16_t status);
void queues_end_again(struct coproc_device *dev);
void queues_submit_again(struct coproc_device *dev);
bool queue_cancel_again(struct coproc_queue *queue, uint64_t job, bool all);
struct job_record *queue_find_again(struct coproc_queue *queue, uint64_t job);
/* The number of the oldest job that is to be submitted again, or NEVER. */
uint64_t queues_oldest_again(const struct coproc_device *dev);

/* queue.c */
bool queues_cancel(struct coproc_device *dev);
bool queue_take(struct coproc_queue *queue);
void job_ended(struct coproc_queue *queue, struct job_record *record,
	       const struct coproc_completion *completion);
bool queues_take(struct coproc_device *dev);
bool queues_arm(struct coproc_device *dev);
uint64_t queues_oldest(const struct coproc_device *dev);

/* job.c, pure */
int job_check_piece(const struct coproc_device *dev, const struct coproc_piece *piece);
int job_request(const struct coproc_queue *queue, const struct coproc_job *job,
		struct coproc_request *request);
void arena_reset(struct coproc_queue *queue);
void arena_give_back(struct coproc_queue *queue, const struct job_record *record);

/* event.c */
bool events_take(struct coproc_device *dev);
/* Sends one question about what was missed; false if there is none. */
bool events_ask(struct coproc_device *dev);
void event_push(struct coproc_device *dev, const struct coproc_event *event);
void events_forget(struct coproc_device *dev, const void *handle);

/* link.c */
int link_open(struct coproc_device *dev, uint32_t domain, struct coproc_frontend_nodes *nodes);
void link_start(struct coproc_device *dev);
void link_ping(struct coproc_device *dev);
bool link_arm(struct coproc_device *dev);
void link_close(struct coproc_device *dev, bool confirmed);
void link_notify(struct coproc_device *dev, int port);
/* Marks the connection to be dropped; done by the next connection_settle(). */
void link_broken(struct coproc_device *dev, const char *what, enum coproc_broken why);
void link_lose(struct coproc_device *dev, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* connect.c */
void connection_settle(struct coproc_device *dev);
void connection_restored(struct coproc_device *dev);
void connection_drop(struct coproc_device *dev, bool confirmed);
uint64_t connection_deadline(const struct coproc_device *dev);
enum coproc_connection connection_state(const struct coproc_device *dev);

/* store.c */
int store_open(struct coproc_device *dev);
void store_close(struct coproc_device *dev);
int store_find(struct coproc_device *dev);
int store_peer(struct coproc_device *dev);
int store_publish(struct coproc_device *dev);
int store_states(struct coproc_device *dev, unsigned int *peer, unsigned int *own);
void store_events(struct coproc_device *dev);
void store_backend_error(struct coproc_device *dev, char *out, size_t room);
void store_reread(struct coproc_device *dev);
/* -errno; what xenstore itself said goes to coproc_reason(). */
int store_failed(struct coproc_device *dev, int error);

/* pump.c */
int pump_open(struct coproc_device *dev);
void pump_close(struct coproc_device *dev);
int pump_add(struct coproc_device *dev, int fd);
void pump_remove(struct coproc_device *dev, int fd);
/* Sleeps until @deadline at most, unless something is there, then does all
 * there is to do.  0, or -errno when the descriptors themselves fail. */
int pump(struct coproc_device *dev, uint64_t deadline);
void pump_ready(struct coproc_device *dev);
void pump_timer(struct coproc_device *dev);

#endif /* COPROC_USER_INTERNAL_H */
