/* SPDX-License-Identifier: MIT */
/*
 * The contract of an engine: what a new kind of coprocessor implements.
 *
 * An engine is a program: its own file(s) with a `const struct engine`, linked
 * with the harness, which owns main(), the sandbox, the commands from coprocd
 * and the mapping of granted pages.  The engine runs after the sandbox closed:
 * it has memory and time, and no files, no network, no new processes.
 */
#ifndef COPROC_ENGINES_ENGINE_H
#define COPROC_ENGINES_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* A piece of a granted buffer, resolved and inside its bounds. */
struct engine_operand {
	void *base;             /* the buffer's first byte, page-aligned, mapped for its life */
	size_t pages;           /* of the whole buffer */
	uint32_t buffer;        /* its index; base changes only after buffer_gone() */
	uint32_t access;        /* enum xencoproc_access bits of this job */
	uint32_t offset;        /* bytes from base */
	uint32_t length;        /* bytes; 0 is allowed */
};

struct engine_job {
	uint32_t firmware;
	uint32_t entry;
	uint64_t immediate;
	uint32_t operands;
	struct engine_operand operand[WORKER_OPERANDS_MAX];
};

enum engine_step {
	ENGINE_ENDED,           /* result is filled */
	ENGINE_ATTENTION        /* stopped at an exact place because engine_attention() */
};

struct engine_result {
	uint32_t status;        /* XENCOPROC_OK, _FAILED, _FAULT, _BAD_FIELD, _NO_MEMORY */
	uint64_t value;         /* as the status wants it */
	uint64_t instructions;  /* of this job so far; 0 where the engine cannot count */
	bool forgotten;         /* the context begins anew with its next job; FAULT implies it */
};

struct engine {
	const char *kind;               /* "cortex-m": what the frontend reads in xenstore */
	uint32_t kinds;                 /* 1u << enum xencoproc_fw_kind for each it loads */
	enum worker_preemption preemption;
	bool can_yield;                 /* run() returns ENGINE_ATTENTION soon after it is asked */
	uint64_t bank_bytes;            /* local memory of one context, page multiple, or 0 */
	uint64_t reserve_bytes;         /* most that engine_reserve() is ever asked for */

	/* Once, before the sandbox closes: warm up what needs files.  0 or -errno. */
	int (*prepare)(void);

	/* An image; stays mapped and unchanged until unload().  Parse with care:
	 * it is a guest's.  XENCOPROC_OK, or BAD_IMAGE with *why a number that the
	 * engine documents, or NO_MEMORY. */
	uint32_t (*load)(uint32_t firmware, uint32_t kind, const void *image, size_t length,
			 uint64_t *why);
	void (*unload)(uint32_t firmware);

	/* A context with its bank: bank_bytes of zeroes, page-aligned.  Returns
	 * XENCOPROC_OK or NO_MEMORY. */
	uint32_t (*ctx_create)(uint32_t context, void *bank);
	void (*ctx_destroy)(uint32_t context);

	/* Begin a job in a context that runs none.  ENGINE_ENDED at once is fine.
	 * job stays valid and unchanged until the job has ended or reset() was
	 * called; so do its buffers and its image.  FAULT makes the harness call
	 * reset(). */
	enum engine_step (*start)(uint32_t context, const struct engine_job *job,
				  struct engine_result *result);
	/* Go on with the context's job after ENGINE_ATTENTION.  Must make progress
	 * before it looks at engine_attention() again: the bits may still be set. */
	enum engine_step (*resume)(uint32_t context, struct engine_result *result);
	/* Give up the context's job, if any, and forget what it left: the next job
	 * begins on a context as if new, its bank zeroed by the harness. */
	void (*reset)(uint32_t context);

	/* A buffer is about to be unmapped: let go of it in every context.  No live
	 * job names it.  Functions that an engine has no use for may be NULL:
	 * prepare, unload, ctx_create, ctx_destroy, buffer_gone. */
	void (*buffer_gone)(uint32_t buffer, void *base, size_t pages);
};

/* The harness's, for the function below. */
extern const uint32_t *engine_attention_bits;

/**
 * engine_attention() - whether coprocd wants the harness to look
 *
 * One relaxed load; engines that can yield call it every few microseconds.
 */
static inline bool engine_attention(void)
{
	return __atomic_load_n(engine_attention_bits, __ATOMIC_RELAXED) != 0;
}

/**
 * engine_log() - one line for the administrator, on standard error
 *
 * Limited in rate, since guests can cause lines; whatever is not printable
 * ASCII in the finished line becomes '?', so guests cannot forge lines.
 */
void engine_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * engine_scrub() - make shared memory read as zero, giving its pages back
 * @base: page-aligned, inside a bank
 * @bytes: a multiple of the page size
 */
void engine_scrub(void *base, size_t bytes);

/**
 * engine_reserve() - tell of address space that will mostly stay untouched
 * @bytes: how much more the engine is about to map
 *
 * The worker's memory limit counts address space.  An emulator's translation
 * cache is mapped in one large piece of which little is ever used, and counts
 * against reserve_bytes instead, once announced here.
 *
 * Return: false when reserve_bytes is exhausted.
 */
bool engine_reserve(uint64_t bytes);
/* Unmapped again. */
void engine_unreserve(uint64_t bytes);

/**
 * engine_main() - what an engine's main() calls and returns
 */
int engine_main(const struct engine *engine, int argc, char **argv);

#endif /* COPROC_ENGINES_ENGINE_H */
