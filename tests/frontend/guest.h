// SPDX-License-Identifier: MIT
/* What the cases of frontend-guest share. */
#ifndef TESTS_FRONTEND_GUEST_H
#define TESTS_FRONTEND_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/user/coproc.h"

/* One case a process, so all cases may use the same. */
extern struct coproc_device *dev;
extern struct coproc_context *ctx;
extern struct coproc_firmware *fw;
extern struct coproc_buffer *in, *out;
extern struct coproc_queue *queue;
extern char reason[256];

/* Ends the program where it is not so. */
#define want(condition) want_at((condition), #condition, __FILE__, __LINE__)
void want_at(bool good, const char *what, const char *file, int line);

double seconds(void);

/* Short patience, and the reason of a refused coproc_open() in reason[]. */
void options(struct coproc_options *o);
void wait_for_device(void);

/* A device with one of each object; @given: NULL for options(). */
void open_all(const struct coproc_options *given);

/* A job whose result is cookie + 1. */
struct coproc_job simple(uint64_t cookie);

/* One that must end OK. */
void good_job(void);

/* guest_honest.c */
void honest_whole(void);
/* A job with a table of operands. */
void honest_table(void);
void honest_flat(void);
void honest_polls(void);
void honest_again(void);
void honest_nowait(void);

/* guest_lost.c */
void lost_broken(void);
void lost_reconnect(void);
void lost_stays(void);
void lost_vanish(void);
void lost_stale(void);
void lost_polls(void);
void lost_scribble(void);

/* guest_real.c */
void real_backend(void);

/* guest_lazy.c */
void lazy_control_silent(void);
void lazy_kept(void);
void lazy_never_closes(void);
void lazy_storm(void);
void lazy_flood(void);
void lazy_deny(void);
void lazy_open_fails(const char *expected);

#endif /* TESTS_FRONTEND_GUEST_H */
