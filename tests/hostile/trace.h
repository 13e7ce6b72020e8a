/* SPDX-License-Identifier: MIT */
/*
 * The double-fetch tracer: private to its files.  README.md says what it finds.
 *
 *   trace-step.c     faults and single steps: which instruction touched what
 *   trace-xen.c      Xen's calls on their way to the real libraries
 *   trace-roles.c    which page is what, by the nodes and the messages
 *   trace-rules.c    what may be touched how often
 *   trace-report.c   what was seen
 *
 * It is preloaded into an unmodified program, on x86-64 alone.  One thread of
 * the program touches shared pages; coprocd and users of one libcoproc handle
 * do so.
 */
#ifndef TESTS_HOSTILE_TRACE_H
#define TESTS_HOSTILE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/coprocif.h"

#define PAGE            XENCOPROC_PAGE_SIZE
#define CELL            sizeof(struct xencoproc_cell)
#define RINGS           (2u * XENCOPROC_QUEUE_MAX + 4u)

enum side { SIDE_BACKEND, SIDE_FRONTEND };

enum role {
	ROLE_UNKNOWN,
	ROLE_FE_INDEX,
	ROLE_BE_INDEX,
	ROLE_RING,              /* slots of a ring */
	ROLE_GUEST,             /* backend: directories, tables, images, data */
	ROLE_COUNT
};

/* What is known of a grant, before or after it is mapped here. */
struct what {
	enum role role;
	uint32_t ring;          /* ROLE_RING */
	uint32_t entries;       /* ROLE_RING */
};

/* Pages of one map or share call. */
struct area {
	struct area *next;
	uint8_t *base;
	uint32_t pages;
	uint32_t *refs;
	uint32_t domain;
	int prot;               /* as the program wants it */
	bool hidden;            /* as it is now: PROT_NONE */
	bool open;              /* for the instruction that runs just now */
	struct what what;
	/* slots of a ring */
	int64_t slot;           /* at which the consumer is, -1: none yet */
	void **loaded;          /* by byte: who loaded it in this visit */
	uint8_t *dirty;         /* frontend's SQs, by slot: stored to, not yet published */
};

/* A look at an index or event word: see trace-rules.c. */
struct word {
	bool loaded;            /* since there was progress */
	bool watched;           /* the call that looked, or its caller's, goes on */
	void *by;
	uint64_t loads;
};

struct ring {
	struct word index, event;       /* of the peer's cell */
	uint64_t messages;              /* slots begun to be loaded */
	uint64_t bytes;                 /* loaded from slots */
	unsigned int most;              /* loads of one byte of one message */
};

/* One peer domain (backend), or the one device (frontend). */
struct peer {
	struct peer *next;
	uint32_t domain;
	struct ring ring[RINGS];
	uint64_t op[XENCOPROC_OP_JOB + 1];      /* requests seen */
	uint64_t tables;                        /* of these, jobs with a table */
	uint32_t *refs[65536];                  /* of the pages of each buffer */
};

/* A page of the guest that the backend reads: directory, table, image. */
struct blob {
	struct blob *next;
	uint32_t domain, ref;
	uint16_t loads[PAGE];
	uint16_t allowed[PAGE];
	void *by[PAGE];
};

extern enum side trace_side;
extern bool trace_worker;       /* an engine: guests' read-only pages are not to be touched */
extern struct area *trace_areas;
extern struct peer *trace_peers;

/* trace-roles.c */
struct peer *peer_of(uint32_t domain);
void role_set(uint32_t domain, uint32_t ref, struct what what);
struct what role_get(uint32_t domain, uint32_t ref);
void role_node(const char *path, const char *value, unsigned int length);
void request_seen(struct peer *peer, uint32_t queue, const void *sqe);
void directory_seen(uint32_t domain, uint32_t ref, const uint32_t *grefs);
struct blob *blob_of(uint32_t domain, uint32_t ref);

/* trace-step.c */
int step_start(void);
struct area *area_add(void *base, uint32_t pages, const uint32_t *refs, uint32_t domain, int prot);
void area_begin(struct area *area, struct what what);   /* from now on it is watched */
void area_end(void *base, uint32_t pages);
struct area *area_at(const void *address);
void area_open(struct area *area);                      /* until the instruction is over */
void step_watch(struct word *word);     /* after a look: word->watched until it is over */

/* trace-rules.c */
void rule_access(struct area *area, const uint8_t *address, uint32_t size, bool load, bool store,
		 void *rip);
void rule_copy(uint32_t domain, uint32_t ref, uint32_t offset, uint32_t size, void *rip);

/* trace-report.c */
void report_start(void);
void report_violation(const char *rule, const struct area *area, size_t offset, void *first,
		      void *second);
void report_violation_at(const char *rule, const char *where, void *first, void *second);
void report_copy(uint32_t size);
void report_undecoded(void *rip);

#endif /* TESTS_HOSTILE_TRACE_H */
