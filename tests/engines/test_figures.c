/* SPDX-License-Identifier: MIT */
/* What workers cost, as TAP comments.  Only absurd figures fail. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/engines/play.h"
#include "tests/engines/work.h"
#include "tests/engines/world.h"
#include "tests/unit/tap.h"

#define TIMES   1000u

static const struct play_options plain = { .domid = WORLD_DOMID };
static double us[TIMES];
static struct play p;

static void start_cortex_m(void)
{
	play_start(&p, "coproc-engine-cortex-m", &plain);
	play_load(&p, 0, "work");
	play_context(&p, 0);
	play_context(&p, 1);
}

static void start_figure(const char *name, const char *what)
{
	for (size_t i = 0; i < 30; i++) {
		double t = play_now_us();

		play_start(&p, name, &plain);
		us[i] = play_now_us() - t;
		play_stop(&p);
	}
	play_figure(what, us, 30);
	ck_assert(us[15] < 1e6);
}

START_TEST(start_to_hello)
{
	start_figure("coproc-engine-null", "null engine, start to HELLO");
	start_figure("coproc-engine-cortex-m", "cortex-m engine, start to HELLO");
}
END_TEST

START_TEST(null_job)
{
	struct play_job j = { 0 };

	play_start(&p, "coproc-engine-null", &plain);
	play_load_bytes(&p, 0, "x", 1);
	play_context(&p, 0);
	for (size_t i = 0; i < TIMES; i++) {
		double t = play_now_us();

		play_run(&p, &j);
		us[i] = play_now_us() - t;
	}
	play_figure("null engine, empty job, round trip", us, TIMES);
	play_stop(&p);
}
END_TEST

static void job_figure(const char *what, struct play_job *j, uint32_t contexts, uint32_t buffers)
{
	for (size_t i = 0; i < TIMES; i++) {
		double t;

		j->context = (uint32_t)i % contexts;
		for (uint32_t k = 0; k < j->operands; k++)
			j->operand[k].buffer = (uint32_t)(i * j->operands + k) % buffers;
		t = play_now_us();
		ck_assert_uint_eq(play_run(&p, j).status, XENCOPROC_OK);
		us[i] = play_now_us() - t;
	}
	play_figure(what, us, TIMES);
}

START_TEST(cortex_m_jobs)
{
	struct play_job j = { .entry = WORK_COUNT };
	struct play_job two = { .entry = WORK_FOLD, .operands = 2, .operand = {
		{ 0, XENCOPROC_ACCESS_READ, 0, 4 }, { 0, XENCOPROC_ACCESS_READ, 0, 4 } } };

	start_cortex_m();
	for (uint32_t i = 0; i < 512; i++)
		play_map(&p, i, XENCOPROC_ACCESS_READ, 4, world_own.writable + i * 4);
	job_figure("cortex-m, empty job, round trip", &j, 1, 1);
	job_figure("cortex-m, empty jobs of two contexts by turns", &j, 2, 1);
	job_figure("cortex-m, job on two 16 KiB buffers, the same each time", &two, 1, 2);
	job_figure("cortex-m, job on two 16 KiB buffers, of 64 by turns", &two, 1, 64);
	job_figure("cortex-m, job on two 16 KiB buffers, new ones each time", &two, 1, 512);
	play_stop(&p);
}
END_TEST

START_TEST(cortex_m_slices)
{
	struct play_job j = { .entry = WORK_FOREVER };
	struct worker_reply r;
	double abort_us[100];

	start_cortex_m();
	play_attention(&p, WORKER_ATTENTION_PARK);
	play_run_send(&p, &j);
	ck_assert(play_receive(&p, &r, PLAY_TIMEOUT_MS));
	for (size_t i = 0; i < TIMES; i++) {
		double t = play_now_us();

		play_continue_send(&p, 0);
		ck_assert(play_receive(&p, &r, PLAY_TIMEOUT_MS));
		us[i] = play_now_us() - t;
	}
	play_figure("cortex-m, CONTINUE to PARKED, one block", us, TIMES);
	for (size_t i = 0; i < TIMES; i++) {
		double t;

		play_attention(&p, 0);
		play_continue_send(&p, 0);
		usleep(100);
		t = play_now_us();
		play_attention(&p, WORKER_ATTENTION_PARK);
		ck_assert(play_receive(&p, &r, PLAY_TIMEOUT_MS));
		us[i] = play_now_us() - t;
	}
	play_figure("cortex-m, PARK set to PARKED received, of a running job", us, TIMES);
	for (size_t i = 0; i < 100; i++) {
		double t;

		play_attention(&p, 0);
		if (i)
			play_run_send(&p, &j);
		else
			play_continue_send(&p, 0);
		usleep(300);
		t = play_now_us();
		play_attention(&p, WORKER_ATTENTION_ABORT);
		ck_assert(play_receive(&p, &r, PLAY_TIMEOUT_MS));
		abort_us[i] = play_now_us() - t;
	}
	play_figure("cortex-m, ABORT set to ABORTED received, context scrubbed", abort_us, 100);
	play_stop(&p);
}
END_TEST

START_TEST(cortex_m_speed)
{
	struct play_job j = { .entry = WORK_CHAIN, .immediate = 20000000 };
	struct worker_reply r;
	double t;

	start_cortex_m();
	t = play_now_us();
	r = play_run(&p, &j);
	t = play_now_us() - t;
	printf("# cortex-m: %.0f million instructions per second\n", (double)r.u.instructions / t);
	play_stop(&p);
}
END_TEST

START_TEST(kill_to_reaped)
{
	for (size_t i = 0; i < 20; i++) {
		struct play_job j = { .entry = WORK_FOREVER };
		double t;

		start_cortex_m();
		play_run_send(&p, &j);
		usleep(1000);
		t = play_now_us();
		kill(p.pid, SIGKILL);
		ck_assert_int_eq(waitpid(p.pid, NULL, 0), p.pid);
		us[i] = play_now_us() - t;
		close(p.socket);
	}
	play_figure("cortex-m, SIGKILL of a running job to reaped", us, 20);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("engine-figures");
	TCase *t = tcase_create("figures");

	tcase_set_timeout(t, 300);
	tcase_add_test(t, start_to_hello);
	tcase_add_test(t, null_job);
	tcase_add_test(t, cortex_m_jobs);
	tcase_add_test(t, cortex_m_slices);
	tcase_add_test(t, cortex_m_speed);
	tcase_add_test(t, kill_to_reaped);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	return world_main(argc, argv, suite);
}
