// SPDX-License-Identifier: MIT
/*
 * Contexts and their timelines.  Only this frontend's jobs and signals move a
 * timeline, and a job signals however it ends unless it was refused
 * (B-TIME-1); so what was seen to end tells where it is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int context_make(struct object *o)
{
	struct coproc_request *request = &o->ctl.request;

	memset(request, 0, sizeof(*request));
	request->op = XENCOPROC_OP_CTX_CREATE;
	request->u.ctx_create.context = o->index;
	request->u.ctx_create.save_buffer = XENCOPROC_NONE;
	o->ctl.done = object_request_done;
	return control_send(o->dev, &o->ctl, o->dev->options.control_timeout_ms);
}

static void context_end(struct object *o, struct coproc_request *request)
{
	request->op = XENCOPROC_OP_CTX_DESTROY;
	request->u.ctx_destroy.context = o->index;
}

static void context_gone(struct object *o, bool confirmed)
{
	struct coproc_context *ctx = (struct coproc_context *)o;

	/* The new one begins at 0 and is raised to what this one had
	 * (F-LIFE-4). */
	if (ctx->signal < ctx->timeline)
		ctx->signal = ctx->timeline;
	ctx->signalled = 0;
	ctx->resets = 0;
}

static void context_free(struct object *o)
{
	free(o);
}

static const struct object_class context_class = {
	.kind = OBJECT_CONTEXT,
	.name = "contexts",
	.make = context_make,
	.end = context_end,
	.gone = context_gone,
	.free = context_free,
};

int coproc_context_create(struct coproc_device *dev, struct coproc_context **context)
{
	struct coproc_context *ctx;
	int rc;

	if (!dev->connected)
		return fail(dev, -ENOTCONN, "not connected");
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return fail(dev, -ENOMEM, "out of memory");
	rc = object_add(dev, &ctx->o, &context_class);
	if (rc) {
		free(ctx);
		return rc;
	}
	rc = object_make_wait(&ctx->o);
	if (rc == 0)
		*context = ctx;
	return rc;
}

int coproc_context_destroy(struct coproc_context *context)
{
	if (context)
		object_doom(&context->o);
	return 0;
}

/* ---- timelines ---- */

static void signal_done(struct ctl *ctl, int error, const struct coproc_completion *completion)
{
	free(ctl);
}

/*
 * Sends one signal that waits for being sent; false if there is none.  Several
 * signals of one context become one: the timeline only ever needs the highest.
 */
bool contexts_signal(struct coproc_device *dev)
{
	const struct object_table *table = &dev->table[OBJECT_CONTEXT];
	struct coproc_context *ctx;
	struct ctl *ctl;
	uint32_t i;

	for (i = 0; dev->signals && i < table->room; i++) {
		ctx = (struct coproc_context *)table->at[i];
		if (!ctx || ctx->o.state != OBJECT_MADE || ctx->signal <= ctx->signalled)
			continue;
		ctl = calloc(1, sizeof(*ctl));
		if (!ctl)
			return false;
		ctl->request.op = XENCOPROC_OP_CTX_SIGNAL;
		ctl->request.u.ctx_signal.context = i;
		ctl->request.u.ctx_signal.value = ctx->signal;
		ctl->done = signal_done;
		if (control_send(dev, ctl, dev->options.control_timeout_ms)) {
			free(ctl);
			return false;
		}
		ctx->signalled = ctx->signal;
		if (ctx->timeline < ctx->signal)
			ctx->timeline = ctx->signal;
		ctx->progress++;
		return true;
	}
	dev->signals = false;
	return false;
}

int coproc_context_signal(struct coproc_context *context, uint64_t value)
{
	struct coproc_device *dev = context->o.dev;

	if (!dev->connected)
		return fail(dev, -ENOTCONN, "not connected");
	if (context->o.state != OBJECT_MADE)
		return fail(dev, -ESTALE, "the context could not be made again");
	if (value > context->signal)
		context->signal = value;
	dev->signals = true;
	control_pump(dev);
	return 0;
}

/* All were made again.  Their local memory is as new: the callers must know. */
void contexts_restored(struct coproc_device *dev)
{
	const struct object_table *table = &dev->table[OBJECT_CONTEXT];
	struct coproc_event event = {
		.type = COPROC_EVENT_CTX_RESET,
		.status = XENCOPROC_LOST,
	};
	struct coproc_context *ctx;
	uint32_t i;

	dev->signals = true;
	for (i = 0; i < table->room; i++) {
		ctx = (struct coproc_context *)table->at[i];
		if (!ctx || ctx->o.doomed)
			continue;
		event.context = ctx;
		event.value = ++ctx->losses;
		event_push(dev, &event);
	}
}

/* A job of context @index that signals @value has ended, or was refused. */
void context_progress(struct coproc_device *dev, uint32_t index, uint64_t value, bool certain)
{
	struct coproc_context *ctx =
		(struct coproc_context *)object_at(dev, OBJECT_CONTEXT, index);

	if (!ctx)
		return;
	ctx->progress++;
	if (certain && value > ctx->timeline)
		ctx->timeline = value;
}

static int context_ask(struct coproc_context *ctx)
{
	uint64_t value;
	int rc = coproc_query(ctx->o.dev, XENCOPROC_QUERY_TIMELINE, ctx, &value);

	if (rc == 0 && value > ctx->timeline)
		ctx->timeline = value;
	return rc;
}

int coproc_context_wait(struct coproc_context *context, uint64_t value, int timeout_ms)
{
	struct coproc_device *dev = context->o.dev;
	uint64_t deadline = deadline_of(timeout_ms, dev->options.wait_timeout_ms);
	uint32_t seen = context->progress - 1;
	int rc;

	while (context->timeline < value) {
		if (!dev->connected)
			return fail(dev, -ENOTCONN, "not connected");
		/* Ask at first, and then only when something moved. */
		if (seen != context->progress) {
			seen = context->progress;
			rc = context_ask(context);
			if (rc)
				return rc;
			continue;
		}
		if (now_us() >= deadline)
			return fail(dev, -ETIMEDOUT, "the timeline did not come so far in time");
		rc = pump(dev, deadline);
		pump_ready(dev);
		if (rc)
			return rc;
	}
	return 0;
}
