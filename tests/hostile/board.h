/* SPDX-License-Identifier: MIT */
/*
 * What a lying backend and the guest that it lies to have in common: a file
 * that both map.  The liar says which round is to begin and how; the guest
 * plays it through libcoproc's public calls and tells how they ended.
 */
#ifndef TESTS_HOSTILE_BOARD_H
#define TESTS_HOSTILE_BOARD_H

#include <stdint.h>

enum board_mode {
	BOARD_OPEN,             /* open, look, close */
	BOARD_JOBS,             /* four jobs in flight, and a query if `argument` */
	BOARD_CALLS,            /* each public call once, all of them with short timeouts */
	BOARD_PAGES,            /* from a dirty heap; buffers come and go */
	BOARD_LISTEN,           /* dispatch what comes, for `argument` ms */
	BOARD_BESIDE,           /* jobs on device 1 while device 0 is stormed, for `argument` ms */
	BOARD_STAY,             /* four jobs, over and over, until it connected `argument` times */
	BOARD_AGAIN,            /* as CALLS, and jobs once more after waiting for a connection */
	BOARD_QUIT
};

/* A heap full of this must not show in shared pages; buffers hold that. */
#define BOARD_DIRT      0xa5u
#define BOARD_SECRET    0x5eu
#define BOARD_LATER     0x1au

struct board {
	/* the liar writes */
	volatile uint32_t go;           /* the round that is to be played */
	uint32_t mode, argument;
	/* the guest writes */
	volatile uint32_t done;         /* the last one that was */
	volatile uint32_t step;         /* within it, so that the liar can act in between */
	int32_t open_rc, close_rc;
	int32_t worst_rc;               /* of all calls after open, 0 or the first that failed */
	uint32_t over;                  /* calls that took longer than they may on any machine */
	uint32_t late;                  /* and than they take: the machine is busy, or they always do */
	uint32_t slowest_ms;
	int32_t again_rc;               /* BOARD_AGAIN: of that waiting */
	char slowest[24];
	uint32_t jobs, ended, twice;
	uint32_t status[32];
	uint32_t query_rc;
	uint32_t state;                 /* enum coproc_connection before the close */
	uint64_t pages, unconfirmed, leaked, received, spurious;
	uint64_t cpu_us, wall_us, dispatches;
	uint32_t rate_calm, rate_stormed;       /* jobs in all the halves of seconds */
	uint32_t descriptors;
	uint64_t heap;                  /* bytes in use after the close */
	/* BOARD_STAY, after a tenth of the connections and after all */
	uint32_t connections, descriptors_early, descriptors_end;
	uint64_t heap_early, heap_end, pages_early, pages_end;
	char reason[256];
};

#endif /* TESTS_HOSTILE_BOARD_H */
