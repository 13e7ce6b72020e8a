/* SPDX-License-Identifier: MIT */
/*
 * The audio guest's firmware.  One job is one frame of one stream; the
 * stream's past lives in the context, in the core's RAM, between jobs.
 *
 *	operand 0	samples in, 16-bit, at most SPEECH_FRAME of them
 *	operand 1	samples out, as many
 *	result		frames of this context so far, this one included: a guest
 *			that counts along sees at once if its context was reset
 */
#include "coproc_fw.h"

#include "demo/algo/speech.h"

#define BAD_JOB		1u

static struct speech stream;
static uint64_t frames;

static uint32_t frame(const struct coproc_fw_job *job, uint64_t *result)
{
	const struct coproc_fw_operand *in = &job->operand[0], *out = &job->operand[1];

	if (job->operands != 2 || in->length % 2 || in->length > 2 * SPEECH_FRAME ||
	    out->length != in->length)
		return BAD_JOB;
	speech_frame(&stream, in->data, out->data, in->length / 2);
	*result = ++frames;
	return 0;
}

const coproc_fw_entry coproc_entries[] = { frame };
const uint32_t coproc_entry_count = COPROC_FW_COUNT(coproc_entries);
