#!/bin/sh
# SPDX-License-Identifier: MIT
# Not with sanitizers: what they cost is not what coprocd costs.
#
# F16, the penalty: who is guilty again and again pays for it.  What hung and
# faulted jobs cost, reset included, comes out of the share of their domain: a
# neighbour of the same class and weight, always busy, keeps nine tenths of what
# it has beside a guest whose jobs are long and honest.  And a domain whose worker
# dies again and again waits longer each time, and then is not served any more.
. tests/hostile/measure.sh
conf "firmware-any = true" "slice-us = 2000" "max-run-limit-us = 20000000" "kill-grace-us = 5000000"

engine() { pgrep -f "coproc-engine-cortex-m --domid $1 " | tail -n 1; }

endless=yes
neighbour --bytes 4096 --in-flight 32
# beside WHAT SECONDS: sets $got and $rc
beside() {
	guest "$1$try" $there nice -n 19 hostile pulse "$2" "$1" "$FW/work.elf"
	attach "$domid"
	first=$(ends)
	sleep "$2"
	got=$(rate "$first" 500000)
	rc=$(guest_rc "$1$try" 120)
	coproc-loopback destroy "$domid"
}
for what in hang faults; do
	for try in 1 2 3 4 5 6; do
		beside busy $((try + 2))
		share=$got
		beside $what $((try + 2))
		echo "# the neighbour has $got % of its rate beside $what, $share % beside honest jobs"
		[ "$got" -lt $((share * LEAST / 100)) ] || break
	done
	is "$what: the attacker's own verdict" "$rc" 0
	results "$what$try"
	if [ "$share" -gt 0 ] && [ "$got" -ge $((share * LEAST / 100)) ]; then
		ok "F16: $what, again and again: the neighbour keeps its share"; else
		not_ok "F16: $what, again and again: the neighbour keeps its share" "$got %, of $share"; fi
done
: > "$tmp/enough"
is "the neighbour's jobs all ran, once" "$(guest_rc calm)" 0
like "each result to the byte" "$(cat "$tmp/calm.out")" "fault=0 lost=0 cancelled=0 other=0 wrong=0 twice=0 strange=0"
echo "# $(cat "$tmp/calm.out")"

guest deaths hostile deaths "$FW/work.elf"
guilty=$domid
attach "$guilty"
last=
while ! [ -s "$tmp/deaths.rc" ] && ! grep -q "event=connection-broken dom=$guilty " "$tmp/coprocd.log"; do
	# Each worker once, while it has a job.
	pid=$(engine "$guilty")
	if [ -n "$pid" ] && [ "$pid" != "$last" ] &&
		[ "$(grep -c "\"ev\":\"start\",\"dom\":$guilty," "$tmp/trace.jsonl")" -gt "$(grep -c "\"ev\":\"end\",\"dom\":$guilty," "$tmp/trace.jsonl")" ]; then
		kill -9 "$pid" && last=$pid
	fi
	sleep 0.01
done
is "deaths: the guest's own verdict" "$(guest_rc deaths 120)" 0
results deaths
is "F16: its worker died so often before" "$(grep -c "event=worker-gone dom=$guilty " "$tmp/coprocd.log")" 11
# From each death to the next worker, microseconds: what is waited doubles.
waits=$(grep "\"ev\":\"worker\",\"dom\":$guilty," "$tmp/trace.jsonl" | awk -F '[:,.]' '
	/"exit"/ { gone = $2 } /"start"/ && gone { print $2 - gone }' | tr '\n' ' ')
echo "# from each death to the next worker, us: $waits"
# However slow the machine is, it is not waited less.
# The last one is that of its next connection.
if echo "$waits" | awk '{ exit !(NF > 5 && $(NF - 3) >= 640000 && $(NF - 2) >= 1000000 && $(NF - 1) >= 1000000) }'; then
	ok "F16: it waits longer each time"; else not_ok "F16: it waits longer each time" "$waits"; fi
coprocd_stop
is "coprocd ends when told to" $? 0
done_
