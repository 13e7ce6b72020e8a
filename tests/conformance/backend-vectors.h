/* SPDX-License-Identifier: MIT */
/*
 * What coproc-conform backend plays out of protocol/vectors: --vectors.
 */
#ifndef TESTS_CONFORMANCE_BACKEND_VECTORS_H
#define TESTS_CONFORMANCE_BACKEND_VECTORS_H

#include "backend.h"

/* Every file of a folder: messages, then talks.  False: there are none. */
bool vectors_folder(struct bench *b, const char *folder);

/* Messages of one file, as one case. */
void vectors_file(struct bench *b, const char *path, const char *file);
/* Each talk of one file is a case. */
void talks_file(struct bench *b, const char *path, const char *file);

/* A copy of a name that lives as long as the report. */
const char *vectors_keep(const char *text);

#endif /* TESTS_CONFORMANCE_BACKEND_VECTORS_H */
