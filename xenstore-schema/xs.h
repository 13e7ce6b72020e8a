/* SPDX-License-Identifier: MIT */
/*
 * The schema over libxenstore, for user space: whole directories read in one
 * transaction, steps of the state table written in one transaction, watches.
 * Nothing here decides anything; that is the table's and the caller's.
 *
 * Every function returns 0 or a negative errno; coproc_xs_reason() then tells
 * people what was tried, on which node, and what xenstore said.  One handle
 * belongs to one thread at a time.
 *
 * Errors any of them can return beside those listed:
 *   -EIO, -EPIPE, -EBADF  the connection to xenstored broke: close and reopen
 *   -ENOMEM               no memory
 *   -EAGAIN               a transaction conflicted COPROC_XS_RETRIES times
 *   -EACCES, -EPERM       no right to a node
 *   -ENOSPC, -E2BIG       xenstored's quota of nodes, of bytes, of transactions
 *   -ENAMETOOLONG         a path longer than any of a device
 */
#ifndef COPROC_SCHEMA_XS_H
#define COPROC_SCHEMA_XS_H

#include "nodes.h"
#include "state.h"

#define COPROC_XS_RETRIES       32u     /* of one transaction, before -EAGAIN */
#define COPROC_XS_PATH_MAX      512u    /* bytes of a path, NUL included */
#define COPROC_XS_TOKEN_MAX     64u     /* bytes of a watch token, NUL included */

struct coproc_xs;
struct xs_handle;

/**
 * coproc_xs_open() - connects to xenstored (socket or ring, as libxenstore)
 * @out: the handle; also given on failure, for coproc_xs_reason(), unless
 *      -ENOMEM; always to be closed
 */
int coproc_xs_open(struct coproc_xs **out);
void coproc_xs_close(struct coproc_xs *xs);             /* NULL is fine */

/**
 * coproc_xs_patience() - how often a transaction that conflicts is tried
 * @tries: instead of COPROC_XS_RETRIES, at least 1.  Up to 5 there is no pause
 *         in between; all of them take up to half a second, for which a
 *         program with other things to do should not stand still
 */
void coproc_xs_patience(struct coproc_xs *xs, unsigned int tries);

/** coproc_xs_reason() - the last failure as a sentence; owned by @xs */
const char *coproc_xs_reason(const struct coproc_xs *xs);

/** coproc_xs_handle() - libxenstore's own, for what is not wrapped here; NULL when closed */
struct xs_handle *coproc_xs_handle(struct coproc_xs *xs);

/**
 * coproc_xs_domain() - the domain this program runs in
 * @domid: from the relative node "domid"; 0 when there is none, as in a
 *         domain 0 that nobody initialised
 */
int coproc_xs_domain(struct coproc_xs *xs, uint32_t *domid);

/* ---- Reading ---- */

/* Both directories of a device as one transaction saw them. */
struct coproc_xs_view {
	bool backend_there;             /* the directory exists and may be read */
	bool frontend_there;
	unsigned int backend_state;     /* 0 .. 8 or COPROC_PEER_VANISHED */
	unsigned int frontend_state;
	/* every node the table has for the directory, in its order; text NULL
	 * when it does not exist or may not be read */
	struct coproc_node_text backend[COPROC_DIR_BACKEND_NODES];
	struct coproc_node_text frontend[COPROC_DIR_FRONTEND_NODES];
	void *memory;                   /* what the texts point into */
};

/**
 * coproc_xs_look() - reads a device
 * @backend_dir:  path of the backend's directory, or NULL: not wanted
 * @frontend_dir: path of the frontend's directory, or NULL: not wanted
 * @view: filled on success; free with coproc_xs_view_free()
 *
 * A directory that does not exist is no error: see the view.
 */
int coproc_xs_look(struct coproc_xs *xs, const char *backend_dir, const char *frontend_dir,
		   struct coproc_xs_view *view);
void coproc_xs_view_free(struct coproc_xs_view *view);

/**
 * coproc_xs_read() - one node
 * @t:    transaction, 0: none
 * @dir:  directory
 * @name: node in it, or NULL: @dir itself
 * @text: a malloc'd copy ending in NUL, or NULL when the node does not exist
 * @len:  bytes without that NUL; may be NULL
 */
int coproc_xs_read(struct coproc_xs *xs, uint32_t t, const char *dir, const char *name, char **text,
		   size_t *len);

/** coproc_xs_state() - the `state` of a directory: 0 .. 8 or COPROC_PEER_VANISHED */
int coproc_xs_state(struct coproc_xs *xs, uint32_t t, const char *dir, unsigned int *state);

/**
 * coproc_xs_list() - children of a directory
 * @t:     transaction, 0: none
 * @names: malloc'd array of strings, one block, free() it; NULL when none
 * @count: how many; 0 when the directory does not exist
 */
int coproc_xs_list(struct coproc_xs *xs, uint32_t t, const char *dir, char ***names,
		   unsigned int *count);

/* ---- Writing ---- */

/* A step of the state table, to be written whole or not at all. */
struct coproc_xs_step {
	const char *dir;                /* my directory */
	const char *peer_dir;           /* the peer's */
	unsigned int peer;              /* its state as looked up; COPROC_PEER_LATE: any */
	unsigned int own;               /* what my own node said then, whatever I wrote;
					 * COPROC_PEER_LATE: any.  Another directory in the
					 * place of mine says 1, and is not stepped in
					 * before I have seen it (F-LIFE-9, B-LIFE-9) */
	unsigned int next;              /* state to write, COPROC_STATE_UNKNOWN: none */
	const struct coproc_node_text *nodes;   /* to write before the state */
	size_t count;
	const struct coproc_node_text *unchanged;       /* of peer_dir, must still say this */
	size_t unchanged_count;
	const char *error;              /* for my `error` node, cut to what the table
					 * allows; NULL: leave it */
};

/**
 * coproc_xs_advance() - writes a step if the peer is still where it was
 *
 * Return: 0; -ESTALE when the peer's state or one of @unchanged is not what
 * it was, or my own state is not, or my own directory is gone: nothing was
 * written, look again.
 */
int coproc_xs_advance(struct coproc_xs *xs, const struct coproc_xs_step *step);

/**
 * coproc_xs_remove() - COPROC_DO_REMOVE
 * @dir:      my directory; its parent goes too when that leaves it empty
 * @peer_dir: must not have a `state` any more
 *
 * Return: 0, also when @dir was gone already; -ESTALE when the peer is back.
 */
int coproc_xs_remove(struct coproc_xs *xs, const char *dir, const char *peer_dir);

/* ---- Transactions of one's own: for toolstacks ---- */

/**
 * coproc_xs_transaction() - runs a body inside a transaction
 * @what: for people: "attaching the device"
 * @body: reads and writes with the @t it is given; called again from the
 *        start when the transaction conflicts, so it must not keep anything
 *        from one call to the next.  0: commit; otherwise abandon
 *
 * Return: 0, what @body returned, or -EAGAIN after COPROC_XS_RETRIES.
 */
int coproc_xs_transaction(struct coproc_xs *xs, const char *what,
			  int (*body)(struct coproc_xs *xs, uint32_t t, void *context),
			  void *context);

/* Who may do what with a node: the owner everything, the readers read. */
struct coproc_xs_access {
	uint32_t owner;                 /* domain; xenstored counts the node as its own */
	uint32_t reader[2];             /* domains; the owner among them is fine */
	bool writer;                    /* reader[0] may write too */
};

/**
 * coproc_xs_put() - writes one node with explicit permissions
 * @t:    transaction, 0: none
 * @path: the node; its parent is to exist, or it inherits from what is above
 * @text: its value; NULL: a directory, made when it is not there
 * @len:  bytes of @text
 *
 * The permissions are written out because what a node inherits depends on who
 * makes it, and on what stood there before.
 */
int coproc_xs_put(struct coproc_xs *xs, uint32_t t, const char *path, const char *text,
		  size_t len, const struct coproc_xs_access *access);

/** coproc_xs_exists() - 1 when a path exists, 0 when not */
int coproc_xs_exists(struct coproc_xs *xs, uint32_t t, const char *path);

/** coproc_xs_owner() - the domain that owns a node; -ENOENT when there is none */
int coproc_xs_owner(struct coproc_xs *xs, uint32_t t, const char *path, uint32_t *owner);

/** coproc_xs_delete() - a node and all below it; 0 also when it was not there */
int coproc_xs_delete(struct coproc_xs *xs, uint32_t t, const char *path);

/** coproc_xs_path() - "dir/name" into @out; -ENAMETOOLONG when it does not fit */
int coproc_xs_path(char *out, size_t room, const char *dir, const char *name);

/* ---- Watches ---- */

/**
 * coproc_xs_watch() - asks for events of a path and all below it
 * @path:  path
 * @token: the caller's word for it, shorter than COPROC_XS_TOKEN_MAX
 */
int coproc_xs_watch(struct coproc_xs *xs, const char *path, const char *token);
int coproc_xs_unwatch(struct coproc_xs *xs, const char *path, const char *token);

/**
 * coproc_xs_fd() - becomes readable when coproc_xs_event() has something
 *
 * NOT when xenstored dies: libxenstore wakes nobody then.  Who waits for long
 * reads something now and then, and sees -EIO or -EPIPE.
 */
int coproc_xs_fd(struct coproc_xs *xs);

/**
 * coproc_xs_event() - the next watch event, without waiting
 * @token: gets the token, COPROC_XS_TOKEN_MAX bytes
 * @path:  gets the path that changed, cut off at @room; NULL: not wanted
 *
 * Set a flag per token and look at the device once after the last event: a
 * peer may fire thousands (F10), and only the state as it is now counts.
 *
 * Return: 1 for an event, 0 when there is none.
 */
int coproc_xs_event(struct coproc_xs *xs, char token[COPROC_XS_TOKEN_MAX], char *path,
		    size_t room);

#endif /* COPROC_SCHEMA_XS_H */
