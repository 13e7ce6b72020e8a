# SPDX-License-Identifier: MIT
# into: coprocd
# source: libcoproc-ring/step.h
# found as: a side reads its own cell
# What this side published is read back from the shared page.
s@uint32_t old = ring->published;@uint32_t old = wire32(coproc_load_relaxed(\&ring->own->index));@
