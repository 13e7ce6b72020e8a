// SPDX-License-Identifier: MIT
/*
 * Plays lying backends to one guest and prints TAP.  Runs as domain 0 of a
 * loopback world: see backend.sh.
 *
 *	hostile-liar BOARD DOMID ATTACK...
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "liar.h"

#define ROUND_SECONDS   60

struct board *board;
bool quick;
static unsigned int results, failed;

void tap(bool good, const char *format, ...)
{
	va_list args;

	results++;
	failed += !good;
	printf("%sok %u - ", good ? "" : "not ", results);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static time_t seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

bool play_two(struct liar *l, struct liar *other, enum board_mode mode, uint32_t argument)
{
	time_t end = seconds() + ROUND_SECONDS;
	uint32_t round = board->go + 1;

	memset((void *)(uintptr_t)&board->step, 0, sizeof(*board) - offsetof(struct board, step));
	board->mode = mode;
	board->argument = argument;
	board->go = round;
	while (board->done < round) {
		if (seconds() > end)
			return false;
		liar_turn(l, other ? 0 : 1);
		if (other)
			liar_turn(other, 1);
	}
	return true;
}

bool play(struct liar *l, enum board_mode mode, uint32_t argument)
{
	if (play_two(l, NULL, mode, argument))
		return true;
	tap(false, "the guest ends the round (step %u)", board->step);
	exit(1);
}

bool honest(struct liar *l)
{
	liar_fresh(l);
	play(l, BOARD_JOBS, 1);
	return board->open_rc == 0 && board->worst_rc == 0 && board->jobs == 4 &&
	       board->ended == 4 && board->twice == 0 && board->status[XENCOPROC_OK] == 4 &&
	       board->query_rc == 0 && board->close_rc == 0;
}

static const struct {
	const char *name;
	void (*attack)(struct liar *l);
} attacks[] = {
	{ "rings", attack_rings },
	{ "states", attack_states },
	{ "less", attack_less },
	{ "stalls", attack_stalls },
	{ "nodes", attack_nodes },
	{ "pages", attack_pages },
	{ "storms", attack_storms },
	{ "reconnects", attack_reconnects },
};

int main(int argc, char **argv)
{
	int fd = argc > 3 ? open(argv[1], O_RDWR) : -1;
	static struct liar liar;

	board = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED,
					   fd, 0);
	if (board == MAP_FAILED) {
		fprintf(stderr, "usage: hostile-liar BOARD DOMID ATTACK...\n");
		return 2;
	}
	quick = getenv("SAN") && *getenv("SAN");
	liar_open(&liar, (uint32_t)atoi(argv[2]), 0);
	tap(honest(&liar), "an honest backend, to begin with (open %d, %s)", board->open_rc, board->reason);
	for (int i = 3; i < argc; i++)
		for (size_t a = 0; a < sizeof(attacks) / sizeof(attacks[0]); a++)
			if (!strcmp(argv[i], attacks[a].name))
				attacks[a].attack(&liar);
	tap(honest(&liar), "and an honest one, at the end");
	board->mode = BOARD_QUIT;
	board->go++;
	printf("1..%u\n", results);
	return failed ? 1 : 0;
}
