// SPDX-License-Identifier: MIT
/*
 * coproc-detach: takes a coprocessor from a guest.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#include "tool.h"

#define DEFAULT_TIMEOUT 30u             /* seconds: longer than the backend's own deadline */

struct arguments {
	struct tool_device device;
	uint32_t timeout;
	bool force, json;
	bool done;                      /* --help and the like: nothing more to do */
};

static const char usage[] = "usage: coproc-detach [OPTION]... FRONTEND-DOMID DEVID\n";

static void help(void)
{
	fputs(usage, stdout);
	puts("Asks both sides to close the device, waits until the backend holds nothing of\n"
	     "the guest any more, and removes the device from xenstore.\n\n"
	     "  --backend DOMID    the backend's domain (default: found)\n"
	     "  --timeout SECONDS  how long to wait, 1 to 86400 (default 30)\n"
	     "  --force            do not wait: remove it at once\n"
	     "  --json             tell what was done as one JSON object\n"
	     "  --help, --version\n\n"
	     "Exit status: 0 done, 1 refused, 2 wrong usage, 3 xenstore failed, 4 timeout.");
}

static bool take_option(struct arguments *args, int option, const char *value)
{
	switch (option) {
	case 'b':
		return tool_domain("--backend", value, &args->device.backend);
	case 't':
		return tool_number("--timeout", value, 1, 86400, &args->timeout);
	case 'f':
		return args->force = true;
	case 'j':
		return args->json = true;
	case 'h':
		help();
		return args->done = true;
	case 'v':
		puts("coproc-detach " XENCOPROC_VERSION);
		return args->done = true;
	default:
		return false;           /* getopt has said why */
	}
}

static bool take_arguments(struct arguments *args, int argc, char **argv)
{
	static const struct option options[] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "timeout", required_argument, NULL, 't' },
		{ "force", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while (!args->done && (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(args, option, optarg))
			return false;
	if (args->done)
		return true;
	if (argc - optind != 2) {
		fputs(usage, stderr);
		return false;
	}
	return tool_domain("FRONTEND-DOMID", argv[optind], &args->device.frontend) &&
	       tool_number("DEVID", argv[optind + 1], 0, TOOL_DEVID_MAX, &args->device.devid);
}

/* Tells the backend: it closes, the frontend sees that and closes too. */
static int offline_body(struct coproc_xs *xs, uint32_t t, void *context)
{
	const struct tool_device *device = context;
	struct coproc_xs_access access = { .reader = { device->backend, device->frontend } };
	char path[COPROC_XS_PATH_MAX];
	int rc = coproc_xs_path(path, sizeof(path), device->backend_dir, "online");

	rc = rc ? rc : coproc_xs_exists(xs, t, device->backend_dir);
	if (rc <= 0)
		return rc;              /* gone meanwhile: that is what was wanted */
	rc = coproc_xs_domain(xs, &access.owner);
	return rc ? rc : coproc_xs_put(xs, t, path, "0", 1, &access);
}

struct removal {
	const struct tool_device *device;
	bool force;
	bool held;                      /* the backend is not closed: nothing removed */
};

/* The last device of a frontend leaves an empty directory above it. */
static int remove_empty_parent(struct coproc_xs *xs, uint32_t t, const char *dir)
{
	char parent[COPROC_PATH_SIZE];
	unsigned int count;
	char **names;
	int rc;

	snprintf(parent, sizeof(parent), "%s", dir);
	*strrchr(parent, '/') = '\0';
	rc = coproc_xs_list(xs, t, parent, &names, &count);
	free(names);
	return rc || count ? rc : coproc_xs_delete(xs, t, parent);
}

static int remove_body(struct coproc_xs *xs, uint32_t t, void *context)
{
	struct removal *removal = context;
	const struct tool_device *device = removal->device;
	unsigned int state;
	int rc = coproc_xs_state(xs, t, device->backend_dir, &state);

	if (rc)
		return rc;
	/* Closed: it holds nothing.  Initialising: no backend ever took it. */
	removal->held = state != COPROC_STATE_CLOSED && state != COPROC_STATE_INITIALISING &&
			state != COPROC_PEER_VANISHED;
	if (removal->held && !removal->force)
		return 0;
	rc = coproc_xs_delete(xs, t, device->frontend_dir);
	rc = rc ? rc : coproc_xs_delete(xs, t, device->backend_dir);
	rc = rc ? rc : remove_empty_parent(xs, t, device->backend_dir);
	return rc;
}

static int remove_device(struct coproc_xs *xs, const struct tool_device *device, bool force,
			 bool *removed)
{
	struct removal removal = { device, force, false };
	int rc = coproc_xs_transaction(xs, "removing the device", remove_body, &removal);

	*removed = rc == 0 && (force || !removal.held);
	return rc;
}

static int report_timeout(struct coproc_xs *xs, const struct arguments *args)
{
	unsigned int backend = 0, frontend = 0;
	int rc = coproc_xs_state(xs, 0, args->device.backend_dir, &backend);

	rc = rc ? rc : coproc_xs_state(xs, 0, args->device.frontend_dir, &frontend);
	if (rc)
		return tool_xenstore_failed(xs, rc);
	tool_say("not closed after %u seconds: backend %s, frontend %s; nothing was removed",
		 (unsigned int)args->timeout, coproc_state_name(backend),
		 coproc_state_name(frontend));
	tool_say("it stays offline; try again, or --force");
	return TOOL_TIMEOUT;
}

static int detach_politely(struct coproc_xs *xs, struct arguments *args)
{
	int64_t deadline = tool_deadline(args->timeout);
	bool removed = false;
	int rc = coproc_xs_watch(xs, args->device.backend_dir, "backend");

	rc = rc ? rc : coproc_xs_transaction(xs, "taking the device offline", offline_body,
					     &args->device);
	while (rc >= 0) {
		rc = remove_device(xs, &args->device, false, &removed);
		if (rc)
			break;
		if (removed)
			return TOOL_OK;
		rc = tool_wait_event(xs, deadline);
		if (rc == 0)
			return report_timeout(xs, args);
	}
	return tool_xenstore_failed(xs, rc);
}

static int detach(struct coproc_xs *xs, struct arguments *args)
{
	bool removed;
	int rc = tool_find(xs, &args->device);

	if (rc != TOOL_OK)
		return rc;
	if (args->force) {
		rc = remove_device(xs, &args->device, true, &removed);
		rc = rc ? tool_xenstore_failed(xs, rc) : TOOL_OK;
	} else {
		rc = detach_politely(xs, args);
	}
	if (rc == TOOL_OK && args->json)
		printf("{\"frontend\":%u,\"backend\":%u,\"devid\":%u,\"forced\":%s}\n",
		       (unsigned int)args->device.frontend, (unsigned int)args->device.backend,
		       (unsigned int)args->device.devid, args->force ? "true" : "false");
	else if (rc == TOOL_OK)
		printf("device %u of domain %u detached\n", (unsigned int)args->device.devid,
		       (unsigned int)args->device.frontend);
	return rc;
}

int main(int argc, char **argv)
{
	struct arguments args = {
		.device = { .backend = TOOL_NO_DOMAIN }, .timeout = DEFAULT_TIMEOUT,
	};
	struct coproc_xs *xs;
	int rc;

	tool_name("coproc-detach");
	if (!take_arguments(&args, argc, argv))
		return TOOL_USAGE;
	if (args.done)
		return TOOL_OK;
	rc = coproc_xs_open(&xs);
	rc = rc ? tool_xenstore_failed(xs, rc) : detach(xs, &args);
	coproc_xs_close(xs);
	return rc;
}
