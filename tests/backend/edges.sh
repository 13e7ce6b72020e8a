#!/bin/sh
# SPDX-License-Identifier: MIT
# What other scenarios pass by: jobs handed ahead, an engine that dies again and
# again, requests that bring no job.  coprocd goes on, and each job ends once.
. tests/scenario/world.sh
inside "$@"

workers() { pgrep -f "coproc-engine-cortex-m --domid $1 "; }
ends() { grep -c "\"ev\":\"end\",\"dom\":$1," "$tmp/trace.jsonl"; }
more_ends() { [ "$(ends "$1")" -ge "$2" ]; }
field() { sed -n "s/.* $2=\([0-9]*\).*/\1/p" "$tmp/$1.out"; }

# ---- one job ahead of the one that runs ----
conf "firmware-allow = { \"$(digest "$FW/work.elf")\", \"$(digest "$FW/wild.elf")\" }" \
	"slice-us = 2000" "jobs-ahead = 1"
coprocd_start
guest jobs guest-jobs "$FW/work.elf" "$FW/wild.elf" "$FW/demo-edges.elf"
coproc-attach --max-class realtime "$domid" m4 > /dev/null
is "with a job ahead: all that jobs can come to" "$(guest_rc jobs)" 0
grep '^not ok' "$tmp/jobs.out" | sed 's/^/# /'
coproc-loopback destroy "$domid"

guest once guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --in-flight 16
attach "$domid"
for i in 1 2 3 4 5 6; do
	seen=$(ends "$domid")
	until_ more_ends "$domid" $((seen + 50))
	kill -9 $(workers "$domid")
done
seen=$(ends "$domid")
until_ more_ends "$domid" $((seen + 50)) || until_ more_ends "$domid" $((seen + 50))
touch "$tmp/enough"
is "with a job ahead of what a killed engine ran: each job ends once" "$(guest_rc once)" 0
is "none ran twice" "$(field once twice)" 0
coproc-loopback destroy "$domid"
coprocd_stop
is "coprocd ends when told to" $? 0

# ---- an engine that dies before it has done anything ----
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }"
: > "$tmp/coprocd.log"
rm -f "$tmp/enough"
coprocd_start
guest dies guest-once --firmware "$FW/work.elf" --until "$tmp/enough"
attach "$domid"
given_up() { grep -q "died 11 times in a row" "$tmp/coprocd.log"; }
i=0
while ! given_up && [ $i -lt 3000 ]; do
	# shellcheck disable=SC2046
	kill -9 $(workers "$domid") 2> /dev/null
	i=$((i + 1))
done
is "an engine that dies eleven times in a row is given up" "$(given_up && echo yes)" yes
# Its guest was told what had failed, or goes on in a new connection.
touch "$tmp/enough"
guest_rc dies > /dev/null
case $(cat "$tmp/dies.out") in
"" | *twice=[1-9]*) not_ok "its guest is told what failed, or none of its jobs ran twice" "$(cat "$tmp/dies.out")" ;;
*) ok "its guest is told what failed, or none of its jobs ran twice" ;;
esac
coproc-loopback destroy "$domid"

# ---- requests that bring no job: they wait when there were too many ----
for what in nops refused registers; do
	guest $what hostile $what 1
	coproc-attach "$domid" m4 > /dev/null
	is "$what: all are answered" "$(guest_rc $what)" 0
	results $what
	coproc-loopback destroy "$domid"
done
guest edges backend-edges "$FW/work.elf"
coproc-attach "$domid" m4 > /dev/null
is "a guest that leaves in the midst of requests, or ends grants in use" "$(guest_rc edges)" 0
results edges
coproc-loopback destroy "$domid"

rm -f "$tmp/enough"
guest after guest-once --firmware "$FW/work.elf" --jobs 100
attach "$domid"
is "a guest after them is served" "$(guest_rc after)" 0
coprocd_stop
is "coprocd ends when told to" $? 0
done_
