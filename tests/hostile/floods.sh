#!/bin/sh
# SPDX-License-Identifier: MIT
# Frontends that flood: with events (F7), with xenstore writes (F6, F10), with
# requests that cost coprocd much.  A neighbour that submits one job after the
# other, with a pause, shows what they cost: each of its jobs passes the event
# channel, coprocd's loop and a worker twice, so a loop that is held up shows as
# fewer jobs.  The attackers run at the lowest priority: what is measured is
# coprocd and not who gets this machine's processors.  It is 90 % and more on a
# machine with nothing else to do; held to is 60, which a loop that is held up
# was far below (25).
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "slice-us = 2000"
FLOOD_S=4
ends() { grep -c "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl"; }
# The attackers rest in the second half of each second of the monotonic clock,
# which is the trace's: the neighbour's ends from line $1 on, while attacked and
# while not.
halves() {
	grep "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl" | tail -n "+$1" | awk -F '[:,.]' '
		{ at = $2 % 1000000 }
		at >= 20000 && at < 480000 { attacked++ }
		at >= 520000 && at < 980000 { calm++ }
		END { print attacked + 0, calm + 0 }'
}

coprocd_start
guest calm guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 256 --in-flight 1 --pace 2000
calm=$domid
attach "$calm"
until_ grep -q "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl"
before=$(handles)

for what in storm flap queues nops images; do
	guest $what nice -n 19 hostile $what $FLOOD_S
	coproc-attach "$domid" m4 > /dev/null
	until_ test -e "$tmp/$what.out"
	sleep 0.4
	first=$(ends)
	sleep 3
	got=$(halves "$first")
	echo "# $what: $got jobs of the neighbour in the halves of a second with and without"
	if [ $((${got% *} * 5)) -ge $((${got#* } * 3)) ] && [ "${got#* }" -gt 100 ]; then
		ok "$what: the neighbour keeps its rate, nearly"
	else
		not_ok "$what: the neighbour keeps its rate, nearly" "$got"
	fi
	is "$what: the attacker's own verdict" "$(guest_rc $what)" 0
	results $what
	coproc-loopback destroy "$domid"
done
lines=$(wc -l < "$tmp/coprocd.log")
if [ "$lines" -le 1500 ]; then ok "all that made $lines lines of log"; else
	not_ok "all that made few lines of log" "$lines"; fi
until_ sh -c '[ "$(coproc-loopback stats | awk "\$1 == 0 { print \$3, \$4, \$5, \$6 }")" = "$0" ]' "$before"
is "nothing is left of them" "$(handles)" "$before"
: > "$tmp/enough"
is "the neighbour's jobs all ran, once" "$(guest_rc calm)" 0
echo "# $(cat "$tmp/calm.out")"
coprocd_stop
is "coprocd ends when told to" $? 0
done_
