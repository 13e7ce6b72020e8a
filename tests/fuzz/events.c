/* SPDX-License-Identifier: MIT */
/*
 * What happens in a script: the low five bits of its byte say what, the two above
 * which queue, and the highest which guest.
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "backend/engines/wire.h"
#include "script.h"
#include "xenstore-schema/node-table.h"

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

static void tell_all(struct guest *g)
{
	for (uint32_t q = 0; q < GUEST_QUEUES; q++) {
		if (g->queue[q].open)
			guest_publish(g, q);
		guest_notify(g, q);
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
	script_run(1000000);
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

		script_run(0);
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

	script_run((uint64_t)(1 + (how & 15)) << (how >> 4) * 2);
}

static void pass_long(struct script *s)
{
	script_run((1 + in_u8(&s->in) % 64) * (RIM_SECOND / 8));
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
		script_take(g);
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
			script_stop(s);
		else
			script_connect(g);
		break;
	case 27:
		pass_long(s);
		break;
	case 28:
	case 29:
		pass_time(s);
		break;
	default:
		script_run(0);
	}
}

void script_event(struct script *s, struct guest *g, uint8_t op)
{
	if ((op & 31) < 14)
		guest_event(s, g, op);
	else
		foul_event(s, g, op);
}
