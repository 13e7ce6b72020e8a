#!/bin/sh
# SPDX-License-Identifier: MIT
# Everything that a job can come to, on a real Cortex-M core.
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\", \"$(digest "$FW/wild.elf")\" }"
coprocd_start
guest g guest-jobs "$FW/work.elf" "$FW/wild.elf" "$FW/demo-edges.elf"
before=$(handles)
attach "$domid" --max-class realtime
is "the guest's own verdict" "$(guest_rc g)" 0
results g
until_ sh -c '[ "$(coproc-loopback stats | awk "\$1 == 0 { print \$3, \$4, \$5, \$6 }")" = "$0" ]' "$before"
is "coprocd holds what it held before the guest came" "$(handles)" "$before"
like "the log names the denied digest" "$(cat "$tmp/coprocd.log")" "sha256=$(digest "$FW/demo-edges.elf")"
like "and the scrub, with its evidence" "$(cat "$tmp/coprocd.log")" "verified=zero"
coprocd_stop
is "coprocd ends when told to" $? 0
done_
