/* SPDX-License-Identifier: MIT */
/*
 * The frontend that coproc-conform plays: rings, nodes and grants in its own
 * hands, honest by default, with all that a case needs to be otherwise.
 *
 * It looks at everything that it takes: a completion or event that breaks a
 * rule fails the case at hand and the rule (report_breach()), whatever the
 * case was about.  It polls; notifications are sent as P5 says, and counted
 * when they come.
 */
#ifndef TESTS_CONFORMANCE_BACKEND_PEER_H
#define TESTS_CONFORMANCE_BACKEND_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "backend-message.h"
#include "report.h"

/* How long is waited for what a backend does at once, and at most; --patience. */
extern uint64_t patience_us;
#define SOON_US         patience_us
/* And for a state: it may bound how often it looks at what we write. */
#define STATE_US        (3 * patience_us)

enum feature { JOURNAL = 1, SAVE_AREA = 2, CROSS_TIMELINE = 4, DIGEST_LOAD = 8, SIGNATURE = 16 };

/* What the backend's nodes say, read at InitWait. */
struct offer {
	bool version1;
	char kind[64], preemption[32];
	char firmware_kinds[64];
	uint64_t local_memory;
	uint32_t max_queues, max_ring_order, max_contexts, max_buffers, max_pages, max_firmware,
		max_firmware_bytes, max_operands, max_run_limit_us;
	uint32_t max_class;             /* of the toolstack's nodes */
	uint32_t weight;
	unsigned int features;          /* enum feature */
};

struct asked {
	unsigned int queue;
	uint16_t op, slot;
	uint64_t id;
	uint32_t place;                 /* index in the SQ */
	uint32_t object;                /* that it names first */
	bool answered;
	uint64_t at_us;                 /* when it was seen */
	struct completion got;
};

struct peer_queue {
	bool open;
	unsigned int order, entries;
	uint8_t *sq, *cq, *journal;
	uint32_t sq_ref[16], cq_ref[4], journal_ref;
	int port;                       /* its own, or -1 */
	uint32_t sq_index, sq_published, cq_index;
	struct asked *live[512];        /* by slot */
	bool consumed[512];             /* places of the CQ that were ever used */
};

#define SHARED_MAX      512u
#define ASKED_MAX       8192u
#define NOTICES_MAX     1024u

struct peer {
	struct report *report;
	struct xs_handle *xs;
	xengntshr_handle *gntshr;
	xenevtchn_handle *evtchn;
	char device[64], backend[256];  /* directories of the device at hand */
	unsigned int first, last;       /* devices there are, taken in turn */
	unsigned int number;
	uint32_t domain;                /* of the backend */
	struct offer offer;
	unsigned int features;          /* asked for in this connection, and offered */
	bool connected;
	bool spoilt;                    /* see peer_forget_rings() */
	int port;
	uint8_t *fe, *be, *events;
	uint32_t fe_ref, be_ref, events_ref;
	struct peer_queue queue[QUEUES];
	bool cells_used[64];            /* of the backend's, in this connection */
	uint32_t events_index;
	bool hold_events;               /* do not consume events */
	struct notice notice[NOTICES_MAX];
	unsigned int notices, noticed;  /* taken; looked at by cases */
	struct asked asked[ASKED_MAX];
	unsigned int count;
	unsigned int notified;          /* notifications that came, on any port */
	struct { void *at; uint32_t pages; } shared[SHARED_MAX];
	unsigned int nshared;
	uint64_t id;
};

/* Whether a list of numbers joined by commas has this one. */
bool list_has(const char *list, unsigned long wanted);
uint64_t now_us(void);
void sleep_us(uint64_t us);

/* ---- xenstore ---- */

/* Return: 0, or what is missing, said on standard error. */
int peer_open(struct peer *p, struct report *report, unsigned int first, unsigned int last);
/* The next device, not connected: a backend that bounds what one device may
 * cost it would make us wait.  False: it is not there. */
bool peer_turn(struct peer *p);
void peer_shut(struct peer *p);
/* A node of the backend's directory, malloc()ed, or NULL; of ours. */
char *backend_node(struct peer *p, const char *name);
bool write_node(struct peer *p, const char *name, const char *value);
bool write_number(struct peer *p, const char *name, uint64_t value);
void remove_node(struct peer *p, const char *name);
int backend_state(struct peer *p);      /* -1: vanished */
bool backend_reaches(struct peer *p, int state, uint64_t us);
/* The backend's `error`, "" if empty; valid until the next call. */
const char *backend_error(struct peer *p);

/* ---- connecting ---- */

/* To the backend's InitWait, its nodes read into p->offer. */
bool peer_begin(struct peer *p);
/* Fresh zeroed pages and a port; nothing written yet. */
bool peer_allocate(struct peer *p);
/* The nodes of step 3, all but the state. */
bool peer_write_nodes(struct peer *p);
/* All of it, up to Connected on both sides.  Features: those wanted. */
bool peer_connect(struct peer *p, unsigned int features);
/* Connect, or fail the case at hand. */
bool peer_must_connect(struct peer *p);
/* Closing, Closed; pages looked at, given back.  Return: the backend let go. */
bool peer_disconnect(struct peer *p);
/* Waits for the backend to refuse or break the connection with @rule in its
 * error; checks it.  Then leaves. */
bool peer_check_broken(struct peer *p, const char *rule);
/* Pages and port given back without a word. */
void peer_forget(struct peer *p);

/* The rings are spoilt: nothing in them is looked at any more. */
void peer_forget_rings(struct peer *p);

void *peer_share(struct peer *p, uint32_t pages, uint32_t *refs, bool writable);
void peer_unshare(struct peer *p, void *at);

/* ---- rings ---- */

uint8_t *fe_cell(struct peer *p, unsigned int ring);
uint8_t *be_cell(struct peer *p, unsigned int ring);
#define RING_SQ(q)      (2u * (q) + 2u)
#define RING_CQ(q)      (2u * (q) + 3u)
uint32_t load32(const void *at);        /* acquire */
void store32(void *at, uint32_t value); /* release */
void peer_notify(struct peer *p, unsigned int queue);
/* Notifications that are pending now are counted and forgotten. */
unsigned int peer_notifications(struct peer *p);

/* Whether a notification is pending. */
bool peer_poll(struct peer *p);

/* P1 with a free slot and a fresh id.  Return: NULL when no slot is free. */
struct asked *peer_put(struct peer *p, unsigned int queue, struct request *r);
/* P1 with what the request says, whatever it is. */
void peer_put_raw(struct peer *p, unsigned int queue, const struct request *r);
void peer_publish(struct peer *p, unsigned int queue);          /* P2 to P5 */
bool peer_publish_quietly(struct peer *p, unsigned int queue);  /* ... whether to notify */
struct asked *peer_send(struct peer *p, unsigned int queue, struct request r);
/* Takes what is there from every open queue and the event ring. */
void peer_reap(struct peer *p);
bool peer_wait_us(struct peer *p, struct asked *a, uint64_t us);
/* Return: the status; SILENCE if no completion came soon. */
unsigned int peer_wait(struct peer *p, struct asked *a);
unsigned int peer_ask(struct peer *p, struct request r);        /* on the control queue */
unsigned int peer_ask_on(struct peer *p, unsigned int queue, struct request r);
/* peer_ask() of a QUERY: its result, or ~0 when it was not OK. */
uint64_t peer_query(struct peer *p, uint32_t what, uint32_t object);
/* The next event of this type, or NULL after some seconds. */
const struct notice *peer_event(struct peer *p, unsigned int type);

/* ---- objects ---- */

/* Fresh pages and references of a queue in the request and the peer; not sent. */
struct request queue_open(struct peer *p, unsigned int queue, unsigned int qclass, unsigned int order);
/* Open it, or fail the case at hand. */
bool peer_queue(struct peer *p, unsigned int queue, unsigned int qclass, unsigned int order);
/* The same with 32 entries and an event channel of its own. */
bool peer_queue_with_port(struct peer *p, unsigned int queue, unsigned int qclass);
/* Pages and a clean directory for a BUF_REGISTER; not sent.  *at: the pages. */
struct request buf_register(struct peer *p, uint32_t buffer, uint32_t pages, unsigned int access, void **at);

/* The page that was granted last by itself: the directory of a buffer just made. */
uint8_t *directory_last(struct peer *p);

/* ---- checks ---- */

/* Sends on the control queue and checks the status. */
bool expect(struct peer *p, unsigned int status, struct request r, const char *what);
bool expect_on(struct peer *p, unsigned int queue, unsigned int status, struct request r, const char *what);
bool expect_answer(struct peer *p, struct asked *a, unsigned int status, const char *what);
bool expect_query(struct peer *p, uint32_t what, uint32_t object, uint64_t value);

#endif /* TESTS_CONFORMANCE_BACKEND_PEER_H */
