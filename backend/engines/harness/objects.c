/* SPDX-License-Identifier: MIT */
/* Firmware images and contexts: memory that coprocd hands over as memfds. */
#include "backend/engines/harness/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(struct received *in)
{
	if (in->fd >= 0)
		close(in->fd);
	in->fd = -1;
}

static bool holds(int fd, uint64_t bytes)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 &&
	       (uint64_t)st.st_size >= bytes;
}

/* The bytes that were hashed have to be the bytes that run (F18). */
static bool sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) && (seals & F_SEAL_SHRINK);
}

void object_load(struct worker *w, struct received *in)
{
	const struct worker_command *c = &in->command;
	const uint32_t index = c->u.load.firmware, length = c->u.load.length;
	struct firmware *f;
	uint64_t why = 0;
	uint32_t status;

	if (index >= WORKER_FIRMWARE_MAX || w->firmware[index].image || length == 0)
		channel_broken("LOAD of a firmware that cannot be");
	if (c->u.load.kind > 31 || !(w->engine->kinds & (1u << c->u.load.kind)))
		channel_broken("LOAD of a kind that HELLO does not offer");
	if (!holds(in->fd, length) || !sealed(in->fd))
		channel_broken("LOAD without a sealed image of that length");
	f = &w->firmware[index];
	f->image = mmap(NULL, length, PROT_READ, MAP_PRIVATE, in->fd, 0);
	close_fd(in);
	if (f->image == MAP_FAILED) {
		f->image = NULL;
		channel_done(c->seq, XENCOPROC_NO_MEMORY, 0);
		return;
	}
	f->length = length;
	status = w->engine->load(index, c->u.load.kind, f->image, length, &why);
	if (status != XENCOPROC_OK) {
		munmap(f->image, length);
		memset(f, 0, sizeof(*f));
	}
	channel_done(c->seq, status, status == XENCOPROC_BAD_IMAGE ? why : 0);
}

void object_unload(struct worker *w, const struct worker_command *c)
{
	struct firmware *f;

	if (c->u.unload.firmware >= WORKER_FIRMWARE_MAX ||
	    !w->firmware[c->u.unload.firmware].image)
		channel_broken("UNLOAD of a firmware that is not there");
	f = &w->firmware[c->u.unload.firmware];
	if (f->live) {
		channel_done(c->seq, XENCOPROC_IN_USE, 0);
		return;
	}
	if (w->engine->unload)
		w->engine->unload(c->u.unload.firmware);
	munmap(f->image, f->length);
	memset(f, 0, sizeof(*f));
	channel_done(c->seq, XENCOPROC_OK, 0);
}

/* Maps the bank; false when there is no memory for it. */
static bool take_bank(const struct engine *engine, struct context *ctx, struct received *in)
{
	if (in->command.u.ctx.bank_bytes != engine->bank_bytes)
		channel_broken("CTX_CREATE with another bank than HELLO wants");
	if (engine->bank_bytes == 0)
		return true;
	if (!holds(in->fd, engine->bank_bytes))
		channel_broken("CTX_CREATE without a bank");
	ctx->bank = mmap(NULL, engine->bank_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, in->fd, 0);
	close_fd(in);
	if (ctx->bank == MAP_FAILED) {
		ctx->bank = NULL;
		return false;
	}
	return true;
}

static void drop_bank(const struct engine *engine, struct context *ctx)
{
	if (ctx->bank)
		munmap(ctx->bank, engine->bank_bytes);
	ctx->bank = NULL;
}

void object_ctx_create(struct worker *w, struct received *in)
{
	const struct worker_command *c = &in->command;
	struct context *ctx;
	uint32_t status;

	if (c->u.ctx.context >= WORKER_CONTEXTS_MAX || w->contexts[c->u.ctx.context].used)
		channel_broken("CTX_CREATE of a context that cannot be");
	ctx = &w->contexts[c->u.ctx.context];
	status = take_bank(w->engine, ctx, in) ? XENCOPROC_OK : XENCOPROC_NO_MEMORY;
	if (status == XENCOPROC_OK && w->engine->ctx_create)
		status = w->engine->ctx_create(c->u.ctx.context, ctx->bank);
	if (status == XENCOPROC_OK)
		ctx->used = true;
	else
		drop_bank(w->engine, ctx);
	channel_done(c->seq, status, 0);
}

void object_ctx_destroy(struct worker *w, const struct worker_command *c)
{
	struct context *ctx;

	if (c->u.ctx.context >= WORKER_CONTEXTS_MAX || !w->contexts[c->u.ctx.context].used)
		channel_broken("CTX_DESTROY of a context that is not there");
	ctx = &w->contexts[c->u.ctx.context];
	if (ctx->state == JOB_RUNNING) {
		channel_done(c->seq, XENCOPROC_IN_USE, 0);
		return;
	}
	if (ctx->state == JOB_PARKED)
		job_forget(w, ctx);
	if (w->engine->ctx_destroy)
		w->engine->ctx_destroy(c->u.ctx.context);
	drop_bank(w->engine, ctx);
	ctx->used = false;
	channel_done(c->seq, XENCOPROC_OK, 0);
}
