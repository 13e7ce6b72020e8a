// SPDX-License-Identifier: MIT
/*
 * What the backend says in xenstore, and what it takes from there: sections
 * 13 and 16.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

/* ---- its own nodes ---- */

/* A decimal number without sign, space or leading zero. */
static bool plain(const char *text, uint64_t low, uint64_t high)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && (*text != '0' || !text[1]) && value >= low &&
	       value <= high;
}

static const struct {
	const char *name;
	uint64_t low, high;
	bool required;
	const char *quota;
} limits[] = {
	{ "local-memory", 0, 281474976710656ull, false, NULL },
	{ "max-queues", 1, 30, true, "quota-queues" },
	{ "max-ring-order", 5, 9, true, NULL },
	{ "max-contexts", 1, 65536, true, "quota-contexts" },
	{ "max-buffers", 1, 65536, true, "quota-buffers" },
	{ "max-pages", 1, 16777216, true, "quota-pages" },
	{ "max-firmware", 1, 65536, true, "quota-firmware" },
	{ "max-firmware-bytes", 1, 67108864, true, "quota-firmware-bytes" },
	{ "max-operands", 4, 4096, true, NULL },
	{ "max-run-limit-us", 1, 3600000000u, true, NULL },
	{ "feature-journal", 0, 1, false, NULL },
	{ "feature-save-area", 0, 1, false, NULL },
	{ "feature-cross-timeline", 0, 1, false, NULL },
	{ "feature-digest-load", 0, 1, false, NULL },
	{ "feature-firmware-signature", 0, 1, false, NULL },
};

#define LIMITS  (sizeof(limits) / sizeof(limits[0]))

static void advertised(struct bench *b)
{
	struct peer *p = &b->peer;
	const struct offer *o = &p->offer;

	report_check(b->report, peer_begin(p), "the backend does not come to InitWait: state %d", backend_state(p));
	for (size_t i = 0; i < LIMITS; i++) {
		char *text = backend_node(p, limits[i].name);
		char *quota = limits[i].quota ? backend_node(p, limits[i].quota) : NULL;

		report_check(b->report, text ? plain(text, limits[i].low, limits[i].high) : !limits[i].required,
			     "%s is %s", limits[i].name, text ? text : "absent");
		if (text && quota && atoi(quota))
			report_check(b->report, strtoull(text, NULL, 10) <= strtoull(quota, NULL, 10),
				     "%s is %s, %s is %s", limits[i].name, text, limits[i].quota, quota);
		free(text);
		free(quota);
	}
	report_check(b->report, o->version1, "versions does not list 1");
	report_check(b->report, *o->kind, "there is no kind");
	report_check(b->report, !strcmp(o->preemption, "job") || !strcmp(o->preemption, "checkpoint") ||
		     !strcmp(o->preemption, "instant"), "preemption is \"%s\"", o->preemption);
	report_check(b->report, !*backend_error(p), "error is \"%s\" in InitWait", backend_error(p));
	write_node(p, "state", "6");
}

/* A limit as it is advertised anew; -1: no InitWait.  By way of Closed, since
 * what was advertised holds from InitWait on. */
static long long advertised_anew(struct bench *b, const char *name)
{
	struct peer *p = &b->peer;
	long long value = -1;
	char *text;

	write_node(p, "state", "5");
	if (!backend_reaches(p, 6, STATE_US) || !peer_begin(p))
		return -1;
	text = backend_node(p, name);
	if (text)
		value = atoll(text);
	free(text);
	return value;
}

/* A quota that the toolstack sets lowers the limit; 0 lets it be as it was. */
static void quotas(struct bench *b)
{
	struct peer *p = &b->peer;

	if (!b->toolstack) {
		report_na(b->report, "no --toolstack was given");
		return;
	}
	if (!report_check(b->report, peer_begin(p), "no InitWait"))
		return;
	for (size_t i = 0; i < LIMITS && !report_failing(b->report); i++) {
		long long before, low, after;

		if (!limits[i].quota)
			continue;
		before = advertised_anew(b, limits[i].name);
		bench_toolstack(b, limits[i].quota, "1");
		low = advertised_anew(b, limits[i].name);
		bench_toolstack(b, limits[i].quota, "0");
		after = advertised_anew(b, limits[i].name);
		report_check(b->report, low == 1 && after == before, "%s is %lld, with %s 1 it is %lld, with 0 %lld",
			     limits[i].name, before, limits[i].quota, low, after);
	}
	write_node(p, "state", "5");
	backend_reaches(p, 6, STATE_US);
	write_node(p, "state", "6");
}

static char *snapshot(struct peer *p)
{
	char *all = calloc(1, 4096);

	for (size_t i = 0; all && i < LIMITS; i++) {
		char *text = backend_node(p, limits[i].name);

		snprintf(all + strlen(all), 4096 - strlen(all), "%s=%s ", limits[i].name, text ? text : "");
		free(text);
	}
	return all;
}

static void fixed(struct bench *b)
{
	struct peer *p = &b->peer;
	char *before, *after;

	if (!report_check(b->report, peer_begin(p), "no InitWait"))
		return;
	before = snapshot(p);
	if (!report_check(b->report, peer_allocate(p) && peer_write_nodes(p) && write_node(p, "state", "3") &&
			  backend_reaches(p, 4, STATE_US) && write_node(p, "state", "4"), "does not connect"))
		return;
	p->connected = true;
	for (uint32_t i = 0; i < 2; i++)
		expect(p, OK, ctx_create(i), "CTX_CREATE");
	peer_queue(p, 1, NORMAL, 5);
	after = snapshot(p);
	report_check(b->report, before && after && !strcmp(before, after),
		     "limits changed in the connection: %s; %s", before ? before : "?", after ? after : "?");
	free(before);
	free(after);
}

/* ---- what it reads ---- */

/* Publishes everything good but one node; NULL: without it. */
static bool publish_with(struct bench *b, const char *node, const char *value)
{
	struct peer *p = &b->peer;

	peer_turn(p);
	if (!report_check(b->report, peer_begin(p), "%s=%s: the backend does not come to InitWait: state %d, \"%s\"",
			  node, value ? value : "", backend_state(p), backend_error(p)))
		return false;
	p->features = 0;
	if (!peer_allocate(p) || !peer_write_nodes(p))
		return false;
	if (value)
		write_node(p, node, value);
	else
		remove_node(p, node);
	return write_node(p, "state", "3");
}

/* Refused: Closing or Closed, the error names the node. */
static void refused(struct bench *b, const char *node, const char *value, const char *word)
{
	struct peer *p = &b->peer;
	uint64_t end;
	int state;

	if (!publish_with(b, node, value))
		return;
	end = now_us() + STATE_US;
	while ((state = backend_state(p)) != 5 && state != 6 && state != 4 && now_us() < end)
		sleep_us(500);
	report_check(b->report, state == 5 || state == 6, "%s \"%s\": the backend went to state %d, expected 5 or 6",
		     node, value ? value : "(absent)", state);
	report_check(b->report, strstr(backend_error(p), word) != NULL, "%s \"%s\": error is \"%s\", without \"%s\"", node,
		     value ? value : "(absent)", backend_error(p), word);
	report_check(b->report, peer_disconnect(p), "%s: no Closed", node);
}

static const char *const required[] = { "version", "frontend-index-ref", "backend-index-ref",
	"control-sq-ref", "control-cq-ref", "event-ring-ref", "event-channel" };

#define REQUIRED (sizeof(required) / sizeof(required[0]))

static void absent(struct bench *b)
{
	for (size_t i = 0; i < REQUIRED; i++)
		refused(b, required[i], NULL, required[i]);
	bench_serves(b);
}

static void spelled(struct bench *b)
{
	static const char *const wrong[] = { "", " 1", "1 ", "+1", "01", "0x1", "-1", "1a", "1.0",
		"4294967295", "4294967297", "18446744073709551617", "99999999999999999999999999" };

	/* Each node gets a third of them, each of them goes to two nodes at least. */
	for (size_t i = 0; i < REQUIRED; i++)
		for (size_t w = i % 3; w < sizeof(wrong) / sizeof(wrong[0]); w += 3)
			refused(b, required[i], wrong[w], required[i]);
	bench_serves(b);
}

static void spelled_request(struct bench *b)
{
	static const char *const wrong[] = { "2", "yes", "", "01", "-1", "1 " };
	static const char *const node[] = { "request-journal", "request-firmware-signature" };

	for (size_t n = 0; n < 2; n++)
		for (size_t w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++)
			refused(b, node[n], wrong[w], node[n]);
	bench_serves(b);
}

static void long_node(struct bench *b)
{
	static char text[2001];

	memset(text, '1', 2000);
	for (size_t i = 0; i < REQUIRED; i++)
		refused(b, required[i], text, required[i]);
	bench_serves(b);
}

static void version(struct bench *b)
{
	static const char *const other[] = { "2", "31" };
	struct peer *p = &b->peer;

	for (size_t i = 0; i < 2; i++) {
		char *versions;

		peer_begin(p);
		versions = backend_node(p, "versions");
		if (versions && strstr(versions, other[i]))
			report_na(b->report, "the backend offers version %s", other[i]);
		else
			refused(b, "version", other[i], "version");
		free(versions);
	}
	refused(b, "version", "32", "version");
	refused(b, "version", "0", "version");
	bench_serves(b);
}

static void twice(struct bench *b)
{
	struct peer *p = &b->peer;

	for (size_t i = 1; i < 6; i++)
		for (size_t j = i + 1; j < 6; j++) {
			const uint32_t *refs[] = { NULL, &p->fe_ref, &p->be_ref, &p->queue[0].sq_ref[0],
						   &p->queue[0].cq_ref[0], &p->events_ref };
			uint64_t end = now_us() + STATE_US;
			int state;

			peer_turn(p);
			if (!report_check(b->report, peer_begin(p) && peer_allocate(p) && peer_write_nodes(p), "no InitWait"))
				return;
			write_number(p, required[j], *refs[i]);
			write_node(p, "state", "3");
			while ((state = backend_state(p)) != 5 && state != 6 && state != 4 && now_us() < end)
				sleep_us(500);
			report_check(b->report, state == 5 || state == 6,
				     "%s and %s are the same grant: the backend went to state %d", required[i], required[j], state);
			report_check(b->report, *backend_error(p), "%s and %s are the same grant: error is empty", required[i],
				     required[j]);
			peer_disconnect(p);
		}
	bench_serves(b);
}

/* Grants and ports that the hypervisor refuses. */
static void foreign(struct bench *b)
{
	struct peer *p = &b->peer;

	for (size_t i = 1; i < 6; i++)
		refused(b, required[i], "1000000", "");
	refused(b, "event-channel", "99999", "");
	/* Read-only where the backend has to write. */
	for (size_t i = 0; i < 3; i++) {
		static const char *const node[] = { "backend-index-ref", "control-cq-ref", "event-ring-ref" };
		uint64_t end = now_us() + STATE_US;
		uint32_t ref;
		int state;

		if (!report_check(b->report, peer_begin(p) && peer_allocate(p) && peer_write_nodes(p), "no InitWait"))
			return;
		peer_share(p, 1, &ref, false);
		write_number(p, node[i], ref);
		write_node(p, "state", "3");
		while ((state = backend_state(p)) != 5 && state != 6 && state != 4 && now_us() < end)
			sleep_us(500);
		report_check(b->report, state == 5 || state == 6, "%s is granted read-only: the backend went to state %d",
			     node[i], state);
		peer_disconnect(p);
	}
	bench_serves(b);
}

/* ---- features ---- */

/* What each feature allows is refused without it. */
static void without_features(struct bench *b)
{
	struct peer *p = &b->peer;
	struct request r;
	uint32_t ref;

	peer_share(p, 1, &ref, true);
	r = queue_open(p, 1, NORMAL, 5);
	SET32(&r, 28, ref);
	expect(p, NOT_SUPPORTED, r, "QUEUE_OPEN with a journal");
	r = ctx_create(0);
	SET32(&r, 20, 0);
	expect(p, NOT_SUPPORTED, r, "CTX_CREATE with a save area");
	r = fw_load(0, NONE, 0, b->digest);
	set_flags(&r, 1);
	expect(p, NOT_SUPPORTED, r, "FW_LOAD with DIGEST_ONLY");
	r = fw_load(0, 0, 8, b->digest);
	SET32(&r, 36, 8);
	SET32(&r, 40, 64);
	expect(p, NOT_SUPPORTED, r, "FW_LOAD with a signature");
	if (!peer_queue(p, 2, NORMAL, 5))
		return;
	r = job(0, 0, 0);
	SET32(&r, 52, 1);
	expect_on(p, 2, NOT_SUPPORTED, r, "JOB with wait_device");
}

static void not_offered(struct bench *b)
{
	struct peer *p = &b->peer;

	if (!report_check(b->report, peer_begin(p), "no InitWait"))
		return;
	p->features = ~p->offer.features & 31;
	if (!p->features) {
		report_na(b->report, "the backend offers every feature");
		write_node(p, "state", "6");
		return;
	}
	write_node(p, "request-invisibility", "1");
	if (report_check(b->report, peer_allocate(p) && peer_write_nodes(p) && write_node(p, "state", "3") &&
			 backend_reaches(p, 4, STATE_US) && write_node(p, "state", "4"),
			 "requests for what is not offered: state %d, error \"%s\"; expected to be connected",
			 backend_state(p), backend_error(p))) {
		p->connected = true;
		if (p->features == 31)
			without_features(b);
		else
			expect(p, OK, request(NOP), "NOP");
	}
	remove_node(p, "request-invisibility");
}

/* The requests absent, which means 0; and unknown nodes beside them. */
static void no_request(struct bench *b)
{
	static const char *const node[] = { "request-journal", "request-save-area",
		"request-cross-timeline", "request-digest-load", "request-firmware-signature" };
	struct peer *p = &b->peer;

	if (!report_check(b->report, peer_begin(p) && peer_allocate(p) && peer_write_nodes(p), "no InitWait"))
		return;
	for (size_t i = 0; i < 5; i++)
		remove_node(p, node[i]);
	remove_node(p, "error");
	if (report_check(b->report, write_node(p, "state", "3") && backend_reaches(p, 4, STATE_US) && write_node(p, "state", "4"),
			 "without request nodes: state %d, error \"%s\"", backend_state(p), backend_error(p))) {
		p->connected = true;
		without_features(b);
	}
}

/* ---- after connecting ---- */

static void removed(struct bench *b)
{
	struct peer *p = &b->peer;

	for (size_t i = 0; i < REQUIRED; i++)
		remove_node(p, required[i]);
	expect(p, OK, request(NOP), "NOP after the nodes are gone");
	expect(p, OK, ctx_create(0), "CTX_CREATE after the nodes are gone");
	sleep_us(50000);
	report_check(b->report, backend_state(p) == 4, "nodes removed: the backend went to state %d", backend_state(p));
	for (size_t i = 0; i < REQUIRED; i++)
		write_node(p, required[i], "77");
	expect(p, OK, request(NOP), "NOP after the nodes say something else");
	report_check(b->report, backend_state(p) == 4, "nodes changed: the backend went to state %d", backend_state(p));
}

/* Watches both directories while all kinds of objects come and go. */
static void silent(struct bench *b)
{
	struct peer *p = &b->peer;
	unsigned int events = 0;
	char **event;
	void *at;

	xs_watch(p->xs, p->backend, "b");
	xs_watch(p->xs, p->device, "f");
	sleep_us(20000);
	while ((event = xs_check_watch(p->xs)))
		free(event);
	for (uint32_t i = 0; i < 3; i++) {
		expect(p, OK, ctx_create(0), "CTX_CREATE");
		expect(p, OK, buf_register(p, 0, 1, READ, &at), "BUF_REGISTER");
		peer_queue(p, 1, NORMAL, 5);
		expect_on(p, 1, OK, request(NOP), "NOP");
		expect(p, BAD_OBJECT, ctx_signal(1, 1), "CTX_SIGNAL of no context");
		expect(p, OK, queue_close(1), "QUEUE_CLOSE");
		expect(p, OK, buf_release(0), "BUF_RELEASE");
		expect(p, OK, ctx_destroy(0), "CTX_DESTROY");
	}
	sleep_us(20000);
	while ((event = xs_check_watch(p->xs))) {
		events++;
		if (events == 1)
			report_check(b->report, false, "xenstore: %s changed", event[0]);
		free(event);
	}
	report_check(b->report, !events, "%u changes in xenstore for objects", events);
	xs_unwatch(p->xs, p->backend, "b");
	xs_unwatch(p->xs, p->device, "f");
	while ((event = xs_check_watch(p->xs)))
		free(event);
}

const struct conform_case store_cases[] = {
	{ "nodes-advertised", "B-STORE-3", 0, advertised },
	{ "quota-lowers-its-limit", "B-STORE-3", 0, quotas },
	{ "nodes-fixed", "B-NEG-3", 0, fixed },
	{ "node-absent", "B-STORE-1 B-LIFE-7", 0, absent },
	{ "node-misspelled", "B-STORE-1", 0, spelled },
	{ "node-request-misspelled", "B-STORE-1", 0, spelled_request },
	{ "node-too-long", "B-STORE-1", 0, long_node },
	{ "version-not-offered", "B-NEG-1", 0, version },
	{ "grant-named-twice", "B-STORE-2", 0, twice },
	{ "grant-refused-at-connect", "B-PAGE-2 B-PAGE-1", 0, foreign },
	{ "feature-not-offered", "B-NEG-2 B-VER-2 B-MSG-1", 0, not_offered },
	{ "feature-not-requested", "B-NEG-2 B-VER-2", 0, no_request },
	{ "nodes-removed", "B-STORE-5", CONNECTED, removed },
	{ "xenstore-silent", "B-STORE-4", CONNECTED, silent },
	{ NULL, NULL, 0, NULL }
};
