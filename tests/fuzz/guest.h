/* SPDX-License-Identifier: MIT */
/*
 * A frontend in the hands of the input: it knows the rules, and what it sent,
 * so that it can tell what must come back; and it can break each of them.
 *
 * Pages of its domain: 0 .. 4 the connection's, then SQ and CQ of each queue,
 * directories, and the rest for buffers.
 */
#ifndef TESTS_FUZZ_GUEST_H
#define TESTS_FUZZ_GUEST_H

#include "fuzz.h"
#include "libcoproc-ring/message.h"
#include "rim/rim.h"

#define GUEST_QUEUES    4u      /* the control queue and three of jobs */
#define GUEST_DIRS      65u     /* first page of directories, three */
#define GUEST_DATA      68u     /* first page for buffers */
#define ENTRIES_MAX     512u

struct guest_slot {
	bool live;
	uint16_t op;
	uint64_t id;
	enum xencoproc_status expect;   /* steps 1 to 9; OK: anything later */
	uint64_t immediate;             /* of a job */
	uint32_t queue, order;          /* of QUEUE_OPEN and QUEUE_CLOSE; 0: not one of ours */
};

struct guest_queue {
	bool open;              /* by the guest's own view */
	bool closing;           /* QUEUE_CLOSE was sent: nothing more is submitted */
	uint32_t entries;
	uint32_t put, published, taken;
	struct guest_slot slot[ENTRIES_MAX];
};

struct guest {
	uint32_t domain;
	bool there;             /* the toolstack attached it */
	bool clean;             /* it broke no rule of rings since it connected */
	bool played;            /* its states and nodes were its own, by the rules */
	bool limits_known, class_known;
	unsigned int state;     /* that it wrote */
	uint64_t next_id;
	uint32_t events_taken, sequence, lost;
	struct coproc_limits limits;
	struct guest_queue queue[GUEST_QUEUES];
	char be_dir[64], fe_dir[64];
};

/* The toolstack's part. */
void guest_attach(struct guest *g, uint32_t domain);
void guest_node(const struct guest *g, bool backend, const char *name, const char *text, size_t len);
unsigned int guest_backend_state(const struct guest *g);
/* One step of the frontend's table, by the rules. */
void guest_step(struct guest *g);
bool guest_connected(const struct guest *g);

uint32_t guest_sq_page(uint32_t queue);
uint32_t guest_cq_page(uint32_t queue);
/* Return: whether there was a slot.  The request's slot and id are chosen. */
bool guest_put(struct guest *g, uint32_t queue, struct coproc_request *request);
bool guest_put_raw(struct guest *g, uint32_t queue, struct xencoproc_sqe *sqe);
void guest_publish(struct guest *g, uint32_t queue);
void guest_notify(const struct guest *g, uint32_t queue);
/* Takes what completed, and holds it against what was asked. */
void guest_take(struct guest *g, uint32_t queue);
void guest_take_events(struct guest *g);
uint32_t guest_live(const struct guest *g, uint32_t queue);

/* A request out of the input, with small numbers. */
void guest_request(struct guest *g, struct input *in, struct coproc_request *r);
void guest_job(struct input *in, struct coproc_request *r);
/* Whether the request makes, uses or ends pages: prepares directories. */
void guest_prepare(struct guest *g, struct input *in, struct coproc_request *r);

#endif /* TESTS_FUZZ_GUEST_H */
