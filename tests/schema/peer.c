// SPDX-License-Identifier: MIT
/*
 * One side of a device that does what the table of states says and nothing
 * else: no rings, no jobs.  It shows that the table, the sets and the steps
 * over xenstore are enough to come up, go down and come up again.
 *
 *   schema-peer backend BACKEND FRONTEND DEVID [refuse]
 *   schema-peer frontend FRONTEND DEVID [badversion]
 *
 * Prints each action with the state it writes.  SIGTERM: wish to leave.  Ends
 * with 0 when the device is over.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenstore-schema/negotiate.h"
#include "xenstore-schema/xs.h"

static volatile sig_atomic_t leaving;

static void on_term(int sig)
{
	leaving = 1;
}

struct peer {
	enum coproc_side side;
	unsigned int mine;
	char dir[COPROC_PATH_SIZE];
	char peer_dir[129];
	bool hostile;                   /* refuse, or a bad version */
	struct coproc_xs *xs;
	struct coproc_node_texts texts;
};

static int fail(struct peer *p, int rc)
{
	fprintf(stderr, "schema-peer: %s\n", coproc_xs_reason(p->xs));
	return rc;
}

/* ---- What each action is, without a device ---- */

static bool advertise(struct peer *p, const struct coproc_xs_view *view, char *why)
{
	struct coproc_toolstack_nodes t;
	struct coproc_backend_nodes b = {
		.versions = COPROC_VERSIONS_OURS, .kind = "null",
		.preemption = COPROC_PREEMPTION_JOB, .max_queues = 4, .max_ring_order = 7,
		.max_contexts = 8, .max_buffers = 64, .max_pages = 1024, .max_firmware = 4,
		.max_firmware_bytes = 65536, .max_operands = 16, .max_run_limit_us = 1000000,
	};
	struct coproc_node_error error = { .message = "" };

	if (coproc_toolstack_nodes_parse(view->backend, COPROC_DIR_BACKEND_NODES, &t, &error) ==
	    COPROC_NODE_OK) {
		coproc_quota_apply(&t, &b);
		if (coproc_backend_nodes_format(&b, &p->texts, &error) == COPROC_NODE_OK)
			return true;
	}
	strcpy(why, error.message);
	return false;
}

static bool agree(const struct coproc_xs_view *view, const struct coproc_frontend_nodes *f,
		  char *why)
{
	struct coproc_toolstack_nodes t;
	struct coproc_backend_nodes b;
	struct coproc_limits limits;
	struct coproc_node_error error = { .message = "" };

	if (coproc_toolstack_nodes_parse(view->backend, COPROC_DIR_BACKEND_NODES, &t, &error) ||
	    coproc_backend_nodes_parse(view->backend, COPROC_DIR_BACKEND_NODES, &b, &error) ||
	    coproc_negotiate(&t, &b, f, &limits, &error)) {
		strcpy(why, error.message);
		return false;
	}
	printf("limits queues=%u contexts=%u class=%u\n", limits.max_queues, limits.max_contexts,
	       limits.max_class);
	return true;
}

static bool publish(struct peer *p, const struct coproc_xs_view *view, char *why)
{
	static uint32_t ref = 8;
	struct coproc_frontend_nodes f = {
		.version = 1, .frontend_index_ref = ref, .backend_index_ref = ref + 1,
		.control_sq_ref = ref + 2, .control_cq_ref = ref + 3, .event_ring_ref = ref + 4,
		.event_channel = 1,
	};

	ref += 5;               /* fresh pages each time */
	if (!agree(view, &f, why))
		return false;
	if (p->hostile)
		f.version = 31;
	return coproc_frontend_nodes_format(&f, &p->texts, NULL) == COPROC_NODE_OK;
}

static bool map(struct peer *p, const struct coproc_xs_view *view, char *why)
{
	struct coproc_frontend_nodes f;
	struct coproc_node_error error;

	if (p->hostile) {
		strcpy(why, "refused on purpose");
		return false;
	}
	if (coproc_frontend_nodes_parse(view->frontend, COPROC_DIR_FRONTEND_NODES, &f, &error)) {
		strcpy(why, error.message);
		return false;
	}
	return agree(view, &f, why);
}

static bool act(struct peer *p, enum coproc_action action, const struct coproc_xs_view *view,
		char *why)
{
	p->texts.count = 0;
	switch (action) {
	case COPROC_DO_ADVERTISE:
		return advertise(p, view, why);
	case COPROC_DO_PUBLISH:
		return publish(p, view, why);
	case COPROC_DO_MAP:
		return map(p, view, why);
	default:
		return true;
	}
}

/* ---- The loop ---- */

static enum coproc_wish wish_of(const struct peer *p, const struct coproc_xs_view *view)
{
	bool there = p->side == COPROC_SIDE_BACKEND ? view->backend_there : view->frontend_there;
	uint32_t online = 0;
	size_t i;

	if (!there)
		return COPROC_WISH_GONE;
	if (leaving)
		return COPROC_WISH_LEAVE;
	if (p->side == COPROC_SIDE_FRONTEND)
		return COPROC_WISH_STAY;
	for (i = 0; i < COPROC_DIR_BACKEND_NODES; i++)
		if (strcmp(view->backend[i].name, "online") == 0)
			coproc_node_parse_u32(&coproc_node[COPROC_NODE_TOOLSTACK_ONLINE],
					      view->backend[i].text, view->backend[i].len, &online, NULL);
	return online ? COPROC_WISH_STAY : COPROC_WISH_LEAVE;
}

static int write_step(struct peer *p, const struct coproc_step *step, unsigned int peer,
		      const struct coproc_xs_view *view, bool done, const char *why)
{
	unsigned int next = done ? step->next : coproc_state_refusal(step->action);
	bool map_step = step->action == COPROC_DO_MAP && done;
	struct coproc_xs_step write = {
		.dir = p->dir, .peer_dir = p->peer_dir, .peer = peer, .next = next,
		.own = p->side == COPROC_SIDE_BACKEND ? view->backend_state : view->frontend_state,
		.nodes = p->texts.node, .count = done ? p->texts.count : 0,
		.unchanged = map_step ? view->frontend : NULL,
		.unchanged_count = map_step ? COPROC_DIR_FRONTEND_NODES : 0,
		.error = done ? NULL : why,
	};
	int rc;

	printf("%s %s%s%s\n", coproc_action_name(step->action), coproc_state_name(next),
	       done ? "" : ": ", done ? "" : why);
	rc = coproc_xs_advance(p->xs, &write);
	if (rc == -ESTALE) {
		printf("again\n");
		return 0;
	}
	if (rc == 0 && next != COPROC_STATE_UNKNOWN)
		p->mine = next;
	return rc;
}

/* 1: waits; 0: stepped; 2: over; negative: xenstore. */
static int turn(struct peer *p)
{
	bool backend = p->side == COPROC_SIDE_BACKEND;
	struct coproc_xs_view view;
	const struct coproc_step *step;
	char why[COPROC_NODE_MESSAGE_SIZE] = "";
	unsigned int peer;
	bool done;
	int rc = coproc_xs_look(p->xs, backend ? p->dir : p->peer_dir,
				backend ? p->peer_dir : p->dir, &view);

	if (rc)
		return rc;
	peer = backend ? view.frontend_state : view.backend_state;
	step = coproc_state_step(p->side, wish_of(p, &view), p->mine, peer);
	if (step->action == COPROC_DO_FORGET || step->action == COPROC_DO_REMOVE) {
		printf("%s\n", coproc_action_name(step->action));
		rc = step->action == COPROC_DO_REMOVE ? coproc_xs_remove(p->xs, p->dir, p->peer_dir) : 0;
		rc = rc == -ESTALE ? 0 : rc ? rc : 2;
	} else if (step->next == p->mine) {
		/* A backend that was told to stop is done when it is closed. */
		rc = backend && leaving && p->mine == COPROC_STATE_CLOSED ? 2 : 1;
	} else {
		done = act(p, step->action, &view, why);
		rc = write_step(p, step, peer, &view, done, why);
		/* A backend's own trouble does not go away by itself. */
		if (rc == 0 && !done && step->action == COPROC_DO_ADVERTISE)
			rc = 1;
	}
	coproc_xs_view_free(&view);
	return rc;
}

static int wait_event(struct peer *p)
{
	struct pollfd wait = { .fd = coproc_xs_fd(p->xs), .events = POLLIN };
	char token[COPROC_XS_TOKEN_MAX];
	int rc;

	if (wait.fd < 0)
		return wait.fd;
	if (poll(&wait, 1, leaving ? 100 : -1) < 0 && errno != EINTR)
		return -errno;
	while ((rc = coproc_xs_event(p->xs, token, NULL, 0)) == 1)
		;
	return rc;
}

static int find_peer(struct peer *p)
{
	struct coproc_xs_view view;
	struct coproc_link_nodes link;
	struct coproc_node_error error;
	int rc = coproc_xs_look(p->xs, NULL, p->dir, &view);

	if (rc)
		return rc;
	if (coproc_link_nodes_parse(view.frontend, COPROC_DIR_FRONTEND_NODES, &link, &error)) {
		fprintf(stderr, "schema-peer: %s\n", error.message);
		rc = -EINVAL;
	}
	coproc_xs_view_free(&view);
	strcpy(p->peer_dir, link.backend);
	return rc;
}

static int live(struct peer *p)
{
	int rc = 0;

	if (p->side == COPROC_SIDE_FRONTEND)
		rc = find_peer(p);
	rc = rc ? rc : coproc_xs_watch(p->xs, p->dir, "mine");
	rc = rc ? rc : coproc_xs_watch(p->xs, p->peer_dir, "peer");
	while (rc >= 0) {
		rc = turn(p);
		if (rc == 2)
			return 0;
		if (rc == 1)
			rc = wait_event(p);
	}
	return fail(p, rc);
}

int main(int argc, char **argv)
{
	static struct peer p;
	struct sigaction action = { .sa_handler = on_term };
	int rc;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &action, NULL);
	if (argc >= 5 && strcmp(argv[1], "backend") == 0) {
		p.side = COPROC_SIDE_BACKEND;
		coproc_backend_path(p.dir, sizeof(p.dir), atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
		coproc_frontend_path(p.peer_dir, sizeof(p.peer_dir), atoi(argv[3]), atoi(argv[4]));
		p.hostile = argc > 5;
	} else if (argc >= 4 && strcmp(argv[1], "frontend") == 0) {
		p.side = COPROC_SIDE_FRONTEND;
		coproc_frontend_path(p.dir, sizeof(p.dir), atoi(argv[2]), atoi(argv[3]));
		p.hostile = argc > 4;
	} else {
		return 2;
	}
	rc = coproc_xs_open(&p.xs);
	rc = rc ? fail(&p, rc) : live(&p);
	coproc_xs_close(p.xs);
	return rc ? 1 : 0;
}
