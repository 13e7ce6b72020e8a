/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FRONTEND_GUEST_FAILING_H
#define TESTS_FRONTEND_GUEST_FAILING_H

#include <stdbool.h>

/** surroundings_fail_everywhere() - each place that asks Xen or the kernel fails once */
bool surroundings_fail_everywhere(void);

#endif /* TESTS_FRONTEND_GUEST_FAILING_H */
