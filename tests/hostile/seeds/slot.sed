# SPDX-License-Identifier: MIT
# into: coprocd
# source: libcoproc-ring/queue.c
# found as: a byte of a message is loaded twice
# The slot number that is checked is not the one of the copy.
s@slot = wire16(sqe->h.slot);@slot = wire16(((const volatile struct xencoproc_sqe *)(sq->slots + (size_t)((sq->index - 1) \& (sq->entries - 1)) * XENCOPROC_SQE_SIZE))->h.slot);@
