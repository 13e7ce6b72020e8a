// SPDX-License-Identifier: MIT
/*
 * What coproc-attach and coproc-detach share.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenstore.h>

#include "tool.h"

static const char *program = "coproc";

void tool_name(const char *name)
{
	program = name;
}

void tool_say(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int tool_xenstore_failed(struct coproc_xs *xs, int rc)
{
	tool_say("%s", coproc_xs_reason(xs));
	if (rc == -ECONNREFUSED || rc == -ENOENT)
		tool_say("is xenstored running, and may this user reach it?");
	return TOOL_XENSTORE;
}

bool tool_domain(const char *what, const char *text, uint32_t *domid)
{
	const struct coproc_node *node = &coproc_node[COPROC_NODE_TOOLSTACK_FRONTEND_ID];

	return tool_number(what, text, (uint32_t)node->low, (uint32_t)node->high, domid);
}

bool tool_number(const char *what, const char *text, uint32_t low, uint32_t high, uint32_t *out)
{
	struct coproc_node node = {
		.name = what, .type = COPROC_TYPE_U32, .low = low, .high = high, .required = 1,
	};
	struct coproc_node_error error;

	if (coproc_node_parse_u32(&node, text, strlen(text), out, &error) == COPROC_NODE_OK)
		return true;
	tool_say("%s", error.message);
	return false;
}

void tool_device_at(struct tool_device *device, uint32_t frontend, uint32_t backend,
		    uint32_t devid)
{
	device->frontend = frontend;
	device->backend = backend;
	device->devid = devid;
	coproc_frontend_path(device->frontend_dir, sizeof(device->frontend_dir), frontend, devid);
	coproc_backend_path(device->backend_dir, sizeof(device->backend_dir), backend, frontend,
			    devid);
}

int tool_domain_exists(struct coproc_xs *xs, uint32_t t, uint32_t domid)
{
	char path[COPROC_PATH_SIZE];
	int rc;

	snprintf(path, sizeof(path), "/local/domain/%u", (unsigned int)domid);
	rc = coproc_xs_exists(xs, t, path);
	/* A path may outlive its domain; xenstored knows who is alive.  It is
	 * not asked about the domain that it serves as the first. */
	if (rc == 1 && domid != 0)
		rc = xs_is_domain_introduced(coproc_xs_handle(xs), domid) ? 1 : 0;
	return rc;
}

/* Whether the directory is one that this toolstack made for this frontend. */
static int is_ours(struct coproc_xs *xs, const struct tool_device *device)
{
	char path[COPROC_XS_PATH_MAX], *text, expected[16];
	uint32_t me, owner = 0;
	size_t len;
	int rc;

	rc = coproc_xs_read(xs, 0, device->backend_dir, "frontend-id", &text, &len);
	if (rc || !text)
		return rc;
	snprintf(expected, sizeof(expected), "%u", (unsigned int)device->frontend);
	rc = strcmp(text, expected) == 0;
	free(text);
	if (rc == 0)
		return 0;
	rc = coproc_xs_domain(xs, &me);
	if (rc == 0)
		rc = coproc_xs_path(path, sizeof(path), device->backend_dir, "frontend-id");
	if (rc == 0)
		rc = coproc_xs_owner(xs, 0, path, &owner);
	if (rc == -ENOENT)
		return 0;
	return rc ? rc : owner == me;
}

/* All domains that could be the backend; xenstored bounds how many. */
static int search(struct coproc_xs *xs, struct tool_device *device, unsigned int *found)
{
	const struct coproc_node *node = &coproc_node[COPROC_NODE_TOOLSTACK_FRONTEND_ID];
	struct tool_device at;
	unsigned int count, i;
	char **names;
	int rc;

	*found = 0;
	rc = coproc_xs_list(xs, 0, "/local/domain", &names, &count);
	for (i = 0; rc == 0 && i < count; i++) {
		uint32_t backend;

		if (coproc_node_parse_u32(node, names[i], strlen(names[i]), &backend, NULL) !=
		    COPROC_NODE_OK)
			continue;
		tool_device_at(&at, device->frontend, backend, device->devid);
		rc = is_ours(xs, &at);
		if (rc == 1) {
			if (++*found == 1)
				*device = at;
			rc = 0;
		}
	}
	free(names);
	return rc;
}

int tool_find(struct coproc_xs *xs, struct tool_device *device)
{
	unsigned int found;
	int rc;

	if (device->backend != TOOL_NO_DOMAIN) {
		tool_device_at(device, device->frontend, device->backend, device->devid);
		rc = is_ours(xs, device);
		found = rc == 1;
		rc = rc < 0 ? rc : 0;
	} else {
		rc = search(xs, device, &found);
	}
	if (rc)
		return tool_xenstore_failed(xs, rc);
	if (found == 1)
		return TOOL_OK;
	if (found == 0)
		tool_say("domain %u has no device %u", (unsigned int)device->frontend,
			 (unsigned int)device->devid);
	else
		tool_say("domain %u has a device %u at %u backends: say which with --backend",
			 (unsigned int)device->frontend, (unsigned int)device->devid, found);
	return TOOL_REFUSED;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t tool_deadline(uint32_t seconds)
{
	return now_ms() + (int64_t)seconds * 1000;
}

int tool_wait_event(struct coproc_xs *xs, int64_t deadline)
{
	struct pollfd wait = { .fd = coproc_xs_fd(xs), .events = POLLIN };
	char token[COPROC_XS_TOKEN_MAX];
	int64_t left = deadline - now_ms();
	unsigned int eaten = 0;
	int rc;

	if (wait.fd < 0)
		return wait.fd;
	if (left <= 0)
		return 0;
	/* Now and then without an event: libxenstore does not wake anybody when
	 * xenstored dies, and only the caller's next read tells. */
	rc = poll(&wait, 1, left < 1000 ? (int)left : 1000);
	if (rc < 0 && errno != EINTR)
		return -errno;
	if (rc <= 0)
		return now_ms() < deadline;
	/* Bounded: a peer that writes faster than we read must not keep us here. */
	while (eaten++ < 1000 && (rc = coproc_xs_event(xs, token, NULL, 0)) == 1)
		;
	return rc < 0 ? rc : 1;
}
