/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FRONTEND_GUEST_MEMORY_H
#define TESTS_FRONTEND_GUEST_MEMORY_H

#include <stdbool.h>

/** memory_fails_everywhere() - each allocation of the library's fails once */
bool memory_fails_everywhere(void);

#endif /* TESTS_FRONTEND_GUEST_MEMORY_H */
