/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FRONTEND_GUEST_AGAIN_H
#define TESTS_FRONTEND_GUEST_AGAIN_H

/* Cases of frontend-guest: each ends the program when something is not as expected. */
void again_tables(void);
void again_moved(void);
void again_gives_up(void);
void again_removed(void);
void again_absent(void);
void again_missed(void);
void again_class(void);
void again_fewer(void);
void again_kept(void);

#endif /* TESTS_FRONTEND_GUEST_AGAIN_H */
