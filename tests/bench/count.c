/* SPDX-License-Identifier: MIT */
/*
 * bench-count.so, preloaded into a process, counts the user instructions of its
 * main thread, and where they are: it executes them with the trap flag set, and
 * the handler of each trap notes the place.  Begins with SIGURG and ends with
 * the next one, which writes what is mapped and then a line "ADDRESS COUNT" for
 * each place to the file that BENCH_COUNT names: bench-profile makes a profile
 * of that.  Both signals have to come while nothing is going on.
 *
 * Meanwhile its monotonic clock and its timers go slower, as the traps make the
 * process slower, so that turns, slices, alarms and limits come after as much
 * work as at full speed.  The clock goes by the processor's time that the thread
 * has had, so that a busy machine does not end turns sooner.  What is executed in here does not count, except that
 * a clock or a timer is read or set through the C library as ever.
 *
 * An instruction with a rep prefix counts once, however often it repeats.
 *
 * Why not perf or valgrind: virtual machines often have no counters, and
 * Debian 12's valgrind does not know pidfd_open(), without which coprocd
 * starts no worker.  The count does not depend on the machine or its load.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define SLOWER  16384u          /* microseconds for each instruction, not fractions of one */
#define BILLION 1000000000u
#define PLACES  (1u << 16)      /* different addresses; a power of two */
#define TRAP    0x100           /* in the flags register */

static struct {
	uint64_t pc;
	uint64_t count;
} place[PLACES];

static uint64_t origin;         /* when the clock began to be slow, 0: not yet */
static uint64_t used_before;    /* of the processor, then */
static uint64_t own_begin, own_end;
static bool counting;

static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_settime)(int, int, const struct itimerspec *, struct itimerspec *);
static int (*real_epoll)(int, struct epoll_event *, int, int);

/* ---- counting ---- */

static void on_trap(int number, siginfo_t *info, void *context)
{
	static uint64_t before;
	const ucontext_t *u = context;
	uint64_t pc = (uint64_t)u->uc_mcontext.gregs[REG_RIP];
	uint32_t i = (uint32_t)((pc * 0x9e3779b97f4a7c15ull) >> 40) & (PLACES - 1);

	/* The trap comes after an instruction and names the next one, so each is
	 * noted once.  The same place twice in a row is a rep prefix going round. */
	if (pc == before || (pc >= own_begin && pc < own_end))
		return;
	before = pc;
	while (place[i].count && place[i].pc != pc)
		i = (i + 1) & (PLACES - 1);
	place[i].pc = pc;
	place[i].count++;
}

static void write_maps(FILE *out)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[1024];

	while (maps && fgets(line, sizeof(line), maps))
		fprintf(out, "map %s", line);
	if (maps)
		fclose(maps);
}

static void write_out(void)
{
	const char *path = getenv("BENCH_COUNT");
	FILE *out = path ? fopen(path, "we") : NULL;

	if (!out)
		return;
	write_maps(out);
	for (uint32_t i = 0; i < PLACES; i++)
		if (place[i].count)
			fprintf(out, "%llx %llu\n", (unsigned long long)place[i].pc,
				(unsigned long long)place[i].count);
	fputs("end\n", out);
	fclose(out);
	memset(place, 0, sizeof(place));
}

static uint64_t real_now(void)
{
	struct timespec t;

	real_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * BILLION + (uint64_t)t.tv_nsec;
}

/* Processor time of this thread; in place, so that it does not count. */
static inline uint64_t used_now(void)
{
	struct timespec t;
	long rc;

	__asm__ volatile("syscall" : "=a"(rc)
			 : "a"(SYS_clock_gettime), "D"(CLOCK_THREAD_CPUTIME_ID), "S"(&t)
			 : "rcx", "r11", "memory");
	return (uint64_t)t.tv_sec * BILLION + (uint64_t)t.tv_nsec;
}

static void on_toggle(int number, siginfo_t *info, void *context)
{
	ucontext_t *u = context;

	counting = !counting;
	if (counting) {
		origin = real_now();
		used_before = used_now();
		u->uc_mcontext.gregs[REG_EFL] |= TRAP;
	} else {
		u->uc_mcontext.gregs[REG_EFL] &= ~TRAP;
		write_out();
	}
}

/* Where this library lies, so that it does not count itself. */
static void find_self(void)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long begin, end;

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx", &begin, &end) == 2 &&
		    (uintptr_t)find_self >= begin && (uintptr_t)find_self < end) {
			own_begin = begin;
			own_end = end;
		}
	if (maps)
		fclose(maps);
}

__attribute__((constructor)) static void begin(void)
{
	struct sigaction trap = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	struct sigaction toggle = { .sa_sigaction = on_toggle, .sa_flags = SA_SIGINFO | SA_RESTART };

	real_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	real_settime = (int (*)(int, int, const struct itimerspec *, struct itimerspec *))
		dlsym(RTLD_NEXT, "timerfd_settime");
	real_epoll = (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT, "epoll_wait");
	find_self();
	/* The programs that this one starts are no part of it. */
	unsetenv("LD_PRELOAD");
	sigaction(SIGTRAP, &trap, NULL);
	sigaction(SIGURG, &toggle, NULL);
}

/* ---- time ---- */

int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = real_gettime(id, t);
	uint64_t now;

	if (rc || id != CLOCK_MONOTONIC || !origin)
		return rc;
	now = origin + (used_now() - used_before) / SLOWER;
	t->tv_sec = (time_t)(now / BILLION);
	t->tv_nsec = (long)(now % BILLION);
	return 0;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *spec, struct itimerspec *old)
{
	uint64_t at = (uint64_t)spec->it_value.tv_sec * BILLION + (uint64_t)spec->it_value.tv_nsec;
	struct itimerspec slow = *spec;

	if (!origin || !at || (flags & TFD_TIMER_ABSTIME && at < origin))
		return real_settime(fd, flags, spec, old);
	if (flags & TFD_TIMER_ABSTIME)
		at = origin + (at - origin) * SLOWER;
	else
		at *= SLOWER;
	slow.it_value.tv_sec = (time_t)(at / BILLION);
	slow.it_value.tv_nsec = (long)(at % BILLION);
	return real_settime(fd, flags, &slow, old);
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	if (origin && timeout > 0)
		timeout = timeout > INT_MAX / (int)SLOWER ? INT_MAX : timeout * (int)SLOWER;
	return real_epoll(fd, events, max, timeout);
}
