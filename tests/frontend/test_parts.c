// SPDX-License-Identifier: MIT
/* The parts of libcoproc and coproc-run that need no Xen. */
#include <errno.h>
#include <string.h>

#include "frontend/user/internal.h"
#include "frontend/user/run.h"
#include "tests/unit/tap.h"

/* ---- coproc-run: figures ---- */

START_TEST(times_small_are_exact)
{
	struct run_times times = { 0 };
	unsigned int i;

	ck_assert_uint_eq(run_times_at(&times, 50), 0);
	for (i = 0; i < 32; i++)
		run_times_add(&times, i);
	ck_assert_uint_eq(run_times_at(&times, 50), 15);
	ck_assert_uint_eq(run_times_at(&times, 100), 31);
	ck_assert_uint_eq(run_times_at(&times, 0), 0);
}
END_TEST

/* Each time alone: the figure is it, or at most 3.2 % more; never above max. */
START_TEST(times_large_are_close)
{
	uint64_t us;

	for (us = 1; us < UINT64_C(1) << 33; us = us * 9 / 8 + 1) {
		struct run_times times = { 0 };

		run_times_add(&times, us);
		ck_assert_uint_eq(run_times_at(&times, 99), us);
		run_times_add(&times, us * 2);
		ck_assert_uint_ge(run_times_at(&times, 50), us);
		ck_assert_uint_le(run_times_at(&times, 50), us + us / 31);
		ck_assert_uint_eq(times.max, us * 2);
	}
}
END_TEST

START_TEST(times_extremes_do_not_overflow)
{
	struct run_times times = { 0 };

	run_times_add(&times, UINT64_MAX);
	run_times_add(&times, 0);
	ck_assert_uint_eq(run_times_at(&times, 100), UINT64_MAX);
	ck_assert_uint_eq(run_times_at(&times, 50), 0);
}
END_TEST

START_TEST(figures_count_what_was_admitted)
{
	static struct run_figures f;
	struct coproc_done done = { .status = XENCOPROC_OK, .waited_us = 5, .ran_us = 7,
				    .flags = XENCOPROC_CQE_F_STARTED };

	run_figures_add(&f, &done);
	done = (struct coproc_done){ .status = XENCOPROC_CANCELLED, .waited_us = 9 };
	run_figures_add(&f, &done);
	done = (struct coproc_done){ .status = XENCOPROC_BAD_RANGE };
	run_figures_add(&f, &done);
	done.status = 60000;
	run_figures_add(&f, &done);
	ck_assert_uint_eq(f.ended, 4);
	ck_assert_uint_eq(f.waited.count, 2);
	ck_assert_uint_eq(f.ran.count, 1);
	ck_assert_uint_eq(f.status[XENCOPROC_BAD_RANGE], 1);
}
END_TEST

/* ---- coproc-run: cutting ---- */

/* Whatever the sizes: the pieces are the input, each byte once, in order. */
START_TEST(plan_covers_the_input)
{
	static const uint32_t chunks[] = { 1, 7, 4096, 5000, 100000 };
	struct run_options options = { .input = "in", .output = "out" };
	struct run_plan plan;
	size_t size, offset, next;
	unsigned int c;
	uint64_t n;

	for (size = 1; size < 6000; size += 997) {
		for (c = 0; c < 5; c++) {
			options.chunk = chunks[c];
			ck_assert_ptr_null(run_plan_make(&plan, &options, size));
			for (n = 0, next = 0; n < plan.jobs; n++) {
				uint32_t length = run_plan_piece(&plan, size, n, &offset);

				ck_assert_uint_eq(offset, next);
				ck_assert_uint_gt(length, 0);
				ck_assert_uint_le(length, plan.piece);
				next = offset + length;
			}
			ck_assert_uint_eq(next, size);
			ck_assert_uint_eq(plan.capacity, plan.piece);
		}
	}
}
END_TEST

START_TEST(plan_by_number_of_jobs)
{
	struct run_options options = { .input = "in", .jobs = 7 };
	struct run_plan plan;
	size_t offset;

	ck_assert_ptr_null(run_plan_make(&plan, &options, 300001));
	ck_assert_uint_eq(plan.jobs, 7);
	ck_assert_uint_eq(plan.capacity, 0);
	options.chunk = 100000;
	options.jobs = 10;
	ck_assert_ptr_null(run_plan_make(&plan, &options, 300001));
	ck_assert_uint_eq(plan.jobs, 10);
	ck_assert_uint_eq(run_plan_piece(&plan, 300001, 3, &offset), 1);
	ck_assert_uint_eq(run_plan_piece(&plan, 300001, 4, &offset), 100000);
	ck_assert_uint_eq(offset, 0);
}
END_TEST

START_TEST(plan_refuses)
{
	struct run_options options = { .input = "in" };
	struct run_plan plan;

	ck_assert_ptr_nonnull(run_plan_make(&plan, &options, 0));
	ck_assert_ptr_nonnull(run_plan_make(&plan, &options, (64u << 20) + 1));
	ck_assert_ptr_null(run_plan_make(&plan, &options, 64u << 20));
	options = (struct run_options){ .output = "out" };
	ck_assert_ptr_nonnull(run_plan_make(&plan, &options, 0));
	options.output_size = 10;
	options.length = RUN_LENGTH_FIXED;
	options.output_length = 11;
	ck_assert_ptr_nonnull(run_plan_make(&plan, &options, 0));
}
END_TEST

/* The firmware's word about a length is not believed beyond the room. */
START_TEST(output_never_exceeds_the_room)
{
	struct run_options options = { .length = RUN_LENGTH_RESULT };
	struct run_plan plan = { .capacity = 100 };
	struct coproc_done done = { .result = UINT64_MAX };

	ck_assert_uint_eq(run_plan_output(&plan, &options, 50, &done), 100);
	done.result = 99;
	ck_assert_uint_eq(run_plan_output(&plan, &options, 50, &done), 99);
	options.length = RUN_LENGTH_SAME;
	ck_assert_uint_eq(run_plan_output(&plan, &options, 50, &done), 50);
	ck_assert_uint_eq(run_plan_output(&plan, &options, 500, &done), 100);
}
END_TEST

/* ---- jobs ---- */

static struct coproc_device device;
static struct coproc_context context;
static struct coproc_firmware firmware;
static struct coproc_buffer buffer;
static struct coproc_queue queue;

static void made(struct object *o, uint32_t index)
{
	o->dev = &device;
	o->state = OBJECT_MADE;
	o->index = index;
}

static void setup(void)
{
	memset(&device, 0, sizeof(device));
	device.limits = (struct coproc_limits){
		.max_queues = 4, .max_ring_order = 9, .max_contexts = 64, .max_buffers = 64,
		.max_pages = 64, .max_firmware = 8, .max_firmware_bytes = 4096,
		.max_operands = 16, .max_run_limit_us = 1000, .max_class = 2,
	};
	made(&context.o, 3);
	made(&firmware.o, 5);
	made(&buffer.o, 7);
	made(&queue.o, 1);
	buffer.pages = 2;
	buffer.access = XENCOPROC_ACCESS_READ;
}

static struct coproc_job job_of(struct coproc_piece *piece, uint32_t count)
{
	return (struct coproc_job){ .context = &context, .firmware = &firmware,
				    .pieces = piece, .piece_count = count };
}

/* What is built is what a backend that checks everything accepts. */
START_TEST(jobs_pass_the_validator)
{
	struct coproc_piece piece[4] = {
		{ &buffer, XENCOPROC_ACCESS_READ, 0, 8192 },
		{ &buffer, XENCOPROC_ACCESS_READ, 8192, 0 },
		{ &buffer, XENCOPROC_ACCESS_READ, 1, 1 },
		{ &buffer, XENCOPROC_ACCESS_READ, 4095, 2 },
	};
	struct coproc_request request, back;
	struct xencoproc_sqe wire;
	struct coproc_job job;
	unsigned int flags, n;

	for (n = 0; n <= 4; n++) {
		for (flags = 0; flags < 16; flags++) {
			job = job_of(piece, n);
			/* The table's flag is the library's own. */
			job.flags = flags & ~(unsigned int)XENCOPROC_JOB_F_TABLE;
			job.wait_context = &context;
			job.wait_value = 11;
			job.signal_value = 12;
			job.run_limit_us = 1000;
			ck_assert_int_eq(job_request(&queue, &job, &request), 0);
			coproc_request_encode(&request, &wire);
			ck_assert_int_eq(coproc_request_decode(&wire, false, &device.limits,
							       &back), XENCOPROC_OK);
			ck_assert_uint_eq(back.u.job.context, 3);
			ck_assert_uint_eq(back.u.job.firmware, 5);
			ck_assert_uint_eq(back.u.job.operands, n);
		}
	}
}
END_TEST

START_TEST(jobs_that_are_wrong)
{
	struct coproc_piece piece = { &buffer, XENCOPROC_ACCESS_READ, 1, 8192 };
	struct coproc_device other = { 0 };
	struct coproc_request request;
	struct coproc_job job = job_of(&piece, 1);

	ck_assert_int_eq(job_request(&queue, &job, &request), -EINVAL);
	piece = (struct coproc_piece){ &buffer, XENCOPROC_ACCESS_READ, UINT32_MAX, UINT32_MAX };
	ck_assert_int_eq(job_request(&queue, &job, &request), -EINVAL);
	piece = (struct coproc_piece){ &buffer, XENCOPROC_ACCESS_WRITE, 0, 1 };
	ck_assert_int_eq(job_request(&queue, &job, &request), -EINVAL);
	piece = (struct coproc_piece){ &buffer, 0, 0, 1 };
	ck_assert_int_eq(job_request(&queue, &job, &request), -EINVAL);
	piece = (struct coproc_piece){ NULL, XENCOPROC_ACCESS_READ, 0, 1 };
	ck_assert_int_eq(job_request(&queue, &job, &request), -EINVAL);
	job = job_of(NULL, 0);
	job.flags = XENCOPROC_JOB_F_TABLE;
	ck_assert_int_eq(job_request(&queue, &job, &request), -EINVAL);
	job = job_of(NULL, 0);
	job.flags = COPROC_JOB_WAIT;
	ck_assert_int_eq(job_request(&queue, &job, &request), -EINVAL);
	job = job_of(NULL, 0);
	job.run_limit_us = 1001;
	ck_assert_int_eq(job_request(&queue, &job, &request), -EINVAL);
	job = job_of(NULL, 0);
	context.o.state = OBJECT_ABSENT;
	ck_assert_int_eq(job_request(&queue, &job, &request), -ESTALE);
	context.o.dev = &other;
	ck_assert_int_eq(job_request(&queue, &job, &request), -EINVAL);
}
END_TEST

/* ---- events, texts ---- */

START_TEST(events_are_bounded_and_forget_handles)
{
	struct coproc_event event = { .type = COPROC_EVENT_CTX_RESET, .context = &context };
	unsigned int i;

	device.ready = -1;
	for (i = 0; i < 1000; i++) {
		event.value = i;
		event_push(&device, &event);
	}
	ck_assert_uint_eq(device.stats.events_lost, 1000 - EVENTS_KEPT);
	events_forget(&device, &context);
	for (i = 0; i < EVENTS_KEPT; i++) {
		ck_assert_int_eq(coproc_read_event(&device, &event), 1);
		ck_assert_uint_eq(event.value, i);
		ck_assert_ptr_null(event.context);
	}
	ck_assert_int_eq(coproc_read_event(&device, &event), 0);
}
END_TEST

START_TEST(each_status_has_an_errno_and_a_text)
{
	unsigned int status;

	ck_assert_int_eq(coproc_status_errno(XENCOPROC_OK), 0);
	for (status = 1; status < 100; status++) {
		bool known = strcmp(coproc_status_text(status), "unknown-status") != 0;

		ck_assert_int_lt(coproc_status_errno(status), 0);
		ck_assert_int_eq(known, coproc_status_errno(status) != -EPROTO);
	}
}
END_TEST

START_TEST(images_are_told_by_their_first_bytes)
{
	ck_assert_uint_eq(coproc_firmware_guess("\177ELF", 4), XENCOPROC_FW_KIND_ELF);
	ck_assert_uint_eq(coproc_firmware_guess("\177EL", 3), 0);
	ck_assert_uint_eq(coproc_firmware_guess("\176\252\231\176", 4),
			  XENCOPROC_FW_KIND_BITSTREAM);
	ck_assert_uint_eq(coproc_firmware_guess("__kernel void f()", 17),
			  XENCOPROC_FW_KIND_OPENCL_SOURCE);
	ck_assert_uint_eq(coproc_firmware_guess("", 0), 0);
	ck_assert_uint_eq(coproc_firmware_guess("hello", 5), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("frontend-parts");
	TCase *run = tcase_create("coproc-run");
	TCase *jobs = tcase_create("jobs");

	tcase_add_test(run, times_small_are_exact);
	tcase_add_test(run, times_large_are_close);
	tcase_add_test(run, times_extremes_do_not_overflow);
	tcase_add_test(run, figures_count_what_was_admitted);
	tcase_add_test(run, plan_covers_the_input);
	tcase_add_test(run, plan_by_number_of_jobs);
	tcase_add_test(run, plan_refuses);
	tcase_add_test(run, output_never_exceeds_the_room);
	suite_add_tcase(suite, run);
	tcase_add_checked_fixture(jobs, setup, NULL);
	tcase_add_test(jobs, jobs_pass_the_validator);
	tcase_add_test(jobs, jobs_that_are_wrong);
	tcase_add_test(jobs, events_are_bounded_and_forget_handles);
	tcase_add_test(jobs, each_status_has_an_errno_and_a_text);
	tcase_add_test(jobs, images_are_told_by_their_first_bytes);
	suite_add_tcase(suite, jobs);
	return tap_main(suite);
}
