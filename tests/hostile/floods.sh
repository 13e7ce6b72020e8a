#!/bin/sh
# SPDX-License-Identifier: MIT
# Not with sanitizers: what they cost is not what coprocd costs.
#
# Frontends that flood: with events (F7), xenstore writes (F6, F10), connections,
# and requests that cost coprocd much; and what a neighbour gets done meanwhile.
#
# The neighbour submits one job after the other, with a pause, and looks at each
# result: each job passes the event channel, coprocd's loop and a worker twice, so
# a loop that is held up shows as fewer jobs.  The attacker rests in the second half
# of each second; measure.sh says how the rate is taken.
# Machines are noisy: a flood is measured again, five times at most, before it counts.
. tests/hostile/measure.sh
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "slice-us = 2000" "max-queues = 30"
SECONDS_=${HOSTILE_SECONDS:-4}
# flood WHAT: once; sets $got
flood() {
	guest "$1$try" $there nice -n 19 hostile "$1" $((SECONDS_ + 2))
	coproc-attach "$domid" m4 > /dev/null
	until_ test -e "$tmp/$1$try.out"
	first=$(ends)
	sleep $((SECONDS_ + 2))
	got=$(rate "$first" 1000000)
	is "$1: the attacker's own verdict" "$(guest_rc "$1$try")" 0
	results "$1$try"
	coproc-loopback destroy "$domid"
}

neighbour --bytes 256 --in-flight 1 --pace 2000
before=$(handles)
began=$(date +%s)

for pair in ${HOSTILE_FLOODS:-storm:F7 flap:F10 connects:F6 breaks:F2 queues:F11 nops:F9 images:F18 \
	refused:F3 registers:F5 contexts:F19 expires:F8 abandons:F8}; do
	what=${pair%:*} id=${pair#*:}
	for try in 1 2 3 4 5 6; do
		flood "$what"
		echo "# $what: the neighbour has $got % of its rate"
		[ "$got" -lt $LEAST ] || break
	done
	if [ "$got" -ge $LEAST ]; then ok "$id: $what: the neighbour keeps its rate"; else
		not_ok "$id: $what: the neighbour keeps its rate" "$got %, not $LEAST"; fi
done
lines=$(wc -l < "$tmp/coprocd.log") most=$((100 * ($(date +%s) - began)))
if [ "$lines" -le $most ]; then ok "all that made $lines lines of log, of $most at most"; else
	not_ok "all that made few lines of log" "$lines"; fi
until_ sh -c '[ "$(coproc-loopback stats | awk "\$1 == 0 { print \$3, \$4, \$5, \$6 }")" = "$0" ]' "$before"
is "nothing is left of them" "$(handles)" "$before"
: > "$tmp/enough"
is "the neighbour's jobs all ran, once" "$(guest_rc calm)" 0
like "each result to the byte" "$(cat "$tmp/calm.out")" "fault=0 lost=0 cancelled=0 other=0 wrong=0 twice=0 strange=0"
echo "# $(cat "$tmp/calm.out")"
coprocd_stop
is "coprocd ends when told to" $? 0
done_
