# SPDX-License-Identifier: MIT
# into: hostile-ops
# source: libcoproc-ring/queue.c
# found as: a byte of a message is loaded twice
# The status is given to the caller from the ring, after it was checked.
s@^	shadow->live = 0;@	completion->status = wire16(((const volatile struct xencoproc_cqe *)(cq->slots + (size_t)((cq->index - 1) \& (cq->entries - 1)) * XENCOPROC_CQE_SIZE))->status); shadow->live = 0;@
