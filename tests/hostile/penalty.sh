#!/bin/sh
# SPDX-License-Identifier: MIT
# Not with sanitizers: what they cost is not what coprocd costs.
#
# F16, the penalty: who is guilty again and again pays for it.  What hung and
# faulted jobs cost, reset included, comes out of the share of their domain: a
# neighbour of the same class and weight, always busy, keeps its half, by the
# trace of who had the coprocessor.  And a domain whose worker dies again and again
# waits longer each time, and then is not served any more.
. tests/scenario/world.sh
inside "$@"
conf "firmware-any = true" "slice-us = 2000" "realtime-budget-us = 300000" \
	"realtime-period-us = 3000000" "max-run-limit-us = 20000000" "kill-grace-us = 5000000"

engine() { pgrep -f "coproc-engine-cortex-m --domid $1 " | tail -n 1; }

# The neighbour, and both have long jobs in store: neither has less because it did not
# get the processor for a moment.
coprocd_start
guest busy hostile busy "$FW/work.elf"
calm=$domid
attach "$calm"
until_ grep -q "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl"
# had DOM: from the trace, while DOM had jobs: its part of the coprocessor and the
# neighbour's, in thousandths of both, and what DOM's jobs were said to have had (and
# are charged), in thousandths of what they had, killing and resetting included.
had() {
	sed 's/[{}"]//g' "$tmp/trace.jsonl" | awk -F '[,:]' -v dom="$1" -v calm="$calm" '
		{ split("", f); for (i = 1; i < NF; i += 2) f[$i] = $(i + 1); t = f["t_us"] }
		f["ev"] == "accept" && f["dom"] == dom && !first { first = t }
		f["ev"] == "end" && f["dom"] == dom { last = t; said += f["us"] + 0.5 }
		f["ev"] ~ /^(start|continue)$/ { on = f["dom"]; job = f["job"]; since = t }
		f["ev"] ~ /^(park|end)$/ && f["dom"] == on && f["job"] == job {
			all[on] += t - since
			if (first) { piece[++n] = t; who[n] = on; us[n] = t - since }
			on = ""
		}
		END {
			for (i = 1; i <= n && piece[i] <= last; i++) part[who[i]] += us[i]
			both = part[dom] + part[calm]
			print int(1000 * part[dom] / both), int(1000 * part[calm] / both), int(1000 * said / all[dom])
		}'
}
# Whoever always has more to do has half, to the slice and on any machine, if and
# only if he pays for all that he has, for the death of his jobs, too.  Jobs that fault
# are short: a machine that does not let him make them fast enough gives him less.
# fair WHAT LEAST PAID: sets $rc, $part, $paid; whether it is
fair() {
	guest "$1$try" hostile "$1" "$FW/work.elf"
	attach "$domid"
	rc=$(guest_rc "$1$try" 300)
	until_ grep -q "event=disconnected dom=$domid" "$tmp/coprocd.log"
	sleep 0.3
	# shellcheck disable=SC2046  # words
	set -- "$1" "$2" "$3" $(had "$domid")
	part=$4 paid=$6
	coproc-loopback destroy "$domid"
	echo "# $1: it has $part thousandths of the coprocessor, the neighbour $5; it paid $paid of what it had"
	[ "$part" -ge "$2" ] && [ "$part" -le 520 ] && [ "$paid" -ge "$3" ] && [ "$paid" -le 1010 ]
}
# The shorter a job, the more of it are the rounding of what is said, and coprocd's
# own steps before the trace.
for pair in "hanging 470 996" "faulting 0 985" "cancelling 0 985"; do
	# shellcheck disable=SC2086  # words
	set -- $pair
	what=$1 least=$2 pays=$3
	# A guest that could not go on making jobs, for want of a processor, had less.
	for try in 1 2 3 4 5; do fair "$what" "$least" "$pays" && break; done
	is "$what: the attacker's own verdict" "$rc" 0
	results "$what$try"
	if [ "$part" -ge "$least" ] && [ "$part" -le 520 ]; then ok "F16: $what: it has its half, and no more"; else
		not_ok "F16: $what: it has its half, and no more" "$part thousandths"; fi
	if [ "$paid" -ge "$pays" ] && [ "$paid" -le 1010 ]; then ok "F16: $what: it pays for what it has"; else
		not_ok "F16: $what: it pays for what it has" "$paid thousandths of it"; fi
done
# A tenth of the time as realtime, and of the rest a thousandth; a new connection each
# time that it is used up.
xenstore-write "/local/domain/0/backend/vcoproc/$calm/0/weight" 10000
guest sheds hostile sheds "$FW/work.elf"
attach "$domid" --weight 1 --max-class realtime
is "sheds: the attacker's own verdict" "$(guest_rc sheds 300)" 0
results sheds
sleep 0.3
# shellcheck disable=SC2046  # words
set -- $(had "$domid")
echo "# sheds: it has $1 thousandths of the coprocessor"
if [ "$1" -gt 0 ] && [ "$1" -le 250 ]; then ok "F16: sheds: who connects again has no new budget"; else
	not_ok "F16: sheds: who connects again has no new budget" "$1 thousandths"; fi
coproc-loopback destroy "$domid"
coproc-loopback destroy "$calm"

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
# All of it is in the trace when its last worker, that of the next connection, has ended.
until_ sh -c '[ "$(grep -c "\"ev\":\"worker\",\"dom\":$0,.*exit" "$1")" -ge 12 ]' "$guilty" "$tmp/trace.jsonl"
# From each death to the next worker, microseconds: what is waited doubles.
waits=$(grep "\"ev\":\"worker\",\"dom\":$guilty," "$tmp/trace.jsonl" | awk -F '[:,.]' '
	/"exit"/ { gone = $2 } /"start"/ && gone { print $2 - gone }' | tr '\n' ' ')
echo "# from each death to the next worker, us: $waits"
# However slow the machine is, it is not waited less.
# The last one is that of its next connection.
if echo "$waits" | awk '{ exit !(NF > 5 && $(NF - 3) >= 640000 && $(NF - 2) >= 1000000 && $(NF - 1) >= 1000000) }'; then
	ok "F16: it waits longer each time"; else not_ok "F16: it waits longer each time" "$waits"; fi
# shellcheck disable=SC2046  # words
set -- $(had "$guilty")
echo "# deaths: of what it had it paid $3 thousandths"
if [ "$3" -ge 980 ] && [ "$3" -le 1010 ]; then ok "F16: deaths: it pays for what it had until then"; else
	not_ok "F16: deaths: it pays for what it had until then" "$3 thousandths of it"; fi
coprocd_stop
is "coprocd ends when told to" $? 0
done_
