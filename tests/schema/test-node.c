// SPDX-License-Identifier: MIT
/*
 * One node's text: each type with what is good, what is at the edge and what
 * is bad.  The rule is B8: xenstore content is hostile input.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/tap.h"
#include "protocol/coprocif.h"
#include "xenstore-schema/node-set.h"
#include "xenstore-schema/node-error.h"
#include "xenstore-schema/nodes.h"

#define NODE(id) (&coproc_node[COPROC_NODE_##id])

/* The parser gets exactly the bytes, on the heap, so that the sanitizers see
 * any look past the end. */
static char *exact(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	return copy;
}

static enum coproc_node_fault number(const struct coproc_node *node, const char *text, size_t len,
				     uint64_t *out)
{
	char *copy = exact(text, len);
	enum coproc_node_fault fault = coproc_node_parse_u64(node, copy, len, out, NULL);

	free(copy);
	return fault;
}

static void takes(const struct coproc_node *node, const char *text, uint64_t value)
{
	uint64_t out = ~value;

	ck_assert_msg(number(node, text, strlen(text), &out) == COPROC_NODE_OK, "%s refused \"%s\"",
		      node->name, text);
	ck_assert_uint_eq(out, value);
}

static void refuses(const struct coproc_node *node, const char *text, enum coproc_node_fault why)
{
	uint64_t out = 77;
	enum coproc_node_fault fault = number(node, text, strlen(text), &out);

	ck_assert_msg(fault == why, "%s, \"%s\": fault %d, not %d", node->name, text, fault, why);
	ck_assert_uint_eq(out, 77);
}

START_TEST(numbers_in_range_are_taken)
{
	takes(NODE(TOOLSTACK_WEIGHT), "1", 1);
	takes(NODE(TOOLSTACK_WEIGHT), "10000", 10000);
	takes(NODE(TOOLSTACK_CAP), "0", 0);
	takes(NODE(TOOLSTACK_CAP), "100", 100);
	takes(NODE(BACKEND_LOCAL_MEMORY), "281474976710656", 281474976710656ull);
	takes(NODE(BACKEND_MAX_RUN_LIMIT_US), "3600000000", 3600000000u);
	takes(NODE(FRONTEND_EVENT_CHANNEL), "131071", 131071);
	takes(NODE(FRONTEND_CONTROL_SQ_REF), "4294967294", 4294967294u);
	takes(NODE(TOOLSTACK_ONLINE), "0", 0);
	takes(NODE(TOOLSTACK_ONLINE), "1", 1);
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
	refuses(NODE(TOOLSTACK_WEIGHT), "0", COPROC_NODE_RANGE);
	refuses(NODE(TOOLSTACK_WEIGHT), "10001", COPROC_NODE_RANGE);
	refuses(NODE(TOOLSTACK_CAP), "101", COPROC_NODE_RANGE);
	refuses(NODE(BACKEND_MAX_QUEUES), "0", COPROC_NODE_RANGE);
	refuses(NODE(BACKEND_MAX_QUEUES), "31", COPROC_NODE_RANGE);
	refuses(NODE(BACKEND_MAX_RING_ORDER), "4", COPROC_NODE_RANGE);
	refuses(NODE(BACKEND_MAX_RING_ORDER), "10", COPROC_NODE_RANGE);
	/* All ones is "no grant" on the wire. */
	refuses(NODE(FRONTEND_CONTROL_SQ_REF), "4294967295", COPROC_NODE_RANGE);
	refuses(NODE(FRONTEND_EVENT_CHANNEL), "0", COPROC_NODE_RANGE);
	refuses(NODE(TOOLSTACK_ONLINE), "2", COPROC_NODE_RANGE);
	refuses(NODE(BACKEND_STATE), "9", COPROC_NODE_RANGE);
}
END_TEST

START_TEST(numbers_too_large_do_not_wrap)
{
	refuses(NODE(TOOLSTACK_WEIGHT), "4294967296", COPROC_NODE_RANGE);
	refuses(NODE(TOOLSTACK_WEIGHT), "4294967396", COPROC_NODE_RANGE);
	refuses(NODE(TOOLSTACK_WEIGHT), "18446744073709551615", COPROC_NODE_RANGE);
	refuses(NODE(TOOLSTACK_WEIGHT), "18446744073709551616", COPROC_NODE_RANGE);
	refuses(NODE(TOOLSTACK_WEIGHT), "18446744073709551716", COPROC_NODE_RANGE);
	refuses(NODE(TOOLSTACK_WEIGHT), "99999999999999999999", COPROC_NODE_RANGE);
	refuses(NODE(TOOLSTACK_WEIGHT), "100000000000000000000", COPROC_NODE_LENGTH);
}
END_TEST

START_TEST(numbers_have_one_spelling)
{
	static const char *const bad[] = {
	    "+1",  "-1",  " 1",	 "1 ", "1\n", "\t1",	  "01", "00", "0x1", "1.0",
	    "1e3", "1,2", "one", "1a", "a1",  "\xd9\xa1", "1;", "--", "0b1",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(NODE(TOOLSTACK_WEIGHT), bad[i], COPROC_NODE_SYNTAX);
	refuses(NODE(TOOLSTACK_WEIGHT), "", COPROC_NODE_LENGTH);
}
END_TEST

START_TEST(nul_inside_is_refused)
{
	uint64_t out = 0;
	char name[32];
	const struct coproc_node *path = NODE(TOOLSTACK_FRONTEND);
	char long_path[129];

	ck_assert_int_eq(number(NODE(TOOLSTACK_WEIGHT), "1\0", 2, &out), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(number(NODE(TOOLSTACK_WEIGHT), "\0001", 2, &out), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(number(NODE(TOOLSTACK_MAX_CLASS), "normal\0", 7, &out), COPROC_NODE_RANGE);
	ck_assert_int_eq(number(NODE(BACKEND_VERSIONS), "1\0", 2, &out), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(
	    coproc_node_parse_string(NODE(BACKEND_KIND), "gpu\0", 4, name, sizeof(name), NULL),
	    COPROC_NODE_SYNTAX);
	ck_assert_int_eq(
	    coproc_node_parse_string(path, "/a\0b", 4, long_path, sizeof(long_path), NULL),
	    COPROC_NODE_SYNTAX);
}
END_TEST

START_TEST(every_byte_but_a_digit_is_refused)
{
	unsigned int c;

	for (c = 0; c < 256; c++) {
		char text[3] = {'1', (char)c, '1'};
		uint64_t out;
		enum coproc_node_fault fault = number(NODE(TOOLSTACK_WEIGHT), text, 3, &out);

		ck_assert_int_eq(fault, c >= '0' && c <= '9' ? COPROC_NODE_OK : COPROC_NODE_SYNTAX);
	}
}
END_TEST

START_TEST(words_are_places_in_their_list)
{
	const struct coproc_node *node = NODE(TOOLSTACK_MAX_CLASS);

	takes(node, "realtime", XENCOPROC_CLASS_REALTIME);
	takes(node, "normal", XENCOPROC_CLASS_NORMAL);
	takes(node, "batch", XENCOPROC_CLASS_BATCH);
	takes(NODE(BACKEND_PREEMPTION), "instant", COPROC_PREEMPTION_INSTANT);
	refuses(node, "", COPROC_NODE_LENGTH);
	refuses(node, "norma", COPROC_NODE_RANGE);
	refuses(node, "normal ", COPROC_NODE_RANGE);
	refuses(node, "Normal", COPROC_NODE_RANGE);
	refuses(node, "normal|batch", COPROC_NODE_RANGE);
	refuses(node, "|", COPROC_NODE_RANGE);
	refuses(node, "batc", COPROC_NODE_RANGE);
	refuses(node, "batchh", COPROC_NODE_RANGE);
	refuses(node, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", COPROC_NODE_LENGTH);
}
END_TEST

START_TEST(lists_ignore_what_a_later_version_added)
{
	const struct coproc_node *node = NODE(BACKEND_VERSIONS);

	takes(node, "1", 1u << 1);
	takes(node, "1,2,7", 1u << 1 | 1u << 2 | 1u << 7);
	takes(node, "2,1", 1u << 1 | 1u << 2);
	takes(node, "1,1", 1u << 1);
	takes(node, "31", 1u << 31);
	takes(node, "1,32,99999999999,2-beta,x_y.z", 1u << 1);
	takes(node, "0,01", 0);
	takes(NODE(BACKEND_FIRMWARE_KINDS), "", 0);
	takes(NODE(BACKEND_FIRMWARE_KINDS), "0,5", 1u << 0 | 1u << 5);
}
END_TEST

START_TEST(lists_must_be_well_formed)
{
	const struct coproc_node *node = NODE(BACKEND_VERSIONS);
	char many[128] = "1";
	unsigned int i;

	refuses(node, "", COPROC_NODE_LENGTH);
	refuses(node, ",", COPROC_NODE_SYNTAX);
	refuses(node, "1,", COPROC_NODE_SYNTAX);
	refuses(node, ",1", COPROC_NODE_SYNTAX);
	refuses(node, "1,,2", COPROC_NODE_SYNTAX);
	refuses(node, "1, 2", COPROC_NODE_SYNTAX);
	refuses(node, "1;2", COPROC_NODE_SYNTAX);
	refuses(node, "+1", COPROC_NODE_SYNTAX);
	refuses(node, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", COPROC_NODE_SYNTAX);
	for (i = 1; i < 32; i++)
		strcat(many, ",1");
	takes(node, many, 1u << 1);
	strcat(many, ",1");
	refuses(node, many, COPROC_NODE_LENGTH);
}
END_TEST

START_TEST(a_value_of_xenstores_largest_size_is_refused)
{
	static char large[4096];
	char out[256];
	uint64_t value;
	size_t i;

	memset(large, '1', sizeof(large));
	for (i = 0; i < COPROC_NODES; i++) {
		const struct coproc_node *node = &coproc_node[i];
		enum coproc_node_fault fault;

		fault = coproc_node_check(node, large, sizeof(large), NULL);
		ck_assert_int_eq(fault, COPROC_NODE_LENGTH);
		if (coproc_node_parse_u64(node, large, sizeof(large), &value, NULL) ==
		    COPROC_NODE_TYPE)
			ck_assert_int_eq(coproc_node_parse_string(node, large, sizeof(large), out,
								  sizeof(out), NULL),
					 COPROC_NODE_LENGTH);
	}
}
END_TEST

static enum coproc_node_fault string(const struct coproc_node *node, const char *text, char *out,
				     size_t room)
{
	char *copy = exact(text, strlen(text));
	enum coproc_node_fault fault;

	fault = coproc_node_parse_string(node, copy, strlen(text), out, room, NULL);
	free(copy);
	return fault;
}

START_TEST(names)
{
	const struct coproc_node *node = NODE(TOOLSTACK_COPROCESSOR);
	char out[32];

	ck_assert_int_eq(string(node, "m4-0_a.B9", out, sizeof(out)), COPROC_NODE_OK);
	ck_assert_str_eq(out, "m4-0_a.B9");
	ck_assert_int_eq(string(node, "abcdefghijabcdefghijabcdefghijk", out, sizeof(out)),
			 COPROC_NODE_OK);
	ck_assert_int_eq(string(node, "abcdefghijabcdefghijabcdefghijkl", out, sizeof(out)),
			 COPROC_NODE_LENGTH);
	ck_assert_int_eq(string(node, "", out, sizeof(out)), COPROC_NODE_LENGTH);
	ck_assert_int_eq(string(node, "a b", out, sizeof(out)), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(string(node, "a/b", out, sizeof(out)), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(string(node, "\xc3\xa4", out, sizeof(out)), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(string(node, "abc", out, 3), COPROC_NODE_LENGTH);
	ck_assert_int_eq(string(node, "abc", out, 4), COPROC_NODE_OK);
}
END_TEST

START_TEST(paths)
{
	const struct coproc_node *node = NODE(LINK_BACKEND);
	char out[129];

	ck_assert_int_eq(string(node, "/local/domain/0/backend/vcoproc/3/0", out, sizeof(out)),
			 COPROC_NODE_OK);
	ck_assert_int_eq(string(node, "/a", out, sizeof(out)), COPROC_NODE_OK);
	ck_assert_int_eq(string(node, "/", out, sizeof(out)), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(string(node, "a", out, sizeof(out)), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(string(node, "a/b", out, sizeof(out)), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(string(node, "/a/", out, sizeof(out)), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(string(node, "//a", out, sizeof(out)), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(string(node, "/a//b", out, sizeof(out)), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(string(node, "/a/../b", out, sizeof(out)), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(string(node, "/a b", out, sizeof(out)), COPROC_NODE_SYNTAX);
	ck_assert_int_eq(string(node, "", out, sizeof(out)), COPROC_NODE_LENGTH);
}
END_TEST

START_TEST(texts_are_made_printable)
{
	const struct coproc_node *node = NODE(BACKEND_ERROR);
	char out[256];

	ck_assert_int_eq(string(node, "F11: \033[2Jtoo\nmany\x7f\xff", out, sizeof(out)),
			 COPROC_NODE_OK);
	ck_assert_str_eq(out, "F11: ?[2Jtoo?many??");
	ck_assert_int_eq(string(node, "", out, sizeof(out)), COPROC_NODE_OK);
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(absence_is_the_default_or_refused)
{
	struct coproc_node_error error;
	uint64_t out = 0;
	uint32_t small = 0;
	char text[256] = "x";

	ck_assert_int_eq(coproc_node_parse_u64(NODE(TOOLSTACK_WEIGHT), NULL, 0, &out, &error),
			 COPROC_NODE_OK);
	ck_assert_uint_eq(out, 100);
	ck_assert_int_eq(coproc_node_parse_u32(NODE(TOOLSTACK_MAX_CLASS), NULL, 0, &small, &error),
			 COPROC_NODE_OK);
	ck_assert_uint_eq(small, XENCOPROC_CLASS_NORMAL);
	ck_assert_int_eq(
	    coproc_node_parse_u32(NODE(BACKEND_FEATURE_JOURNAL), NULL, 0, &small, &error),
	    COPROC_NODE_OK);
	ck_assert_uint_eq(small, 0);
	ck_assert_int_eq(
	    coproc_node_parse_string(NODE(BACKEND_ERROR), NULL, 0, text, sizeof(text), &error),
	    COPROC_NODE_OK);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(coproc_node_parse_u64(NODE(BACKEND_MAX_QUEUES), NULL, 0, &out, &error),
			 COPROC_NODE_ABSENT);
	ck_assert_str_eq(error.message,
			 "max-queues is absent; allowed: a decimal number from 1 to 30");
	ck_assert_ptr_eq(error.node, NODE(BACKEND_MAX_QUEUES));
	ck_assert_int_eq(
	    coproc_node_parse_string(NODE(BACKEND_KIND), NULL, 0, text, sizeof(text), &error),
	    COPROC_NODE_ABSENT);
}
END_TEST

START_TEST(a_wrong_parser_is_the_callers_fault)
{
	struct coproc_node_error error;
	uint64_t out = 0;
	uint32_t small = 0;
	char text[256];

	ck_assert_int_eq(coproc_node_parse_u32(NODE(BACKEND_LOCAL_MEMORY), "1", 1, &small, &error),
			 COPROC_NODE_TYPE);
	ck_assert_int_eq(coproc_node_parse_u64(NODE(BACKEND_KIND), "1", 1, &out, &error),
			 COPROC_NODE_TYPE);
	ck_assert_int_eq(
	    coproc_node_parse_string(NODE(BACKEND_STATE), "1", 1, text, sizeof(text), &error),
	    COPROC_NODE_TYPE);
}
END_TEST

START_TEST(errors_name_say_and_allow)
{
	struct coproc_node_error error;
	uint64_t out;
	char hostile[400];
	size_t i;

	coproc_node_parse_u64(NODE(TOOLSTACK_WEIGHT), "0", 1, &out, &error);
	ck_assert_str_eq(error.message,
			 "weight says \"0\"; allowed: a decimal number from 1 to 10000");
	coproc_node_parse_u64(NODE(TOOLSTACK_MAX_CLASS), "fast", 4, &out, &error);
	ck_assert_str_eq(error.message,
			 "max-class says \"fast\"; allowed: one of realtime, normal, batch");
	coproc_node_parse_u64(NODE(TOOLSTACK_CAP), "\033]0;x\a\"\n", 8, &out, &error);
	ck_assert_str_eq(error.message,
			 "cap says \"?]0;x???\"; allowed: a decimal number from 0 to 100");
	/* Whatever comes, whatever node: it fits, is printable, and ends. */
	memset(hostile, 0xff, sizeof(hostile));
	for (i = 0; i < COPROC_NODES; i++) {
		const char *c;

		memset(&error, 0x55, sizeof(error));
		ck_assert_int_ne(
		    coproc_node_check(&coproc_node[i], hostile, sizeof(hostile), &error),
		    COPROC_NODE_OK);
		for (c = error.message; *c; c++)
			ck_assert(*c >= ' ' && *c <= '~');
		ck_assert_uint_lt(c - error.message, sizeof(error.message) - 1);
	}
}
END_TEST

START_TEST(what_is_formatted_parses_to_the_same)
{
	char text[COPROC_NODE_NUMERIC_SIZE];
	size_t i;

	for (i = 0; i < COPROC_NODES; i++) {
		const struct coproc_node *node = &coproc_node[i];
		uint64_t values[3] = {node->low, node->high, node->absent}, out;
		size_t k;

		if (coproc_node_format_u64(node, 0, text, sizeof(text), NULL) == COPROC_NODE_TYPE)
			continue;
		if (node->type == COPROC_TYPE_NUMBERS) {
			values[0] = 1ull << node->low;
			values[1] = 0xffffffffull & ~((1ull << node->low) - 1);
		}
		for (k = 0; k < 3; k++) {
			if (k == 2 && node->required)
				continue;
			ck_assert_int_eq(
			    coproc_node_format_u64(node, values[k], text, sizeof(text), NULL),
			    COPROC_NODE_OK);
			ck_assert_int_eq(
			    coproc_node_parse_u64(node, text, strlen(text), &out, NULL),
			    COPROC_NODE_OK);
			ck_assert_uint_eq(out, values[k]);
		}
	}
}
END_TEST

START_TEST(nobody_formats_what_nobody_takes)
{
	char text[COPROC_NODE_NUMERIC_SIZE];
	struct coproc_node_error error;

	ck_assert_int_eq(
	    coproc_node_format_u64(NODE(TOOLSTACK_WEIGHT), 0, text, sizeof(text), &error),
	    COPROC_NODE_RANGE);
	ck_assert_str_eq(error.message,
			 "weight says \"0\"; allowed: a decimal number from 1 to 10000");
	ck_assert_int_eq(
	    coproc_node_format_u64(NODE(TOOLSTACK_MAX_CLASS), 0, text, sizeof(text), NULL),
	    COPROC_NODE_RANGE);
	ck_assert_int_eq(
	    coproc_node_format_u64(NODE(TOOLSTACK_MAX_CLASS), 4, text, sizeof(text), NULL),
	    COPROC_NODE_RANGE);
	ck_assert_int_eq(
	    coproc_node_format_u64(NODE(BACKEND_VERSIONS), 0, text, sizeof(text), NULL),
	    COPROC_NODE_RANGE);
	ck_assert_int_eq(
	    coproc_node_format_u64(NODE(BACKEND_VERSIONS), 1, text, sizeof(text), NULL),
	    COPROC_NODE_RANGE);
	ck_assert_int_eq(coproc_node_format_u64(NODE(TOOLSTACK_WEIGHT), 100, text, 3, NULL),
			 COPROC_NODE_LENGTH);
	ck_assert_int_eq(coproc_node_format_u64(NODE(TOOLSTACK_WEIGHT), 100, text, 4, NULL),
			 COPROC_NODE_OK);
}
END_TEST

START_TEST(nodes_are_found_by_name_and_directory)
{
	ck_assert_ptr_eq(coproc_node_find(COPROC_DIR_BACKEND, "weight", 6), NODE(TOOLSTACK_WEIGHT));
	ck_assert_ptr_eq(coproc_node_find(COPROC_DIR_BACKEND, "state", 5), NODE(BACKEND_STATE));
	ck_assert_ptr_eq(coproc_node_find(COPROC_DIR_FRONTEND, "state", 5), NODE(FRONTEND_STATE));
	ck_assert_ptr_null(coproc_node_find(COPROC_DIR_FRONTEND, "weight", 6));
	ck_assert_ptr_null(coproc_node_find(COPROC_DIR_BACKEND, "weigh", 5));
	ck_assert_ptr_null(coproc_node_find(COPROC_DIR_BACKEND, "weights", 7));
	ck_assert_ptr_null(coproc_node_find(COPROC_DIR_BACKEND, "", 0));
}
END_TEST

START_TEST(absent_text_is_judged_by_the_table)
{
	/* Whatever is absent, B-NODE rules: refused where required, else nothing to refuse. */
	struct coproc_node_error error;
	size_t i, strings = 0;

	for (i = 0; i < COPROC_NODES; i++) {
		const struct coproc_node *node = &coproc_node[i];

		if (!coproc_type_is_string(node->type))
			continue;
		strings++;
		memset(&error, 0xff, sizeof(error));
		ck_assert_int_eq(coproc_node_check(node, NULL, 0, &error),
				 node->required ? COPROC_NODE_ABSENT : COPROC_NODE_OK);
		if (node->required)
			ck_assert_ptr_eq(error.node, node);
	}
	ck_assert_uint_gt(strings, 3);
}
END_TEST

START_TEST(what_is_allowed_fits_its_room)
{
	char whole[256], cut[256];
	size_t i, room;

	for (i = 0; i < COPROC_NODES; i++) {
		coproc_node_allowed(&coproc_node[i], whole, sizeof(whole));
		ck_assert_uint_gt(strlen(whole), 3);
		for (room = 1; room < 12; room++) {
			memset(cut, 'x', sizeof(cut));
			coproc_node_allowed(&coproc_node[i], cut, room);
			ck_assert_uint_lt(strlen(cut), room);
			ck_assert_int_eq(strncmp(cut, whole, strlen(cut)), 0);
			ck_assert_int_eq(cut[room], 'x');
		}
	}
}
END_TEST

START_TEST(a_reason_needs_no_error_to_be_told_in)
{
	struct coproc_node_error error;
	const struct coproc_node *node = NODE(TOOLSTACK_FRONTEND);

	ck_assert_int_eq(coproc_node_refuse_because(NULL, node, COPROC_NODE_RANGE, "why"),
			 COPROC_NODE_RANGE);
	ck_assert_int_eq(coproc_node_refuse_because(&error, node, COPROC_NODE_RANGE, "why"),
			 COPROC_NODE_RANGE);
	ck_assert_ptr_eq(error.node, node);
	ck_assert_ptr_nonnull(strstr(error.message, "why"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node");
	TCase *tc = tcase_create("node");

	tcase_add_test(tc, numbers_in_range_are_taken);
	tcase_add_test(tc, numbers_out_of_range_are_refused);
	tcase_add_test(tc, numbers_too_large_do_not_wrap);
	tcase_add_test(tc, numbers_have_one_spelling);
	tcase_add_test(tc, nul_inside_is_refused);
	tcase_add_test(tc, every_byte_but_a_digit_is_refused);
	tcase_add_test(tc, words_are_places_in_their_list);
	tcase_add_test(tc, lists_ignore_what_a_later_version_added);
	tcase_add_test(tc, lists_must_be_well_formed);
	tcase_add_test(tc, a_value_of_xenstores_largest_size_is_refused);
	tcase_add_test(tc, names);
	tcase_add_test(tc, paths);
	tcase_add_test(tc, texts_are_made_printable);
	tcase_add_test(tc, absence_is_the_default_or_refused);
	tcase_add_test(tc, a_wrong_parser_is_the_callers_fault);
	tcase_add_test(tc, errors_name_say_and_allow);
	tcase_add_test(tc, what_is_formatted_parses_to_the_same);
	tcase_add_test(tc, nobody_formats_what_nobody_takes);
	tcase_add_test(tc, nodes_are_found_by_name_and_directory);
	tcase_add_test(tc, absent_text_is_judged_by_the_table);
	tcase_add_test(tc, what_is_allowed_fits_its_room);
	tcase_add_test(tc, a_reason_needs_no_error_to_be_told_in);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
