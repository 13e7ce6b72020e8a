/* SPDX-License-Identifier: MIT */
/*
 * coprocd.conf: read whole and checked before anything is started.
 */
#ifndef COPROC_BACKEND_CONFIG_H
#define COPROC_BACKEND_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "log.h"

/* One coprocessor and what its domains may have at most. */
struct config_coprocessor {
	char *name;
	char *engine;                   /* program coproc-engine-<engine> */
	const struct sched_policy *policy;
	uint32_t slice_us;              /* between domains of one class; 0: job boundary */
	uint32_t jobs_ahead;            /* told to an engine beside the one it runs; 0 or 1 */
	uint32_t max_run_limit_us;
	uint32_t kill_grace_us;         /* after the run limit, before the worker is killed */
	uint32_t realtime_budget_us;    /* default token bucket of a realtime domain */
	uint32_t realtime_period_us;
	uint32_t banks;                 /* contexts of all domains together */
	uint64_t worker_memory;         /* bytes */
	uint32_t max_queues;            /* the rest: per domain */
	uint32_t max_ring_order;
	uint32_t max_contexts;
	uint32_t max_buffers;
	uint32_t max_pages;
	uint32_t max_firmware;
	uint32_t max_firmware_bytes;
	uint32_t max_operands;
	bool any_firmware;              /* no allow-list: for development only */
	uint8_t (*allowed)[32];         /* SHA-256 digests */
	uint32_t allowed_count;
};

struct config {
	enum log_level log_level;
	char *trace_file;               /* NULL: no trace */
	char *engine_dir;
	uint32_t worker_uid_base;       /* a worker's uid is this + its domain's id */
	bool weak_sandbox;
	struct config_coprocessor *coprocessors;
	uint32_t count;
};

/**
 * config_load() - read and check a file
 * @engine_dir: where engines are unless the file says
 *
 * Return: the configuration, or NULL after telling the reason with file and
 * line on standard error.
 */
struct config *config_load(const char *path, const char *engine_dir);
void config_free(struct config *config);

/* Whether a firmware image may run on a coprocessor. */
bool config_allows(const struct config_coprocessor *coprocessor, const uint8_t digest[32]);

#endif /* COPROC_BACKEND_CONFIG_H */
