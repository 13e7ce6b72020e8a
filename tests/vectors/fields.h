/* SPDX-License-Identifier: MIT */
/*
 * Fields of messages by the names that coprocif.md gives them.
 */
#ifndef TESTS_VECTORS_FIELDS_H
#define TESTS_VECTORS_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct place {
	uint16_t op;            /* 0: every operation */
	const char *name;
	size_t offset;          /* in the host's structure */
	size_t size;            /* bytes: 2, 4, 8, or 32 for a digest */
	unsigned int count;     /* of an array, name.N; 1: no array */
};

/* Those of struct coproc_request; ends with a NULL name. */
extern const struct place field_request[];

/* A field and where it is, or NULL. */
const struct place *field_find_place(const struct place *places, uint16_t op, const char *name,
				     size_t *offset);
uint64_t field_get(const void *object, size_t offset, size_t size);
void field_put(void *object, size_t offset, size_t size, uint64_t value);

/* 64 hexadecimal digits. */
bool field_read_digest(const char *text, uint8_t digest[32]);

#endif /* TESTS_VECTORS_FIELDS_H */
