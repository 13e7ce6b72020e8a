/* SPDX-License-Identifier: MIT */
/* coproc-attach: between its command line and its transactions. */
#ifndef COPROC_SCHEMA_ATTACH_H
#define COPROC_SCHEMA_ATTACH_H

#include "tool.h"

/* Options that are nodes of the same name. */
#define ATTACH_NODES_MAX        COPROC_SET_NODES_MAX

struct attach_request {
	struct tool_device device;      /* devid TOOL_NO_DEVID: first free one */
	struct coproc_node_text given[ATTACH_NODES_MAX];        /* as typed */
	size_t given_count;
};

/**
 * attach_device() - creates both directories, in one transaction
 * @request: what was asked; its device is filled
 *
 * Return: TOOL_OK, or TOOL_REFUSED or TOOL_XENSTORE after a message.
 */
int attach_device(struct coproc_xs *xs, struct attach_request *request);

/**
 * attach_update() - writes the given nodes of a device that exists
 *
 * Return: TOOL_OK, or TOOL_REFUSED or TOOL_XENSTORE after a message.
 */
int attach_update(struct coproc_xs *xs, struct attach_request *request);

/**
 * attach_wait() - waits until both sides are connected
 * @seconds: at most this long
 * @progress: each change of a state is told on standard error
 *
 * Return: TOOL_OK; TOOL_REFUSED when a side says why it refused, TOOL_TIMEOUT
 * or TOOL_XENSTORE, each after a message.
 */
int attach_wait(struct coproc_xs *xs, const struct tool_device *device, uint32_t seconds,
		bool progress);

#endif /* COPROC_SCHEMA_ATTACH_H */
