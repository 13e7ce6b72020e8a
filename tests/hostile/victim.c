/* SPDX-License-Identifier: MIT */
/*
 * The guest that lying backends lie to: plays rounds through libcoproc, as the
 * board says, and writes down how each call ended and how long it took.
 *
 *	hostile-victim BOARD
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "frontend/user/coproc.h"

/* Each call has this long, and beyond that what a busy machine takes.  One that was
 * late by less may have been so by chance, and is so again and again if it waits for
 * ten times as long as it was told: who looks at that plays ten rounds. */
#define SHORT_MS        100u
#define LATE_MS         600u
#define NOISE_MS        4000u

static struct board *board;
static const char image[16] = "\177ELF and no more";

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static uint64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000u +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* ---- calls, timed ---- */

static uint64_t began;

/* Notes how a call ended that may take @turns of its timeout. */
static int called(const char *name, int rc, unsigned int turns)
{
	uint32_t ms = (uint32_t)((now_us() - began) / 1000u);

	if (ms > board->slowest_ms) {
		board->slowest_ms = ms;
		snprintf(board->slowest, sizeof(board->slowest), "%s", name);
	}
	board->late += ms > turns * SHORT_MS + LATE_MS;
	board->over += ms > turns * SHORT_MS + NOISE_MS;
	if (rc < 0 && !board->worst_rc)
		board->worst_rc = rc;
	return rc;
}

#define CALL(name, turns, ...) (began = now_us(), called(#name, name(__VA_ARGS__), turns))

static bool short_mode(void)
{
	return board->mode == BOARD_CALLS || board->mode == BOARD_AGAIN;
}

static int open_device(struct coproc_device **device, int index, uint32_t flags)
{
	struct coproc_options options;

	coproc_options_init(&options);
	options.index = index;
	options.flags = flags;
	options.connect_timeout_ms = short_mode() ? SHORT_MS : 10000;
	options.control_timeout_ms = short_mode() ? SHORT_MS : 5000;
	options.load_timeout_ms = short_mode() ? SHORT_MS : 10000;
	options.wait_timeout_ms = short_mode() ? SHORT_MS : 5000;
	options.close_timeout_ms = short_mode() ? SHORT_MS : 5000;
	options.reason = board->reason;
	options.reason_size = sizeof(board->reason);
	*device = NULL;
	began = now_us();
	/* Opening that fails closes too. */
	board->open_rc = called("coproc_open", coproc_open(&options, device),
				short_mode() ? 3 : 40);
	return board->open_rc;
}

static void close_device(struct coproc_device *device)
{
	struct coproc_stats stats;

	coproc_stats(device, &stats);
	board->received = stats.received;
	board->spurious = stats.spurious;
	board->state = coproc_state(device);
	if (*coproc_lost_reason(device))
		snprintf(board->reason, sizeof(board->reason), "%s", coproc_lost_reason(device));
	board->unconfirmed = stats.pages_unconfirmed;
	board->leaked = stats.pages_leaked;
	board->pages = stats.pages;
	began = now_us();
	board->close_rc = coproc_close(device, COPROC_DEFAULT);
	called("coproc_close", 0, 2);
}

static void ended(const struct coproc_done *done, int n, uint64_t *seen)
{
	for (int i = 0; i < n; i++) {
		board->ended++;
		board->twice += (*seen >> done[i].cookie) & 1;
		*seen |= 1ull << done[i].cookie;
		board->status[done[i].status < 32 ? done[i].status : 31]++;
	}
}

/* ---- the rounds ---- */

struct made {
	struct coproc_device *device;
	struct coproc_context *context;
	struct coproc_firmware *firmware;
	struct coproc_queue *queue;
	uint64_t cookie;        /* of the next job: none is used again, jobs may end in a later call */
	uint64_t seen;          /* cookies that ended */
};

static int make(struct made *m)
{
	int rc = CALL(coproc_context_create, 1, m->device, &m->context);

	if (rc == 0)
		rc = CALL(coproc_firmware_load, 2, m->device, image, sizeof(image),
			  XENCOPROC_FW_KIND_ELF, &m->firmware);
	if (rc == 0)
		rc = CALL(coproc_queue_open, 1, m->device, XENCOPROC_CLASS_NORMAL, 32, &m->queue);
	return rc;
}

static void jobs(struct made *m, unsigned int count)
{
	struct coproc_job job = { .context = m->context, .firmware = m->firmware, .entry = 1 };
	struct coproc_done done[8];
	int n;

	for (unsigned int i = 0; i < count; i++) {
		job.cookie = m->cookie++ % 64;
		m->seen &= ~(1ull << job.cookie);       /* BOARD_STAY: the one of 64 jobs ago */
		board->jobs += CALL(coproc_submit, 1, m->queue, &job, 1, NULL) == 1;
	}
	board->step = 1;
	if (board->argument) {
		uint64_t value;

		board->query_rc = (uint32_t)CALL(coproc_query, 1, m->device, XENCOPROC_QUERY_DEVICE,
						 NULL, &value);
	}
	do {
		n = CALL(coproc_wait_any, 1, m->queue, done, 8, COPROC_DEFAULT);
		ended(done, n, &m->seen);
	} while (n > 0);
	if (n == -ENOENT && board->worst_rc == -ENOENT)
		board->worst_rc = 0;    /* none is left: that is the end */
}

static void play_jobs(void)
{
	struct made m = { 0 };

	if (open_device(&m.device, 0, 0))
		return;
	if (make(&m) == 0)
		jobs(&m, 4);
	close_device(m.device);
}

static void play_open(void)
{
	struct coproc_device *device;
	struct coproc_info info;

	if (open_device(&device, 0, 0))
		return;
	coproc_info(device, &info);
	close_device(device);
}

/* What is left of the interface, with objects that may be there or not. */
static void other_calls(struct made *m)
{
	struct coproc_buffer *buffer = NULL;
	struct coproc_done done;
	struct coproc_event event;
	uint64_t value;

	CALL(coproc_buffer_create, 1, m->device, 8192, 3, &buffer);
	board->step = 2;
	if (m->context) {
		CALL(coproc_context_signal, 1, m->context, 5);
		CALL(coproc_context_wait, 1, m->context, 5, SHORT_MS);
	}
	if (m->queue && m->context && m->firmware) {
		struct coproc_job job = { .context = m->context, .firmware = m->firmware,
					  .entry = 9 };
		uint64_t id = 0;

		if (CALL(coproc_submit, 1, m->queue, &job, 1, &id) == 1) {
			board->jobs++;
			CALL(coproc_cancel, 1, m->queue, id);
			board->ended += CALL(coproc_wait, 1, m->queue, id, SHORT_MS, &done) == 0;
		}
		CALL(coproc_cancel_all, 1, m->queue);
	}
	CALL(coproc_query, 1, m->device, XENCOPROC_QUERY_EVENTS_LOST, NULL, &value);
	CALL(coproc_dispatch, 1, m->device);
	while (coproc_read_event(m->device, &event) == 1)
		;
	board->step = 3;
	coproc_buffer_destroy(buffer);
	coproc_context_destroy(m->context);
	coproc_firmware_unload(m->firmware);
	coproc_queue_close(m->queue);
	CALL(coproc_settle, 1, m->device, SHORT_MS);
	CALL(coproc_wait_connected, 1, m->device, SHORT_MS);
	CALL(coproc_dispatch, 1, m->device);
}

static void play_calls(void)
{
	struct made m = { 0 };

	if (open_device(&m.device, 0, 0))
		return;
	if (make(&m) == 0)
		jobs(&m, 2);
	other_calls(&m);
	board->step = 4;
	close_device(m.device);
}

/* The same, when there was time for another backend in between. */
static void play_again(void)
{
	struct made m = { 0 };

	if (open_device(&m.device, 0, 0))
		return;
	if (make(&m) == 0) {
		jobs(&m, 2);
		board->again_rc = CALL(coproc_wait_connected, 20, m.device, 20 * SHORT_MS);
		jobs(&m, 2);
	}
	other_calls(&m);
	board->step = 4;
	close_device(m.device);
}

/* A heap of which every page that comes back to the system was dirty. */
static void dirty(void)
{
	enum { PIECES = 256 };
	static void *piece[PIECES];

	for (unsigned int i = 0; i < PIECES; i++) {
		size_t size = (i % 2 ? 200u : 64u) << 10;       /* below and above mmap's threshold */

		piece[i] = malloc(size);
		if (piece[i])
			memset(piece[i], BOARD_DIRT, size);
	}
	for (unsigned int i = 0; i < PIECES; i++)
		free(piece[i]);
}

static struct coproc_buffer *buffer_full_of(struct coproc_device *device, size_t bytes, int what)
{
	struct coproc_buffer *buffer = NULL;

	if (CALL(coproc_buffer_create, 1, device, bytes, 3, &buffer))
		return NULL;
	memset(coproc_buffer_data(buffer), what, bytes);
	return buffer;
}

/* Pages that the liar keeps, then others that it must not see in them. */
static void play_pages(void)
{
	struct coproc_buffer *later[8] = { NULL };
	struct coproc_buffer *buffer;
	struct made m = { 0 };

	dirty();
	if (open_device(&m.device, 0, 0))
		return;
	if (make(&m) == 0) {
		jobs(&m, 4);
		buffer = buffer_full_of(m.device, 32768, BOARD_SECRET);
		coproc_buffer_destroy(buffer);
		CALL(coproc_settle, 1, m.device, 2000);
		dirty();
		for (unsigned int i = 0; i < 8; i++)
			later[i] = buffer_full_of(m.device, 32768, BOARD_LATER);
		board->step = 5;        /* the liar looks at what it kept */
		for (unsigned int i = 0; i < 8; i++)
			coproc_buffer_destroy(later[i]);
		CALL(coproc_settle, 1, m.device, 2000);
	}
	close_device(m.device);
}

/* ---- storms ---- */

static void play_listen(void)
{
	struct coproc_device *device;
	struct coproc_event event;
	uint64_t end, cpu;

	if (open_device(&device, 0, 0))
		return;
	board->step = 1;
	end = now_us() + board->argument * 1000ull;
	cpu = cpu_us();
	board->wall_us = now_us();
	while (now_us() < end) {
		struct pollfd p = { .fd = coproc_fd(device), .events = POLLIN };

		poll(&p, 1, 50);
		coproc_dispatch(device);
		while (coproc_read_event(device, &event) == 1)
			;       /* unread ones keep the descriptor readable */
		board->dispatches++;
	}
	board->wall_us = now_us() - board->wall_us;
	board->cpu_us = cpu_us() - cpu;
	close_device(device);
}

/* The liar storms in the first half of each second of the monotonic clock. */
static void count_job(uint64_t at)
{
	uint64_t in = at % 1000000u;

	board->rate_stormed += in >= 50000 && in < 480000;
	board->rate_calm += in >= 550000 && in < 980000;
}

static void play_beside(void)
{
	struct coproc_device *stormed;
	struct made m = { 0 };
	struct coproc_done done;
	uint64_t end;

	if (open_device(&stormed, 0, 0))
		return;
	if (open_device(&m.device, 1, 0) == 0 && make(&m) == 0) {
		struct coproc_job job = { .context = m.context, .firmware = m.firmware, .entry = 1 };
		uint64_t id;

		board->step = 1;
		end = now_us() + board->argument * 1000ull;
		while (now_us() < end) {
			struct pollfd p = { .fd = coproc_fd(stormed), .events = POLLIN };

			if (coproc_submit(m.queue, &job, 1, &id) != 1 ||
			    coproc_wait(m.queue, id, 5000, &done) || done.status != XENCOPROC_OK)
				break;
			board->jobs++;
			count_job(now_us());
			if (poll(&p, 1, 0) > 0)
				coproc_dispatch(stormed);
		}
		board->worst_rc = now_us() < end ? -EIO : 0;
	}
	if (m.device)
		close_device(m.device);
	close_device(stormed);
}

/* ---- one handle, many backends ---- */

static unsigned int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n - 3;           /* ".", ".." and its own */
}

static uint64_t heap_in_use(void)
{
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static void play_stay(void)
{
	struct made m = { 0 };
	struct coproc_stats stats = { 0 };
	uint64_t end = now_us() + 55000000u;

	if (open_device(&m.device, 0, 0))
		return;
	if (make(&m) == 0)
		while (stats.connections < board->argument && now_us() < end) {
			coproc_wait_connected(m.device, 5000);
			if (coproc_queue_room(m.queue) == 32)
				jobs(&m, 4);
			coproc_stats(m.device, &stats);
			if (stats.connections > board->argument / 10 && !board->heap_early &&
			    coproc_wait_connected(m.device, 5000) == 0 &&
			    coproc_settle(m.device, 5000) == 0) {
				coproc_stats(m.device, &stats);
				board->descriptors_early = descriptors();
				board->pages_early = stats.pages;
				board->heap_early = heap_in_use();
			}
		}
	coproc_wait_connected(m.device, 5000);
	coproc_settle(m.device, 5000);
	coproc_stats(m.device, &stats);
	board->connections = (uint32_t)stats.connections;
	board->descriptors_end = descriptors();
	board->pages_end = stats.pages;
	board->heap_end = heap_in_use();
	close_device(m.device);
}

/* ---- the board ---- */

static void play(void)
{
	static void (*const rounds[])(void) = {
		[BOARD_OPEN] = play_open, [BOARD_JOBS] = play_jobs, [BOARD_CALLS] = play_calls,
		[BOARD_PAGES] = play_pages, [BOARD_LISTEN] = play_listen,
		[BOARD_BESIDE] = play_beside, [BOARD_STAY] = play_stay,
		[BOARD_AGAIN] = play_again,
	};

	rounds[board->mode]();
	board->descriptors = descriptors();
	board->heap = heap_in_use();
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;

	board = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED,
					   fd, 0);
	if (board == MAP_FAILED) {
		perror("hostile-victim: board");
		return 2;
	}
	for (uint32_t round = 1;; round++) {
		while (board->go < round)
			usleep(1000);
		if (board->mode == BOARD_QUIT)
			return 0;
		play();
		board->done = round;
	}
}
