// SPDX-License-Identifier: MIT
/*
 * The life of connections: what xenstore-schema's table of states says, done.
 * This file knows what the actions mean; when to do which is the table's.
 *
 * dev->mine is what this program wrote, and Unknown before its first write,
 * whatever stands in the node (a predecessor may have left it).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define TURNS           16u             /* of the table, in one go */
#define BREATHER_US     10000u          /* after so many, for a peer that flaps */
#define REOPEN_US       1000000u

/* Why there is no connection: the reason of this call, and kept for later. */
__attribute__((format(printf, 2, 3)))
static void lost(struct coproc_device *dev, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(dev->lost_reason, sizeof(dev->lost_reason), format, args);
	va_end(args);
	fail(dev, 0, "%s", dev->lost_reason);
}

static void give_up(struct coproc_device *dev, int error)
{
	dev->gave_up = true;
	dev->failure = error;
	queues_end_again(dev);
	if (dev->wish == COPROC_WISH_STAY)
		dev->wish = COPROC_WISH_LEAVE;
	dev->look = true;
}

/*
 * The connection has ended: requests fail, and nothing is sent or taken.  Its
 * jobs and pages stay as they are until the backend has let go: still_held().
 */
static void connection_over(struct coproc_device *dev)
{
	if (!dev->link.up || dev->link.ended)
		return;
	dev->connected = false;
	dev->restoring = false;
	dev->link.ready = false;
	dev->link.ended = true;
	dev->link.broken = dev->lose && dev->lose_broken;
	dev->lose = false;
	dev->nmasked = 0;
	dev->drain_until = 0;
	dev->let_go_at = deadline_in(dev->options.close_timeout_ms);
	control_fail_all(dev, -ECONNRESET);
}

/*
 * Lets go of all that the connection has: what was completed at last is taken,
 * the other jobs are judged (F-JRNL-2), objects wait to be made again.
 * @confirmed: the backend holds none of it any more.
 */
void connection_drop(struct coproc_device *dev, bool confirmed)
{
	if (dev->link.up) {
		connection_over(dev);
		dev->link.judging = !dev->link.broken;
		objects_lost(dev, confirmed);
		dev->link.judging = false;
		link_close(dev, confirmed);
		if (dev->ever && dev->options.reconnect_timeout_ms && !dev->give_up_at)
			dev->give_up_at = deadline_in(dev->options.reconnect_timeout_ms);
		if (dev->ever && (dev->options.flags & COPROC_OPEN_NO_RECONNECT))
			give_up(dev, -ECONNRESET);
	}
}

/* All objects were made again: the device can be used. */
void connection_restored(struct coproc_device *dev)
{
	bool again = dev->ever;

	dev->connected = true;
	dev->ever = true;
	dev->give_up_at = 0;
	dev->failure = 0;
	if (again)
		contexts_restored(dev);
	queues_submit_again(dev);
}

/* ---- one turn of the table ---- */

/* Writes a step.  0; -ESTALE look again; else xenstore's error. */
static int advance(struct coproc_device *dev, unsigned int peer, unsigned int next,
		   const char *error)
{
	struct coproc_xs_step step = {
		.dir = dev->dir,
		.peer_dir = dev->peer_dir,
		.peer = peer,
		.own = dev->own,
		.next = next,
		.error = error,
	};
	int rc = coproc_xs_advance(dev->xs, &step);

	if (rc == 0) {
		dev->mine = next;
		if (next == COPROC_STATE_CLOSING)
			dev->late_at = deadline_in(dev->options.close_timeout_ms);
	} else if (rc != -ESTALE) {
		store_failed(dev, rc);
	}
	return rc;
}

static int do_reset(struct coproc_device *dev, unsigned int peer, unsigned int next)
{
	char before[sizeof(dev->peer_dir)];
	int rc;

	connection_drop(dev, false);
	memcpy(before, dev->peer_dir, sizeof(before));
	rc = store_peer(dev);
	if (rc)
		return rc;
	/* Moved: the state that was looked at is another backend's. */
	if (strcmp(before, dev->peer_dir))
		return -ESTALE;
	return advance(dev, peer, next, "");
}

/* The backend is ready for this side, or not: then say why, and stay away. */
static int do_publish(struct coproc_device *dev, unsigned int peer)
{
	char reason[200];
	int why, rc = store_publish(dev);

	if (rc == 0) {
		dev->mine = COPROC_STATE_INITIALISED;
		return 0;
	}
	if (rc == -ESTALE || !dev->xs)
		return rc;
	/* Twice through a buffer: advance() may overwrite the reason. */
	memcpy(reason, dev->reason, sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	why = rc;
	rc = advance(dev, peer, coproc_state_refusal(COPROC_DO_PUBLISH),
		     reason);
	/* The backend moved on meanwhile, or its directory was removed under this
	 * side's eyes: what was read was no offer any more. */
	if (rc == -ESTALE)
		return rc;
	give_up(dev, why);
	lost(dev, "%s", reason);
	return rc;
}

static int do_ready(struct coproc_device *dev, unsigned int peer, unsigned int next)
{
	/* No request before Connected stands in xenstore (F-LIFE-2). */
	int rc = advance(dev, peer, next, NULL);

	if (rc)
		return rc;
	link_start(dev);
	restore_begin(dev);
	return 0;
}

/* The states in which a backend holds nothing of a connection (F-JRNL-2). */
static bool has_let_go(unsigned int peer)
{
	return peer == COPROC_STATE_INIT_WAIT || peer == COPROC_STATE_CLOSED;
}

/*
 * Recover: the state first, the rest when the backend has let go.  A state that
 * the backend left again before that was written is no end of the connection:
 * ended all the same, it would be Connected on both sides and dead.
 */
static int do_lost(struct coproc_device *dev, unsigned int peer,
		   const struct coproc_step *step)
{
	bool was_ready = dev->link.ready;
	int rc = advance(dev, peer, step->next, NULL);

	if (rc)
		return rc;
	if (was_ready && dev->wish == COPROC_WISH_STAY && !dev->lose)
		lost(dev, "connection lost: %s", step->why);
	connection_over(dev);
	return 0;
}

/*
 * The backend goes: jobs may end until the deadline, then this side is Closed.
 * Its pages stay as they are until the backend has let go: see still_held().
 */
static int backend_closes(struct coproc_device *dev, unsigned int peer,
			  const struct coproc_step *step)
{
	char error[256];
	int rc;

	dev->connected = false;
	if (!dev->drain_until)
		dev->drain_until = deadline_in(dev->options.close_timeout_ms);
	if (dev->link.ready && dev->live_jobs && now_us() < dev->drain_until)
		return -EINPROGRESS;
	store_backend_error(dev, error, sizeof(error));
	lost(dev, "the backend closed the connection%s%s", error[0] ? ": " : "", error);
	if (!dev->ever)
		give_up(dev, -EREMOTEIO);
	rc = advance(dev, peer, step->next, NULL);
	if (rc == 0)
		connection_over(dev);
	return rc;
}

/*
 * Whether the backend, told by this side's state, may still hold the pages of a
 * connection that has ended.  When it has let go of them, or is late, what it
 * completed last is taken (F-JRNL-2), and only then is all ended (F-PAGE-3).
 */
static bool still_held(struct coproc_device *dev, unsigned int peer)
{
	bool gone = has_let_go(peer) || peer == COPROC_PEER_VANISHED;

	if (!dev->link.ended || dev->wish == COPROC_WISH_GONE ||
	    dev->mine == COPROC_STATE_CONNECTED || dev->mine == COPROC_STATE_INITIALISED)
		return false;
	if (gone || now_us() >= dev->let_go_at) {
		connection_drop(dev, has_let_go(peer));
		return false;
	}
	/* The table goes on where it only says that this side leaves. */
	return dev->mine == COPROC_STATE_CLOSED ||
	       (dev->mine != COPROC_STATE_CLOSING && dev->wish == COPROC_WISH_STAY);
}

/* Its directory is gone.  It may come back, and then all begins anew. */
static void removed(struct coproc_device *dev)
{
	lost(dev, "the toolstack removed the device");
	if (dev->ever && !dev->closing && dev->wish == COPROC_WISH_STAY &&
	    !(dev->options.flags & COPROC_OPEN_NO_RECONNECT)) {
		connection_over(dev);
		dev->mine = COPROC_STATE_UNKNOWN;
		dev->removed = true;
		return;
	}
	dev->wish = COPROC_WISH_GONE;
	give_up(dev, -ENODEV);
}

/* Removed and made again between two looks (F-LIFE-9). */
static void given_again(struct coproc_device *dev)
{
	if (dev->link.up)
		lost(dev, "the toolstack removed the device and gave it again");
	connection_over(dev);
	dev->mine = COPROC_STATE_UNKNOWN;
}

static int do_step(struct coproc_device *dev, unsigned int peer, const struct coproc_step *step)
{
	switch (step->action) {
	case COPROC_DO_RESET:
		return do_reset(dev, peer, step->next);
	case COPROC_DO_PUBLISH:
		return do_publish(dev, peer);
	case COPROC_DO_READY:
		return do_ready(dev, peer, step->next);
	case COPROC_DO_LOST:
		return do_lost(dev, peer, step);
	case COPROC_DO_CLOSE:
		if (step->next == COPROC_STATE_CLOSED)
			return backend_closes(dev, peer, step);
		dev->connected = false;
		return advance(dev, peer, step->next, NULL);
	case COPROC_DO_FORGET:
		connection_drop(dev, dev->mine == COPROC_STATE_CLOSED);
		dev->over = true;
		return -EINPROGRESS;
	default:
		if (step->next == dev->mine)
			return -EINPROGRESS;    /* nothing to do: wait */
		return advance(dev, peer, step->next, NULL);
	}
}

static bool is_store_gone(int error)
{
	return error == -EIO || error == -EPIPE || error == -EBADF;
}

/* What an error of a step means.  Whether to look again at once. */
static bool step_failed(struct coproc_device *dev, int error)
{
	if (error == -ESTALE)
		return true;
	if (error == -EINPROGRESS)
		return false;
	if (is_store_gone(error)) {
		store_close(dev);
		dev->reopen_at = now_us() + REOPEN_US;
		return false;
	}
	if (error == -ENODEV) {
		removed(dev);
		return !dev->removed;
	}
	/* Nothing can be said in xenstore: keep away from it. */
	connection_drop(dev, false);
	give_up(dev, error);
	dev->over = true;
	return false;
}

/* Looks at both states and takes one step.  Whether to look again. */
static bool connection_turn(struct coproc_device *dev)
{
	const struct coproc_step *step;
	unsigned int peer;
	int rc = store_states(dev, &peer, &dev->own);
	bool own_there = dev->own != COPROC_PEER_VANISHED;

	if (rc)
		return step_failed(dev, rc);
	if (!own_there && dev->mine != COPROC_STATE_UNKNOWN)
		removed(dev);
	else if (dev->own == COPROC_STATE_INITIALISING && dev->mine != COPROC_STATE_UNKNOWN &&
		 dev->mine != COPROC_STATE_INITIALISING)
		given_again(dev);
	if (dev->late) {
		peer = COPROC_PEER_LATE;
		dev->overdue |= dev->mine == COPROC_STATE_CLOSING;
	}
	if (still_held(dev, peer))
		return false;
	if (dev->removed && !own_there)
		return false;           /* a watch tells when it is back */
	dev->removed = false;
	step = coproc_state_step(COPROC_SIDE_FRONTEND, dev->wish, dev->mine, peer);
	rc = do_step(dev, peer, step);
	if (rc != -ESTALE)
		dev->late = false;
	return rc ? step_failed(dev, rc) : true;
}

/* ---- a connection that this side drops ---- */

/* A broken ring: say so, and never try again by itself (F-LIFE-6, F-LIFE-7). */
static void drop_broken(struct coproc_device *dev)
{
	struct coproc_xs_step step = {
		.dir = dev->dir,
		.peer_dir = dev->peer_dir,
		.peer = COPROC_PEER_LATE,       /* whatever it is by now */
		.own = dev->mine,
		.next = coproc_state_refusal(COPROC_DO_NONE),
		.error = dev->lose_text,
	};

	connection_over(dev);
	dev->lose = false;
	give_up(dev, -EPROTO);
	if (dev->xs && coproc_xs_advance(dev->xs, &step) == 0) {
		dev->mine = step.next;
		dev->late_at = deadline_in(dev->options.close_timeout_ms);
	}
}

static void drop_lost(struct coproc_device *dev)
{
	lost(dev, "connection lost: %s", dev->lose_text);
	if (dev->lose_broken) {
		drop_broken(dev);
		return;
	}
	/* Silence. */
	connection_over(dev);
	dev->lose = false;
	dev->late = true;
	dev->look = true;
}

static void tell_state(struct coproc_device *dev)
{
	struct coproc_event event = {
		.type = COPROC_EVENT_STATE,
		.value = connection_state(dev),
	};

	if (dev->told == (enum coproc_connection)event.value)
		return;
	dev->told = (enum coproc_connection)event.value;
	if (!dev->closing)
		event_push(dev, &event);
}

static void check_times(struct coproc_device *dev)
{
	char before[sizeof(dev->lost_reason)];
	uint64_t now = now_us();

	if (dev->mine == COPROC_STATE_CLOSING && now >= dev->late_at) {
		dev->late = true;
		dev->look = true;
		dev->late_at = now + REOPEN_US;
	}
	if (dev->drain_until && (now >= dev->drain_until || !dev->live_jobs))
		dev->look = true;
	if (dev->link.ended && now >= dev->let_go_at) {
		/* Jobs end now, even if xenstore cannot be reached. */
		if (!dev->xs)
			connection_drop(dev, false);
		dev->look = true;
	}
	if (dev->again_until && now >= dev->again_until)
		queues_end_again(dev);
	if (dev->give_up_at && now >= dev->give_up_at && !dev->connected && !dev->gave_up) {
		memcpy(before, dev->lost_reason, sizeof(before));
		lost(dev, "gave up to reconnect; before that: %.200s", before);
		give_up(dev, -ETIMEDOUT);
	}
	if (!dev->xs && now >= dev->reopen_at && store_open(dev))
		dev->reopen_at = now + REOPEN_US;
	if (dev->live_jobs && dev->link.ready &&
	    now - dev->heard_at >= dev->options.control_timeout_ms * 1000ull)
		link_ping(dev);
}

/* Does what is due for the connection as a whole.  Never sleeps for the peer. */
void connection_settle(struct coproc_device *dev)
{
	unsigned int turns = 0;

	if (dev->lose)
		drop_lost(dev);
	check_times(dev);
	if (dev->look && dev->xs && now_us() >= dev->look_at && !dev->over) {
		dev->look = false;
		while (dev->xs && connection_turn(dev) && ++turns < TURNS && !dev->over)
			;
		if (turns == TURNS) {
			dev->look = true;
			dev->look_at = now_us() + BREATHER_US;
		}
	}
	if (dev->lose)
		drop_lost(dev);
	store_reread(dev);
	tell_state(dev);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* When connection_settle() has something to do, or NEVER. */
uint64_t connection_deadline(const struct coproc_device *dev)
{
	uint64_t at = NEVER;

	if (dev->over)
		return NEVER;
	if (dev->mine == COPROC_STATE_CLOSING)
		at = sooner(at, dev->late_at);
	if (dev->drain_until)
		at = sooner(at, dev->drain_until);
	if (dev->link.ended)
		at = sooner(at, dev->let_go_at);
	if (dev->again_until)
		at = sooner(at, dev->again_until);
	if (dev->give_up_at && !dev->connected && !dev->gave_up)
		at = sooner(at, dev->give_up_at);
	if (!dev->xs)
		at = sooner(at, dev->reopen_at);
	else if (dev->look)
		at = sooner(at, dev->look_at);
	if (dev->reread && dev->xs)
		at = sooner(at, dev->reread_at);
	if (dev->live_jobs && dev->link.ready && !dev->pinging)
		at = sooner(at, dev->heard_at + dev->options.control_timeout_ms * 1000ull);
	return at;
}

enum coproc_connection connection_state(const struct coproc_device *dev)
{
	if (dev->gave_up || dev->wish != COPROC_WISH_STAY)
		return COPROC_LOST;
	if (dev->connected)
		return COPROC_CONNECTED;
	return dev->ever ? COPROC_RECONNECTING : COPROC_CONNECTING;
}
