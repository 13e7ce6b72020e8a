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
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <sodium.h>
#include <sys/wait.h>

#include "backend/backend.h"
#include "backend/coprocessor.h"
#include "backend/device.h"
#include "backend/inbox.h"
#include "backend/log.h"
#include "backend/sched/policy.h"
#include "fuzz.h"
#include "guest.h"
#include "xenstore-schema/node-table.h"

struct script {
	struct input in;
	struct backend backend;
	struct config config;
	struct config_coprocessor coprocessor;
	struct guest guest[2];
	bool stopping, stopped;
	bool honest;            /* nothing that the rim did has failed */
};

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

static void stop(struct script *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	devices_stop(s->backend.devices, on_stopped, s);
}

static void run_for(uint64_t ns)
{
	rim_run(rim_now + ns);
}

/* By the rules, until the guest is connected or nothing moves any more. */
static void connect_guest(struct guest *g)
{
	for (int i = 0; i < 6 && !guest_connected(g); i++) {
		run_for(0);
		guest_step(g);
	}
	run_for(0);
}

/* ---- what a guest does ---- */

static void patch(struct input *in, struct xencoproc_sqe *sqe, uint8_t how)
{
	for (uint32_t n = how & 3; n; n--)
		((uint8_t *)sqe)[in_u8(in) % sizeof(*sqe)] = in_u8(in);
}

static void submit(struct script *s, struct guest *g, uint32_t queue, bool patched)
{
	_Alignas(8) struct xencoproc_sqe sqe;
	struct coproc_request r;

	if (queue)
		guest_job(&s->in, &r);
	else
		guest_request(g, &s->in, &r);
	coproc_request_encode(&r, &sqe);
	if (patched)
		patch(&s->in, &sqe, in_u8(&s->in));
	guest_put_raw(g, queue, &sqe);
}

static void submit_raw(struct script *s, struct guest *g, uint32_t queue)
{
	_Alignas(8) struct xencoproc_sqe sqe;

	in_bytes(&s->in, &sqe, sizeof(sqe));
	guest_put_raw(g, queue, &sqe);
}

static void tell_all(struct guest *g)
{
	for (uint32_t q = 0; q < GUEST_QUEUES; q++) {
		if (g->queue[q].open)
			guest_publish(g, q);
		guest_notify(g, q);
	}
}

static void take_queues(struct guest *g)
{
	for (uint32_t q = 0; q < GUEST_QUEUES; q++)
		guest_take(g, q);
}

/* One job so many times; once where little is left of the input. */
static void submit_many(struct script *s, struct guest *g, uint32_t count)
{
	for (uint32_t left = s->in.left > 8 ? count : 1; left; left--) {
		struct input again = s->in;
		struct coproc_request r;

		guest_job(&again, &r);
		guest_put(g, 2, &r);
		if (left == 1)
			s->in = again;
	}
}

/* Objects of every kind, and a queue, in one batch: so that what follows in
 * the input finds something there. */
static void furnish(struct script *s, struct guest *g)
{
	static const uint8_t requests[] = {
		XENCOPROC_OP_BUF_REGISTER - 1, 0x10, 3,
		XENCOPROC_OP_CTX_CREATE - 1, 0,
		XENCOPROC_OP_CTX_CREATE - 1, 1,
		XENCOPROC_OP_FW_LOAD - 1, 0, 3, 0,
		XENCOPROC_OP_QUEUE_OPEN - 1, 0x05,      /* queue 2, order 6, class normal */
	};
	struct input in = { requests, sizeof(requests) };
	uint8_t how = in_u8(&s->in);
	struct coproc_request r;

	while (in.left) {
		guest_request(g, &in, &r);
		if (r.op == XENCOPROC_OP_QUEUE_OPEN) {
			r.u.queue_open.qclass = 1 + how % 3;
			r.u.queue_open.event_channel = how & 4 ? 3 : 0;
		}
		guest_put(g, 0, &r);
	}
	guest_publish(g, 0);
	guest_notify(g, 0);
	run_for(1000000);
	guest_take(g, 0);
}

static void break_cell(struct script *s, struct guest *g)
{
	uint8_t which = in_u8(&s->in);
	struct xencoproc_cell *cell = (struct xencoproc_cell *)rim_page(g->domain, 0) + which % 10;

	g->clean = false;
	if (which & 0x80)
		cell->event = in_u32(&s->in);
	else if (which & 0x40)
		cell->index = in_u32(&s->in);
	else
		cell->index += in_u8(&s->in);
}

static void write_page(struct script *s, struct guest *g)
{
	uint32_t page = in_u8(&s->in) % RIM_PAGES, offset = in_u16(&s->in) % RIM_PAGE;
	uint32_t n = 1 + in_u8(&s->in) % 64u;

	if (page < GUEST_DIRS)
		g->clean = false;
	in_bytes(&s->in, rim_page(g->domain, page) + offset, n < RIM_PAGE - offset ? n : RIM_PAGE - offset);
}

static void change_grant(struct script *s, struct guest *g)
{
	uint8_t page = in_u8(&s->in), how = in_u8(&s->in);

	s->honest = false;
	rim_grant(g->domain, page, how & 1, how & 2);
}

/* ---- xenstore ---- */

static void write_node(struct script *s, struct guest *g)
{
	const struct coproc_node *node = &coproc_node[in_u8(&s->in) % COPROC_NODES];
	uint8_t len = in_u8(&s->in) % 64;
	char text[64];

	in_bytes(&s->in, text, len);
	g->played = g->class_known = g->limits_known = false;
	if (len == 63)
		return;
	guest_node(g, node->dir == COPROC_DIR_BACKEND, node->name, text, len);
}

/* What a toolstack changes at run time: of these a guest keeps its connection. */
static void change_share(struct script *s, struct guest *g)
{
	static const char *const change[][2] = {
		{ "weight", "1" }, { "weight", "10000" }, { "cap", "10" }, { "cap", "0" },
		{ "max-class", "realtime" }, { "max-class", "normal" }, { "max-class", "batch" },
		{ "realtime-budget-us", "5" },
	};
	uint8_t which = in_u8(&s->in) % 8;

	g->class_known = false;
	guest_node(g, true, change[which][0], change[which][1], strlen(change[which][1]));
	if (which == 7)
		guest_node(g, true, "realtime-period-us", "1000", 4);
}

static void write_state(struct script *s, struct guest *g)
{
	char digit = (char)('0' + in_u8(&s->in) % 10);

	g->played = false;
	g->state = (unsigned int)(digit - '0');
	guest_node(g, false, "state", &digit, 1);
}

static void remove_directory(struct script *s, struct guest *g)
{
	uint8_t which = in_u8(&s->in);

	g->played = false;
	g->there = false;
	if (which & 1)
		rim_store_remove(g->fe_dir);
	if (which & 2)
		rim_store_remove(g->be_dir);
	if (which & 4) {
		uint32_t domain = g->domain;

		run_for(0);
		guest_attach(g, domain);
		g->played = false;
	}
}

static void fail_store(struct script *s)
{
	static const int errors[] = { EAGAIN, EIO, EPIPE, EACCES, ENOSPC, ENOENT, EBADF, ENOMEM };
	uint8_t how = in_u8(&s->in);

	s->honest = false;
	rim_store_fail(1 + in_u8(&s->in), errors[how % 8]);
}

/* ---- workers ---- */

static void worker_speaks(struct script *s, struct guest *g)
{
	struct rim_process *p = rim_process_of(g->domain);
	uint8_t how = in_u8(&s->in), outcome = in_u8(&s->in), status = in_u8(&s->in);
	uint8_t bytes[sizeof(struct worker_reply)];

	if (!p)
		return;
	s->honest = false;
	switch (how % 5) {
	case 0:
	case 1:
		rim_process_answer(p, how >> 3, 1 + outcome % 3, status % 31, outcome >> 7, status);
		break;
	case 2:
		in_bytes(&s->in, bytes, sizeof(bytes));
		rim_process_say(p, bytes, how & 8 ? sizeof(bytes) : how >> 3);
		break;
	case 3:
		rim_process_hang_up(p);
		break;
	default:
		rim_process_die(p, how & 8 ? CLD_EXITED : CLD_KILLED, how & 16 ? SIGSYS : status);
	}
}

/* ---- the script ---- */

static void pass_time(struct script *s)
{
	uint8_t how = in_u8(&s->in);

	run_for((uint64_t)(1 + (how & 15)) << (how >> 4) * 2);
}

static void pass_long(struct script *s)
{
	run_for((1 + in_u8(&s->in) % 64) * (RIM_SECOND / 8));
}

static void guest_event(struct script *s, struct guest *g, uint8_t op)
{
	uint32_t queue = (op >> 5) & 3;

	switch (op & 31) {
	case 0:
	case 1:
		submit(s, g, 0, false);
		break;
	case 2:
		submit(s, g, queue ? queue : 2, false);
		break;
	case 3:
		submit(s, g, queue, true);
		break;
	case 4:
		submit_raw(s, g, queue);
		break;
	case 5:
		tell_all(g);
		break;
	case 6:
		if (g->queue[queue].open)
			guest_publish(g, queue);
		break;
	case 7:
		rim_evtchn_send(g->domain, queue + 1);
		break;
	case 8:
		take_queues(g);
		break;
	case 9:
		guest_take_events(g);
		break;
	case 10:
		furnish(s, g);
		break;
	case 11:
		submit_many(s, g, 1 + queue * 8);
		break;
	case 12:
		guest_step(g);
		break;
	case 13:
		change_share(s, g);
		break;
	default:
		break;
	}
}

static void foul_event(struct script *s, struct guest *g, uint8_t op)
{
	switch (op & 31) {
	case 14:
		break_cell(s, g);
		break;
	case 15:
		write_page(s, g);
		break;
	case 16:
		change_grant(s, g);
		break;
	case 17:
		write_node(s, g);
		break;
	case 18:
		write_state(s, g);
		break;
	case 19:
		remove_directory(s, g);
		break;
	case 20:
		fail_store(s);
		break;
	case 21:
		s->honest = false;
		rim_grants_fail(1 + in_u8(&s->in) % 16);
		break;
	case 22:
		s->honest = false;
		rim_fail_descriptors(1 + in_u8(&s->in) % 16);
		break;
	case 23:
	case 24:
		worker_speaks(s, g);
		break;
	case 25:
		s->honest = false;
		rim_engine.mute = op & 32;
		break;
	case 26:
		if (op & 32 && op & 64)
			stop(s);
		else
			connect_guest(g);
		break;
	case 27:
		pass_long(s);
		break;
	case 28:
	case 29:
		pass_time(s);
		break;
	default:
		run_for(0);
	}
}

/* ---- after the script ---- */

/* The rim goes back to how it should be. */
static void mend(struct script *s)
{
	rim_engine.mute = false;
	rim_store_fail(0, 0);
	rim_grants_fail(0);
	rim_fail_descriptors(0);
	run_for(2 * RIM_SECOND);
}

/* Where nobody writes, nobody looks: a step that cannot be made is not tried
 * over and over. */
static void check_rest(void)
{
	uint32_t before = rim_store_transactions();

	run_for(2 * RIM_SECOND);
	if (rim_store_transactions() - before > 40)
		fuzz_bug("%u transactions in two seconds in which nothing happened",
			 rim_store_transactions() - before);
}

static void take_all(struct guest *g)
{
	take_queues(g);
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
	run_for(RIM_SECOND);
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
	run_for(8 * RIM_SECOND);
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
	stop(s);
	run_for(RIM_SECOND);
	for (int i = 0; i < 2; i++) {
		if (!s->guest[i].there)
			continue;
		guest_node(&s->guest[i], false, "state", "6", 1);
	}
	run_for(20 * RIM_SECOND);
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
	connect_guest(&s.guest[0]);
	connect_guest(&s.guest[1]);
	while (s.in.left) {
		uint8_t op = in_u8(&s.in);
		struct guest *g = &s.guest[s.guest[1].domain ? op >> 7 : 0];

		if ((op & 31) < 14)
			guest_event(&s, g, op);
		else
			foul_event(&s, g, op);
	}
	finish(&s);
	return 0;
}
