#!/bin/sh
# SPDX-License-Identifier: MIT
# The toolstack changes what domains have while they work: weight, cap, class.
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "slice-us = 1000" \
	"realtime-budget-us = 0" "realtime-period-us = 0"
WINDOW=${WINDOW:-2}
# used DOMID FILE: microseconds on the coprocessor, of the jobs that ended
used() { awk -F '"us":' -v d="\"dom\":$1," '/"ev":"end"/ && index($0, d) { s += $2 } END { print int(s) }' "$2"; }
# shares A B: microseconds of both in one window
shares() {
	sleep 0.3
	from=$(wc -l < "$tmp/trace.jsonl")
	sleep "$WINDOW"
	tail -n "+$from" "$tmp/trace.jsonl" > "$tmp/window"
	a_us=$(used "$1" "$tmp/window")
	b_us=$(used "$2" "$tmp/window")
	echo "# $a_us us and $b_us us in $WINDOW s"
}
ratio() { echo $((a_us * 100 / (b_us + 1))); }
permille() { echo $((a_us / WINDOW / 1000)); }
# between WHAT A B FIGURE LOW HIGH: a share is owed to a domain that always has
# a job waiting.  A guest that the machine leaves without a processor for a
# while has none, so one window that shows the share is enough; a share that
# is not kept lies outside of the bounds in each.
between() {
	for window_ in 1 2 3 4 5 6; do
		shares "$2" "$3"
		figure=$($4)
		[ "$figure" -lt "$5" ] || [ "$figure" -gt "$6" ] || break
	done
	if [ "$figure" -ge "$5" ] && [ "$figure" -le "$6" ]; then ok "$1 ($figure)"; else
		not_ok "$1" "$figure in the last of six windows, expected $5 to $6"; fi
}
# starts DOMID LINE: the classes of the jobs that started since that line
classes() { tail -n "+$2" "$tmp/trace.jsonl" | sed -n "s/.*\"ev\":\"start\",\"dom\":$1,.*\"class\":\"\([a-z]*\)\".*/\1/p" | sort -u | xargs; }
update() {
	d=$1
	shift
	coproc-attach --update "$@" "$d" 0 > /dev/null || not_ok "coproc-attach --update $*"
}

coprocd_start
for g in a b; do
	guest $g guest-load --firmware "$FW/work.elf" --entry 2 --immediate 60000 --jobs 1000000 --in-flight 32
	eval "$g=\$domid"
	attach "$domid"
	until_ grep -q "\"ev\":\"end\",\"dom\":$domid," "$tmp/trace.jsonl"
done

between "equal weights: parts of 100" "$a" "$b" ratio 80 125
update "$a" --weight 300
between "weight 300 beside 100: parts of 100" "$a" "$b" ratio 240 360
update "$a" --weight 10000 --cap 20
between "cap 20, permille of the time" "$a" "$b" permille 120 240
update "$a" --weight 100 --cap 0
between "no cap and equal again: parts of 100" "$a" "$b" ratio 80 125
coproc-loopback destroy "$a"
update "$b" --cap 20
between "cap 20 with nobody else, permille of the time" "$b" "$a" permille 120 240
update "$b" --cap 0

guest c guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --in-flight 2 --class realtime --bytes 1024
c=$domid
attach "$c" --max-class realtime
until_ grep -q "\"ev\":\"end\",\"dom\":$c," "$tmp/trace.jsonl"
is "a realtime queue's jobs are realtime" "$(classes "$c" 1)" realtime
update "$c" --max-class batch
until_ grep -q "event=share-changed dom=$c .*max-class=batch" "$tmp/coprocd.log"
sleep 0.3
line=$(wc -l < "$tmp/trace.jsonl")
sleep 0.7
# The other domain's next job is not always there in time.
like "B-CLASS-4: max-class batch holds for the open queue" "batch" "$(classes "$c" "$line")"
update "$b" --max-class batch
until_ sh -c 'tail -n "+$0" "$1" | grep -q "\"ev\":\"end\",\"dom\":$2,.*\"class\":\"batch\""' "$line" "$tmp/trace.jsonl" "$c"
is "and shares with a domain that was lowered, too" $? 0
update "$c" --max-class realtime
until_ grep -q "event=share-changed dom=$c .*max-class=realtime" "$tmp/coprocd.log"
sleep 0.3
line=$(wc -l < "$tmp/trace.jsonl")
sleep 0.3
is "raised again, it is realtime again" "$(classes "$c" "$line")" realtime
: > "$tmp/enough"
is "no job was lost over all that" "$(guest_rc c)" 0
like "nor ended in another way" "$(cat "$tmp/c.out")" "fault=0 lost=0 cancelled=0 other=0 wrong=0 twice=0 strange=0"
coproc-loopback destroy "$b"

guest e guest-quota events 3
attach "$domid"
until_ grep -q listening "$tmp/e.out"
update "$domid" --weight 50
until_ grep -q "event=share-changed dom=$domid weight=50" "$tmp/coprocd.log"
update "$domid" --cap 10
until_ grep -q "event=share-changed dom=$domid .*cap=10" "$tmp/coprocd.log"
update "$domid" --max-class batch
is "LIMITS: the guest's own verdict" "$(guest_rc e)" 0
results e
coprocd_stop
is "coprocd ends when told to" $? 0
done_
