/* SPDX-License-Identifier: MIT */
/*
 * For authors of Cortex-M firmware: what a job is, and how to serve it.
 *
 *	static uint32_t add(const struct coproc_fw_job *job, uint64_t *result)
 *	{
 *		*result = job->immediate + 1;
 *		return 0;
 *	}
 *	const coproc_fw_entry coproc_entries[] = { add };
 *	const uint32_t coproc_entry_count = COPROC_FW_COUNT(coproc_entries);
 *
 * Link with start.c and coproc-m4.ld.
 */
#ifndef COPROC_FW_H
#define COPROC_FW_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct coproc_fw_operand {
	void *data;             /* NULL where the length is 0 */
	uint32_t length;        /* bytes */
	uint32_t access;        /* COPROC_FW_ACCESS_*: what this job may do */
	uint32_t reserved;
};

struct coproc_fw_job {
	uint32_t entry;
	uint32_t operands;
	uint64_t immediate;     /* as the guest gave it */
	struct coproc_fw_operand operand[COPROC_FW_OPERANDS_MAX];
};

/**
 * coproc_fw_entry - serves one kind of job
 * @job: read-only, changes with the next job
 * @result: what the guest gets with status OK; 0 at first
 *
 * Return: 0, or a code of the firmware's own, which the guest gets with
 * status FAILED instead of the result.
 */
typedef uint32_t (*coproc_fw_entry)(const struct coproc_fw_job *job, uint64_t *result);

/* The firmware defines both.  A job's entry is an index of this table. */
extern const coproc_fw_entry coproc_entries[];
extern const uint32_t coproc_entry_count;

#define COPROC_FW_COUNT(table)  (sizeof(table) / sizeof((table)[0]))

/* Codes of start.c itself; firmware had better use smaller ones. */
#define COPROC_FW_NO_ENTRY      0xffffff01u     /* the job's entry is not in the table */

/* A line for the administrator's log, limited in rate; ends with '\n'. */
void coproc_fw_puts(const char *text);

#ifdef __cplusplus
}
#endif

#endif /* COPROC_FW_H */
