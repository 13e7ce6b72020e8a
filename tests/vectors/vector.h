/* SPDX-License-Identifier: MIT */
/*
 * Reads the vector files of protocol/vectors (format: its README.md) and
 * prints results as TAP.
 */
#ifndef TESTS_VECTORS_VECTOR_H
#define TESTS_VECTORS_VECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "libcoproc-ring/message.h"

#define VECTOR_FIELDS_MAX       64
#define VECTOR_FLIPS_MAX        16
#define VECTOR_LINE_MAX         512

enum vector_message {
	VECTOR_REQUEST,
	VECTOR_OPERAND,
	VECTOR_COMPLETION,
	VECTOR_EVENT
};

struct vector_field {
	char name[40];
	char value[80];
};

/* Each bit first .. last, flipped alone, gives this instead. */
struct vector_flip {
	unsigned int first;
	unsigned int last;
	char expect[40];
};

struct vector {
	char file[64];
	char name[80];
	enum vector_message message;
	bool control;                   /* requests: the queue it comes on */
	struct coproc_limits limits;
	uint64_t buffer_bytes;          /* operands: 0 when there is no buffer to fit */
	uint32_t buffer_access;
	uint8_t data[XENCOPROC_SQE_SIZE] __attribute__((aligned(8)));
	size_t size;
	char expect[40];
	struct vector_field field[VECTOR_FIELDS_MAX];
	size_t fields;
	struct vector_flip flip[VECTOR_FLIPS_MAX];
	size_t flips;
};

/**
 * vector_next() - reads the next vector of a file
 * @in: the file
 * @path: its name, for messages
 *
 * Return: 1, 0 at the end, -1 after saying on stdout what is wrong.
 */
int vector_next(FILE *in, const char *path, struct vector *v);

/* The limits that hold where a vector does not say otherwise. */
void vector_default_limits(struct coproc_limits *limits);

/* "BAD_FIELD" to its number, "broken status" to enum coproc_broken; -1: no such word. */
int vector_status(const char *word);
int vector_broken(const char *words);
const char *vector_status_name(unsigned int status);
const char *vector_broken_name(unsigned int why);

/* A decimal or 0x number of at most 64 bits.  False: it is none. */
bool vector_number(const char *text, uint64_t *value);

/* TAP: one line for each result; tap_done() prints the plan, returns main's. */
void tap_result(bool good, const char *file, const char *name, const char *why);
int tap_done(void);

/* Calls @run for each file of protocol/vectors whose name ends in @suffix; to
 * find none is a failure. */
void vector_each_file(const char *suffix, void (*run)(FILE *in, const char *path));

#endif /* TESTS_VECTORS_VECTOR_H */
