/* SPDX-License-Identifier: MIT */
/*
 * One emulated Cortex-M4 with its memories: what stands behind a context.
 *
 * A core lives on when its context goes, for the next one: Unicorn does not
 * give back all of an instance's memory when it is closed, and a guest that
 * creates and destroys contexts must not be able to use that.
 */
#ifndef COPROC_CORTEX_M_CORE_H
#define COPROC_CORTEX_M_CORE_H

#include <unicorn/unicorn.h>

#include "backend/engines/cortex-m/console.h"
#include "backend/engines/cortex-m/count.h"
#include "backend/engines/cortex-m/firmware/abi.h"
#include "backend/engines/cortex-m/image.h"
#include "backend/engines/cortex-m/window.h"
#include "backend/engines/engine.h"

/* The bank of a context: code first, RAM after it. */
#define CORE_BANK_BYTES         (COPROC_FW_CODE_SIZE + COPROC_FW_RAM_SIZE)

/* What Unicorn maps for the translations of one instance, nearly all unused. */
#define CORE_RESERVE_BYTES      (1100ull << 20)

/*
 * Blocks of code that a core may have translated, at about half a kilobyte
 * each.  More than KEEP are dropped when it boots; with more than MAX its job
 * ends, as it does when the cores of this worker have TOTAL together.  An image
 * has at most 262144 places where a block can begin.
 */
#define CORE_TRANSLATED_KEEP    60000u
#define CORE_TRANSLATED_MAX     300000u
#define CORE_TRANSLATED_TOTAL   1000000u

/* Why a slice came to its end. */
enum core_end {
	CORE_DONE,              /* the firmware has written DONE */
	CORE_ATTENTION,         /* stopped between two blocks, because of attention */
	CORE_ASLEEP,            /* WFI while it owes a job: nothing will wake it */
	CORE_SPRAWLS,           /* too many translations, see above */
	CORE_FAULT,
	CORE_LOST               /* the emulator itself failed */
};

struct core {
	uc_engine *uc;
	uc_context *fresh;      /* the registers as they are at power-on */
	struct core *next;      /* in the list of idle cores */
	uint8_t *bank;
	struct coproc_fw_abi_job *job;  /* the job page, which the core sees read-only */
	struct window_set windows;
	struct count_table counts;
	struct console console;
	uint32_t context;

	/* mailbox */
	bool waiting;           /* a job that the firmware has not taken yet */
	bool owed;              /* a job was given and DONE not written */
	uint32_t code;
	uint64_t result;
	uint32_t cpacr;

	/* the slice that runs, or ran last */
	bool moved;             /* a block has been executed since it began */
	bool stopping;
	bool sprawls;           /* too many translations */
	uint32_t pc;
	uint32_t block, block_size;     /* the last one begun */
	uint32_t fault;         /* enum xencoproc_fault, 0: none */
	uint32_t fault_address;
	uint64_t instructions;  /* of the job */
	uint32_t translated;    /* blocks, since this instance was opened */
};

/* A core on this bank, with nothing loaded; NULL: no memory. */
struct core *core_open(uint32_t context, void *bank);
/* Idle from here on: it has let go of bank and windows. */
void core_release(struct core *core);
/* One core made ahead of need.  False: no memory. */
bool core_warm_up(void);
/* As at power-on; code and RAM are left to whoever scrubs the bank. */
void core_power_on(struct core *core);
/* Put the image into the (zeroed) bank and stand at its reset handler. */
void core_boot(struct core *core, const struct image *image, bool same_code);
/* Execute until the job ends or engine_attention() after at least one block. */
enum core_end core_slice(struct core *core);

#endif /* COPROC_CORTEX_M_CORE_H */
