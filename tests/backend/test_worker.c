/* SPDX-License-Identifier: MIT */
/*
 * Worker processes, well and badly behaved: each call is answered once, each
 * death is told once, nothing is left behind.
 */
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/worker.h"
#include "tests/backend/double.h"
#include "tests/unit/tap.h"

static struct event_base *base;
static char program[4096];
static struct worker *worker;
static int readies, gones, answers, nulls;
static char gone_why[80];
static uint64_t results[8192];

static void on_ready(void *owner, const struct worker_reply *hello)
{
	readies++;
	ck_assert_str_eq(hello->u.hello.kind, "double");
}

static void on_gone(void *owner, const char *why)
{
	gones++;
	snprintf(gone_why, sizeof(gone_why), "%s", why);
}

static const struct worker_events events = { .ready = on_ready, .gone = on_gone };

/* @arg is where the result goes: each may be filled once. */
static void on_answer(void *owner, void *arg, const struct worker_reply *reply)
{
	uint64_t *result = arg;

	ck_assert_uint_eq(*result, 0);
	answers++;
	nulls += !reply;
	*result = reply ? reply->result + 1 : UINT64_MAX;
}

static void setup(void)
{
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 32);

	ck_assert_int_gt(n, 0);
	program[n] = '\0';
	strcpy(strrchr(program, '/') + 1, "backend-worker-double");
	base = event_base_new();
	readies = gones = answers = nulls = 0;
	memset(results, 0, sizeof(results));
	worker = NULL;
}

static void teardown(void)
{
	worker_free(worker);
	event_base_free(base);
	/* Neither running nor a zombie: this process has no child left. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}

static void start(enum double_kind kind)
{
	struct worker_options options = {
		.program = program, .domain = kind, .uid = 1234, .memory_limit = 1 << 20,
	};

	worker = worker_start(base, &options, &events, NULL);
	ck_assert_msg(worker, "%s: %s", program, strerror(errno));
}

/* Turns of the loop until *what is at least so many, or ten seconds. */
static bool until(const int *what, int count)
{
	struct timeval tick = { .tv_usec = 10000 };

	for (int i = 0; i < 1000 && *what < count; i++) {
		event_base_loopexit(base, &tick);
		event_base_dispatch(base);
	}
	return *what >= count;
}

static void for_a_while(int ms)
{
	struct timeval time = { .tv_usec = ms * 1000 };

	event_base_loopexit(base, &time);
	event_base_dispatch(base);
}

static void start_ready(enum double_kind kind)
{
	start(kind);
	ck_assert(until(&readies, 1));
}

static void call(struct worker_command command, int fd, uint64_t *result)
{
	ck_assert_int_eq(worker_call(worker, &command, fd, on_answer, result), 0);
}

static void ping(uint64_t *result)
{
	call((struct worker_command){ .type = WORKER_PING }, -1, result);
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int found = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		found++;
	closedir(dir);
	return found;
}

static int file_with(uint64_t word)
{
	int fd = memfd_create("word", MFD_CLOEXEC);

	ck_assert_int_eq(pwrite(fd, &word, sizeof(word), 0), sizeof(word));
	return fd;
}

/* ---- as it should be ---- */

START_TEST(commands_are_answered)
{
	struct worker_command run = { .type = WORKER_RUN, .u.run.immediate = 41 };
	struct worker_command map = { .type = WORKER_MAP, .u.map.count = WORKER_MAP_REFS };
	uint64_t sum = 0;

	for (uint32_t i = 0; i < WORKER_MAP_REFS; i++)
		sum += map.u.map.ref[i] = i * 7;
	start_ready(DOUBLE_GOOD);
	call(run, -1, &results[0]);
	call(map, -1, &results[1]);
	ping(&results[2]);
	ck_assert(until(&answers, 3));
	ck_assert_uint_eq(results[0] - 1, 41);
	ck_assert_uint_eq(results[1] - 1, sum);
	/* 0, 1, 2, the socket and the page: nothing of ours is inherited. */
	ck_assert_uint_eq(results[2] - 1, 5);
	ck_assert_int_eq(nulls, 0);
	ck_assert_int_eq(gones, 0);
}
END_TEST

START_TEST(descriptors_are_passed_and_kept)
{
	int fd = file_with(0x1122334455667788);

	start_ready(DOUBLE_GOOD);
	call((struct worker_command){ .type = WORKER_LOAD }, fd, &results[0]);
	call((struct worker_command){ .type = WORKER_CTX_CREATE }, -1, &results[1]);
	ck_assert(until(&answers, 2));
	ck_assert_uint_eq(results[0] - 1, 0x1122334455667788);
	ck_assert_uint_eq(results[1], 0);       /* ~0 + 1: none was passed */
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	close(fd);
}
END_TEST

/* Far more than a socket holds, each with a file of its own in between. */
START_TEST(commands_wait_for_room)
{
	static struct worker_command map = { .type = WORKER_MAP, .u.map.count = WORKER_MAP_REFS };
	int before = 0;

	start_ready(DOUBLE_SLOW);
	before = descriptors();
	for (int i = 0; i < 4000; i++) {
		int fd;

		map.u.map.ref[i % (int)WORKER_MAP_REFS] = (uint32_t)i;
		if (i % 100) {
			ck_assert_int_eq(worker_call(worker, &map, -1, on_answer, &results[i]), 0);
			continue;
		}
		fd = file_with(0xabc000 + (uint64_t)i);
		call((struct worker_command){ .type = WORKER_LOAD }, fd, &results[i]);
		close(fd);
	}
	ck_assert_int_lt(answers, 4000);
	ck_assert_int_gt(descriptors(), before);        /* or nothing had to wait */
	ck_assert(until(&answers, 4000));
	for (int i = 0; i < 4000; i += 100)
		ck_assert_uint_eq(results[i] - 1, 0xabc000 + (uint64_t)i);
	ck_assert_int_eq(nulls, 0);
	ck_assert_int_eq(descriptors(), before);
}
END_TEST

START_TEST(stopped_worker_stands_still)
{
	start_ready(DOUBLE_GOOD);
	worker_stop(worker);
	ck_assert(worker_stopped(worker));
	ping(&results[0]);
	for_a_while(100);
	ck_assert_int_eq(answers, 0);
	worker_stop(worker);            /* idempotent: one continue is enough */
	worker_continue(worker);
	ck_assert(!worker_stopped(worker));
	ck_assert(until(&answers, 1));
	worker_continue(worker);
	ck_assert_int_eq(gones, 0);
}
END_TEST

START_TEST(stopped_worker_can_be_killed)
{
	start_ready(DOUBLE_GOOD);
	worker_stop(worker);
	ping(&results[0]);
	worker_kill(worker);
	ck_assert(until(&gones, 1));
	ck_assert_str_eq(gone_why, "signal 9");
	ck_assert_int_eq(nulls, 1);
}
END_TEST

/* ---- no memory, no descriptors ---- */

static int mallocs_left = -1;   /* of our own code's; -1: as many as it wants */

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
	if (mallocs_left == 0) {
		errno = ENOMEM;
		return NULL;
	}
	mallocs_left -= mallocs_left > 0;
	return __real_malloc(n);
}

/* A worker that reads nothing, until a command has to wait: what more is asked
 * is refused or kept, never half of it. */
START_TEST(refused_beside_a_full_socket)
{
	struct worker_command load = { .type = WORKER_LOAD }, run = { .type = WORKER_RUN };
	struct rlimit limit, little;
	int fd = file_with(7), before, sent = 0, rc;

	start_ready(DOUBLE_GOOD);
	worker_stop(worker);
	call(run, -1, &results[8000]);
	ck_assert_uint_eq(worker_owes(worker), 0);      /* jobs have limits of their own */
	before = descriptors();
	while (descriptors() == before) {
		ck_assert_int_lt(sent, 8000);
		call(load, fd, &results[sent++]);
	}
	ck_assert_uint_eq(worker_owes(worker), 2);      /* the oldest that is no job */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	little = limit;
	little.rlim_cur = 10;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &little), 0);
	ck_assert_int_eq(worker_call(worker, &load, fd, on_answer, &results[8001]), -ENOMEM);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int n = 0; n < 2; n++) {
		mallocs_left = n;
		rc = worker_call(worker, &load, fd, on_answer, &results[8001]);
		mallocs_left = -1;      /* libcheck wants some, too */
		ck_assert_int_eq(rc, -ENOMEM);
	}
	ck_assert_int_eq(descriptors(), before + 1);
	if (_i) {       /* freed as it is, with what waits */
		worker_free(worker);
		worker = NULL;
		ck_assert_int_lt(descriptors(), before);
		ck_assert_int_eq(answers, 0);
	} else {        /* or it goes on: what was refused was never sent */
		worker_continue(worker);
		ck_assert(until(&answers, sent + 1));
		for_a_while(50);
		ck_assert_int_eq(answers, sent + 1);
		ck_assert_int_eq(nulls, 0);
		ck_assert_int_eq(descriptors(), before);
	}
	close(fd);
}
END_TEST

/* ---- deaths ---- */

/* It is dead, and the loop has not looked yet. */
START_TEST(called_after_its_death)
{
	siginfo_t info;
	uint64_t alive;

	start_ready(DOUBLE_GOOD);
	alive = worker_cpu_ns(worker);
	ck_assert_uint_lt(alive, 5000000000ull);
	kill(worker_pid(worker), SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)worker_pid(worker), &info, WEXITED | WNOWAIT), 0);
	ping(&results[0]);
	ck_assert_int_eq(answers, 0);
	ck_assert(until(&gones, 1));
	ck_assert_int_eq(answers, 1);
	ck_assert_int_eq(nulls, 1);
	ck_assert(!worker_distrusted(worker));
	/* Its clock is gone with it: by then any grace is over. */
	ck_assert_uint_gt(worker_cpu_ns(worker), alive);
}
END_TEST

START_TEST(death_answers_each_call_once)
{
	static struct worker_command map = { .type = WORKER_MAP, .u.map.count = WORKER_MAP_REFS };

	start_ready(DOUBLE_SLOW);
	for (int i = 0; i < 2000; i++)
		ck_assert_int_eq(worker_call(worker, &map, -1, on_answer, &results[i]), 0);
	kill(worker_pid(worker), SIGKILL);
	ck_assert(until(&gones, 1));
	ck_assert_int_eq(answers, 2000);
	ck_assert_int_eq(nulls, 2000);
	for_a_while(50);
	ck_assert_int_eq(gones, 1);
	/* And whoever calls it still, in its last moment, loses nothing. */
	ck_assert_int_eq(waitpid(worker_pid(worker), NULL, WNOHANG), -1);
}
END_TEST

/* More replies than one turn of the loop reads. */
START_TEST(last_words_count)
{
	start_ready(DOUBLE_LAST_WORDS);
	worker_stop(worker);
	for (int i = 0; i < 100; i++)
		ping(&results[i]);
	worker_continue(worker);
	/* The loop sees nothing until all is said and the worker is dead. */
	usleep(300000);
	ck_assert(until(&gones, 1));
	ck_assert_str_eq(gone_why, "exit status 6");
	ck_assert_int_eq(answers, 100);
	ck_assert_int_eq(nulls, 0);
}
END_TEST

static const struct {
	enum double_kind kind;
	int readies;
	const char *why;
	bool ping;
	int nulls;
} bad[] = {
	{ DOUBLE_GARBAGE, 0, "signal 9", false, 0 },
	{ DOUBLE_SHORT, 0, "signal 9", false, 0 },
	{ DOUBLE_LONG, 0, "signal 9", false, 0 },
	{ DOUBLE_EMPTY, 0, "signal 9", false, 0 },
	{ DOUBLE_OLD, 0, "signal 9", false, 0 },
	{ DOUBLE_FLOOD, 1, "signal 9", false, 0 },
	{ DOUBLE_CLOSE, 0, "signal 9", false, 0 },
	{ DOUBLE_EXIT, 0, "exit status 3", false, 0 },
	{ DOUBLE_ABORT, 0, "signal 6", false, 0 },
	{ DOUBLE_HELLO_TWICE, 1, "signal 9", false, 0 },
	{ DOUBLE_UNKNOWN, 1, "signal 9", true, 2 },
	{ DOUBLE_TWICE, 1, "signal 9", true, 1 },
	{ DOUBLE_BAD_OUTCOME, 1, "signal 9", true, 2 },
	{ DOUBLE_BAD_STATUS, 1, "signal 9", true, 2 },
	{ DOUBLE_DIE, 1, "exit status 5", true, 2 },
};

#define BAD ((int)(sizeof(bad) / sizeof(bad[0])))

START_TEST(bad_worker_is_ended)
{
	start(bad[_i].kind);
	if (bad[_i].ping) {
		ck_assert(until(&readies, 1));
		ping(&results[0]);
		call((struct worker_command){ .type = WORKER_UNMAP }, -1, &results[1]);
	}
	ck_assert(until(&gones, 1));
	ck_assert_str_eq(gone_why, bad[_i].why);
	ck_assert_int_eq(readies, bad[_i].readies);
	ck_assert_int_eq(answers, bad[_i].ping ? 2 : 0);
	ck_assert_int_eq(nulls, bad[_i].nulls);
}
END_TEST

/* Nobody waits for it here: that is for the one who started it. */
START_TEST(silent_worker_can_be_abandoned)
{
	start(DOUBLE_SILENT);
	for_a_while(50);
	ck_assert_int_eq(readies + gones, 0);
}
END_TEST

START_TEST(program_that_is_missing)
{
	strcpy(program, "/nonexistent/engine");
	start(DOUBLE_GOOD);
	ck_assert(until(&gones, 1));
	ck_assert_str_eq(gone_why, "exit status 127");
	ck_assert_int_eq(readies, 0);
}
END_TEST

/* ---- nothing left behind ---- */

START_TEST(nothing_leaks)
{
	int before = 0;

	for (int cycle = 0; cycle < 210; cycle++) {
		int fd = file_with(1);

		if (cycle == 10)
			before = descriptors();
		readies = gones = 0;
		start(cycle % 3 ? DOUBLE_GOOD : DOUBLE_SLOW);
		if (cycle % 5)
			ck_assert(until(&readies, 1));
		for (int i = 0; i < 5; i++) {
			results[i] = 0;
			call((struct worker_command){ .type = WORKER_LOAD }, fd, &results[i]);
		}
		close(fd);
		if (cycle % 2) {
			worker_kill(worker);
			ck_assert(until(&gones, 1));
		}
		worker_free(worker);
		worker = NULL;
	}
	ck_assert_int_eq(descriptors(), before - 1);    /* it counted fd, too */
}
END_TEST

/* Out of descriptors at any point of the start: refused, and nothing left. */
START_TEST(start_without_descriptors)
{
	struct worker_options options = { .program = program, .domain = DOUBLE_GOOD };
	int before = descriptors(), lowest = dup(0), refused = 0;
	struct rlimit limit, little;

	close(lowest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	for (rlim_t more = 0; more < 8; more++) {
		little = limit;
		little.rlim_cur = (rlim_t)lowest + more;
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &little), 0);
		worker = worker_start(base, &options, &events, NULL);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		refused += !worker;
		worker_free(worker);
		worker = NULL;
		ck_assert_int_eq(descriptors(), before);
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	}
	ck_assert_int_ge(refused, 4);
	ck_assert_int_lt(refused, 8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backend-worker");
	TCase *tc = tcase_create("worker");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, commands_are_answered);
	tcase_add_test(tc, descriptors_are_passed_and_kept);
	tcase_add_test(tc, commands_wait_for_room);
	tcase_add_test(tc, stopped_worker_stands_still);
	tcase_add_test(tc, stopped_worker_can_be_killed);
	tcase_add_loop_test(tc, refused_beside_a_full_socket, 0, 2);
	tcase_add_test(tc, called_after_its_death);
	tcase_add_test(tc, death_answers_each_call_once);
	tcase_add_test(tc, last_words_count);
	tcase_add_loop_test(tc, bad_worker_is_ended, 0, BAD);
	tcase_add_test(tc, silent_worker_can_be_abandoned);
	tcase_add_test(tc, program_that_is_missing);
	tcase_add_test(tc, nothing_leaks);
	tcase_add_test(tc, start_without_descriptors);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
