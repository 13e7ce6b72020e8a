// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The strict parser of one node's text.
 */
#include "node-error.h"
#include "node-set.h"
#include "text.h"

#define TOKENS_MAX      32u     /* of a list; more is refused, not truncated */
#define TOKEN_MAX       32u     /* bytes of one */
#define LIST_MAX        ((size_t)TOKENS_MAX * (TOKEN_MAX + 1u))
#define DIGITS_MAX      20u     /* 2^64 - 1 has 20 */
#define TENTH           1844674407370955161ull  /* of 2^64 - 1, whose last digit is 5 */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '.' || c == '-';
}

/* One spelling per number: digits, and a leading zero only in "0" itself. */
static enum coproc_node_fault parse_decimal(const char *text, size_t len, uint64_t *out)
{
	uint64_t value = 0;
	size_t i;

	if (len == 0 || len > DIGITS_MAX)
		return COPROC_NODE_LENGTH;
	for (i = 0; i < len; i++)
		if (!is_digit(text[i]))
			return COPROC_NODE_SYNTAX;
	if (len > 1 && text[0] == '0')
		return COPROC_NODE_SYNTAX;
	for (i = 0; i < len; i++) {
		unsigned int digit = (unsigned int)(text[i] - '0');

		if (value > TENTH || (value == TENTH && digit > 5))
			return COPROC_NODE_RANGE;
		value = value * 10 + digit;
	}
	*out = value;
	return COPROC_NODE_OK;
}

static enum coproc_node_fault parse_ranged(const struct coproc_node *node, const char *text,
					   size_t len, uint64_t *out)
{
	uint64_t value;
	enum coproc_node_fault fault = parse_decimal(text, len, &value);

	if (fault != COPROC_NODE_OK)
		return fault;
	if (value < node->low || value > node->high)
		return COPROC_NODE_RANGE;
	*out = value;
	return COPROC_NODE_OK;
}

/* The place of a word in "a|b|c", from 1. */
static enum coproc_node_fault parse_word(const struct coproc_node *node, const char *text,
					 size_t len, uint64_t *out)
{
	const char *word = node->words;
	uint64_t place = 1;
	size_t i;

	if (len == 0 || len > TOKEN_MAX)
		return COPROC_NODE_LENGTH;
	for (;;) {
		for (i = 0; i < len && word[i] == text[i] && word[i] != '|' && word[i] != '\0'; i++)
			;
		if (i == len && (word[i] == '|' || word[i] == '\0')) {
			*out = place;
			return COPROC_NODE_OK;
		}
		while (*word != '|' && *word != '\0')
			word++;
		if (*word == '\0')
			return COPROC_NODE_RANGE;
		word++;
		place++;
	}
}

/* One token of a list: a bit when it is a number this table knows. */
static enum coproc_node_fault parse_token(const struct coproc_node *node, const char *token,
					  size_t len, uint64_t *bits)
{
	uint64_t value;
	size_t i;

	if (len == 0 || len > TOKEN_MAX)
		return COPROC_NODE_SYNTAX;
	for (i = 0; i < len; i++)
		if (!is_name_char(token[i]))
			return COPROC_NODE_SYNTAX;
	/* Anything else is a later version's, and not for us. */
	if (parse_ranged(node, token, len, &value) == COPROC_NODE_OK)
		*bits |= (uint64_t)1 << value;
	return COPROC_NODE_OK;
}

static enum coproc_node_fault parse_numbers(const struct coproc_node *node, const char *text,
					    size_t len, uint64_t *out)
{
	uint64_t bits = 0;
	size_t start = 0, end;
	unsigned int tokens = 0;

	if (len > LIST_MAX)
		return COPROC_NODE_LENGTH;
	/* An empty list is written as nothing, where the table lets it be empty. */
	if (len == 0 && node->required)
		return COPROC_NODE_LENGTH;
	while (len && start <= len) {
		enum coproc_node_fault fault;

		for (end = start; end < len && text[end] != ','; end++)
			;
		if (++tokens > TOKENS_MAX)
			return COPROC_NODE_LENGTH;
		fault = parse_token(node, text + start, end - start, &bits);
		if (fault != COPROC_NODE_OK)
			return fault;
		start = end + 1;
	}
	*out = bits;
	return COPROC_NODE_OK;
}

enum coproc_node_fault coproc_node_parse_u64(const struct coproc_node *node, const char *text,
					     size_t len, uint64_t *out,
					     struct coproc_node_error *error)
{
	enum coproc_node_fault fault;
	uint64_t value = node->absent;

	if (coproc_type_is_string(node->type))
		return coproc_node_refuse(error, node, COPROC_NODE_TYPE, text, len);
	if (!text)
		fault = node->required ? COPROC_NODE_ABSENT : COPROC_NODE_OK;
	else if (node->type == COPROC_TYPE_WORD)
		fault = parse_word(node, text, len, &value);
	else if (node->type == COPROC_TYPE_NUMBERS)
		fault = parse_numbers(node, text, len, &value);
	else
		fault = parse_ranged(node, text, len, &value);
	if (fault != COPROC_NODE_OK)
		return coproc_node_refuse(error, node, fault, text, len);
	*out = value;
	return COPROC_NODE_OK;
}

enum coproc_node_fault coproc_node_parse_u32(const struct coproc_node *node, const char *text,
					     size_t len, uint32_t *out,
					     struct coproc_node_error *error)
{
	enum coproc_node_fault fault;
	uint64_t value = 0;

	if (node->type == COPROC_TYPE_U64)
		return coproc_node_refuse(error, node, COPROC_NODE_TYPE, text, len);
	fault = coproc_node_parse_u64(node, text, len, &value, error);
	if (fault == COPROC_NODE_OK)
		*out = (uint32_t)value;         /* every other type's range fits */
	return fault;
}

/* Absolute, no empty part, no slash at the end, xenstore's own characters. */
static bool is_path(const char *text, size_t len)
{
	size_t i;

	if (len < 2 || text[0] != '/' || text[len - 1] == '/')
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] == '/' && i > 0 && text[i - 1] == '/')
			return false;
		if (text[i] != '/' && text[i] != '@' && (!is_name_char(text[i]) || text[i] == '.'))
			return false;
	}
	return true;
}

static bool is_name(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!is_name_char(text[i]))
			return false;
	return true;
}

static enum coproc_node_fault check_string(const struct coproc_node *node, const char *text,
					   size_t len)
{
	if (len < node->low || len > node->high)
		return COPROC_NODE_LENGTH;
	if (node->type == COPROC_TYPE_PATH && !is_path(text, len))
		return COPROC_NODE_SYNTAX;
	if (node->type == COPROC_TYPE_NAME && !is_name(text, len))
		return COPROC_NODE_SYNTAX;
	return COPROC_NODE_OK;
}

enum coproc_node_fault coproc_node_parse_string(const struct coproc_node *node, const char *text,
						size_t len, char *out, size_t room,
						struct coproc_node_error *error)
{
	enum coproc_node_fault fault = COPROC_NODE_OK;
	size_t i;

	if (!coproc_type_is_string(node->type))
		return coproc_node_refuse(error, node, COPROC_NODE_TYPE, text, len);
	if (text)
		fault = check_string(node, text, len);
	else if (node->required)
		fault = COPROC_NODE_ABSENT;
	else
		len = 0;
	if (fault == COPROC_NODE_OK && len >= room)
		fault = COPROC_NODE_LENGTH;
	if (fault != COPROC_NODE_OK)
		return coproc_node_refuse(error, node, fault, text, len);
	for (i = 0; i < len; i++)
		out[i] = (char)(coproc_printable(text[i]) ? text[i] : '?');
	out[len] = '\0';
	return COPROC_NODE_OK;
}

enum coproc_node_fault coproc_node_check(const struct coproc_node *node, const char *text,
					 size_t len, struct coproc_node_error *error)
{
	enum coproc_node_fault fault;
	uint64_t value;

	if (!coproc_type_is_string(node->type))
		return coproc_node_parse_u64(node, text, len, &value, error);
	if (!text)
		fault = node->required ? COPROC_NODE_ABSENT : COPROC_NODE_OK;
	else
		fault = check_string(node, text, len);
	if (fault != COPROC_NODE_OK)
		return coproc_node_refuse(error, node, fault, text, len);
	return COPROC_NODE_OK;
}

const struct coproc_node *coproc_node_find(enum coproc_node_dir dir, const char *name, size_t len)
{
	size_t i, at;

	for (i = 0; i < COPROC_NODES; i++) {
		const struct coproc_node *node = &coproc_node[i];

		if (node->dir != dir)
			continue;
		for (at = 0; at < len && node->name[at] != '\0' && node->name[at] == name[at]; at++)
			;
		if (at == len && node->name[at] == '\0')
			return node;
	}
	return NULL;
}
