/* SPDX-License-Identifier: MIT */
/*
 * Made from layout.tbl by `make layout`; do not edit.
 *
 * Including this file proves at compile time that the compiler lays out
 * coprocif.h as the protocol says: each offset, each size, and no gaps,
 * because each field begins where the one before it ends.
 */
#ifndef XENCOPROC_COPROCIF_LAYOUT_H
#define XENCOPROC_COPROCIF_LAYOUT_H

#include "coprocif.h"
#if defined(__KERNEL__)
#include <linux/stddef.h>
#else
#include <stddef.h>
#endif

#if defined(__cplusplus)
#define XENCOPROC_LAYOUT(name, true_) static_assert(true_, #name)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define XENCOPROC_LAYOUT(name, true_) _Static_assert(true_, #name)
#else
#define XENCOPROC_LAYOUT(name, true_) typedef char xencoproc_layout_##name[(true_) ? 1 : -1]
#endif

#define XENCOPROC_LAYOUT_STRUCT(type, size) \
	XENCOPROC_LAYOUT(type, sizeof(struct xencoproc_##type) == (size))
#define XENCOPROC_LAYOUT_FIELD(type, field, offset, size) \
	XENCOPROC_LAYOUT(type##_##field, \
		offsetof(struct xencoproc_##type, field) == (offset) && \
		sizeof(((struct xencoproc_##type *)0)->field) == (size))
#define XENCOPROC_LAYOUT_ARRAY(type, field, offset, size, element) \
	XENCOPROC_LAYOUT_FIELD(type, field, offset, size); \
	XENCOPROC_LAYOUT(type##_##field##_element, \
		sizeof(((struct xencoproc_##type *)0)->field[0]) == (element))

XENCOPROC_LAYOUT_STRUCT(cell, 64);
XENCOPROC_LAYOUT_FIELD(cell, index, 0, 4);
XENCOPROC_LAYOUT_FIELD(cell, event, 4, 4);
XENCOPROC_LAYOUT_ARRAY(cell, reserved, 8, 56, 4);

XENCOPROC_LAYOUT_STRUCT(sqe_header, 16);
XENCOPROC_LAYOUT_FIELD(sqe_header, op, 0, 2);
XENCOPROC_LAYOUT_FIELD(sqe_header, flags, 2, 2);
XENCOPROC_LAYOUT_FIELD(sqe_header, slot, 4, 2);
XENCOPROC_LAYOUT_FIELD(sqe_header, reserved, 6, 2);
XENCOPROC_LAYOUT_FIELD(sqe_header, id, 8, 8);

XENCOPROC_LAYOUT_STRUCT(sqe, 128);
XENCOPROC_LAYOUT_FIELD(sqe, h, 0, 16);
XENCOPROC_LAYOUT_ARRAY(sqe, body, 16, 112, 1);

XENCOPROC_LAYOUT_STRUCT(sqe_queue_open, 128);
XENCOPROC_LAYOUT_FIELD(sqe_queue_open, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_queue_open, queue, 16, 4);
XENCOPROC_LAYOUT_FIELD(sqe_queue_open, qclass, 20, 2);
XENCOPROC_LAYOUT_FIELD(sqe_queue_open, order, 22, 2);
XENCOPROC_LAYOUT_FIELD(sqe_queue_open, event_channel, 24, 4);
XENCOPROC_LAYOUT_FIELD(sqe_queue_open, journal_ref, 28, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_queue_open, sq_ref, 32, 64, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_queue_open, cq_ref, 96, 16, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_queue_open, reserved, 112, 16, 1);

XENCOPROC_LAYOUT_STRUCT(sqe_queue_close, 128);
XENCOPROC_LAYOUT_FIELD(sqe_queue_close, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_queue_close, queue, 16, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_queue_close, reserved, 20, 108, 1);

XENCOPROC_LAYOUT_STRUCT(sqe_ctx_create, 128);
XENCOPROC_LAYOUT_FIELD(sqe_ctx_create, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_ctx_create, context, 16, 4);
XENCOPROC_LAYOUT_FIELD(sqe_ctx_create, save_buffer, 20, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_ctx_create, reserved, 24, 104, 1);

XENCOPROC_LAYOUT_STRUCT(sqe_ctx_destroy, 128);
XENCOPROC_LAYOUT_FIELD(sqe_ctx_destroy, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_ctx_destroy, context, 16, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_ctx_destroy, reserved, 20, 108, 1);

XENCOPROC_LAYOUT_STRUCT(sqe_buf_register, 128);
XENCOPROC_LAYOUT_FIELD(sqe_buf_register, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_buf_register, buffer, 16, 4);
XENCOPROC_LAYOUT_FIELD(sqe_buf_register, pages, 20, 4);
XENCOPROC_LAYOUT_FIELD(sqe_buf_register, access, 24, 2);
XENCOPROC_LAYOUT_FIELD(sqe_buf_register, dirs, 26, 2);
XENCOPROC_LAYOUT_FIELD(sqe_buf_register, reserved0, 28, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_buf_register, dir_ref, 32, 64, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_buf_register, reserved1, 96, 32, 1);

XENCOPROC_LAYOUT_STRUCT(directory, 4096);
XENCOPROC_LAYOUT_ARRAY(directory, gref, 0, 4096, 4);

XENCOPROC_LAYOUT_STRUCT(sqe_buf_release, 128);
XENCOPROC_LAYOUT_FIELD(sqe_buf_release, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_buf_release, buffer, 16, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_buf_release, reserved, 20, 108, 1);

XENCOPROC_LAYOUT_STRUCT(sqe_fw_load, 128);
XENCOPROC_LAYOUT_FIELD(sqe_fw_load, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_fw_load, firmware, 16, 4);
XENCOPROC_LAYOUT_FIELD(sqe_fw_load, kind, 20, 4);
XENCOPROC_LAYOUT_FIELD(sqe_fw_load, buffer, 24, 4);
XENCOPROC_LAYOUT_FIELD(sqe_fw_load, offset, 28, 4);
XENCOPROC_LAYOUT_FIELD(sqe_fw_load, length, 32, 4);
XENCOPROC_LAYOUT_FIELD(sqe_fw_load, sig_offset, 36, 4);
XENCOPROC_LAYOUT_FIELD(sqe_fw_load, sig_length, 40, 4);
XENCOPROC_LAYOUT_FIELD(sqe_fw_load, reserved0, 44, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_fw_load, sha256, 48, 32, 1);
XENCOPROC_LAYOUT_ARRAY(sqe_fw_load, reserved1, 80, 48, 1);

XENCOPROC_LAYOUT_STRUCT(sqe_fw_unload, 128);
XENCOPROC_LAYOUT_FIELD(sqe_fw_unload, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_fw_unload, firmware, 16, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_fw_unload, reserved, 20, 108, 1);

XENCOPROC_LAYOUT_STRUCT(sqe_cancel, 128);
XENCOPROC_LAYOUT_FIELD(sqe_cancel, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_cancel, queue, 16, 4);
XENCOPROC_LAYOUT_FIELD(sqe_cancel, target_slot, 20, 2);
XENCOPROC_LAYOUT_FIELD(sqe_cancel, reserved0, 22, 2);
XENCOPROC_LAYOUT_FIELD(sqe_cancel, target_id, 24, 8);
XENCOPROC_LAYOUT_ARRAY(sqe_cancel, reserved1, 32, 96, 1);

XENCOPROC_LAYOUT_STRUCT(sqe_ctx_signal, 128);
XENCOPROC_LAYOUT_FIELD(sqe_ctx_signal, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_ctx_signal, context, 16, 4);
XENCOPROC_LAYOUT_FIELD(sqe_ctx_signal, reserved0, 20, 4);
XENCOPROC_LAYOUT_FIELD(sqe_ctx_signal, value, 24, 8);
XENCOPROC_LAYOUT_ARRAY(sqe_ctx_signal, reserved1, 32, 96, 1);

XENCOPROC_LAYOUT_STRUCT(sqe_query, 128);
XENCOPROC_LAYOUT_FIELD(sqe_query, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_query, what, 16, 4);
XENCOPROC_LAYOUT_FIELD(sqe_query, object, 20, 4);
XENCOPROC_LAYOUT_ARRAY(sqe_query, reserved, 24, 104, 1);

XENCOPROC_LAYOUT_STRUCT(operand, 12);
XENCOPROC_LAYOUT_FIELD(operand, buffer, 0, 2);
XENCOPROC_LAYOUT_FIELD(operand, access, 2, 2);
XENCOPROC_LAYOUT_FIELD(operand, offset, 4, 4);
XENCOPROC_LAYOUT_FIELD(operand, length, 8, 4);

XENCOPROC_LAYOUT_STRUCT(sqe_job, 128);
XENCOPROC_LAYOUT_FIELD(sqe_job, h, 0, 16);
XENCOPROC_LAYOUT_FIELD(sqe_job, context, 16, 4);
XENCOPROC_LAYOUT_FIELD(sqe_job, firmware, 20, 4);
XENCOPROC_LAYOUT_FIELD(sqe_job, entry, 24, 4);
XENCOPROC_LAYOUT_FIELD(sqe_job, run_limit_us, 28, 4);
XENCOPROC_LAYOUT_FIELD(sqe_job, start_limit_us, 32, 4);
XENCOPROC_LAYOUT_FIELD(sqe_job, operands, 36, 2);
XENCOPROC_LAYOUT_FIELD(sqe_job, priority, 38, 1);
XENCOPROC_LAYOUT_FIELD(sqe_job, reserved0, 39, 1);
XENCOPROC_LAYOUT_FIELD(sqe_job, immediate, 40, 8);
XENCOPROC_LAYOUT_FIELD(sqe_job, wait_context, 48, 4);
XENCOPROC_LAYOUT_FIELD(sqe_job, wait_device, 52, 4);
XENCOPROC_LAYOUT_FIELD(sqe_job, wait_value, 56, 8);
XENCOPROC_LAYOUT_FIELD(sqe_job, signal_value, 64, 8);
XENCOPROC_LAYOUT_ARRAY(sqe_job, operand, 72, 48, 12);
XENCOPROC_LAYOUT_FIELD(sqe_job, reserved1, 120, 8);

XENCOPROC_LAYOUT_STRUCT(cqe, 32);
XENCOPROC_LAYOUT_FIELD(cqe, id, 0, 8);
XENCOPROC_LAYOUT_FIELD(cqe, slot, 8, 2);
XENCOPROC_LAYOUT_FIELD(cqe, status, 10, 2);
XENCOPROC_LAYOUT_FIELD(cqe, flags, 12, 2);
XENCOPROC_LAYOUT_FIELD(cqe, reserved, 14, 2);
XENCOPROC_LAYOUT_FIELD(cqe, result, 16, 8);
XENCOPROC_LAYOUT_FIELD(cqe, waited_us, 24, 4);
XENCOPROC_LAYOUT_FIELD(cqe, ran_us, 28, 4);

XENCOPROC_LAYOUT_STRUCT(event, 32);
XENCOPROC_LAYOUT_FIELD(event, sequence, 0, 4);
XENCOPROC_LAYOUT_FIELD(event, lost, 4, 4);
XENCOPROC_LAYOUT_FIELD(event, type, 8, 2);
XENCOPROC_LAYOUT_FIELD(event, status, 10, 2);
XENCOPROC_LAYOUT_FIELD(event, object, 12, 4);
XENCOPROC_LAYOUT_FIELD(event, value, 16, 8);
XENCOPROC_LAYOUT_FIELD(event, reserved, 24, 8);

XENCOPROC_LAYOUT_STRUCT(journal_cell, 8);
XENCOPROC_LAYOUT_FIELD(journal_cell, state, 0, 4);
XENCOPROC_LAYOUT_FIELD(journal_cell, tag, 4, 4);

#undef XENCOPROC_LAYOUT_ARRAY
#undef XENCOPROC_LAYOUT_FIELD
#undef XENCOPROC_LAYOUT_STRUCT
#undef XENCOPROC_LAYOUT

#endif /* XENCOPROC_COPROCIF_LAYOUT_H */
