/* SPDX-License-Identifier: MIT */
/*
 * The broker: what the hypervisor is on Xen.  It holds the domains, their
 * grant tables and event channels, and answers the libraries.
 *
 * One thread, one epoll set, and no call that a client could make wait: all
 * its descriptors are nonblocking, a client that does not take its answer is
 * disconnected, and it never touches memory or pipes at a client's mercy.
 */
#ifndef COPROC_LOOPBACK_BROKER_H
#define COPROC_LOOPBACK_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "loopback/idtab.h"
#include "loopback/loop.h"
#include "loopback/proto.h"

#define LB_DOMID_MAX	0x7ff0u		/* DOMID_FIRST_RESERVED */
#define LB_UNRESTRICTED	0xffffffffu

struct lb_world;
struct lb_domain;
struct lb_conn;

struct lb_port;

/* A notification that waits for its page to go. */
struct lb_armed {
	struct lb_notify n;
	struct lb_port *port;	/* kept open until then; NULL: none */
};

/* The pages of one xengntshr_share_*() call: one memfd, one grantee, one fate. */
struct lb_share {
	struct lb_domain *owner;
	struct lb_conn *conn;	/* NULL once given back */
	uint32_t id;		/* in conn */
	uint32_t grantee;
	bool writable, live;
	int fd;
	uint32_t npages;
	uint32_t *ref;
	uint64_t maps;		/* pages of it that others map, counted per mapping */
	uint8_t *page;		/* our view of a read-only page that has a byte to clear */
	struct lb_armed armed;
};

struct lb_gent {
	struct lb_share *share;	/* NULL: free */
	uint32_t page;
};

struct lb_maprun {
	struct lb_share *share;
	uint32_t first, count;
};

struct lb_mapping {
	struct lb_conn *conn;
	uint32_t id;		/* in conn */
	uint32_t pages;
	struct lb_armed armed;
	uint32_t nruns;
	struct lb_maprun run[];
};

/* Two pipes; end s reads pipe[s] and writes pipe[1 - s]. */
struct lb_chan {
	int pipe[2][2];
	struct lb_port *end[2];
	struct lb_domain *payer;	/* its descriptors count against this domain */
};

struct lb_port {
	struct lb_domain *dom;
	struct lb_conn *conn;	/* NULL: the domain's kernel, that is us */
	struct lb_port *next;	/* in conn */
	uint32_t num;
	uint32_t armed;		/* notifications that name it: it stays open for them */
	bool closing;		/* its handle is gone */
	struct lb_chan *chan;
	int side;
	uint32_t remote;	/* the only domain that may bind the other end */
	int virq;		/* -1: none */
};

struct lb_conn {
	struct lb_source src;
	struct lb_conn *next;	/* in dom */
	struct lb_world *w;
	struct lb_domain *dom;
	pid_t pid;
	bool xenstored, keeper;
	uint32_t restricted;	/* domid or LB_UNRESTRICTED */
	uint64_t mapped, max_mapped;
	struct lb_idtab shares, mappings;
	struct lb_port *ports;
	bool replied;		/* the request at hand has its answer */
	bool waiting;		/* for the answer to CREATE */
};

enum lb_dom_state { LB_DOM_NEW, LB_DOM_RUNNING, LB_DOM_DEAD };

struct lb_listener {
	struct lb_source src;
	struct lb_world *w;
	struct lb_domain *dom;
	bool xenstored;
};

struct lb_domain {
	struct lb_domain *next;	/* ascending id */
	struct lb_world *w;
	uint32_t id;
	uint32_t serial;	/* of its directory: an id may be used again */
	char name[LB_NAME_MAX];
	enum lb_dom_state state;
	pid_t keeper;
	ino_t pidns;
	struct lb_listener listener;
	struct lb_source ctl;	/* to the keeper */
	struct lb_conn *conns;
	struct lb_conn *creator;	/* told of the end; NULL if nobody waits */
	bool detached;
	bool released;		/* xenstored has forgotten it */
	uint32_t exit_status;
	int ts_error;		/* the first that xenstored gave while it was made */
	int64_t deadline;	/* of its creation, monotonic ms; 0: none */

	struct lb_gent *gent;	/* max_grants of them */
	uint32_t *freed;	/* ring of references to use again, oldest first */
	uint32_t fresh, freed_head, nfreed;
	struct lb_port *port[LB_PORT_MAX];
	uint32_t next_port;

	uint32_t nconns, ngrants, nports, nshares, nfds;
	uint64_t mapped;
};

struct lb_config {
	const char *dir;	/* the world's tmpfs */
	const char *libdir;
	const char *xenstored;
	uint32_t max_grants;	/* per domain */
	uint32_t max_ports;
	uint32_t max_maps;	/* foreign pages one domain may map */
};

struct lb_toolstack;
struct lb_keeper_args;

struct lb_world {
	const struct lb_config *cfg;
	int epfd;
	struct lb_domain *domains;
	struct lb_listener xs_listener;
	struct lb_port *dom_exc;	/* who bound VIRQ_DOM_EXC */
	struct lb_toolstack *ts;
	pid_t xenstored_pid;
	bool xs_up;			/* xenstored has answered */
	struct lb_conn *xs_waiter;	/* asked for a new xenstored; NULL: nobody */
	uint32_t max_fds;		/* descriptors one domain may make us hold */
	uint64_t nofile;		/* the soft limit that commands are to get back */
	uint32_t next_domid, next_serial;
	bool proc_ours;			/* /proc shows the world's own pids */
	bool ending;
	int status;
};

/* conn.c */
int lb_listen(struct lb_world *w, struct lb_listener *l, const char *path);
void lb_conn_close(struct lb_conn *c);
void lb_reply(struct lb_conn *c, const void *rep, size_t len, const int *fds, unsigned int nfds);
void lb_reply_value(struct lb_conn *c, int error, uint32_t value);
/* 0, or EACCES if the handle is restricted to another domain. */
int lb_conn_allows(const struct lb_conn *c, uint32_t domid);

/* identity.c: is @pid a process of @d, as the kernel sees it?  0 or -errno. */
int lb_identify(const struct lb_domain *d, pid_t pid);

/* domain.c */
struct lb_domain *lb_domain_find(struct lb_world *w, uint32_t id);
int lb_domain_new(struct lb_world *w, uint32_t id, const char *name, struct lb_domain **out);
void lb_domain_dead(struct lb_domain *d, uint32_t status);
void lb_domain_kill(struct lb_domain *d);
/* Frees a dead domain that nobody holds on to any more. */
void lb_domain_put(struct lb_domain *d);
void lb_domain_dir(const struct lb_domain *d, char *buf, size_t size);
/* Takes @n descriptors from the domain's allowance; false: it has no more. */
bool lb_domain_charge(struct lb_domain *d, uint32_t n);

/* share.c, mapping.c, event.c, control.c: one function per request */
typedef void lb_handler(struct lb_conn *c, const void *msg, size_t len, int *fds, unsigned int nfds);
lb_handler lb_do_share, lb_do_share_refs, lb_do_share_commit, lb_do_unshare;
lb_handler lb_do_map, lb_do_unmap, lb_do_copy;
lb_handler lb_do_evt_alloc, lb_do_evt_bind, lb_do_evt_virq, lb_do_evt_close;
lb_handler lb_do_dominfo, lb_do_create, lb_do_destroy, lb_do_signal, lb_do_stats, lb_do_xenstored;

void lb_share_end(struct lb_share *s);		/* given back, or its handle is gone */
void lb_share_unmapped(struct lb_share *s, uint64_t pages);
void lb_share_clear_byte(struct lb_share *s, uint32_t page, uint32_t offset);
void lb_mapping_end(struct lb_mapping *m);
void lb_grants_free(struct lb_domain *d);

/* GNTST_*: may @c map or copy this reference?  Fills share and page. */
int32_t lb_grant_look(struct lb_conn *c, const struct lb_grant *g, bool write,
		      struct lb_share **share, uint32_t *page);

/* Takes hold of the port that @n names; 0 or errno. */
int lb_arm(struct lb_conn *c, const struct lb_notify *n, struct lb_armed *a);
void lb_disarm(struct lb_armed *a);
/* Clears the byte, signals the port, and lets go of it. */
void lb_fire(struct lb_armed *a, struct lb_share *s, uint32_t page);

int lb_port_new(struct lb_domain *d, struct lb_conn *c, uint32_t remote, struct lb_port **out);
void lb_port_close(struct lb_port *p);
void lb_port_signal(struct lb_port *p);		/* an event for p's own domain */
void lb_virq_dom_exc(struct lb_world *w);

/* spawn.c */
int lb_spawn_keeper(struct lb_domain *d, struct lb_keeper_args *a);	/* 0 or errno */
int lb_spawn_xenstored(struct lb_world *w);				/* 0 or errno */
void lb_reap(struct lb_world *w);
/* xenstored knows the domain (or gave @error): run its command. */
void lb_domain_start(struct lb_domain *d, int error);

/* toolstack.c: our connection with xenstored, as domain 0's toolstack */
int lb_ts_init(struct lb_world *w);
void lb_ts_introduce(struct lb_domain *d, uint32_t port);
void lb_ts_release(struct lb_domain *d);
void lb_ts_xenstored_died(struct lb_world *w);
bool lb_ts_ready(const struct lb_world *w);

/* control.c: steps of a creation */
void lb_created(struct lb_domain *d, int error);

/* main.c */
/**
 * lb_broker_run - be the world until its first command ends
 * @life: from the launcher: signal numbers to pass on, end of file = it is gone
 * @strings: domain 0's command, see strings.h
 * @proc_ours: /proc shows this pid namespace
 *
 * Returns the exit status of domain 0's command, or 125 after saying why.
 */
int lb_broker_run(const struct lb_config *cfg, int life, int strings, bool proc_ours);
void lb_end(struct lb_world *w, int status);
/* Answers who asked for a new xenstored, if anybody did. */
void lb_xenstored_up(struct lb_world *w, int error);

#endif
