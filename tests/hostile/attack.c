/* SPDX-License-Identifier: MIT */
/*
 *	hostile ATTACK [FIRMWARE | SECONDS]
 *	hostile pulse SECONDS ATTACK [...]
 *
 * pulse: the attack again and again for so long, stopped in every other quarter
 * of a second of the monotonic clock, so that one run shows what a neighbour
 * gets done under it, and without.  What the attack itself has to say counts
 * only if it says that it failed.
 */
#include "attack.h"

#include <signal.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

struct raw raw;

void connect_(void)
{
	if (!raw_connect(&raw)) {
		check(false, "connects (backend in %d, \"%s\")", raw_backend(&raw), raw_error(&raw));
		exit(1);
	}
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool flooding(double until, unsigned long done, unsigned long least)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (t.tv_nsec >= 500000000)
		usleep((useconds_t)((1000000000 - t.tv_nsec) / 1000));
	return done < least || now() < until;
}

const uint8_t *image(const char *path, uint32_t *length, uint8_t digest[32])
{
	static uint8_t bytes[1 << 20];
	FILE *in = fopen(path, "rb");

	*length = in ? (uint32_t)fread(bytes, 1, sizeof(bytes), in) : 0;
	if (in)
		fclose(in);
	if (!*length) {
		check(false, "no firmware %s", path);
		exit(1);
	}
	crypto_hash_sha256(digest, bytes, *length);
	return bytes;
}

void load(const char *path)
{
	uint8_t digest[32];
	uint32_t n;
	const uint8_t *bytes = image(path, &n, digest);
	void *at;

	if (raw_context(&raw, 0) || raw_context(&raw, 1) ||
	    raw_buffer(&raw, 0, (n + 4095) / 4096, XENCOPROC_ACCESS_READ, &at)) {
		check(false, "objects");
		exit(1);
	}
	memcpy(at, bytes, n);
	if (raw_firmware(&raw, 0, 0, n, digest)) {
		check(false, "firmware");
		exit(1);
	}
}

unsigned int all_queues(void)
{
	unsigned int count = 0;

	for (unsigned int q = 1; q < RAW_QUEUES; q++)
		count += raw_queue_open(&raw, q, XENCOPROC_CLASS_NORMAL) == XENCOPROC_OK;
	return count;
}

struct coproc_request waiting_job(uint32_t start_limit_us)
{
	struct coproc_request job = raw_job(0, 0, WORK_CHAIN, 1);

	job.flags = XENCOPROC_JOB_F_WAIT;
	job.u.job.wait_context = 1;
	job.u.job.wait_value = 1;
	job.u.job.start_limit_us = start_limit_us;
	return job;
}

pid_t child(void (*what)(void *at, size_t size), void *at, size_t size)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			what(at, size);
	}
	return pid;
}

void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void expect(const char *id, struct coproc_request *request, unsigned int status, const char *what)
{
	unsigned int is = raw_ask(&raw, request);

	check(is == status, "%s: %s: %s (is %s)", id, what, coproc_status_text(status),
	      coproc_status_text(is));
}

struct xencoproc_cell *sq_cell(unsigned int queue)
{
	return &raw.fe[XENCOPROC_RING_SQ(queue)];
}

void set(uint32_t *where, uint32_t value)
{
	__atomic_store_n(where, value, __ATOMIC_RELEASE);
	raw_notify(&raw);
}

void by_hand(unsigned int queue, uint32_t place, struct coproc_request *request, uint16_t slot)
{
	struct xencoproc_sqe *sqe = raw.queue[queue].sq;

	request->slot = slot;
	coproc_request_encode(request, &sqe[place % 32]);
}

static const struct attack *const all[] = {
	bounds_attacks, changes_attacks, cunning_attacks, firmware_attacks, floods_attacks, grants_attacks, guilty_attacks,
	nodes_attacks, order_attacks, rings_attacks, stale_attacks, unpaid_attacks,
};

/* The attacker and its children: in a group of their own, so that all of them stop. */
static pid_t attacker(char **argv)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		execvp(argv[0], argv);
	_exit(127);
}

static int pulse(double seconds, char **argv)
{
	unsigned int rounds = 0, failed = 0;
	double until = now() + seconds;
	bool stopped = false;
	pid_t pid = -1;
	int status;

	while (pid > 0 || now() < until) {
		bool stop = now() < until && (unsigned long)(now() * 4) % 2;

		if (pid < 0 && !stop) {
			pid = attacker(argv);
			setpgid(pid, pid);
			rounds++;
		}
		if (pid > 0 && stop != stopped)
			kill(-pid, stop ? SIGSTOP : SIGCONT);
		stopped = stop;
		if (pid > 0 && waitpid(pid, &status, WNOHANG) == pid) {
			failed += !WIFEXITED(status) || WEXITSTATUS(status);
			pid = -1;
		}
		usleep(500);
	}
	check(!failed && rounds, "%s: %u times, %u of them failed", argv[1], rounds, failed);
	return verdict;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *with = argc > 2 ? argv[2] : "1";

	if (!strcmp(what, "pulse") && argc > 3) {
		argv[2] = argv[0];
		return pulse(atof(with), argv + 2);
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct attack *a = all[i]; a->name; a++)
			if (!strcmp(a->name, what)) {
				raw_open(&raw);
				a->run(with);
				return verdict;
			}
	fprintf(stderr, "hostile: there is no attack \"%s\"\n", what);
	return 2;
}
