/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FRONTEND_GUEST_MEMORY_H
#define TESTS_FRONTEND_GUEST_MEMORY_H

#include <stdbool.h>

/** memory_fails_everywhere() - each allocation of the library's fails once */
bool memory_fails_everywhere(void);

/* The N-th allocation of the library from now on fails; 0: none. */
void memory_fails_at(unsigned long n);

#endif /* TESTS_FRONTEND_GUEST_MEMORY_H */
