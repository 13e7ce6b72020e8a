/* SPDX-License-Identifier: MIT */
#include "engine_probe.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "worker.h"

struct probe {
	struct event_base *base;
	bool answered;
	bool gone;
	struct worker_reply hello;
	char why[80];
};

static void probe_ready(void *owner, const struct worker_reply *hello)
{
	struct probe *probe = owner;

	probe->answered = true;
	probe->hello = *hello;
	event_base_loopbreak(probe->base);
}

static void probe_gone(void *owner, const char *why)
{
	struct probe *probe = owner;

	probe->gone = true;
	snprintf(probe->why, sizeof(probe->why), "%s", why);
	event_base_loopbreak(probe->base);
}

bool engine_probe(const struct coprocessor *c, struct worker_reply *hello)
{
	static const struct worker_events events = { .ready = probe_ready, .gone = probe_gone };
	static const struct timeval patience = { .tv_sec = 10 };
	struct worker_options options = {
		.program = c->program,
		.domain = c->backend->domain,
		.uid = c->backend->config->worker_uid_base,
		.memory_limit = c->config->worker_memory,
		.weak_sandbox = c->backend->config->weak_sandbox,
	};
	struct probe probe = { 0 };
	struct worker *worker;

	if (access(c->program, X_OK)) {
		log_event(LOG_ERROR, "engine-missing", "coprocessor=%s program=%s error=\"%s\" "
			  "hint=\"is the engine installed, and engine-dir right?\"",
			  c->config->name, c->program, strerror(errno));
		return false;
	}
	probe.base = event_base_new();
	if (!probe.base)
		return false;
	worker = worker_start(probe.base, &options, &events, &probe);
	if (worker) {
		event_base_loopexit(probe.base, &patience);
		event_base_dispatch(probe.base);
	}
	worker_free(worker);
	event_base_free(probe.base);
	if (!probe.answered)
		log_event(LOG_ERROR, "engine-silent", "coprocessor=%s program=%s why=\"%s\" "
			  "hint=\"its own messages are above\"", c->config->name, c->program,
			  probe.gone ? probe.why : "no HELLO in 10 seconds");
	*hello = probe.hello;
	return probe.answered;
}
