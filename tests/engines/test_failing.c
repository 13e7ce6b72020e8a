/* SPDX-License-Identifier: MIT */
/*
 * Memory and mappings fail in a worker that serves, each call once: what was
 * asked for is refused and leaves nothing behind, so it is had when asked again;
 * or the worker ends, where going on would be wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engines/play.h"
#include "tests/engines/work.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"

#define RW      (XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE)

static struct play p;
static bool ended;              /* the worker, by itself */
static unsigned int refusals;

/* A command that may be refused once, for want of memory. */
static struct worker_reply insist(struct worker_command *c, int fd)
{
	struct worker_reply r = { 0 };

	for (int turn = 0; turn < 2 && !ended; turn++) {
		play_send(&p, c, fd);
		ended = !play_receive(&p, &r, PLAY_TIMEOUT_MS);
		if (ended || r.status == XENCOPROC_OK)
			break;
		refusals++;
		ck_assert_msg(turn == 0, "refused again: command %u, status %u", c->type, r.status);
		ck_assert_msg(r.status == XENCOPROC_NO_MEMORY ||
				      (c->type == WORKER_RUN && r.status == XENCOPROC_FAULT),
			      "command %u, status %u", c->type, r.status);
	}
	return r;
}

static void load(uint32_t index)
{
	struct worker_command c = { .type = WORKER_LOAD };
	const char *path = play_path("firmware", "work", ".elf");
	FILE *f = fopen(path, "r");
	static char image[1 << 20];
	size_t n = f ? fread(image, 1, sizeof(image), f) : 0;
	int fd;

	ck_assert_msg(n, "%s", path);
	fclose(f);
	fd = play_image_fd(image, n);
	c.u.load.firmware = index;
	c.u.load.kind = XENCOPROC_FW_KIND_ELF;
	c.u.load.length = (uint32_t)n;
	insist(&c, fd);
	close(fd);
}

static void context(uint32_t index)
{
	struct worker_command c = { .type = WORKER_CTX_CREATE };
	int fd = memfd_create("bank", MFD_CLOEXEC);

	c.u.ctx.context = index;
	c.u.ctx.bank_bytes = p.hello.u.hello.bank_bytes;
	ck_assert_int_eq(ftruncate(fd, (off_t)c.u.ctx.bank_bytes), 0);
	insist(&c, fd);
	close(fd);
}

static void simple(uint32_t type, uint32_t index)
{
	struct worker_command c = { .type = type };

	c.u.unmap.buffer = index;       /* the first word of each of them */
	insist(&c, -1);
}

static void map(uint32_t index, uint32_t access)
{
	struct worker_command c = { .type = WORKER_MAP,
				    .u.map = { .buffer = index, .access = access, .pages = 2,
					       .count = 2 } };

	memcpy(c.u.map.ref, world_own.writable, 2 * sizeof(uint32_t));
	insist(&c, -1);
}

static void run_of(uint32_t firmware, uint32_t index, uint32_t entry, uint32_t buffer)
{
	struct worker_command c = { .type = WORKER_RUN,
				    .u.run = { .context = index, .firmware = firmware,
					       .entry = entry, .immediate = 3,
					       .operands = entry == WORK_SCALE ? 2 : 0 } };

	c.u.run.operand[0] = (struct worker_operand){ buffer, XENCOPROC_ACCESS_READ, 0, 64 };
	c.u.run.operand[1] = (struct worker_operand){ buffer, XENCOPROC_ACCESS_WRITE, 4096, 64 };
	insist(&c, -1);
}

static void run(uint32_t index, uint32_t entry, uint32_t buffer)
{
	run_of(0, index, entry, buffer);
}

/* A little of everything that takes memory, in two contexts. */
static void work(void)
{
	load(0);
	context(0);
	context(1);
	map(0, RW);
	run(0, WORK_SCALE, 0);
	run(1, WORK_SCALE, 0);
	/* Other firmware in a used context, which is scrubbed before. */
	load(1);
	run_of(1, 0, WORK_COUNT, 0);
	simple(WORKER_UNMAP, 0);
	simple(WORKER_CTX_DESTROY, 1);
	context(2);
	run(2, WORK_COUNT, 0);
}

/* One worker whose @call-th call fails.  Whether it began to serve. */
static bool one(unsigned int call, bool *failed)
{
	static const struct play_options plain = {
		.domid = WORLD_DOMID, .extra = { "--memory-limit", "268435456" } };
	char number[16];
	int status;

	snprintf(number, sizeof(number), "%u", call);
	setenv("FAULTY_CALL", number, 1);
	ended = false;
	*failed = true;
	if (!play_try_start(&p, "coproc-engine-faulty-m", &plain)) {
		play_stop(&p);
		return false;
	}
	work();
	*failed = play_log_has(&p, "faulty: ");
	/* The one case in which a page that is the guest's again would stay mapped. */
	if (ended)
		ck_assert_msg(play_log_has(&p, "could not be unmapped"), "call %u: %s", call,
			      play_log(&p));
	status = play_stop(&p);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == (ended ? 3 : 0),
		      "call %u: 0x%x", call, status);
	return true;
}

/* The calls of the beginning end the worker (tests/engines/faulty.sh); here are
 * those that follow, until none is left to fail. */
START_TEST(each_call_fails_once)
{
	unsigned int low = 1, high = 1024, failures = 0, ends = 0;
	bool failed = true;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (one(middle, &failed))
			high = middle;
		else
			low = middle + 1;
	}
	refusals = 0;
	for (failed = true; failed && low < 1024; low++) {
		if (!one(low, &failed) || !failed)
			continue;
		failures++;
		ends += ended;
	}
	printf("# %u calls of a serving worker failed once, %u commands were refused\n", failures,
	       refusals);
	ck_assert(!failed);
	ck_assert_uint_ge(failures, 15);
	ck_assert_uint_ge(refusals, 10);
	ck_assert_uint_eq(ends, 1);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("engine-failing");
	TCase *t = tcase_create("failing");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, each_call_fails_once);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
