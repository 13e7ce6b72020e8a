/* SPDX-License-Identifier: MIT */
/*
 * A backend with nothing in between, for attacks on libcoproc: on libxengnttab,
 * libxenevtchn and libxenstore alone, honest where an attack does not say
 * otherwise.  It serves devices of one guest, `hostile-victim`.
 */
#ifndef TESTS_HOSTILE_LIAR_H
#define TESTS_HOSTILE_LIAR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "board.h"
#include "libcoproc-ring/queue.h"

#define LIAR_QUEUES     5u
#define LIAR_BUFFERS    64u
#define LIAR_KEPT       4096u

/* What an attack has the liar do with a request. */
enum liar_does { LIAR_HONEST, LIAR_SILENT, LIAR_HOLD };

struct liar_queue {
	bool open;
	uint32_t order;
	void *sq, *cq;
	struct coproc_server_queue ring;
	struct coproc_live live[1u << XENCOPROC_ORDER_MAX];
};

struct liar_held {
	uint32_t queue;
	uint16_t slot;
	uint64_t id;
};

struct liar_kept {
	uint8_t *at;
	uint32_t pages;
};

struct liar {
	uint32_t domid, devid;
	struct xs_handle *xs;
	xengnttab_handle *gnttab;
	xenevtchn_handle *evtchn;
	char dir[96], peer_dir[96];
	xs_transaction_t transaction;
	unsigned int mine;              /* state */
	unsigned int connections;
	bool both;                      /* connected on both sides */

	struct xencoproc_cell *fe, *be;
	void *events;
	struct coproc_ring event_ring;
	evtchn_port_t port;
	struct liar_queue queue[LIAR_QUEUES];
	struct liar_kept buffer[LIAR_BUFFERS];
	struct liar_held held[64];      /* requests that wait for an answer */
	unsigned int nheld;
	uint64_t timeline;
	struct liar_kept kept[LIAR_KEPT];
	unsigned int nkept;

	/* the attack; all may be NULL or 0 */
	void *attack;
	const char *node, *value;       /* one node that says this; value NULL: it is absent */
	size_t length;
	enum liar_does (*request)(struct liar *l, uint32_t queue, const struct coproc_request *r);
	bool (*peer)(struct liar *l, unsigned int state);       /* true: leave it at that */
	void (*turn)(struct liar *l);
	void (*mapped)(struct liar *l, const char *what, void *at, uint32_t pages);
	bool keep;                      /* says that it unmaps, and does not */
	bool dead;                      /* does nothing at all */
};

/* liar.c */
void liar_open(struct liar *l, uint32_t domid, uint32_t devid);
/* Forget the attack, be a backend that has just started. */
void liar_fresh(struct liar *l);
void liar_turn(struct liar *l, int ms);
void liar_state(struct liar *l, const char *state);
void liar_write(struct liar *l, const char *node, const void *value, size_t length);
char *liar_peer_node(struct liar *l, const char *node);
void liar_notify(struct liar *l);
void liar_unmap(struct liar *l);        /* what is kept included */
void liar_remove(struct liar *l);       /* its directory */
/* liar-serve.c */
void liar_serve(struct liar *l);
void liar_answer(struct liar *l, const struct liar_held *held, uint16_t status, uint64_t result);
/* A completion as it stands, published. */
void liar_forge(struct liar *l, uint32_t queue, const struct xencoproc_cqe *cqe);
void liar_event(struct liar *l, const struct xencoproc_event *event);
void *liar_map(struct liar *l, const char *what, const uint32_t *refs, uint32_t count, bool writable);
void liar_let_go(struct liar *l, void *at, uint32_t pages);

/* liar-main.c: TAP and the guest */
extern struct board *board;
extern bool quick;                      /* fewer rounds: sanitizers */
void tap(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One round of the guest with this liar; false when the guest died or hangs. */
bool play(struct liar *l, enum board_mode mode, uint32_t argument);
/* The same, with a second liar that is served beside. */
bool play_two(struct liar *l, struct liar *other, enum board_mode mode, uint32_t argument);
/* An honest round, all of it right. */
bool honest(struct liar *l);

/* liar-rings.c, liar-states.c, liar-nodes.c, liar-pages.c, liar-storms.c */
void attack_rings(struct liar *l);
void attack_states(struct liar *l);
void attack_less(struct liar *l);
void attack_stalls(struct liar *l);
void attack_nodes(struct liar *l);
void attack_pages(struct liar *l);
void attack_storms(struct liar *l);
void attack_reconnects(struct liar *l);

#endif /* TESTS_HOSTILE_LIAR_H */
