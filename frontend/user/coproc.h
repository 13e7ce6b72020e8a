/* SPDX-License-Identifier: MIT */
/*
 * libcoproc: run jobs on a coprocessor that another domain shares with us.
 *
 * The library speaks coprocif (coprocif.h) from user space of a Xen guest,
 * through libxengnttab, libxenevtchn and libxenstore.
 *
 *	coproc_open -> coproc_firmware_load, coproc_context_create,
 *	coproc_buffer_create, coproc_queue_open -> coproc_submit ... coproc_read
 *
 * Threads.  A device handle and everything made from it belong to one thread
 * at a time: there is no lock inside.  Different handles are independent.
 * The library starts no thread and calls no callback.  (libxenstore itself
 * keeps one thread to read watches; it never runs code of this library.)
 *
 * Blocking.  Functions that end in a timeout_ms parameter, and those whose
 * description says so, may sleep; each sleep has an end.  COPROC_DEFAULT takes
 * the timeout of the device's options.  All others return at once, except for
 * short exchanges with xenstored that coproc_dispatch() makes while a
 * connection is being set up or taken down.
 *
 * Errors.  Functions return 0 or a count on success, and a negative errno
 * otherwise:
 *
 *	-EINVAL      a parameter that can never be right
 *	-ENOTCONN    the device is not connected (now): see coproc_state()
 *	-ECONNRESET  the connection was lost during the call
 *	-ETIMEDOUT   the time was over
 *	-EAGAIN      no room now; read completions first
 *	-ENOSPC      a limit that the toolstack set is reached
 *	-ESTALE      the object could not be made again after a reconnection
 *	-EREMOTEIO   the backend refused; coproc_refusal() has its status
 *	-ENOMEM, and what the Xen libraries set in errno
 *
 * coproc_reason() has one line of text for the last failure of a handle.
 * How a job ended is no errno: it is the status in its completion.
 *
 * A backend is not trusted with this process's health: whatever it writes,
 * each job gets at most one completion and each call an end.  It can refuse
 * service, and it sees the data of the jobs it runs.
 *
 * How long a job takes is for the program to judge.  It may rightly wait as
 * long as others use the coprocessor, so while the backend answers, the library
 * sets it no deadline: start_limit_us, the time-outs of the calls that wait,
 * and coproc_cancel() do.  After coproc_cancel() the completion comes in
 * bounded time whatever the backend does.  A backend that answers nothing for
 * twice control_timeout_ms while jobs are live is given up by the library.
 */
#ifndef COPROC_H
#define COPROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/coprocif.h"

#ifdef __cplusplus
extern "C" {
#endif

struct coproc_device;
struct coproc_context;
struct coproc_firmware;
struct coproc_buffer;
struct coproc_queue;

/* For every timeout_ms: what the options say. */
#define COPROC_DEFAULT          (-1)

/* ---- Devices --------------------------------------------------------- */

#define COPROC_INDEX_ANY        (-1)    /* the lowest that there is */

/* Flags of struct coproc_options. */
#define COPROC_OPEN_NOWAIT      0x1u    /* do not wait for the connection: dispatch */
#define COPROC_OPEN_NO_RECONNECT 0x2u   /* a lost connection stays lost */

/**
 * struct coproc_options - how to open a device
 *
 * Initialise with coproc_options_init(), then change what should differ; so a
 * program built against an older header goes on working.
 */
struct coproc_options {
	size_t size;                    /* of this structure, as the program knows it */
	int index;                      /* device/vcoproc/<index>, or COPROC_INDEX_ANY */
	const char *name;               /* coprocessor's name instead of the index, or NULL */
	uint32_t flags;                 /* COPROC_OPEN_* */
	uint32_t connect_timeout_ms;    /* coproc_open(), and each attempt to reconnect; jobs
					 * that never started wait so long for the next one */
	uint32_t control_timeout_ms;    /* one request to make or end an object; when it is
					 * over the backend counts as stalled: connection lost */
	uint32_t load_timeout_ms;       /* the same for loading firmware */
	uint32_t wait_timeout_ms;       /* coproc_wait(), _wait_any(), _context_wait() */
	uint32_t close_timeout_ms;      /* coproc_close() */
	uint32_t reconnect_timeout_ms;  /* all attempts together, then the device stays
					 * lost; 0: never give up */
	char *reason;                   /* where coproc_open() says why it failed, or NULL */
	size_t reason_size;             /* bytes at @reason */
};

/**
 * coproc_options_init() - the defaults: any device, 10 s to connect, 10 s for a
 * request, 60 s for firmware and to wait for jobs, 5 s to close, reconnection
 * without end
 */
void coproc_options_init(struct coproc_options *options);

/**
 * struct coproc_listed - one device of this domain, as xenstore tells
 */
struct coproc_listed {
	int index;
	char name[64];                  /* empty if the toolstack gave none */
	char kind[32];                  /* "cortex-m"; empty if unknown yet */
	int frontend_state;             /* xenbus states, 0 if absent */
	int backend_state;
};

/**
 * coproc_list() - the devices that the toolstack attached to this domain
 * @list: filled with up to @max entries by rising index
 *
 * Return: how many there are (may be more than @max), or -errno: -ENOENT,
 * -EACCES and so on when xenstore cannot be reached.
 */
int coproc_list(struct coproc_listed *list, size_t max);

/**
 * coproc_open() - open a device and connect it to its backend
 * @options: NULL for the defaults; not kept
 * @device: set on success; the caller's until coproc_close()
 *
 * Blocks up to connect_timeout_ms unless COPROC_OPEN_NOWAIT is given.
 *
 * Return: 0; -ENODEV no such device is attached; -EBUSY another program has
 * it open; -ENOENT or -ECONNREFUSED no xenstore, -ENXIO no grant or event
 * channel driver; -EACCES; -ETIMEDOUT the backend did not connect;
 * -EPROTONOSUPPORT no common version; -EPROTO it offers nonsense; -EREMOTEIO
 * it refused (its reason is in @reason); -ENOMEM.
 */
int coproc_open(const struct coproc_options *options, struct coproc_device **device);

/**
 * coproc_close() - end all jobs, the connection, and the handle
 * @device: freed with all that was made from it, whatever is returned; NULL is
 *          allowed
 * @timeout_ms: for the backend to let go
 *
 * Live jobs are cancelled; their completions are not delivered any more.
 *
 * Return: 0 if the backend confirmed; -ETIMEDOUT if it did not in time: pages
 * it still maps are then never used again (the grant driver keeps them).
 */
int coproc_close(struct coproc_device *device, int timeout_ms);

enum coproc_connection {
	COPROC_CONNECTING       = 1,    /* the first connection, not complete yet */
	COPROC_CONNECTED        = 2,
	COPROC_RECONNECTING     = 3,    /* was lost; coproc_dispatch() works on it */
	COPROC_LOST             = 4     /* was lost and stays so: see coproc_lost_reason() */
};

/** coproc_state() - of the connection, as of the last call that looked */
enum coproc_connection coproc_state(const struct coproc_device *device);

/**
 * coproc_reason() - why the last call failed
 *
 * Return: one line, never NULL; valid until the next call on the handle.
 */
const char *coproc_reason(const struct coproc_device *device);

/**
 * coproc_lost_reason() - why the connection was lost last
 *
 * Return: one line, kept until the next loss; "" if it never was.
 */
const char *coproc_lost_reason(const struct coproc_device *device);

/** coproc_refusal() - enum xencoproc_status of the last -EREMOTEIO, else 0 */
unsigned int coproc_refusal(const struct coproc_device *device);

/** coproc_refusal_detail() - the result beside it, as the status defines */
uint64_t coproc_refusal_detail(const struct coproc_device *device);

/**
 * coproc_fd() - the one descriptor to poll for reading
 *
 * Readable when coproc_dispatch() has something to do: a notification, a change
 * in xenstore, a time of the library's own.  Also while completions or events
 * that an earlier call took in are unread; so the loop is: when readable,
 * dispatch, then read until there is nothing.  The descriptor is the
 * library's, not to be read or closed; it stays the same across reconnections.
 */
int coproc_fd(const struct coproc_device *device);

/**
 * coproc_dispatch() - do what there is to do, without sleeping
 *
 * Takes completions and events in, follows the backend's state, reconnects.
 * Then read with coproc_read() and coproc_read_event().
 *
 * Return: 0, also when the connection was found lost (coproc_state() says so);
 * -errno if the event channel or xenstore cannot be read at all.
 */
int coproc_dispatch(struct coproc_device *device);

/**
 * coproc_wait_connected() - until the device is connected
 *
 * Return: 0; -ENOTCONN it is lost and stays so; -ETIMEDOUT.
 */
int coproc_wait_connected(struct coproc_device *device, int timeout_ms);

/**
 * coproc_reconnect() - try again now, also when the state is COPROC_LOST
 *
 * Return: 0 an attempt was begun; -EISCONN it is connected; -errno.
 */
int coproc_reconnect(struct coproc_device *device);

enum coproc_pausing {
	COPROC_PAUSES_NEVER             = 1,    /* a running job runs to its end */
	COPROC_PAUSES_CHECKPOINT        = 2,    /* where the job allows it */
	COPROC_PAUSES_ANYWHERE          = 3
};

/* Features in struct coproc_info. */
#define COPROC_HAS_JOURNAL              0x01u
#define COPROC_HAS_SAVE_AREA            0x02u
#define COPROC_HAS_CROSS_TIMELINE       0x04u
#define COPROC_HAS_DIGEST_LOAD          0x08u
#define COPROC_HAS_SIGNATURE            0x10u

struct coproc_info {
	int index;
	uint32_t version;               /* of coprocif, negotiated */
	uint32_t backend_domain;
	char name[64];
	char kind[32];
	uint32_t firmware_kinds;        /* 1u << enum xencoproc_fw_kind */
	uint64_t local_memory;          /* bytes of its own that a context has */
	uint32_t preemption;            /* enum coproc_pausing */
	uint32_t features;              /* COPROC_HAS_*, those in use */
	uint32_t highest_class;         /* enum xencoproc_class: this one and those below */
	uint32_t weight;                /* share among domains, as the toolstack set it */
	uint32_t max_queues;
	uint32_t max_entries;           /* of one queue */
	uint32_t max_contexts;
	uint32_t max_buffers;
	uint32_t max_pages;             /* of all buffers together */
	uint32_t max_firmware;
	uint32_t max_firmware_bytes;
	uint32_t max_pieces;            /* of one job */
	uint32_t max_run_limit_us;
};

/**
 * coproc_info() - what was negotiated
 *
 * Return: 0; -ENOTCONN when never connected.  During a reconnection it is what
 * held before.
 */
int coproc_info(const struct coproc_device *device, struct coproc_info *info);

struct coproc_stats {
	uint64_t submitted;             /* jobs */
	uint64_t completed;             /* jobs, whatever the status, those below included */
	uint64_t succeeded;             /* with XENCOPROC_OK */
	uint64_t lost;                  /* with XENCOPROC_LOST, by the library itself */
	uint64_t bytes;                 /* length of all pieces of jobs submitted */
	uint64_t requests;              /* on the control queue */
	uint64_t sent;                  /* notifications to the backend */
	uint64_t received;              /* from it */
	uint64_t spurious;              /* of these, without anything to do */
	uint64_t events;                /* taken from the event ring */
	uint64_t events_lost;           /* by the backend, and by not being read here */
	uint64_t connections;           /* made, the first included */
	uint64_t pages;                 /* granted now */
	uint64_t pages_unconfirmed;     /* given up without the backend's word that it let go */
	uint64_t pages_leaked;          /* kept for ever: ending their grant failed */
};

void coproc_stats(const struct coproc_device *device, struct coproc_stats *stats);

/* ---- Events ---------------------------------------------------------- */

enum coproc_event_type {
	/* the backend's, by the numbers of enum xencoproc_event_type */
	COPROC_EVENT_DEVICE             = 1,    /* value: enum xencoproc_device_state */
	COPROC_EVENT_CTX_RESET          = 2,    /* context; status: why; value: times.  With
						 * XENCOPROC_LOST: made again after a loss */
	COPROC_EVENT_FW_REVOKED         = 3,    /* firmware */
	COPROC_EVENT_LIMITS             = 4,    /* see coproc_info() again */
	/* the library's own */
	COPROC_EVENT_STATE              = 256,  /* value: enum coproc_connection */
	COPROC_EVENT_MISSED             = 257   /* value: how many events the backend lost.  The
						 * library asks how things stand, and gives
						 * events for what has changed */
};

struct coproc_event {
	uint32_t type;                  /* enum coproc_event_type */
	uint32_t status;                /* enum xencoproc_status */
	uint64_t value;
	struct coproc_context *context; /* or NULL: none, or it is gone by now */
	struct coproc_firmware *firmware;
};

/**
 * coproc_read_event() - the oldest event that was not read yet
 *
 * Up to 256 are kept; later ones are dropped and counted in events_lost.
 * Whenever that grows, coproc_query() tells how things stand.
 *
 * Return: 1 with @event filled, or 0.
 */
int coproc_read_event(struct coproc_device *device, struct coproc_event *event);

/* ---- Firmware -------------------------------------------------------- */

/**
 * coproc_firmware_load() - have an image checked and loaded
 * @image: bytes; copied, also kept for the next connection
 * @kind: enum xencoproc_fw_kind, or 0 to tell it by the image's first bytes
 * @firmware: set on success, the device's child
 *
 * Blocks up to load_timeout_ms.
 *
 * Return: 0; -EREMOTEIO with BAD_IMAGE, DENIED, BAD_DIGEST or another refusal;
 * -EFBIG larger than the toolstack allows; -ENOSPC too many; -EINVAL empty, or
 * of no known kind; and the errors above.
 */
int coproc_firmware_load(struct coproc_device *device, const void *image, size_t bytes,
			 unsigned int kind, struct coproc_firmware **firmware);

/**
 * coproc_firmware_load_file() - the same for a file
 *
 * Return: besides, what open() and read() give.
 */
int coproc_firmware_load_file(struct coproc_device *device, const char *path,
			      unsigned int kind, struct coproc_firmware **firmware);

/** coproc_firmware_digest() - SHA-256 of the image, 32 bytes, as long as the handle lives */
const uint8_t *coproc_firmware_digest(const struct coproc_firmware *firmware);

/** coproc_firmware_guess() - kind by an image's first bytes, 0 if unknown */
unsigned int coproc_firmware_guess(const void *image, size_t bytes);

/**
 * coproc_firmware_unload() - the handle ends at once
 *
 * The backend is told when the jobs submitted before have ended.
 *
 * Return: 0; never fails for a valid handle; NULL is allowed.
 */
int coproc_firmware_unload(struct coproc_firmware *firmware);

/* ---- Contexts -------------------------------------------------------- */

/**
 * coproc_context_create() - a place to run jobs in: one after the other, with
 * memory of their own
 *
 * Blocks up to control_timeout_ms.
 *
 * Return: 0, -ENOSPC, -EREMOTEIO and the errors above.
 */
int coproc_context_create(struct coproc_device *device, struct coproc_context **context);

/** coproc_context_destroy() - as coproc_firmware_unload() */
int coproc_context_destroy(struct coproc_context *context);

/**
 * coproc_context_signal() - set the timeline to at least @value
 *
 * Does not block: jobs that wait for it start once the backend has read it.
 *
 * Return: 0, -ENOTCONN, -ENOMEM.
 */
int coproc_context_signal(struct coproc_context *context, uint64_t value);

/**
 * coproc_context_wait() - until the timeline has reached @value
 *
 * A job signals however it ends, LOST included, unless it was refused; and a
 * timeline keeps its value across a reconnection.
 *
 * Return: 0, -ETIMEDOUT, -ECONNRESET, -ENOTCONN.
 */
int coproc_context_wait(struct coproc_context *context, uint64_t value, int timeout_ms);

/* ---- Buffers --------------------------------------------------------- */

/**
 * coproc_buffer_create() - memory that the coprocessor can use
 * @bytes: rounded up to whole pages of 4096 bytes, which are zero
 * @access: enum xencoproc_access bits: what the coprocessor may do.  Without
 *          XENCOPROC_ACCESS_WRITE the pages are granted read-only
 *
 * Blocks up to control_timeout_ms.
 *
 * Return: 0; -E2BIG more than one buffer may have; -ENOSPC limit reached, here
 * or of the grant driver (gntalloc's module parameter "limit"); -EREMOTEIO.
 */
int coproc_buffer_create(struct coproc_device *device, size_t bytes, uint32_t access,
			 struct coproc_buffer **buffer);

/**
 * coproc_buffer_destroy() - the handle and its memory end for the caller at once
 *
 * Jobs that use the buffer may still be live: the pages go back when those
 * have ended and the backend has unmapped them, see coproc_settle().
 *
 * Return: 0; never fails for a valid handle; NULL is allowed.
 */
int coproc_buffer_destroy(struct coproc_buffer *buffer);

/**
 * coproc_buffer_data() - where the buffer lies in this process, page-aligned
 *
 * The address and the contents survive a reconnection, with one exception:
 * when the new backend is another domain, the contents are copied to fresh
 * pages, the old ones stay readable, and the first call of this function
 * after the COPROC_EVENT_STATE of the new connection unmaps the old and gives
 * the new address.
 */
void *coproc_buffer_data(struct coproc_buffer *buffer);

/** coproc_buffer_size() - in bytes, whole pages */
size_t coproc_buffer_size(const struct coproc_buffer *buffer);

/**
 * coproc_settle() - until the backend has let go of all that was destroyed
 *
 * Return: 0, -ETIMEDOUT, -ENOTCONN.
 */
int coproc_settle(struct coproc_device *device, int timeout_ms);

/* ---- Queues and jobs ------------------------------------------------- */

#define COPROC_QUEUE_OWN_EVENT  0x1u    /* an event channel of its own */

/**
 * coproc_queue_open() - a pair of rings for jobs of one class
 * @qclass: enum xencoproc_class
 * @entries: jobs that can be outstanding; rounded up to a power of two from
 *           32 to 512.  0: 64
 * @queue: set on success, the device's child
 *
 * Blocks up to control_timeout_ms.
 *
 * Return: 0; -EACCES a higher class than the toolstack allows; -ENOSPC too
 * many queues; -EINVAL more entries than allowed; -EREMOTEIO.
 */
int coproc_queue_open(struct coproc_device *device, unsigned int qclass,
		      unsigned int entries, struct coproc_queue **queue);

/** coproc_queue_open_flags() - the same with COPROC_QUEUE_* in @flags */
int coproc_queue_open_flags(struct coproc_device *device, unsigned int qclass,
			    unsigned int entries, uint32_t flags, struct coproc_queue **queue);

/**
 * coproc_queue_close() - the handle ends at once; its live jobs are cancelled and
 * their completions not delivered.  NULL is allowed
 */
int coproc_queue_close(struct coproc_queue *queue);

/** coproc_queue_outstanding() - jobs submitted and not completed, those that wait for
 * the next connection included */
unsigned int coproc_queue_outstanding(const struct coproc_queue *queue);

/** coproc_queue_room() - jobs that coproc_submit() would take now: entries less
 * those outstanding and those whose completion was not read */
unsigned int coproc_queue_room(const struct coproc_queue *queue);

/* A piece of a buffer, for one job. */
struct coproc_piece {
	struct coproc_buffer *buffer;
	uint32_t access;                /* enum xencoproc_access bits, within the buffer's */
	uint32_t offset;                /* bytes */
	uint32_t length;                /* bytes; 0 is allowed */
};

/* Flags of struct coproc_job. */
#define COPROC_JOB_WAIT         XENCOPROC_JOB_F_WAIT
#define COPROC_JOB_SIGNAL       XENCOPROC_JOB_F_SIGNAL
/* May run again from its beginning, after it started, when the backend is lost:
 * the library submits it again by itself. */
#define COPROC_JOB_RESTARTABLE  XENCOPROC_JOB_F_RESTARTABLE

/**
 * struct coproc_job - what to run; only read during coproc_submit()
 *
 * More than four pieces are passed in a table that the library keeps in a
 * buffer of its own, made at the first such job of a queue.
 */
struct coproc_job {
	struct coproc_context *context;
	struct coproc_firmware *firmware;
	uint32_t entry;                 /* which entry point, a number of the image's own */
	uint32_t flags;                 /* COPROC_JOB_* */
	uint64_t immediate;             /* passed to the firmware */
	const struct coproc_piece *pieces;
	uint32_t piece_count;
	uint32_t run_limit_us;          /* 0: the toolstack's limit */
	uint32_t start_limit_us;        /* from acceptance to start; 0: none, or 60 s with
					 * COPROC_JOB_WAIT, for every wait has an end */
	uint8_t priority;               /* inside the queue's class; greater is sooner */
	struct coproc_context *wait_context;    /* COPROC_JOB_WAIT */
	uint64_t wait_value;
	uint64_t signal_value;          /* COPROC_JOB_SIGNAL: @context's timeline at the end */
	uint64_t cookie;                /* the caller's own, given back; the backend never sees it */
};

/* How a job ended. */
struct coproc_done {
	uint64_t job;                   /* as coproc_submit() numbered it */
	uint64_t cookie;
	uint64_t result;                /* as the status defines; OK: the firmware's value */
	uint32_t waited_us;             /* from acceptance to start, by the backend's word */
	uint32_t ran_us;
	uint16_t status;                /* enum xencoproc_status */
	uint16_t flags;                 /* XENCOPROC_CQE_F_* */
};

/**
 * coproc_submit() - hand jobs to the backend, with at most one notification
 * @jobs: @count of them; objects of the same device
 * @ids: filled with the jobs' numbers, or NULL; a number is never used twice
 *
 * The first jobs are taken until there is no room or one is wrong.  May block
 * up to control_timeout_ms when a job needs a table and none was made yet.
 *
 * Return: how many were taken, if any.  Else: -EAGAIN no room; -EINVAL an
 * access, offset or length outside its buffer, more pieces than allowed, a
 * missing object or one of another device; -ENOTCONN; -ESTALE; -ENOSPC no
 * table could be made.
 */
int coproc_submit(struct coproc_queue *queue, const struct coproc_job *jobs,
		  unsigned int count, uint64_t *ids);

/**
 * coproc_read() - completions that are there, in the order of their arrival
 * @done: room for @max
 *
 * Looks at the ring itself, so a caller that polls needs no coproc_dispatch().
 *
 * Return: how many, 0 if none.  After a loss, live jobs that may have started
 * end with XENCOPROC_LOST; the others are submitted again when there is a new
 * connection within connect_timeout_ms, and end so when there is none, with
 * COPROC_OPEN_NO_RECONNECT, or after a broken ring.
 */
int coproc_read(struct coproc_queue *queue, struct coproc_done *done, unsigned int max);

/**
 * coproc_wait_any() - the same, but sleeps until there is at least one
 *
 * Return: how many; -ETIMEDOUT; -ENOENT nothing is outstanding.  0 as
 * @timeout_ms does not sleep.
 */
int coproc_wait_any(struct coproc_queue *queue, struct coproc_done *done, unsigned int max,
		    int timeout_ms);

/**
 * coproc_wait() - until one job has ended; takes its completion out
 * @job: its number
 *
 * Return: 0; -ENOENT no such job is live or unread; -ETIMEDOUT: it goes on,
 * and coproc_cancel() can end it.
 */
int coproc_wait(struct coproc_queue *queue, uint64_t job, int timeout_ms,
		struct coproc_done *done);

/**
 * coproc_cancel() - ask the backend to end a job
 *
 * Does not block.  The job still gets its one completion: CANCELLED, or what
 * it had come to before.  One that waits for the next connection ends at once.
 *
 * A backend has control_timeout_ms and max_run_limit_us together to end it; one
 * that does not answer by then, or answers and has not ended the job, counts as
 * lost (F-CANCEL-1): the job ends with XENCOPROC_LOST within close_timeout_ms
 * more.
 *
 * Return: 0 asked, or the completion is already there; -ENOENT no such job;
 * -ENOTCONN; -ENOMEM.
 */
int coproc_cancel(struct coproc_queue *queue, uint64_t job);

/** coproc_cancel_all() - the same for every live job of a queue */
int coproc_cancel_all(struct coproc_queue *queue);

/**
 * coproc_query() - ask the backend how an object stands
 * @what: enum xencoproc_query
 * @object: the queue, context, buffer or firmware handle that @what needs, or
 *          NULL for those that need none
 * @value: as enum xencoproc_query defines it
 *
 * Blocks up to control_timeout_ms.
 *
 * Return: 0, -EREMOTEIO, -ENOTCONN, -ECONNRESET, -EINVAL.
 */
int coproc_query(struct coproc_device *device, unsigned int what, const void *object,
		 uint64_t *value);

/* ---- Text ------------------------------------------------------------ */

/** coproc_status_text() - an enum xencoproc_status as one word, "timed-out" */
const char *coproc_status_text(unsigned int status);

/** coproc_status_explain() - the same as a sentence for people */
const char *coproc_status_explain(unsigned int status);

/** coproc_status_errno() - the negative errno that coprocif.md gives for a status;
 * 0 for OK, -EPROTO for what is none */
int coproc_status_errno(unsigned int status);

/** coproc_class_text() - "realtime", "normal", "batch", or NULL */
const char *coproc_class_text(unsigned int qclass);

/** coproc_version() - of the library, "0.1.0" */
const char *coproc_version(void);

#ifdef __cplusplus
}
#endif

#endif /* COPROC_H */
