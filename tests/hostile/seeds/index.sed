# SPDX-License-Identifier: MIT
# into: coprocd
# source: libcoproc-ring/step.h
# found as: an index is loaded twice for one decision
# C2 checks one value and the ring uses another.
/static inline void step_look(/,/^}/s@ring->limit = peer;@ring->limit = wire32(coproc_load_acquire(\&ring->peer->index));@
