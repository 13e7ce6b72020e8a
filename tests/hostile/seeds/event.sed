# SPDX-License-Identifier: MIT
# into: coprocd
# source: libcoproc-ring/step.h
# found as: an event index is loaded twice
# P5 with two loads.
s@return (uint32_t)(new - event - 1) < (uint32_t)(new - old);@return (uint32_t)(new - event - 1) < (uint32_t)(new - old) || new == wire32(coproc_load_relaxed(\&ring->peer->event));@
