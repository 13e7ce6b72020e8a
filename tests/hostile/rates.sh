#!/bin/sh
# SPDX-License-Identifier: MIT
# Not with sanitizers: what they cost is not what coprocd costs.
#
# What a neighbour gets done while each attack of attacks.sh goes on: floods.sh
# has those that go on by themselves; here each is begun again and again, and
# stopped in every other quarter of a second (measure.sh says how the rate is
# taken).  The neighbour is in class realtime, the attackers are not: what their
# jobs take of the coprocessor is theirs, and must not take from it.  It has eight
# jobs every eight milliseconds, which is less than its share: what it does not get
# done in time is missing, what only came later, within its bounds, is not.  Then one
# that waits for each job before it makes the next, a millisecond later: there each
# delay is missing, wherever it comes from.
#
# Machines are noisy: an attack is measured again, longer each time, seven times
# at most, before it counts.
. tests/hostile/measure.sh
endless=yes
conf "firmware-any = true" "slice-us = 2000" "realtime-budget-us = 0" "realtime-period-us = 0" \
	"max-queues = 30" "max-run-limit-us = 20000000" "kill-grace-us = 5000000"

# attack WHAT WITH SECONDS: sets $got
attack() {
	guest "$run$1$try" $there nice -n 19 hostile pulse "$3" "$1" "$2"
	coproc-attach --max-class normal "$domid" m4 > /dev/null
	until_ grep -q "event=connecting dom=$domid \|event=connected dom=$domid " "$tmp/coprocd.log"
	first=$(ends)
	sleep "$3"
	got=$(rate "$first" 500000)
	rc=$(guest_rc "$run$1$try" 120)
	coproc-loopback destroy "$domid"
}

# beside NEIGHBOUR ATTACK:NUMBER...
beside() {
	run=$1
	shift
	for pair; do
		what=${pair%:*} id=${pair#*:}
		case $what in
		race) with=600 ;;
		idle) with=1 ;;
		*) with=$FW/work.elf ;;
		esac
		for try in 1 2 3 4 5 6 7 8; do
			attack "$what" "$with" $((try / 2 + 2))
			echo "# $what: the neighbour with $run has $got % of its rate"
			[ "$got" -lt $LEAST ] || break
		done
		is "$what: the attacker's own verdict" "$rc" 0
		results "$run$what$try"
		if [ "$got" -ge $LEAST ]; then ok "$id: $what: the neighbour with $run keeps its rate"; else
			not_ok "$id: $what: the neighbour with $run keeps its rate" "$got %, not $LEAST"; fi
	done
	neighbour_ends
}

neighbour --bytes 256 --in-flight 8 --pace 8000 --class realtime
beside eight ${HOSTILE_RATES:-idle:F0 rings:F2 pairs:F2 grants:F14 maps:F5 nodes:F11 memory:F1 changes:F1 swap:F18 \
	bounds:F3 stale:F12 headers:F17 race:F6 hoard:F8 hang:F16 faults:F16 order:F4 park:F4}
apart
neighbour --bytes 256 --in-flight 1 --pace 1000 --class realtime
beside one ${HOSTILE_RATES_ONE:-idle:F0 stale:F12 hoard:F8 hang:F16}
done_
