#!/bin/sh
# SPDX-License-Identifier: MIT
# A domain that is alone has its next job handed to its worker ahead.  Then
# another domain has work: whose turn it was to be is not decided by that, and
# what was handed ahead can be cancelled like any other job.
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "max-run-limit-us = 600000000" "slice-us = 2000" \
	"realtime-budget-us = 0" "realtime-period-us = 0" "jobs-ahead = 1"
coprocd_start

# hog: a realtime domain that leaves the batch domain nothing, until $tmp/enough.$1
hog() {
	guest "hog$1" guest-load --class realtime --firmware "$FW/work.elf" --entry 2 --immediate 1000000 \
		--jobs 1000000 --in-flight 4
	hog=$domid
	attach "$hog" --max-class realtime
	until_ grep -q "\"ev\":\"end\",\"dom\":$hog," "$tmp/trace.jsonl"
}
meets() {
	until_ test -e "$tmp/g.ready.$1" || until_ test -e "$tmp/g.ready.$1"
	is "the guest comes to \"$1\"" $? 0
}

guest g guest-ahead "$FW/work.elf" "$tmp/g"
g=$domid
attach "$g" --max-class batch
for phase in ahead runs; do
	meets $phase
	until_ grep -q "\"ev\":\"start\",\"dom\":$g," "$tmp/trace.jsonl"
	sleep 0.2
	hog $phase
	: > "$tmp/g.go.$phase"
	[ $phase = ahead ] && next=alone || next=last
	meets $next
	coproc-loopback destroy "$hog"
	: > "$tmp/g.go.$next"
done
is "the guest's own verdict" "$(guest_rc g)" 0
results g

# Short jobs, handed ahead all the time, in two contexts; and a domain that
# wants the coprocessor now and then.
guest short guest-once --class batch --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 256 --in-flight 8
short=$domid
guest urgent guest-once --class realtime --firmware "$FW/work.elf" --jobs 400 --bytes 64 --in-flight 1 --pace 500
attach "$short" --max-class batch
attach "$domid" --max-class realtime
is "urgent jobs all ran, once" "$(guest_rc urgent)" 0
like "each to the byte" "$(cat "$tmp/urgent.out")" "fault=0 lost=0 cancelled=0 other=0 wrong=0 twice=0 strange=0"
: > "$tmp/enough"
is "so did the short ones" "$(guest_rc short)" 0
like "each to the byte" "$(cat "$tmp/short.out")" "fault=0 lost=0 cancelled=0 other=0 wrong=0 twice=0 strange=0"
like "the short jobs were stopped" "$(grep '"ev":"park"' "$tmp/trace.jsonl" | grep "\"dom\":$short," | tail -n 1)" park
coproc-loopback destroy "$short"

# Longer ones, stopped and continued many times each.
guest long guest-load --class batch --firmware "$FW/work.elf" --entry 2 --immediate 200000 --jobs 60 --in-flight 4
long=$domid
guest often guest-load --class realtime --firmware "$FW/work.elf" --entry 2 --immediate 10000 --jobs 1000000 --in-flight 1
attach "$long" --max-class batch
attach "$domid" --max-class realtime
is "jobs stopped many times all ended well" "$(guest_rc long)" 0
like "each with the right result" "$(cat "$tmp/long.out")" "ok=60 wrong=0"
coproc-loopback destroy "$domid"
until_ grep -q "event=disconnected dom=$domid " "$tmp/coprocd.log"

# One job at a time: the trace begins none while another is there.
awk -F '[:,}]' '
{ for (i = 1; i < NF; i++) v[$i] = $(i + 1) }
/"ev":"(start|continue)"/ { n++; if (on != "") bad++; on = v["\"dom\""] " " v["\"queue\""] " " v["\"job\""] }
/"ev":"(park|end)"/ { if (on == v["\"dom\""] " " v["\"queue\""] " " v["\"job\""]) on = "" }
END { print n + 0, "begun,", bad + 0, "beside another"; exit !n || bad }' "$tmp/trace.jsonl" > "$tmp/one"
is "one job at a time" $? 0
sed 's/^/# /' "$tmp/one"
is "no worker was killed" "$(grep -c -e event=hang -e event=worker-gone -e event=worker-distrust "$tmp/coprocd.log")" 0
coprocd_stop
is "coprocd ends when told to" $? 0
done_
