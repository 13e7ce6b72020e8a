#!/bin/sh
# SPDX-License-Identifier: MIT
# A device that the toolstack takes away and gives again at once, while coprocd
# still closes what it was.
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }"
coprocd_start
# Signals are files for it, because its processes are in a namespace of their own.
guest g sh -c 'guest-once --firmware "$0" --until "$1/enough" --bytes 1048576 --in-flight 4 & pid=$!
	while ! [ -e "$1/enough" ]; do
		for signal in STOP CONT; do
			[ -e "$1/$signal" ] && kill -$signal $pid && rm "$1/$signal"
		done
		sleep 0.05
	done
	wait $pid
	exec guest-once --firmware "$0" --jobs 5' "$FW/work.elf" "$tmp"
be=/local/domain/0/backend/vcoproc/$domid
before=$(handles)
attach "$domid"
until_ grep -q "\"ev\":\"end\",\"dom\":$domid," "$tmp/trace.jsonl"
is "a guest at work" $? 0
offered=0
for round in 1 2 3; do
	xenstore-rm "$be" && xenstore-rm "/local/domain/$domid/device/vcoproc"
	coproc-attach "$domid" m4 > /dev/null 2>&1
	until_ sh -c 'case $(xenstore-read "$0/0/state") in 2 | 4) ;; *) false ;; esac' "$be" &&
		offered=$((offered + 1))
done
is "its device taken away and given at once, three times: offered each time" $offered 3
is "no watch was refused" "$(grep -c event=watch-failed "$tmp/coprocd.log")" 0
connected() { [ "$(xenstore-read "$be/0/state")$(xenstore-read "/local/domain/$domid/device/vcoproc/0/state")" = 44 ]; }
until_ connected
# While neither side looks, so that each finds the new directory in the place of
# its own: F-LIFE-9, B-LIFE-9.
signals() { # signals SIGNAL WHO
	if [ "$2" != frontend ]; then
		if [ "$1" = STOP ]; then coprocd_halt; else kill -"$1" "$coprocd"; fi
	fi
	[ "$2" = backend ] || { : > "$tmp/$1" && until_ test ! -e "$tmp/$1"; }
}
for who in backend frontend two; do
	signals STOP $who
	xenstore-rm "$be" && xenstore-rm "/local/domain/$domid/device/vcoproc"
	coproc-attach "$domid" m4 > /dev/null 2>&1
	sleep 0.2
	signals CONT $who
	until_ connected
	is "taken away and given again while the $who did not look: connected again" $? 0
done
xenstore-write "$be/0/online" 0
until_ sh -c '[ "$(xenstore-read "$0/0/state")" = 6 ]' "$be"
is "online 0: closed" $? 0
sleep 0.2
xenstore-write "$be/0/online" 1
until_ connected
is "online 1 again: connected again" $? 0
# Wanted again while it closes: it closes first, and begins anew then (B-LIFE-9).
signals STOP frontend
xenstore-write "$be/0/online" 0
until_ sh -c '[ "$(xenstore-read "$0/0/state")" = 5 ]' "$be"
is "online 0, and a guest that does not look: closing" $? 0
xenstore-write "$be/0/online" 1
sleep 0.2
signals CONT frontend
until_ connected
is "online 1 while it closed: connected again" $? 0
: > "$tmp/enough"
is "the domain's next program has its coprocessor" "$(guest_rc g)" 0
echo "# $(cat "$tmp/g.out")"
until_ sh -c '[ "$(coproc-loopback stats | awk "\$1 == 0 { print \$3, \$4, \$5, \$6 }")" = "$0" ]' "$before"
is "nothing is left of the others" "$(handles)" "$before"
# The same while nobody is connected: InitWait is in nobody's node any more.
guest h sh -c 'until [ -e "$1/go" ]; do sleep 0.05; done; exec guest-once --firmware "$0" --jobs 5' \
	"$FW/work.elf" "$tmp"
be=/local/domain/0/backend/vcoproc/$domid
coproc-attach "$domid" m4 > /dev/null 2>&1
waits() { [ "$(xenstore-read "$be/0/state")" = 2 ]; }
until_ waits
signals STOP backend
xenstore-rm "$be" && xenstore-rm "/local/domain/$domid/device/vcoproc"
coproc-attach "$domid" m4 > /dev/null 2>&1
signals CONT backend
until_ waits
is "given again unseen while it waits for a driver: it waits again" $? 0
: > "$tmp/go"
is "and the driver that comes is served" "$(guest_rc h)" 0
coprocd_stop
is "coprocd ends when told to" $? 0
done_
