/* SPDX-License-Identifier: MIT */
/*
 * What the worker double does: told by the domain id, because that is what a
 * worker is started with.
 */
#ifndef TESTS_BACKEND_DOUBLE_H
#define TESTS_BACKEND_DOUBLE_H

enum double_kind {
	/* Says HELLO and answers each command, OK, with
	 *   PING   the number of its open descriptors
	 *   LOAD, CTX_CREATE  the first eight bytes of the file passed along
	 *   MAP    the sum of its references
	 *   RUN    its immediate */
	DOUBLE_GOOD = 1,
	DOUBLE_SLOW,            /* the same, but reads nothing for 300 ms */
	DOUBLE_SILENT,
	DOUBLE_GARBAGE,         /* of the right size */
	DOUBLE_SHORT,
	DOUBLE_LONG,
	DOUBLE_EMPTY,           /* a message of no bytes */
	DOUBLE_OLD,             /* HELLO of another version */
	DOUBLE_FLOOD,           /* after HELLO, replies to nothing, for ever */
	DOUBLE_CLOSE,           /* its socket, and lives on */
	DOUBLE_EXIT,            /* with 3, before HELLO */
	DOUBLE_ABORT,           /* before HELLO */
	DOUBLE_HELLO_TWICE,
	/* Good until the first PING, which it answers so: */
	DOUBLE_UNKNOWN,         /* another's sequence number */
	DOUBLE_TWICE,
	DOUBLE_BAD_OUTCOME,
	DOUBLE_BAD_STATUS,
	DOUBLE_DIE,             /* not, it ends with 5 */
	/* Answers 100 commands at once, and is dead. */
	DOUBLE_LAST_WORDS,
	DOUBLE_KINDS
};

#endif /* TESTS_BACKEND_DOUBLE_H */
