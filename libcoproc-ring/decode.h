/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * What decode.c and decode_control.c share; for nobody else.
 */
#ifndef COPROC_RING_DECODE_H
#define COPROC_RING_DECODE_H

#include "message.h"
#include "wire.h"

#define OK              XENCOPROC_OK
#define BAD_OP          XENCOPROC_BAD_OP
#define BAD_FIELD       XENCOPROC_BAD_FIELD
#define BAD_OBJECT      XENCOPROC_BAD_OBJECT
#define BAD_RANGE       XENCOPROC_BAD_RANGE
#define BAD_ACCESS      XENCOPROC_BAD_ACCESS
#define NO_QUOTA        XENCOPROC_NO_QUOTA
#define DENIED          XENCOPROC_DENIED
#define NOT_SUPPORTED   XENCOPROC_NOT_SUPPORTED

/*
 * Every operation but JOB, on the queue it may come on; a JOB whose header says
 * what none may say comes here, too, for its refusal.  Parameters and result are
 * those of coproc_request_decode().
 */
enum xencoproc_status
coproc_decode_other(const struct xencoproc_sqe *sqe, bool control,
		    const struct coproc_limits *limits, struct coproc_request *request);

static inline bool has(const struct coproc_limits *limits, uint32_t feature)
{
	return (limits->features & feature) != 0;
}

static inline bool is_access(uint32_t access)
{
	return access - 1 < (XENCOPROC_ACCESS_READ | XENCOPROC_ACCESS_WRITE);
}

/* Step 7, for one piece.  No buffer is longer, whichever it names. */
static inline bool beyond_any_buffer(uint32_t offset, uint32_t length)
{
	return (uint64_t)offset + length >
	       (uint64_t)XENCOPROC_BUF_PAGES_MAX * XENCOPROC_PAGE_SIZE;
}

#endif
