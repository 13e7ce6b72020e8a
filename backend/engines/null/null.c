/* SPDX-License-Identifier: MIT */
/*
 * The smallest engine: it executes nothing.
 *
 * For measuring the rest of the system, and to read before writing another.
 * Any image is taken as it is and never looked at.  A job's entry says:
 *
 *   0  end at once; the result is the job's immediate
 *   1  use up `immediate` microseconds of this process's own processor time
 *   2  copy operand 0 to operand 1, the shorter length; the result is the bytes
 */
#include <string.h>
#include <time.h>

#include "backend/engines/engine.h"

#define COPY_CHUNK      65536u

enum entry {
	ENTRY_END,
	ENTRY_SPIN,
	ENTRY_COPY
};

/* What is left to do of each context's job. */
static struct {
	const struct engine_job *job;
	uint64_t left;          /* nanoseconds, or bytes */
} contexts[WORKER_CONTEXTS_MAX];

static uint32_t null_load(uint32_t firmware, uint32_t kind, const void *image, size_t length,
			  uint64_t *why)
{
	return XENCOPROC_OK;
}

static uint64_t own_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t copy_length(const struct engine_job *job)
{
	return job->operand[0].length < job->operand[1].length ? job->operand[0].length :
								 job->operand[1].length;
}

static enum engine_step end(struct engine_result *result, uint32_t status, uint64_t value)
{
	result->status = status;
	result->value = value;
	return ENGINE_ENDED;
}

static enum engine_step spin(uint32_t context, struct engine_result *result)
{
	const uint64_t begin = own_time();
	uint64_t used;

	do {
		used = own_time() - begin;
		if (used >= contexts[context].left)
			return end(result, XENCOPROC_OK, 0);
	} while (used == 0 || !engine_attention());
	contexts[context].left -= used;
	return ENGINE_ATTENTION;
}

static enum engine_step copy(uint32_t context, struct engine_result *result)
{
	const struct engine_job *job = contexts[context].job;
	const char *from = (const char *)job->operand[0].base + job->operand[0].offset;
	char *to = (char *)job->operand[1].base + job->operand[1].offset;
	const uint64_t length = copy_length(job);
	uint64_t *left = &contexts[context].left;

	while (*left) {
		const uint64_t done = length - *left;
		const size_t n = *left < COPY_CHUNK ? *left : COPY_CHUNK;

		/* The guest may name the same bytes twice. */
		memmove(to + done, from + done, n);
		*left -= n;
		if (*left && engine_attention())
			return ENGINE_ATTENTION;
	}
	return end(result, XENCOPROC_OK, length);
}

static enum engine_step null_resume(uint32_t context, struct engine_result *result)
{
	return contexts[context].job->entry == ENTRY_SPIN ? spin(context, result) :
							     copy(context, result);
}

static enum engine_step null_start(uint32_t context, const struct engine_job *job,
				   struct engine_result *result)
{
	contexts[context].job = job;
	switch (job->entry) {
	case ENTRY_END:
		return end(result, XENCOPROC_OK, job->immediate);
	case ENTRY_SPIN:
		if (job->immediate > UINT64_MAX / 1000u)
			return end(result, XENCOPROC_BAD_FIELD, 0);
		contexts[context].left = job->immediate * 1000u;
		return null_resume(context, result);
	case ENTRY_COPY:
		if (job->operands != 2 || !(job->operand[0].access & XENCOPROC_ACCESS_READ) ||
		    !(job->operand[1].access & XENCOPROC_ACCESS_WRITE))
			return end(result, XENCOPROC_BAD_FIELD, 0);
		contexts[context].left = copy_length(job);
		return null_resume(context, result);
	default:
		return end(result, XENCOPROC_BAD_FIELD, 0);
	}
}

static void null_reset(uint32_t context)
{
	contexts[context].job = NULL;
	contexts[context].left = 0;
}

static const struct engine null_engine = {
	.kind = "null",
	.kinds = 1u << XENCOPROC_FW_KIND_ELF,
	.preemption = WORKER_PREEMPT_INSTANT,
	.can_yield = true,
	.load = null_load,
	.start = null_start,
	.resume = null_resume,
	.reset = null_reset,
};

int main(int argc, char **argv)
{
	return engine_main(&null_engine, argc, argv);
}
