/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The nodes of a device in four sets, each written by one party, typed:
 *
 *   struct coproc_toolstack_nodes  backend's directory, by the toolstack
 *   struct coproc_backend_nodes    backend's directory, by the backend
 *   struct coproc_link_nodes       frontend's directory, by the toolstack
 *   struct coproc_frontend_nodes   frontend's directory, by the frontend
 *
 * The structures are made from nodes.tbl: a field per node, named like it
 * with '_' for '-'.  The two `state` nodes are in none of them: a state is
 * written last and alone decides what the others mean; see state.h.
 *
 * Pure and freestanding.
 */
#ifndef COPROC_SCHEMA_NODES_H
#define COPROC_SCHEMA_NODES_H

#include "node.h"
#include "node-table.h"

/* preemption, as the word's place in the table */
enum coproc_preemption {
	COPROC_PREEMPTION_JOB           = 1,
	COPROC_PREEMPTION_CHECKPOINT    = 2,
	COPROC_PREEMPTION_INSTANT       = 3
};

/* A whole set as text.  About 2.4 KiB: not for a kernel stack. */
struct coproc_node_texts {
	size_t count;
	struct coproc_node_text node[COPROC_SET_NODES_MAX];
	char pool[COPROC_SET_POOL_MAX];         /* what node[].text points into */
};

/*
 * All parsers of sets:
 *
 * @texts: what one transaction read of the directory, in any order; names that
 *         the set does not have are ignored, and a node that is not named is
 *         absent
 * @count: entries of @texts
 * @nodes: the values, valid only on success
 * @error: the first node at fault, in the table's order; may be NULL
 *
 * Return: COPROC_NODE_OK, or the fault of that node.
 */

/**
 * coproc_toolstack_nodes_parse() - for the backend, and the frontend's max-class
 *
 * Also refuses, with COPROC_NODE_CONFLICT, a realtime budget greater than its
 * period, and one without the other.
 */
enum coproc_node_fault coproc_toolstack_nodes_parse(const struct coproc_node_text *texts,
						    size_t count,
						    struct coproc_toolstack_nodes *nodes,
						    struct coproc_node_error *error);

/** coproc_backend_nodes_parse() - for the frontend, in the backend's InitWait */
enum coproc_node_fault coproc_backend_nodes_parse(const struct coproc_node_text *texts,
						  size_t count,
						  struct coproc_backend_nodes *nodes,
						  struct coproc_node_error *error);

/** coproc_link_nodes_parse() - for the frontend: where its backend is */
enum coproc_node_fault coproc_link_nodes_parse(const struct coproc_node_text *texts,
					       size_t count,
					       struct coproc_link_nodes *nodes,
					       struct coproc_node_error *error);

/**
 * coproc_frontend_nodes_parse() - for the backend, in the frontend's Initialised
 *
 * Also refuses, with COPROC_NODE_CONFLICT, a grant reference named twice: one
 * page under two rings would have two writers.
 */
enum coproc_node_fault coproc_frontend_nodes_parse(const struct coproc_node_text *texts,
						   size_t count,
						   struct coproc_frontend_nodes *nodes,
						   struct coproc_node_error *error);

/*
 * All formatters of sets write every node of the set, defaults too: what
 * stands in xenstore is what holds, and the number of nodes never changes.
 * They refuse what the parser would refuse.
 *
 * @texts: filled; its pointers point into itself, so it must not be copied
 * @error: the first node at fault; may be NULL
 *
 * Return: COPROC_NODE_OK, or the fault of the node that is not allowed.
 */
enum coproc_node_fault coproc_toolstack_nodes_format(const struct coproc_toolstack_nodes *nodes,
						     struct coproc_node_texts *texts,
						     struct coproc_node_error *error);
enum coproc_node_fault coproc_backend_nodes_format(const struct coproc_backend_nodes *nodes,
						   struct coproc_node_texts *texts,
						   struct coproc_node_error *error);
enum coproc_node_fault coproc_link_nodes_format(const struct coproc_link_nodes *nodes,
						struct coproc_node_texts *texts,
						struct coproc_node_error *error);
enum coproc_node_fault coproc_frontend_nodes_format(const struct coproc_frontend_nodes *nodes,
						    struct coproc_node_texts *texts,
						    struct coproc_node_error *error);

/**
 * coproc_toolstack_nodes_default() - every node that has a default at it, the
 *	others zero or ""
 */
void coproc_toolstack_nodes_default(struct coproc_toolstack_nodes *nodes);

/*
 * Names to read for a set, for those who must ask node by node (the kernel):
 * coproc_set_names(COPROC_SET_BACKEND, names) gives how many, at most
 * COPROC_SET_NODES_MAX.
 */
enum coproc_set {
	COPROC_SET_TOOLSTACK,
	COPROC_SET_BACKEND,
	COPROC_SET_LINK,
	COPROC_SET_FRONTEND
};
size_t coproc_set_names(enum coproc_set set, const char *names[COPROC_SET_NODES_MAX]);

/* The device's directories.  @room: COPROC_PATH_SIZE suffices. */
#define COPROC_PATH_SIZE                96u
void coproc_backend_path(char *out, size_t room, uint32_t backend, uint32_t frontend,
			 uint32_t devid);
void coproc_frontend_path(char *out, size_t room, uint32_t frontend, uint32_t devid);

#endif /* COPROC_SCHEMA_NODES_H */
