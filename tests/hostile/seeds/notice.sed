# SPDX-License-Identifier: MIT
# into: hostile-ops
# source: frontend/user/event.c
# found as: a byte of a message is loaded twice
# An event is decoded from the ring, not from the copy.
s@why = coproc_notice_decode(&wire, &notice);@why = coproc_notice_decode((struct xencoproc_event *)(ring->slots + ((ring->index - 1) \& (ring->entries - 1)) * 32), \&notice);@
