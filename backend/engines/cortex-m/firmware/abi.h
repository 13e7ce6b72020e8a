/* SPDX-License-Identifier: MIT */
/*
 * What the Cortex-M engine and the firmware in it agree on: the memory map,
 * the mailbox and the description of a job.  Seen by both; plain integers.
 */
#ifndef COPROC_CORTEX_M_ABI_H
#define COPROC_CORTEX_M_ABI_H

#include <stdint.h>

/* Code: readable and executable.  What the image loads, zeroes elsewhere. */
#define COPROC_FW_CODE_BASE     0x00000000u
#define COPROC_FW_CODE_SIZE     0x00080000u     /* 512 KiB */
/* RAM: readable and writable, kept from job to job of one context. */
#define COPROC_FW_RAM_BASE      0x20000000u
#define COPROC_FW_RAM_SIZE      0x00080000u     /* 512 KiB */
/* The current job: readable, struct coproc_fw_abi_job. */
#define COPROC_FW_JOB_BASE      0x30000000u
#define COPROC_FW_JOB_SIZE      0x00001000u
/* The mailbox: registers, see below. */
#define COPROC_FW_MAILBOX_BASE  0x40000000u
#define COPROC_FW_MAILBOX_SIZE  0x00001000u
/* Operands: windows onto the buffers that the context's jobs name. */
#define COPROC_FW_WINDOW_BASE   0x60000000u
#define COPROC_FW_WINDOW_END    0xe0000000u
/* The system control space: CPUID and CPACR, the rest reads as zero. */
#define COPROC_FW_SCS_BASE      0xe000e000u
#define COPROC_FW_SCS_SIZE      0x00001000u

/* Mailbox registers, as offsets.  32-bit accesses only. */
#define COPROC_FW_MB_JOB        0x00u   /* read: 1 once for each job, else 0 */
#define COPROC_FW_MB_RESULT_LO  0x08u   /* write: the job's result, low half */
#define COPROC_FW_MB_RESULT_HI  0x0cu   /* write: high half */
#define COPROC_FW_MB_DONE       0x10u   /* write: ends the job; 0, or the firmware's own code */
#define COPROC_FW_MB_PUTC       0x14u   /* write: a character of a line for the log */

#define COPROC_FW_OPERANDS_MAX  64u

#define COPROC_FW_ACCESS_READ   1u
#define COPROC_FW_ACCESS_WRITE  2u

struct coproc_fw_abi_operand {
	uint32_t address;       /* of the first byte; 0 where the length is 0 */
	uint32_t length;        /* bytes */
	uint32_t access;        /* COPROC_FW_ACCESS_* of this job */
	uint32_t reserved;
};

struct coproc_fw_abi_job {
	uint32_t entry;
	uint32_t operands;
	uint64_t immediate;
	struct coproc_fw_abi_operand operand[COPROC_FW_OPERANDS_MAX];
};

#endif /* COPROC_CORTEX_M_ABI_H */
