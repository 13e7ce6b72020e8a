#!/bin/sh
# SPDX-License-Identifier: MIT
# libcoproc against backends of all sorts, over loopback.  TAP.
#
#   tests/frontend/peers.sh [N]     all cases, or the Nth
B=${B:-build}
export B
exec "$B/bin/coproc-loopback" run -- "$B/test/frontend-peers" "$@"
