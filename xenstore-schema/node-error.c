// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Telling people what a node may say and why one was refused.
 */
#include "node-error.h"
#include "text.h"

/* What is shown of a refused text: enough to find it, too little to abuse. */
#define SHOWN   40u

static void write_range(struct coproc_writer *w, const struct coproc_node *node)
{
	coproc_write_number(w, node->low);
	coproc_write_text(w, " to ");
	coproc_write_number(w, node->high);
}

static void write_words(struct coproc_writer *w, const char *words)
{
	const char *c;

	coproc_write_text(w, "one of ");
	for (c = words; *c; c++) {
		if (*c == '|')
			coproc_write_text(w, ", ");
		else
			coproc_write_char(w, *c);
	}
}

static void write_allowed(struct coproc_writer *w, const struct coproc_node *node)
{
	switch (node->type) {
	case COPROC_TYPE_BOOL:
		coproc_write_text(w, "0 or 1");
		break;
	case COPROC_TYPE_WORD:
		write_words(w, node->words);
		break;
	case COPROC_TYPE_NUMBERS:
		coproc_write_text(w, "a comma list, without spaces, of numbers from ");
		write_range(w, node);
		break;
	case COPROC_TYPE_NAME:
		write_range(w, node);
		coproc_write_text(w, " characters of A-Z a-z 0-9 _ . -");
		break;
	case COPROC_TYPE_PATH:
		coproc_write_text(w, "an absolute xenstore path of at most ");
		coproc_write_number(w, node->high);
		coproc_write_text(w, " bytes");
		break;
	case COPROC_TYPE_TEXT:
		coproc_write_text(w, "a text of at most ");
		coproc_write_number(w, node->high);
		coproc_write_text(w, " bytes");
		break;
	default:
		coproc_write_text(w, "a decimal number from ");
		write_range(w, node);
	}
}

void coproc_node_allowed(const struct coproc_node *node, char *out, size_t room)
{
	struct coproc_writer w;

	coproc_write_begin(&w, out, room);
	write_allowed(&w, node);
}

static void write_said(struct coproc_writer *w, const char *text, size_t len)
{
	size_t i;

	if (!text) {
		coproc_write_text(w, " is absent");
		return;
	}
	coproc_write_text(w, " says \"");
	for (i = 0; i < len && i < SHOWN; i++)
		coproc_write_char(w, (char)(coproc_printable(text[i]) && text[i] != '"' ?
					    text[i] : '?'));
	coproc_write_text(w, len > SHOWN ? "...\"" : "\"");
	if (len > SHOWN) {
		coproc_write_text(w, " (");
		coproc_write_number(w, len);
		coproc_write_text(w, " bytes)");
	}
}

enum coproc_node_fault coproc_node_refuse(struct coproc_node_error *error,
					  const struct coproc_node *node,
					  enum coproc_node_fault fault,
					  const char *text, size_t len)
{
	struct coproc_writer w;

	if (!error)
		return fault;
	error->fault = fault;
	error->node = node;
	coproc_write_begin(&w, error->message, sizeof(error->message));
	coproc_write_text(&w, node->name);
	if (fault == COPROC_NODE_TYPE) {
		coproc_write_text(&w, " is read as the wrong type");
		return fault;
	}
	write_said(&w, text, len);
	coproc_write_text(&w, "; allowed: ");
	write_allowed(&w, node);
	return fault;
}

enum coproc_node_fault coproc_node_refuse_because(struct coproc_node_error *error,
						  const struct coproc_node *node,
						  enum coproc_node_fault fault,
						  const char *because)
{
	struct coproc_writer w;

	if (!error)
		return fault;
	error->fault = fault;
	error->node = node;
	coproc_write_begin(&w, error->message, sizeof(error->message));
	if (node) {
		coproc_write_text(&w, node->name);
		coproc_write_text(&w, ": ");
	}
	coproc_write_text(&w, because);
	return fault;
}
