/* SPDX-License-Identifier: MIT */
/* What the two files of the double share. */
#ifndef TESTS_FRONTEND_DOUBLE_PRIVATE_H
#define TESTS_FRONTEND_DOUBLE_PRIVATE_H

#include <sys/mman.h>

#include <xenevtchn.h>
#include <xengnttab.h>

#include "double.h"
#include "libcoproc-ring/queue.h"

#define QUEUES          5u
#define BUFFERS         256u
#define ENTRIES_MAX     512u

struct double_queue {
	bool open;
	uint32_t order;
	void *sq;
	void *cq;
	struct coproc_server_queue ring;
	struct coproc_live live[ENTRIES_MAX];
	int port;               /* own event channel, or -1 */
};

struct double_buffer {
	unsigned char *data;
	uint32_t pages;
	uint32_t access;
};

struct held_job {
	uint32_t queue;
	uint16_t slot;
	uint64_t id;
};

struct backend_double {
	const struct double_case *what;
	struct xs_handle *xs;
	xengnttab_handle *gnttab;
	xenevtchn_handle *evtchn;
	uint32_t domid;
	char dir[96];
	char peer_dir[96];
	unsigned int mine;
	bool both;              /* connected on both sides */
	bool lied;              /* once is enough */
	bool dead;              /* silent */
	bool gone;              /* no directory any more */
	bool flapping;
	bool scribbling;
	uint64_t seed;
	unsigned int flaps;
	unsigned int turns;
	unsigned int pause;     /* turns without serving */
	unsigned int successor_in;
	unsigned int jobs;
	unsigned int connections;
	uint32_t sequence;
	uint32_t lost;

	struct xencoproc_cell *fe_index;
	struct xencoproc_cell *be_index;
	void *control_sq;
	void *control_cq;
	void *events;
	evtchn_port_t port;
	struct coproc_ring event_ring;
	struct double_queue queue[QUEUES];
	struct double_buffer buffer[BUFFERS];
	uint64_t timeline[64];
	/* jobs with entry 9 are kept until they are cancelled */
	struct held_job hold[ENTRIES_MAX];
	unsigned int held;
};

void double_state(struct backend_double *d, unsigned int state);
void *double_map(struct backend_double *d, uint32_t *refs, uint32_t count, bool writable);
void double_queue_close(struct backend_double *d, uint32_t index);
void double_buffer_close(struct backend_double *d, uint32_t index);
void double_teardown(struct backend_double *d);
void double_successor(struct backend_double *d);
void double_remove(struct backend_double *d);
void double_serve(struct backend_double *d);

#endif /* TESTS_FRONTEND_DOUBLE_PRIVATE_H */
