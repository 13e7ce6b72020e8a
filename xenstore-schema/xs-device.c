// SPDX-License-Identifier: MIT
/*
 * A device in xenstore: both its directories as one transaction sees them,
 * and steps of the state table written whole or not at all.
 */
#include <stdlib.h>
#include <string.h>

#include "node-table.h"
#include "xs-private.h"

/* ---- Looking ---- */

struct look {
	const char *dir[2];     /* by enum coproc_node_dir; NULL: not wanted */
	struct coproc_xs_view *view;
};

/* The texts of a view, to be freed: one per node of the table. */
static void forget_texts(char **texts)
{
	size_t i;

	for (i = 0; i < COPROC_NODES; i++) {
		free(texts[i]);
		texts[i] = NULL;
	}
}

static int look_at(struct coproc_xs *xs, uint32_t t, const struct look *look,
		   enum coproc_node_dir dir, bool *there, unsigned int *state)
{
	struct coproc_xs_view *view = look->view;
	struct coproc_node_text *entry = dir == COPROC_DIR_BACKEND ? view->backend : view->frontend;
	char **texts = view->memory;
	char *own;
	size_t i;
	int rc;

	*state = COPROC_PEER_VANISHED;
	rc = coproc_xs_read_path(xs, t, look->dir[dir], &own, NULL);
	*there = own != NULL;
	free(own);
	for (i = 0; rc == 0 && i < COPROC_NODES; i++) {
		const struct coproc_node *node = &coproc_node[i];

		if (node->dir != dir)
			continue;
		entry->name = node->name;
		entry->text = NULL;
		entry->len = 0;
		if (*there)
			rc = coproc_xs_read(xs, t, look->dir[dir], node->name, &texts[i],
					    &entry->len);
		entry->text = texts[i];
		if (node->type == COPROC_TYPE_STATE)
			*state = coproc_peer_parse(entry->text, entry->len);
		entry++;
	}
	return rc;
}

static int look_body(struct coproc_xs *xs, uint32_t t, void *context)
{
	const struct look *look = context;
	struct coproc_xs_view *view = look->view;
	int rc = 0;

	forget_texts(view->memory);
	if (look->dir[COPROC_DIR_BACKEND])
		rc = look_at(xs, t, look, COPROC_DIR_BACKEND, &view->backend_there,
			     &view->backend_state);
	if (rc == 0 && look->dir[COPROC_DIR_FRONTEND])
		rc = look_at(xs, t, look, COPROC_DIR_FRONTEND, &view->frontend_there,
			     &view->frontend_state);
	return rc;
}

int coproc_xs_look(struct coproc_xs *xs, const char *backend_dir, const char *frontend_dir,
		   struct coproc_xs_view *view)
{
	struct look look = { .dir = { backend_dir, frontend_dir }, .view = view };
	int rc;

	memset(view, 0, sizeof(*view));
	view->backend_state = COPROC_PEER_VANISHED;
	view->frontend_state = COPROC_PEER_VANISHED;
	view->memory = calloc(COPROC_NODES, sizeof(char *));
	if (!view->memory)
		return coproc_xs_fail(xs, ENOMEM, "reading", "the device");
	rc = coproc_xs_transaction(xs, "reading the device", look_body, &look);
	if (rc)
		coproc_xs_view_free(view);
	return rc;
}

void coproc_xs_view_free(struct coproc_xs_view *view)
{
	if (view->memory)
		forget_texts(view->memory);
	free(view->memory);
	memset(view, 0, sizeof(*view));
	view->backend_state = COPROC_PEER_VANISHED;
	view->frontend_state = COPROC_PEER_VANISHED;
}

/* ---- Stepping ---- */

/* Whether the peer is still where it was when the step was looked up. */
static int check_peer(struct coproc_xs *xs, uint32_t t, const struct coproc_xs_step *step)
{
	unsigned int now;
	size_t i;
	int rc;

	if (step->peer != COPROC_PEER_LATE) {
		rc = coproc_xs_state(xs, t, step->peer_dir, &now);
		if (rc)
			return rc;
		if (now != step->peer)
			return -ESTALE;
	}
	for (i = 0; i < step->unchanged_count; i++) {
		const struct coproc_node_text *was = &step->unchanged[i];
		char *text;
		size_t len;
		bool same;

		rc = coproc_xs_read(xs, t, step->peer_dir, was->name, &text, &len);
		if (rc)
			return rc;
		same = text && was->text ? len == was->len && memcmp(text, was->text, len) == 0
					 : !text && !was->text;
		free(text);
		if (!same)
			return -ESTALE;
	}
	return 0;
}

static int write_node(struct coproc_xs *xs, uint32_t t, const char *dir, const char *name,
		      const char *text, size_t len)
{
	char path[COPROC_XS_PATH_MAX];

	if (coproc_xs_path(path, sizeof(path), dir, name))
		return coproc_xs_fail(xs, ENAMETOOLONG, "writing below", dir);
	errno = 0;
	if (!xs_write(xs->handle, t, path, text, (unsigned int)len))
		return coproc_xs_fail(xs, errno, "writing", path);
	return 0;
}

static int write_error(struct coproc_xs *xs, uint32_t t, const struct coproc_xs_step *step)
{
	size_t most = (size_t)coproc_node[COPROC_NODE_BACKEND_ERROR].high;
	size_t len = strlen(step->error);

	return write_node(xs, t, step->dir, "error", step->error, len < most ? len : most);
}

static int step_body(struct coproc_xs *xs, uint32_t t, void *context)
{
	const struct coproc_xs_step *step = context;
	unsigned int mine;
	size_t i;
	int rc;

	/* A directory that the toolstack removed must not be made again by a
	 * write into it, and in one that it made again the step is of the past. */
	rc = coproc_xs_state(xs, t, step->dir, &mine);
	if (rc == 0 && (mine == COPROC_PEER_VANISHED ||
			(step->own != COPROC_PEER_LATE && mine != step->own)))
		rc = -ESTALE;
	if (rc == 0)
		rc = check_peer(xs, t, step);
	for (i = 0; rc == 0 && i < step->count; i++)
		rc = write_node(xs, t, step->dir, step->nodes[i].name, step->nodes[i].text,
				step->nodes[i].len);
	if (rc == 0 && step->error)
		rc = write_error(xs, t, step);
	if (rc == 0 && step->next != COPROC_STATE_UNKNOWN) {
		char digit = (char)('0' + step->next);

		rc = write_node(xs, t, step->dir, "state", &digit, 1);
	}
	return rc;
}

int coproc_xs_advance(struct coproc_xs *xs, const struct coproc_xs_step *step)
{
	int rc;

	if (step->next >= COPROC_STATES)
		return coproc_xs_fail(xs, EINVAL, "no such state for", step->dir);
	rc = coproc_xs_transaction(xs, step->dir, step_body, (void *)(uintptr_t)step);
	if (rc == -ESTALE)
		coproc_xs_fail(xs, ESTALE, "the other side moved while writing", step->dir);
	return rc;
}

/* ---- Removing ---- */

struct removal {
	const char *dir;
	const char *peer_dir;
};

/* The directory above holds this frontend's devices; empty, it is litter. */
static int remove_parent(struct coproc_xs *xs, uint32_t t, const char *dir)
{
	char parent[COPROC_XS_PATH_MAX];
	unsigned int count;
	char **names;
	char *slash;
	int rc;

	if (coproc_xs_path(parent, sizeof(parent), dir, NULL))
		return coproc_xs_fail(xs, ENAMETOOLONG, "removing", dir);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return 0;
	*slash = '\0';
	rc = coproc_xs_list(xs, t, parent, &names, &count);
	free(names);
	if (rc || count)
		return rc;
	rc = coproc_xs_delete(xs, t, parent);
	return rc == -EACCES ? 0 : rc;
}

static int remove_body(struct coproc_xs *xs, uint32_t t, void *context)
{
	const struct removal *removal = context;
	unsigned int peer;
	int rc;

	rc = coproc_xs_state(xs, t, removal->peer_dir, &peer);
	if (rc == 0 && peer != COPROC_PEER_VANISHED)
		rc = -ESTALE;
	if (rc == 0)
		rc = coproc_xs_delete(xs, t, removal->dir);
	if (rc == 0)
		rc = remove_parent(xs, t, removal->dir);
	return rc;
}

int coproc_xs_remove(struct coproc_xs *xs, const char *dir, const char *peer_dir)
{
	struct removal removal = { dir, peer_dir };
	int rc = coproc_xs_transaction(xs, dir, remove_body, &removal);

	if (rc == -ESTALE)
		coproc_xs_fail(xs, ESTALE, "the other side is back while removing", dir);
	return rc;
}
