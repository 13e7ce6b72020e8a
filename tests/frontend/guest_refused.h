/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FRONTEND_GUEST_REFUSED_H
#define TESTS_FRONTEND_GUEST_REFUSED_H

#include <stdbool.h>

/** wrong_calls_are_refused() - each for its own reason, connected and not */
bool wrong_calls_are_refused(void);

#endif /* TESTS_FRONTEND_GUEST_REFUSED_H */
