#!/bin/sh
# SPDX-License-Identifier: MIT
# Two domains, two firmware images, one core: priority, isolation, and what
# becomes of the one when the other is killed.
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\", \"$(digest "$FW/wild.elf")\" }" \
	"slice-us = 2000"
coprocd_start

# A saturating batch domain: jobs of some 100 ms, far longer than any bound below.
guest batch guest-load --class batch --firmware "$FW/work.elf" --entry 2 --immediate 3000000 --jobs 100000
batch=$domid
guest urgent guest-load --class realtime --firmware "$FW/work.elf" --entry 0 --jobs 200 --in-flight 1
urgent=$domid
attach "$batch" --max-class batch
attach "$urgent" --max-class realtime
is "the realtime guest ended well" "$(guest_rc urgent)" 0
max=$(sed -n 's/.*wait_p90=\([0-9]*\).*/\1/p' "$tmp/urgent.out")
echo "# $(cat "$tmp/urgent.out")"
if [ "${max:-999999}" -lt 20000 ]; then ok "its jobs did not wait for the batch jobs"; else
	not_ok "its jobs did not wait for the batch jobs" "p90 is $max us, a batch job is longer than 50000"; fi
like "the trace shows batch jobs put aside" "$(grep '"ev":"park"' "$tmp/trace.jsonl" | head -n 1)" "\"dom\":$batch"
like "and continued" "$(grep '"ev":"continue"' "$tmp/trace.jsonl" | head -n 1)" "\"dom\":$batch"

# Killed in mid-job; a neighbour works meanwhile.
guest calm guest-load --class normal --firmware "$FW/work.elf" --entry 2 --immediate 50000 --jobs 400 --in-flight 4
calm=$domid
attach "$calm" --max-class normal
until_ grep -q "\"ev\":\"end\",\"dom\":$calm" "$tmp/trace.jsonl"
coproc-loopback destroy "$batch"
is "a neighbour of the killed domain ended well" "$(guest_rc calm)" 0
like "each of its results is right" "$(cat "$tmp/calm.out")" "ok=400 wrong=0"
until_ grep -q "event=scrub dom=$batch .*verified=zero" "$tmp/coprocd.log"
is "the killed domain's memory was scrubbed and found zero" $? 0
until_ grep -q "event=disconnected dom=$batch" "$tmp/coprocd.log"
is "and its connection is gone" $? 0

# Hostile firmware next door: crashes, hangs.
guest wild guest-load --class normal --firmware "$FW/work.elf" --entry 5 --jobs 20 --run-limit 20000 --expect timed-out
wild=$domid
guest fault guest-load --class normal --firmware "$FW/wild.elf" --entry 1 --immediate 2415919104 --jobs 200 --expect fault
fault=$domid
guest calm2 guest-load --class normal --firmware "$FW/work.elf" --entry 2 --immediate 100000 --jobs 300 --in-flight 4
calm2=$domid
attach "$wild" --max-class normal
attach "$fault" --max-class normal
attach "$calm2" --max-class normal
is "a domain whose jobs all hang gets each told" "$(guest_rc wild)" 0
is "a domain whose jobs all crash gets each told" "$(guest_rc fault)" 0
is "a neighbour of both ended well" "$(guest_rc calm2)" 0
like "and each of its results is right" "$(cat "$tmp/calm2.out")" "ok=300 wrong=0"

# The worker of one domain dies under it; its guest and its neighbour go on.
guest victim guest-load --class normal --firmware "$FW/work.elf" --entry 2 --immediate 400000 --jobs 120 --in-flight 4 --expect ok,fault
victim=$domid
attach "$victim" --max-class normal
until_ grep -q "\"ev\":\"end\",\"dom\":$victim" "$tmp/trace.jsonl"
for i in 1 2 3; do
	pid=$(ps -eo pid,args | awk -v d="$victim" '/coproc-engine-cortex-m --domid/ && !/awk/ { for (i = 1; i <= NF; i++) if ($i == "--domid" && $(i + 1) == d) print $1 }' | tail -n 1)
	kill -9 $pid
	sleep 0.3
done
is "a guest whose worker is killed three times goes on" "$(guest_rc victim)" 0
echo "# $(cat "$tmp/victim.out")"
is "a worker's death is told as a fault, and as little as there were" \
	"$(sed -n 's/.* fault=\([0-3]\) .*/few/p' "$tmp/victim.out")" few
is "the worker was replaced each time" "$(grep -c "event=worker-gone dom=$victim .*signal 9" "$tmp/coprocd.log")" 3

coprocd_stop
is "coprocd ends when told to" $? 0
done_
