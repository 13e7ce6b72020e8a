/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Filling a struct coproc_node_error: for the schema's own sources. */
#ifndef COPROC_SCHEMA_NODE_ERROR_H
#define COPROC_SCHEMA_NODE_ERROR_H

#include "node.h"

/**
 * coproc_node_refuse() - says why a node's text is not taken
 * @error: filled; may be NULL
 * @text:  what it said, @len bytes, hostile; NULL when absent
 *
 * Return: @fault, so that a parser can return this call.
 */
enum coproc_node_fault coproc_node_refuse(struct coproc_node_error *error,
					  const struct coproc_node *node,
					  enum coproc_node_fault fault,
					  const char *text, size_t len);

/** coproc_node_refuse_because() - the same with a rule in words for "allowed" */
enum coproc_node_fault coproc_node_refuse_because(struct coproc_node_error *error,
						  const struct coproc_node *node,
						  enum coproc_node_fault fault,
						  const char *because);

#endif /* COPROC_SCHEMA_NODE_ERROR_H */
