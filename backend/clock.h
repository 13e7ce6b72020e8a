/* SPDX-License-Identifier: MIT */
#ifndef COPROC_BACKEND_CLOCK_H
#define COPROC_BACKEND_CLOCK_H

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

/* clock_now() - nanoseconds of CLOCK_MONOTONIC: the one clock of coprocd */
static inline uint64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Rounded up, for a timer: one that rings early rings for nothing, and again. */
static inline struct timeval clock_timeval(uint64_t ns)
{
	ns += 999;
	return (struct timeval){ .tv_sec = (time_t)(ns / 1000000000u),
				 .tv_usec = (suseconds_t)(ns % 1000000000u / 1000u) };
}

#endif /* COPROC_BACKEND_CLOCK_H */
