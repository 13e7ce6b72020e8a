/* SPDX-License-Identifier: MIT */
/*
 * The log and the trace: one line an event whatever a guest puts into it, and
 * a full disk that stops nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/log.h"
#include "backend/trace.h"
#include "tests/unit/tap.h"

static int saved = -1, out[2];
static char said[65536];

static void capture(void)
{
	ck_assert_int_eq(pipe2(out, O_NONBLOCK), 0);
	saved = dup(STDERR_FILENO);
	dup2(out[1], STDERR_FILENO);
}

/* Return: what was written to standard error since capture(). */
static const char *release(void)
{
	ssize_t got;

	dup2(saved, STDERR_FILENO);
	close(saved);
	got = read(out[0], said, sizeof(said) - 1);
	said[got > 0 ? got : 0] = '\0';
	close(out[0]);
	close(out[1]);
	return said;
}

static int lines(const char *text)
{
	int found = 0;

	for (; *text; text++)
		found += *text == '\n';
	return found;
}

/* ---- text from outside ---- */

static const struct {
	const char *text;
	size_t length, room;
	const char *quoted;
} quotes[] = {
	{ "", 0, 64, "\"\"" },
	{ "plain words", 11, 64, "\"plain words\"" },
	{ "a\"b\\c", 5, 64, "\"a\\\"b\\\\c\"" },
	{ "x\nlevel=error event=forged", 26, 64, "\"x?level=error event=forged\"" },
	{ "\r\t\033[2J\177\200\377", 9, 64, "\"???[2J???\"" },
	{ "nul\0inside", 10, 64, "\"nul?inside\"" },
	{ "cut here", 3, 64, "\"cut\"" },
	{ "too long for its room", 21, 12, "\"too lon\"" },
	{ "\"\"\"\"\"\"\"\"\"\"", 10, 12, "\"\\\"\\\"\\\"\\\"\"" },
	{ "whatever", 8, 7, "" },
};

START_TEST(text_from_outside_is_made_safe)
{
	char room[65];

	memset(room, 0x55, sizeof(room));
	ck_assert_str_eq(log_quote(room, quotes[_i].room, quotes[_i].text, quotes[_i].length),
			 quotes[_i].quoted);
	/* Not one byte beyond the room that it was given. */
	for (size_t i = quotes[_i].room; i < sizeof(room); i++)
		ck_assert_int_eq(room[i], 0x55);
}
END_TEST

START_TEST(every_room_is_kept)
{
	char text[32], room[40];

	memset(text, '"', sizeof(text));
	for (size_t size = 8; size <= sizeof(room); size++) {
		for (size_t length = 0; length <= sizeof(text); length++) {
			const char *quoted = log_quote(room, size, text, length);
			size_t n = strlen(quoted);

			ck_assert_uint_lt(n, size);
			ck_assert_int_eq(quoted[0], '"');
			ck_assert_int_eq(quoted[n - 1], '"');
			/* The last quote is not an escaped one. */
			ck_assert_uint_eq(n % 2, 0);
		}
	}
}
END_TEST

/* ---- lines ---- */

START_TEST(one_line_an_event)
{
	char expected[128];
	int year;

	capture();
	log_event(LOG_WARN, "thing", "dom=%u why=\"%s\"", 7, "because");
	release();
	ck_assert_int_eq(sscanf(said, "time=%d-", &year), 1);
	ck_assert_ptr_nonnull(strchr(said, ' '));
	snprintf(expected, sizeof(expected), " level=warn event=thing dom=7 why=\"because\"\n");
	ck_assert_str_eq(strchr(said, ' '), expected);
	ck_assert_uint_eq(strlen("time=2026-01-01T00:00:00.000000Z"), (size_t)(strchr(said, ' ') - said));
}
END_TEST

START_TEST(long_lines_are_cut_and_ended)
{
	char text[4000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	capture();
	log_event(LOG_ERROR, "long", "text=%s", text);
	log_event(LOG_ERROR, "next", "n=%d", 1);
	release();
	ck_assert_int_eq(lines(said), 2);
	ck_assert_ptr_nonnull(strstr(said, "xxx\ntime="));
}
END_TEST

START_TEST(levels_are_a_threshold)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	for (int level = LOG_ERROR; level <= LOG_DEBUG; level++) {
		ck_assert_int_eq(log_level_parse(names[level]), level);
		log_set_level((enum log_level)level);
		capture();
		for (int event = LOG_ERROR; event <= LOG_DEBUG; event++)
			log_event((enum log_level)event, "e", "n=%d", event);
		release();
		ck_assert_int_eq(lines(said), level + 1);
	}
	ck_assert_int_eq(log_level_parse("warning"), -1);
	ck_assert_int_eq(log_level_parse(""), -1);
	ck_assert_int_eq(log_level_parse("INFO"), -1);
}
END_TEST

/* ---- the trace ---- */

START_TEST(trace_is_json_by_lines)
{
	char path[] = "/tmp/coprocd-trace-XXXXXX", text[256] = "";
	int fd = mkstemp(path);
	struct trace *trace = trace_open(path);

	ck_assert_ptr_nonnull(trace);
	trace_event(trace, 1234567, "start", "\"dom\":%u,\"job\":%d", 7, 9);
	trace_event(trace, 1000, "end", "\"dom\":%u", 7);
	trace_flush(trace);
	ck_assert_int_gt(pread(fd, text, sizeof(text) - 1, 0), 0);
	ck_assert_str_eq(text, "{\"t_us\":1234.567,\"ev\":\"start\",\"dom\":7,\"job\":9}\n"
			 "{\"t_us\":1.000,\"ev\":\"end\",\"dom\":7}\n");
	trace_close(trace);
	close(fd);
	unlink(path);
}
END_TEST

/* A disk that is full: a word in the log, once, and the rest goes on. */
START_TEST(full_disk_ends_the_trace)
{
	struct trace *trace = trace_open("/dev/full");

	ck_assert_ptr_nonnull(trace);
	capture();
	for (int i = 0; i < 10000; i++)
		trace_event(trace, (uint64_t)i, "start", "\"dom\":%d", i);
	trace_flush(trace);
	trace_event(trace, 1, "end", "\"dom\":%d", 1);
	trace_flush(trace);
	trace_close(trace);
	release();
	ck_assert_int_eq(lines(said), 1);
	ck_assert_ptr_nonnull(strstr(said, "level=error event=trace-lost path=/dev/full "
				     "error=\"No space left on device\"\n"));
}
END_TEST

/* The same when it is noticed only at the end. */
START_TEST(full_disk_is_told_at_the_end)
{
	struct trace *trace = trace_open("/dev/full");

	capture();
	trace_event(trace, 1, "start", "\"dom\":%d", 1);
	trace_close(trace);
	release();
	ck_assert_int_eq(lines(said), 1);
	ck_assert_ptr_nonnull(strstr(said, "event=trace-lost"));
}
END_TEST

START_TEST(no_trace_is_no_matter)
{
	ck_assert_ptr_null(trace_open("/nonexistent/trace"));
	trace_event(NULL, 1, "start", "\"dom\":%d", 1);
	trace_flush(NULL);
	trace_close(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backend-log");
	TCase *tc = tcase_create("log");

	tcase_add_loop_test(tc, text_from_outside_is_made_safe, 0,
			    (int)(sizeof(quotes) / sizeof(quotes[0])));
	tcase_add_test(tc, every_room_is_kept);
	tcase_add_test(tc, one_line_an_event);
	tcase_add_test(tc, long_lines_are_cut_and_ended);
	tcase_add_test(tc, levels_are_a_threshold);
	tcase_add_test(tc, trace_is_json_by_lines);
	tcase_add_test(tc, full_disk_ends_the_trace);
	tcase_add_test(tc, full_disk_is_told_at_the_end);
	tcase_add_test(tc, no_trace_is_no_matter);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
