/* SPDX-License-Identifier: MIT */
/* Jobs: started, brought back by attention, parked, continued, given up. */
#include "backend/engines/harness/worker.h"

#include <string.h>

static struct context *context_of(struct worker *w, uint32_t index)
{
	if (index >= WORKER_CONTEXTS_MAX || !w->contexts[index].used)
		channel_broken("a job in a context that is not there");
	return &w->contexts[index];
}

static uint32_t index_of(const struct worker *w, const struct context *ctx)
{
	return (uint32_t)(ctx - w->contexts);
}

/* Counts what the job holds on to: by +1 when it starts, by -1 when it ends. */
static void count_live(struct worker *w, const struct engine_job *job, uint32_t by)
{
	w->firmware[job->firmware].live += by;
	for (uint32_t i = 0; i < job->operands; i++)
		w->buffers[job->operand[i].buffer].live += by;
}

static void resolve(struct worker *w, const struct worker_operand *in, struct engine_operand *out)
{
	const struct buffer *b;

	if (in->buffer >= WORKER_BUFFERS_MAX || !w->buffers[in->buffer].base)
		channel_broken("an operand in a buffer that is not there");
	b = &w->buffers[in->buffer];
	if ((in->access & ~b->access) ||
	    (uint64_t)in->offset + in->length > (uint64_t)b->pages * XENCOPROC_PAGE_SIZE)
		channel_broken("an operand beyond its buffer");
	out->base = b->base;
	out->pages = b->pages;
	out->buffer = in->buffer;
	out->access = in->access;
	out->offset = in->offset;
	out->length = in->length;
}

/* As if new: what the job left in the engine and in the bank is gone. */
static void reset(struct worker *w, struct context *ctx)
{
	w->engine->reset(index_of(w, ctx));
	if (ctx->bank)
		engine_scrub(ctx->bank, w->engine->bank_bytes);
}

static void end(struct worker *w, struct context *ctx)
{
	count_live(w, &ctx->job, -1u);
	ctx->state = JOB_NONE;
	w->running = NULL;
}

static void reply(const struct context *ctx, enum worker_outcome outcome,
		  const struct engine_result *result)
{
	struct worker_reply r = {
		.seq = ctx->seq,
		.outcome = outcome,
		.status = result->status,
		.flags = result->forgotten ? WORKER_REPLY_CONTEXT_RESET : 0,
		.result = result->value,
		.u.instructions = result->instructions,
	};

	channel_reply(&r);
}

static void ended(struct worker *w, struct context *ctx, struct engine_result *result)
{
	end(w, ctx);
	w->ended_seq = ctx->seq;
	/* Scrubbed before anybody hears of it. */
	if (result->status == XENCOPROC_FAULT) {
		reset(w, ctx);
		result->forgotten = true;
	}
	reply(ctx, WORKER_DONE, result);
}

static void aborted(struct worker *w, struct context *ctx, uint64_t instructions)
{
	const struct engine_result none = { .instructions = instructions, .forgotten = true };

	end(w, ctx);
	w->ended_seq = 0;
	reset(w, ctx);
	reply(ctx, WORKER_ABORTED, &none);
}

static void parked(struct worker *w, struct context *ctx, uint64_t instructions)
{
	const struct engine_result none = { .instructions = instructions };

	ctx->state = JOB_PARKED;
	w->running = NULL;
	w->ended_seq = 0;
	reply(ctx, WORKER_PARKED, &none);
}

/* Serves the commands that wait, while the job stands at an exact place. */
static void serve_waiting(struct worker *w)
{
	/* Not on the stack of each level: a command is 4 kB. */
	static struct received in;

	while (channel_receive(&in, false))
		worker_serve(w, &in);
}

/* PARK and ABORT may still stand there for the job before this one. */
static uint32_t attention_for(const struct worker *w, const struct context *ctx)
{
	uint32_t word = __atomic_load_n(&w->page->attention, __ATOMIC_ACQUIRE);
	uint32_t whose = word >> WORKER_ATTENTION_SHIFT;

	if (whose && whose != ctx->seq << WORKER_ATTENTION_SHIFT >> WORKER_ATTENTION_SHIFT)
		return word & WORKER_ATTENTION_SERVICE;
	return word;
}

/* Brings the running job to its end, or to where coprocd wants it put aside. */
static void drive(struct worker *w, struct context *ctx, enum engine_step step,
		  struct engine_result *result)
{
	while (step == ENGINE_ATTENTION) {
		uint32_t bits = attention_for(w, ctx);

		if (bits & WORKER_ATTENTION_ABORT) {
			aborted(w, ctx, result->instructions);
			return;
		}
		if (bits & WORKER_ATTENTION_PARK) {
			parked(w, ctx, result->instructions);
			return;
		}
		if (bits & WORKER_ATTENTION_SERVICE)
			serve_waiting(w);
		step = w->engine->resume(index_of(w, ctx), result);
	}
	ended(w, ctx, result);
}

static void give_back(const struct worker_command *c)
{
	const struct worker_reply back = { .seq = c->seq, .outcome = WORKER_RETURNED };

	channel_reply(&back);
}

/* What was handed ahead waits for the end of the job that runs, or is given
 * back.  Return: whether it is to be begun now. */
static bool its_turn(struct worker *w, const struct worker_command *c)
{
	if (!c->u.run.after)
		return true;
	if (w->running && w->running->seq == c->u.run.after && !w->held) {
		w->held = true;
		memcpy(&w->ahead, c, worker_command_size(c));
		return false;
	}
	if (!w->running && w->ended_seq == c->u.run.after)
		return true;
	give_back(c);
	return false;
}

void job_recall(struct worker *w, const struct worker_command *c)
{
	if (w->held)
		give_back(&w->ahead);
	w->held = false;
	channel_done(c->seq, XENCOPROC_OK, 0);
}

void job_run_held(struct worker *w)
{
	w->held = false;
	job_run(w, &w->ahead);
}

void job_run(struct worker *w, const struct worker_command *c)
{
	struct context *ctx = context_of(w, c->u.run.context);
	struct engine_result result = { .status = XENCOPROC_FAILED };
	struct engine_job *job = &ctx->job;

	if (!its_turn(w, c))
		return;
	if (w->running || ctx->state != JOB_NONE)
		channel_broken("RUN while a job runs, or in a context that has one");
	if (c->u.run.firmware >= WORKER_FIRMWARE_MAX || !w->firmware[c->u.run.firmware].image)
		channel_broken("RUN of a firmware that is not there");
	job->firmware = c->u.run.firmware;
	job->entry = c->u.run.entry;
	job->immediate = c->u.run.immediate;
	job->operands = c->u.run.operands;
	for (uint32_t i = 0; i < job->operands; i++)
		resolve(w, &c->u.run.operand[i], &job->operand[i]);
	count_live(w, job, 1);
	ctx->seq = c->seq;
	ctx->state = JOB_RUNNING;
	w->running = ctx;
	drive(w, ctx, w->engine->start(index_of(w, ctx), job, &result), &result);
}

void job_continue(struct worker *w, const struct worker_command *c)
{
	struct context *ctx = context_of(w, c->u.ctx.context);
	struct engine_result result = { .status = XENCOPROC_FAILED };

	if (w->running || ctx->state != JOB_PARKED)
		channel_broken("CONTINUE of what is not parked, or while a job runs");
	ctx->seq = c->seq;
	ctx->state = JOB_RUNNING;
	w->running = ctx;
	drive(w, ctx, w->engine->resume(index_of(w, ctx), &result), &result);
}

/* Gives up a parked job without an answer of its own. */
void job_forget(struct worker *w, struct context *ctx)
{
	count_live(w, &ctx->job, -1u);
	ctx->state = JOB_NONE;
	reset(w, ctx);
}

void job_abort(struct worker *w, const struct worker_command *c)
{
	struct context *ctx = context_of(w, c->u.ctx.context);

	if (ctx->state != JOB_PARKED)
		channel_broken("ABORT of what is not parked");
	job_forget(w, ctx);
	ctx->seq = c->seq;
	reply(ctx, WORKER_DONE, &(struct engine_result){ .status = XENCOPROC_OK,
							 .forgotten = true });
}
