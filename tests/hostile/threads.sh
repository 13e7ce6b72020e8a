#!/bin/sh
# SPDX-License-Identifier: MIT
# Not with sanitizers: it has its own.
#
# coprocd's two threads under ThreadSanitizer, while guests make the store's work:
# devices that come, go, come back, break, flap and wait for their deadlines.
# That a race was not seen is no proof; one that is seen is a defect.
. tests/scenario/world.sh
inside "$@"
conf "firmware-any = true" "slice-us = 2000" "max-run-limit-us = 20000000" "kill-grace-us = 5000000"
report=$tmp/tsan
TSAN_OPTIONS="log_path=$report exitcode=0" coprocd-threads --engine-dir "$B/libexec" -c "$tmp/coprocd.conf" \
	--trace "$tmp/trace.jsonl" 2>> "$tmp/coprocd.log" &
coprocd=$!
until_ grep -q event=serving "$tmp/coprocd.log"
is "coprocd serves, built with ThreadSanitizer" $? 0

guest calm guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 1024 --in-flight 1 --pace 1000
calm=$domid
attach "$calm"
for what in nodes flap race connects breaks half; do
	case $what in
	race) with=600 ;;
	*) with=1 ;;
	esac
	guest $what hostile $what "$with"
	coproc-attach --max-class realtime "$domid" m4 > /dev/null
	is "F6: $what" "$(guest_rc $what 120)" 0
	coproc-loopback destroy "$domid"
done
# A frontend that does not let go: its deadline rings.  Then given again.
guest holds guest-once --firmware "$FW/work.elf" --jobs 100 --stop queue
attach "$domid"
until_ grep -q stopped "$tmp/holds.out"
coproc-detach "$domid" 0 > /dev/null 2>&1
xenstore-rm "/local/domain/0/backend/vcoproc/$domid" 2> /dev/null
coproc-attach "$domid" m4 > /dev/null 2>&1
coproc-loopback destroy "$domid"
for round in 1 2 3; do
	guest "g$round" guest-once --firmware "$FW/work.elf" --jobs 20
	attach "$domid"
	xenstore-write "/local/domain/0/backend/vcoproc/$domid/0/weight" $((round * 100))
	is "a guest" "$(guest_rc "g$round")" 0
	coproc-loopback destroy "$domid"
done
: > "$tmp/enough"
is "the neighbour's jobs all ran, once" "$(guest_rc calm)" 0
coprocd_stop
is "coprocd ends when told to" $? 0
races=$(cat "$report".* 2> /dev/null | grep -c 'WARNING: ThreadSanitizer')
is "F6: no race between the loop and the store's thread was seen" "${races:-0}" 0
cat "$report".* 2> /dev/null | head -n 60 | sed 's/^/# /'
done_
