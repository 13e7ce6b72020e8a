/* SPDX-License-Identifier: MIT */
/* What may fail around the Cortex-M engine, beside what may around each. */
#include <unicorn/unicorn.h>

#include "tests/engines/faulty.c"

FAULTY(void *, calloc, NULL, ENOMEM, (size_t n, size_t size), (n, size))
FAULTY(int, madvise, -1, EINVAL, (void *at, size_t n, int advice), (at, n, advice))
FAULTY(int, xengnttab_unmap, -1, EINVAL, (xengnttab_handle *xgt, void *at, uint32_t n), (xgt, at, n))
FAULTY(uc_err, uc_open, UC_ERR_NOMEM, ENOMEM, (uc_arch arch, uc_mode mode, uc_engine **uc),
       (arch, mode, uc))
FAULTY(uc_err, uc_mem_map_ptr, UC_ERR_NOMEM, ENOMEM,
       (uc_engine *uc, uint64_t address, size_t n, uint32_t access, void *at),
       (uc, address, n, access, at))
FAULTY(uc_err, uc_mmio_map, UC_ERR_NOMEM, ENOMEM,
       (uc_engine *uc, uint64_t address, size_t n, uc_cb_mmio_read_t read, void *one,
	uc_cb_mmio_write_t write, void *other),
       (uc, address, n, read, one, write, other))
FAULTY(uc_err, uc_context_alloc, UC_ERR_NOMEM, ENOMEM, (uc_engine *uc, uc_context **context),
       (uc, context))
FAULTY(uc_err, uc_context_save, UC_ERR_NOMEM, ENOMEM, (uc_engine *uc, uc_context *context),
       (uc, context))
FAULTY(uc_err, uc_emu_start, UC_ERR_NOMEM, ENOMEM,
       (uc_engine *uc, uint64_t from, uint64_t until, uint64_t us, size_t n),
       (uc, from, until, us, n))
