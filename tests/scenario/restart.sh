#!/bin/sh
# SPDX-License-Identifier: MIT
# coprocd ends under its guests, by force and when told to, and comes back.
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "slice-us = 2000"
field() { sed -n "s/.* $2=\([0-9]*\).*/\1/p" "$tmp/$1.out"; }
# The trace of each coprocd is its own: a line count that has grown is its work.
working() { until_ sh -c '[ "$(grep -c "\"ev\":\"end\",\"dom\":$1," "$2")" -gt 3 ]' sh "$1" "$tmp/trace.jsonl"; }
again() {
	: > "$tmp/coprocd.log"
	rm -f "$tmp/trace.jsonl"
	coprocd_start
}

coprocd_start
guest a guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 65536 --in-flight 6
a=$domid
guest b guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 4096 --in-flight 6
b=$domid
before=$(handles)
attach "$a"
attach "$b"

for round in 1 2 3; do
	working "$a" && working "$b"
	is "kill $round: both guests have jobs in flight" $? 0
	pids=$(pgrep -f 'coproc-engine-cortex-m --domid')
	kill -9 "$coprocd"
	wait "$coprocd" 2> /dev/null
	gone=0
	for pid in $pids; do until_ sh -c "! [ -d /proc/$pid ]" || gone=1; done
	is "kill $round: its workers died with it" "$(echo $pids | wc -w) $gone" "2 0"
	again
done
working "$a" && working "$b"
is "both guests went on, by themselves" $? 0

for round in 1 2; do
	coprocd_stop
	is "SIGTERM $round: coprocd ends in order" $? 0
	is "SIGTERM $round: the devices are closed" \
		"$(xenstore-read /local/domain/0/backend/vcoproc/"$a"/0/state /local/domain/0/backend/vcoproc/"$b"/0/state | xargs)" "6 6"
	again
	working "$a" && working "$b"
	is "SIGTERM $round: both guests came back to the next one" $? 0
done

: > "$tmp/enough"
for g in a b; do
	is "guest $g: each job had one end, none ran twice" "$(guest_rc $g)" 0
	echo "# $(cat "$tmp/$g.out")"
	is "guest $g: connected anew each time" "$(field $g connections)" 6
	# What was in flight three times: on SIGTERM jobs may end first.
	if [ "$(($(field $g lost) + $(field $g cancelled)))" -le 18 ]; then ok "guest $g: lost what was under way"; else
		not_ok "guest $g: lost what was under way" "$(cat "$tmp/$g.out")"; fi
	is "guest $g: nothing ended in another way" "$(field $g other)$(field $g fault)" 00
done
until_ sh -c '[ "$(coproc-loopback stats | awk "\$1 == 0 { print \$3, \$4, \$5, \$6 }")" = "$0" ]' "$before"
is "coprocd holds what its first life held before the guests came" "$(handles)" "$before"

# A guest that does not react is not waited for without end, and told all the same.
guest c guest-once --firmware "$FW/work.elf" --stop wait
c=$domid
attach "$c"
until_ grep -q "\"ev\":\"end\",\"dom\":$c," "$tmp/trace.jsonl"
begin=$(date +%s)
coprocd_stop
is "with a guest that stands still coprocd ends, too" $? 0
if [ $(($(date +%s) - begin)) -le 9 ]; then ok "in bounded time"; else not_ok "in bounded time"; fi
is "and has written Closed" "$(xenstore-read /local/domain/0/backend/vcoproc/"$c"/0/state)" 6
done_
