#!/bin/sh
# SPDX-License-Identifier: MIT
# Frontends that break the rules: each breaks its own connection, with a reason,
# and nothing else.  A neighbour works meanwhile and looks at each byte of its
# results; when an attacker has gone, coprocd holds what it held before.
. tests/scenario/world.sh
inside "$@"
# A second is not much for the neighbour's jobs where sanitizers and other
# programs take the processors, nor the tenth of one in which a worker has to let
# go of a hung job: these limits are not what is tried here.
conf "firmware-any = true" "slice-us = 2000" "realtime-budget-us = 0" \
	"realtime-period-us = 0" "max-run-limit-us = 20000000" "kill-grace-us = 5000000"
# Changes of state: as many as a check has time for; the full run is 100000.
CHANGES=${HOSTILE_CHANGES:-6000}

# Of the hypervisor, of the kernel, of its address space, of processes.
holds() {
	echo "$(handles) fds $(ls "/proc/$coprocd/fd" | wc -l) shared $(grep -c 'memfd:' "/proc/$coprocd/maps")" \
		"workers $(pgrep -c -f 'coproc-engine-cortex-m --domid')"
}
settled() {
	round_=0
	while [ "$(holds)" != "$base" ] && [ $round_ -lt 1500 ]; do
		sleep 0.02
		round_=$((round_ + 1))
	done
	[ "$(holds)" = "$base" ] || echo "# holds $(holds), held $base"
	[ "$(holds)" = "$base" ]
}
ends() { grep -c "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl"; }

coprocd_start
guest calm guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 1024 --in-flight 1 --pace 1000
calm=$domid
attach "$calm"
guest first guest-once --firmware "$FW/work.elf" --jobs 3
attach "$domid"
is "a guest" "$(guest_rc first)" 0
coproc-loopback destroy "$domid"
until_ grep -q "event=disconnected dom=$domid" "$tmp/coprocd.log"
# What it holds when nothing more changes.
base=
until [ "$base" = "$(holds)" ]; do
	base=$(holds)
	sleep 0.7
done

# Or one that computes would keep the processor from it, and so from all.
first=$(pgrep -f "coproc-engine-cortex-m --domid $calm ")
levels=$(($(ps -o ni= -p "$first") - $(ps -o ni= -p "$coprocd")))
if [ "$(nice -n -10 nice 2> /dev/null)" -eq $(($(nice) - 10)) ] && [ "$(ps -o cls= -p "$coprocd" | tr -d ' ')" = TS ]; then
	is "F16: coprocd goes before its workers, by so many levels of niceness" "$levels" 10
else
	skip "F16: coprocd goes before its workers" "it may not be made less nice here"
fi

# Half a second for each connection that is broken: once is enough.
[ -n "${SAN-}" ] || pairs=pairs
for what in ${HOSTILE_ATTACKS:-rings ${pairs-} grants maps nodes memory changes swap bounds stale headers \
	hoard cunning strange faults hang order park race storm flap half}; do
	case $what in
	race) with=$CHANGES ;;
	storm | flap) with=1 ;;
	*) with=$FW/work.elf ;;
	esac
	done_before=$(ends)
	guest $what hostile $what "$with"
	coproc-attach --max-class realtime "$domid" m4 > /dev/null
	if [ $what = race ]; then
		# Log, trace and figures are read all the time.
		while ! [ -s "$tmp/race.rc" ]; do
			coproc-loopback stats > /dev/null
			tail -c 100000 "$tmp/trace.jsonl" "$tmp/coprocd.log" > /dev/null
			sleep 0.05
		done
	fi
	is "$what: the attacker's own verdict" "$(guest_rc $what 120)" 0
	results $what
	coproc-loopback destroy "$domid"
	settled
	is "$what: nothing is left of it" $? 0
	if [ "$(ends)" -gt "$done_before" ]; then ok "$what: the neighbour went on"; else
		not_ok "$what: the neighbour went on" "no job of it ended"; fi
done

: > "$tmp/enough"
is "the neighbour's jobs all ran, once" "$(guest_rc calm)" 0
like "each result to the byte" "$(cat "$tmp/calm.out")" "fault=0 lost=0 cancelled=0 other=0 wrong=0 twice=0 strange=0"
echo "# $(cat "$tmp/calm.out")"
grep "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl" | grep -v '"status":"ok"' | sed 's/^/# /'
coprocd_stop
is "F4: coprocd ends when told to, and not before" $? 0
done_
