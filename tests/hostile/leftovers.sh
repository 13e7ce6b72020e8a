#!/bin/sh
# SPDX-License-Identifier: MIT
# F19: what one domain left in the coprocessor's memory, neither the next one
# nor its own next context must read.  With one bank the second domain gets the
# very same memory, with several one of them; the engine without memory of its
# own says that it has none.
. tests/scenario/world.sh
inside "$@"

# leftovers BANKS
leftovers() {
	{
		echo 'log-level = debug'
		echo 'coprocessor "m4" {'
		printf '  engine = "cortex-m"\n  firmware-any = true\n  banks = %s\n  max-contexts = 4\n}\n' "$1"
		printf 'coprocessor "none" {\n  engine = "null"\n  firmware-any = true\n}\n'
	} > "$tmp/coprocd.conf"
	: > "$tmp/coprocd.log"
	coprocd_start
	guest "leaves$1" hostile leave "$FW/canary.elf"
	first=$domid
	attach "$first"
	is "$1 banks: a domain fills what it has" "$(guest_rc "leaves$1")" 0
	results "leaves$1"
	coproc-loopback destroy "$first"
	until_ grep -q "event=disconnected dom=$first" "$tmp/coprocd.log"
	held=$(sed -n "s/.*event=scrub dom=$first .*resident_before=\([0-9]*\).*/\1/p" "$tmp/coprocd.log" | tail -n 1)
	if [ "${held:-0}" -gt 300000 ]; then ok "F19: its banks held data ($held bytes)"; else
		not_ok "F19: its banks held data" "$held"; fi
	like "F19: they were scrubbed, and read again" \
		"$(grep "event=scrub dom=$first" "$tmp/coprocd.log")" "nonzero_after=0"
	guest "finds$1" hostile find "$FW/canary.elf"
	attach "$domid"
	is "$1 banks: the next domain" "$(guest_rc "finds$1")" 0
	results "finds$1"
	coproc-loopback destroy "$domid"
	guest "null$1" true
	coproc-attach "$domid" none > /dev/null
	node=/local/domain/0/backend/vcoproc/$domid/0/local-memory
	until_ xenstore-exists "$node"
	is "F19: the null engine has no memory of its own" "$(xenstore-read "$node")" 0
	coproc-loopback destroy "$domid"
	coprocd_stop
	is "coprocd ends when told to" $? 0
}

leftovers 2
leftovers 7
done_
