# SPDX-License-Identifier: MIT
# into: coprocd
# source: libcoproc-ring/queue.c
# found as: looked at again after it was taken
# The request before this one is looked at once more.
s@slot = wire16(sqe->h.slot);@slot = wire16(sqe->h.slot); (void)*(const volatile uint32_t *)(sq->slots + (size_t)((sq->index - 2) \& (sq->entries - 1)) * XENCOPROC_SQE_SIZE);@
