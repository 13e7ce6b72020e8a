/* SPDX-License-Identifier: MIT */
/*
 * A frontend with nothing in between: rings, nodes and grants as one likes.
 * For guests that do what libcoproc never would.  Polls, does not sleep.
 */
#ifndef COPROC_HOSTILE_RAW_H
#define COPROC_HOSTILE_RAW_H

#include <stdbool.h>
#include <stdint.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "libcoproc-ring/queue.h"

#define RAW_DEVICE      "device/vcoproc/0"
#define RAW_QUEUES      4u

struct raw_queue {
	struct coproc_client_queue ring;
	struct coproc_shadow shadow[1u << XENCOPROC_ORDER_MAX];
	void *sq, *cq;
	uint32_t sq_ref, cq_ref;
	bool open;
};

struct raw {
	struct xs_handle *xs;
	xengntshr_handle *gntshr;
	xenevtchn_handle *evtchn;
	char backend[128];
	uint32_t domain;
	int port;
	struct xencoproc_cell *fe, *be;
	void *events;
	uint32_t fe_ref, be_ref, events_ref;
	struct raw_queue queue[RAW_QUEUES];
	uint64_t id;
};

/* What pages the backend writes are full of when they are granted; 0 as the text wants it. */
extern uint8_t raw_fill;

void raw_open(struct raw *raw);                 /* exits with a word when it cannot */
bool raw_write(struct raw *raw, const char *node, const char *value);
bool raw_write_number(struct raw *raw, const char *node, uint32_t value);
/* The backend's state, or -1. */
int raw_backend(struct raw *raw);
/* Return: whether the backend came to this state within some seconds. */
bool raw_until(struct raw *raw, int state);
/* The backend's `error` node, "" if empty. */
const char *raw_error(struct raw *raw);

/* Fresh pages, ring 0, nodes, Connected. */
bool raw_connect(struct raw *raw);
/* The steps before the state 3 is written. */
bool raw_publish(struct raw *raw);
/* Closing, and all pages given back.  Return: whether the backend let go. */
bool raw_disconnect(struct raw *raw);

void *raw_share(struct raw *raw, uint32_t pages, uint32_t *refs, bool writable);
void raw_unshare(struct raw *raw, void *at, uint32_t pages);
void raw_notify(struct raw *raw);

/* Put and publish one request; its slot, or -1. */
int raw_send(struct raw *raw, unsigned int queue, struct coproc_request *request);
/* The next completion within some seconds; false if there is none. */
bool raw_take(struct raw *raw, unsigned int queue, struct coproc_completion *done);
/* raw_send() and raw_take() on the control queue: the status, 0xffff if none came. */
unsigned int raw_ask(struct raw *raw, struct coproc_request *request);

/* Requests with all that is unused set as the text wants it. */
struct coproc_request raw_request(unsigned int op);
unsigned int raw_queue_open(struct raw *raw, unsigned int queue, unsigned int qclass);
unsigned int raw_context(struct raw *raw, uint32_t context);
/* Pages shared for it come back in @at; all of one access. */
unsigned int raw_buffer(struct raw *raw, uint32_t buffer, uint32_t pages, uint32_t access,
			void **at);
/* An image that lies at the beginning of a buffer. */
unsigned int raw_firmware(struct raw *raw, uint32_t firmware, uint32_t buffer, uint32_t length,
			  const uint8_t sha256[32]);
struct coproc_request raw_job(uint32_t context, uint32_t firmware, uint32_t entry,
			      uint64_t immediate);

#endif /* COPROC_HOSTILE_RAW_H */
