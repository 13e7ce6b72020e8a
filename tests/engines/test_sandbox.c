/* SPDX-License-Identifier: MIT */
/*
 * What is left to an engine that the guest has taken over: memory within its
 * limit, time, one socket, and grants of its own domain.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engines/evil.h"
#include "tests/engines/play.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"

static const struct play_options plain = { .domid = WORLD_DOMID };

static struct play evil, innocent;
static uint8_t *bank;

static void start_evil(struct play *p, const struct play_options *options)
{
	play_start(p, "engine-evil", options);
	ck_assert_uint_eq(play_load_bytes(p, 0, "x", 1).status, XENCOPROC_OK);
	bank = play_context(p, 0);
}

static void setup(void)
{
	play_start(&innocent, "coproc-engine-null", &plain);
	start_evil(&evil, &plain);
}

static void teardown(void)
{
	/* Whatever the evil one did, the other worker lives on. */
	ck_assert_uint_eq(play_ping(&innocent).outcome, WORKER_DONE);
	play_end(&innocent);
}

static struct worker_reply run(struct play *p, uint32_t entry, uint64_t immediate)
{
	struct play_job j = { .entry = entry, .immediate = immediate };

	return play_run(p, &j);
}

static void ends_by(uint32_t entry, int signal_number)
{
	struct play_job j = { .entry = entry };
	struct worker_reply r;
	int status;

	play_run_send(&evil, &j);
	ck_assert_msg(!play_receive(&evil, &r, PLAY_TIMEOUT_MS), "entry %u returned %lld", entry,
		      (long long)r.result);
	status = play_wait_end(&evil);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == signal_number,
		      "entry %u ended with 0x%x", entry, status);
}

START_TEST(the_engine_itself_works)
{
	struct worker_reply r = run(&evil, EVIL_NOTHING, 0);

	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	play_end(&evil);
}
END_TEST

START_TEST(forbidden_calls_kill)
{
	ends_by((uint32_t)_i, SIGSYS);
}
END_TEST

START_TEST(a_crash_is_its_own)
{
	ends_by(EVIL_CRASH, SIGSEGV);
}
END_TEST

START_TEST(read_only_grants_cannot_be_written)
{
	struct play_job j = { .entry = EVIL_WRITE, .operands = 1, .operand = {
		{ 0, XENCOPROC_ACCESS_READ, 0, 4 } } };
	struct worker_reply r;
	int status;

	/* The domain would allow writing; this buffer is registered for reading. */
	memset(world_pages, 0x22, 4096);
	ck_assert_uint_eq(play_map(&evil, 0, XENCOPROC_ACCESS_READ, 1, world_own.writable).status,
			  XENCOPROC_OK);
	play_run_send(&evil, &j);
	ck_assert(!play_receive(&evil, &r, PLAY_TIMEOUT_MS));
	status = play_wait_end(&evil);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	ck_assert_uint_eq(world_pages[0], 0x22);
}
END_TEST

START_TEST(grants_of_one_domain_only)
{
	uint64_t own = (uint64_t)WORLD_DOMID << 32 | world_own.writable[3];
	uint64_t other = (uint64_t)WORLD_OTHER << 32 | world_other.writable[3];

	ck_assert_int_eq((int64_t)run(&evil, EVIL_MAP, own).result, 0);
	ck_assert_int_lt((int64_t)run(&evil, EVIL_MAP, other).result, 0);
	ck_assert_int_eq((int64_t)run(&evil, EVIL_MAP, own).result, 0);
	play_end(&evil);
}
END_TEST

START_TEST(banks_are_scrubbed_before_the_reply)
{
	struct worker_reply r = run(&evil, EVIL_BANK, 0);

	ck_assert_uint_eq(r.status, XENCOPROC_FAULT);
	for (uint32_t i = 0; i < EVIL_BANK_BYTES; i++)
		ck_assert_uint_eq(bank[i], 0);
	play_end(&evil);
}
END_TEST

#ifndef __SANITIZE_ADDRESS__
START_TEST(memory_ends_at_its_limit)
{
	static const struct play_options limited = {
		.domid = WORLD_DOMID, .extra = { "--memory-limit", "67108864" } };
	struct worker_reply r;
	struct play p;

	start_evil(&p, &limited);
	r = run(&p, EVIL_MEMORY, 0);
	printf("# %llu MiB of 64 were to be had\n", (unsigned long long)r.result);
	ck_assert_uint_gt(r.result, 32);
	ck_assert_uint_le(r.result, 64);
	/* And the worker lives on with what it has. */
	ck_assert_uint_eq(play_ping(&p).outcome, WORKER_DONE);
	play_end(&p);
}
END_TEST
#endif

/* A line of /proc/PID/status without its name; static. */
static const char *status_of(pid_t pid, const char *name)
{
	static char line[256];
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, strlen(name)) || line[strlen(name)] != ':')
			continue;
		fclose(f);
		line[strcspn(line, "\n")] = '\0';
		return line + strlen(name) + 1 + strspn(line + strlen(name) + 1, " \t");
	}
	ck_abort_msg("no %s in %s", name, path);
	return NULL;
}

static int entries_of(pid_t pid, const char *what)
{
	char path[64];
	int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

START_TEST(seen_from_outside)
{
	static const char *const own[] = { "net", "ipc", "uts", "mnt", "cgroup" };

	ck_assert_str_eq(status_of(evil.pid, "CapEff"), "0000000000000000");
	ck_assert_str_eq(status_of(evil.pid, "CapPrm"), "0000000000000000");
	ck_assert_str_eq(status_of(evil.pid, "CapBnd"), "0000000000000000");
	ck_assert_str_eq(status_of(evil.pid, "NoNewPrivs"), "1");
	ck_assert_str_eq(status_of(evil.pid, "Seccomp"), "2");
	ck_assert_str_eq(status_of(evil.pid, "Threads"), "1");
	ck_assert_str_eq(status_of(evil.pid, "Groups"), "");
	if (geteuid() == 0)
		ck_assert_str_eq(status_of(evil.pid, "Uid"), "54321\t54321\t54321\t54321");
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		char path[64], theirs[64] = "", ours[64] = "";

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", evil.pid, own[i]);
		ck_assert(readlink(path, theirs, sizeof(theirs) - 1) > 0);
		snprintf(path, sizeof(path), "/proc/self/ns/%s", own[i]);
		ck_assert(readlink(path, ours, sizeof(ours) - 1) > 0);
		ck_assert_msg(strcmp(ours, theirs), "the %s namespace is the host's", own[i]);
	}
	ck_assert_int_eq(entries_of(evil.pid, "root"), 0);
	/* 0 to 3 and Xen's handle. */
	ck_assert_int_le(entries_of(evil.pid, "fd"), 5);
	play_end(&evil);
}
END_TEST

START_TEST(killed_and_started_again)
{
	kill(evil.pid, SIGKILL);
	play_wait_end(&evil);
	start_evil(&evil, &plain);
	ck_assert_uint_eq(run(&evil, EVIL_NOTHING, 0).status, XENCOPROC_OK);
	play_end(&evil);
}
END_TEST

/* Stopped, so that it cannot end by itself when the socket closes. */
START_TEST(dies_with_its_parent)
{
	int fds[2], status = 0;
	pid_t parent, worker;

	play_stop(&evil);
	ck_assert_int_eq(pipe(fds), 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	parent = fork();
	if (parent == 0) {
		struct play p;

		play_start(&p, "engine-evil", &plain);
		kill(p.pid, SIGSTOP);
		_exit(write(fds[1], &p.pid, sizeof(p.pid)) == sizeof(p.pid) ? 0 : 1);
	}
	ck_assert_int_eq(read(fds[0], &worker, sizeof(worker)), sizeof(worker));
	ck_assert_int_eq(waitpid(parent, &status, 0), parent);
	ck_assert_int_eq(waitpid(worker, &status, 0), worker);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

START_TEST(root_has_to_become_somebody)
{
	static const struct play_options as_root = { .domid = WORLD_DOMID, .no_uid = true };
	struct play p;

	play_stop(&evil);
	if (geteuid() != 0)
		return;
	ck_assert(!play_try_start(&p, "engine-evil", &as_root));
	ck_assert_int_eq(WEXITSTATUS(play_wait_end(&p)), 1);
	ck_assert(play_log_has(&p, "--uid"));
}
END_TEST

/* Everything above, in the form that an unprivileged coprocd would get. */
START_TEST(without_root_in_a_user_namespace)
{
	static const struct play_options unprivileged = {
		.domid = WORLD_DOMID, .no_uid = true, .as_uid = PLAY_UID };
	struct play p;

	play_stop(&evil);
	start_evil(&p, &unprivileged);
	ck_assert_str_eq(status_of(p.pid, "CapEff"), "0000000000000000");
	ck_assert_str_eq(status_of(p.pid, "Seccomp"), "2");
	ck_assert_int_eq(entries_of(p.pid, "root"), 0);
	ck_assert_uint_eq(run(&p, EVIL_NOTHING, 0).status, XENCOPROC_OK);
	play_end(&p);
}
END_TEST

/* The sanitizers may try to open files: that is refused without killing. */
#ifdef __SANITIZE_ADDRESS__
#define FIRST_KILLED    (EVIL_OPEN + 1)
#else
#define FIRST_KILLED    EVIL_OPEN
#endif

/* Whether another user can reach the build directory: not below a home that
 * is closed to others. */
static bool open_to_others(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	int status = 1;
	pid_t pid;

	if (n < 0)
		return false;
	path[n] = '\0';
	pid = fork();
	if (pid == 0)
		_exit(setresuid(PLAY_UID, PLAY_UID, PLAY_UID) || access(path, X_OK) ? 1 : 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

static Suite *suite(void)
{
	Suite *s = suite_create("engine-sandbox");
	TCase *t = tcase_create("evil");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_engine_itself_works);
	tcase_add_loop_test(t, forbidden_calls_kill, FIRST_KILLED, EVIL_KILLED_LAST + 1);
	tcase_add_test(t, a_crash_is_its_own);
	tcase_add_test(t, read_only_grants_cannot_be_written);
	tcase_add_test(t, grants_of_one_domain_only);
	tcase_add_test(t, banks_are_scrubbed_before_the_reply);
#ifndef __SANITIZE_ADDRESS__
	/* Its shadow memory leaves no room for a limit. */
	tcase_add_test(t, memory_ends_at_its_limit);
#endif
	tcase_add_test(t, seen_from_outside);
	tcase_add_test(t, killed_and_started_again);
	tcase_add_test(t, dies_with_its_parent);
	tcase_add_test(t, root_has_to_become_somebody);
	if (open_to_others())
		tcase_add_test(t, without_root_in_a_user_namespace);
	else
		puts("ok - without_root_in_a_user_namespace # SKIP other users cannot enter the "
		     "build directory");
	fflush(stdout);         /* or each test's process would say it again */
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
