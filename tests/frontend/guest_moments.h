/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FRONTEND_GUEST_MOMENTS_H
#define TESTS_FRONTEND_GUEST_MOMENTS_H

void moments(void);
void moment_unknown(void);

#endif /* TESTS_FRONTEND_GUEST_MOMENTS_H */
