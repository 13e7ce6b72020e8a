// SPDX-License-Identifier: MIT
/*
 * The transaction that makes a device, and the one that changes its shares.
 *
 * Who owns what: the toolstack's nodes belong to the toolstack, so that
 * neither domain can raise its own weight or point its device elsewhere; each
 * directory and its state belong to the side that lives there.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach.h"

/* From a transaction's body: understood, and not to be done.  Nothing in
 * libxenstore gives this errno. */
#define REFUSED         (-ECANCELED)

struct attaching {
	struct attach_request *request;
	uint32_t me;                    /* the toolstack's domain */
	struct coproc_node_texts nodes; /* toolstack's set */
	struct coproc_node_texts link;
	char reason[COPROC_NODE_MESSAGE_SIZE];  /* of REFUSED */
};

static int refuse(struct attaching *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct attaching *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(a->reason, sizeof(a->reason), format, args);
	va_end(args);
	return REFUSED;
}

static int check_domains(struct coproc_xs *xs, uint32_t t, struct attaching *a)
{
	const struct tool_device *device = &a->request->device;
	int rc = tool_domain_exists(xs, t, device->frontend);

	if (rc == 0)
		return refuse(a, "there is no domain %u", (unsigned int)device->frontend);
	if (rc > 0) {
		rc = tool_domain_exists(xs, t, device->backend);
		if (rc == 0)
			return refuse(a, "the backend's domain %u does not exist",
				      (unsigned int)device->backend);
	}
	return rc < 0 ? rc : 0;
}

/* What a domain that had this id before left with the backend.  It may go
 * when the backend holds nothing; else a page of the dead could be mapped yet. */
static int clear_leftover(struct coproc_xs *xs, uint32_t t, struct attaching *a,
			  const struct tool_device *device)
{
	unsigned int state;
	int rc = coproc_xs_exists(xs, t, device->backend_dir);

	if (rc <= 0)
		return rc;
	rc = coproc_xs_state(xs, t, device->backend_dir, &state);
	if (rc)
		return rc;
	if (state == COPROC_STATE_INITIALISED || state == COPROC_STATE_CONNECTED ||
	    state == COPROC_STATE_CLOSING)
		return refuse(a, "the backend still holds device %u of an earlier domain %u (%s);"
			      " coproc-detach --force removes it", (unsigned int)device->devid,
			      (unsigned int)device->frontend, coproc_state_name(state));
	return coproc_xs_delete(xs, t, device->backend_dir);
}

/* Sets the device's number, or checks the one that was asked for. */
static int choose_devid(struct coproc_xs *xs, uint32_t t, struct attaching *a, bool any)
{
	struct tool_device *device = &a->request->device;
	uint32_t devid = any ? 0 : device->devid;
	uint32_t last = any ? TOOL_DEVID_MAX : devid;

	for (; devid <= last; devid++) {
		int rc;

		tool_device_at(device, device->frontend, device->backend, devid);
		rc = coproc_xs_exists(xs, t, device->frontend_dir);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return clear_leftover(xs, t, a, device);
	}
	if (any)
		return refuse(a, "domain %u has all of its %u devices already",
			      (unsigned int)device->frontend, TOOL_DEVID_MAX + 1);
	return refuse(a, "domain %u has a device %u already", (unsigned int)device->frontend,
		      (unsigned int)device->devid);
}

/* The directories above a device: made once, never changed when there. */
static int make_above(struct coproc_xs *xs, uint32_t t, const struct attaching *a,
		      const char *path, uint32_t reader, bool writer)
{
	struct coproc_xs_access access = {
		.owner = a->me, .reader = { reader, reader }, .writer = writer,
	};
	int rc = coproc_xs_exists(xs, t, path);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	return coproc_xs_put(xs, t, path, NULL, 0, &access);
}

static int make_directories(struct coproc_xs *xs, uint32_t t, const struct attaching *a)
{
	const struct tool_device *device = &a->request->device;
	struct coproc_xs_access backend = {
		.owner = device->backend, .reader = { device->frontend, device->frontend },
	};
	struct coproc_xs_access frontend = {
		.owner = device->frontend, .reader = { device->backend, device->backend },
	};
	const unsigned int b = device->backend, f = device->frontend;
	char path[COPROC_PATH_SIZE];
	int rc;

	snprintf(path, sizeof(path), "/local/domain/%u/backend", b);
	rc = make_above(xs, t, a, path, b, false);
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vcoproc", b);
	rc = rc ? rc : make_above(xs, t, a, path, b, false);
	/* Writable by the backend: it removes this one after the last device. */
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vcoproc/%u", b, f);
	rc = rc ? rc : make_above(xs, t, a, path, b, true);
	rc = rc ? rc : coproc_xs_put(xs, t, device->backend_dir, NULL, 0, &backend);
	snprintf(path, sizeof(path), "/local/domain/%u/device", f);
	rc = rc ? rc : make_above(xs, t, a, path, f, false);
	snprintf(path, sizeof(path), "/local/domain/%u/device/vcoproc", f);
	rc = rc ? rc : make_above(xs, t, a, path, f, false);
	return rc ? rc : coproc_xs_put(xs, t, device->frontend_dir, NULL, 0, &frontend);
}

static int put_node(struct coproc_xs *xs, uint32_t t, const char *dir,
		    const struct coproc_node_text *node, const struct coproc_xs_access *access)
{
	char path[COPROC_XS_PATH_MAX];
	int rc = coproc_xs_path(path, sizeof(path), dir, node->name);

	return rc ? rc : coproc_xs_put(xs, t, path, node->text, node->len, access);
}

static int put_nodes(struct coproc_xs *xs, uint32_t t, const struct attaching *a, const char *dir,
		     const struct coproc_node_texts *nodes)
{
	const struct coproc_xs_access access = {
		.owner = a->me,
		.reader = { a->request->device.backend, a->request->device.frontend },
	};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < nodes->count; i++)
		rc = put_node(xs, t, dir, &nodes->node[i], &access);
	return rc;
}

/* The frontend's state is the last node of all: what sees it sees the rest,
 * also where a reader does not use transactions. */
static int put_states(struct coproc_xs *xs, uint32_t t, const struct tool_device *device)
{
	const struct coproc_node_text state = { "state", "1", 1 };
	struct coproc_xs_access access = {
		.owner = device->backend, .reader = { device->frontend, device->frontend },
	};
	int rc = put_node(xs, t, device->backend_dir, &state, &access);

	access.owner = device->frontend;
	access.reader[0] = access.reader[1] = device->backend;
	return rc ? rc : put_node(xs, t, device->frontend_dir, &state, &access);
}

/* The texts of both sets, checked by the same table that the readers use. */
static int prepare(struct attaching *a)
{
	struct attach_request *request = a->request;
	const struct tool_device *device = &request->device;
	struct coproc_toolstack_nodes nodes;
	struct coproc_link_nodes link = { .backend_id = device->backend };
	struct coproc_node_text text[ATTACH_NODES_MAX + 3];
	struct coproc_node_error error;
	char id[16];
	size_t n;

	memcpy(text, request->given, request->given_count * sizeof(text[0]));
	n = request->given_count;
	snprintf(id, sizeof(id), "%u", (unsigned int)device->frontend);
	text[n++] = (struct coproc_node_text){ "frontend", device->frontend_dir,
					       strlen(device->frontend_dir) };
	text[n++] = (struct coproc_node_text){ "frontend-id", id, strlen(id) };
	text[n++] = (struct coproc_node_text){ "online", "1", 1 };
	memcpy(link.backend, device->backend_dir, sizeof(device->backend_dir));
	if (coproc_toolstack_nodes_parse(text, n, &nodes, &error) != COPROC_NODE_OK ||
	    coproc_toolstack_nodes_format(&nodes, &a->nodes, &error) != COPROC_NODE_OK ||
	    coproc_link_nodes_format(&link, &a->link, &error) != COPROC_NODE_OK)
		return refuse(a, "%s", error.message);
	return 0;
}

struct attach_body {
	struct attaching *a;
	bool any_devid;
};

static int attach_body(struct coproc_xs *xs, uint32_t t, void *context)
{
	const struct attach_body *body = context;
	struct attaching *a = body->a;
	const struct tool_device *device = &a->request->device;
	int rc = check_domains(xs, t, a);

	rc = rc ? rc : choose_devid(xs, t, a, body->any_devid);
	rc = rc ? rc : prepare(a);
	rc = rc ? rc : make_directories(xs, t, a);
	rc = rc ? rc : put_nodes(xs, t, a, device->backend_dir, &a->nodes);
	rc = rc ? rc : put_nodes(xs, t, a, device->frontend_dir, &a->link);
	return rc ? rc : put_states(xs, t, device);
}

static int finish(struct coproc_xs *xs, const struct attaching *a, int rc)
{
	if (rc == 0)
		return TOOL_OK;
	if (rc != REFUSED)
		return tool_xenstore_failed(xs, rc);
	tool_say("%s", a->reason);
	return TOOL_REFUSED;
}

int attach_device(struct coproc_xs *xs, struct attach_request *request)
{
	struct attaching a = { .request = request };
	struct attach_body body = { &a, request->device.devid == TOOL_NO_DEVID };
	int rc = coproc_xs_domain(xs, &a.me);

	/* Values first: a typing error is told before xenstore is touched. */
	if (rc == 0) {
		tool_device_at(&request->device, request->device.frontend, request->device.backend,
			       body.any_devid ? 0 : request->device.devid);
		rc = prepare(&a);
	}
	if (rc == 0)
		rc = coproc_xs_transaction(xs, "attaching the device", attach_body, &body);
	return finish(xs, &a, rc);
}

/* ---- Changing a device that exists ---- */

static const struct coproc_node_text *given(const struct attach_request *request, const char *name)
{
	size_t i;

	for (i = 0; i < request->given_count; i++)
		if (strcmp(request->given[i].name, name) == 0)
			return &request->given[i];
	return NULL;
}

/* What stands there, with what was given in its place: checked as a whole,
 * because a budget is right or wrong only beside its period. */
static int update_body(struct coproc_xs *xs, uint32_t t, void *context)
{
	struct attaching *a = context;
	const struct tool_device *device = &a->request->device;
	struct coproc_node_text text[COPROC_SET_NODES_MAX];
	char *memory[COPROC_SET_NODES_MAX] = { NULL };
	const char *names[COPROC_SET_NODES_MAX];
	struct coproc_toolstack_nodes nodes;
	struct coproc_node_error error;
	size_t count = coproc_set_names(COPROC_SET_TOOLSTACK, names), i;
	int rc = 0;

	for (i = 0; rc == 0 && i < count; i++) {
		const struct coproc_node_text *new_text = given(a->request, names[i]);

		text[i] = (struct coproc_node_text){ .name = names[i] };
		if (new_text)
			text[i] = *new_text;
		else
			rc = coproc_xs_read(xs, t, device->backend_dir, names[i], &memory[i],
					    &text[i].len);
		if (memory[i])
			text[i].text = memory[i];
	}
	if (rc == 0 && (coproc_toolstack_nodes_parse(text, count, &nodes, &error) ||
			coproc_toolstack_nodes_format(&nodes, &a->nodes, &error)))
		rc = refuse(a, "%s", error.message);
	/* Only what changes: each write is an event for the backend. */
	for (i = 0; rc == 0 && i < a->nodes.count; i++) {
		struct coproc_node_texts one = { .count = 1 };

		one.node[0] = a->nodes.node[i];
		if (given(a->request, one.node[0].name))
			rc = put_nodes(xs, t, a, device->backend_dir, &one);
	}
	for (i = 0; i < count; i++)
		free(memory[i]);
	return rc;
}

int attach_update(struct coproc_xs *xs, struct attach_request *request)
{
	struct attaching a = { .request = request };
	int rc = tool_find(xs, &request->device);

	if (rc != TOOL_OK)
		return rc;
	rc = coproc_xs_domain(xs, &a.me);
	if (rc == 0)
		rc = coproc_xs_transaction(xs, "changing the device", update_body, &a);
	return finish(xs, &a, rc);
}
