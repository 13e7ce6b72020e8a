// SPDX-License-Identifier: MIT
/*
 * Whole sets of nodes, and what both sides agree on from them.
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/tap.h"
#include "xenstore-schema/negotiate.h"

static struct coproc_backend_nodes backend_example(void)
{
	return (struct coproc_backend_nodes){
	    .versions = 1u << 1,
	    .kind = "cortex-m",
	    .preemption = COPROC_PREEMPTION_CHECKPOINT,
	    .firmware_kinds = 1u << 1 | 1u << 5,
	    .local_memory = 1ull << 40,
	    .max_queues = 8,
	    .max_ring_order = 9,
	    .max_contexts = 64,
	    .max_buffers = 1024,
	    .max_pages = 65536,
	    .max_firmware = 16,
	    .max_firmware_bytes = 1u << 20,
	    .max_operands = 64,
	    .max_run_limit_us = 1000000,
	    .feature_journal = 1,
	    .feature_digest_load = 1,
	};
}

static struct coproc_frontend_nodes frontend_example(void)
{
	return (struct coproc_frontend_nodes){
	    .version = 1,
	    .request_journal = 1,
	    .request_save_area = 1,
	    .frontend_index_ref = 8,
	    .backend_index_ref = 9,
	    .control_sq_ref = 10,
	    .control_cq_ref = 11,
	    .event_ring_ref = 12,
	    .event_channel = 5,
	};
}

static struct coproc_toolstack_nodes toolstack_example(void)
{
	struct coproc_toolstack_nodes nodes;

	coproc_toolstack_nodes_default(&nodes);
	strcpy(nodes.frontend, "/local/domain/3/device/vcoproc/0");
	nodes.frontend_id = 3;
	nodes.online = 1;
	strcpy(nodes.coprocessor, "m4");
	return nodes;
}

static struct coproc_node_text *find(struct coproc_node_texts *texts, const char *name)
{
	size_t i;

	for (i = 0; i < texts->count; i++)
		if (strcmp(texts->node[i].name, name) == 0)
			return &texts->node[i];
	ck_abort_msg("no node %s", name);
	return NULL;
}

static void set(struct coproc_node_texts *texts, const char *name, const char *text)
{
	struct coproc_node_text *node = find(texts, name);

	node->text = text;
	node->len = text ? strlen(text) : 0;
}

START_TEST(each_set_goes_there_and_back)
{
	struct coproc_backend_nodes b = backend_example(), b2;
	struct coproc_frontend_nodes f = frontend_example(), f2;
	struct coproc_toolstack_nodes t = toolstack_example(), t2;
	struct coproc_link_nodes l = {"/local/domain/0/backend/vcoproc/3/0", 0}, l2;
	static struct coproc_node_texts texts;

	strcpy(b.error, "F11: queues");
	memset(&b2, 0xaa, sizeof(b2));
	ck_assert_int_eq(coproc_backend_nodes_format(&b, &texts, NULL), COPROC_NODE_OK);
	ck_assert_int_eq(coproc_backend_nodes_parse(texts.node, texts.count, &b2, NULL),
			 COPROC_NODE_OK);
	ck_assert_str_eq(b2.kind, "cortex-m");
	ck_assert_str_eq(b2.error, "F11: queues");
	ck_assert_uint_eq(b2.local_memory, 1ull << 40);
	ck_assert_uint_eq(b2.firmware_kinds, 1u << 1 | 1u << 5);
	ck_assert_uint_eq(b2.max_run_limit_us, 1000000);
	ck_assert_str_eq(find(&texts, "firmware-kinds")->text, "1,5");
	ck_assert_str_eq(find(&texts, "preemption")->text, "checkpoint");
	ck_assert_str_eq(find(&texts, "feature-save-area")->text, "0");
	ck_assert_int_eq(coproc_frontend_nodes_format(&f, &texts, NULL), COPROC_NODE_OK);
	ck_assert_int_eq(coproc_frontend_nodes_parse(texts.node, texts.count, &f2, NULL),
			 COPROC_NODE_OK);
	ck_assert_int_eq(memcmp(&f, &f2, offsetof(struct coproc_frontend_nodes, error)), 0);
	ck_assert_int_eq(coproc_toolstack_nodes_format(&t, &texts, NULL), COPROC_NODE_OK);
	ck_assert_int_eq(coproc_toolstack_nodes_parse(texts.node, texts.count, &t2, NULL),
			 COPROC_NODE_OK);
	ck_assert_uint_eq(t2.weight, 100);
	ck_assert_uint_eq(t2.max_class, XENCOPROC_CLASS_NORMAL);
	ck_assert_str_eq(t2.coprocessor, "m4");
	ck_assert_int_eq(coproc_link_nodes_format(&l, &texts, NULL), COPROC_NODE_OK);
	ck_assert_int_eq(coproc_link_nodes_parse(texts.node, texts.count, &l2, NULL),
			 COPROC_NODE_OK);
	ck_assert_str_eq(l2.backend, l.backend);
}
END_TEST

/* The largest values of each set fit the pool. */
START_TEST(the_largest_values_fit)
{
	struct coproc_backend_nodes b = backend_example();
	struct coproc_toolstack_nodes t = toolstack_example();
	static struct coproc_node_texts texts;

	b.versions = 0xfffffffeu;
	b.firmware_kinds = 0xffffffffu;
	memset(b.kind, 'k', 31);
	memset(b.error, 'e', 255);
	b.local_memory = 281474976710656ull;
	b.max_contexts = b.max_buffers = b.max_firmware = 65536;
	b.max_pages = 16777216;
	b.max_run_limit_us = 3600000000u;
	ck_assert_int_eq(coproc_backend_nodes_format(&b, &texts, NULL), COPROC_NODE_OK);
	memset(t.frontend, 'f', 128);
	t.frontend[0] = '/';
	ck_assert_int_eq(coproc_toolstack_nodes_format(&t, &texts, NULL), COPROC_NODE_OK);
	ck_assert_uint_le(texts.count, COPROC_SET_NODES_MAX);
}
END_TEST

/* A field whose NUL was forgotten is refused, not read past. */
START_TEST(a_string_without_end_is_refused)
{
	struct coproc_backend_nodes b = backend_example();
	struct coproc_node_error error;
	static struct coproc_node_texts texts;

	memset(b.kind, 'k', sizeof(b.kind));
	ck_assert_int_eq(coproc_backend_nodes_format(&b, &texts, &error), COPROC_NODE_LENGTH);
	ck_assert_str_eq(error.node->name, "kind");
}
END_TEST

START_TEST(each_required_node_is_required)
{
	struct coproc_backend_nodes b = backend_example();
	static struct coproc_node_texts texts;
	struct coproc_node_error error;
	size_t i;

	ck_assert_int_eq(coproc_backend_nodes_format(&b, &texts, NULL), COPROC_NODE_OK);
	for (i = 0; i < texts.count; i++) {
		struct coproc_node_text saved = texts.node[i];
		const struct coproc_node *node =
		    coproc_node_find(COPROC_DIR_BACKEND, saved.name, strlen(saved.name));
		enum coproc_node_fault fault;

		texts.node[i].text = NULL;
		fault = coproc_backend_nodes_parse(texts.node, texts.count, &b, &error);
		ck_assert_int_eq(fault, node->required ? COPROC_NODE_ABSENT : COPROC_NODE_OK);
		if (fault)
			ck_assert_ptr_eq(error.node, node);
		texts.node[i] = saved;
	}
	ck_assert_int_eq(coproc_backend_nodes_parse(NULL, 0, &b, &error), COPROC_NODE_ABSENT);
	ck_assert_str_eq(error.node->name, "versions");
}
END_TEST

START_TEST(unknown_nodes_are_ignored)
{
	struct coproc_link_nodes l;
	const struct coproc_node_text texts[] = {
	    {"frills", "\xff", 1},  {"backend-id", "7", 1},  {"", "", 0},
	    {"backend", "/a/b", 4}, {"backend-idx", "9", 1},
	};

	ck_assert_int_eq(coproc_link_nodes_parse(texts, 5, &l, NULL), COPROC_NODE_OK);
	ck_assert_uint_eq(l.backend_id, 7);
}
END_TEST

START_TEST(a_budget_needs_its_period)
{
	struct coproc_toolstack_nodes t = toolstack_example();
	static struct coproc_node_texts texts;
	struct coproc_node_error error;

	t.realtime_budget_us = 10;
	ck_assert_int_eq(coproc_toolstack_nodes_format(&t, &texts, &error), COPROC_NODE_CONFLICT);
	t.realtime_period_us = 9;
	ck_assert_int_eq(coproc_toolstack_nodes_format(&t, &texts, &error), COPROC_NODE_CONFLICT);
	t.realtime_period_us = 10;
	ck_assert_int_eq(coproc_toolstack_nodes_format(&t, &texts, &error), COPROC_NODE_OK);
	set(&texts, "realtime-budget-us", "0");
	ck_assert_int_eq(coproc_toolstack_nodes_parse(texts.node, texts.count, &t, &error),
			 COPROC_NODE_CONFLICT);
	set(&texts, "realtime-budget-us", "11");
	ck_assert_int_eq(coproc_toolstack_nodes_parse(texts.node, texts.count, &t, &error),
			 COPROC_NODE_CONFLICT);
	ck_assert_str_eq(error.message,
			 "realtime-budget-us: must not be more than realtime-period-us");
}
END_TEST

START_TEST(no_grant_serves_two_rings)
{
	static const char *const names[] = {
	    "frontend-index-ref", "backend-index-ref", "control-sq-ref",
	    "control-cq-ref",	  "event-ring-ref",
	};
	struct coproc_frontend_nodes f = frontend_example();
	static struct coproc_node_texts texts;
	struct coproc_node_error error;
	size_t i, j;

	for (i = 0; i < 5; i++)
		for (j = 0; j < i; j++) {
			ck_assert_int_eq(coproc_frontend_nodes_format(&f, &texts, NULL),
					 COPROC_NODE_OK);
			set(&texts, names[i], "77");
			set(&texts, names[j], "77");
			struct coproc_frontend_nodes out;
			ck_assert_int_eq(
			    coproc_frontend_nodes_parse(texts.node, texts.count, &out, &error),
			    COPROC_NODE_CONFLICT);
			ck_assert_str_eq(error.node->name, names[i]);
		}
}
END_TEST

/* ---- Negotiation ---- */

START_TEST(the_highest_common_version_wins)
{
	ck_assert_uint_eq(coproc_version_choose(1u << 1, 1u << 1), 1);
	ck_assert_uint_eq(coproc_version_choose(1u << 1 | 1u << 2 | 1u << 9, 1u << 1 | 1u << 2), 2);
	ck_assert_uint_eq(coproc_version_choose(1u << 31, 1u << 31), 31);
	ck_assert_uint_eq(coproc_version_choose(1u << 2, 1u << 1), 0);
	ck_assert_uint_eq(coproc_version_choose(0, 0xffffffffu), 0);
	/* Version 0 is none. */
	ck_assert_uint_eq(coproc_version_choose(1, 1), 0);
}
END_TEST

START_TEST(features_are_what_both_want)
{
	struct coproc_backend_nodes b = backend_example();
	struct coproc_frontend_nodes f = frontend_example();
	struct coproc_toolstack_nodes t = toolstack_example();
	struct coproc_limits limits;
	uint32_t offered, wanted;

	for (offered = 0; offered < 32; offered++)
		for (wanted = 0; wanted < 32; wanted++) {
			coproc_features_advertise(&b, offered);
			coproc_features_request(&f, wanted);
			ck_assert_uint_eq(coproc_features_advertised(&b), offered);
			ck_assert_uint_eq(coproc_features_requested(&f), wanted);
			ck_assert_int_eq(coproc_negotiate(&t, &b, &f, &limits, NULL),
					 COPROC_NODE_OK);
			ck_assert_uint_eq(limits.features, offered & wanted);
		}
}
END_TEST

START_TEST(limits_are_the_backends)
{
	struct coproc_backend_nodes b = backend_example();
	struct coproc_frontend_nodes f = frontend_example();
	struct coproc_toolstack_nodes t = toolstack_example();
	struct coproc_limits limits;

	t.max_class = XENCOPROC_CLASS_BATCH;
	ck_assert_int_eq(coproc_negotiate(&t, &b, &f, &limits, NULL), COPROC_NODE_OK);
	ck_assert_uint_eq(limits.max_queues, 8);
	ck_assert_uint_eq(limits.max_ring_order, 9);
	ck_assert_uint_eq(limits.max_contexts, 64);
	ck_assert_uint_eq(limits.max_buffers, 1024);
	ck_assert_uint_eq(limits.max_pages, 65536);
	ck_assert_uint_eq(limits.max_firmware, 16);
	ck_assert_uint_eq(limits.max_firmware_bytes, 1u << 20);
	ck_assert_uint_eq(limits.max_operands, 64);
	ck_assert_uint_eq(limits.max_run_limit_us, 1000000);
	ck_assert_uint_eq(limits.max_class, XENCOPROC_CLASS_BATCH);
}
END_TEST

START_TEST(a_version_that_was_not_offered_is_refused)
{
	struct coproc_backend_nodes b = backend_example();
	struct coproc_frontend_nodes f = frontend_example();
	struct coproc_toolstack_nodes t = toolstack_example();
	struct coproc_limits limits = {.max_queues = 12345};
	struct coproc_node_error error;
	uint32_t version;

	for (version = 0; version < 40; version++) {
		f.version = version;
		ck_assert_int_eq(coproc_negotiate(&t, &b, &f, &limits, &error),
				 version == 1 ? COPROC_NODE_OK : COPROC_NODE_RANGE);
	}
	/* Offered, but unknown to this source. */
	b.versions = 1u << 2;
	f.version = 2;
	ck_assert_int_eq(coproc_negotiate(&t, &b, &f, &limits, &error), COPROC_NODE_RANGE);
	ck_assert_str_eq(error.node->name, "version");
}
END_TEST

/* F11: one number out of range, whoever filled the structure. */
START_TEST(every_number_is_bounded)
{
	struct coproc_frontend_nodes f = frontend_example();
	struct coproc_toolstack_nodes t = toolstack_example();
	struct coproc_limits limits;
	struct coproc_node_error error;
	static const size_t field[] = {
	    offsetof(struct coproc_backend_nodes, max_queues),
	    offsetof(struct coproc_backend_nodes, max_ring_order),
	    offsetof(struct coproc_backend_nodes, max_contexts),
	    offsetof(struct coproc_backend_nodes, max_buffers),
	    offsetof(struct coproc_backend_nodes, max_pages),
	    offsetof(struct coproc_backend_nodes, max_firmware),
	    offsetof(struct coproc_backend_nodes, max_firmware_bytes),
	    offsetof(struct coproc_backend_nodes, max_operands),
	    offsetof(struct coproc_backend_nodes, max_run_limit_us),
	};
	static const uint32_t bad[] = {0, 0xffffffffu};
	size_t i, k;

	for (i = 0; i < sizeof(field) / sizeof(field[0]); i++)
		for (k = 0; k < 2; k++) {
			struct coproc_backend_nodes b = backend_example();

			memcpy((char *)&b + field[i], &bad[k], sizeof(bad[k]));
			memset(&limits, 0x5a, sizeof(limits));
			ck_assert_int_eq(coproc_negotiate(&t, &b, &f, &limits, &error),
					 COPROC_NODE_RANGE);
			ck_assert_uint_eq(limits.max_queues, 0x5a5a5a5a);
		}
	t.max_class = 0;
	struct coproc_backend_nodes b = backend_example();
	ck_assert_int_eq(coproc_negotiate(&t, &b, &f, &limits, &error), COPROC_NODE_RANGE);
}
END_TEST

START_TEST(quotas_only_lower)
{
	struct coproc_backend_nodes b = backend_example();
	struct coproc_toolstack_nodes t = toolstack_example();

	coproc_quota_apply(&t, &b);
	ck_assert_uint_eq(b.max_queues, 8);
	t.quota_queues = 30;
	t.quota_contexts = 1;
	t.quota_pages = 65535;
	t.quota_firmware_bytes = 1;
	t.quota_buffers = 1024;
	t.quota_firmware = 15;
	coproc_quota_apply(&t, &b);
	ck_assert_uint_eq(b.max_queues, 8);
	ck_assert_uint_eq(b.max_contexts, 1);
	ck_assert_uint_eq(b.max_pages, 65535);
	ck_assert_uint_eq(b.max_firmware_bytes, 1);
	ck_assert_uint_eq(b.max_buffers, 1024);
	ck_assert_uint_eq(b.max_firmware, 15);
}
END_TEST

START_TEST(paths_fit_and_parse)
{
	char path[COPROC_PATH_SIZE];

	coproc_backend_path(path, sizeof(path), 0xffffffffu, 0xffffffffu, 0xffffffffu);
	ck_assert_str_eq(path, "/local/domain/4294967295/backend/vcoproc/4294967295/4294967295");
	coproc_frontend_path(path, sizeof(path), 3, 0);
	ck_assert_str_eq(path, "/local/domain/3/device/vcoproc/0");
	ck_assert_int_eq(coproc_node_check(&coproc_node[COPROC_NODE_TOOLSTACK_FRONTEND], path,
					   strlen(path), NULL),
			 COPROC_NODE_OK);
}
END_TEST

/* The table itself: what the generator cannot see by its form. */
START_TEST(the_table_agrees_with_the_wire)
{
	const char *names[COPROC_SET_NODES_MAX];

	ck_assert_uint_eq(coproc_node[COPROC_NODE_BACKEND_MAX_QUEUES].high, XENCOPROC_QUEUE_MAX);
	ck_assert_uint_eq(coproc_node[COPROC_NODE_TOOLSTACK_QUOTA_QUEUES].high,
			  XENCOPROC_QUEUE_MAX);
	ck_assert_uint_eq(coproc_node[COPROC_NODE_BACKEND_MAX_RING_ORDER].low, XENCOPROC_ORDER_MIN);
	ck_assert_uint_eq(coproc_node[COPROC_NODE_BACKEND_MAX_RING_ORDER].high,
			  XENCOPROC_ORDER_MAX);
	ck_assert_uint_eq(coproc_node[COPROC_NODE_BACKEND_MAX_OPERANDS].low,
			  XENCOPROC_INLINE_OPERANDS);
	ck_assert_uint_eq(coproc_node[COPROC_NODE_BACKEND_MAX_FIRMWARE_BYTES].high,
			  (uint64_t)XENCOPROC_BUF_PAGES_MAX * XENCOPROC_PAGE_SIZE);
	ck_assert_uint_lt(coproc_node[COPROC_NODE_FRONTEND_CONTROL_SQ_REF].high,
			  XENCOPROC_GREF_NONE);
	ck_assert_uint_eq(coproc_set_names(COPROC_SET_BACKEND, names), 20);
	ck_assert_str_eq(names[0], "versions");
	ck_assert_uint_eq(coproc_set_names(COPROC_SET_LINK, names), 2);
}
END_TEST

/* Bytes at random into every parser: nothing but an answer, under the
 * sanitizers nothing past the end. */
START_TEST(random_texts_are_answered)
{
	static const char alphabet[] = "0123456789,,,-.|/ abnormltci\0\xff\n+x";
	unsigned int seed = 1, round;
	char buffer[300], out[300];

	for (round = 0; round < 200000; round++) {
		const struct coproc_node *node;
		char *text;
		size_t len, i;
		uint64_t value;

		seed = seed * 1103515245u + 12345u;
		node = &coproc_node[(seed >> 16) % COPROC_NODES];
		seed = seed * 1103515245u + 12345u;
		len = (seed >> 16) % 40;
		text = buffer + sizeof(buffer) - len;
		for (i = 0; i < len; i++) {
			seed = seed * 1103515245u + 12345u;
			text[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		if (coproc_node_parse_u64(node, text, len, &value, NULL) == COPROC_NODE_OK &&
		    node->type != COPROC_TYPE_NUMBERS) {
			ck_assert_uint_ge(value, node->low);
			ck_assert_uint_le(value, node->high);
		}
		if (coproc_node_parse_string(node, text, len, out, sizeof(out), NULL) ==
		    COPROC_NODE_OK)
			ck_assert_uint_eq(strlen(out), len);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sets");
	TCase *tc = tcase_create("sets");

	tcase_add_test(tc, each_set_goes_there_and_back);
	tcase_add_test(tc, the_largest_values_fit);
	tcase_add_test(tc, a_string_without_end_is_refused);
	tcase_add_test(tc, each_required_node_is_required);
	tcase_add_test(tc, unknown_nodes_are_ignored);
	tcase_add_test(tc, a_budget_needs_its_period);
	tcase_add_test(tc, no_grant_serves_two_rings);
	tcase_add_test(tc, the_highest_common_version_wins);
	tcase_add_test(tc, features_are_what_both_want);
	tcase_add_test(tc, limits_are_the_backends);
	tcase_add_test(tc, a_version_that_was_not_offered_is_refused);
	tcase_add_test(tc, every_number_is_bounded);
	tcase_add_test(tc, quotas_only_lower);
	tcase_add_test(tc, paths_fit_and_parse);
	tcase_add_test(tc, the_table_agrees_with_the_wire);
	tcase_add_test(tc, random_texts_are_answered);
	suite_add_tcase(suite, tc);
	return tap_main(suite);
}
