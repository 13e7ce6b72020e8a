/* SPDX-License-Identifier: MIT */
/*
 * Target "nodes": the texts of a device's directories, as either peer may
 * write them, through every parser of xenstore-schema.  What a set's parser
 * took, its formatter writes, and the parser takes again for the same; limits
 * that were negotiated are inside the table's ranges; a step of the state
 * table is one that the table has.
 *
 * Input: records of node number, length (one byte), text; node number 255
 * ends the list, the rest is one state text, and wishes and states.
 */
#include "fuzz.h"
#include "xenstore-schema/negotiate.h"
#include "xenstore-schema/nodes.h"
#include "xenstore-schema/state.h"

static struct coproc_node_text backend[COPROC_DIR_BACKEND_NODES];
static struct coproc_node_text frontend[COPROC_DIR_FRONTEND_NODES];
static char *memory[COPROC_NODES];

static struct coproc_node_text *text_of(uint32_t id)
{
	return id < COPROC_DIR_BACKEND_NODES ? &backend[id] : &frontend[id - COPROC_DIR_BACKEND_NODES];
}

/* What every node has that should be there and that the input does not give. */
static const char *common(uint32_t id)
{
	static const char *const text[COPROC_NODES] = {
		[COPROC_NODE_TOOLSTACK_FRONTEND] = "/local/domain/1/device/vcoproc/0",
		[COPROC_NODE_TOOLSTACK_FRONTEND_ID] = "1",
		[COPROC_NODE_TOOLSTACK_ONLINE] = "1",
		[COPROC_NODE_TOOLSTACK_COPROCESSOR] = "m4",
		[COPROC_NODE_BACKEND_VERSIONS] = "1",
		[COPROC_NODE_BACKEND_KIND] = "cortex-m",
		[COPROC_NODE_BACKEND_PREEMPTION] = "instant",
		[COPROC_NODE_BACKEND_FIRMWARE_KINDS] = "1",
		[COPROC_NODE_BACKEND_MAX_QUEUES] = "4",
		[COPROC_NODE_BACKEND_MAX_RING_ORDER] = "7",
		[COPROC_NODE_BACKEND_MAX_CONTEXTS] = "16",
		[COPROC_NODE_BACKEND_MAX_BUFFERS] = "64",
		[COPROC_NODE_BACKEND_MAX_PAGES] = "4096",
		[COPROC_NODE_BACKEND_MAX_FIRMWARE] = "8",
		[COPROC_NODE_BACKEND_MAX_FIRMWARE_BYTES] = "1048576",
		[COPROC_NODE_BACKEND_MAX_OPERANDS] = "16",
		[COPROC_NODE_BACKEND_MAX_RUN_LIMIT_US] = "1000000",
		[COPROC_NODE_BACKEND_STATE] = "2",
		[COPROC_NODE_LINK_BACKEND] = "/local/domain/0/backend/vcoproc/1/0",
		[COPROC_NODE_LINK_BACKEND_ID] = "0",
		[COPROC_NODE_FRONTEND_VERSION] = "1",
		[COPROC_NODE_FRONTEND_FRONTEND_INDEX_REF] = "8",
		[COPROC_NODE_FRONTEND_BACKEND_INDEX_REF] = "9",
		[COPROC_NODE_FRONTEND_CONTROL_SQ_REF] = "10",
		[COPROC_NODE_FRONTEND_CONTROL_CQ_REF] = "11",
		[COPROC_NODE_FRONTEND_EVENT_RING_REF] = "12",
		[COPROC_NODE_FRONTEND_EVENT_CHANNEL] = "5",
		[COPROC_NODE_FRONTEND_STATE] = "3",
	};

	return text[id];
}

static void set_text(uint32_t id, const void *bytes, size_t len)
{
	struct coproc_node_text *t = text_of(id);

	free(memory[id]);
	memory[id] = NULL;
	if (bytes) {
		/* No byte more: texts need not end in NUL. */
		memory[id] = malloc(len ? len : 1);
		if (!memory[id])
			abort();
		memcpy(memory[id], bytes, len);
	}
	*t = (struct coproc_node_text){ coproc_node[id].name, memory[id], len };
}

static void read_texts(struct input *in)
{
	uint8_t bytes[255], id, len;

	for (uint32_t i = 0; i < COPROC_NODES; i++)
		set_text(i, common(i), common(i) ? strlen(common(i)) : 0);
	while (in->left && (id = in_u8(in)) != 255) {
		len = in_u8(in);
		in_bytes(in, bytes, len);
		/* The high numbers: the node does not exist. */
		if (id < 128)
			set_text(id % COPROC_NODES, bytes, len);
		else
			set_text(id % COPROC_NODES, NULL, 0);
	}
}

/* ---- one node ---- */

static void check_error(enum coproc_node_fault fault, const struct coproc_node_error *error)
{
	size_t len = strnlen(error->message, COPROC_NODE_MESSAGE_SIZE);

	fuzz_check(error->fault == fault && len < COPROC_NODE_MESSAGE_SIZE);
	for (size_t i = 0; i < len; i++)
		fuzz_check(error->message[i] >= ' ' && error->message[i] <= '~');
}

static void try_number(const struct coproc_node *node, const struct coproc_node_text *t)
{
	struct coproc_node_error error;
	char text[COPROC_NODE_NUMERIC_SIZE];
	enum coproc_node_fault fault;
	uint64_t wide = 0, again = 0;
	uint32_t narrow = 0;

	fault = coproc_node_parse_u64(node, t->text, t->len, &wide, &error);
	if (fault) {
		check_error(fault, &error);
		return;
	}
	if (node->type != COPROC_TYPE_U64)
		fuzz_check(!coproc_node_parse_u32(node, t->text, t->len, &narrow, NULL) &&
			   narrow == wide);
	/* A list of which every token is a later version's is empty, which nobody
	 * may write. */
	if (!t->text || (node->type == COPROC_TYPE_NUMBERS && !wide))
		return;
	/* One spelling for a value; only in lists unknown tokens are passed over. */
	fuzz_check(!coproc_node_format_u64(node, wide, text, sizeof(text), NULL));
	if (node->type != COPROC_TYPE_NUMBERS)
		fuzz_check(strlen(text) == t->len && !memcmp(text, t->text, t->len));
	fuzz_check(!coproc_node_parse_u64(node, text, strlen(text), &again, NULL) && again == wide);
}

static void try_node(uint32_t id)
{
	const struct coproc_node *node = &coproc_node[id];
	const struct coproc_node_text *t = text_of(id);
	struct coproc_node_error error;
	char out[256], *string;
	enum coproc_node_fault checked = coproc_node_check(node, t->text, t->len, &error), fault;

	if (checked)
		check_error(checked, &error);
	coproc_node_allowed(node, out, 1 + t->len % sizeof(out));
	if (node->type < COPROC_TYPE_NAME) {
		try_number(node, t);
		return;
	}
	string = malloc(node->high + 1);
	if (!string)
		abort();
	fault = coproc_node_parse_string(node, t->text, t->len, string, node->high + 1, &error);
	fuzz_check(fault == checked);
	if (!fault)
		fuzz_check(strnlen(string, node->high + 1) <= node->high);
	free(string);
}

/* ---- sets ---- */

#define TRY_SET(set, texts, entries)                                                            \
static bool try_##set(struct coproc_##set##_nodes *nodes)                                       \
{                                                                                               \
	static struct coproc_##set##_nodes again;                                               \
	static struct coproc_node_texts out;                                                    \
	struct coproc_node_error error;                                                         \
	enum coproc_node_fault fault;                                                           \
												\
	memset(nodes, 0, sizeof(*nodes));                                                       \
	memset(&again, 0, sizeof(again));                                                       \
	fault = coproc_##set##_nodes_parse(texts, entries, nodes, &error);                     \
	if (fault) {                                                                            \
		check_error(fault, &error);                                                     \
		return false;                                                                   \
	}                                                                                       \
	fault = coproc_##set##_nodes_format(nodes, &out, &error);                               \
	if (fault && error.node && error.node->type == COPROC_TYPE_NUMBERS)                     \
		return true;                                                                    \
	if (fault)                                                                              \
		fuzz_bug("what was parsed cannot be written: %s", error.message);               \
	fuzz_check(out.count <= COPROC_SET_NODES_MAX);                                          \
	fuzz_check(!coproc_##set##_nodes_parse(out.node, out.count, &again, &error));           \
	fuzz_check(!memcmp(nodes, &again, sizeof(again)));                                      \
	return true;                                                                            \
}

TRY_SET(toolstack, backend, COPROC_DIR_BACKEND_NODES)
TRY_SET(backend, backend, COPROC_DIR_BACKEND_NODES)
TRY_SET(link, frontend, COPROC_DIR_FRONTEND_NODES)
TRY_SET(frontend, frontend, COPROC_DIR_FRONTEND_NODES)

static bool ref_twice(const struct coproc_frontend_nodes *f)
{
	const uint32_t ref[] = { f->frontend_index_ref, f->backend_index_ref, f->control_sq_ref,
				 f->control_cq_ref, f->event_ring_ref };

	for (int i = 0; i < 5; i++)
		for (int k = 0; k < i; k++)
			if (ref[i] == ref[k])
				return true;
	return false;
}

/* F11: whatever was agreed on is inside section 14, and within what was offered. */
static void check_limits(const struct coproc_limits *l, const struct coproc_backend_nodes *b,
			 const struct coproc_frontend_nodes *f)
{
	fuzz_check(l->max_queues >= 1 && l->max_queues <= 30 && l->max_queues <= b->max_queues);
	fuzz_check(l->max_ring_order >= 5 && l->max_ring_order <= 9);
	fuzz_check(l->max_contexts >= 1 && l->max_contexts <= 65536 && l->max_contexts <= b->max_contexts);
	fuzz_check(l->max_buffers >= 1 && l->max_buffers <= 65536 && l->max_buffers <= b->max_buffers);
	fuzz_check(l->max_pages >= 1 && l->max_pages <= 16777216 && l->max_pages <= b->max_pages);
	fuzz_check(l->max_firmware >= 1 && l->max_firmware <= 65536);
	fuzz_check(l->max_firmware_bytes >= 1 && l->max_firmware_bytes <= 67108864);
	fuzz_check(l->max_operands >= 4 && l->max_operands <= 4096);
	fuzz_check(l->max_run_limit_us >= 1 && l->max_run_limit_us <= 3600000000u);
	fuzz_check(l->max_class >= 1 && l->max_class <= 3);
	fuzz_check(l->features == (coproc_features_advertised(b) & coproc_features_requested(f)));
	fuzz_check(coproc_version_choose(b->versions, COPROC_VERSIONS_OURS) >= f->version);
}

static void try_sets(void)
{
	static struct coproc_toolstack_nodes toolstack;
	static struct coproc_backend_nodes offer, lowered;
	static struct coproc_frontend_nodes answer;
	static struct coproc_link_nodes link;
	struct coproc_node_error error;
	struct coproc_limits limits;
	bool t = try_toolstack(&toolstack), b = try_backend(&offer), f = try_frontend(&answer);

	try_link(&link);
	if (f)
		fuzz_check(!ref_twice(&answer));
	if (!t || !b)
		return;
	lowered = offer;
	coproc_quota_apply(&toolstack, &lowered);
	fuzz_check(lowered.max_queues >= 1 && lowered.max_queues <= offer.max_queues);
	fuzz_check(lowered.max_pages >= 1 && lowered.max_pages <= offer.max_pages);
	fuzz_check(!toolstack.quota_pages || lowered.max_pages <= toolstack.quota_pages);
	if (!f)
		return;
	if (!coproc_negotiate(&toolstack, &offer, &answer, &limits, &error))
		check_limits(&limits, &offer, &answer);
	else
		check_error(error.fault, &error);
}

/* ---- states ---- */

static void try_states(struct input *in)
{
	unsigned int peer = coproc_peer_parse((const char *)in->at, in->left);
	bool digit = in->left == 1 && in->at[0] >= '0' && in->at[0] <= '8';

	fuzz_check(peer == (digit ? (unsigned int)in->at[0] - '0' : COPROC_STATE_UNKNOWN));
	fuzz_check(coproc_peer_parse(NULL, 0) == COPROC_PEER_VANISHED);
	while (in->left >= 4) {
		enum coproc_side side = in_u8(in) & 1 ? COPROC_SIDE_FRONTEND : COPROC_SIDE_BACKEND;
		enum coproc_wish wish = (enum coproc_wish)(in_u8(in) % 3);
		unsigned int mine = in_u8(in), theirs = in_u8(in);
		const struct coproc_step *step = coproc_state_step(side, wish, mine, theirs);

		fuzz_check(step && step->action < COPROC_ACTIONS && step->next < COPROC_STATES && step->why);
		fuzz_check(coproc_state_name(mine) && coproc_action_name(step->action));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	read_texts(&in);
	for (uint32_t i = 0; i < COPROC_NODES; i++)
		try_node(i);
	try_sets();
	try_states(&in);
	return 0;
}
