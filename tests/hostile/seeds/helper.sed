# SPDX-License-Identifier: MIT
# into: coprocd
# source: libcoproc-ring/step.h
# found as: an index is loaded twice for one decision
# The check is in a function of its own, with a load of its own.
s@^static inline void step_look(@static __attribute__((noinline)) bool peer_sane(struct coproc_ring *ring) { return (uint32_t)(wire32(coproc_load_acquire(\&ring->peer->index)) - ring->index) <= ring->entries; }\n&@
/static inline void step_look(/,/^}/s@^	uint32_t peer = @	uint32_t peer = !peer_sane(ring) ? ring->limit - 1 - ring->entries : @
