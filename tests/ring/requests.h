/* SPDX-License-Identifier: MIT */
/*
 * Good requests, one or more for each operation, made byte by byte from the
 * offsets of layout.md: what is tested has no part in making them.
 */
#ifndef TESTS_RING_REQUESTS_H
#define TESTS_RING_REQUESTS_H

#include <string.h>

#include "libcoproc-ring/message.h"

#define ALL_FEATURES                                                                       \
	(COPROC_FEATURE_JOURNAL | COPROC_FEATURE_SAVE_AREA | COPROC_FEATURE_CROSS_TIMELINE | \
	 COPROC_FEATURE_DIGEST_LOAD | COPROC_FEATURE_SIGNATURE)

/* Small and all different, so that no check can stand in for another one. */
static const struct coproc_limits good_limits = {
	.max_queues = 5, .max_ring_order = 8, .max_contexts = 7, .max_buffers = 11,
	.max_pages = 3000, .max_firmware = 3, .max_firmware_bytes = 100000,
	.max_operands = 100, .max_run_limit_us = 50000, .max_class = XENCOPROC_CLASS_NORMAL,
	.features = ALL_FEATURES,
};

/* One field: where, how wide, what. */
struct patch {
	uint32_t offset;
	uint32_t size;
	uint64_t value;
};

#define PATCHES 20
struct recipe {
	const char *name;
	bool control;
	struct patch patch[PATCHES];    /* ends with size 0 */
};

static inline void apply(uint8_t *message, const struct patch *patch, unsigned int count)
{
	for (; count > 0 && patch->size != 0; patch++, count--)
		for (uint32_t i = 0; i < patch->size; i++)
			message[patch->offset + i] = (uint8_t)(patch->value >> (8 * i));
}

#define OP(n)        { 0, 2, n }
#define FLAGS(n)     { 2, 2, n }
#define ID_AND_SLOT  { 4, 2, 0x1234 }, { 8, 8, 0x8877665544332211 }
#define ONES8        0xffffffffffffffffull
#define NONE4        0xffffffffu

enum good {
	NOP, NOP_JOBQ, OPEN, OPEN_BIG, CLOSE, CTX, CTX_SAVE, CTX_END, BUF, BUF_MANY, BUF_END,
	FW, FW_SIGNED, FW_DIGEST, FW_END, CANCEL, SIGNAL, QUERY_DEVICE, QUERY_QUEUE,
	QUERY_CONTEXT, QUERY_TIMELINE, QUERY_BUFFER, QUERY_FIRMWARE, QUERY_LOST, QUERY_WEIGHT,
	JOB, JOB_FULL, JOB_WAIT, JOB_CROSS, JOB_TABLE, GOODS
};

#define UNUSED_DIRS_FROM_1                                                              \
	{ 36, 4, NONE4 }, { 40, 8, ONES8 }, { 48, 8, ONES8 }, { 56, 8, ONES8 },         \
	{ 64, 8, ONES8 }, { 72, 8, ONES8 }, { 80, 8, ONES8 }, { 88, 8, ONES8 }

static const struct recipe good[GOODS] = {
	[NOP] = { "NOP", true, { OP(1), ID_AND_SLOT } },
	[NOP_JOBQ] = { "NOP on a job queue", false, { OP(1), ID_AND_SLOT } },
	[OPEN] = { "QUEUE_OPEN", true, { OP(2), ID_AND_SLOT, { 16, 4, 5 }, { 20, 2, 2 },
		{ 22, 2, 5 }, { 24, 4, 0 }, { 28, 4, NONE4 }, { 32, 4, 70 }, { 36, 4, NONE4 },
		{ 40, 8, ONES8 }, { 48, 8, ONES8 }, { 56, 8, ONES8 }, { 64, 8, ONES8 },
		{ 72, 8, ONES8 }, { 80, 8, ONES8 }, { 88, 8, ONES8 }, { 96, 4, 71 },
		{ 100, 4, NONE4 }, { 104, 8, ONES8 } } },
	[OPEN_BIG] = { "QUEUE_OPEN, 8 pages and a journal", true, { OP(2), ID_AND_SLOT,
		{ 16, 4, 1 }, { 20, 2, 3 }, { 22, 2, 8 }, { 24, 4, 33 }, { 28, 4, 99 },
		{ 32, 8, 0x0000000b0000000a }, { 40, 8, 0x0000000d0000000c },
		{ 48, 8, 0x0000000f0000000e }, { 56, 8, 0x0000001100000010 },
		{ 64, 8, ONES8 }, { 72, 8, ONES8 }, { 80, 8, ONES8 }, { 88, 8, ONES8 },
		{ 96, 8, 0x0000002100000020 }, { 104, 8, ONES8 } } },
	[CLOSE] = { "QUEUE_CLOSE", true, { OP(3), ID_AND_SLOT, { 16, 4, 5 } } },
	[CTX] = { "CTX_CREATE", true, { OP(4), ID_AND_SLOT, { 16, 4, 6 }, { 20, 4, NONE4 } } },
	[CTX_SAVE] = { "CTX_CREATE with a save area", true, { OP(4), ID_AND_SLOT, { 16, 4, 0 },
		{ 20, 4, 10 } } },
	[CTX_END] = { "CTX_DESTROY", true, { OP(5), ID_AND_SLOT, { 16, 4, 6 } } },
	[BUF] = { "BUF_REGISTER", true, { OP(6), ID_AND_SLOT, { 16, 4, 10 }, { 20, 4, 1024 },
		{ 24, 2, 1 }, { 26, 2, 1 }, { 32, 4, 8 }, UNUSED_DIRS_FROM_1 } },
	[BUF_MANY] = { "BUF_REGISTER, 3 directories", true, { OP(6), ID_AND_SLOT, { 16, 4, 0 },
		{ 20, 4, 3000 }, { 24, 2, 3 }, { 26, 2, 3 }, { 32, 8, 0x0000000900000008 },
		{ 40, 4, 10 }, { 44, 4, NONE4 }, { 48, 8, ONES8 }, { 56, 8, ONES8 },
		{ 64, 8, ONES8 }, { 72, 8, ONES8 }, { 80, 8, ONES8 }, { 88, 8, ONES8 } } },
	[BUF_END] = { "BUF_RELEASE", true, { OP(7), ID_AND_SLOT, { 16, 4, 10 } } },
	[FW] = { "FW_LOAD", true, { OP(8), ID_AND_SLOT, { 16, 4, 2 }, { 20, 4, 1 },
		{ 24, 4, 10 }, { 28, 4, 64 }, { 32, 4, 100000 }, { 48, 8, 0x0706050403020100 },
		{ 72, 8, 0xfffefdfcfbfaf9f8 } } },
	[FW_SIGNED] = { "FW_LOAD, signed", true, { OP(8), ID_AND_SLOT, { 16, 4, 0 },
		{ 20, 4, 5 }, { 24, 4, 0 }, { 28, 4, 0 }, { 32, 4, 1 }, { 36, 4, 4096 },
		{ 40, 4, 64 }, { 48, 8, 1 } } },
	[FW_DIGEST] = { "FW_LOAD, by digest", true, { OP(8), FLAGS(1), ID_AND_SLOT,
		{ 16, 4, 1 }, { 20, 4, 3 }, { 24, 4, NONE4 }, { 48, 8, 1 } } },
	[FW_END] = { "FW_UNLOAD", true, { OP(9), ID_AND_SLOT, { 16, 4, 2 } } },
	[CANCEL] = { "CANCEL", true, { OP(10), ID_AND_SLOT, { 16, 4, 5 }, { 20, 2, 0xfedc },
		{ 24, 8, 0x0123456789abcdef } } },
	[SIGNAL] = { "CTX_SIGNAL", true, { OP(11), ID_AND_SLOT, { 16, 4, 6 },
		{ 24, 8, 0xfedcba9876543210 } } },
	[QUERY_DEVICE] = { "QUERY device", true, { OP(12), ID_AND_SLOT, { 16, 4, 1 } } },
	[QUERY_QUEUE] = { "QUERY queue", true, { OP(12), ID_AND_SLOT, { 16, 4, 2 },
		{ 20, 4, 5 } } },
	[QUERY_CONTEXT] = { "QUERY context", true, { OP(12), ID_AND_SLOT, { 16, 4, 3 },
		{ 20, 4, 6 } } },
	[QUERY_TIMELINE] = { "QUERY timeline", true, { OP(12), ID_AND_SLOT, { 16, 4, 4 },
		{ 20, 4, 6 } } },
	[QUERY_BUFFER] = { "QUERY buffer", true, { OP(12), ID_AND_SLOT, { 16, 4, 5 },
		{ 20, 4, 10 } } },
	[QUERY_FIRMWARE] = { "QUERY firmware", true, { OP(12), ID_AND_SLOT, { 16, 4, 6 },
		{ 20, 4, 2 } } },
	[QUERY_LOST] = { "QUERY events lost", true, { OP(12), ID_AND_SLOT, { 16, 4, 7 } } },
	[QUERY_WEIGHT] = { "QUERY weight", true, { OP(12), ID_AND_SLOT, { 16, 4, 8 } } },
	[JOB] = { "JOB", false, { OP(16), ID_AND_SLOT, { 16, 4, 6 }, { 20, 4, 2 },
		{ 24, 4, 0xabcdef01 }, { 28, 4, 50000 }, { 36, 2, 1 }, { 38, 1, 255 },
		{ 40, 8, 0x1122334455667788 }, { 72, 2, 10 }, { 74, 2, 3 },
		{ 76, 4, 0x03ffff00 }, { 80, 4, 0x100 } } },
	[JOB_FULL] = { "JOB with 4 operands", false, { OP(16), FLAGS(8), ID_AND_SLOT,
		{ 16, 4, 0 }, { 20, 4, 0 }, { 32, 4, NONE4 }, { 36, 2, 4 }, { 72, 4, 0x00010000 },
		{ 76, 8, 0 }, { 84, 4, 0x00020001 }, { 88, 8, 0x0000000100000002 },
		{ 96, 4, 0x00030002 }, { 100, 8, 0x0000000300000004 }, { 108, 4, 0x00010003 },
		{ 112, 8, 0x0400000000000000 } } },
	[JOB_WAIT] = { "JOB that waits and signals", false, { OP(16), FLAGS(3), ID_AND_SLOT,
		{ 16, 4, 6 }, { 20, 4, 2 }, { 32, 4, 1 }, { 48, 4, 6 },
		{ 56, 8, 0x8000000000000001 }, { 64, 8, 0x8000000000000002 } } },
	[JOB_CROSS] = { "JOB that waits for another device", false, { OP(16), FLAGS(1),
		ID_AND_SLOT, { 16, 4, 6 }, { 20, 4, 2 }, { 32, 4, 1 }, { 48, 4, 1000 },
		{ 52, 4, 3 }, { 56, 8, 1 } } },
	[JOB_TABLE] = { "JOB with a table", false, { OP(16), FLAGS(4), ID_AND_SLOT,
		{ 16, 4, 6 }, { 20, 4, 2 }, { 36, 2, 1 }, { 72, 2, 10 }, { 74, 2, 1 },
		{ 76, 4, 4096 }, { 80, 4, 1200 } } },
};

static inline void make_good(enum good which, struct xencoproc_sqe *sqe)
{
	memset(sqe, 0, sizeof(*sqe));
	apply((uint8_t *)sqe, good[which].patch, PATCHES);
}

#endif /* TESTS_RING_REQUESTS_H */
