#!/bin/sh
# SPDX-License-Identifier: MIT
# What a domain may have at most, by the toolstack, by the configuration, and
# by what others have; and how much it can make coprocd log.
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "banks = 4"
coprocd_start

guest q guest-quota quotas "$FW/work.elf"
attach "$domid" --quota-queues 2 --quota-contexts 3 --quota-buffers 4 --quota-pages 40 --quota-firmware 2
is "quotas of the toolstack: the guest's own verdict" "$(guest_rc q)" 0
results q

until_ grep -q "event=disconnected dom=$domid" "$tmp/coprocd.log"
guest holds guest-quota hold 4 "$tmp/go"
attach "$domid"
holder=$domid
until_ grep -q holding "$tmp/holds.out"
guest none guest-quota banks 0
attach "$domid"
is "all banks are taken: the guest's own verdict" "$(guest_rc none)" 0
results none
: > "$tmp/go"
is "those who hold them" "$(guest_rc holds)" 0
until_ grep -q "event=disconnected dom=$holder" "$tmp/coprocd.log"
guest some guest-quota banks 4
attach "$domid"
is "when they are free again: the guest's own verdict" "$(guest_rc some)" 0
results some

began=$(date +%s)
guest noise guest-quota noise
attach "$domid"
is "noise: the guest's own verdict" "$(guest_rc noise)" 0
lines=$(grep -c "event=request-refused dom=$domid" "$tmp/coprocd.log")
# Fifty in ten seconds, however many the machine takes.
most=$((50 + 50 * (($(date +%s) - began) / 10 + 1)))
if [ "$lines" -ge 1 ] && [ "$lines" -le $most ]; then ok "of 2000 refusals $lines are logged"; else
	not_ok "refusals are logged, and not all of 2000" "$lines"; fi
coprocd_stop
is "coprocd ends when told to" $? 0
done_
