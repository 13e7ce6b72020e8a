/* SPDX-License-Identifier: MIT */
/*
 * The Cortex-M engine: firmware of Cortex-M4 cores, executed by Unicorn.
 * README.md says what firmware sees.
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "backend/engines/cortex-m/core.h"
#include "backend/engines/cortex-m/result.h"
#include "backend/engines/cortex-m/stores.h"

static struct firmware {
	bool used;
	uint32_t generation;    /* tells apart images that had the same index */
	struct image image;
} firmware[WORKER_FIRMWARE_MAX];

static struct context {
	struct core *core;
	bool booted;
	bool used;              /* registers and bank are not as new */
	uint32_t firmware;      /* what is, or last was, in the core's code */
	uint32_t generation;    /* 0: nothing ever */
} contexts[WORKER_CONTEXTS_MAX];

static uint32_t last_generation;

static int m_prepare(void)
{
	/* Translations of small firmware would take 2 MiB each, zeroed first. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	stores_prepare();
	return core_warm_up() ? 0 : -ENOMEM;
}

static uint32_t m_load(uint32_t index, uint32_t kind, const void *bytes, size_t length,
		       uint64_t *why)
{
	struct firmware *f = &firmware[index];
	enum image_why reason = image_parse(bytes, length, &f->image);

	*why = reason;
	if (reason != IMAGE_OK)
		return XENCOPROC_BAD_IMAGE;
	f->used = true;
	f->generation = ++last_generation;
	return XENCOPROC_OK;
}

static void m_unload(uint32_t index)
{
	/* A context that runs it goes on with its own copy until it is told to
	 * run another. */
	memset(&firmware[index], 0, sizeof(firmware[index]));
}

static uint32_t m_ctx_create(uint32_t index, void *bank)
{
	struct context *ctx = &contexts[index];

	memset(ctx, 0, sizeof(*ctx));
	ctx->core = core_open(index, bank);
	if (!ctx->core)
		return XENCOPROC_NO_MEMORY;
	core_power_on(ctx->core);
	return XENCOPROC_OK;
}

static void m_ctx_destroy(uint32_t index)
{
	core_release(contexts[index].core);
	memset(&contexts[index], 0, sizeof(contexts[index]));
}

/* The bank may hold another firmware and its data; nothing of it may remain. */
static void boot(struct context *ctx, uint32_t index)
{
	const struct firmware *f = &firmware[index];
	const bool same_code = ctx->generation == f->generation;

	if (ctx->used) {
		core_power_on(ctx->core);
		engine_scrub(ctx->core->bank, CORE_BANK_BYTES);
	}
	core_boot(ctx->core, &f->image, same_code);
	ctx->firmware = index;
	ctx->generation = f->generation;
	ctx->booted = true;
	ctx->used = true;
}

static enum window_status place_operands(struct core *core, const struct engine_job *job)
{
	window_begin(&core->windows);
	for (uint32_t i = 0; i < job->operands; i++) {
		const struct engine_operand *in = &job->operand[i];
		struct coproc_fw_abi_operand out = { .length = in->length, .access = in->access };
		enum window_status status = WINDOW_OK;

		if (in->length)
			status = window_find(&core->windows, core->uc, in, &out.address);
		if (status != WINDOW_OK)
			return status;
		core->job->operand[i] = out;
	}
	return WINDOW_OK;
}

static enum engine_step end(struct engine_result *result, uint32_t status, uint64_t value)
{
	result->status = status;
	result->value = value;
	return ENGINE_ENDED;
}

static enum engine_step step(struct context *ctx, struct engine_result *result)
{
	struct core *core = ctx->core;
	const enum core_end e = core_slice(core);

	result->instructions = core->instructions;
	switch (e) {
	case CORE_ATTENTION:
		return ENGINE_ATTENTION;
	case CORE_DONE:
		return core->code ? end(result, XENCOPROC_FAILED, core->code) :
				    end(result, XENCOPROC_OK, core->result);
	case CORE_FAULT:
		return end(result, XENCOPROC_FAULT,
			   (uint64_t)core->fault << 32 | core->fault_address);
	case CORE_SPRAWLS:
		ctx->booted = false;
		result->forgotten = true;
		return end(result, XENCOPROC_FAILED, CORTEX_M_SPRAWLS);
	case CORE_ASLEEP:
		/* It stands in the middle of this job: the next begins anew. */
		ctx->booted = false;
		result->forgotten = true;
		return end(result, XENCOPROC_FAILED, CORTEX_M_ASLEEP);
	default:
		return end(result, XENCOPROC_FAULT, (uint64_t)XENCOPROC_FAULT_ENGINE << 32);
	}
}

static enum engine_step m_start(uint32_t index, const struct engine_job *job,
				struct engine_result *result)
{
	struct context *ctx = &contexts[index];
	struct core *core = ctx->core;
	enum window_status status;

	if (!ctx->booted || ctx->generation != firmware[job->firmware].generation)
		boot(ctx, job->firmware);
	core->job->entry = job->entry;
	core->job->operands = job->operands;
	core->job->immediate = job->immediate;
	status = place_operands(core, job);
	if (status == WINDOW_NO_ROOM) {
		/* Perhaps only because of where the earlier ones were put. */
		window_drop_all(&core->windows, core->uc);
		status = place_operands(core, job);
	}
	if (status != WINDOW_OK)
		return status == WINDOW_NO_ROOM ?
			end(result, XENCOPROC_FAILED, CORTEX_M_NO_ROOM) :
			end(result, XENCOPROC_NO_MEMORY, 0);
	core->instructions = 0;
	core->result = 0;
	core->code = 0;
	core->owed = true;
	core->waiting = true;
	return step(ctx, result);
}

static enum engine_step m_resume(uint32_t index, struct engine_result *result)
{
	return step(&contexts[index], result);
}

static void m_reset(uint32_t index)
{
	struct context *ctx = &contexts[index];

	core_power_on(ctx->core);
	ctx->booted = false;
	ctx->used = false;      /* the harness scrubs the bank */
}

static void m_buffer_gone(uint32_t buffer, void *base, size_t pages)
{
	for (uint32_t i = 0; i < WORKER_CONTEXTS_MAX; i++)
		if (contexts[i].core)
			window_drop_buffer(&contexts[i].core->windows, contexts[i].core->uc,
					   buffer);
}

static const struct engine cortex_m = {
	.kind = "cortex-m",
	.kinds = 1u << XENCOPROC_FW_KIND_ELF,
	.preemption = WORKER_PREEMPT_INSTANT,
	.can_yield = true,
	.bank_bytes = CORE_BANK_BYTES,
	/* One more instance than contexts, for a core that gets a new one. */
	.reserve_bytes = CORE_RESERVE_BYTES * (WORKER_CONTEXTS_MAX + 1),
	.prepare = m_prepare,
	.load = m_load,
	.unload = m_unload,
	.ctx_create = m_ctx_create,
	.ctx_destroy = m_ctx_destroy,
	.start = m_start,
	.resume = m_resume,
	.reset = m_reset,
	.buffer_gone = m_buffer_gone,
};

int main(int argc, char **argv)
{
	return engine_main(&cortex_m, argc, argv);
}
