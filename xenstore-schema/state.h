/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The life of a connection as data: for each side, what it wishes, its own
 * state and what it sees of its peer's, one action and the state to write
 * after it.  states.tbl is the table, states.md the page for people.
 *
 * How to use it, on either side, at the start and whenever a watch fires:
 *
 *   1. read the peer's `state` (coproc_peer_parse()), and its own;
 *   2. look the step up (coproc_state_step());
 *   3. do its action; when it fails, write coproc_state_refusal() and why;
 *   4. in ONE transaction: read both `state` nodes again and, only if they
 *      are still what they were, write the action's nodes and the next state.
 *      Otherwise undo the action and begin at 1;
 *   5. repeat until the action is COPROC_DO_NONE and next is mine.
 *
 * A wish that turns from LEAVE to STAY counts as a start: mine is Unknown.
 *
 * Step 4 is what makes the table true: a pair (mine, peer) is then a fact and
 * never a memory.  MAP needs one check more: the grant references that were
 * mapped must still be those in the frontend's directory.
 *
 * Pure and freestanding.
 */
#ifndef COPROC_SCHEMA_STATE_H
#define COPROC_SCHEMA_STATE_H

#include "node.h"

/* xenbus states, as in Xen's io/xenbus.h. */
enum coproc_state {
	COPROC_STATE_UNKNOWN            = 0,    /* mine: I have written none yet; I just started */
	COPROC_STATE_INITIALISING       = 1,
	COPROC_STATE_INIT_WAIT          = 2,
	COPROC_STATE_INITIALISED        = 3,
	COPROC_STATE_CONNECTED          = 4,
	COPROC_STATE_CLOSING            = 5,
	COPROC_STATE_CLOSED             = 6,
	COPROC_STATE_RECONFIGURING      = 7,
	COPROC_STATE_RECONFIGURED       = 8,
	COPROC_STATES                   = 9,
	/* seen of the peer, beside the nine above */
	COPROC_PEER_VANISHED            = 9,    /* no state node, or no right to read it */
	COPROC_PEER_LATE                = 10,   /* my deadline passed and nothing moved */
	COPROC_PEERS                    = 11
};

enum coproc_side {
	COPROC_SIDE_BACKEND,
	COPROC_SIDE_FRONTEND
};

/* What a side wants. */
enum coproc_wish {
	COPROC_WISH_STAY,       /* be connected; backend: `online` is 1 */
	COPROC_WISH_LEAVE,      /* be gone; backend: `online` is 0, or it is stopping */
	COPROC_WISH_GONE        /* my own directory has vanished */
};

enum coproc_action {
	COPROC_DO_NONE,         /* wait */
	/* the backend */
	COPROC_DO_ADVERTISE,    /* write the backend's nodes */
	COPROC_DO_MAP,          /* parse the frontend's nodes, negotiate, map, bind */
	COPROC_DO_TEARDOWN,     /* end jobs, unmap, unbind, scrub; nothing held is fine */
	COPROC_DO_REMOVE,       /* remove my directory: the frontend's domain is no more */
	/* the frontend */
	COPROC_DO_RESET,        /* begin with nothing: no grants, no ports */
	COPROC_DO_PUBLISH,      /* parse, negotiate, grant fresh zeroed pages, write nodes */
	COPROC_DO_READY,        /* the connection may be used */
	COPROC_DO_LOST,         /* it is no more: jobs in flight by their journal, pages back */
	/* both */
	COPROC_DO_CLOSE,        /* no new jobs; let those in flight end, within a deadline */
	COPROC_DO_FORGET,       /* let everything go and write nothing: the device is over */
	COPROC_ACTIONS
};

struct coproc_step {
	uint8_t action;         /* enum coproc_action */
	uint8_t next;           /* enum coproc_state to write after it; mine: write nothing */
	const char *why;        /* one sentence */
};

/**
 * coproc_state_step() - the step that a side takes
 * @side: which side asks
 * @wish: what it wants
 * @mine: its own state; COPROC_STATE_UNKNOWN after it started and before its
 *        first write, WHATEVER its node says: the node is a predecessor's word
 * @peer: what it sees of the other side, COPROC_PEER_* included
 *
 * Return: the step, static; never NULL.  A value outside its enum counts as
 * Unknown.
 */
const struct coproc_step *coproc_state_step(enum coproc_side side, enum coproc_wish wish,
					    unsigned int mine, unsigned int peer);

/**
 * coproc_state_refusal() - the state to write when an action failed
 * @action: the one that failed; COPROC_DO_NONE when a ring was found broken.
 *          The reason goes to the `error` node in the same transaction
 *
 * Closing says "not like this, do not try again": both sides end in Closed and
 * only a restart of one of them begins anew, so that what is refused is not
 * tried in a loop.
 *
 * Return: COPROC_STATE_CLOSING, or COPROC_STATE_UNKNOWN for ADVERTISE: write
 * the reason and no state, and try again when something of my own changed.
 */
unsigned int coproc_state_refusal(enum coproc_action action);

/**
 * coproc_peer_parse() - the text of a peer's state node
 * @text: as read; NULL: the node does not exist or may not be read
 * @len:  bytes
 *
 * Return: 0 .. 8, COPROC_STATE_UNKNOWN for what is no state, or
 * COPROC_PEER_VANISHED.
 */
unsigned int coproc_peer_parse(const char *text, size_t len);

/* Names for people: "InitWait", "vanished", "ADVERTISE".  Never NULL. */
const char *coproc_state_name(unsigned int state);
const char *coproc_action_name(unsigned int action);

#endif /* COPROC_SCHEMA_STATE_H */
