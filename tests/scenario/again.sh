#!/bin/sh
# SPDX-License-Identifier: MIT
# A device that the toolstack takes away and gives again at once, while coprocd
# still closes what it was.
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }"
coprocd_start
guest g sh -c 'guest-once --firmware "$0" --until "$1/enough" --bytes 1048576 --in-flight 4
	exec guest-once --firmware "$0" --jobs 5' "$FW/work.elf" "$tmp"
be=/local/domain/0/backend/vcoproc/$domid
before=$(handles)
attach "$domid"
until_ grep -q "\"ev\":\"end\",\"dom\":$domid," "$tmp/trace.jsonl"
is "a guest at work" $? 0
offered=0
for round in 1 2 3; do
	xenstore-rm "$be" && xenstore-rm "/local/domain/$domid/device/vcoproc"
	coproc-attach "$domid" m4 > /dev/null 2>&1
	until_ sh -c 'case $(xenstore-read "$0/0/state") in 2 | 4) ;; *) false ;; esac' "$be" &&
		offered=$((offered + 1))
done
is "its device taken away and given at once, three times: offered each time" $offered 3
is "no watch was refused" "$(grep -c event=watch-failed "$tmp/coprocd.log")" 0
: > "$tmp/enough"
is "the domain's next program has its coprocessor" "$(guest_rc g)" 0
echo "# $(cat "$tmp/g.out")"
until_ sh -c '[ "$(coproc-loopback stats | awk "\$1 == 0 { print \$3, \$4, \$5, \$6 }")" = "$0" ]' "$before"
is "nothing is left of the others" "$(handles)" "$before"
coprocd_stop
is "coprocd ends when told to" $? 0
done_
