// SPDX-License-Identifier: MIT
/*
 * What is read from and written to xenstore.  Values of the backend come
 * through the schema's strict parsers only (threat B8); there is a constant
 * number of nodes and watches per device, and no traffic per job.
 *
 * Watches: the backend's `state`, and the frontend's `backend` and `state`,
 * which also fire when the directory is removed; the toolstack writes `state`
 * last when it makes it again.
 */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define REREAD_EVERY_US 100000u

int store_failed(struct coproc_device *dev, int error)
{
	return fail(dev, error, "xenstore: %s", coproc_xs_reason(dev->xs));
}

static int store_watch(struct coproc_device *dev, bool on)
{
	char path[160];
	int rc;

	if (!dev->peer_dir[0])
		return 0;
	snprintf(path, sizeof(path), "%s/state", dev->peer_dir);
	rc = on ? coproc_xs_watch(dev->xs, path, "peer") :
		  coproc_xs_unwatch(dev->xs, path, "peer");
	return rc;
}

static int watch_own_state(struct coproc_device *dev)
{
	char path[COPROC_PATH_SIZE + 16];

	snprintf(path, sizeof(path), "%s/state", dev->dir);
	return coproc_xs_watch(dev->xs, path, "own");
}

/* Connects to xenstored and sets the watches that the device has by now. */
int store_open(struct coproc_device *dev)
{
	char path[COPROC_PATH_SIZE + 16];
	int rc = coproc_xs_open(&dev->xs);

	if (rc) {
		fail(dev, rc, "no xenstore: %s; this program runs in a Xen guest that may use "
		     "/dev/xen/xenbus", coproc_xs_reason(dev->xs));
		coproc_xs_close(dev->xs);
		dev->xs = NULL;
		return rc;
	}
	if (dev->dir[0]) {
		snprintf(path, sizeof(path), "%s/backend", dev->dir);
		rc = coproc_xs_watch(dev->xs, path, "own");
		if (rc == 0)
			rc = watch_own_state(dev);
		if (rc == 0)
			rc = store_watch(dev, true);
		if (rc == 0)
			rc = pump_add(dev, coproc_xs_fd(dev->xs));
		if (rc) {
			store_failed(dev, rc);
			store_close(dev);
			return rc;
		}
	}
	dev->look = true;
	return 0;
}

void store_close(struct coproc_device *dev)
{
	if (!dev->xs)
		return;
	if (dev->dir[0])
		pump_remove(dev, coproc_xs_fd(dev->xs));
	coproc_xs_close(dev->xs);
	dev->xs = NULL;
}

/* ---- which device ---- */

static int link_nodes(struct coproc_xs *xs, const char *dir, struct coproc_link_nodes *nodes,
		      struct coproc_node_error *error)
{
	struct coproc_xs_view view;
	int rc = coproc_xs_look(xs, NULL, dir, &view);

	if (rc)
		return rc;
	if (!view.frontend_there)
		rc = -ENODEV;
	else if (coproc_link_nodes_parse(view.frontend, COPROC_DIR_FRONTEND_NODES, nodes, error))
		rc = -EPROTO;
	coproc_xs_view_free(&view);
	return rc;
}

static void read_name(struct coproc_xs *xs, const char *dir, enum coproc_node_id id, char *out,
		      size_t room)
{
	char *text = NULL;
	size_t len = 0;

	out[0] = '\0';
	if (coproc_xs_read(xs, 0, dir, coproc_node[id].name, &text, &len) || !text)
		return;
	if (coproc_node_parse_string(&coproc_node[id], text, len, out, room, NULL))
		out[0] = '\0';
	free(text);
}

static int compare_index(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Indexes of the devices, rising; what is no number is no device. */
static int device_indexes(struct coproc_xs *xs, uint32_t domain, int **out)
{
	char dir[COPROC_PATH_SIZE];
	unsigned int n = 0, i;
	char **names = NULL;
	int count = 0;
	char *end;
	int rc;

	snprintf(dir, sizeof(dir), "/local/domain/%u/device/%s", domain, XENCOPROC_DEVICE_TYPE);
	rc = coproc_xs_list(xs, 0, dir, &names, &n);
	if (rc)
		return rc < 0 ? rc : -EIO;
	*out = malloc((n + 1) * sizeof(**out));
	for (i = 0; *out && i < n; i++) {
		long index = strtol(names[i], &end, 10);

		if (!*end && names[i][0] >= '0' && names[i][0] <= '9' && index <= INT32_MAX)
			(*out)[count++] = (int)index;
	}
	free(names);
	if (!*out)
		return -ENOMEM;
	qsort(*out, (size_t)count, sizeof(**out), compare_index);
	return count;
}

static void list_one(struct coproc_xs *xs, uint32_t domain, int index, struct coproc_listed *one)
{
	struct coproc_link_nodes nodes;
	char dir[COPROC_PATH_SIZE];
	unsigned int state;

	memset(one, 0, sizeof(*one));
	one->index = index;
	coproc_frontend_path(dir, sizeof(dir), domain, (uint32_t)index);
	if (coproc_xs_state(xs, 0, dir, &state) == 0 && state < COPROC_STATES)
		one->frontend_state = (int)state;
	if (link_nodes(xs, dir, &nodes, NULL))
		return;
	if (coproc_xs_state(xs, 0, nodes.backend, &state) == 0 && state < COPROC_STATES)
		one->backend_state = (int)state;
	read_name(xs, nodes.backend, COPROC_NODE_TOOLSTACK_COPROCESSOR, one->name,
		  sizeof(one->name));
	read_name(xs, nodes.backend, COPROC_NODE_BACKEND_KIND, one->kind, sizeof(one->kind));
}

int coproc_list(struct coproc_listed *list, size_t max)
{
	struct coproc_xs *xs;
	int *index = NULL;
	uint32_t domain = 0;
	int count = coproc_xs_open(&xs);
	int i;

	if (count == 0)
		count = coproc_xs_domain(xs, &domain);
	if (count == 0)
		count = device_indexes(xs, domain, &index);
	for (i = 0; index && i < count && (size_t)i < max; i++)
		list_one(xs, domain, index[i], &list[i]);
	free(index);
	coproc_xs_close(xs);
	return count;
}

static bool is_wanted(struct coproc_device *dev, uint32_t domain, int index)
{
	struct coproc_listed one;

	if (dev->options.index != COPROC_INDEX_ANY && dev->options.index != index)
		return false;
	if (!dev->options.name)
		return true;
	list_one(dev->xs, domain, index, &one);
	return !strcmp(one.name, dev->options.name);
}

static int no_device(struct coproc_device *dev, int count)
{
	if (count == 0)
		return fail(dev, -ENODEV, "no coprocessor is attached to this domain; the toolstack "
			    "attaches one (in domain 0: coproc-attach)");
	if (dev->options.name)
		return fail(dev, -ENODEV, "none of the %d coprocessors attached to this domain is "
			    "called %s", count, dev->options.name);
	return fail(dev, -ENODEV, "no coprocessor %d is attached to this domain, which has %d",
		    dev->options.index, count);
}

/* Finds the device that the options mean, takes it for this program, and sets
 * the watches. */
int store_find(struct coproc_device *dev)
{
	char path[COPROC_PATH_SIZE + 16];
	uint32_t domain;
	int *index = NULL;
	int count, i, rc;

	rc = coproc_xs_domain(dev->xs, &domain);
	if (rc)
		return store_failed(dev, rc);
	count = device_indexes(dev->xs, domain, &index);
	if (count < 0)
		return count == -ENOMEM ? fail(dev, count, "out of memory") :
					  store_failed(dev, count);
	for (i = 0; i < count && !is_wanted(dev, domain, index[i]); i++)
		;
	if (i == count) {
		free(index);
		return no_device(dev, count);
	}
	dev->index = index[i];
	free(index);
	rc = lock_device(dev, domain);
	if (rc)
		return rc;
	coproc_frontend_path(dev->dir, sizeof(dev->dir), domain, (uint32_t)dev->index);
	snprintf(path, sizeof(path), "%s/backend", dev->dir);
	rc = coproc_xs_watch(dev->xs, path, "own");
	if (rc == 0)
		rc = watch_own_state(dev);
	if (rc == 0)
		rc = pump_add(dev, coproc_xs_fd(dev->xs));
	return rc ? store_failed(dev, rc) : 0;
}

/* Where the backend is; the toolstack may have moved it since. */
int store_peer(struct coproc_device *dev)
{
	struct coproc_node_error error;
	struct coproc_link_nodes nodes;
	int rc = link_nodes(dev->xs, dev->dir, &nodes, &error);

	if (rc == -EPROTO)
		return fail(dev, rc, "what the toolstack wrote is wrong: %s", error.message);
	if (rc == -ENODEV)
		return fail(dev, rc, "the toolstack removed the device");
	if (rc)
		return store_failed(dev, rc);
	if (strcmp(nodes.backend, dev->peer_dir)) {
		store_watch(dev, false);
		memcpy(dev->peer_dir, nodes.backend, sizeof(dev->peer_dir));
		rc = store_watch(dev, true);
		if (rc)
			return store_failed(dev, rc);
	}
	dev->info.backend_domain = nodes.backend_id;
	return 0;
}

/* ---- reading states and errors ---- */

int store_states(struct coproc_device *dev, unsigned int *peer, unsigned int *own)
{
	int rc = coproc_xs_state(dev->xs, 0, dev->dir, own);

	*peer = COPROC_PEER_VANISHED;
	if (rc)
		*own = COPROC_PEER_VANISHED;
	if (rc == 0 && dev->peer_dir[0])
		rc = coproc_xs_state(dev->xs, 0, dev->peer_dir, peer);
	return rc ? store_failed(dev, rc) : 0;
}

void store_backend_error(struct coproc_device *dev, char *out, size_t room)
{
	read_name(dev->xs, dev->peer_dir, COPROC_NODE_BACKEND_ERROR, out, room);
}

/* Empties the queue of watch events; only that there were any counts. */
void store_events(struct coproc_device *dev)
{
	char token[COPROC_XS_TOKEN_MAX];
	unsigned int turns;
	int rc = 0;

	/* A backend can fire any number of them (F10's other side). */
	for (turns = 0; turns < 1000; turns++) {
		rc = coproc_xs_event(dev->xs, token, NULL, 0);
		if (rc <= 0)
			break;
		dev->look = true;
	}
	if (rc < 0) {
		store_failed(dev, rc);
		store_close(dev);
		dev->reopen_at = now_us();
	}
}

/* ---- publishing ---- */

static void set_info(struct coproc_device *dev, const struct coproc_toolstack_nodes *toolstack,
		     const struct coproc_backend_nodes *backend, uint32_t version)
{
	struct coproc_info *info = &dev->info;
	const struct coproc_limits *limits = &dev->limits;

	info->index = dev->index;
	info->version = version;
	snprintf(info->name, sizeof(info->name), "%s", toolstack->coprocessor);
	snprintf(info->kind, sizeof(info->kind), "%s", backend->kind);
	info->firmware_kinds = backend->firmware_kinds;
	info->local_memory = backend->local_memory;
	info->preemption = backend->preemption;
	info->features = limits->features;
	info->highest_class = limits->max_class;
	info->weight = toolstack->weight;
	info->max_queues = limits->max_queues;
	info->max_entries = 1u << limits->max_ring_order;
	info->max_contexts = limits->max_contexts;
	info->max_buffers = limits->max_buffers;
	info->max_pages = limits->max_pages;
	info->max_firmware = limits->max_firmware;
	info->max_firmware_bytes = limits->max_firmware_bytes;
	info->max_pieces = limits->max_operands;
	info->max_run_limit_us = limits->max_run_limit_us;
}

/* Checks all that the other side wrote, and grants this side's pages. */
static int publish_prepare(struct coproc_device *dev, const struct coproc_xs_view *view,
			   struct coproc_frontend_nodes *nodes)
{
	struct coproc_toolstack_nodes toolstack;
	struct coproc_backend_nodes backend;
	struct coproc_node_error error;
	struct coproc_limits limits;
	int rc;

	if (coproc_toolstack_nodes_parse(view->backend, COPROC_DIR_BACKEND_NODES, &toolstack,
					 &error) ||
	    coproc_backend_nodes_parse(view->backend, COPROC_DIR_BACKEND_NODES, &backend, &error))
		return fail(dev, -EPROTO, "the backend's directory is wrong: %s", error.message);
	memset(nodes, 0, sizeof(*nodes));
	nodes->version = coproc_version_choose(backend.versions, COPROC_VERSIONS_OURS);
	if (!nodes->version)
		return fail(dev, -EPROTONOSUPPORT, "the backend speaks no version of coprocif that "
			    "this library (%s) speaks; update the older side", XENCOPROC_VERSION);
	if (coproc_negotiate(&toolstack, &backend, nodes, &limits, &error))
		return fail(dev, -EPROTO, "cannot agree with the backend: %s", error.message);
	rc = link_open(dev, dev->info.backend_domain, nodes);
	if (rc)
		return rc;
	dev->limits = limits;
	set_info(dev, &toolstack, &backend, nodes->version);
	return 0;
}

static int publish_write(struct coproc_device *dev, const struct coproc_frontend_nodes *nodes)
{
	struct coproc_node_texts texts;
	struct coproc_node_error error;
	struct coproc_xs_step step = {
		.dir = dev->dir,
		.peer_dir = dev->peer_dir,
		.peer = COPROC_STATE_INIT_WAIT,
		.own = dev->own,
		.next = COPROC_STATE_INITIALISED,
	};

	if (coproc_frontend_nodes_format(nodes, &texts, &error))
		return fail(dev, -EPROTO, "the hypervisor gave what xenstore may not say: %s",
			    error.message);
	step.nodes = texts.node;
	step.count = texts.count;
	return coproc_xs_advance(dev->xs, &step);
}

/*
 * COPROC_DO_PUBLISH with its step: pages, nodes and Initialised, or nothing.
 * Return: 0; -ESTALE look again; -errno with a reason.
 */
int store_publish(struct coproc_device *dev)
{
	struct coproc_frontend_nodes nodes;
	struct coproc_xs_view view;
	int rc = store_peer(dev);

	if (rc)
		return rc;
	rc = coproc_xs_look(dev->xs, dev->peer_dir, NULL, &view);
	if (rc)
		return store_failed(dev, rc);
	rc = view.backend_state == COPROC_STATE_INIT_WAIT ? publish_prepare(dev, &view, &nodes) :
							    -ESTALE;
	coproc_xs_view_free(&view);
	if (rc)
		return rc;
	rc = publish_write(dev, &nodes);
	if (rc)
		link_close(dev, true);
	if (rc && rc != -ESTALE && rc != -EPROTO)
		store_failed(dev, rc);
	return rc;
}

/* The toolstack changed weight, cap or class, says an event.  At most so
 * often, because the backend decides how often it says so. */
void store_reread(struct coproc_device *dev)
{
	struct coproc_toolstack_nodes toolstack;
	struct coproc_xs_view view;

	if (!dev->reread || !dev->xs || now_us() < dev->reread_at)
		return;
	dev->reread = false;
	dev->reread_at = now_us() + REREAD_EVERY_US;
	if (coproc_xs_look(dev->xs, dev->peer_dir, NULL, &view))
		return;
	if (coproc_toolstack_nodes_parse(view.backend, COPROC_DIR_BACKEND_NODES, &toolstack,
					 NULL) == COPROC_NODE_OK) {
		dev->info.weight = toolstack.weight;
		dev->info.highest_class = toolstack.max_class;
		dev->limits.max_class = toolstack.max_class;
	}
	coproc_xs_view_free(&view);
}
