# SPDX-License-Identifier: MIT
# into: coprocd
# source: libcoproc-ring/queue.c
# found as: a byte of a message is loaded twice
# The id that is given back is read from the ring again.
s@\.id = wire64(sqe->h.id);@.id = wire64(((const volatile struct xencoproc_sqe *)(sq->slots + (size_t)((sq->index - 1) \& (sq->entries - 1)) * XENCOPROC_SQE_SIZE))->h.id);@
