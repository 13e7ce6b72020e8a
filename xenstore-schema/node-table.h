/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Made from nodes.tbl by xenstore-schema/generate; do not edit.
 */
#ifndef COPROC_SCHEMA_NODE_TABLE_H
#define COPROC_SCHEMA_NODE_TABLE_H

#include "node.h"

enum coproc_node_id {
	COPROC_NODE_TOOLSTACK_FRONTEND,
	COPROC_NODE_TOOLSTACK_FRONTEND_ID,
	COPROC_NODE_TOOLSTACK_ONLINE,
	COPROC_NODE_TOOLSTACK_COPROCESSOR,
	COPROC_NODE_TOOLSTACK_WEIGHT,
	COPROC_NODE_TOOLSTACK_CAP,
	COPROC_NODE_TOOLSTACK_MAX_CLASS,
	COPROC_NODE_TOOLSTACK_REALTIME_BUDGET_US,
	COPROC_NODE_TOOLSTACK_REALTIME_PERIOD_US,
	COPROC_NODE_TOOLSTACK_QUOTA_QUEUES,
	COPROC_NODE_TOOLSTACK_QUOTA_CONTEXTS,
	COPROC_NODE_TOOLSTACK_QUOTA_BUFFERS,
	COPROC_NODE_TOOLSTACK_QUOTA_PAGES,
	COPROC_NODE_TOOLSTACK_QUOTA_FIRMWARE,
	COPROC_NODE_TOOLSTACK_QUOTA_FIRMWARE_BYTES,
	COPROC_NODE_BACKEND_VERSIONS,
	COPROC_NODE_BACKEND_KIND,
	COPROC_NODE_BACKEND_PREEMPTION,
	COPROC_NODE_BACKEND_FIRMWARE_KINDS,
	COPROC_NODE_BACKEND_LOCAL_MEMORY,
	COPROC_NODE_BACKEND_MAX_QUEUES,
	COPROC_NODE_BACKEND_MAX_RING_ORDER,
	COPROC_NODE_BACKEND_MAX_CONTEXTS,
	COPROC_NODE_BACKEND_MAX_BUFFERS,
	COPROC_NODE_BACKEND_MAX_PAGES,
	COPROC_NODE_BACKEND_MAX_FIRMWARE,
	COPROC_NODE_BACKEND_MAX_FIRMWARE_BYTES,
	COPROC_NODE_BACKEND_MAX_OPERANDS,
	COPROC_NODE_BACKEND_MAX_RUN_LIMIT_US,
	COPROC_NODE_BACKEND_FEATURE_JOURNAL,
	COPROC_NODE_BACKEND_FEATURE_SAVE_AREA,
	COPROC_NODE_BACKEND_FEATURE_CROSS_TIMELINE,
	COPROC_NODE_BACKEND_FEATURE_DIGEST_LOAD,
	COPROC_NODE_BACKEND_FEATURE_FIRMWARE_SIGNATURE,
	COPROC_NODE_BACKEND_ERROR,
	COPROC_NODE_BACKEND_STATE,
	COPROC_NODE_LINK_BACKEND,
	COPROC_NODE_LINK_BACKEND_ID,
	COPROC_NODE_FRONTEND_VERSION,
	COPROC_NODE_FRONTEND_REQUEST_JOURNAL,
	COPROC_NODE_FRONTEND_REQUEST_SAVE_AREA,
	COPROC_NODE_FRONTEND_REQUEST_CROSS_TIMELINE,
	COPROC_NODE_FRONTEND_REQUEST_DIGEST_LOAD,
	COPROC_NODE_FRONTEND_REQUEST_FIRMWARE_SIGNATURE,
	COPROC_NODE_FRONTEND_FRONTEND_INDEX_REF,
	COPROC_NODE_FRONTEND_BACKEND_INDEX_REF,
	COPROC_NODE_FRONTEND_CONTROL_SQ_REF,
	COPROC_NODE_FRONTEND_CONTROL_CQ_REF,
	COPROC_NODE_FRONTEND_EVENT_RING_REF,
	COPROC_NODE_FRONTEND_EVENT_CHANNEL,
	COPROC_NODE_FRONTEND_ERROR,
	COPROC_NODE_FRONTEND_STATE,
	COPROC_NODES
};

extern const struct coproc_node coproc_node[COPROC_NODES];

/* Nodes of each directory, states included; they stand together in the table. */
#define COPROC_DIR_BACKEND_NODES        36u
#define COPROC_DIR_FRONTEND_NODES       16u

/* The largest set: nodes, and bytes of all its texts with their NULs. */
#define COPROC_SET_NODES_MAX            20u
#define COPROC_SET_POOL_MAX             586u

struct coproc_toolstack_nodes {
	char frontend[129];
	uint32_t frontend_id;
	uint32_t online;
	char coprocessor[32];
	uint32_t weight;
	uint32_t cap;
	uint32_t max_class;
	uint32_t realtime_budget_us;
	uint32_t realtime_period_us;
	uint32_t quota_queues;
	uint32_t quota_contexts;
	uint32_t quota_buffers;
	uint32_t quota_pages;
	uint32_t quota_firmware;
	uint32_t quota_firmware_bytes;
};

struct coproc_backend_nodes {
	uint32_t versions;
	char kind[32];
	uint32_t preemption;
	uint32_t firmware_kinds;
	uint64_t local_memory;
	uint32_t max_queues;
	uint32_t max_ring_order;
	uint32_t max_contexts;
	uint32_t max_buffers;
	uint32_t max_pages;
	uint32_t max_firmware;
	uint32_t max_firmware_bytes;
	uint32_t max_operands;
	uint32_t max_run_limit_us;
	uint32_t feature_journal;
	uint32_t feature_save_area;
	uint32_t feature_cross_timeline;
	uint32_t feature_digest_load;
	uint32_t feature_firmware_signature;
	char error[256];
};

struct coproc_link_nodes {
	char backend[129];
	uint32_t backend_id;
};

struct coproc_frontend_nodes {
	uint32_t version;
	uint32_t request_journal;
	uint32_t request_save_area;
	uint32_t request_cross_timeline;
	uint32_t request_digest_load;
	uint32_t request_firmware_signature;
	uint32_t frontend_index_ref;
	uint32_t backend_index_ref;
	uint32_t control_sq_ref;
	uint32_t control_cq_ref;
	uint32_t event_ring_ref;
	uint32_t event_channel;
	char error[256];
};

#endif /* COPROC_SCHEMA_NODE_TABLE_H */
