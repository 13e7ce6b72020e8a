// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Whole sets of nodes: text to structure and back, walking the table.
 */
#include "node-error.h"
#include "node-set.h"
#include "text.h"

/* Of a string in a field of @room bytes, also when its NUL was forgotten. */
static size_t length_of(const char *text, size_t room)
{
	size_t len = 0;

	while (len < room && text[len] != '\0')
		len++;
	return len;
}

static bool same(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* The entry for a node, or NULL when it was not read: absent all the same. */
static const struct coproc_node_text *entry_of(const struct coproc_node_text *texts, size_t count,
					       const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (same(texts[i].name, name))
			return &texts[i];
	return NULL;
}

static enum coproc_node_fault parse_field(const struct coproc_node *node,
					  const struct coproc_node_text *entry, void *value,
					  struct coproc_node_error *error)
{
	const char *text = entry ? entry->text : NULL;
	size_t len = entry ? entry->len : 0;

	if (coproc_type_is_string(node->type))
		return coproc_node_parse_string(node, text, len, value, (size_t)node->high + 1,
						error);
	if (node->type == COPROC_TYPE_U64)
		return coproc_node_parse_u64(node, text, len, value, error);
	return coproc_node_parse_u32(node, text, len, value, error);
}

static enum coproc_node_fault parse_set(enum coproc_set set, const struct coproc_node_text *texts,
					size_t count, void *nodes, struct coproc_node_error *error)
{
	const struct coproc_set_fields *fields = &coproc_set_fields[set];
	size_t i;

	for (i = 0; i < fields->count; i++) {
		const struct coproc_node *node = &coproc_node[fields->field[i].id];
		enum coproc_node_fault fault;

		fault = parse_field(node, entry_of(texts, count, node->name),
				    (char *)nodes + fields->field[i].offset, error);
		if (fault != COPROC_NODE_OK)
			return fault;
	}
	return COPROC_NODE_OK;
}

static enum coproc_node_fault format_field(const struct coproc_node *node, const void *value,
					   char *out, size_t room,
					   struct coproc_node_error *error)
{
	uint64_t number;

	if (coproc_type_is_string(node->type))
		return coproc_node_parse_string(node, value,
						length_of(value, (size_t)node->high + 1),
						out, room, error);
	if (node->type == COPROC_TYPE_U64)
		number = *(const uint64_t *)value;
	else
		number = *(const uint32_t *)value;
	return coproc_node_format_u64(node, number, out, room, error);
}

static enum coproc_node_fault format_set(enum coproc_set set, const void *nodes,
					 struct coproc_node_texts *texts,
					 struct coproc_node_error *error)
{
	const struct coproc_set_fields *fields = &coproc_set_fields[set];
	size_t used = 0, i;

	texts->count = 0;
	for (i = 0; i < fields->count; i++) {
		const struct coproc_node *node = &coproc_node[fields->field[i].id];
		struct coproc_node_text *entry = &texts->node[i];
		enum coproc_node_fault fault;

		fault = format_field(node, (const char *)nodes + fields->field[i].offset,
				     texts->pool + used, sizeof(texts->pool) - used, error);
		if (fault != COPROC_NODE_OK)
			return fault;
		entry->name = node->name;
		entry->text = texts->pool + used;
		entry->len = length_of(entry->text, sizeof(texts->pool) - used);
		used += entry->len + 1;
	}
	texts->count = fields->count;
	return COPROC_NODE_OK;
}

/* A budget without its period, or more than it, is not a token bucket. */
static enum coproc_node_fault check_realtime(const struct coproc_toolstack_nodes *nodes,
					     struct coproc_node_error *error)
{
	if (nodes->realtime_budget_us > nodes->realtime_period_us)
		return coproc_node_refuse_because(error,
			&coproc_node[COPROC_NODE_TOOLSTACK_REALTIME_BUDGET_US],
			COPROC_NODE_CONFLICT, "must not be more than realtime-period-us");
	if (nodes->realtime_budget_us == 0 && nodes->realtime_period_us != 0)
		return coproc_node_refuse_because(error,
			&coproc_node[COPROC_NODE_TOOLSTACK_REALTIME_BUDGET_US],
			COPROC_NODE_CONFLICT, "must not be 0 when realtime-period-us is not");
	return COPROC_NODE_OK;
}

/* Rule of the rings: no word of shared memory has two writers. */
static enum coproc_node_fault check_grants(const struct coproc_frontend_nodes *nodes,
					   struct coproc_node_error *error)
{
	const struct {
		unsigned int id;
		uint32_t ref;
	} page[] = {
		{ COPROC_NODE_FRONTEND_FRONTEND_INDEX_REF, nodes->frontend_index_ref },
		{ COPROC_NODE_FRONTEND_BACKEND_INDEX_REF, nodes->backend_index_ref },
		{ COPROC_NODE_FRONTEND_CONTROL_SQ_REF, nodes->control_sq_ref },
		{ COPROC_NODE_FRONTEND_CONTROL_CQ_REF, nodes->control_cq_ref },
		{ COPROC_NODE_FRONTEND_EVENT_RING_REF, nodes->event_ring_ref },
	};
	size_t i, j;

	for (i = 1; i < sizeof(page) / sizeof(page[0]); i++)
		for (j = 0; j < i; j++)
			if (page[i].ref == page[j].ref)
				return coproc_node_refuse_because(error,
					&coproc_node[page[i].id], COPROC_NODE_CONFLICT,
					"names a grant that another ring's node names too");
	return COPROC_NODE_OK;
}

enum coproc_node_fault coproc_toolstack_nodes_parse(const struct coproc_node_text *texts,
						    size_t count,
						    struct coproc_toolstack_nodes *nodes,
						    struct coproc_node_error *error)
{
	enum coproc_node_fault fault = parse_set(COPROC_SET_TOOLSTACK, texts, count, nodes, error);

	return fault == COPROC_NODE_OK ? check_realtime(nodes, error) : fault;
}

enum coproc_node_fault coproc_backend_nodes_parse(const struct coproc_node_text *texts,
						  size_t count,
						  struct coproc_backend_nodes *nodes,
						  struct coproc_node_error *error)
{
	return parse_set(COPROC_SET_BACKEND, texts, count, nodes, error);
}

enum coproc_node_fault coproc_link_nodes_parse(const struct coproc_node_text *texts,
					       size_t count,
					       struct coproc_link_nodes *nodes,
					       struct coproc_node_error *error)
{
	return parse_set(COPROC_SET_LINK, texts, count, nodes, error);
}

enum coproc_node_fault coproc_frontend_nodes_parse(const struct coproc_node_text *texts,
						   size_t count,
						   struct coproc_frontend_nodes *nodes,
						   struct coproc_node_error *error)
{
	enum coproc_node_fault fault = parse_set(COPROC_SET_FRONTEND, texts, count, nodes, error);

	return fault == COPROC_NODE_OK ? check_grants(nodes, error) : fault;
}

enum coproc_node_fault coproc_toolstack_nodes_format(const struct coproc_toolstack_nodes *nodes,
						     struct coproc_node_texts *texts,
						     struct coproc_node_error *error)
{
	enum coproc_node_fault fault = check_realtime(nodes, error);

	return fault == COPROC_NODE_OK ? format_set(COPROC_SET_TOOLSTACK, nodes, texts, error)
				       : fault;
}

enum coproc_node_fault coproc_backend_nodes_format(const struct coproc_backend_nodes *nodes,
						   struct coproc_node_texts *texts,
						   struct coproc_node_error *error)
{
	return format_set(COPROC_SET_BACKEND, nodes, texts, error);
}

enum coproc_node_fault coproc_link_nodes_format(const struct coproc_link_nodes *nodes,
						struct coproc_node_texts *texts,
						struct coproc_node_error *error)
{
	return format_set(COPROC_SET_LINK, nodes, texts, error);
}

enum coproc_node_fault coproc_frontend_nodes_format(const struct coproc_frontend_nodes *nodes,
						    struct coproc_node_texts *texts,
						    struct coproc_node_error *error)
{
	enum coproc_node_fault fault = check_grants(nodes, error);

	return fault == COPROC_NODE_OK ? format_set(COPROC_SET_FRONTEND, nodes, texts, error)
				       : fault;
}

void coproc_toolstack_nodes_default(struct coproc_toolstack_nodes *nodes)
{
	const struct coproc_set_fields *fields = &coproc_set_fields[COPROC_SET_TOOLSTACK];
	size_t i;

	memset(nodes, 0, sizeof(*nodes));
	for (i = 0; i < fields->count; i++) {
		const struct coproc_node *node = &coproc_node[fields->field[i].id];

		if (!node->required && !coproc_type_is_string(node->type))
			*(uint32_t *)((char *)nodes + fields->field[i].offset) =
				(uint32_t)node->absent;
	}
}

size_t coproc_set_names(enum coproc_set set, const char *names[COPROC_SET_NODES_MAX])
{
	const struct coproc_set_fields *fields = &coproc_set_fields[set];
	size_t i;

	for (i = 0; i < fields->count; i++)
		names[i] = coproc_node[fields->field[i].id].name;
	return fields->count;
}

void coproc_backend_path(char *out, size_t room, uint32_t backend, uint32_t frontend,
			 uint32_t devid)
{
	struct coproc_writer w;

	coproc_write_begin(&w, out, room);
	coproc_write_text(&w, "/local/domain/");
	coproc_write_number(&w, backend);
	coproc_write_text(&w, "/backend/vcoproc/");
	coproc_write_number(&w, frontend);
	coproc_write_char(&w, '/');
	coproc_write_number(&w, devid);
}

void coproc_frontend_path(char *out, size_t room, uint32_t frontend, uint32_t devid)
{
	struct coproc_writer w;

	coproc_write_begin(&w, out, room);
	coproc_write_text(&w, "/local/domain/");
	coproc_write_number(&w, frontend);
	coproc_write_text(&w, "/device/vcoproc/");
	coproc_write_number(&w, devid);
}
