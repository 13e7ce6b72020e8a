#!/bin/sh
# SPDX-License-Identifier: MIT
# F20: while guests come, go, die, hang and flood, coprocd's loop stands still for
# events and for nothing else.  What Xen's libraries ask of the hypervisor is a call
# there and a message to the broker here, which answers soon: a wait for anybody
# else would be one of a tenth of a second some time.
. tests/scenario/world.sh
inside "$@"
LONGEST_US=100000
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "slice-us = 2000"
coprocd_start
if ! cat "/proc/$coprocd/syscall" > /dev/null 2>&1; then
	skip "where coprocd sleeps" "this kernel does not tell: no /proc/PID/syscall"
	done_
fi
hostile-sleeps "$coprocd" > "$tmp/sleeps" &
sleeps=$!

guest calm guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 1024 --in-flight 1 --pace 1000
attach "$domid"
for what in ${HOSTILE_SLEEPS:-race maps grants memory swap stale headers hoard faults hang order park}; do
	case $what in
	race) with=600 ;;
	*) with=$FW/work.elf ;;
	esac
	guest "$what" hostile pulse 2 "$what" "$with"
	attach "$domid"
	until_ grep -q "event=connected dom=$domid " "$tmp/coprocd.log"
	sleep 1
	coproc-loopback destroy "$domid"
done
: > "$tmp/enough"
is "a neighbour's jobs" "$(guest_rc calm)" 0
kill "$sleeps"
wait "$sleeps"
is "coprocd was looked at to the end" $? 0
sed 's/^/# /' "$tmp/sleeps"
is "and often" "$(awk '/^looks/ { print ($2 > 5000) }' "$tmp/sleeps")" 1
is "F20: coprocd's loop never sleeps" "$(grep -c '^sleep' "$tmp/sleeps")" 0
is "F20: nor waits for anybody longer than the hypervisor takes" \
	"$(sed -n 's/^wait .*longest_us=//p' "$tmp/sleeps" | awk -v most=$LONGEST_US '$1 >= most' | wc -l)" 0
done_
