// SPDX-License-Identifier: MIT
/*
 * The connection that is played: its nodes and states, the pages and
 * ports that the frontend names, and the one place that sleeps.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <xentoollog.h>

#include "frontend.h"

/* In the order of struct played's ref[]. */
static const char *const ref_node[5] = {
	"frontend-index-ref", "backend-index-ref", "control-sq-ref", "control-cq-ref",
	"event-ring-ref",
};
static const bool ref_writable[5] = { false, true, false, true, true };

static const char *const features[] = {
	"journal", "save-area", "cross-timeline", "digest-load", "firmware-signature",
};

uint64_t played_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

void played_fault(struct played *p, const char *rule, const char *format, ...)
{
	struct played_fault *fault = &p->fault[p->nfaults];
	unsigned int i, same = 0;
	va_list args;
	size_t used;

	/* A few of each rule are enough to understand it. */
	for (i = 0; i < p->nfaults; i++)
		same += !strcmp(p->fault[i].rule, rule);
	if (same == 3 || p->nfaults == PLAYED_FAULTS)
		return;
	fault->rule = rule;
	used = (size_t)snprintf(fault->text, sizeof(fault->text), "in %s: ",
				p->in_case ? p->in_case : "the beginning");
	va_start(args, format);
	vsnprintf(fault->text + used, sizeof(fault->text) - used, format, args);
	va_end(args);
	p->nfaults++;
}

/* ---- xenstore ---- */

static void put_at(struct played *p, const char *dir, const char *name, const char *value)
{
	char path[COPROC_PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	xs_write(p->xs, p->transaction, path, value, (unsigned int)strlen(value));
}

void played_write(struct played *p, const char *name, const char *value)
{
	put_at(p, p->dir, name, value);
}

void played_delete(struct played *p, const char *name)
{
	char path[COPROC_PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	xs_rm(p->xs, XBT_NULL, path);
}

char *played_read(struct played *p, const char *name)
{
	char path[COPROC_PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", p->peer_dir, name);
	return xs_read(p->xs, XBT_NULL, path, NULL);
}

static unsigned int state_of(char *text)
{
	unsigned int state = coproc_peer_parse(text, text ? strlen(text) : 0);

	free(text);
	return state;
}

unsigned int played_peer(struct played *p)
{
	p->peer = state_of(played_read(p, "state"));
	return p->peer;
}

void played_state(struct played *p, unsigned int state)
{
	char text[8];

	p->mine = state;
	snprintf(text, sizeof(text), "%u", state);
	played_write(p, "state", text);
}

bool played_step(struct played *p, unsigned int peer, unsigned int state)
{
	char path[2][COPROC_PATH_SIZE + 16], text[8];
	unsigned int tries;

	snprintf(path[0], sizeof(path[0]), "%s/state", p->peer_dir);
	snprintf(path[1], sizeof(path[1]), "%s/state", p->dir);
	snprintf(text, sizeof(text), "%u", state);
	for (tries = 0; tries < 50; tries++) {
		xs_transaction_t t = xs_transaction_start(p->xs);
		bool same = state_of(xs_read(p->xs, t, path[0], NULL)) == peer;

		if (same)
			xs_write(p->xs, t, path[1], text, (unsigned int)strlen(text));
		if (xs_transaction_end(p->xs, t, !same)) {
			if (same)
				p->mine = state;
			return same;
		}
		if (errno != EAGAIN)
			return false;
	}
	return false;
}

/* ---- what is advertised ---- */

void played_node(struct played *p, const char *name, const char *value)
{
	unsigned int i;

	for (i = 0; i < p->nodes && strcmp(p->node[i][0], name); i++)
		;
	if (i == PLAYED_NODES)
		return;
	if (i == p->nodes)
		p->nodes++;
	snprintf(p->node[i][0], sizeof(p->node[i][0]), "%s", name);
	snprintf(p->node[i][1], sizeof(p->node[i][1]), "%s", value);
}

static void honest_nodes(struct played *p)
{
	static const char *const nodes[][2] = {
		{ "versions", "1" }, { "kind", "null" }, { "preemption", "job" },
		{ "firmware-kinds", "1" }, { "local-memory", "0" }, { "max-queues", "4" },
		{ "max-ring-order", "9" }, { "max-contexts", "64" }, { "max-buffers", "256" },
		{ "max-pages", "8192" }, { "max-firmware", "8" },
		{ "max-firmware-bytes", "1048576" }, { "max-operands", "64" },
		{ "max-run-limit-us", "1000000" }, { "feature-journal", "0" },
		{ "feature-save-area", "0" }, { "feature-cross-timeline", "0" },
		{ "feature-digest-load", "0" }, { "feature-firmware-signature", "0" },
		{ "error", "" },
	};
	unsigned int i;

	p->nodes = 0;
	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		played_node(p, nodes[i][0], nodes[i][1]);
	p->limits = (struct coproc_limits){
		.max_queues = 4, .max_ring_order = 9, .max_contexts = PLAYED_CONTEXTS,
		.max_buffers = PLAYED_BUFFERS, .max_pages = 8192,
		.max_firmware = PLAYED_FIRMWARE, .max_firmware_bytes = 1048576,
		.max_operands = 64, .max_run_limit_us = 1000000,
		.max_class = XENCOPROC_CLASS_REALTIME,
	};
}

void played_advertise(struct played *p)
{
	unsigned int i;

	for (i = 0; i < p->nodes; i++)
		if (!strcmp(p->node[i][1], "-"))
			played_delete(p, p->node[i][0]);
		else
			played_write(p, p->node[i][0], p->node[i][1]);
	played_state(p, COPROC_STATE_INIT_WAIT);
}

/* ---- mapping ---- */

void *played_map(struct played *p, const uint32_t *refs, uint32_t count, bool writable)
{
	return xengnttab_map_domain_grant_refs(p->gnttab, count, p->domid, (uint32_t *)refs,
					       writable ? PROT_READ | PROT_WRITE : PROT_READ);
}

void played_unmap(struct played *p, void *at, uint32_t count)
{
	if (at)
		xengnttab_unmap(p->gnttab, at, count);
}

static uint32_t node_number(struct played *p, const char *name, uint32_t otherwise)
{
	char *text = played_read(p, name);
	uint32_t value = text && *text ? (uint32_t)strtoul(text, NULL, 10) : otherwise;

	free(text);
	return value;
}

/* F-NEG-1, F-NEG-2, F-STORE-2, and the spelling, by the schema's own parser. */
static bool look_at_nodes(struct played *p)
{
	const char *names[COPROC_SET_NODES_MAX];
	struct coproc_node_text texts[COPROC_SET_NODES_MAX];
	struct coproc_frontend_nodes nodes;
	struct coproc_node_error error;
	size_t count = coproc_set_names(COPROC_SET_FRONTEND, names), i;
	char name[64];
	bool good;

	for (i = 0; i < count; i++) {
		texts[i] = (struct coproc_node_text){ names[i], played_read(p, names[i]), 0 };
		texts[i].len = texts[i].text ? strlen(texts[i].text) : 0;
		if (!strncmp(names[i], "request-", 8) && !texts[i].text)
			played_fault(p, "F-NEG-2", "%s is not written", names[i]);
		if (!strcmp(names[i], "error") && texts[i].len)
			played_fault(p, "F-LIFE-1", "error is not emptied in the step to Initialised");
	}
	good = coproc_frontend_nodes_parse(texts, count, &nodes, &error) == COPROC_NODE_OK;
	if (!good)
		played_fault(p, error.fault == COPROC_NODE_CONFLICT ? "F-STORE-2" : "F-STORE-1",
			     "what the frontend published: %s", error.message);
	else if (nodes.version != 1)
		played_fault(p, "F-NEG-1", "version %u was chosen of those offered", nodes.version);
	for (i = 0; i < count; i++)
		free((char *)texts[i].text);
	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		unsigned int n;
		bool offered = false;

		snprintf(name, sizeof(name), "feature-%s", features[i]);
		for (n = 0; n < p->nodes; n++)
			offered |= !strcmp(p->node[n][0], name) && !strcmp(p->node[n][1], "1");
		snprintf(name, sizeof(name), "request-%s", features[i]);
		if (!offered && node_number(p, name, 0))
			played_fault(p, "F-NEG-2", "%s is 1 and the feature is not advertised", name);
	}
	return good;
}

static bool map_all(struct played *p)
{
	void *page[5] = { NULL };
	void *more;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		p->ref[i] = node_number(p, ref_node[i], XENCOPROC_GREF_NONE);
		more = ref_writable[i] ? NULL : played_map(p, &p->ref[i], 1, true);
		if (more) {
			played_fault(p, "F-PAGE-2", "%s can be mapped writable", ref_node[i]);
			played_unmap(p, more, 1);
		}
		page[i] = played_map(p, &p->ref[i], 1, ref_writable[i]);
		if (!page[i])
			played_fault(p, "F-PAGE-2", "%s (%u) cannot be mapped%s", ref_node[i],
				     p->ref[i], ref_writable[i] ? " writable" : "");
	}
	p->fe = page[0];
	p->be = page[1];
	p->queue[0].sq = page[2];
	p->queue[0].cq = page[3];
	p->events = page[4];
	return page[0] && page[1] && page[2] && page[3] && page[4];
}

/* Maps and binds what the frontend published, and looks at it. */
bool played_connect(struct played *p)
{
	int port;
	bool good = look_at_nodes(p) && map_all(p);

	port = good ? xenevtchn_bind_interdomain(p->evtchn, p->domid,
						 node_number(p, "event-channel", 0)) : -1;
	if (!good || port < 0) {
		p->connected = true;    /* so that played_end() unmaps what there is */
		p->port = 0;
		played_end(p);
		return false;
	}
	p->port = (evtchn_port_t)port;
	watch_connect(p, ref_node);
	p->queue[0].open = true;
	p->queue[0].order = XENCOPROC_CONTROL_ORDER;
	p->queue[0].entries = 1u << XENCOPROC_CONTROL_ORDER;
	p->queue[0].port = -1;
	p->connected = true;
	p->early = false;
	p->connections++;
	played_arm(p, &p->queue[0]);
	return true;
}

static void give_up(struct played *p, void *at, uint32_t pages, bool writable)
{
	if (p->keep)
		watch_keep(p, at, pages, writable);
	else
		played_unmap(p, at, pages);
}

void played_end(struct played *p)
{
	uint32_t i;

	if (!p->connected)
		return;
	p->connected = false;
	p->both = false;
	if (p->fe)
		watch_end(p);
	for (i = 1; i < PLAYED_QUEUES; i++)
		played_queue_end(p, &p->queue[i]);
	for (i = 0; i < PLAYED_BUFFERS; i++)
		played_buffer_end(p, &p->buffer[i]);
	give_up(p, p->fe, 1, false);
	give_up(p, p->be, 1, true);
	give_up(p, p->queue[0].sq, 1, false);
	give_up(p, p->queue[0].cq, 1, true);
	give_up(p, p->events, 1, true);
	if (p->port)
		xenevtchn_unbind(p->evtchn, p->port);
	p->fe = p->be = NULL;
	p->events = NULL;
	p->port = 0;
	memset(&p->queue[0], 0, sizeof(p->queue[0]));
	memset(p->context, 0, sizeof(p->context));
	memset(p->firmware, 0, sizeof(p->firmware));
	p->event_put = p->event_sequence = p->events_lost = 0;
	p->nheld = 0;
}

/* ---- the table of states, by hand ---- */

static void follow_initialised(struct played *p)
{
	if (p->refuse) {
		played_write(p, "error", "the case wants it so (B-NEG-1)");
		played_state(p, COPROC_STATE_CLOSING);
	} else if (!played_connect(p)) {
		played_write(p, "error", "what the frontend published is wrong");
		played_state(p, COPROC_STATE_CLOSING);
	} else if (!played_step(p, COPROC_STATE_INITIALISED, COPROC_STATE_CONNECTED)) {
		played_end(p);
	}
}

/* What an honest backend does about the frontend's state. */
void played_follow(struct played *p)
{
	unsigned int peer = played_peer(p);

	switch (p->mine) {
	case COPROC_STATE_INITIALISING:
		played_advertise(p);
		break;
	case COPROC_STATE_INIT_WAIT:
		if (peer == COPROC_STATE_INITIALISED)
			follow_initialised(p);
		else if (peer == COPROC_STATE_CLOSING)
			played_state(p, COPROC_STATE_CLOSED);
		break;
	case COPROC_STATE_CONNECTED:
	case COPROC_STATE_CLOSING:
		if (peer == COPROC_STATE_CONNECTED && p->mine == COPROC_STATE_CONNECTED)
			p->both = true;
		else if (peer != COPROC_STATE_INITIALISED && peer != COPROC_STATE_CONNECTED) {
			played_end(p);
			played_state(p, COPROC_STATE_CLOSED);
		}
		break;
	case COPROC_STATE_CLOSED:
		if (peer == COPROC_STATE_INITIALISING || peer == COPROC_STATE_INIT_WAIT)
			played_advertise(p);
		break;
	default:
		break;
	}
}

/* ---- time ---- */

static void take_ports(struct played *p)
{
	struct pollfd fd = { .fd = xenevtchn_fd(p->evtchn), .events = POLLIN };
	unsigned int rounds, i;
	int port;

	for (rounds = 0; rounds < 32 && poll(&fd, 1, 0) > 0; rounds++) {
		port = xenevtchn_pending(p->evtchn);
		if (port < 0)
			return;
		p->notifications++;
		for (i = 0; i < PLAYED_QUEUES; i++)
			if (p->queue[i].open && port == (p->queue[i].port >= 0 ?
							 p->queue[i].port : (int)p->port))
				p->queue[i].notified = true;
		xenevtchn_unmask(p->evtchn, (evtchn_port_t)port);
	}
}

/* Whether any watch fired; other nodes than the state are counted (F-STORE-3). */
static bool take_watches(struct played *p)
{
	bool any = false;
	char **event;

	while ((event = xs_check_watch(p->xs))) {
		any = true;
		p->written++;
		free(event);
	}
	return any;
}

/* A request that is there before the frontend says Connected (F-LIFE-2). */
static void look_for_early(struct played *p)
{
	unsigned int peer;

	if (p->early || !p->connected || p->both || played_sq_index(p, &p->queue[0]) == 0)
		return;
	p->early = true;
	peer = played_peer(p);
	if (peer == COPROC_STATE_INITIALISED)
		played_fault(p, "F-LIFE-2", "a request is published and the frontend's state is "
			     "still %s", coproc_state_name(peer));
}

void played_turn(struct played *p, int ms, int fd)
{
	struct pollfd fds[3] = {
		{ .fd = xenevtchn_fd(p->evtchn), .events = POLLIN },
		{ .fd = xs_fileno(p->xs), .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	poll(fds, fd >= 0 ? 3 : 2, p->polls || p->storm ? 0 : ms);
	look_for_early(p);
	take_ports(p);
	/* Seen while it did not follow, it is still to be followed later. */
	p->changed |= take_watches(p);
	if (p->follow && (p->changed || !p->both)) {
		p->changed = false;
		played_follow(p);
	}
	if (p->connected && p->serve)
		played_serve(p);
	if (p->connected && p->storm)
		played_notify(p, NULL);
	if (p->each_turn)
		p->each_turn(p);
}

void played_run(struct played *p, unsigned int ms)
{
	uint64_t end = played_now() + ms * 1000ull;

	do
		played_turn(p, 2, -1);
	while (played_now() < end);
}

/* ---- open and close ---- */

static void log_nothing(struct xentoollog_logger *logger, xentoollog_level level, int errnoval,
			const char *context, const char *format, va_list al)
{
}

static void progress_nothing(struct xentoollog_logger *logger, const char *context,
			     const char *doing, int percent, unsigned long done,
			     unsigned long total)
{
}

static void destroy_nothing(struct xentoollog_logger *logger)
{
}

/* Grants that must be refused are asked for on purpose: no noise about it. */
static struct xentoollog_logger silent = { log_nothing, progress_nothing, destroy_nothing };

static uint32_t own_domain(struct xs_handle *xs)
{
	char *text = xs ? xs_read(xs, XBT_NULL, "domid", NULL) : NULL;
	uint32_t domid = text ? (uint32_t)strtoul(text, NULL, 10) : 0;

	free(text);
	return domid;
}

bool played_reset(struct played *p)
{
	unsigned int tries;

	p->keep = p->keep_buffers = false;
	played_end(p);
	watch_forget(p);
	p->follow = p->serve = true;
	p->polls = p->hold_jobs = p->hold_control = p->mute = p->refuse = p->storm = false;
	p->hook = NULL;
	p->each_turn = NULL;
	p->note = NULL;
	p->connections = 0;
	p->nlog = 0;
	memset(p->requests, 0, sizeof(p->requests));
	memset(p->queries, 0, sizeof(p->queries));
	honest_nodes(p);
	/* The exerciser's command may be making the domain just now. */
	for (tries = 0; tries < 500 && !xs_is_domain_introduced(p->xs, p->domid); tries++)
		usleep(10000);
	played_remove(p, true, true);
	if (played_attach(p))
		return true;
	fprintf(stderr, "coproc-conform: cannot make the device of domain %u in xenstore: %s\n",
		p->domid, strerror(errno));
	return false;
}

struct played *played_open(uint32_t domid, uint32_t devid)
{
	struct played *p = calloc(1, sizeof(*p));
	char path[COPROC_PATH_SIZE + 16];

	if (!p)
		return NULL;
	p->domid = domid;
	p->devid = devid;
	p->xs = xs_open(0);
	p->gnttab = xengnttab_open(&silent, 0);
	p->evtchn = xenevtchn_open(&silent, 0);
	p->own = own_domain(p->xs);
	coproc_backend_path(p->dir, sizeof(p->dir), p->own, domid, devid);
	coproc_frontend_path(p->peer_dir, sizeof(p->peer_dir), domid, devid);
	snprintf(path, sizeof(path), "%s", p->peer_dir);
	if (p->xs && p->gnttab && p->evtchn && xs_watch(p->xs, path, "frontend"))
		return p;
	fprintf(stderr, "coproc-conform: this needs a domain with xenstore, grants and event "
		"channels, or coproc-loopback run: %s\n", strerror(errno));
	played_close(p);
	return NULL;
}

void played_close(struct played *p)
{
	if (!p)
		return;
	p->keep = false;
	if (p->gnttab && p->evtchn)
		played_end(p);
	watch_forget(p);
	if (p->xs) {
		played_remove(p, true, true);
		xs_close(p->xs);
	}
	if (p->gnttab)
		xengnttab_close(p->gnttab);
	if (p->evtchn)
		xenevtchn_close(p->evtchn);
	free(p);
}
