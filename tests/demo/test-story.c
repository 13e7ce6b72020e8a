/* SPDX-License-Identifier: MIT */
/* Traces told again: the story's figures, and what the converters write. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "demo/story.h"
#include "tests/unit/tap.h"

/*
 * A batch job of domain 2 is paused for a realtime job of domain 1 and goes
 * on; domain 3 loses its engine process in mid-job; a second job of domain 1
 * is late; the last line is half written.
 */
static const char sample[] =
"{\"t_us\":1000.0,\"ev\":\"worker\",\"dom\":2,\"dev\":0,\"what\":\"start\"}\n"
"{\"t_us\":1000.5,\"ev\":\"accept\",\"dom\":2,\"dev\":0,\"queue\":1,\"class\":\"batch\",\"job\":1,\"ctx\":0}\n"
"{\"t_us\":1010.5,\"ev\":\"start\",\"dom\":2,\"dev\":0,\"queue\":1,\"class\":\"batch\",\"job\":1,\"ctx\":0}\n"
"{\"t_us\":1100.0,\"ev\":\"accept\",\"dom\":1,\"dev\":0,\"queue\":1,\"class\":\"realtime\",\"job\":1,\"ctx\":0}\n"
"{\"t_us\":1110.0,\"ev\":\"park\",\"dom\":2,\"dev\":0,\"queue\":1,\"class\":\"batch\",\"job\":1,\"ctx\":0}\n"
"{\"t_us\":1112.0,\"ev\":\"switch\",\"from\":2,\"to\":1,\"us\":2.5}\n"
"{\"t_us\":1112.0,\"ev\":\"start\",\"dom\":1,\"dev\":0,\"queue\":1,\"class\":\"realtime\",\"job\":1,\"ctx\":0}\n"
"{\"t_us\":1162.0,\"ev\":\"end\",\"dom\":1,\"dev\":0,\"queue\":1,\"class\":\"realtime\",\"job\":1,\"ctx\":0,"
	"\"status\":\"ok\",\"us\":50,\"waited_us\":12}\n"
"{\"t_us\":1163.0,\"ev\":\"switch\",\"from\":1,\"to\":2,\"us\":1.5}\n"
"{\"t_us\":1163.0,\"ev\":\"continue\",\"dom\":2,\"dev\":0,\"queue\":1,\"class\":\"batch\",\"job\":1,\"ctx\":0}\n"
"{\"t_us\":1170.0,\"ev\":\"accept\",\"dom\":1,\"dev\":0,\"queue\":1,\"class\":\"realtime\",\"job\":2,\"ctx\":0}\n"
"{\"t_us\":1180.0,\"ev\":\"end\",\"dom\":1,\"dev\":0,\"queue\":1,\"class\":\"realtime\",\"job\":2,\"ctx\":0,"
	"\"status\":\"expired\",\"us\":0,\"waited_us\":10}\n"
"{\"t_us\":1200.0,\"ev\":\"something-new\",\"dom\":9}\n"
"{\"t_us\":1263.0,\"ev\":\"end\",\"dom\":2,\"dev\":0,\"queue\":1,\"class\":\"batch\",\"job\":1,\"ctx\":0,"
	"\"status\":\"ok\",\"us\":199,\"waited_us\":10}\n"
"{\"t_us\":1300.0,\"ev\":\"accept\",\"dom\":3,\"dev\":0,\"queue\":1,\"class\":\"batch\",\"job\":1,\"ctx\":0}\n"
"{\"t_us\":1301.0,\"ev\":\"start\",\"dom\":3,\"dev\":0,\"queue\":1,\"class\":\"batch\",\"job\":1,\"ctx\":0}\n"
"{\"t_us\":1401.0,\"ev\":\"worker\",\"dom\":3,\"dev\":0,\"what\":\"exit\"}\n"
"{\"t_us\":1500.0,\"ev\":\"scrub\",\"dom\":3,\"dev\":0,\"us\":90,\"bytes\":8192,\"resident\":4096,\"nonzero\":0}\n"
"{\"t_us\":1600.0,\"ev\":\"acc";

static char path[64], made[80];
static struct story story;

static void write_sample(void)
{
	FILE *file;
	int fd;

	strcpy(path, "/tmp/test-story-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	file = fdopen(fd, "w");
	ck_assert_ptr_nonnull(file);
	fputs(sample, file);
	ck_assert_int_eq(fclose(file), 0);
	snprintf(made, sizeof(made), "%s.made", path);
	ck_assert_int_eq(story_read(&story, path), 0);
}

static void remove_sample(void)
{
	story_free(&story);
	unlink(path);
	unlink(made);
}

START_TEST(stretches_are_who_had_the_core)
{
	static const struct {
		double begin, end;
		uint32_t dom;
		int how;
	} want[] = {
		{ 10.5, 110, 2, PARKED }, { 112, 162, 1, ENDED }, { 163, 263, 2, ENDED },
		{ 301, 401, 3, CUT },
	};
	size_t i;

	ck_assert_uint_eq(story.stretch_count, 4);
	for (i = 0; i < 4; i++) {
		const struct stretch *r = &story.stretches[i];

		ck_assert_double_eq_tol(r->begin, want[i].begin, 1e-6);
		ck_assert_double_eq_tol(r->end, want[i].end, 1e-6);
		ck_assert_uint_eq(story.jobs[r->job].dom, want[i].dom);
		ck_assert_int_eq((int)r->how, want[i].how);
	}
	ck_assert_uint_eq(story.bad_lines, 0);
	ck_assert_uint_eq(story.odd_lines, 0);
}
END_TEST

START_TEST(sums_are_per_domain)
{
	struct told_sum sum;

	ck_assert_int_eq(story_sum(&story, 1, -1e18, 1e18, &sum), 0);
	ck_assert_uint_eq(sum.jobs, 2);
	ck_assert_uint_eq(sum.ok, 1);
	ck_assert_uint_eq(sum.late, 1);
	ck_assert_double_eq_tol(sum.busy_us, 50, 1e-6);
	ck_assert_double_eq_tol(sum.wait_max, 12, 1e-6);
	ck_assert_uint_eq(sum.switches_to, 1);
	ck_assert_double_eq_tol(sum.switch_us, 2.5, 1e-6);
	ck_assert_int_eq(story_sum(&story, 2, -1e18, 1e18, &sum), 0);
	ck_assert_uint_eq(sum.parks, 1);
	ck_assert_double_eq_tol(sum.busy_us, 199.5, 1e-6);
	ck_assert_int_eq(story_sum(&story, 3, -1e18, 1e18, &sum), 0);
	ck_assert_uint_eq(sum.unfinished, 1);
	ck_assert_int_eq(story_sum(&story, 2, 100, 200, &sum), 0);
	ck_assert_uint_eq(sum.jobs, 0);
	ck_assert_double_eq_tol(sum.busy_us, 10 + 37, 1e-6);
}
END_TEST

START_TEST(contradictions_are_counted)
{
	struct trace_line line;
	struct story s = { 0 };

	ck_assert_int_eq(trace_parse("{\"t_us\":1,\"ev\":\"end\",\"dom\":1,\"job\":5}", &line), 0);
	ck_assert_int_eq(story_add(&s, &line), 0);
	ck_assert_uint_eq(s.odd_lines, 1);
	ck_assert_int_eq(trace_parse("{\"ev\":\"end\"}", &line), -1);
	ck_assert_int_eq(trace_parse("[1]", &line), -1);
	ck_assert_int_eq(trace_parse("", &line), -1);
	story_free(&s);
}
END_TEST

/* $B/demo/NAME on the sample: exit status, the result in @made. */
static int convert(const char *name)
{
	const char *build = getenv("B");
	char command[300];
	int rc;

	snprintf(command, sizeof(command), "%s/demo/%s %s %s '1=a<b' 2=two",
		 build ? build : "build", name, path, made);
	rc = system(command);
	return WIFEXITED(rc) ? WEXITSTATUS(rc) : -1;
}

static size_t count(json_t *events, const char *phase)
{
	json_t *event;
	size_t i, n = 0;

	json_array_foreach(events, i, event)
		n += !strcmp(json_string_value(json_object_get(event, "ph")), phase);
	return n;
}

START_TEST(perfetto_gets_balanced_events)
{
	json_t *root, *events, *event;
	double cut = -1;
	size_t i;

	ck_assert_int_eq(convert("trace-perfetto"), 0);
	root = json_load_file(made, 0, NULL);
	events = json_object_get(root, "traceEvents");
	ck_assert(json_is_array(events));
	ck_assert_uint_eq(count(events, "X"), 4 + 4);
	ck_assert_uint_eq(count(events, "b"), 8);
	ck_assert_uint_eq(count(events, "e"), 8);
	ck_assert_uint_eq(count(events, "s"), 3);
	ck_assert_uint_eq(count(events, "f"), 3);
	ck_assert_uint_eq(count(events, "i"), 5);
	json_array_foreach(events, i, event) {
		json_t *ts = json_object_get(event, "ts");

		ck_assert(ts ? json_number_value(ts) >= 0 :
			  !strcmp(json_string_value(json_object_get(event, "ph")), "M"));
		ck_assert(json_is_integer(json_object_get(event, "pid")));
		if (!strcmp(json_string_value(json_object_get(event, "name")), "dom3 1") &&
		    json_object_get(event, "dur"))
			cut = json_number_value(json_object_get(event, "dur"));
	}
	ck_assert_double_eq_tol(cut, 100, 1e-6);
	json_decref(root);
}
END_TEST

START_TEST(the_page_holds_the_story_and_nothing_foreign)
{
	static char page[1 << 20];
	char *data, *end;
	json_t *root;
	FILE *file;
	size_t n;

	ck_assert_int_eq(convert("timeline"), 0);
	file = fopen(made, "r");
	ck_assert_ptr_nonnull(file);
	n = fread(page, 1, sizeof(page) - 1, file);
	fclose(file);
	page[n] = '\0';
	ck_assert_ptr_null(strstr(page, "http:"));
	ck_assert_ptr_null(strstr(page, "https:"));
	ck_assert_ptr_null(strstr(page, "<td>a<b"));
	ck_assert_ptr_nonnull(strstr(page, "<td>a&#60;b"));
	data = strstr(page, "const story = ");
	ck_assert_ptr_nonnull(data);
	data += strlen("const story = ");
	end = strstr(data, ";\n");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	root = json_loads(data, 0, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "doms")), 3);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "runs")), 4);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "jobs")), 4);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "marks")), 5);
	json_decref(root);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("demo-story");
	TCase *tests = tcase_create("story");

	tcase_add_checked_fixture(tests, write_sample, remove_sample);
	tcase_add_test(tests, stretches_are_who_had_the_core);
	tcase_add_test(tests, sums_are_per_domain);
	tcase_add_test(tests, contradictions_are_counted);
	tcase_add_test(tests, perfetto_gets_balanced_events);
	tcase_add_test(tests, the_page_holds_the_story_and_nothing_foreign);
	suite_add_tcase(suite, tests);
	return tap_main(suite);
}
