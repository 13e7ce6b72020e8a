/* SPDX-License-Identifier: MIT */
/*
 * A backend for tests: honest as far as it goes, and a liar where a case says
 * so.  It runs in domain 0 of a loopback world and serves one device.
 */
#ifndef TESTS_FRONTEND_DOUBLE_H
#define TESTS_FRONTEND_DOUBLE_H

#include <stdbool.h>
#include <stdint.h>

enum lie {
	LIE_NONE,
	/* in the completion of the job number `after` of the device */
	LIE_WRONG_ID,
	LIE_DEAD_SLOT,
	LIE_FAR_SLOT,
	LIE_TWICE,
	LIE_STATUS,
	LIE_RESERVED,
	LIE_INDEX,
	LIE_INDEX_BACK,
	/* instead of that completion */
	LIE_EVENT_TYPE,
	LIE_EVENT_INDEX,
	LIE_SILENT,             /* no answer to anything from then on; a successor after that */
	LIE_CLOSING,            /* goes to Closing; the job is answered a little later */
	LIE_CLOSED,
	LIE_RESTART,            /* InitWait, and serves anew */
	LIE_GARBAGE_STATE,
	LIE_VANISH,
	LIE_SCRIBBLE,           /* random words into all pages it may write, from then on */
	LIE_FLAP,               /* states change 200 times, then it serves anew */
	/* from the start */
	LIE_NODES,              /* `node` says `value` */
	LIE_REFUSE,             /* Closing with a reason instead of Connected */
	LIE_NEVER_CONNECT,
	LIE_CONTROL_SILENT,     /* connected, and no request is ever answered */
	LIE_KEEP_MAPPED,        /* Closed is written, nothing is unmapped */
	LIE_NEVER_CLOSE,        /* does not react to Closing */
	LIE_STORM,              /* notifies all the time */
	LIE_EVENT_FLOOD,        /* events all the time, with losses */
	LIE_DENY,               /* refuses contexts and firmware */
	LIE_REFUSE_SECOND       /* the second connection's objects are refused */
};

struct double_case {
	const char *name;
	enum lie lie;
	unsigned int after;
	const char *node;
	const char *value;
};

struct backend_double;

/**
 * double_new() - for device 0 of a domain, which the toolstack has attached
 *
 * Return: NULL if the Xen libraries fail, after a message.
 */
struct backend_double *double_new(uint32_t domid, const struct double_case *what);

/** double_turn() - serve what there is, sleep up to 2 ms */
void double_turn(struct backend_double *d);

/**
 * double_kept_changed() - with LIE_KEEP_MAPPED: whether what is still mapped
 * shows anything but what it showed when the frontend had left
 */
bool double_kept_changed(struct backend_double *d);

void double_free(struct backend_double *d);

#endif /* TESTS_FRONTEND_DOUBLE_H */
