#!/bin/sh
# SPDX-License-Identifier: MIT
# F19: what one domain left in the coprocessor's memory, the next one must not
# read.  There is one bank only, so the second domain gets the very same memory.
. tests/scenario/world.sh
inside "$@"
# Entries of the firmware "wild": 0 loads from, 1 stores 0x600df00d to the
# address in the immediate; here in the middle of the core's RAM.
address=$((0x20040000))
conf "firmware-any = true" "banks = 1" "max-contexts = 1"
coprocd_start
guest first guest-load --firmware "$FW/wild.elf" --entry 1 --immediate $address
first=$domid
attach "$first"
is "a domain writes to its memory" "$(guest_rc first)" 0
coproc-loopback destroy "$first"
until_ grep -q "event=disconnected dom=$first" "$tmp/coprocd.log"
held=$(sed -n "s/.*event=scrub dom=$first .*resident_before=\([0-9]*\).*/\1/p" "$tmp/coprocd.log")
if [ "${held:-0}" -gt 0 ]; then ok "its bank held data ($held bytes)"; else not_ok "its bank held data" "$held"; fi
like "its bank was scrubbed" "$(grep "event=scrub dom=$first" "$tmp/coprocd.log")" "nonzero_after=0"

guest second guest-load --firmware "$FW/wild.elf" --entry 0 --immediate $address
attach "$domid"
is "the next domain reads the same address of the same bank" "$(guest_rc second)" 0
like "and finds nothing" "$(cat "$tmp/second.out")" "result=0x0"

coprocd_stop
is "coprocd ends when told to" $? 0
done_
