/* SPDX-License-Identifier: MIT */
/*
 * An honest engine, which takes each image and ends a job with its immediate.
 * What coprocd tells it is checked by engines/wire.h, because a real engine rests
 * on it: objects made before they are used, none taken away from a job, one job on
 * the coprocessor at a time.  The input can answer in its place; then nothing of
 * that holds any more.
 */
#include "real.h"

#include "process.h"

static void reply(struct rim_process *p, uint32_t seq, uint32_t outcome, uint32_t status,
		  uint32_t flags, uint64_t result)
{
	struct worker_reply r = { .seq = seq, .outcome = outcome, .status = status, .flags = flags,
				  .result = result };

	rim_process_say(p, &r, sizeof(r));
}

void rim_process_answer(struct rim_process *p, uint32_t nth, uint32_t outcome, uint32_t status,
			uint32_t flags, uint64_t result)
{
	struct order *o;

	rim_process_distrust(p);
	if (p->running && nth & 1) {
		reply(p, p->job.seq, outcome, status, flags, result);
		p->running = false;
		return;
	}
	if (!p->count)
		return;
	o = &p->orders[p->first];
	p->first = (p->first + 1) % COMMANDS;
	p->count--;
	reply(p, o->seq, outcome, status, flags, result);
}

static void greet(struct rim_process *p)
{
	struct worker_reply hello = { .outcome = WORKER_HELLO };

	hello.u.hello.wire_version = WORKER_WIRE_VERSION;
	hello.u.hello.preemption = rim_engine.preemption;
	hello.u.hello.kinds = rim_engine.kinds;
	hello.u.hello.can_yield = rim_engine.can_yield;
	hello.u.hello.bank_bytes = rim_engine.bank_bytes;
	memcpy(hello.u.hello.kind, "null", 5);
	p->greeted = true;
	rim_process_say(p, &hello, sizeof(hello));
}

static bool names(const struct order *job, uint32_t buffer)
{
	for (uint32_t i = 0; i < job->operands; i++)
		if (job->buffer[i] == buffer)
			return true;
	return false;
}

/* Whether a job that has started and not ended uses it. */
static bool in_use(const struct rim_process *p, bool firmware, uint32_t object)
{
	if (p->running && (firmware ? p->job.other == object : names(&p->job, object)))
		return true;
	for (uint32_t c = 0; c < WORKER_CONTEXTS_MAX; c++)
		if (p->parked[c] && (firmware ? p->parked[c]->other == object : names(p->parked[c], object)))
			return true;
	return false;
}

static void need(const struct rim_process *p, bool what, const char *text, const struct order *o)
{
	if (p->honest && !what)
		fuzz_bug("domain %u: %s (command %u, object %u)", p->domain, text, o->type, o->object);
}

/* B-JOB-4 and the coprocessor itself: nobody else's job runs at this time. */
static void need_alone(const struct rim_process *p, const struct order *o)
{
	need(p, !p->running, "a job is begun while another runs", o);
	for (uint32_t i = 0; i < rim_process_count; i++) {
		const struct rim_process *other = rim_processes[i];

		if (other != p && other->honest && other->alive && other->running && !other->stopped)
			need(p, false, "two jobs on the coprocessor", o);
	}
}

static uint64_t duration(uint64_t immediate)
{
	return immediate & 0x8000 ? NEVER : (immediate & 0x7fff) * 1000;
}

static void start(struct rim_process *p, const struct order *o, uint64_t left)
{
	p->running = true;
	p->job = *o;
	p->ends = left == NEVER ? NEVER : rim_now + left;
}

static void do_run(struct rim_process *p, const struct order *o)
{
	need_alone(p, o);
	need(p, o->object < WORKER_CONTEXTS_MAX && p->context[o->object], "RUN in no context", o);
	need(p, !p->parked[o->object % WORKER_CONTEXTS_MAX], "RUN where a job is parked", o);
	need(p, o->other < WORKER_FIRMWARE_MAX && p->firmware[o->other], "RUN of no firmware", o);
	for (uint32_t i = 0; i < o->operands; i++)
		need(p, o->buffer[i] < WORKER_BUFFERS_MAX && p->buffer[o->buffer[i]],
		     "RUN with a buffer that is not mapped", o);
	start(p, o, duration(o->immediate));
}

static void do_continue(struct rim_process *p, const struct order *o)
{
	struct order *job = p->parked[o->object % WORKER_CONTEXTS_MAX];
	uint64_t left = p->left[o->object % WORKER_CONTEXTS_MAX];

	need_alone(p, o);
	need(p, job != NULL, "CONTINUE of nothing", o);
	if (!job) {
		reply(p, o->seq, WORKER_DONE, XENCOPROC_BAD_OBJECT, 0, 0);
		return;
	}
	job->seq = o->seq;
	start(p, job, left);
	free(job);
	p->parked[o->object % WORKER_CONTEXTS_MAX] = NULL;
}

static void forget_parked(struct rim_process *p, uint32_t context)
{
	free(p->parked[context]);
	p->parked[context] = NULL;
}

/* Return: the status of the answer. */
static uint32_t obey(struct rim_process *p, const struct order *o)
{
	bool *object;

	switch (o->type) {
	case WORKER_MAP:
		need(p, !p->buffer[o->object], "MAP of what is mapped", o);
		if (o->other)
			p->buffer[o->object] = true;
		return XENCOPROC_OK;
	case WORKER_UNMAP:
		object = &p->buffer[o->object % WORKER_BUFFERS_MAX];
		need(p, !in_use(p, false, o->object), "UNMAP under a job", o);
		break;
	case WORKER_LOAD:
		need(p, !p->firmware[o->object % WORKER_FIRMWARE_MAX], "LOAD of what is loaded", o);
		p->firmware[o->object % WORKER_FIRMWARE_MAX] = true;
		return XENCOPROC_OK;
	case WORKER_UNLOAD:
		object = &p->firmware[o->object % WORKER_FIRMWARE_MAX];
		need(p, !in_use(p, true, o->object), "UNLOAD under a job", o);
		break;
	case WORKER_CTX_CREATE:
		need(p, !p->context[o->object % WORKER_CONTEXTS_MAX], "CTX_CREATE of what exists", o);
		p->context[o->object % WORKER_CONTEXTS_MAX] = true;
		return XENCOPROC_OK;
	case WORKER_CTX_DESTROY:
		object = &p->context[o->object % WORKER_CONTEXTS_MAX];
		need(p, !(p->running && p->job.object == o->object), "CTX_DESTROY under a job", o);
		forget_parked(p, o->object % WORKER_CONTEXTS_MAX);
		break;
	case WORKER_ABORT:
		need(p, p->parked[o->object % WORKER_CONTEXTS_MAX] != NULL, "ABORT of nothing", o);
		forget_parked(p, o->object % WORKER_CONTEXTS_MAX);
		return XENCOPROC_OK;
	default:
		return XENCOPROC_OK;
	}
	need(p, *object, "the end of what is not there", o);
	*object = false;
	return XENCOPROC_OK;
}

static bool do_orders(struct rim_process *p)
{
	bool moved = false;

	while (p->count) {
		struct order *o = &p->orders[p->first];

		/* While a job runs only those that came with SERVICE are looked at. */
		if (p->running && (!rim_engine.can_yield || o->type == WORKER_RUN || o->type == WORKER_CONTINUE ||
				   !(p->page->attention & WORKER_ATTENTION_SERVICE))) {
			if (o->type == WORKER_RUN || o->type == WORKER_CONTINUE)
				need_alone(p, o);
			break;
		}
		p->first = (p->first + 1) % COMMANDS;
		p->count--;
		moved = true;
		if (o->type == WORKER_RUN)
			do_run(p, o);
		else if (o->type == WORKER_CONTINUE)
			do_continue(p, o);
		else
			reply(p, o->seq, WORKER_DONE, obey(p, o), 0, 0);
	}
	return moved;
}

static bool do_job(struct rim_process *p)
{
	uint32_t attention = p->page->attention;
	uint32_t context = p->job.object % WORKER_CONTEXTS_MAX;

	if (!p->running)
		return false;
	if (p->ends <= rim_now) {
		/* Some of the immediates are jobs that do not end well. */
		uint32_t how = (uint32_t)(p->job.immediate >> 16) & 3;

		p->running = false;
		reply(p, p->job.seq, WORKER_DONE, how == 1 ? XENCOPROC_FAULT : how == 2 ? XENCOPROC_FAILED :
		      XENCOPROC_OK, how == 3 ? WORKER_REPLY_CONTEXT_RESET : 0, p->job.immediate);
		return true;
	}
	if (!rim_engine.can_yield)
		return false;
	if (attention & WORKER_ATTENTION_ABORT) {
		p->running = false;
		reply(p, p->job.seq, WORKER_ABORTED, XENCOPROC_OK, WORKER_REPLY_CONTEXT_RESET, 0);
		return true;
	}
	if (attention & WORKER_ATTENTION_PARK) {
		p->running = false;
		p->parked[context] = malloc(sizeof(p->job));
		if (!p->parked[context])
			abort();
		*p->parked[context] = p->job;
		p->left[context] = p->ends == NEVER ? NEVER : p->ends - rim_now;
		reply(p, p->job.seq, WORKER_PARKED, XENCOPROC_OK, 0, 0);
		return true;
	}
	return false;
}

bool rim_process_work(void)
{
	bool moved = false;

	for (uint32_t i = 0; i < rim_process_count; i++) {
		struct rim_process *p = rim_processes[i];

		if (!p->alive || p->stopped || p->hung_up || rim_engine.mute)
			continue;
		if (!p->greeted) {
			greet(p);
			moved = true;
		}
		moved |= do_job(p);
		moved |= do_orders(p);
	}
	return moved;
}

uint64_t rim_process_next(void)
{
	uint64_t next = NEVER;

	for (uint32_t i = 0; i < rim_process_count && !rim_engine.mute; i++) {
		const struct rim_process *p = rim_processes[i];

		if (p->alive && !p->stopped && !p->hung_up && p->running && p->ends < next)
			next = p->ends;
	}
	return next;
}
