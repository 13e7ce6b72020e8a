/* SPDX-License-Identifier: MIT */
/* Virtual time. */
#include "real.h"

#include <time.h>

#include "rim.h"

uint64_t rim_now;
uint64_t rim_tick;

int rim_clock_gettime(clockid_t clock, struct timespec *t);
int rim_clock_getcpuclockid(pid_t pid, clockid_t *clock);
int rim_nanosleep(const struct timespec *t, struct timespec *left);

int rim_clock_gettime(clockid_t clock, struct timespec *t)
{
	rim_now += rim_tick;
	t->tv_sec = (time_t)(rim_now / RIM_SECOND);
	t->tv_nsec = (long)(rim_now % RIM_SECOND);
	return 0;
}

/* A worker here uses the processor all the time. */
int rim_clock_getcpuclockid(pid_t pid, clockid_t *clock)
{
	*clock = CLOCK_MONOTONIC;
	return 0;
}

int rim_nanosleep(const struct timespec *t, struct timespec *left)
{
	rim_now += (uint64_t)t->tv_sec * RIM_SECOND + (uint64_t)t->tv_nsec;
	return 0;
}
