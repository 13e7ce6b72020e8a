# SPDX-License-Identifier: MIT
# into: hostile-ops
# source: libcoproc-ring/queue.c
# found as: a byte of a message is loaded twice
# The id is checked in the ring.
s@why = client_check(queue, completion);@{ completion->id = wire64(((const volatile struct xencoproc_cqe *)(cq->slots + (size_t)((cq->index - 1) \& (cq->entries - 1)) * XENCOPROC_CQE_SIZE))->id); why = client_check(queue, completion); }@
