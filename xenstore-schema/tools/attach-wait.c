// SPDX-License-Identifier: MIT
/*
 * Waiting until an attached device is connected, and telling how it goes.
 */
#include <stdlib.h>
#include <string.h>

#include "attach.h"

/* The `error` node of one side; empty when it has none. */
static void error_of(const struct coproc_node_text *nodes, size_t count,
		     const struct coproc_node *node, char out[256])
{
	size_t i;

	out[0] = '\0';
	for (i = 0; i < count; i++)
		if (strcmp(nodes[i].name, "error") == 0)
			coproc_node_parse_string(node, nodes[i].text, nodes[i].len, out, 256, NULL);
}

struct seen {
	unsigned int backend, frontend;
};

static void tell(const struct coproc_xs_view *view, struct seen *seen, bool progress)
{
	if (seen->backend == view->backend_state && seen->frontend == view->frontend_state)
		return;
	seen->backend = view->backend_state;
	seen->frontend = view->frontend_state;
	if (progress)
		tool_say("backend %s, frontend %s", coproc_state_name(seen->backend),
			 coproc_state_name(seen->frontend));
}

/* TOOL_OK: connected; TOOL_REFUSED: it never will be; TOOL_TIMEOUT: not yet. */
static int judge(const struct coproc_xs_view *view, const struct tool_device *device)
{
	char backend[256], frontend[256];

	if (view->backend_state == COPROC_STATE_CONNECTED &&
	    view->frontend_state == COPROC_STATE_CONNECTED)
		return TOOL_OK;
	if (!view->backend_there || !view->frontend_there) {
		tool_say("the device was removed meanwhile");
		return TOOL_REFUSED;
	}
	error_of(view->backend, COPROC_DIR_BACKEND_NODES,
		 &coproc_node[COPROC_NODE_BACKEND_ERROR], backend);
	error_of(view->frontend, COPROC_DIR_FRONTEND_NODES,
		 &coproc_node[COPROC_NODE_FRONTEND_ERROR], frontend);
	if (backend[0])
		tool_say("the backend in domain %u refuses: %s", (unsigned int)device->backend,
			 backend);
	if (frontend[0])
		tool_say("the frontend in domain %u refuses: %s", (unsigned int)device->frontend,
			 frontend);
	return backend[0] || frontend[0] ? TOOL_REFUSED : TOOL_TIMEOUT;
}

static int watch_both(struct coproc_xs *xs, const struct tool_device *device)
{
	int rc = coproc_xs_watch(xs, device->backend_dir, "backend");

	return rc ? rc : coproc_xs_watch(xs, device->frontend_dir, "frontend");
}

static int report_timeout(const struct seen *seen, uint32_t seconds)
{
	tool_say("not connected after %u seconds: backend %s, frontend %s",
		 (unsigned int)seconds, coproc_state_name(seen->backend),
		 coproc_state_name(seen->frontend));
	if (seen->backend == COPROC_STATE_INITIALISING)
		tool_say("no backend has taken the device: is coprocd running?");
	else if (seen->frontend == COPROC_STATE_INITIALISING)
		tool_say("no frontend has taken the device: is the guest's driver loaded?");
	return TOOL_TIMEOUT;
}

int attach_wait(struct coproc_xs *xs, const struct tool_device *device, uint32_t seconds,
		bool progress)
{
	int64_t deadline = tool_deadline(seconds);
	struct seen seen = { COPROC_PEERS, COPROC_PEERS };
	int rc = watch_both(xs, device);

	while (rc >= 0) {
		struct coproc_xs_view view;
		int verdict;

		rc = coproc_xs_look(xs, device->backend_dir, device->frontend_dir, &view);
		if (rc)
			break;
		tell(&view, &seen, progress);
		verdict = judge(&view, device);
		coproc_xs_view_free(&view);
		if (verdict != TOOL_TIMEOUT)
			return verdict;
		rc = tool_wait_event(xs, deadline);
		if (rc == 0)
			return report_timeout(&seen, seconds);
	}
	return tool_xenstore_failed(xs, rc);
}
