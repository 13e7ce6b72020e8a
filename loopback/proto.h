/* SPDX-License-Identifier: MIT */
/*
 * What the libraries and the broker say to each other.
 *
 * One connection (SOCK_SEQPACKET) stands for one open handle, as one open
 * file of /dev/xen/gntdev, gntalloc or evtchn does on Xen: whatever was made
 * through it ends with it.  A client sends one request and reads its one
 * answer before it sends the next; the broker disconnects a client that does
 * otherwise, so it never has to queue anything for anybody.
 *
 * Both sides are always built from the same tree, so the structures are
 * plain host-order C; they still have no padding and every field is checked
 * by the broker, since any process of a domain can write to its socket.
 */
#ifndef COPROC_LOOPBACK_PROTO_H
#define COPROC_LOOPBACK_PROTO_H

#include <stdint.h>

#define LB_ENV_SOCKET	"COPROC_LOOPBACK_SOCKET"
#define LB_ENV_LIBDIR	"COPROC_LOOPBACK_LIBDIR"

#define LB_PAGE_SIZE	4096u
#define LB_MSG_MAX	65536u		/* one message, either way */
#define LB_FDS_MAX	64u		/* descriptors in one message */
#define LB_MAP_BATCH	4096u		/* grant references in one request */
#define LB_REFS_BATCH	8192u
#define LB_PORT_MAX	4096u		/* ports of a domain: 1 .. LB_PORT_MAX - 1 */
#define LB_NAME_MAX	64u
#define LB_DOMID_ANY	0xffffffffu
#define LB_NO_PORT	0xffffffffu	/* "no notification", as the public headers say -1 */
#define LB_NO_OFFSET	0xffffffffu

enum lb_op {
	LB_OP_RESTRICT = 1,	/* arg[0] domid */
	LB_OP_SHARE,		/* struct lb_share_req -> value: share, 1 fd */
	LB_OP_SHARE_REFS,	/* arg: share, first, count -> uint32_t refs[count] */
	LB_OP_SHARE_COMMIT,	/* arg: share: from here the references can be mapped */
	LB_OP_UNSHARE,		/* arg: share */
	LB_OP_MAP,		/* struct lb_map_req -> struct lb_map_rep, fds */
	LB_OP_UNMAP,		/* arg: mapping */
	LB_OP_MAX_MAPS,		/* arg: pages */
	LB_OP_COPY,		/* struct lb_copy_req -> struct lb_copy_rep, fds */
	LB_OP_EVT_ALLOC,	/* arg: remote domid -> value: port, 2 fds: receive, send */
	LB_OP_EVT_BIND,		/* arg: remote domid, remote port -> the same */
	LB_OP_EVT_VIRQ,		/* arg: virq -> value: port, 1 fd: receive */
	LB_OP_EVT_CLOSE,	/* arg: port */
	LB_OP_DOMINFO,		/* arg: first domid, count -> struct lb_dominfo[value] */
	/* the toolstack: domain 0 only */
	LB_OP_CREATE,		/* struct lb_create_req, 4 fds -> value: domid */
	LB_OP_DESTROY,		/* arg: domid */
	LB_OP_SIGNAL,		/* arg: domid, signal number */
	LB_OP_STATS,		/* arg: first domid -> struct lb_stats[value] */
	LB_OP_XENSTORED,	/* start xenstored again if it has died */
	LB_OP_COUNT
};

struct lb_req {
	uint32_t op;
	uint32_t arg[3];
};

struct lb_rep {
	int32_t error;		/* 0 or a positive errno */
	uint32_t value;
};

#define LB_SHARE_WRITABLE	1u
#define LB_SHARE_XENSTORE	2u	/* the reserved reference; the domain's keeper only */

/* What is done when a page goes: clear a byte, signal a port, both or none. */
struct lb_notify {
	uint32_t offset;	/* LB_NO_OFFSET: clear nothing */
	uint32_t port;		/* LB_NO_PORT: signal nothing */
};

struct lb_share_req {
	struct lb_req h;	/* arg: domid, count, LB_SHARE_* */
	struct lb_notify notify;
};

struct lb_grant {
	uint32_t domid;
	uint32_t ref;
};

struct lb_map_req {
	struct lb_req h;	/* arg: count, 1 if writable, unused */
	struct lb_notify notify;
	struct lb_grant grant[];
};

/* A run of pages that one mmap() covers. */
struct lb_run {
	uint32_t fd;		/* index among the descriptors of this message */
	uint32_t page;		/* first page within that descriptor */
	uint32_t count;
};

/*
 * The broker may cover fewer references than were asked for (a message holds
 * LB_FDS_MAX descriptors); the client asks again for the rest.
 */
struct lb_map_rep {
	struct lb_rep h;	/* value: mapping */
	uint32_t done;
	uint32_t nruns;
	struct lb_run run[];
};

struct lb_copy_entry {
	struct lb_grant grant;
	uint32_t write;
};

struct lb_copy_req {
	struct lb_req h;	/* arg: count */
	struct lb_copy_entry entry[];
};

struct lb_copy_page {
	int32_t status;		/* GNTST_* */
	uint32_t fd;
	uint32_t page;
};

struct lb_copy_rep {
	struct lb_rep h;	/* value: entries answered, from the first */
	struct lb_copy_page page[];
};

#define LB_DOM_DYING	1u

struct lb_dominfo {
	uint32_t domid;
	uint32_t flags;
	uint32_t pages;
	uint32_t reserved;
};

#define LB_CREATE_DETACH	1u	/* outlives the connection that asked */

/* Descriptors: stdin, stdout, stderr, strings (see strings.h). */
struct lb_create_req {
	struct lb_req h;	/* arg: domid or LB_DOMID_ANY, LB_CREATE_* */
	uint32_t uid;		/* 0xffffffff: as the world */
	uint32_t gid;
	uint32_t umask;
	uint32_t reserved;
	char name[LB_NAME_MAX];	/* NUL-terminated; empty: "dom<N>" */
};

/* Sent unasked to whoever created a domain, once, when it has ended. */
struct lb_exit_msg {
	uint32_t domid;
	uint32_t status;	/* exit status as a shell reports it */
};

struct lb_stats {
	uint32_t domid;
	uint32_t dying;
	uint32_t pid;		/* of the keeper, in the world's numbering */
	uint32_t handles;	/* open connections */
	uint32_t grants;	/* references that are granted or still mapped by others */
	uint32_t mapped;	/* foreign pages that this domain maps */
	uint32_t ports;
	uint32_t reserved;
	char name[LB_NAME_MAX];
};

#endif
