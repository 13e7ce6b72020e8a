// SPDX-License-Identifier: MIT
/*
 * B3: storms of notifications.  The guest's processor time is bounded, and a
 * device of another backend in the same process keeps its rate.
 *
 * B7: a thousand connections, each ended by a lie or by the backend's death.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "liar.h"
#include "libcoproc-ring/wire.h"

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static pid_t storm;

/* From a process of its own, so that the liar's time is not spent on it; at the
 * lowest priority, so that what it costs is what the guest does because of it. */
static void storm_begin(struct liar *l, bool halves)
{
	storm = fork();
	if (storm)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpriority(PRIO_PROCESS, 0, 19);
	for (;;) {
		if (halves && now_us() % 1000000u >= 500000u)
			usleep(1000);
		else
			xenevtchn_notify(l->evtchn, l->port);
	}
}

static void storm_end(void)
{
	kill(storm, SIGKILL);
	waitpid(storm, NULL, 0);
	storm = 0;
}

static bool halves;

static void when_listening(struct liar *l)
{
	if (!storm && board->step == 1)
		storm_begin(l, halves);
}

static bool beside(struct liar *l, struct liar *other, uint32_t ms)
{
	liar_fresh(l);
	liar_fresh(other);
	l->turn = when_listening;
	halves = true;
	if (!play_two(l, other, BOARD_BESIDE, ms))
		return false;
	storm_end();
	printf("# %u jobs of the other device in the stormed halves of seconds, %u in the calm ones, "
	       "%llu notifications\n", board->rate_stormed, board->rate_calm,
	       (unsigned long long)board->received);
	return board->worst_rc == 0 && board->rate_calm >= 50 &&
	       board->rate_stormed * 10ull >= board->rate_calm * 9ull;
}

void attack_storms(struct liar *l)
{
	static struct liar other;
	bool good = false, listened = false;

	halves = false;
	for (uint32_t ms = 3000; ms <= 24000 && !listened; ms *= 2) {
		liar_fresh(l);
		l->turn = when_listening;
		play(l, BOARD_LISTEN, ms);
		storm_end();
		listened = board->received > 60 && board->cpu_us * 5 <= board->wall_us;
	}
	printf("# the guest was woken %llu times\n", (unsigned long long)board->dispatches);
	tap(listened,
	    "B3: a storm of %llu notifications heard, %llu spurious, costs %llu ms of %llu",
	    (unsigned long long)board->received, (unsigned long long)board->spurious,
	    (unsigned long long)board->cpu_us / 1000, (unsigned long long)board->wall_us / 1000);
	liar_open(&other, l->domid, 1);
	/* A ratio inside one run; again where something else held up one half. */
	for (int i = 0; i < 8 && !good; i++)
		good = beside(l, &other, 3000u << (i < 3 ? i : 3));
	tap(good, "B3: another device of the same process keeps nine tenths of its rate");
	liar_unmap(&other);
	tap(honest(l), "B3: an honest backend is served as before");
}

/* ---- B7 ---- */

static unsigned int turns;

static void cheat(struct liar *l)
{
	struct xencoproc_cqe wrong = { .id = ~0ull, .slot = wire16(0) };

	if (l->nheld < 4)
		return;
	switch (turns++ % 4) {
	case 0:
		liar_forge(l, 1, &wrong);
		break;
	case 1:
		liar_forge(l, 0, &wrong);
		break;
	case 2:
		coproc_store_release(&l->be[3].index, wire32(0x80000000));
		liar_notify(l);
		break;
	default:
		liar_state(l, "6");
		break;
	}
	l->nheld = 0;
}

static enum liar_does hold_jobs(struct liar *l, uint32_t queue, const struct coproc_request *r)
{
	return r->op == XENCOPROC_OP_JOB ? LIAR_HOLD : LIAR_HONEST;
}

/* In place: a successor each time, and the guest connects again by itself. */
static void die(struct liar *l)
{
	if (l->nheld < 4)
		return;
	liar_fresh(l);
	l->request = hold_jobs;
	l->turn = die;
}

static void flat(struct liar *l, unsigned int rounds)
{
	unsigned int descriptors = 0, wrong = 0;
	uint64_t heap = 0;

	for (unsigned int i = 0; i < rounds; i++) {
		liar_fresh(l);
		l->request = hold_jobs;
		l->turn = cheat;
		play(l, BOARD_JOBS, 0);
		wrong += board->ended != 4 || board->twice || board->status[XENCOPROC_LOST] != 4;
		if (i == rounds / 10) {
			descriptors = board->descriptors;
			heap = board->heap;
		}
	}
	tap(!wrong, "B7: each job of %u connections that lies ended was LOST, once", rounds);
	tap(board->descriptors <= descriptors && board->heap <= heap + 16384,
	    "B7: descriptors %u, then %u; heap %llu bytes, then %llu", descriptors, board->descriptors,
	    (unsigned long long)heap, (unsigned long long)board->heap);
}

void attack_reconnects(struct liar *l)
{
	unsigned int rounds = quick ? 60 : 500;

	flat(l, rounds);
	liar_fresh(l);
	l->request = hold_jobs;
	l->turn = die;
	play(l, BOARD_STAY, rounds);
	tap(board->ended == board->jobs && !board->twice && board->connections >= rounds,
	    "B7: %u reconnections of one handle, %u jobs, each LOST or done once", board->connections,
	    board->jobs);
	tap(board->descriptors_end <= board->descriptors_early && board->heap_end <= board->heap_early + 16384,
	    "B7: descriptors %u, then %u; heap %llu bytes, then %llu", board->descriptors_early,
	    board->descriptors_end, (unsigned long long)board->heap_early,
	    (unsigned long long)board->heap_end);
	tap(board->pages_end <= board->pages_early, "B7: %llu pages granted, then %llu",
	    (unsigned long long)board->pages_early, (unsigned long long)board->pages_end);
	tap(honest(l), "B7: an honest backend is served as before");
}
