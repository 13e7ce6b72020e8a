/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FRONTEND_GUEST_FAILING_H
#define TESTS_FRONTEND_GUEST_FAILING_H

#include <stdbool.h>

/** surroundings_fail_everywhere() - each place that asks Xen or the kernel fails once */
bool surroundings_fail_everywhere(void);

/**
 * store_fails_everywhere() - each question to xenstore fails once as if what it
 * is about were gone
 */
bool store_fails_everywhere(void);

/* One call of this function fails, after so many that do not; then the next one of
 * that function, if any.  NULL: none. */
void fail_next(const char *what, unsigned int after, const char *then);

#endif /* TESTS_FRONTEND_GUEST_FAILING_H */
