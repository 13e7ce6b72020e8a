// SPDX-License-Identifier: MIT
/* The pure parts of coproc-run: figures, and cutting the input into jobs. */
#include <string.h>

#include "run.h"

#define EXACT           32u     /* times below this have a bucket each */
#define PER_OCTAVE      32u

static unsigned int bucket_of(uint64_t us)
{
	unsigned int octave;

	if (us < EXACT)
		return (unsigned int)us;
	octave = 63u - (unsigned int)__builtin_clzll(us) - 5u;  /* 32..63 is octave 0 */
	if (EXACT + octave * PER_OCTAVE + PER_OCTAVE > RUN_BUCKETS)
		return RUN_BUCKETS - 1;
	return EXACT + octave * PER_OCTAVE + (unsigned int)((us >> octave) - EXACT);
}

/* The greatest time that falls into a bucket. */
static uint64_t bucket_end(unsigned int bucket)
{
	unsigned int octave, step;

	if (bucket < EXACT)
		return bucket;
	octave = (bucket - EXACT) / PER_OCTAVE;
	step = (bucket - EXACT) % PER_OCTAVE;
	return (((uint64_t)EXACT + step + 1) << octave) - 1;
}

void run_times_add(struct run_times *times, uint64_t us)
{
	times->bucket[bucket_of(us)]++;
	times->count++;
	if (us > times->max)
		times->max = us;
}

uint64_t run_times_at(const struct run_times *times, double percent)
{
	double rank = percent / 100 * (double)times->count;
	uint64_t below = 0, end;
	unsigned int i;

	if (!times->count)
		return 0;
	for (i = 0; i < RUN_BUCKETS; i++) {
		below += times->bucket[i];
		if (below && (double)below >= rank)
			break;
	}
	end = i < RUN_BUCKETS - 1 ? bucket_end(i) : times->max;
	return end < times->max ? end : times->max;
}

void run_figures_add(struct run_figures *figures, const struct coproc_done *done)
{
	figures->status[done->status < RUN_STATUSES ? done->status : RUN_STATUSES - 1]++;
	figures->ended++;
	if (done->status >= XENCOPROC_BAD_OP)
		return;         /* never admitted: it has no times */
	run_times_add(&figures->waited, done->waited_us);
	if (done->flags & XENCOPROC_CQE_F_STARTED)
		run_times_add(&figures->ran, done->ran_us);
}

static bool has_output(const struct run_options *options)
{
	return options->output || options->output_size;
}

static const char *plan_output(struct run_plan *plan, const struct run_options *options)
{
	if (!has_output(options))
		return NULL;
	plan->capacity = options->output_size ? options->output_size :
			 options->length == RUN_LENGTH_FIXED ? options->output_length :
			 plan->piece;
	if (!plan->capacity)
		return "the jobs have no input, so say with --output-size how much they write";
	if (options->length == RUN_LENGTH_FIXED && options->output_length > plan->capacity)
		return "--output-length is more than --output-size";
	return NULL;
}

const char *run_plan_make(struct run_plan *plan, const struct run_options *options,
			  size_t input_size)
{
	uint64_t piece;

	memset(plan, 0, sizeof(*plan));
	if (!options->input) {
		plan->jobs = options->jobs ? options->jobs : 1;
		return plan_output(plan, options);
	}
	if (!input_size)
		return "the input is empty";
	piece = options->chunk ? options->chunk : input_size;
	if (!options->chunk && options->jobs)
		piece = (input_size + options->jobs - 1) / options->jobs;
	if (piece > (uint64_t)XENCOPROC_BUF_PAGES_MAX * XENCOPROC_PAGE_SIZE)
		return "a piece of input is larger than 64 MiB: split it with --chunk or --jobs";
	plan->piece = (uint32_t)piece;
	plan->jobs = (input_size + piece - 1) / piece;
	/* --chunk and --jobs: the first pieces only, or the whole again. */
	if (options->chunk && options->jobs)
		plan->jobs = options->jobs;
	return plan_output(plan, options);
}

uint32_t run_plan_piece(const struct run_plan *plan, size_t input_size, uint64_t n,
			size_t *offset)
{
	uint64_t pieces;

	*offset = 0;
	if (!plan->piece)
		return 0;
	/* With more jobs than pieces the input begins anew. */
	pieces = (input_size + plan->piece - 1) / plan->piece;
	*offset = (size_t)(n % pieces) * plan->piece;
	return input_size - *offset < plan->piece ? (uint32_t)(input_size - *offset) :
						    plan->piece;
}

uint32_t run_plan_output(const struct run_plan *plan, const struct run_options *options,
			 uint32_t piece, const struct coproc_done *done)
{
	uint64_t length;

	switch (options->length) {
	case RUN_LENGTH_RESULT:
		length = done->result;          /* the firmware's word */
		break;
	case RUN_LENGTH_FIXED:
		length = options->output_length;
		break;
	default:
		length = piece ? piece : plan->capacity;
		break;
	}
	return length < plan->capacity ? (uint32_t)length : plan->capacity;
}
