/* SPDX-License-Identifier: MIT */
/* Results of XENCOPROC_FAILED that are the engine's: firmware's have 32 bits. */
#ifndef COPROC_CORTEX_M_RESULT_H
#define COPROC_CORTEX_M_RESULT_H

/* The firmware went to sleep (WFI) while it owed the job: nothing would wake it. */
#define CORTEX_M_ASLEEP         0x100000001ull
/* The buffers that the job names are larger together than the operand windows. */
#define CORTEX_M_NO_ROOM        0x100000002ull
/* The firmware has had more pieces of code executed than the emulator may keep. */
#define CORTEX_M_SPRAWLS        0x100000003ull

#endif /* COPROC_CORTEX_M_RESULT_H */
