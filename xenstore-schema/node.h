/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * One xenstore node: what the table says of it, and the one strict parser of
 * its text.  Whoever wrote the text may be hostile (rule B8: xenstore content
 * is parsed as hostile input), so a text is only looked at up to its length,
 * has one spelling per value, and is never shown to people as it came.
 *
 * Pure and freestanding: no allocation, no I/O, no state.
 */
#ifndef COPROC_SCHEMA_NODE_H
#define COPROC_SCHEMA_NODE_H

#include "libcoproc-ring/port.h"

/* Which directory of the device a node is in. */
enum coproc_node_dir {
	COPROC_DIR_BACKEND,
	COPROC_DIR_FRONTEND
};

/* Who owns or writes a node. */
enum coproc_node_party {
	COPROC_PARTY_TOOLSTACK,
	COPROC_PARTY_BACKEND,
	COPROC_PARTY_FRONTEND
};

enum coproc_node_type {
	COPROC_TYPE_U32,
	COPROC_TYPE_U64,
	COPROC_TYPE_BOOL,
	COPROC_TYPE_DOMID,
	COPROC_TYPE_GREF,
	COPROC_TYPE_PORT,
	COPROC_TYPE_STATE,
	COPROC_TYPE_WORD,       /* value: place in the list of words, from 1 */
	COPROC_TYPE_NUMBERS,    /* value: bit n set when n is in the list */
	COPROC_TYPE_NAME,       /* [A-Za-z0-9_.-] */
	COPROC_TYPE_PATH,       /* absolute xenstore path */
	COPROC_TYPE_TEXT        /* for people */
};

/* What the table says of one node. */
struct coproc_node {
	const char *name;
	const char *words;      /* COPROC_TYPE_WORD: "a|b|c"; else NULL */
	uint64_t low;           /* least value; of names, paths and texts: least length */
	uint64_t high;          /* greatest value or length */
	uint64_t absent;        /* numbers and words: the value that absence means */
	uint8_t type;           /* enum coproc_node_type */
	uint8_t dir;            /* enum coproc_node_dir */
	uint8_t owner;          /* enum coproc_node_party */
	uint8_t writer;         /* enum coproc_node_party */
	uint8_t required;       /* 1: absence is an error; 0: it means @absent, or "" */
	uint8_t since;          /* protocol version */
};

/* A node as it is, or is to be, in xenstore.  @text need not end in NUL. */
struct coproc_node_text {
	const char *name;
	const char *text;       /* NULL: the node does not exist */
	size_t len;             /* bytes, without any terminator */
};

enum coproc_node_fault {
	COPROC_NODE_OK = 0,
	COPROC_NODE_ABSENT,     /* required, and not there */
	COPROC_NODE_LENGTH,     /* empty, or longer than any allowed value */
	COPROC_NODE_SYNTAX,     /* not how a value of this type is written */
	COPROC_NODE_RANGE,      /* well written, but not an allowed value */
	COPROC_NODE_CONFLICT,   /* allowed alone, not beside another node's value */
	COPROC_NODE_TYPE        /* the caller's fault: another function parses this type */
};

#define COPROC_NODE_MESSAGE_SIZE        256u

/* Why a node was refused. */
struct coproc_node_error {
	enum coproc_node_fault fault;
	const struct coproc_node *node;         /* NULL when no single node is at fault */
	char message[COPROC_NODE_MESSAGE_SIZE]; /* name, what it said, what is allowed;
						 * printable ASCII, ends in NUL */
};

/*
 * All parsers below:
 *
 * @node:  a row of the table
 * @text:  as read, not necessarily NUL-terminated; NULL: the node is absent
 * @len:   bytes of @text; a NUL among them is refused like any wrong byte
 * @error: filled when the return is not COPROC_NODE_OK; may be NULL
 *
 * An absent node gives the table's default where it has one.  *out is
 * written only on success.
 */

/**
 * coproc_node_parse_u32() - numbers, booleans, domain ids, grants, ports,
 *	states, words and lists of numbers
 * @out: the value; words and lists as enum coproc_node_type says
 *
 * Decimal digits only: no sign, no space, no leading zero but in "0" itself.
 * In a list of numbers, tokens that are no number inside the node's range are
 * ignored (a later version's), but each must be [A-Za-z0-9_.-]{1,32}.
 *
 * Return: COPROC_NODE_OK, ABSENT, LENGTH, SYNTAX, RANGE, or TYPE for a node
 * whose value is a string or 64 bits wide.
 */
enum coproc_node_fault coproc_node_parse_u32(const struct coproc_node *node, const char *text,
					     size_t len, uint32_t *out,
					     struct coproc_node_error *error);

/**
 * coproc_node_parse_u64() - the same for every numeric node, 64 bits wide
 */
enum coproc_node_fault coproc_node_parse_u64(const struct coproc_node *node, const char *text,
					     size_t len, uint64_t *out,
					     struct coproc_node_error *error);

/**
 * coproc_node_parse_string() - names, paths and texts
 * @out:  the copy, always terminated by NUL
 * @room: bytes at @out; node->high + 1 always suffices
 *
 * A text for people is not refused for its bytes: what is not printable
 * ASCII becomes '?'.
 *
 * Return: COPROC_NODE_OK, ABSENT, LENGTH (also when @room is too small),
 * SYNTAX, or TYPE for a numeric node.
 */
enum coproc_node_fault coproc_node_parse_string(const struct coproc_node *node, const char *text,
						size_t len, char *out, size_t room,
						struct coproc_node_error *error);

/**
 * coproc_node_check() - whether a text is allowed for a node of any type
 *
 * Return: COPROC_NODE_OK, ABSENT, LENGTH, SYNTAX or RANGE.
 */
enum coproc_node_fault coproc_node_check(const struct coproc_node *node, const char *text,
					 size_t len, struct coproc_node_error *error);

/**
 * coproc_node_format_u64() - the text of a numeric node's value
 * @value: as coproc_node_parse_u64() would give it
 * @out:   gets the text, terminated by NUL
 * @room:  bytes at @out; COPROC_NODE_NUMERIC_SIZE always suffices
 * @error: filled when it is not allowed; may be NULL
 *
 * Return: COPROC_NODE_OK, RANGE (nobody may write what nobody would accept),
 * LENGTH (@room too small) or TYPE.
 */
enum coproc_node_fault coproc_node_format_u64(const struct coproc_node *node, uint64_t value,
					      char *out, size_t room,
					      struct coproc_node_error *error);

#define COPROC_NODE_NUMERIC_SIZE        96u     /* "0,1,2, ... 31" is the longest */

/**
 * coproc_node_allowed() - what a node may say, as a phrase for people
 * @out:  "a decimal number from 1 to 30", terminated by NUL, cut off at @room
 * @room: bytes at @out, at least 1
 */
void coproc_node_allowed(const struct coproc_node *node, char *out, size_t room);

/**
 * coproc_node_find() - a node of the table by its directory and name
 * @name: @len bytes, not necessarily terminated
 *
 * Return: the row, or NULL when the table has no such node.
 */
const struct coproc_node *coproc_node_find(enum coproc_node_dir dir, const char *name, size_t len);

#endif /* COPROC_SCHEMA_NODE_H */
