/* SPDX-License-Identifier: MIT */
/*
 * The photo guest's firmware.  One job is one tile, read from where it lies in
 * the guest's picture and drawn where it belongs in the guest's drawing.
 *
 *	operand 0	from the first to the last pixel of the tile with its halo
 *	operand 1	from the first to the last pixel of the tile drawn
 *	immediate	see struct tile in demo/tile.h
 *	result		pixels drawn as edges
 */
#include "coproc_fw.h"

#include "demo/algo/edges.h"
#include "demo/tile.h"

#define BAD_JOB		1u

static uint16_t scratch[EDGES_SCRATCH(EDGES_TILE, EDGES_TILE) / 2];

static uint32_t draw(const struct coproc_fw_job *job, uint64_t *result)
{
	struct tile tile = tile_unpack(job->immediate);

	if (job->operands != 2 || !tile.w || tile.w > EDGES_TILE || !tile.h ||
	    tile.h > EDGES_TILE || job->operand[0].length != tile_in_bytes(&tile) ||
	    job->operand[1].length != tile_out_bytes(&tile))
		return BAD_JOB;
	*result = edges_draw(job->operand[0].data, tile.in_pitch, job->operand[1].data,
			     tile.out_pitch, tile.w, tile.h, scratch);
	return 0;
}

const coproc_fw_entry coproc_entries[] = { draw };
const uint32_t coproc_entry_count = COPROC_FW_COUNT(coproc_entries);
