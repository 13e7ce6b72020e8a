/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * From what both sides wrote to what both hold: one function, called by the
 * frontend before Initialised and by the backend before it maps, on the same
 * texts, so that they cannot come to different limits.
 *
 * Pure and freestanding.
 */
#ifndef COPROC_SCHEMA_NEGOTIATE_H
#define COPROC_SCHEMA_NEGOTIATE_H

#include "libcoproc-ring/message.h"
#include "nodes.h"

/* Protocol versions that this source implements, as `versions` is parsed. */
#define COPROC_VERSIONS_OURS            (1u << XENCOPROC_VERSION_1)

/**
 * coproc_version_choose() - the highest version two sides have in common
 * @theirs: bit n: the peer speaks version n
 * @ours:   the same for this side
 *
 * Return: the version, or 0 when there is none.
 */
uint32_t coproc_version_choose(uint32_t theirs, uint32_t ours);

/**
 * coproc_features_advertised() - the feature-* nodes as COPROC_FEATURE_* bits
 * coproc_features_requested() - the request-* nodes as the same bits
 * coproc_features_advertise() - bits to feature-* nodes
 * coproc_features_request() - bits to request-* nodes
 */
uint32_t coproc_features_advertised(const struct coproc_backend_nodes *backend);
uint32_t coproc_features_requested(const struct coproc_frontend_nodes *frontend);
void coproc_features_advertise(struct coproc_backend_nodes *backend, uint32_t features);
void coproc_features_request(struct coproc_frontend_nodes *frontend, uint32_t features);

/**
 * coproc_negotiate() - what holds for the life of the connection
 * @toolstack: what the toolstack gave the domain
 * @backend:   what the backend advertised
 * @frontend:  what the frontend chose; version and request-* are looked at
 * @limits:    filled on success; every number inside the table's range (F11),
 *             features those both advertised and requested
 * @error:     why not; may be NULL
 *
 * Return: COPROC_NODE_OK; COPROC_NODE_RANGE when the frontend's version is not
 * among the backend's or not one this source implements, or when a structure
 * was not filled by a parser and holds a number outside its range.
 */
enum coproc_node_fault coproc_negotiate(const struct coproc_toolstack_nodes *toolstack,
					const struct coproc_backend_nodes *backend,
					const struct coproc_frontend_nodes *frontend,
					struct coproc_limits *limits,
					struct coproc_node_error *error);

/**
 * coproc_quota_apply() - lowers the backend's limits to the toolstack's quotas
 * @toolstack: quotas; 0 lowers nothing
 * @backend:   limits as configured, lowered in place before they are advertised
 */
void coproc_quota_apply(const struct coproc_toolstack_nodes *toolstack,
			struct coproc_backend_nodes *backend);

#endif /* COPROC_SCHEMA_NEGOTIATE_H */
