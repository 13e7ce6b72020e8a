/* SPDX-License-Identifier: MIT */
/*
 * The rim: everything around a backend or a frontend, in memory and in one
 * thread, so that a whole connection runs inside one function and the same
 * input always gives the same history.
 *
 *   loop.c          libevent and the clock: virtual time
 *   grants.c        libxengnttab, libxengntshr, libxenevtchn: pages are real
 *                   mappings with their rights, so a write to a page that is
 *                   granted read-only, or a look at one that is gone, is a fault
 *   store.c         libxenstore: nodes, transactions, watches
 *   descriptors.c   the kernel's own descriptors and mappings, counted
 *   process.c       worker processes: their lives and sockets
 *   engine.c        what runs in them, played honestly or by the input
 *
 * Each counts what is held; rim_held() tells at the end what was not given back.
 */
#ifndef TESTS_FUZZ_RIM_H
#define TESTS_FUZZ_RIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIM_PAGE        4096u
#define RIM_FD_FIRST    1000    /* descriptors that are not the kernel's */
#define RIM_FD_STORE    900
#define RIM_FD_EVTCHN   901
#define RIM_SECOND      1000000000ull

/* ---- loop.c ---- */

extern uint64_t rim_now;                /* nanoseconds */
extern uint64_t rim_tick;               /* that each look at the clock takes */

void rim_loop_reset(void);
/* Callbacks until nothing is left to do before this time, which comes then. */
void rim_run(uint64_t until);
uint32_t rim_events_held(void);

/* ---- grants.c ---- */

#define RIM_PAGES       128u            /* of one domain */
#define RIM_REF_FIRST   8u
#define RIM_DOMAINS     2u              /* 1 .. RIM_DOMAINS */

void rim_grants_reset(void);
/* A domain's own view of its page; never unmapped. */
uint8_t *rim_page(uint32_t domain, uint32_t page);
uint32_t rim_ref(uint32_t page);
void rim_grant(uint32_t domain, uint32_t page, bool granted, bool writable);
void rim_grants_fail(uint32_t nth);     /* the nth call from now is refused; 0: none */
uint32_t rim_mappings_held(void);
bool rim_page_mapped(uint32_t domain, uint32_t page);

/* The peer sends an event channel that the side under test has bound. */
void rim_evtchn_send(uint32_t domain, uint32_t remote);
/* How often this side sent the peer's port since the last look. */
uint32_t rim_evtchn_sent(uint32_t domain, uint32_t remote);
uint32_t rim_ports_held(void);
bool rim_evtchn_ready(void);

/* ---- store.c ---- */

void rim_store_reset(void);
void rim_store_put(const char *path, const void *value, size_t len);
/* Return: the value, terminated by NUL, or NULL. */
const char *rim_store_get(const char *path);
void rim_store_remove(const char *path);        /* and all below it */
/* The nth call from now fails so; a commit can fail with EAGAIN. */
void rim_store_fail(uint32_t nth, int error);
bool rim_store_ready(void);
uint32_t rim_store_transactions(void);          /* begun so far, ever */
uint32_t rim_store_held(void);                  /* handles and watches */

/* ---- descriptors.c ---- */

void rim_fail_descriptors(uint32_t nth);        /* the nth new descriptor; 0: none */
uint32_t rim_descriptors_held(void);

/* ---- process.c ---- */

struct rim_process;

/* What the engine is, and how its processes behave from now on. */
struct rim_engine {
	uint32_t preemption;
	uint32_t kinds;
	bool can_yield;
	uint64_t bank_bytes;
	uint32_t room;          /* commands that fit into the socket */
	bool mute;              /* processes answer nothing by themselves */
};
extern struct rim_engine rim_engine;

void rim_process_reset(void);
bool rim_fd_readable(int fd);
bool rim_fd_writable(int fd);
/* The living process of a domain, or NULL. */
struct rim_process *rim_process_of(uint32_t domain);
/* The input speaks for the process: from here on it is not honest. */
void rim_process_say(struct rim_process *p, const void *bytes, size_t size);
void rim_process_die(struct rim_process *p, int code, int status);
void rim_process_hang_up(struct rim_process *p);
/* Whether all processes of a domain were honest so far. */
bool rim_process_honest(uint32_t domain);
uint32_t rim_processes_held(void);

/* All of them, for the end; bugs out when something is held. */
void rim_check_empty(void);

/* ---- engine.c ---- */

/* Lets all processes do what is due.  Return: whether anything moved. */
bool rim_process_work(void);
/* When the next one has something to do by itself. */
uint64_t rim_process_next(void);
/* The input answers in its place, and it is not honest any more. */
void rim_process_answer(struct rim_process *p, uint32_t nth, uint32_t outcome, uint32_t status,
			uint32_t flags, uint64_t result);

#endif /* TESTS_FUZZ_RIM_H */
