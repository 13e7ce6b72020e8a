/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Between node-table.c, which is made, and the code that walks it: where the
 * value of each node stands in its set's structure.
 */
#ifndef COPROC_SCHEMA_NODE_SET_H
#define COPROC_SCHEMA_NODE_SET_H

#include "nodes.h"

struct coproc_set_field {
	uint16_t id;            /* enum coproc_node_id */
	uint16_t offset;        /* bytes into the structure */
};

struct coproc_set_fields {
	const struct coproc_set_field *field;
	size_t count;
};

/* By enum coproc_set. */
extern const struct coproc_set_fields coproc_set_fields[4];

/* Whether a type's value is a string in the structure, else a number. */
static inline bool coproc_type_is_string(unsigned int type)
{
	return type == COPROC_TYPE_NAME || type == COPROC_TYPE_PATH || type == COPROC_TYPE_TEXT;
}

#endif /* COPROC_SCHEMA_NODE_SET_H */
