#!/bin/sh
# SPDX-License-Identifier: MIT
# Memory that a domain left cannot be scrubbed: the coprocessor stops for good,
# nobody sees that memory, and the other domains are told, job by job.
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "max-run-limit-us = 100000000" "slice-us = 2000"
coprocd() { exec env UNSCRUBBED_WHEN="$tmp/stained" coprocd-unscrubbed -e "$B/libexec" "$@"; }
coprocd_start
guest leaver guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 65536
leaver=$domid
attach "$leaver"
guest stays guest-stopped "$FW/work.elf" "$tmp/ready"
stays=$domid
attach "$stays"
until_ test -e "$tmp/ready"
is "a guest has jobs of every state" $? 0
: > "$tmp/stained"
coproc-loopback destroy "$leaver"
until_ grep -q event=coprocessor-stopped "$tmp/coprocd.log"
is "what a destroyed domain left cannot be scrubbed: the coprocessor stops" $? 0
like "the log says so" "$(cat "$tmp/coprocd.log")" "verified=FAILED"
is "the other guest is told of everything" "$(guest_rc stays)" 0
results stays
guest late guest-once --firmware "$FW/work.elf" --jobs 1
attach "$domid"
[ "$(guest_rc late)" != 0 ]
is "one that comes later is refused" $? 0
coprocd_stop
is "coprocd ends when told to" $? 0
done_
