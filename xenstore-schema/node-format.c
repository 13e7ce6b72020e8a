// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Values to the one spelling that the parser takes.
 */
#include "node-error.h"
#include "node-set.h"
#include "text.h"

static bool write_word(struct coproc_writer *w, const char *words, uint64_t place)
{
	if (place == 0)
		return false;
	for (; place > 1; words++) {
		if (*words == '\0')
			return false;
		if (*words == '|')
			place--;
	}
	while (*words != '|' && *words != '\0')
		coproc_write_char(w, *words++);
	return true;
}

static bool write_numbers(struct coproc_writer *w, const struct coproc_node *node, uint64_t bits)
{
	bool first = true;
	uint64_t n;

	if (bits >> 32 || (bits == 0 && node->required))
		return false;
	for (n = 0; n < 32; n++) {
		if (!(bits >> n & 1))
			continue;
		if (n < node->low || n > node->high)
			return false;
		if (!first)
			coproc_write_char(w, ',');
		coproc_write_number(w, n);
		first = false;
	}
	return true;
}

static bool write_value(struct coproc_writer *w, const struct coproc_node *node, uint64_t value)
{
	if (node->type == COPROC_TYPE_WORD)
		return write_word(w, node->words, value);
	if (node->type == COPROC_TYPE_NUMBERS)
		return write_numbers(w, node, value);
	coproc_write_number(w, value);
	return value >= node->low && value <= node->high;
}

enum coproc_node_fault coproc_node_format_u64(const struct coproc_node *node, uint64_t value,
					      char *out, size_t room,
					      struct coproc_node_error *error)
{
	struct coproc_writer w;
	char said[COPROC_NODE_NUMERIC_SIZE];

	if (coproc_type_is_string(node->type))
		return coproc_node_refuse(error, node, COPROC_NODE_TYPE, NULL, 0);
	coproc_write_begin(&w, out, room);
	if (!write_value(&w, node, value)) {
		size_t len;

		coproc_write_begin(&w, said, sizeof(said));
		coproc_write_number(&w, value);
		len = (size_t)(w.at - said);
		return coproc_node_refuse(error, node, COPROC_NODE_RANGE, said, len);
	}
	if (w.cut)
		return coproc_node_refuse(error, node, COPROC_NODE_LENGTH, out, 0);
	return COPROC_NODE_OK;
}
