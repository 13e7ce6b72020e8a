/* SPDX-License-Identifier: MIT */
/* The harness's commands, seen through the engine that executes nothing. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engines/play.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"

#define RW      (XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE)

static const struct play_options plain = { .domid = WORLD_DOMID };

enum { ENTRY_END, ENTRY_SPIN, ENTRY_COPY };

static struct play p;

static void setup(void)
{
	play_start(&p, "coproc-engine-null", &plain);
	ck_assert_uint_eq(play_load_bytes(&p, 3, "x", 1).status, XENCOPROC_OK);
	play_context(&p, 7);
}

static void teardown(void)
{
	play_end(&p);
}

static struct play_job job(uint32_t entry, uint64_t immediate)
{
	return (struct play_job){ .context = 7, .firmware = 3, .entry = entry,
				  .immediate = immediate };
}

START_TEST(says_hello)
{
	ck_assert_str_eq(p.hello.u.hello.kind, "null");
	ck_assert_uint_eq(p.hello.u.hello.kinds, 1u << XENCOPROC_FW_KIND_ELF);
	ck_assert_uint_eq(p.hello.seq, 0);
	ck_assert_uint_eq(play_ping(&p).outcome, WORKER_DONE);
}
END_TEST

START_TEST(runs_a_job)
{
	struct play_job j = job(ENTRY_END, 0x123456789abcdef0);
	struct worker_reply r = play_run(&p, &j);

	ck_assert_uint_eq(r.outcome, WORKER_DONE);
	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	ck_assert_uint_eq(r.result, j.immediate);
}
END_TEST

START_TEST(spins_as_long_as_told)
{
	struct play_job j = job(ENTRY_SPIN, 20000);
	double t = play_now_us();

	ck_assert_uint_eq(play_run(&p, &j).status, XENCOPROC_OK);
	/* Never less; how much more is the machine's business. */
	ck_assert(play_now_us() - t >= 20000);
}
END_TEST

static void fill(uint8_t *to, size_t bytes, uint32_t seed)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
}

/* Two buffers of half of the domain's pages each, which come in several parts. */
START_TEST(copies_between_granted_buffers)
{
	const uint32_t pages = WORLD_WRITABLE / 2;
	const size_t bytes = (size_t)pages * 4096;
	struct play_job j = job(ENTRY_COPY, 0);
	struct worker_reply r;
	uint32_t seq;

	fill(world_pages, bytes, 1);
	fill(world_pages + bytes, bytes, 2);
	ck_assert_uint_eq(play_map(&p, 0, XENCOPROC_ACCESS_READ, pages,
				   world_own.writable).status, XENCOPROC_OK);
	ck_assert_uint_eq(play_map(&p, WORKER_BUFFERS_MAX - 1, RW, pages,
				   world_own.writable + pages).status, XENCOPROC_OK);
	j.operands = 2;
	j.operand[0] = (struct worker_operand){ 0, XENCOPROC_ACCESS_READ, 5,
						(uint32_t)bytes - 5 };
	j.operand[1] = (struct worker_operand){ WORKER_BUFFERS_MAX - 1, XENCOPROC_ACCESS_WRITE, 0,
						(uint32_t)bytes };
	/* In many parts, each at an exact place. */
	play_attention(&p, WORKER_ATTENTION_PARK);
	seq = play_run_send(&p, &j);
	for (;;) {
		ck_assert(play_receive(&p, &r, PLAY_TIMEOUT_MS));
		ck_assert_uint_eq(r.seq, seq);
		if (r.outcome != WORKER_PARKED)
			break;
		/* What a live job names cannot go away. */
		ck_assert_uint_eq(play_unmap(&p, 0).status, XENCOPROC_IN_USE);
		seq = play_continue_send(&p, 7);
	}
	ck_assert_uint_eq(r.status, XENCOPROC_OK);
	ck_assert_uint_eq(r.result, bytes - 5);
	ck_assert(memcmp(world_pages + 5, world_pages + bytes, bytes - 5) == 0);
	ck_assert_uint_eq(play_unmap(&p, 0).status, XENCOPROC_OK);
	ck_assert_uint_eq(play_unmap(&p, WORKER_BUFFERS_MAX - 1).status, XENCOPROC_OK);
}
END_TEST

START_TEST(bad_grants_are_refused_and_undone)
{
	uint32_t refs[WORLD_WRITABLE];

	for (uint32_t bad = 0; bad < 1500; bad += 499) {
		memcpy(refs, world_own.writable, sizeof(refs));
		refs[bad] = 0x7ffffff0;
		ck_assert_uint_eq(play_map(&p, 1, RW, 1500, refs).status, XENCOPROC_BAD_GRANT);
		/* Nothing is left of it: the index is free. */
		ck_assert_uint_eq(play_map(&p, 1, RW, 1500, world_own.writable).status,
				  XENCOPROC_OK);
		ck_assert_uint_eq(play_unmap(&p, 1).status, XENCOPROC_OK);
	}
	/* A grant to read is none to write. */
	ck_assert_uint_eq(play_map(&p, 1, RW, 2, world_own.readonly).status, XENCOPROC_BAD_GRANT);
	ck_assert_uint_eq(play_map(&p, 1, XENCOPROC_ACCESS_READ, 2, world_own.readonly).status,
			  XENCOPROC_OK);
}
END_TEST

START_TEST(half_told_buffers_are_forgotten)
{
	struct worker_command c = { .type = WORKER_MAP };

	c.u.map.buffer = 2;
	c.u.map.access = RW;
	c.u.map.pages = 10;
	c.u.map.count = 4;
	memcpy(c.u.map.ref, world_own.writable, 4 * sizeof(uint32_t));
	ck_assert_uint_eq(play_call(&p, &c, -1).status, XENCOPROC_OK);
	ck_assert_uint_eq(play_unmap(&p, 2).status, XENCOPROC_OK);
	ck_assert_uint_eq(play_map(&p, 2, RW, 10, world_own.writable).status, XENCOPROC_OK);
}
END_TEST

START_TEST(live_jobs_hold_what_they_use)
{
	struct worker_command unload = { .type = WORKER_UNLOAD };
	struct play_job j = job(ENTRY_SPIN, 1000000);
	struct worker_reply r;

	play_attention(&p, WORKER_ATTENTION_PARK);
	play_run_send(&p, &j);
	ck_assert(play_receive(&p, &r, PLAY_TIMEOUT_MS));
	ck_assert_uint_eq(r.outcome, WORKER_PARKED);
	play_attention(&p, 0);
	unload.u.unload.firmware = 3;
	ck_assert_uint_eq(play_call(&p, &unload, -1).status, XENCOPROC_IN_USE);
	/* A parked job goes with its context. */
	play_context_end(&p, 7);
	ck_assert_uint_eq(play_call(&p, &unload, -1).status, XENCOPROC_OK);
}
END_TEST

START_TEST(tables_hold_what_they_say)
{
	struct play_job j = job(ENTRY_END, 0);

	play_context_end(&p, 7);
	play_unload(&p, 3);
	for (uint32_t i = 0; i < WORKER_CONTEXTS_MAX; i++)
		play_context(&p, i);
	for (uint32_t i = 0; i < WORKER_FIRMWARE_MAX; i++)
		ck_assert_uint_eq(play_load_bytes(&p, i, "x", 1).status, XENCOPROC_OK);
	for (uint32_t i = 0; i < WORKER_BUFFERS_MAX; i++)
		ck_assert_uint_eq(play_map(&p, i, XENCOPROC_ACCESS_READ, 1,
					   &world_own.writable[i % WORLD_WRITABLE]).status,
				  XENCOPROC_OK);
	for (uint32_t i = 0; i < WORKER_CONTEXTS_MAX; i++) {
		j.context = i;
		j.firmware = WORKER_FIRMWARE_MAX - 1 - i;
		j.immediate = i;
		ck_assert_uint_eq(play_run(&p, &j).result, i);
	}
}
END_TEST

/* Commands that coprocd never sends: the worker says so and ends. */
static const struct {
	const char *what;
	struct worker_command c;
} nonsense[] = {
	{ "unknown", { .type = 99 } },
	{ "map beyond table", { .type = WORKER_MAP, .u.map = { WORKER_BUFFERS_MAX, 1, 1, 0, 1 } } },
	{ "map nothing", { .type = WORKER_MAP, .u.map = { 0, 1, 0, 0, 1 } } },
	{ "map too much", { .type = WORKER_MAP, .u.map = { 0, 1, 16385, 0, 1 } } },
	{ "map none at once", { .type = WORKER_MAP, .u.map = { 0, 1, 4, 0, 0 } } },
	{ "map in the middle", { .type = WORKER_MAP, .u.map = { 0, 1, 4, 2, 1 } } },
	{ "map more than all", { .type = WORKER_MAP, .u.map = { 0, 1, 4, 0, 5 } } },
	{ "map for nothing", { .type = WORKER_MAP, .u.map = { 0, 0, 1, 0, 1 } } },
	{ "map unknown access", { .type = WORKER_MAP, .u.map = { 0, 5, 1, 0, 1 } } },
	{ "unmap beyond table", { .type = WORKER_UNMAP, .u.unmap = { WORKER_BUFFERS_MAX } } },
	{ "unmap nothing", { .type = WORKER_UNMAP, .u.unmap = { 0 } } },
	{ "load without image", { .type = WORKER_LOAD, .u.load = { 0, 1, 1 } } },
	{ "load unknown kind", { .type = WORKER_LOAD, .u.load = { 0, 40, 1 } } },
	{ "load beyond table", { .type = WORKER_LOAD, .u.load = { WORKER_FIRMWARE_MAX, 1, 1 } } },
	{ "unload nothing", { .type = WORKER_UNLOAD, .u.unload = { 0 } } },
	{ "create twice", { .type = WORKER_CTX_CREATE, .u.ctx = { 7, 0 } } },
	{ "create other bank", { .type = WORKER_CTX_CREATE, .u.ctx = { 0, 4096 } } },
	{ "create beyond table", { .type = WORKER_CTX_CREATE, .u.ctx = { WORKER_CONTEXTS_MAX } } },
	{ "destroy nothing", { .type = WORKER_CTX_DESTROY, .u.ctx = { 0 } } },
	{ "run nowhere", { .type = WORKER_RUN, .u.run = { 0, 3 } } },
	{ "run nothing", { .type = WORKER_RUN, .u.run = { 7, 0 } } },
	{ "run on nothing", { .type = WORKER_RUN, .u.run = { .context = 7, .firmware = 3,
		.operands = 1, .operand = { { 0, 1, 0, 1 } } } } },
	{ "continue nothing", { .type = WORKER_CONTINUE, .u.ctx = { 7 } } },
	{ "abort nothing", { .type = WORKER_ABORT, .u.ctx = { 7 } } },
};

START_TEST(nonsense_ends_the_worker)
{
	struct worker_command c = nonsense[_i].c;
	struct worker_reply r;
	struct play victim;
	int status;

	play_start(&victim, "coproc-engine-null", &plain);
	play_load_bytes(&victim, 3, "x", 1);
	play_context(&victim, 7);
	play_send(&victim, &c, -1);
	ck_assert_msg(!play_receive(&victim, &r, PLAY_TIMEOUT_MS), "%s: a reply",
		      nonsense[_i].what);
	status = play_wait_end(&victim);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 3, "%s: status 0x%x",
		      nonsense[_i].what, status);
	ck_assert(play_log_has(&victim, "disagree"));
}
END_TEST

START_TEST(images_have_to_be_sealed)
{
	struct worker_command c = { .type = WORKER_LOAD };
	FILE *unsealed = tmpfile();
	struct worker_reply r;
	struct play victim;

	play_start(&victim, "coproc-engine-null", &plain);
	ck_assert_ptr_nonnull(unsealed);
	fputs("image", unsealed);
	fflush(unsealed);
	c.u.load.kind = XENCOPROC_FW_KIND_ELF;
	c.u.load.length = 5;
	play_send(&victim, &c, fileno(unsealed));
	ck_assert(!play_receive(&victim, &r, PLAY_TIMEOUT_MS));
	ck_assert_int_eq(WEXITSTATUS(play_wait_end(&victim)), 3);
	fclose(unsealed);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("engine-harness");
	TCase *t = tcase_create("null");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, says_hello);
	tcase_add_test(t, runs_a_job);
	tcase_add_test(t, spins_as_long_as_told);
	tcase_add_test(t, copies_between_granted_buffers);
	tcase_add_test(t, bad_grants_are_refused_and_undone);
	tcase_add_test(t, half_told_buffers_are_forgotten);
	tcase_add_test(t, live_jobs_hold_what_they_use);
	tcase_add_test(t, tables_hold_what_they_say);
	suite_add_tcase(s, t);
	t = tcase_create("nonsense");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, nonsense_ends_the_worker, 0,
			    sizeof(nonsense) / sizeof(nonsense[0]));
	tcase_add_test(t, images_have_to_be_sealed);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
