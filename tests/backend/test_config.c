/* SPDX-License-Identifier: MIT */
/*
 * coprocd.conf: what is good is taken as written, and what is not is refused
 * with a message by which an administrator finds and mends it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/config.h"
#include "backend/sched/policy.h"
#include "tests/unit/tap.h"

#define DIGEST  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGEST_UPPER "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"

static char path[] = "/tmp/coprocd-conf-XXXXXX";
static char said[8192];

static void setup(void)
{
	strcpy(path, "/tmp/coprocd-conf-XXXXXX");
	close(mkstemp(path));
}

static void teardown(void)
{
	unlink(path);
}

/* Reads a file with standard error caught in `said`. */
static struct config *load_file(const char *name)
{
	int out[2], saved = dup(STDERR_FILENO);
	struct config *config;
	ssize_t got;

	ck_assert_int_eq(pipe(out), 0);
	fflush(stderr);
	dup2(out[1], STDERR_FILENO);
	close(out[1]);
	config = config_load(name, "/default/engines");
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	got = read(out[0], said, sizeof(said) - 1);
	said[got > 0 ? got : 0] = '\0';
	close(out[0]);
	return config;
}

static struct config *load(const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	return load_file(path);
}

START_TEST(least_file_has_the_defaults)
{
	struct config *config = load("coprocessor \"m4\" { engine = \"cortex-m\" }\n");
	const struct config_coprocessor *c;

	ck_assert_msg(config, "%s", said);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(config->log_level, LOG_INFO);
	ck_assert_ptr_null(config->trace_file);
	ck_assert_str_eq(config->engine_dir, "/default/engines");
	ck_assert_uint_eq(config->worker_uid_base, 700000);
	ck_assert(!config->weak_sandbox);
	ck_assert_uint_eq(config->count, 1);
	c = &config->coprocessors[0];
	ck_assert_str_eq(c->name, "m4");
	ck_assert_str_eq(c->engine, "cortex-m");
	ck_assert_ptr_eq(c->policy, sched_policy_find("wfq"));
	ck_assert_uint_eq(c->slice_us, 5000);
	ck_assert_uint_eq(c->jobs_ahead, 1);
	ck_assert_uint_eq(c->max_run_limit_us, 1000000);
	ck_assert_uint_eq(c->kill_grace_us, 100000);
	ck_assert_uint_eq(c->realtime_budget_us, 50000);
	ck_assert_uint_eq(c->realtime_period_us, 100000);
	ck_assert_uint_eq(c->banks, 64);
	ck_assert_uint_eq(c->worker_memory, 4096ull << 20);
	ck_assert_uint_eq(c->max_queues, 8);
	ck_assert_uint_eq(c->max_ring_order, 9);
	ck_assert_uint_eq(c->max_contexts, 8);
	ck_assert_uint_eq(c->max_buffers, 256);
	ck_assert_uint_eq(c->max_pages, 16384);
	ck_assert_uint_eq(c->max_firmware, 8);
	ck_assert_uint_eq(c->max_firmware_bytes, 1048576);
	ck_assert_uint_eq(c->max_operands, 16);
	ck_assert(!c->any_firmware);
	ck_assert_uint_eq(c->allowed_count, 0);
	config_free(config);
}
END_TEST

START_TEST(full_file_is_taken_as_written)
{
	struct config *config = load(
		"# a comment\n"
		"log-level = debug\n"
		"trace-file = \"/var/log/t.jsonl\"\n"
		"engine-dir = /opt//engines // where they are\n"
		"worker-uid-base = 800000\n"
		"allow-weak-sandbox = true\n"
		"coprocessor \"a\" {\n"
		"	engine = \"null\"\n	policy = \"wfq\"\n	slice-us = 0\n"
		"	max-run-limit-us = 3600000000\n	kill-grace-us = 1000\n"
		"	realtime-budget-us = 10000000\n	realtime-period-us = 10000000\n"
		"	banks = 4096\n	worker-memory-mib = 16\n	max-queues = 1\n"
		"	max-ring-order = 9\n	max-contexts = 64\n	max-buffers = 1024\n"
		"	max-pages = 1048576\n	max-firmware = 64\n	max-firmware-bytes = 67108864\n"
		"	max-operands = 64\n	firmware-any = true\n"
		"}\n"
		"coprocessor \"b.c_d-9\" { engine = \"cortex-m\" slice-us = 250 }\n");
	const struct config_coprocessor *c;

	ck_assert_msg(config, "%s", said);
	ck_assert_int_eq(config->log_level, LOG_DEBUG);
	ck_assert_str_eq(config->trace_file, "/var/log/t.jsonl");
	ck_assert_str_eq(config->engine_dir, "/opt//engines");
	ck_assert_uint_eq(config->worker_uid_base, 800000);
	ck_assert(config->weak_sandbox);
	ck_assert_uint_eq(config->count, 2);
	c = &config->coprocessors[0];
	ck_assert_uint_eq(c->slice_us, 0);
	ck_assert_uint_eq(c->max_run_limit_us, 3600000000u);
	ck_assert_uint_eq(c->kill_grace_us, 1000);
	ck_assert_uint_eq(c->realtime_budget_us, 10000000);
	ck_assert_uint_eq(c->banks, 4096);
	ck_assert_uint_eq(c->worker_memory, 16ull << 20);
	ck_assert_uint_eq(c->max_contexts, 64);
	ck_assert_uint_eq(c->max_buffers, 1024);
	ck_assert_uint_eq(c->max_pages, 1048576);
	ck_assert_uint_eq(c->max_firmware, 64);
	ck_assert_uint_eq(c->max_firmware_bytes, 67108864);
	ck_assert_uint_eq(c->max_operands, 64);
	ck_assert(c->any_firmware);
	ck_assert_str_eq(config->coprocessors[1].name, "b.c_d-9");
	ck_assert_uint_eq(config->coprocessors[1].slice_us, 250);
	ck_assert(!config->coprocessors[1].any_firmware);
	config_free(config);
}
END_TEST

/* ---- the allow-list ---- */

START_TEST(digests_in_every_spelling)
{
	static const char *const spellings[] = {
		DIGEST, DIGEST_UPPER, "sha256:" DIGEST, "sha256:" DIGEST_UPPER,
	};
	static const uint8_t begins[4] = { 0xe3, 0xb0, 0xc4, 0x42 };
	char text[512];
	struct config *config;
	uint8_t digest[32];

	snprintf(text, sizeof(text), "coprocessor \"m4\" { engine = \"null\" firmware-allow = { \"%s\" } }",
		 spellings[_i]);
	config = load(text);
	ck_assert_msg(config, "%s", said);
	ck_assert_uint_eq(config->coprocessors[0].allowed_count, 1);
	memcpy(digest, config->coprocessors[0].allowed[0], 32);
	ck_assert_mem_eq(digest, begins, 4);
	ck_assert_uint_eq(digest[31], 0x55);
	ck_assert(config_allows(&config->coprocessors[0], digest));
	/* Each bit of it counts. */
	for (int bit = 0; bit < 256; bit++) {
		digest[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert(!config_allows(&config->coprocessors[0], digest));
		digest[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	config_free(config);
}
END_TEST

START_TEST(allow_list_is_of_one_coprocessor_and_denies_by_default)
{
	struct config *config = load(
		"coprocessor \"a\" { engine = \"null\" firmware-allow = { \"" DIGEST "\",\n"
		" \"00000000000000000000000000000000000000000000000000000000000000ff\" } }\n"
		"coprocessor \"b\" { engine = \"null\" }\n"
		"coprocessor \"c\" { engine = \"null\" firmware-any = yes }\n");
	uint8_t digest[32] = { 0 };

	ck_assert_msg(config, "%s", said);
	ck_assert_uint_eq(config->coprocessors[0].allowed_count, 2);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(config_allows(&config->coprocessors[i], digest), 0);
	digest[31] = 0xff;
	ck_assert_int_eq(config_allows(&config->coprocessors[0], digest), 1);
	ck_assert_int_eq(config_allows(&config->coprocessors[1], digest), 0);
	ck_assert_int_eq(config_allows(&config->coprocessors[2], digest), 1);
	config_free(config);
}
END_TEST

/* ---- integers ---- */

static const struct {
	const char *name;
	long low, high;
	bool global;
} integers[] = {
	{ "slice-us", 0, 10000000, false },
	{ "jobs-ahead", 0, 1, false },
	{ "max-run-limit-us", 100, 3600000000L, false },
	{ "kill-grace-us", 1000, 10000000, false },
	{ "realtime-budget-us", 0, 10000000, false },
	{ "realtime-period-us", 0, 10000000, false },
	{ "banks", 1, 4096, false },
	{ "worker-memory-mib", 16, 65536, false },
	{ "max-queues", 1, 30, false },
	{ "max-ring-order", 5, 9, false },
	{ "max-contexts", 1, 64, false },
	{ "max-buffers", 1, 1024, false },
	{ "max-pages", 1, 1048576, false },
	{ "max-firmware", 1, 64, false },
	{ "max-firmware-bytes", 4096, 67108864, false },
	{ "max-operands", 4, 64, false },
	{ "worker-uid-base", 1, 2000000000, true },
};

#define INTEGERS ((int)(sizeof(integers) / sizeof(integers[0])))

static struct config *load_integer(int i, long value)
{
	bool budget = !strcmp(integers[i].name, "realtime-budget-us");
	bool period = !strcmp(integers[i].name, "realtime-period-us");
	char text[512];

	snprintf(text, sizeof(text), "%s%s = %ld\n%scoprocessor \"m4\" {\nengine = \"null\"\n%s%s%s = %ld\n}\n",
		 integers[i].global ? "" : "# ", integers[i].name, value, "",
		 budget ? "realtime-period-us = 10000000\n" : period ? "realtime-budget-us = 0\n" : "\n",
		 integers[i].global ? "# " : "", integers[i].name, value);
	return load(text);
}

START_TEST(integers_at_their_ends)
{
	struct config *low = load_integer(_i, integers[_i].low), *high;

	ck_assert_msg(low, "%s", said);
	config_free(low);
	high = load_integer(_i, integers[_i].high);
	ck_assert_msg(high, "%s", said);
	config_free(high);
}
END_TEST

START_TEST(integers_beyond_their_ends)
{
	long values[] = { integers[_i].low - 1, integers[_i].high + 1, 4294967296L + integers[_i].low };
	char expected[256];

	for (int i = 0; i < 3; i++) {
		ck_assert_ptr_null(load_integer(_i, values[i]));
		snprintf(expected, sizeof(expected), "coprocd: %s:%d: %s is %ld, allowed is %ld to %ld\n",
			 path, integers[_i].global ? 1 : 5, integers[_i].name, values[i],
			 integers[_i].low, integers[_i].high);
		ck_assert_str_eq(said, expected);
	}
}
END_TEST

/* ---- bad files ---- */

#define C(body) "coprocessor \"m4\" {\n	engine = \"null\"\n" body "\n}\n"
#define LONG31 "abcdefghijklmnopqrstuvwxyz01234"

static const struct {
	const char *text;
	const char *message;    /* after "coprocd: ", %F the file's name */
} bad_files[] = {
	{ "log-level = loud\n" C(""),
	  "%F:1: log-level is \"loud\", allowed is error, warn, info or debug\n" },
	{ "\n\nlog-level = \"\"\n" C(""),
	  "%F:3: log-level is \"\", allowed is error, warn, info or debug\n" },
	{ C("	policy = \"fifo\""),
	  "%F:3: there is no policy \"fifo\"; this build has: wfq\n" },
	{ C("	firmware-allow = { \"xyz\" }"),
	  "%F:3: firmware-allow has \"xyz\", which is no SHA-256 digest (64 hexadecimal digits, "
	  "as sha256sum prints it)\n" },
	{ C("	firmware-allow = { \"" DIGEST "\",\n \"" DIGEST "0\" }"),
	  "%F:4: firmware-allow has \"" DIGEST "0\", which is no SHA-256 digest (64 hexadecimal "
	  "digits, as sha256sum prints it)\n" },
	{ C("	firmware-allow = { \"sha512:" DIGEST "\" }"),
	  "%F:3: firmware-allow has \"sha512:" DIGEST "\", which is no SHA-256 digest (64 hexadecimal "
	  "digits, as sha256sum prints it)\n" },
	{ "coprocessor \"m4\" {\n engine = \"../../bin/sh\"\n}\n",
	  "%F:2: engine is \"../../bin/sh\", allowed are 1 to 31 letters, digits, '_', '.', '-'\n" },
	{ "coprocessor \"m4\" {\n engine = \".\"\n}\n",
	  "%F:2: engine is \".\", allowed are 1 to 31 letters, digits, '_', '.', '-'\n" },
	{ "coprocessor \"m4\" {\n engine = \"\"\n}\n",
	  "%F:2: engine is \"\", allowed are 1 to 31 letters, digits, '_', '.', '-'\n" },
	{ "coprocessor \"m4\" {\n engine = \"" LONG31 "5\"\n}\n",
	  "%F:2: engine is \"" LONG31 "5\", allowed are 1 to 31 letters, digits, '_', '.', '-'\n" },
	/* What a section lacks is told at its end. */
	{ "coprocessor \"m4\" {\n}\n",
	  "%F:2: coprocessor \"m4\" has no engine; say for example engine = \"cortex-m\"\n" },
	{ "\ncoprocessor \"m 4\" {\n engine = \"null\"\n}\n",
	  "%F:4: coprocessor \"m 4\": a name has 1 to 31 letters, digits, '_', '.', '-'\n" },
	{ "coprocessor \"\" {\n engine = \"null\"\n}\n",
	  "%F:3: coprocessor \"\": a name has 1 to 31 letters, digits, '_', '.', '-'\n" },
	{ C("	realtime-budget-us = 200000"),
	  "%F:4: realtime-budget-us 200000 is more than realtime-period-us 100000\n" },
	{ "", "%F: the configuration names no coprocessor; it needs at least one section: "
	  "coprocessor \"NAME\" { engine = \"cortex-m\" }\n" },
	{ "log-level = warn\n", "%F: the configuration names no coprocessor; it needs at least one "
	  "section: coprocessor \"NAME\" { engine = \"cortex-m\" }\n" },
	{ C("") "\n" C(""), "%F:6: found duplicate title 'm4'\n" },
	{ C("	slices-us = 5"), "%F:3: no such option 'slices-us'\n" },
	{ C("	banks = many"), "%F:3: invalid integer value for option 'banks'\n" },
	{ C("	banks = 12x"), "%F:3: invalid integer value for option 'banks'\n" },
	{ C("	firmware-any = perhaps"), "%F:3: invalid boolean value for option 'firmware-any'\n" },
	{ "coprocessor \"m4\" {\n engine = \"null\"\n", "%F:1: what begins here with '{' is never closed\n" },
	{ "# {\n" C("") "coprocessor \"x\" { engine = \"null\"\n	firmware-allow = { \"" DIGEST "\"\n",
	  "%F:7: what begins here with '{' is never closed\n" },
	{ C("") "log-level = \"info\n", "%F:7: premature end of file\n" },
	/* Comments of all kinds, and what only looks like one. */
	{ "# one\n// two\n/* three\n   { four */ log-level = info # \"five\nlog-level = loud\n",
	  "%F:5: log-level is \"loud\", allowed is error, warn, info or debug\n" },
	{ "engine-dir = /opt//e\ntrace-file = \"/a # { /* b\"\ntrace-file = '// \"'\nlog-level = x\n",
	  "%F:4: log-level is \"x\", allowed is error, warn, info or debug\n" },
	{ "/* never closed\n", "%F: the configuration names no coprocessor; it needs at least one "
	  "section: coprocessor \"NAME\" { engine = \"cortex-m\" }\n" },
};

#define BAD_FILES ((int)(sizeof(bad_files) / sizeof(bad_files[0])))

static void expand(char *to, size_t size, const char *message)
{
	const char *rest = strstr(message, "%F");

	snprintf(to, size, "coprocd: %.*s%s%s", (int)(rest - message), message, path, rest + 2);
}

START_TEST(bad_file_is_refused_with_its_reason)
{
	char expected[1024];

	ck_assert_ptr_null(load(bad_files[_i].text));
	expand(expected, sizeof(expected), bad_files[_i].message);
	ck_assert_str_eq(said, expected);
}
END_TEST

START_TEST(file_that_cannot_be_read)
{
	ck_assert_ptr_null(load_file("/nonexistent/coprocd.conf"));
	ck_assert_str_eq(said, "coprocd: cannot read /nonexistent/coprocd.conf: No such file or "
			 "directory; name a configuration with --config\n");
	ck_assert_ptr_null(load_file("/tmp"));
	ck_assert_ptr_nonnull(strstr(said, "coprocd: cannot read /tmp: Is a directory"));
	ck_assert_int_eq(truncate(path, (1 << 20) + 1), 0);
	ck_assert_ptr_null(load_file(path));
	ck_assert_ptr_nonnull(strstr(said, "File too large"));
	ck_assert_int_eq(truncate(path, 1), 0);
	ck_assert_ptr_null(load_file(path));
	ck_assert_ptr_nonnull(strstr(said, "cannot read"));
	if (geteuid() == 0)
		return;         /* reads what it has no permission for */
	chmod(path, 0);
	ck_assert_ptr_null(load_file(path));
	ck_assert_ptr_nonnull(strstr(said, "Permission denied"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backend-config");
	TCase *tc = tcase_create("config");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, least_file_has_the_defaults);
	tcase_add_test(tc, full_file_is_taken_as_written);
	tcase_add_loop_test(tc, digests_in_every_spelling, 0, 4);
	tcase_add_test(tc, allow_list_is_of_one_coprocessor_and_denies_by_default);
	tcase_add_loop_test(tc, integers_at_their_ends, 0, INTEGERS);
	tcase_add_loop_test(tc, integers_beyond_their_ends, 0, INTEGERS);
	tcase_add_loop_test(tc, bad_file_is_refused_with_its_reason, 0, BAD_FILES);
	tcase_add_test(tc, file_that_cannot_be_read);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
