// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What both sides hold, from what both sides wrote.
 */
#include "negotiate.h"
#include "node-error.h"

uint32_t coproc_version_choose(uint32_t theirs, uint32_t ours)
{
	uint32_t common = theirs & ours, version;

	for (version = 31; version > 0; version--)
		if (common >> version & 1)
			return version;
	return 0;
}

uint32_t coproc_features_advertised(const struct coproc_backend_nodes *backend)
{
	return (backend->feature_journal ? COPROC_FEATURE_JOURNAL : 0) |
	       (backend->feature_save_area ? COPROC_FEATURE_SAVE_AREA : 0) |
	       (backend->feature_cross_timeline ? COPROC_FEATURE_CROSS_TIMELINE : 0) |
	       (backend->feature_digest_load ? COPROC_FEATURE_DIGEST_LOAD : 0) |
	       (backend->feature_firmware_signature ? COPROC_FEATURE_SIGNATURE : 0);
}

uint32_t coproc_features_requested(const struct coproc_frontend_nodes *frontend)
{
	return (frontend->request_journal ? COPROC_FEATURE_JOURNAL : 0) |
	       (frontend->request_save_area ? COPROC_FEATURE_SAVE_AREA : 0) |
	       (frontend->request_cross_timeline ? COPROC_FEATURE_CROSS_TIMELINE : 0) |
	       (frontend->request_digest_load ? COPROC_FEATURE_DIGEST_LOAD : 0) |
	       (frontend->request_firmware_signature ? COPROC_FEATURE_SIGNATURE : 0);
}

void coproc_features_advertise(struct coproc_backend_nodes *backend, uint32_t features)
{
	backend->feature_journal = !!(features & COPROC_FEATURE_JOURNAL);
	backend->feature_save_area = !!(features & COPROC_FEATURE_SAVE_AREA);
	backend->feature_cross_timeline = !!(features & COPROC_FEATURE_CROSS_TIMELINE);
	backend->feature_digest_load = !!(features & COPROC_FEATURE_DIGEST_LOAD);
	backend->feature_firmware_signature = !!(features & COPROC_FEATURE_SIGNATURE);
}

void coproc_features_request(struct coproc_frontend_nodes *frontend, uint32_t features)
{
	frontend->request_journal = !!(features & COPROC_FEATURE_JOURNAL);
	frontend->request_save_area = !!(features & COPROC_FEATURE_SAVE_AREA);
	frontend->request_cross_timeline = !!(features & COPROC_FEATURE_CROSS_TIMELINE);
	frontend->request_digest_load = !!(features & COPROC_FEATURE_DIGEST_LOAD);
	frontend->request_firmware_signature = !!(features & COPROC_FEATURE_SIGNATURE);
}

/* F11: a number is bounded here once more, whoever filled the structure. */
static enum coproc_node_fault check_limits(const struct coproc_limits *limits,
					   struct coproc_node_error *error)
{
	const struct {
		unsigned int id;
		uint32_t value;
	} number[] = {
		{ COPROC_NODE_BACKEND_MAX_QUEUES, limits->max_queues },
		{ COPROC_NODE_BACKEND_MAX_RING_ORDER, limits->max_ring_order },
		{ COPROC_NODE_BACKEND_MAX_CONTEXTS, limits->max_contexts },
		{ COPROC_NODE_BACKEND_MAX_BUFFERS, limits->max_buffers },
		{ COPROC_NODE_BACKEND_MAX_PAGES, limits->max_pages },
		{ COPROC_NODE_BACKEND_MAX_FIRMWARE, limits->max_firmware },
		{ COPROC_NODE_BACKEND_MAX_FIRMWARE_BYTES, limits->max_firmware_bytes },
		{ COPROC_NODE_BACKEND_MAX_OPERANDS, limits->max_operands },
		{ COPROC_NODE_BACKEND_MAX_RUN_LIMIT_US, limits->max_run_limit_us },
		{ COPROC_NODE_TOOLSTACK_MAX_CLASS, limits->max_class },
	};
	char text[COPROC_NODE_NUMERIC_SIZE];
	size_t i;

	for (i = 0; i < sizeof(number) / sizeof(number[0]); i++) {
		enum coproc_node_fault fault = coproc_node_format_u64(&coproc_node[number[i].id],
								      number[i].value, text,
								      sizeof(text), error);

		if (fault != COPROC_NODE_OK)
			return fault;
	}
	return COPROC_NODE_OK;
}

static enum coproc_node_fault check_version(const struct coproc_backend_nodes *backend,
					    uint32_t version, struct coproc_node_error *error)
{
	const struct coproc_node *node = &coproc_node[COPROC_NODE_FRONTEND_VERSION];

	if (version > 31 || !(backend->versions >> version & 1))
		return coproc_node_refuse_because(error, node, COPROC_NODE_RANGE,
						  "is not among the backend's versions");
	if (!(COPROC_VERSIONS_OURS >> version & 1))
		return coproc_node_refuse_because(error, node, COPROC_NODE_RANGE,
						  "is a version that this side does not speak");
	return COPROC_NODE_OK;
}

enum coproc_node_fault coproc_negotiate(const struct coproc_toolstack_nodes *toolstack,
					const struct coproc_backend_nodes *backend,
					const struct coproc_frontend_nodes *frontend,
					struct coproc_limits *limits,
					struct coproc_node_error *error)
{
	enum coproc_node_fault fault = check_version(backend, frontend->version, error);
	struct coproc_limits agreed = {
		.max_queues = backend->max_queues,
		.max_ring_order = backend->max_ring_order,
		.max_contexts = backend->max_contexts,
		.max_buffers = backend->max_buffers,
		.max_pages = backend->max_pages,
		.max_firmware = backend->max_firmware,
		.max_firmware_bytes = backend->max_firmware_bytes,
		.max_operands = backend->max_operands,
		.max_run_limit_us = backend->max_run_limit_us,
		.max_class = toolstack->max_class,
		.features = coproc_features_advertised(backend) &
			    coproc_features_requested(frontend),
	};

	if (fault == COPROC_NODE_OK)
		fault = check_limits(&agreed, error);
	if (fault == COPROC_NODE_OK)
		*limits = agreed;
	return fault;
}

static void lower(uint32_t *limit, uint32_t quota)
{
	if (quota != 0 && quota < *limit)
		*limit = quota;
}

void coproc_quota_apply(const struct coproc_toolstack_nodes *toolstack,
			struct coproc_backend_nodes *backend)
{
	lower(&backend->max_queues, toolstack->quota_queues);
	lower(&backend->max_contexts, toolstack->quota_contexts);
	lower(&backend->max_buffers, toolstack->quota_buffers);
	lower(&backend->max_pages, toolstack->quota_pages);
	lower(&backend->max_firmware, toolstack->quota_firmware);
	lower(&backend->max_firmware_bytes, toolstack->quota_firmware_bytes);
}
