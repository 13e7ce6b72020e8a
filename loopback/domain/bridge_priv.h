/* SPDX-License-Identifier: MIT */
/* Shared by bridge.c (the ring's side) and bridge_client.c (the processes'). */
#ifndef COPROC_LOOPBACK_DOMAIN_BRIDGE_PRIV_H
#define COPROC_LOOPBACK_DOMAIN_BRIDGE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "loopback/domain/bridge.h"
#include "loopback/idtab.h"
#include "loopback/loop.h"

#define LB_CLIENTS_MAX	512u
#define LB_CLIENT_BACKLOG (1u << 20)	/* bytes a process may leave unread */

/* Bytes on their way out. */
struct lb_buf {
	char *p;
	size_t len, cap;
};

struct lb_xsmsg {
	struct xsd_sockmsg h;
	char body[XENSTORE_PAYLOAD_MAX];
};

struct lb_watch {
	struct lb_watch *next;		/* in bridge */
	struct lb_client *client;	/* NULL: its process is gone */
	uint32_t id;
	bool ending;			/* its UNWATCH is on the way */
	char *path;
	char *token;			/* the process's own */
};

struct lb_tx {
	struct lb_tx *next;
	uint32_t id;
};

struct lb_client {
	struct lb_source src;
	struct lb_client *next;
	struct lb_bridge *b;
	bool busy;			/* a request of it is on the ring: one at a time */
	struct lb_xsmsg in;
	size_t in_len;
	struct lb_buf out;
	struct lb_tx *txs;
};

/* A request on the ring; its number there is its place in bridge.ops. */
struct lb_xsop {
	struct lb_client *client;	/* NULL: ours, or its process is gone */
	uint32_t id, type, client_id, tx;
	struct lb_watch *watch;
};

struct lb_bridge {
	int epfd;
	struct lb_source listener, event;
	xengntshr_handle *xgs;
	xenevtchn_handle *xce;
	evtchn_port_t port;
	struct xenstore_domain_interface *ring;
	bool broken;
	struct lb_buf out;		/* for the ring */
	struct lb_xsmsg in;		/* from the ring */
	size_t in_len;
	struct lb_idtab ops, watches;
	struct lb_watch *watch_list;
	struct lb_client *clients;
	uint32_t nclients;
};

/* bridge.c */
int lb_buf_add(struct lb_buf *b, const void *p, size_t n);	/* -1: no memory */
void lb_buf_eat(struct lb_buf *b, size_t n);
/* Puts a request on the ring; 0 or errno, then nothing was queued. */
int lb_bridge_send(struct lb_bridge *b, struct lb_client *c, uint32_t type, uint32_t client_id,
		   uint32_t tx, struct lb_watch *w, const void *body, size_t len);
void lb_bridge_pump(struct lb_bridge *b);

/* bridge_client.c */
void lb_client_accept(struct lb_source *listener, uint32_t events);
void lb_client_close(struct lb_client *c);
/* Sends one message to the process; may close the client. */
void lb_client_send(struct lb_client *c, uint32_t type, uint32_t req_id, uint32_t tx,
		    const void *body, size_t len);
/* xenstored's answer to @op, whose client may be gone. */
void lb_client_answer(struct lb_bridge *b, struct lb_xsop *op, const struct lb_xsmsg *m);
/* A watch event from the ring. */
void lb_client_event(struct lb_bridge *b, const struct lb_xsmsg *m);

#endif
