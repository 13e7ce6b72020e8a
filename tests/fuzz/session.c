/* SPDX-License-Identifier: MIT */
/*
 * Target "session": a whole backend with two guests.  Everything of coprocd but
 * main() is the product's; xenstore, grants, event channels, the loop with its
 * clock and the worker processes are rim/'s, in memory.
 *
 * The input is a script.  Its first bytes choose the engine and the limits,
 * then each byte is something that happens: a request, well made or not, an
 * index, a notification, a node in xenstore, a word of a worker, a death, or
 * that time goes on.
 *
 * Oracles, beside those in rim/ and guest.c: what a guest that keeps the rules
 * asked is completed exactly once, and it stays connected; at the end nothing
 * is held.
 */
#include <event2/event.h>
#include <sodium.h>

#include "backend/coprocessor.h"
#include "backend/device.h"
#include "backend/inbox.h"
#include "backend/log.h"
#include "backend/sched/policy.h"
#include "script.h"

static uint8_t allowed[1][32];

struct coprocessor *backend_find(struct backend *backend, const char *name)
{
	return strcmp(name, backend->config->coprocessors[0].name) ? NULL : backend->coprocessors[0];
}

/* ---- begin and end ---- */

static void configure(struct script *s)
{
	uint8_t engine = in_u8(&s->in), size = in_u8(&s->in), time = in_u8(&s->in);

	rim_engine.preemption = engine % 3;
	rim_engine.can_yield = engine & 4;
	rim_engine.kinds = 1u << XENCOPROC_FW_KIND_ELF;
	rim_engine.bank_bytes = engine & 8 ? RIM_PAGE : 0;
	rim_engine.room = engine & 16 ? 3 : 0;
	rim_tick = engine & 32 ? 7000 : engine & 64 ? 100 : 0;
	s->coprocessor = (struct config_coprocessor){
		.name = (char *)(uintptr_t)"m4",
		.engine = (char *)(uintptr_t)"null",
		.policy = sched_policy_find("wfq"),
		.slice_us = time & 1 ? 500 : time & 2 ? 0 : 5000,
		.max_run_limit_us = time & 4 ? 1000 : 20000,
		.kill_grace_us = 1000,
		.realtime_budget_us = time & 8 ? 1000 : 50000,
		.realtime_period_us = 100000,
		.banks = 1 + size % 8,
		.worker_memory = 1ull << 30,
		.max_queues = 3,
		.max_ring_order = size & 8 ? 5 : 9,
		.max_contexts = 1 + (size >> 4) % 4,
		.max_buffers = size & 64 ? 2 : 8,
		.max_pages = size & 128 ? 16 : 8192,
		.max_firmware = 2 + (time >> 4 & 1),
		.max_firmware_bytes = time & 32 ? 128 : 65536,
		.max_operands = time & 64 ? 4 : 64,
		.any_firmware = !(time & 128),
		.allowed = allowed,
		.allowed_count = 1,
	};
	s->config = (struct config){ .engine_dir = (char *)(uintptr_t)"/engines", .worker_uid_base = 1000,
				     .coprocessors = &s->coprocessor, .count = 1 };
}

static void open_backend(struct script *s)
{
	static struct coprocessor *coprocessors[1];
	struct backend *b = &s->backend;

	b->config = &s->config;
	b->base = event_base_new();
	b->inbox = inbox_create(b->base);
	b->evtchn = xenevtchn_open(NULL, 0);
	b->gnttab = xengnttab_open(NULL, 0);
	b->ports = ports_create(b);
	b->devices = devices_create(b);
	coprocessors[0] = coprocessor_create(b, &s->coprocessor);
	b->coprocessors = coprocessors;
	b->count = 1;
	fuzz_check(b->devices && !devices_start(b->devices));
	fuzz_check(b->base && b->inbox && b->ports && b->devices && coprocessors[0]);
}

/* In the order of coprocd.c. */
static void close_backend(struct script *s)
{
	struct backend *b = &s->backend;

	inbox_close(b->inbox);
	devices_end(b->devices);
	coprocessor_destroy(b->coprocessors[0]);
	devices_destroy(b->devices);
	ports_destroy(b->ports);
	inbox_destroy(b->inbox);
	event_base_free(b->base);
}

static void on_stopped(void *arg)
{
	((struct script *)arg)->stopped = true;
}

void script_stop(struct script *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	devices_stop(s->backend.devices, on_stopped, s);
}

void script_run(uint64_t ns)
{
	rim_run(rim_now + ns);
}

void script_connect(struct guest *g)
{
	for (int i = 0; i < 6 && !guest_connected(g); i++) {
		script_run(0);
		guest_step(g);
	}
	script_run(0);
}

void script_take(struct guest *g)
{
	for (uint32_t q = 0; q < GUEST_QUEUES; q++)
		guest_take(g, q);
}

/* ---- after the script ---- */

/* The rim goes back to how it should be. */
static void mend(struct script *s)
{
	rim_engine.mute = false;
	rim_store_fail(0, 0);
	rim_grants_fail(0);
	rim_fail_descriptors(0);
	script_run(2 * RIM_SECOND);
}

/* Where nobody writes, nobody looks: a step that cannot be made is not tried
 * over and over. */
static void check_rest(void)
{
	uint32_t before = rim_store_transactions();

	script_run(2 * RIM_SECOND);
	if (rim_store_transactions() - before > 40)
		fuzz_bug("%u transactions in two seconds in which nothing happened",
			 rim_store_transactions() - before);
}

static void take_all(struct guest *g)
{
	script_take(g);
	guest_take_events(g);
}

/* A guest that kept all rules, while nothing else failed: each request that it
 * made ends, by the end of its queue at the latest, and it is still connected. */
static void settle(struct script *s, struct guest *g)
{
	struct coproc_request r;

	if (!g->there || !g->clean || !g->played || !s->honest || s->stopping ||
	    !rim_process_honest(g->domain) || !rim_engine.can_yield || g->state != 4)
		return;
	for (uint32_t q = 0; q < GUEST_QUEUES; q++)
		if (g->queue[q].open)
			guest_publish(g, q), guest_notify(g, q);
	script_run(RIM_SECOND);
	take_all(g);
	for (uint32_t q = 1; q < GUEST_QUEUES; q++) {
		memset(&r, 0, sizeof(r));
		r.op = XENCOPROC_OP_QUEUE_CLOSE;
		r.u.queue_close.queue = q;
		if (g->queue[q].open && !g->queue[q].closing)
			guest_put(g, 0, &r);
	}
	guest_publish(g, 0);
	guest_notify(g, 0);
	script_run(8 * RIM_SECOND);
	take_all(g);
	if (guest_backend_state(g) != 4)
		fuzz_bug("domain %u kept all rules and was disconnected", g->domain);
	for (uint32_t q = 0; q < GUEST_QUEUES; q++)
		if (g->queue[q].open && guest_live(g, q))
			fuzz_bug("domain %u queue %u: %u requests were never completed", g->domain, q,
				 guest_live(g, q));
}

static void finish(struct script *s)
{
	mend(s);
	check_rest();
	for (int i = 0; i < 2; i++)
		settle(s, &s->guest[i]);
	script_stop(s);
	script_run(RIM_SECOND);
	for (int i = 0; i < 2; i++) {
		if (!s->guest[i].there)
			continue;
		guest_node(&s->guest[i], false, "state", "6", 1);
	}
	script_run(20 * RIM_SECOND);
	if (!s->stopped && s->honest)
		fuzz_bug("the backend does not come to an end");
	close_backend(s);
	rim_check_empty();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct script s;
	static bool ready;

	if (!ready && sodium_init() < 0)
		abort();
	ready = true;
	log_set_level(LOG_DEBUG);
	memset(&s, 0, sizeof(s));
	s.in = (struct input){ data, size };
	s.honest = true;
	rim_loop_reset();
	rim_grants_reset();
	rim_store_reset();
	rim_process_reset();
	configure(&s);
	open_backend(&s);
	guest_attach(&s.guest[0], 1);
	if (size && data[0] & 0x80)
		guest_attach(&s.guest[1], 2);
	script_connect(&s.guest[0]);
	script_connect(&s.guest[1]);
	while (s.in.left) {
		uint8_t op = in_u8(&s.in);
		struct guest *g = &s.guest[s.guest[1].domain ? op >> 7 : 0];

		script_event(&s, g, op);
	}
	finish(&s);
	return 0;
}
