/* SPDX-License-Identifier: MIT */
/*
 * Where a process's main thread sleeps, looked at some thousand times a second
 * until SIGTERM.
 *
 *	hostile-sleeps PID
 *
 * Then a line for each system call in which it was seen asleep, the waiting for
 * events apart: what it is, how often, and the longest stretch.  `sleep` is one
 * that ends by time alone, `wait` one that ends when somebody else does something.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EVERY_US        100u
#define CALLS           512

static volatile sig_atomic_t ended;

static struct {
	unsigned long seen;
	uint64_t longest_us;
} call[CALLS];

static void on_term(int number)
{
	ended = number;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static bool is_for_events(long number)
{
#ifdef SYS_epoll_wait
	if (number == SYS_epoll_wait)
		return true;
#endif
	return number == SYS_epoll_pwait || number == SYS_epoll_pwait2;
}

static bool is_by_time(long number)
{
#ifdef SYS_pause
	if (number == SYS_pause)
		return true;
#endif
	return number == SYS_nanosleep || number == SYS_clock_nanosleep || number == SYS_rt_sigtimedwait ||
	       number == SYS_rt_sigsuspend;
}

/* One look: its line is the same for as long as it stands in one call. */
static void look(const char *line, char *last, size_t size, uint64_t *since)
{
	long number = strtol(line, NULL, 10);
	uint64_t now = now_us();

	/* "running", or "-1" and no call at all. */
	if (*line < '0' || *line > '9' || number >= CALLS || is_for_events(number)) {
		*last = '\0';
		return;
	}
	if (strcmp(line, last)) {
		snprintf(last, size, "%s", line);
		*since = now;
	}
	call[number].seen++;
	if (now - *since > call[number].longest_us)
		call[number].longest_us = now - *since;
}

int main(int argc, char **argv)
{
	char path[64], line[256], last[256] = "";
	unsigned long looks = 0;
	uint64_t since = 0;
	ssize_t n = 1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/syscall", argc > 1 ? argv[1] : "");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		return 2;
	}
	signal(SIGTERM, on_term);
	while (!ended && n > 0) {
		n = pread(fd, line, sizeof(line) - 1, 0);
		line[n > 0 ? n : 0] = '\0';
		looks += n > 0;
		look(line, last, sizeof(last), &since);
		usleep(EVERY_US);
	}
	printf("looks %lu\n", looks);
	for (long number = 0; number < CALLS; number++)
		if (call[number].seen)
			printf("%s %ld seen=%lu longest_us=%llu\n", is_by_time(number) ? "sleep" : "wait", number,
			       call[number].seen, (unsigned long long)call[number].longest_us);
	return n > 0 ? 0 : 1;
}
