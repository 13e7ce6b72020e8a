#!/bin/sh
# SPDX-License-Identifier: MIT
# Frontends that break the rules: each breaks its own connection, with a reason,
# and nothing else.
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "slice-us = 2000" \
	"realtime-budget-us = 0" "realtime-period-us = 0"

holds() {
	echo "$(handles) fds $(ls "/proc/$coprocd/fd" | wc -l) workers $(pgrep -c -f 'coproc-engine-cortex-m --domid')"
}
settled() {
	round_=0
	while [ "$(holds)" != "$base" ] && [ $round_ -lt 250 ]; do
		sleep 0.02
		round_=$((round_ + 1))
	done
	[ "$(holds)" = "$base" ] || echo "# holds $(holds), held $base"
	[ "$(holds)" = "$base" ]
}

coprocd_start
guest calm guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 1024 --in-flight 1
attach "$domid"
guest first guest-once --firmware "$FW/work.elf" --jobs 3
attach "$domid"
is "a guest" "$(guest_rc first)" 0
coproc-loopback destroy "$domid"
until_ grep -q "event=disconnected dom=$domid" "$tmp/coprocd.log"
sleep 0.2
base=$(holds)

for what in rings grants nodes memory swap bounds stale order park half; do
	guest $what hostile $what "$FW/work.elf"
	coproc-attach --max-class realtime "$domid" m4 > /dev/null
	is "$what: the attacker's own verdict" "$(guest_rc $what)" 0
	results $what
	coproc-loopback destroy "$domid"
	settled
	is "$what: nothing is left of it" $? 0
done

: > "$tmp/enough"
is "the neighbour's jobs all ran, once" "$(guest_rc calm)" 0
like "and ended well" "$(cat "$tmp/calm.out")" "fault=0 lost=0 cancelled=0 other=0 wrong=0 twice=0 strange=0"
echo "# $(cat "$tmp/calm.out")"
coprocd_stop
is "coprocd ends when told to" $? 0
done_
