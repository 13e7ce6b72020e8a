// SPDX-License-Identifier: MIT
/*
 * The connection to xenstored: opening, reading, and saying what went wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xs-private.h"

/* What an errno means when it comes from xenstored. */
static const char *explain(int err)
{
	switch (err) {
	case ENOSPC:
	case E2BIG:
		return "xenstored's quota is used up";
	case EBADF:             /* libxenstore closes its end when xenstored dies */
	case EPIPE:
	case ECONNRESET:
		return "the connection to xenstored broke";
	default:
		return strerror(err);
	}
}

int coproc_xs_fail(struct coproc_xs *xs, int err, const char *what, const char *path)
{
	if (err == 0)
		err = EIO;      /* libxenstore failed and gave no reason */
	snprintf(xs->reason, sizeof(xs->reason), "%s %s: %s", what, path, explain(err));
	return -err;
}

int coproc_xs_open(struct coproc_xs **out)
{
	struct coproc_xs *xs = calloc(1, sizeof(*xs));

	*out = xs;
	if (!xs)
		return -ENOMEM;
	xs->tries = COPROC_XS_RETRIES;
	errno = 0;
	xs->handle = xs_open(0);
	if (!xs->handle)
		return coproc_xs_fail(xs, errno, "connecting to", "xenstored");
	return 0;
}

void coproc_xs_close(struct coproc_xs *xs)
{
	if (!xs)
		return;
	xs_close(xs->handle);   /* NULL is fine */
	free(xs);
}

void coproc_xs_patience(struct coproc_xs *xs, unsigned int tries)
{
	xs->tries = tries;
}

const char *coproc_xs_reason(const struct coproc_xs *xs)
{
	return xs ? xs->reason : "no memory";
}

struct xs_handle *coproc_xs_handle(struct coproc_xs *xs)
{
	return xs->handle;
}

int coproc_xs_path(char *out, size_t room, const char *dir, const char *name)
{
	int n = name ? snprintf(out, room, "%s/%s", dir, name) : snprintf(out, room, "%s", dir);

	return n < 0 || (size_t)n >= room ? -ENAMETOOLONG : 0;
}

/* What cannot be read is not there, as far as a peer is concerned: a
 * directory that was removed and made again for another domain says EACCES. */
static bool is_absent(int err)
{
	return err == ENOENT || err == EACCES;
}

int coproc_xs_read_path(struct coproc_xs *xs, uint32_t t, const char *path, char **text,
			size_t *len)
{
	unsigned int n = 0;

	errno = 0;
	*text = xs_read(xs->handle, t, path, &n);
	if (len)
		*len = *text ? n : 0;
	if (*text || is_absent(errno))
		return 0;
	return coproc_xs_fail(xs, errno, "reading", path);
}

int coproc_xs_read(struct coproc_xs *xs, uint32_t t, const char *dir, const char *name,
		   char **text, size_t *len)
{
	char path[COPROC_XS_PATH_MAX];

	*text = NULL;
	if (coproc_xs_path(path, sizeof(path), dir, name))
		return coproc_xs_fail(xs, ENAMETOOLONG, "reading below", dir);
	return coproc_xs_read_path(xs, t, path, text, len);
}

int coproc_xs_state(struct coproc_xs *xs, uint32_t t, const char *dir, unsigned int *state)
{
	char *text;
	size_t len;
	int rc = coproc_xs_read(xs, t, dir, "state", &text, &len);

	if (rc)
		return rc;
	*state = coproc_peer_parse(text, len);
	free(text);
	return 0;
}

int coproc_xs_domain(struct coproc_xs *xs, uint32_t *domid)
{
	const struct coproc_node *node = &coproc_node[COPROC_NODE_TOOLSTACK_FRONTEND_ID];
	struct coproc_node_error error;
	char *text;
	size_t len;
	int rc = coproc_xs_read_path(xs, 0, "domid", &text, &len);

	if (rc)
		return rc;
	*domid = 0;
	if (!text)
		return 0;
	if (coproc_node_parse_u32(node, text, len, domid, &error) != COPROC_NODE_OK)
		rc = coproc_xs_fail(xs, EINVAL, "my own domid:", error.message);
	free(text);
	return rc;
}

int coproc_xs_list(struct coproc_xs *xs, uint32_t t, const char *dir, char ***names,
		   unsigned int *count)
{
	*count = 0;
	errno = 0;
	*names = xs_directory(xs->handle, t, dir, count);
	if (*names || is_absent(errno))
		return 0;
	return coproc_xs_fail(xs, errno, "listing", dir);
}

int coproc_xs_exists(struct coproc_xs *xs, uint32_t t, const char *path)
{
	char *text;

	errno = 0;
	text = xs_read(xs->handle, t, path, NULL);
	if (text) {
		free(text);
		return 1;
	}
	if (errno == EACCES)
		return 1;
	if (errno == ENOENT)
		return 0;
	return coproc_xs_fail(xs, errno, "reading", path);
}

int coproc_xs_owner(struct coproc_xs *xs, uint32_t t, const char *path, uint32_t *owner)
{
	struct xs_permissions *perms;
	unsigned int n = 0;

	errno = 0;
	perms = xs_get_permissions(xs->handle, t, path, &n);
	if (!perms || n == 0) {
		free(perms);
		return coproc_xs_fail(xs, errno, "reading the permissions of", path);
	}
	*owner = perms[0].id;
	free(perms);
	return 0;
}

/* ---- Watches ---- */

int coproc_xs_watch(struct coproc_xs *xs, const char *path, const char *token)
{
	if (strlen(token) >= COPROC_XS_TOKEN_MAX)
		return coproc_xs_fail(xs, EINVAL, "too long a token for watching", path);
	errno = 0;
	if (!xs_watch(xs->handle, path, token))
		return coproc_xs_fail(xs, errno, "watching", path);
	return 0;
}

int coproc_xs_unwatch(struct coproc_xs *xs, const char *path, const char *token)
{
	errno = 0;
	if (!xs_unwatch(xs->handle, path, token))
		return coproc_xs_fail(xs, errno, "no longer watching", path);
	return 0;
}

int coproc_xs_fd(struct coproc_xs *xs)
{
	int fd;

	errno = 0;
	fd = xs_fileno(xs->handle);
	return fd < 0 ? coproc_xs_fail(xs, errno, "waiting for", "watch events") : fd;
}

int coproc_xs_event(struct coproc_xs *xs, char token[COPROC_XS_TOKEN_MAX], char *path,
		    size_t room)
{
	char **event;

	errno = 0;
	event = xs_check_watch(xs->handle);
	if (!event)
		return errno == EAGAIN ? 0 : coproc_xs_fail(xs, errno, "reading", "watch events");
	snprintf(token, COPROC_XS_TOKEN_MAX, "%s", event[XS_WATCH_TOKEN]);
	if (path && room)
		snprintf(path, room, "%s", event[XS_WATCH_PATH]);
	free(event);
	return 1;
}
