/* SPDX-License-Identifier: MIT */
#include "device.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <xenstore.h>

#include "clock.h"
#include "log.h"
#include "session.h"
#include "xenstore-schema/negotiate.h"
#include "xenstore-schema/xs.h"

/* Watch events taken before devices are looked at: a flood merges (F10). */
#define EVENTS_A_TURN   256u
/* Steps of one device in a row; more are taken in the next turn. */
#define STEPS_A_TURN    8u
/* A frontend that was told to let go has so long. */
#define CLOSING_NS      5000000000ull
/* xenstored went away: try again so often. */
#define REOPEN_NS       500000000ull
#define TOKEN_TREE      "tree"

struct device {
	LIST_ENTRY(device) link;
	struct devices *devices;
	uint32_t domain;
	uint32_t number;
	char be_dir[COPROC_PATH_SIZE];
	char fe_dir[COPROC_PATH_SIZE];
	char token[COPROC_XS_TOKEN_MAX];
	unsigned int mine;              /* enum coproc_state, as we wrote it */
	bool dirty;
	bool late;                      /* the deadline passed */
	bool forget;                    /* freed when its session is over */
	struct session *session;
	struct session_share share;     /* in force */
	struct event *deadline;
};

struct devices {
	struct backend *backend;
	struct event *readable;
	struct event *again;            /* some are dirty; or reopen xenstore */
	LIST_HEAD(, device) list;
	bool rescan;
	bool stopping;
	void (*done)(void *arg);
	void *done_arg;
};

static void xenstore_lost(struct devices *devices);

static void soon(struct devices *devices)
{
	event_active(devices->again, 0, 0);
}

static void mark(struct device *device)
{
	device->dirty = true;
	soon(device->devices);
}

/* ---- one device ---- */

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct device *device = arg;

	device->late = true;
	mark(device);
}

static struct device *device_find(struct devices *devices, uint32_t domain, uint32_t number)
{
	struct device *device;

	LIST_FOREACH(device, &devices->list, link)
		if (device->domain == domain && device->number == number && !device->forget)
			return device;
	return NULL;
}

static struct device *device_add(struct devices *devices, uint32_t domain, uint32_t number)
{
	struct device *device = calloc(1, sizeof(*device));
	struct coproc_xs *xs = devices->backend->xs;

	if (!device)
		return NULL;
	device->devices = devices;
	device->domain = domain;
	device->number = number;
	device->mine = COPROC_STATE_UNKNOWN;
	coproc_backend_path(device->be_dir, sizeof(device->be_dir), devices->backend->domain,
			    domain, number);
	coproc_frontend_path(device->fe_dir, sizeof(device->fe_dir), domain, number);
	snprintf(device->token, sizeof(device->token), "%u/%u", domain, number);
	device->deadline = evtimer_new(devices->backend->base, on_deadline, device);
	if (!device->deadline || coproc_xs_watch(xs, device->fe_dir, device->token)) {
		log_event(LOG_ERROR, "watch-failed", "dom=%u dev=%u why=\"%s\"", domain, number,
			  coproc_xs_reason(xs));
		if (device->deadline)
			event_free(device->deadline);
		free(device);
		return NULL;
	}
	LIST_INSERT_HEAD(&devices->list, device, link);
	return device;
}

static void device_free(struct device *device)
{
	struct devices *devices = device->devices;

	if (devices->backend->xs)
		coproc_xs_unwatch(devices->backend->xs, device->fe_dir, device->token);
	LIST_REMOVE(device, link);
	event_free(device->deadline);
	free(device);
	soon(devices);
}

static void on_broken(void *arg, const char *why)
{
	struct device *device = arg;
	struct coproc_xs_step step = {
		.dir = device->be_dir,
		.peer_dir = device->fe_dir,
		.peer = COPROC_PEER_LATE,
		.next = COPROC_STATE_CLOSING,
		.error = why,
	};
	struct timeval patience = clock_timeval(CLOSING_NS);

	if (device->devices->backend->xs && !coproc_xs_advance(device->devices->backend->xs, &step))
		device->mine = COPROC_STATE_CLOSING;
	event_add(device->deadline, &patience);
	session_shutdown(device->session);
	mark(device);
}

static void on_over(void *arg)
{
	struct device *device = arg;

	device->session = NULL;
	if (device->forget)
		device_free(device);
	else
		mark(device);
}

static const struct session_owner owner = { .broken = on_broken, .over = on_over };

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
	device->session = session_connect(coprocessor, device->domain, device->number, &limits,
					  &grants, &device->share, &owner, device, why);
	if (!device->session) {
		fail(outcome, why);
		return;
	}
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
		if (device->session) {
			session_shutdown(device->session);
			outcome->wait = true;
		}
		break;
	default:
		break;
	}
}

/* ---- stepping ---- */

static int advance(struct device *device, const struct coproc_step *step, unsigned int peer,
		   const struct outcome *outcome)
{
	struct coproc_xs *xs = device->devices->backend->xs;
	struct timeval patience = clock_timeval(CLOSING_NS);
	struct coproc_xs_step write = {
		.dir = device->be_dir,
		.peer_dir = device->fe_dir,
		.peer = peer,
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
		log_event(LOG_WARN, "refused", "dom=%u dev=%u why=\"%s\"", device->domain,
			  device->number, outcome->why);
	device->mine = write.next;
	device->late = false;
	if (device->mine == COPROC_STATE_CLOSING)
		event_add(device->deadline, &patience);
	else
		event_del(device->deadline);
	return 0;
}

static void apply_share(struct device *device, const struct coproc_toolstack_nodes *toolstack)
{
	struct session_share share;

	share_of(toolstack, &share);
	if (!device->session || device->session->closing ||
	    !memcmp(&share, &device->share, sizeof(share)))
		return;
	device->share = share;
	session_set_share(device->session, &share);
	session_event(device->session, XENCOPROC_EVENT_LIMITS, XENCOPROC_OK, 0, share.weight);
	log_event(LOG_INFO, "share-changed", "dom=%u dev=%u weight=%u cap=%u", device->domain,
		  device->number, share.weight, share.cap);
}

static enum coproc_wish wish_of(struct device *device, const struct coproc_xs_view *view,
				struct coproc_toolstack_nodes *toolstack)
{
	struct coproc_node_error error;

	if (!view->backend_there)
		return COPROC_WISH_GONE;
	if (coproc_toolstack_nodes_parse(view->backend, COPROC_DIR_BACKEND_NODES, toolstack, &error)) {
		log_event(LOG_ERROR, "attach-invalid", "dom=%u dev=%u why=\"%s\"", device->domain,
			  device->number, error.message);
		return COPROC_WISH_LEAVE;
	}
	return device->devices->stopping || !toolstack->online ? COPROC_WISH_LEAVE : COPROC_WISH_STAY;
}

/* Return: whether another step may follow at once. */
static bool step_once(struct device *device, const struct coproc_xs_view *view)
{
	struct coproc_toolstack_nodes toolstack = { 0 };
	enum coproc_wish wish = wish_of(device, view, &toolstack);
	unsigned int peer = device->late ? COPROC_PEER_LATE : view->frontend_state;
	const struct coproc_step *step = coproc_state_step(COPROC_SIDE_BACKEND, wish, device->mine,
							   peer);
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	bool more = false;
	int rc;

	if (!outcome)
		return false;
	if (wish == COPROC_WISH_STAY)
		apply_share(device, &toolstack);
	do_action(device, step->action, view, &toolstack, outcome);
	if (step->action == COPROC_DO_FORGET || step->action == COPROC_DO_REMOVE) {
		if (step->action == COPROC_DO_REMOVE &&
		    coproc_xs_remove(device->devices->backend->xs, device->be_dir, device->fe_dir)) {
			free(outcome);
			return true;
		}
		device->forget = true;
		if (!device->session)
			device_free(device);
	} else if (!outcome->wait && (outcome->failed || step->next != device->mine)) {
		rc = advance(device, step, peer, outcome);
		/* Stale: what was mapped belongs to a past; begin again. */
		if (rc && device->session && step->action == COPROC_DO_MAP)
			session_shutdown(device->session);
		if (rc && rc != -ESTALE)
			log_event(LOG_ERROR, "xenstore", "dom=%u dev=%u why=\"%s\"", device->domain,
				  device->number, coproc_xs_reason(device->devices->backend->xs));
		if (rc == -EIO || rc == -EPIPE || rc == -EBADF)
			xenstore_lost(device->devices);
		else
			more = !rc || rc == -ESTALE;
	}
	free(outcome);
	return more;
}

static void device_step(struct device *device)
{
	struct devices *devices = device->devices;

	device->dirty = false;
	for (unsigned int i = 0; i < STEPS_A_TURN; i++) {
		struct coproc_xs_view view;
		bool more;
		int rc;

		if (!devices->backend->xs || (device->session && device->session->closing))
			return;
		rc = coproc_xs_look(devices->backend->xs, device->be_dir, device->fe_dir, &view);
		if (rc) {
			log_event(LOG_ERROR, "xenstore", "dom=%u dev=%u why=\"%s\"", device->domain,
				  device->number, coproc_xs_reason(devices->backend->xs));
			if (rc != -EAGAIN && rc != -ENOMEM)
				xenstore_lost(devices);
			else
				mark(device);
			return;
		}
		more = step_once(device, &view);
		coproc_xs_view_free(&view);
		if (!more)
			return;
	}
	mark(device);
}

/* ---- all devices ---- */

static bool number_of(const char *text, const char **end, uint32_t *value)
{
	char *after;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoul(text, &after, 10);
	if (errno || n > 0x7fffffff)
		return false;
	*value = (uint32_t)n;
	*end = after;
	return true;
}

static void scan_domain(struct devices *devices, const char *root, const char *domain_name)
{
	char dir[COPROC_PATH_SIZE * 2], **names;
	uint32_t domain, number;
	unsigned int count;
	const char *end;

	if (!number_of(domain_name, &end, &domain) || *end)
		return;
	snprintf(dir, sizeof(dir), "%s/%s", root, domain_name);
	if (coproc_xs_list(devices->backend->xs, XBT_NULL, dir, &names, &count))
		return;
	for (unsigned int i = 0; i < count; i++) {
		struct device *device;

		if (!number_of(names[i], &end, &number) || *end)
			continue;
		device = device_find(devices, domain, number);
		if (!device)
			device = device_add(devices, domain, number);
		if (device)
			device->dirty = true;
	}
	free(names);
}

static void tree(const struct devices *devices, char *root, size_t size)
{
	snprintf(root, size, "/local/domain/%u/backend/" XENCOPROC_DEVICE_TYPE,
		 devices->backend->domain);
}

static void scan(struct devices *devices)
{
	char root[COPROC_PATH_SIZE], **names;
	struct device *device;
	unsigned int count;

	devices->rescan = false;
	tree(devices, root, sizeof(root));
	LIST_FOREACH(device, &devices->list, link)
		device->dirty = true;
	if (coproc_xs_list(devices->backend->xs, XBT_NULL, root, &names, &count)) {
		xenstore_lost(devices);
		return;
	}
	for (unsigned int i = 0; i < count; i++)
		scan_domain(devices, root, names[i]);
	free(names);
}

/* A watch fired on the tree: which device is it about? */
static void tree_changed(struct devices *devices, const char *path)
{
	char root[COPROC_PATH_SIZE];
	uint32_t domain, number;
	struct device *device;
	const char *at;

	tree(devices, root, sizeof(root));
	at = path + strlen(root);
	if (strlen(path) < strlen(root) + 4 || *at++ != '/' || !number_of(at, &at, &domain) ||
	    *at++ != '/' || !number_of(at, &at, &number)) {
		devices->rescan = true;
		return;
	}
	device = device_find(devices, domain, number);
	if (!device)
		device = device_add(devices, domain, number);
	if (device)
		device->dirty = true;
}

static void token_changed(struct devices *devices, const char *token)
{
	struct device *device;

	LIST_FOREACH(device, &devices->list, link)
		if (!strcmp(device->token, token))
			device->dirty = true;
}

static void on_xenstore(evutil_socket_t fd, short what, void *arg)
{
	struct devices *devices = arg;
	char token[COPROC_XS_TOKEN_MAX], path[256];

	for (unsigned int i = 0; i < EVENTS_A_TURN; i++) {
		int rc = coproc_xs_event(devices->backend->xs, token, path, sizeof(path));

		if (rc < 0) {
			xenstore_lost(devices);
			return;
		}
		if (!rc)
			break;
		if (!strcmp(token, TOKEN_TREE))
			tree_changed(devices, path);
		else
			token_changed(devices, token);
	}
	soon(devices);
}

static void check_stopped(struct devices *devices)
{
	struct device *device;

	if (!devices->stopping || !devices->done)
		return;
	LIST_FOREACH(device, &devices->list, link)
		if (device->session || device->mine == COPROC_STATE_CONNECTED ||
		    device->mine == COPROC_STATE_CLOSING || device->mine == COPROC_STATE_INIT_WAIT)
			return;
	devices->done(devices->done_arg);
	devices->done = NULL;
}

static bool open_xenstore(struct devices *devices)
{
	struct backend *backend = devices->backend;
	char root[COPROC_PATH_SIZE];
	int rc = coproc_xs_open(&backend->xs);

	if (!rc)
		rc = coproc_xs_domain(backend->xs, &backend->domain);
	if (!rc) {
		tree(devices, root, sizeof(root));
		rc = coproc_xs_watch(backend->xs, root, TOKEN_TREE);
	}
	if (!rc) {
		devices->readable = event_new(backend->base, coproc_xs_fd(backend->xs),
					      EV_READ | EV_PERSIST, on_xenstore, devices);
		if (!devices->readable || event_add(devices->readable, NULL))
			rc = -ENOMEM;
	}
	if (!rc)
		return true;
	log_event(LOG_ERROR, "xenstore", "why=\"%s\" hint=\"is xenstored running, and is this a Xen domain "
		  "or inside coproc-loopback?\"", backend->xs ? coproc_xs_reason(backend->xs) :
		  "out of memory");
	coproc_xs_close(backend->xs);
	backend->xs = NULL;
	return false;
}

/* xenstored went away.  Sessions go on: their rings do not need it. */
static void xenstore_lost(struct devices *devices)
{
	struct timeval later = clock_timeval(REOPEN_NS);

	if (devices->backend->xs) {
		log_event(LOG_ERROR, "xenstore-lost", "why=\"%s\"", coproc_xs_reason(devices->backend->xs));
		if (devices->readable)
			event_free(devices->readable);
		devices->readable = NULL;
		coproc_xs_close(devices->backend->xs);
		devices->backend->xs = NULL;
	}
	event_add(devices->again, &later);
}

static void rewatch(struct devices *devices)
{
	struct device *device;

	LIST_FOREACH(device, &devices->list, link)
		coproc_xs_watch(devices->backend->xs, device->fe_dir, device->token);
	devices->rescan = true;
	log_event(LOG_INFO, "xenstore-back", "devices=\"are looked at again\"");
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct devices *devices = arg;
	struct device *device, *next;

	if (!devices->backend->xs) {
		if (!open_xenstore(devices)) {
			xenstore_lost(devices);
			return;
		}
		rewatch(devices);
	}
	if (devices->rescan)
		scan(devices);
	for (device = LIST_FIRST(&devices->list); device; device = next) {
		next = LIST_NEXT(device, link);
		if (device->dirty && !device->forget)
			device_step(device);
	}
	check_stopped(devices);
}

struct devices *devices_create(struct backend *backend)
{
	struct devices *devices = calloc(1, sizeof(*devices));

	if (!devices)
		return NULL;
	devices->backend = backend;
	LIST_INIT(&devices->list);
	devices->again = evtimer_new(backend->base, on_again, devices);
	if (!devices->again || !open_xenstore(devices)) {
		devices_destroy(devices);
		return NULL;
	}
	return devices;
}

void devices_stop(struct devices *devices, void (*done)(void *arg), void *arg)
{
	struct device *device;

	devices->stopping = true;
	devices->done = done;
	devices->done_arg = arg;
	LIST_FOREACH(device, &devices->list, link)
		device->dirty = true;
	soon(devices);
}

void devices_destroy(struct devices *devices)
{
	if (!devices)
		return;
	while (!LIST_EMPTY(&devices->list)) {
		struct device *device = LIST_FIRST(&devices->list);

		LIST_REMOVE(device, link);
		event_free(device->deadline);
		free(device);
	}
	if (devices->readable)
		event_free(devices->readable);
	if (devices->again)
		event_free(devices->again);
	coproc_xs_close(devices->backend->xs);
	devices->backend->xs = NULL;
	free(devices);
}
