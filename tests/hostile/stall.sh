#!/bin/sh
# SPDX-License-Identifier: MIT
# F20: frontends, and whoever coprocd asks something, that stand still wherever
# coprocd may wait for them; and coprocd out of what it maps with (F5).  The
# neighbour goes on each time.
. tests/scenario/world.sh
# xenstored is outside of domain 0: whoever stops it must be, too.
if [ -z "${IN_WORLD-}" ]; then
	STOPPER=$(mktemp -d) && export STOPPER && chmod 755 "$STOPPER"
	(
		while ! [ -e "$STOPPER/stop" ] && [ -d "/proc/$$" ]; do sleep 0.1; done
		for pid in $(pgrep -P $$); do stores="${stores-} $(pgrep -P "$pid" -x xenstored)"; done
		[ -z "${stores# }" ] || { kill -STOP $stores && : > "$STOPPER/stopped"; }
		while ! [ -e "$STOPPER/go" ] && [ -d "/proc/$$" ]; do sleep 0.1; done
		[ -z "${stores# }" ] || kill -CONT $stores
		while [ -d "/proc/$$" ]; do sleep 0.5; done
		rm -rf "$STOPPER"
	) > /dev/null 2>&1 &
fi
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "slice-us = 2000"

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
# stops NAME SECONDS: a guest whose program is stopped so long after it began
stops() {
	guest "$1" sh -c '"$@" & program=$!; sleep "$0"; kill -STOP $program; echo stopped; sleep 600' \
		"$2" guest-once --firmware "$FW/work.elf" --jobs 100000 --bytes 65536
	coproc-attach "$domid" m4 > /dev/null
	until_ grep -q stopped "$tmp/$1.out"
}

coprocd_start
guest calm guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 1024 --in-flight 1 --pace 1000
calm=$domid
attach "$calm"
until_ grep -q "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl"
before=$(handles)

# ---- a frontend that stands still, at each step and anywhere ----
for step in open load context buffer queue submit wait close; do
	guest "at-$step" guest-once --firmware "$FW/work.elf" --jobs 40 --bytes 65536 --stop $step
	attach "$domid"
	until_ grep -q stopped "$tmp/at-$step.out"
	go_on "$calm" 30
	is "F20: a frontend that does nothing more at $step: the neighbour goes on" $? 0
	coproc-loopback destroy "$domid"
done
still=0
for ms in 02 05 09 14 20 27 35 50 70 90; do
	stops "ms-$ms" "0.0$ms"
	go_on "$calm" 30 && still=$((still + 1))
	coproc-loopback destroy "$domid"
done
is "F20: a guest that is stopped at ten times after it was attached: the neighbour goes on" $still 10

# ---- a frontend that never lets go ----
stops holds 1
until_ grep -q "\"ev\":\"end\",\"dom\":$domid," "$tmp/trace.jsonl"
is "F20: a frontend at work is stopped" $? 0
coproc-detach "$domid" 0 > "$tmp/detach.out" 2>&1 &
detach=$!
go_on "$calm" 60
is "F20: a frontend that does not let go when told to: the neighbour goes on" $? 0
wait $detach
until_ grep -q "event=disconnected dom=$domid" "$tmp/coprocd.log"
is "F20: and what it held is taken at the deadline" $? 0
coproc-loopback destroy "$domid"

# ---- xenstore ----
guest conflict hostile transactions 4
attach "$domid"
conflict=$domid
go_on "$calm" 60
is "F20: transactions that conflict with every look: the neighbour goes on" $? 0
guest other guest-once --firmware "$FW/work.elf" --jobs 20
attach "$domid"
is "F20: and another domain connects meanwhile" "$(guest_rc other)" 0
is "conflict: the attacker's own verdict" "$(guest_rc conflict)" 0
results conflict
coproc-loopback destroy "$conflict"
coproc-loopback destroy "$domid"

# ---- xenstored itself stands still ----
guest other2 guest-once --firmware "$FW/work.elf" --until "$tmp/enough2" --bytes 4096
attach "$domid"
second=$domid
until_ grep -q "\"ev\":\"end\",\"dom\":$second," "$tmp/trace.jsonl"
: > "$STOPPER/stop"
until_ test -e "$STOPPER/stopped"
is "F20: xenstored is stopped" $? 0
# Longer than coprocd's own look at it takes to come round.
sleep 2.5
going=0
for round in 1 2 3 4 5; do
	go_on "$calm" 30 && go_on "$second" 30 && going=$((going + 1))
done
is "F20: while xenstored stands still, connected guests go on" $going 5
: > "$STOPPER/go"
guest after-store guest-once --firmware "$FW/work.elf" --jobs 20
attach "$domid"
is "F20: and when it goes on, the next guest is served" "$(guest_rc after-store)" 0
: > "$tmp/enough2"
is "F20: those who worked meanwhile have all their results" "$(guest_rc other2)" 0
coproc-loopback destroy "$domid"
coproc-loopback destroy "$second"

# ---- coprocd has no descriptor left to map with, from the first on ----
until_ sh -c '[ "$(coproc-loopback stats | awk "\$1 == 0 { print \$3, \$4, \$5, \$6 }")" = "$0" ]' "$before"
sleep 0.3
fds=$(ls "/proc/$coprocd/fd" | wc -l)
highest=$(ls "/proc/$coprocd/fd" | sort -n | tail -n 1)
refused=0 connected=0 lives=0
for k in 0 1 2 3 4 5 6 7 8 9 10 11 12 14 16 18; do
	# Descriptors are the lowest that are free: so many are left to it.
	prlimit --pid "$coprocd" --nofile=$((fds + k)):
	guest "fd-$k" hostile once
	coproc-attach "$domid" m4 > /dev/null 2>&1
	[ "$(guest_rc "fd-$k")" = 0 ]
	case $(cat "$tmp/fd-$k.out") in
	refused:*) refused=$((refused + 1)) ;;
	connected) connected=$((connected + 1)) ;;
	*) echo "# $k: $(cat "$tmp/fd-$k.out")" ;;
	esac
	go_on "$calm" 5 && lives=$((lives + 1))
	coproc-loopback destroy "$domid"
done
prlimit --pid "$coprocd" --nofile=4096:
echo "# of 16 connections $refused were refused and $connected were not"
is "F5: a coprocd out of descriptors at the k-th map answers, for each k" $((refused + connected)) 16
if [ $refused -gt 2 ]; then ok "F5: some were refused"; else not_ok "F5: some were refused" $refused; fi
is "F5: the neighbour went on each time" $lives 16
until_ sh -c '[ "$(ls "/proc/$0/fd" | wc -l)" -le "$1" ]' "$coprocd" "$fds"
is "F5: descriptors are what they were" "$(ls "/proc/$coprocd/fd" | wc -l)" "$fds"
is "F5: and grants, mappings, ports" "$(handles)" "$before"

# ---- nor address space, from the first page on; the worker has its own limit then ----
if [ -z "${SAN-}" ]; then
	size=$(awk '/^VmSize/ { print $2 }' "/proc/$coprocd/status")
	refused=0 answered=0 lives=0
	for k in 0 1 2 3 4 5 6 8 16 64 2048; do
		prlimit --pid "$coprocd" --as=$(((size + 4 * k) * 1024)):
		guest "as-$k" hostile once
		coproc-attach "$domid" m4 > /dev/null 2>&1
		go_on "$calm" 5 && lives=$((lives + 1))
		[ "$(guest_rc "as-$k" 3)" = 0 ] || prlimit --pid "$coprocd" --as=unlimited:
		[ "$(guest_rc "as-$k")" = 0 ]
		case $(cat "$tmp/as-$k.out") in
		refused:*) refused=$((refused + 1)) answered=$((answered + 1)) ;;
		connected) answered=$((answered + 1)) ;;
		*) echo "# $k: $(cat "$tmp/as-$k.out")" ;;
		esac
		echo "# $k pages of address space: $(cat "$tmp/as-$k.out")"
		coproc-loopback destroy "$domid"
	done
	prlimit --pid "$coprocd" --as=unlimited:
	is "F5: a coprocd out of address space answers, at once or when it has some" $answered 11
	if [ $refused -gt 0 ]; then ok "F5: some were refused"; else not_ok "F5: some were refused" $refused; fi
	is "F5: the neighbour went on each time" $lives 11
	until_ sh -c '[ "$(coproc-loopback stats | awk "\$1 == 0 { print \$3, \$4, \$5, \$6 }")" = "$0" ]' "$before"
	is "F5: grants, mappings, ports are what they were" "$(handles)" "$before"
fi
guest after guest-once --firmware "$FW/work.elf" --jobs 20
attach "$domid"
is "F5: then a guest is served as ever" "$(guest_rc after)" 0

: > "$tmp/enough"
is "the neighbour's jobs all ran, once" "$(guest_rc calm)" 0
like "each result to the byte" "$(cat "$tmp/calm.out")" "fault=0 lost=0 cancelled=0 other=0 wrong=0 twice=0 strange=0"
coprocd_stop
is "coprocd ends when told to" $? 0
done_
