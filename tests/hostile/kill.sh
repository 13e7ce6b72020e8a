#!/bin/sh
# SPDX-License-Identifier: MIT
# Guests and workers that die, or stand still, at any step (F15), while a
# neighbour goes on and coprocd keeps nothing of the dead.
. tests/scenario/world.sh
# xenstored is outside of domain 0: whoever kills it must be, too.
if [ -z "${IN_WORLD-}" ]; then
	KILLER=$(mktemp -d) && export KILLER
	(
		while ! [ -e "$KILLER/now" ] && [ -d "/proc/$$" ]; do sleep 0.1; done
		for pid in $(pgrep -P $$); do kill -9 $(pgrep -P "$pid" -x xenstored) 2> /dev/null; done
		rm -rf "$KILLER"
	) &
fi
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "slice-us = 2000" "banks = 6" \
	"max-run-limit-us = 3000000" "kill-grace-us = 200000"

engine() { # engine DOMID: the pid of its worker
	pgrep -f "coproc-engine-cortex-m --domid $1 " | tail -n 1
}
# What coprocd holds: of the hypervisor, of the kernel, of processes.
holds() {
	echo "$(handles) fds $(ls "/proc/$coprocd/fd" | wc -l) workers $(pgrep -c -f 'coproc-engine-cortex-m --domid')"
}
settled() { # settled: it holds again what it held before
	round_=0
	while [ "$(holds)" != "$base" ] && [ $round_ -lt 1500 ]; do
		sleep 0.02
		round_=$((round_ + 1))
	done
	[ "$(holds)" = "$base" ] || echo "# holds $(holds), held $base"
	[ "$(holds)" = "$base" ]
}
logged() { # logged WHAT PATTERN
	if grep -q "$2" "$tmp/coprocd.log"; then ok "$1"; else not_ok "$1" "no '$2' in the log"; fi
}
ends() { grep -c "\"ev\":\"end\",\"dom\":$1," "$tmp/trace.jsonl"; }
go_on() { # go_on DOMID COUNT: so many more of its jobs end
	seen_=$(ends "$1")
	round_=0
	while [ "$(ends "$1")" -lt $((seen_ + $2)) ] && [ $round_ -lt 1500 ]; do
		sleep 0.02
		round_=$((round_ + 1))
	done
	[ "$(ends "$1")" -ge $((seen_ + $2)) ]
}
destroy() { coproc-loopback destroy "$1"; }

coprocd_start
guest calm guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 4096 --in-flight 1
attach "$domid"
calm=$domid
until_ grep -q "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl"
# Once before counting: memfds of banks stay when they were made.
guest first guest-once --firmware "$FW/work.elf" --jobs 3
attach "$domid"
is "a guest" "$(guest_rc first)" 0
destroy "$domid"
until_ grep -q "event=disconnected dom=$domid" "$tmp/coprocd.log"
sleep 0.2
base=$(holds)

# ---- domains that end ----
for step in open load context buffer queue submit wait close; do
	guest "at-$step" guest-once --firmware "$FW/work.elf" --jobs 40 --bytes 65536 --stop $step
	attach "$domid"
	until_ grep -q stopped "$tmp/at-$step.out"
	destroy "$domid"
	settled
	is "F15: destroyed at $step: nothing is left of it" $? 0
done

left=0
for ms in 40 45 50 54 58 62 66 70 72 74 76 78 80 82 84 86 88 90 92 94 96 98; do
	guest "ms-$ms" guest-once --firmware "$FW/work.elf" --jobs 1000 --bytes 65536
	coproc-attach "$domid" m4 > /dev/null
	sleep "0.0$ms"
	destroy "$domid"
	settled || { left=$((left + 1)) && base=$(holds); }
done
is "F15: destroyed at 22 times after it was attached: nothing is left" $left 0

# ---- programs that end, in a domain that stays ----
for step in open load context buffer queue submit wait close; do
	guest "die-$step" sh -c 'guest-once --firmware "$0" --jobs 40 --die '$step'
		exec guest-once --firmware "$0" --jobs 5' "$FW/work.elf"
	attach "$domid"
	is "F15: killed at $step: the next program of the domain has its coprocessor" "$(guest_rc "die-$step")" 0
	destroy "$domid"
	settled
	is "and nothing is left" $? 0
done

scrubs=$(grep -c event=scrub "$tmp/coprocd.log")
if [ "$scrubs" -gt 10 ]; then ok "F15: banks of the dead were scrubbed, $scrubs times"; else
	not_ok "F15: banks of the dead were scrubbed" "$scrubs"; fi
is "F15: each time proven zero" "$(grep event=scrub "$tmp/coprocd.log" | grep -c "nonzero_after=0.*verified=zero")" "$scrubs"

# ---- workers ----
guest victim guest-once --firmware "$FW/work.elf" --until "$tmp/enough-victim" --bytes 65536
victim=$domid
attach "$victim"
until_ grep -q "\"ev\":\"end\",\"dom\":$victim," "$tmp/trace.jsonl"
for signal in KILL KILL STOP KILL STOP; do
	kill -$signal "$(engine "$victim")"
	go_on "$victim" 12
	is "F16: a worker gets SIG$signal while it works, and its guest goes on" $? 0
done
is "killed workers were replaced" "$(grep -c "event=worker-gone dom=$victim " "$tmp/coprocd.log")" 3
: > "$tmp/enough-victim"
is "each of the guest's jobs had one end" "$(guest_rc victim)" 0
echo "# $(cat "$tmp/victim.out")"
destroy "$victim"

ended=0
for ms in 00 01 02 03 05 08 12 20; do
	guest "worker-$ms" guest-once --firmware "$FW/work.elf" --jobs 20
	coproc-attach "$domid" m4 > /dev/null
	until_ engine "$domid"
	sleep "0.0$ms"
	kill -9 "$(engine "$domid")" 2> /dev/null
	case $(guest_rc "worker-$ms" 60) in
	0) ended=$((ended + 1)) ;;
	1) # Making an object may fail then, and says why.
		if grep -q "no-memory\|refused\|backend" "$tmp/worker-$ms.out"; then ended=$((ended + 1)); else
			echo "# $ms: $(cat "$tmp/worker-$ms.out")"; fi ;;
	*) echo "# $ms: $(cat "$tmp/worker-$ms.out")" ;;
	esac
	destroy "$domid"
done
is "a worker killed while its guest makes its objects: the guest hears of it" $ended 8

guest still guest-once --firmware "$FW/work.elf" --jobs 20 --stop open --go "$tmp/go"
still=$domid
attach "$still"
until_ grep -q stopped "$tmp/still.out"
until_ grep -q "event=worker-ready dom=$still" "$tmp/coprocd.log"
kill -STOP "$(engine "$still")"
: > "$tmp/go"
guest_rc still 60 > /dev/null
logged "a worker that stands still while it is told of objects is killed" "event=worker-stuck dom=$still"
is "its guest was told so" "$(guest_rc still)" 1
echo "# $(cat "$tmp/still.out")"
destroy "$still"
settled
is "nothing is left of all of them" $? 0

# ---- xenstored ----
: > "$KILLER/now"
until_ grep -q event=xenstore-lost "$tmp/coprocd.log"
is "coprocd notices that xenstored is gone" $? 0
go_on "$calm" 20
is "a connected guest goes on meanwhile" $? 0
: > "$tmp/enough"
sleep 0.3
coproc-loopback xenstored > "$tmp/xenstored.out" 2>&1
until_ grep -q event=xenstore-back "$tmp/coprocd.log"
is "and that it is back" $? 0
guest late guest-once --firmware "$FW/work.elf" --jobs 20
attach "$domid"
is "a guest of the new store is served" "$(guest_rc late)" 0
like "the neighbour's jobs all ran once" "$(cat "$tmp/calm.out" 2> /dev/null)" " fault=0 lost=0 cancelled=0 other=0 wrong=0 twice=0 strange=0"
echo "# $(cat "$tmp/calm.out")"
grep "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl" | grep -v '"status":"ok"' | sed 's/^/# /'
coprocd_stop
is "coprocd ends when told to" $? 0
done_
