// SPDX-License-Identifier: MIT
/*
 * B6: at each step of a connection the backend says any state, or none, or
 * goes away, and comes back or not.  B9: it stalls at each step.  No public
 * call takes longer than its timeout allows, no job ends twice, and the next
 * honest backend is served.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "liar.h"

enum moment { WHILE_INITIALISING, WHILE_INITIALISED, WHILE_CONNECTED, WHILE_JOBS, WHILE_CLOSING, MOMENTS };

static const char *const moments[MOMENTS] = { "initialising", "initialised", "connected, idle",
					      "jobs in flight", "closing" };

struct act {
	enum moment moment;
	const char *state;              /* NULL: the node is removed */
	size_t length;
	bool remove;                    /* the whole directory */
	bool nothing;                   /* it dies without a word */
	bool returns;                   /* a successor, soon after */
	const char *node, *value;       /* of which a node says this */
	int again;                      /* how the guest's waiting for it ended */
	bool acted, returned;
	uint64_t at_ms;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000u + (uint64_t)ts.tv_nsec / 1000000u;
}

static void act(struct liar *l)
{
	struct act *a = l->attack;

	a->acted = true;
	a->at_ms = now_ms();
	if (a->remove)
		liar_remove(l);
	else if (!a->nothing)
		liar_write(l, "state", a->state, a->length);
}

static bool peer(struct liar *l, unsigned int state)
{
	struct act *a = l->attack;

	if (a->acted)
		return !a->returned;
	if ((a->moment == WHILE_INITIALISING && state == 1) ||
	    (a->moment == WHILE_INITIALISED && state == 3) ||
	    (a->moment == WHILE_CONNECTED && state == 4 && l->both) ||
	    (a->moment == WHILE_JOBS && l->nheld >= 2) ||
	    (a->moment == WHILE_CLOSING && l->both && state == 5))
		act(l);
	return a->acted;
}

static enum liar_does request(struct liar *l, uint32_t queue, const struct coproc_request *r)
{
	struct act *a = l->attack;

	if (a->acted && !a->returned)
		return LIAR_SILENT;
	return a->moment == WHILE_JOBS && !a->acted && r->op == XENCOPROC_OP_JOB ? LIAR_HOLD :
										LIAR_HONEST;
}

/* The successor: as one that has just started, and honest. */
static void turn(struct liar *l)
{
	struct act *a = l->attack;

	if (!a->acted || a->returned || !a->returns || now_ms() < a->at_ms + 30)
		return;
	liar_fresh(l);
	if (a->node) {
		liar_state(l, "1");
		l->node = a->node;
		l->value = a->value;
		l->length = strlen(a->value);
	}
	a->returned = true;
}

/* Return: whether it did no harm. */
static bool one(struct liar *l, struct act *a, const char *what)
{
	bool twice = false, good;

	for (int i = 0; i < 10; i++) {
		a->acted = a->returned = false;
		liar_fresh(l);
		if (a->moment == WHILE_INITIALISING)
			liar_state(l, "1");
		l->attack = a;
		l->request = request;
		l->peer = peer;
		l->turn = turn;
		play(l, a->node ? BOARD_AGAIN : BOARD_CALLS, 0);
		twice = twice || board->twice || board->ended > board->jobs;
		/* Too late for what was meant, or late at all: the machine is busy. */
		if (a->acted && !board->late)
			break;
	}
	good = a->acted && !board->late && !twice;
	a->again = board->again_rc;
	if (!good)
		printf("# %s, %s%s: acted %d, %u calls too long, slowest %s %u ms, %u jobs, %u ended, "
		       "%u twice\n", moments[a->moment], what, a->returns ? ", returns" : "", a->acted,
		       board->late, board->slowest, board->slowest_ms, board->jobs, board->ended,
		       board->twice);
	if (honest(l))
		return good;
	printf("# %s, %s%s: an honest backend is not served after it: open %d (%s), %u of %u ended\n",
	       moments[a->moment], what, a->returns ? ", returns" : "", board->open_rc, board->reason,
	       board->ended, board->jobs);
	return false;
}

void attack_states(struct liar *l)
{
	static const struct {
		const char *state;
		size_t length;
	} says[] = {
		{ "0", 1 }, { "1", 1 }, { "2", 1 }, { "3", 1 }, { "4", 1 }, { "5", 1 }, { "6", 1 },
		{ "7", 1 }, { "8", 1 }, { "9", 1 }, { "-1", 2 }, { "", 0 }, { "04", 2 }, { "4 ", 2 },
		{ "\0\004", 2 }, { "4294967300", 10 }, { NULL, 0 },
	};

	for (unsigned int m = 0; m < MOMENTS; m++) {
		unsigned int good = 0, all = 0;

		for (unsigned int s = 0; s < sizeof(says) / sizeof(says[0]) + 2; s++)
			for (unsigned int returns = 0; returns < 2; returns++) {
				struct act a = { .moment = (enum moment)m, .returns = returns };

				if (quick && (s + returns + m) % 4)
					continue;
				if (s < sizeof(says) / sizeof(says[0])) {
					a.state = says[s].state;
					a.length = says[s].length;
				} else {
					a.remove = s == sizeof(says) / sizeof(says[0]);
					a.nothing = !a.remove;
				}
				all++;
				good += one(l, &a, a.remove ? "directory removed" : a.nothing ? "dead" :
					    a.state ? a.state : "no node");
			}
		tap(good == all, "B6: %u of %u states, silences and returns while the frontend is %s", good,
		    all, moments[m]);
	}
}

/* It dies with jobs and objects of the guest, and its successor has no room for them,
 * or is something else. */
void attack_less(struct liar *l)
{
	static const struct {
		const char *node, *value;
	} has[] = {
		{ "versions", "2" }, { "kind", "another" }, { "firmware-kinds", "2" }, { "max-queues", "1" },
		{ "max-ring-order", "5" }, { "max-contexts", "1" }, { "max-buffers", "1" }, { "max-pages", "1" },
		{ "max-firmware", "1" }, { "max-firmware-bytes", "1" }, { "max-run-limit-us", "1" },
	};
	unsigned int good = 0, connected = 0, all = sizeof(has) / sizeof(has[0]);

	for (unsigned int i = 0; i < all; i++) {
		struct act a = { .moment = WHILE_JOBS, .nothing = true, .returns = true,
				 .node = has[i].node, .value = has[i].value };
		bool fine = one(l, &a, has[i].node);

		good += fine;
		connected += a.again == 0;
	}
	tap(good == all && connected > 5, "B8: a successor that has less, in each of %u nodes (%u, %u of them "
	    "taken): each call ends, no job twice", all, good, connected);
}

/* ---- B9 ---- */

static unsigned int stalled_op;

static enum liar_does stall_op(struct liar *l, uint32_t queue, const struct coproc_request *r)
{
	return r->op == stalled_op ? LIAR_SILENT : LIAR_HONEST;
}

static bool stall_1(struct liar *l, unsigned int state) { return true; }
static bool stall_3(struct liar *l, unsigned int state) { return state == 3; }
static bool stall_5(struct liar *l, unsigned int state) { return state >= 5; }
static bool stall_all_5(struct liar *l, unsigned int state)
{
	if (state == 5 && l->mine != 5)
		liar_state(l, "5");
	return state >= 5;
}

/* One round; again where opening was not in time, or a call was late: a machine
 * that is busy does that once, what never ends does it each time. */
static bool bounded(struct liar *l, const char *what, bool opens,
		    bool (*stall)(struct liar *l, unsigned int state),
		    enum liar_does (*answer)(struct liar *l, uint32_t queue,
					     const struct coproc_request *r))
{
	bool twice = false;

	for (int i = 0; i < 10; i++) {
		liar_fresh(l);
		if (stall == stall_1)
			liar_state(l, "1");
		l->peer = stall;
		l->request = answer;
		play(l, BOARD_CALLS, 0);
		twice = twice || board->twice;
		if ((!opens || board->open_rc == 0) && !board->late)
			break;
	}
	printf("# %s: open %d, close %d, first failure %d, slowest %s %u ms\n", what, board->open_rc,
	       board->close_rc, board->worst_rc, board->slowest, board->slowest_ms);
	return !board->late && !twice && (board->open_rc == 0) == opens;
}

void attack_stalls(struct liar *l)
{
	static const struct {
		const char *what;
		bool (*peer)(struct liar *l, unsigned int state);
	} states[] = {
		{ "never InitWait", stall_1 }, { "never Connected", stall_3 },
		{ "never Closed", stall_5 }, { "Closing for ever", stall_all_5 },
	};
	char what[32];

	for (unsigned int i = 0; i < 4; i++)
		tap(bounded(l, states[i].what, i > 1, states[i].peer, NULL) &&
		    (i < 2 || board->close_rc < 0),
		    "B9: a backend that is %s: each call ends, and says that it did not end well",
		    states[i].what);
	for (stalled_op = 1; stalled_op <= XENCOPROC_OP_JOB; stalled_op++) {
		if (stalled_op > XENCOPROC_OP_QUERY && stalled_op < XENCOPROC_OP_JOB)
			continue;
		snprintf(what, sizeof(what), "operation %u", stalled_op);
		/* Nobody waits for the answers of those four. */
		tap(bounded(l, what, true, NULL, stall_op) &&
		    (stalled_op == XENCOPROC_OP_NOP || stalled_op == XENCOPROC_OP_FW_UNLOAD ||
		     stalled_op == XENCOPROC_OP_CTX_DESTROY || stalled_op == XENCOPROC_OP_CTX_SIGNAL ||
		     board->worst_rc < 0),
		    "B9: %s is never answered: each call ends", what);
	}
	tap(honest(l), "B6, B9: an honest backend is served as before");
}
