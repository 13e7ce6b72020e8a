#!/bin/sh
# SPDX-License-Identifier: MIT
# Not with sanitizers: what they cost is not what coprocd costs.
#
# Frontends that flood: with events (F7), xenstore writes (F6, F10), connections,
# and requests that cost coprocd much; and what a neighbour gets done meanwhile.
#
# The neighbour submits one job after the other, with a pause, and looks at each
# result: each job passes the event channel, coprocd's loop and a worker twice, so
# a loop that is held up shows as fewer jobs.  Where there are two processors the
# attacker has one for itself, at the lowest priority, and coprocd, workers and
# neighbour the other: measured is what coprocd and the device give, not who gets
# this machine.  The attacker rests in the second half of each second; the rate is
# the median over seconds of its jobs in the first half to those in the second.
# Machines are noisy: a flood is measured again, five times at most, before it counts.
#
# All of the world but the attackers is scheduled before other programs of this
# machine, where that is allowed: what is a hypercall on Xen is here a question
# to a process, and the loop must not wait for it because somebody compiles.
if [ -z "${IN_WORLD-}" ] && [ -z "${URGENT-}" ] && chrt -r 1 true 2> /dev/null; then
	URGENT=1 exec chrt -r 1 "$0" "$@"
fi
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "slice-us = 2000" "max-queues = 30"
SECONDS_=${HOSTILE_SECONDS:-4}
LEAST=90
here= there=
if [ "$(nproc)" -gt 1 ] && taskset -c 0 true && taskset -c 1 true; then
	here="taskset -c 1" there="taskset -c 0"
fi
[ -z "${URGENT-}" ] || there="chrt -o 0 $there"
ends() { grep -c "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl"; }
# rate LINE: of the neighbour's ends from this line on, percent
rate() {
	grep "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl" | tail -n "+$1" | awk -F '[:,.]' '
		{ second = int($2 / 1000000); at = $2 % 1000000; if (!first) first = second; last = second }
		at >= 20000 && at < 480000 { attacked[second]++ }
		at >= 520000 && at < 980000 { calm[second]++ }
		END {
			for (s = first + 1; s < last; s++) if (calm[s]) ratio[++n] = 100 * attacked[s] / calm[s]
			for (i = 2; i <= n; i++) for (j = i; j > 1 && ratio[j] < ratio[j - 1]; j--) {
				t = ratio[j]; ratio[j] = ratio[j - 1]; ratio[j - 1] = t }
			printf "%d", n ? ratio[int((n + 1) / 2)] : 0
		}'
}
# flood WHAT: once; sets $got
flood() {
	guest "$1$try" $there nice -n 19 hostile "$1" $((SECONDS_ + 2))
	coproc-attach "$domid" m4 > /dev/null
	until_ test -e "$tmp/$1$try.out"
	first=$(ends)
	sleep $((SECONDS_ + 2))
	got=$(rate "$first")
	is "$1: the attacker's own verdict" "$(guest_rc "$1$try")" 0
	results "$1$try"
	coproc-loopback destroy "$domid"
}

$here coprocd -c "$tmp/coprocd.conf" --trace "$tmp/trace.jsonl" 2>> "$tmp/coprocd.log" &
coprocd=$!
until_ grep -q event=serving "$tmp/coprocd.log"
guest calm $here guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 256 --in-flight 1 --pace 2000
calm=$domid
attach "$calm"
until_ grep -q "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl"
before=$(handles)
began=$(date +%s)

for pair in ${HOSTILE_FLOODS:-storm:F7 flap:F10 connects:F6 breaks:F2 queues:F11 nops:F9 images:F18 \
	refused:F3 registers:F5 contexts:F19}; do
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
