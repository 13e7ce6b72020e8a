/* SPDX-License-Identifier: MIT */
/*
 * One device: looked at in xenstore, walked through the table of states,
 * given its session.  devices.c says when.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "device_private.h"
#include "log.h"
#include "xenstore-schema/negotiate.h"

/* Steps of one device in a row; more are taken in the next turn. */
#define STEPS_A_TURN    8u
/* A frontend that was told to let go has so long. */
#define CLOSING_NS      5000000000ull
/* A look costs xenstored and this thread a millisecond or two, and a frontend can
 * cause one by each write to its nodes (F6, F10).  A device may spend so much of
 * this thread's time at once, and this part of it in the long run; while it has
 * none left it is not listened to. */
#define CREDIT_NS       200000000ll
#define CREDIT_PART     4u
/* A look is measured by this thread's own processor time, of which xenstored and
 * libxenstore's reader together take some times as much. */
#define STORE_COST      4
/* To connect takes time of the loop, and to end that about as much again, which
 * all others' jobs wait for: 3 % in the long run. */
#define LOOP_COST       16
#define REFUSED_NS      200000ull       /* where it came to nothing */
/* And a process with its sandbox and engine starts, on a processor that others'
 * jobs may be waiting for. */
#define START_NS        7000000ull
/* What it is doing just now is looked at again after this. */
#define AGAIN_NS        20000000ull
/* What xenstored refused for a reason that is not ours to mend. */
#define RETRY_NS        1000000000ull

static void mark(struct device *device)
{
	device->dirty = true;
	devices_soon(device->devices);
}

static void look_later(struct device *device, uint64_t ns)
{
	struct timeval later = clock_timeval(ns);

	event_add(device->later, &later);
}

static void on_later(evutil_socket_t fd, short what, void *arg)
{
	mark(arg);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct device *device = arg;

	device->late = true;
	mark(device);
}

/* Its writes wake nobody until it may be looked at again: the watch that is set
 * then fires at once, whatever was written meanwhile. */
static bool hear(struct device *device, bool on)
{
	struct coproc_xs *xs = device->devices->backend->xs;

	if (device->deaf != on)
		return true;
	if (on ? coproc_xs_watch(xs, device->fe_dir, device->token) :
		 coproc_xs_unwatch(xs, device->fe_dir, device->token))
		return false;
	device->deaf = !on;
	return true;
}

/* Return: whether the device may be looked at now; if not, it will be. */
static bool may_look(struct device *device)
{
	uint64_t wait = budget_wait(&device->credit, clock_now());

	if (!wait && hear(device, true))
		return true;
	(void)hear(device, false);
	look_later(device, wait ? wait + AGAIN_NS : RETRY_NS);
	return false;
}

void device_hurry(struct device *device)
{
	budget_init(&device->credit, CREDIT_NS, CREDIT_NS, CREDIT_PART, clock_now());
	mark(device);
}

struct device *device_create(struct devices *devices, uint32_t domain, uint32_t number)
{
	struct device *device = calloc(1, sizeof(*device));
	struct coproc_xs *xs = devices->backend->xs;
	static uint32_t serial;

	if (!device)
		return NULL;
	device->devices = devices;
	device->domain = domain;
	device->number = number;
	device->mine = COPROC_STATE_UNKNOWN;
	budget_init(&device->credit, CREDIT_NS, CREDIT_NS, CREDIT_PART, clock_now());
	coproc_backend_path(device->be_dir, sizeof(device->be_dir), devices->backend->domain,
			    domain, number);
	coproc_frontend_path(device->fe_dir, sizeof(device->fe_dir), domain, number);
	/* Attached again while its predecessor still closes, it must not have the
	 * same token: xenstored would refuse the watch. */
	snprintf(device->token, sizeof(device->token), "%u/%u/%u", domain, number, serial++);
	device->deadline = evtimer_new(devices->base, on_deadline, device);
	device->later = evtimer_new(devices->base, on_later, device);
	if (device->deadline && device->later && !coproc_xs_watch(xs, device->fe_dir, device->token))
		return device;
	log_event(LOG_ERROR, "watch-failed", "dom=%u dev=%u why=%s", domain, number,
		  log_text(coproc_xs_reason(xs)));
	device_destroy(device);
	return NULL;
}

void device_destroy(struct device *device)
{
	if (device->deadline)
		event_free(device->deadline);
	if (device->later)
		event_free(device->later);
	free(device->tie);
	free(device);
}

/* ---- what the session says ---- */

/* Return: whether the frontend has been told, or is not there to be told. */
static bool tell_broken(struct device *device)
{
	struct coproc_xs *xs = device->devices->backend->xs;
	struct timeval patience = clock_timeval(CLOSING_NS);
	struct coproc_xs_step step = {
		.dir = device->be_dir,
		.peer_dir = device->fe_dir,
		.peer = COPROC_PEER_LATE,
		.own = device->mine,
		.next = COPROC_STATE_CLOSING,
		.error = device->why,
	};
	int rc = xs ? coproc_xs_advance(xs, &step) : -EBADF;

	if (rc && rc != -ESTALE)
		return false;
	device->mine = COPROC_STATE_CLOSING;
	device->broken = false;
	event_add(device->deadline, &patience);
	return true;
}

static void on_broken(void *arg, const char *why)
{
	struct device *device = arg;

	device->broken = true;
	snprintf(device->why, sizeof(device->why), "%s", why);
	mark(device);
}

static void on_over(void *arg)
{
	struct device *device = arg;

	free(device->tie);
	device->tie = NULL;
	if (device->forget)
		devices_forget(device);
	else
		mark(device);
}

static const struct tie_owner owner = { .broken = on_broken, .over = on_over };

/* ---- actions of the table ---- */

/* What an action leaves to be written, and why it failed if it did. */
struct outcome {
	bool wait;              /* not finished: somebody will mark the device */
	bool failed;
	char why[COPROC_NODE_MESSAGE_SIZE];
	struct coproc_node_texts texts;
	const struct coproc_node_text *nodes;
	size_t count;
	const struct coproc_node_text *unchanged;
	size_t unchanged_count;
};

static void fail(struct outcome *outcome, const char *why)
{
	outcome->failed = true;
	snprintf(outcome->why, sizeof(outcome->why), "%s", why);
}

static void offer(const struct coprocessor *coprocessor,
		  const struct coproc_toolstack_nodes *toolstack, struct coproc_backend_nodes *nodes)
{
	const struct config_coprocessor *config = coprocessor->config;

	*nodes = (struct coproc_backend_nodes){
		.versions = COPROC_VERSIONS_OURS,
		.preemption = coprocessor->preemption + COPROC_PREEMPTION_JOB,
		.firmware_kinds = coprocessor->kinds,
		.local_memory = coprocessor->banks.bytes,
		.max_queues = config->max_queues,
		.max_ring_order = config->max_ring_order,
		.max_contexts = config->max_contexts,
		.max_buffers = config->max_buffers,
		.max_pages = config->max_pages,
		.max_firmware = config->max_firmware,
		.max_firmware_bytes = config->max_firmware_bytes,
		.max_operands = config->max_operands,
		.max_run_limit_us = config->max_run_limit_us,
	};
	snprintf(nodes->kind, sizeof(nodes->kind), "%s", coprocessor->kind);
	coproc_features_advertise(nodes, COPROC_FEATURE_DIGEST_LOAD);
	coproc_quota_apply(toolstack, nodes);
}

static void do_advertise(struct device *device, const struct coproc_toolstack_nodes *toolstack,
			 struct outcome *outcome)
{
	struct coprocessor *coprocessor = backend_find(device->devices->backend,
						       toolstack->coprocessor);
	struct coproc_backend_nodes nodes;
	struct coproc_node_error error;
	char why[128];

	if (!coprocessor) {
		snprintf(why, sizeof(why), "coprocd's configuration has no coprocessor \"%s\"",
			 toolstack->coprocessor);
		fail(outcome, why);
		return;
	}
	offer(coprocessor, toolstack, &nodes);
	if (coproc_backend_nodes_format(&nodes, &outcome->texts, &error)) {
		fail(outcome, error.message);
		return;
	}
	outcome->nodes = outcome->texts.node;
	outcome->count = outcome->texts.count;
}

static void share_of(const struct coproc_toolstack_nodes *toolstack, struct session_share *share)
{
	*share = (struct session_share){
		.weight = toolstack->weight,
		.cap = toolstack->cap,
		.max_class = toolstack->max_class,
		.realtime_budget_ns = toolstack->realtime_budget_us * 1000ull,
		.realtime_period_ns = toolstack->realtime_period_us * 1000ull,
	};
}

static void do_map(struct device *device, const struct coproc_xs_view *view,
		   const struct coproc_toolstack_nodes *toolstack, struct outcome *outcome)
{
	struct coprocessor *coprocessor = backend_find(device->devices->backend,
						       toolstack->coprocessor);
	struct coproc_frontend_nodes frontend;
	struct coproc_backend_nodes backend;
	struct coproc_node_error error;
	struct coproc_limits limits;
	struct session_grants grants;
	char why[256];

	if (!coprocessor) {
		fail(outcome, "the coprocessor is not configured any more");
		return;
	}
	/* From what stands in xenstore, which is what the frontend read. */
	if (coproc_backend_nodes_parse(view->backend, COPROC_DIR_BACKEND_NODES, &backend, &error) ||
	    coproc_frontend_nodes_parse(view->frontend, COPROC_DIR_FRONTEND_NODES, &frontend, &error) ||
	    coproc_negotiate(toolstack, &backend, &frontend, &limits, &error)) {
		fail(outcome, error.message);
		return;
	}
	grants = (struct session_grants){
		.frontend_index = frontend.frontend_index_ref,
		.backend_index = frontend.backend_index_ref,
		.control_sq = frontend.control_sq_ref,
		.control_cq = frontend.control_cq_ref,
		.event_ring = frontend.event_ring_ref,
		.port = frontend.event_channel,
	};
	share_of(toolstack, &device->share);
	device->tie = tie_connect(coprocessor, device->domain, device->number, &limits, &grants,
				  &device->share, device->devices->inbox, &owner, device, why);
	if (!device->tie) {
		budget_spend(&device->credit, REFUSED_NS * LOOP_COST);
		fail(outcome, why);
		return;
	}
	budget_spend(&device->credit, (device->tie->cost_ns + START_NS) * LOOP_COST);
	outcome->unchanged = view->frontend;
	outcome->unchanged_count = COPROC_DIR_FRONTEND_NODES;
	log_event(LOG_INFO, "connected", "dom=%u dev=%u coprocessor=%s weight=%u max-class=%s",
		  device->domain, device->number, toolstack->coprocessor, toolstack->weight,
		  coproc_class_text(limits.max_class));
}

static void do_action(struct device *device, enum coproc_action action,
		      const struct coproc_xs_view *view,
		      const struct coproc_toolstack_nodes *toolstack, struct outcome *outcome)
{
	switch (action) {
	case COPROC_DO_ADVERTISE:
		do_advertise(device, toolstack, outcome);
		break;
	case COPROC_DO_MAP:
		do_map(device, view, toolstack, outcome);
		break;
	case COPROC_DO_TEARDOWN:
	case COPROC_DO_FORGET:
		/* Finished when nothing is left; on_over() marks the device again. */
		if (device->tie) {
			tie_shutdown(device->tie);
			outcome->wait = true;
		}
		break;
	default:
		break;
	}
}

/* ---- stepping ---- */

static int advance(struct device *device, const struct coproc_step *step, unsigned int peer,
		   unsigned int own, const struct outcome *outcome)
{
	struct coproc_xs *xs = device->devices->backend->xs;
	struct timeval patience = clock_timeval(CLOSING_NS);
	struct coproc_xs_step write = {
		.dir = device->be_dir,
		.peer_dir = device->fe_dir,
		.peer = peer,
		.own = own,
		.next = outcome->failed ? coproc_state_refusal(step->action) :
					  step->next,
		.nodes = outcome->nodes,
		.count = outcome->count,
		.unchanged = outcome->unchanged,
		.unchanged_count = outcome->unchanged_count,
		.error = outcome->failed ? outcome->why : NULL,
	};
	int rc = coproc_xs_advance(xs, &write);

	if (rc)
		return rc;
	log_event(LOG_DEBUG, "state", "dom=%u dev=%u from=%s to=%s", device->domain, device->number,
		  coproc_state_name(device->mine), coproc_state_name(write.next));
	if (outcome->failed)
		log_event(LOG_WARN, "refused", "dom=%u dev=%u why=%s", device->domain,
			  device->number, log_text(outcome->why));
	snprintf(device->refused, sizeof(device->refused), "%s", outcome->failed ? outcome->why : "");
	device->mine = write.next;
	device->late = false;
	if (device->mine == COPROC_STATE_CLOSING)
		event_add(device->deadline, &patience);
	else
		event_del(device->deadline);
	return 0;
}

static bool same_share(const struct session_share *a, const struct session_share *b)
{
	return a->weight == b->weight && a->cap == b->cap && a->max_class == b->max_class &&
	       a->realtime_budget_ns == b->realtime_budget_ns &&
	       a->realtime_period_ns == b->realtime_period_ns;
}

static void apply_share(struct device *device, const struct coproc_toolstack_nodes *toolstack)
{
	struct session_share share;

	share_of(toolstack, &share);
	if (!device->tie || device->tie->ending || same_share(&share, &device->share))
		return;
	device->share = share;
	tie_set_share(device->tie, &share);
	log_event(LOG_INFO, "share-changed", "dom=%u dev=%u weight=%u cap=%u max-class=%s",
		  device->domain, device->number, share.weight, share.cap,
		  coproc_class_text(share.max_class));
}

static enum coproc_wish wish_of(struct device *device, const struct coproc_xs_view *view,
				struct coproc_toolstack_nodes *toolstack)
{
	struct coproc_node_error error;

	/* Without a state it is no device any more, or none yet: no step could be
	 * written into it, and none must make it again. */
	if (!view->backend_there || view->backend_state == COPROC_PEER_VANISHED)
		return COPROC_WISH_GONE;
	if (coproc_toolstack_nodes_parse(view->backend, COPROC_DIR_BACKEND_NODES, toolstack, &error)) {
		log_event(LOG_ERROR, "attach-invalid", "dom=%u dev=%u why=%s", device->domain,
			  device->number, log_text(error.message));
		return COPROC_WISH_LEAVE;
	}
	return device->devices->stopping || !toolstack->online ? COPROC_WISH_LEAVE : COPROC_WISH_STAY;
}

/* The toolstack is done with the device, or nobody else cleans up after it. */
static bool leave(struct device *device, bool remove)
{
	struct coproc_xs *xs = device->devices->backend->xs;
	int rc = remove ? coproc_xs_remove(xs, device->be_dir, device->fe_dir) : 0;

	if (rc == -ESTALE)
		return true;            /* the frontend is back */
	if (rc) {
		log_event(LOG_ERROR, "xenstore", "dom=%u dev=%u why=%s", device->domain,
			  device->number, log_text(coproc_xs_reason(xs)));
		look_later(device, RETRY_NS);
		return false;
	}
	device->forget = true;
	return false;
}

/* Return: whether another step may follow at once. */
static bool took(struct device *device, const struct coproc_step *step, int rc)
{
	struct devices *devices = device->devices;

	/* What was mapped belongs to a past; begin again. */
	if (rc && device->tie && step->action == COPROC_DO_MAP)
		tie_shutdown(device->tie);
	if (!rc || rc == -ESTALE)
		return true;
	log_event(LOG_ERROR, "xenstore", "dom=%u dev=%u why=%s", device->domain, device->number,
		  log_text(coproc_xs_reason(devices->backend->xs)));
	if (rc == -EIO || rc == -EPIPE || rc == -EBADF)
		devices_xenstore_lost(devices);
	else
		look_later(device, rc == -EAGAIN ? AGAIN_NS : RETRY_NS);
	return false;
}

/* A refusal that writes no state is told once, and again when it is another
 * one: the write of it comes back as a watch, and would be answered by itself. */
static bool refused_before(const struct device *device, const struct coproc_step *step,
			   const struct outcome *outcome)
{
	return outcome->failed && coproc_state_refusal(step->action) == COPROC_STATE_UNKNOWN &&
	       !strcmp(device->refused, outcome->why);
}

/* The toolstack gave the device again, under our eyes or between two looks: by
 * `online`, or by a new directory, in which it wrote the first state (B-LIFE-9).
 * Return: false if something of the past has to end first. */
static bool begin_anew(struct device *device, enum coproc_wish wish,
		       const struct coproc_xs_view *view)
{
	bool given = view->backend_state == COPROC_STATE_INITIALISING &&
		     device->mine != COPROC_STATE_UNKNOWN;

	if (wish == COPROC_WISH_STAY && device->left && device->mine == COPROC_STATE_CLOSED)
		given = true;
	/* Wanted again while it still closes, it closes first: so it is kept in mind. */
	if (wish == COPROC_WISH_LEAVE || given)
		device->left = wish == COPROC_WISH_LEAVE;
	if (!given)
		return true;
	log_event(LOG_DEBUG, "given-again", "dom=%u dev=%u", device->domain, device->number);
	device->mine = COPROC_STATE_UNKNOWN;
	device->late = false;
	if (!device->tie)
		return true;
	tie_shutdown(device->tie);
	return false;
}

/* Return: as took(). */
static bool step_once(struct device *device, const struct coproc_xs_view *view)
{
	struct coproc_toolstack_nodes toolstack = { 0 };
	enum coproc_wish wish = wish_of(device, view, &toolstack);
	unsigned int peer = device->late ? COPROC_PEER_LATE : view->frontend_state;
	const struct coproc_step *step;
	struct outcome *outcome;
	bool more = false;

	if (!begin_anew(device, wish, view))
		return false;
	step = coproc_state_step(COPROC_SIDE_BACKEND, wish, device->mine, peer);
	outcome = calloc(1, sizeof(*outcome));
	if (!outcome) {
		look_later(device, RETRY_NS);
		return false;
	}
	if (wish == COPROC_WISH_STAY)
		apply_share(device, &toolstack);
	do_action(device, step->action, view, &toolstack, outcome);
	if (step->action == COPROC_DO_FORGET || step->action == COPROC_DO_REMOVE)
		more = leave(device, step->action == COPROC_DO_REMOVE);
	else if (!outcome->wait && (outcome->failed || step->next != device->mine) &&
		 !refused_before(device, step, outcome))
		more = took(device, step, advance(device, step, peer, view->backend_state, outcome));
	free(outcome);
	return more;
}

/* Return: whether to go on at once. */
static bool look(struct device *device)
{
	struct devices *devices = device->devices;
	struct coproc_xs_view view;
	bool more;
	int rc;

	if (device->broken && !tell_broken(device)) {
		look_later(device, AGAIN_NS);
		return false;
	}
	rc = coproc_xs_look(devices->backend->xs, device->be_dir, device->fe_dir, &view);
	if (rc == -EAGAIN || rc == -ENOMEM) {
		/* It writes so fast that no two looks see the same. */
		look_later(device, AGAIN_NS);
		return false;
	}
	if (rc) {
		devices_xenstore_lost(devices);
		return false;
	}
	more = step_once(device, &view);
	coproc_xs_view_free(&view);
	return more;
}

void device_step(struct device *device)
{
	struct devices *devices = device->devices;
	bool more = true;

	device->dirty = false;
	for (unsigned int i = 0; more && i < STEPS_A_TURN; i++) {
		uint64_t begin = budget_clock();

		/* That a ring is broken is told at once, whatever it costs. */
		if (!devices->backend->xs || (device->tie && device->tie->ending && !device->broken) ||
		    (!device->broken && !may_look(device)))
			return;
		more = look(device);
		budget_spend(&device->credit, (budget_clock() - begin) * STORE_COST);
	}
	if (device->forget && !device->tie)
		devices_forget(device);
	else if (more)
		mark(device);
}
