// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Looking things up in the table of states.
 */
#include "node-table.h"
#include "state-table.h"

/* My own directory has vanished: there is nothing to write to any more. */
static const struct coproc_step gone = {
	COPROC_DO_FORGET, COPROC_STATE_UNKNOWN,
	"My own directory is gone: the toolstack removed the device.",
};

const struct coproc_step *coproc_state_step(enum coproc_side side, enum coproc_wish wish,
					    unsigned int mine, unsigned int peer)
{
	unsigned int s = side == COPROC_SIDE_BACKEND ? 0 : 1;
	unsigned int w = wish == COPROC_WISH_STAY ? 0 : 1;

	if (wish == COPROC_WISH_GONE)
		return &gone;
	if (mine >= COPROC_STATES)
		mine = COPROC_STATE_UNKNOWN;
	if (peer >= COPROC_PEERS)
		peer = COPROC_STATE_UNKNOWN;
	return &coproc_step_table[s][w][mine][peer];
}

/*
 * The other actions only let go of things and have no way to fail; for them,
 * and for a ring found broken while connected, it is Closing too.
 */
unsigned int coproc_state_refusal(enum coproc_action action)
{
	/* Not the peer's fault: closing would not make it any better, and
	 * Closed would bring the peer back at once to be refused again. */
	if (action == COPROC_DO_ADVERTISE)
		return COPROC_STATE_UNKNOWN;
	return COPROC_STATE_CLOSING;
}

unsigned int coproc_peer_parse(const char *text, size_t len)
{
	uint32_t state;

	if (!text)
		return COPROC_PEER_VANISHED;
	/* Both state nodes have the same type and range. */
	if (coproc_node_parse_u32(&coproc_node[COPROC_NODE_BACKEND_STATE], text, len, &state,
				  NULL) != COPROC_NODE_OK)
		return COPROC_STATE_UNKNOWN;
	return state;
}

const char *coproc_state_name(unsigned int state)
{
	static const char *const names[COPROC_PEERS] = {
		"Unknown", "Initialising", "InitWait", "Initialised", "Connected", "Closing",
		"Closed", "Reconfiguring", "Reconfigured", "vanished", "late",
	};

	return state < COPROC_PEERS ? names[state] : "no state";
}

const char *coproc_action_name(unsigned int action)
{
	static const char *const names[COPROC_ACTIONS] = {
		[COPROC_DO_NONE] = "NONE",
		[COPROC_DO_ADVERTISE] = "ADVERTISE",
		[COPROC_DO_MAP] = "MAP",
		[COPROC_DO_TEARDOWN] = "TEARDOWN",
		[COPROC_DO_REMOVE] = "REMOVE",
		[COPROC_DO_RESET] = "RESET",
		[COPROC_DO_PUBLISH] = "PUBLISH",
		[COPROC_DO_READY] = "READY",
		[COPROC_DO_LOST] = "LOST",
		[COPROC_DO_CLOSE] = "CLOSE",
		[COPROC_DO_FORGET] = "FORGET",
	};

	return action < COPROC_ACTIONS ? names[action] : "no action";
}
