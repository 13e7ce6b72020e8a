#!/bin/sh
# SPDX-License-Identifier: MIT
# Memory, descriptors, grants and xenstore fail under coprocd: each place that
# asks for them fails once, at its first and at its second passing.  A guest may
# lose what it asked for, or its connection.  coprocd goes on, and serves.
. tests/scenario/world.sh
inside "$@"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\", \"$(digest "$FW/wild.elf")\" }"

# As coprocd_start, of the faulty one; in its environment what this is given.
faulty_start() {
	env "$@" coprocd-faulty -c "$tmp/coprocd.conf" -e "$B/libexec" --trace "$tmp/trace.jsonl" \
		>> "$tmp/coprocd.log" 2>&1 &
	coprocd=$!
}
serving() { grep -q event=serving "$tmp/coprocd.log"; }
alive() { kill -0 "$coprocd" 2> /dev/null; }
decided() { serving || ! alive; }
failures() { grep -c '^faulty: ' "$tmp/coprocd.log"; }

# To begin with: the N-th call fails, for each N until none is left to fail.
call=1 wrong='' served=0 refused=0
while :; do
	: > "$tmp/coprocd.log"
	faulty_start FAULTY_CALL=$call
	until_ decided || until_ decided || wrong="$wrong $call:neither"
	[ "$(failures)" = 0 ] && serving && break
	if serving; then
		served=$((served + 1))
		kill "$coprocd" && wait "$coprocd" || wrong="$wrong $call:end=$?"
	else
		wait "$coprocd"
		rc=$?
		refused=$((refused + 1))
		{ [ $rc -ge 2 ] && [ $rc -le 5 ] && grep -qE 'level=error|^coprocd: ' "$tmp/coprocd.log"; } ||
			wrong="$wrong $call:status=$rc:$(grep -v -e ^faulty -e level=info "$tmp/coprocd.log" | head -n 1)"
	fi
	[ $call -lt 400 ] || break
	call=$((call + 1))
done
kill "$coprocd"
wait "$coprocd"
is "each of the $((call - 1)) calls at the beginning failed once: it says why, or serves all the same" "$wrong" ""
is "most of them are needed" "$([ "$refused" -gt "$served" ] && echo yes)" yes

pass_start() {
	: > "$tmp/coprocd.log"
	rm -f "$tmp/armed" "$tmp/enough"
	faulty_start FAULTY_PASS="$1" FAULTY_WHEN="$tmp/armed"
	until_ serving || { not_ok "coprocd serves" "$(cat "$tmp/coprocd.log")"; done_; }
	touch "$tmp/armed"
}

# One domain, whose program is started again and again, whatever it came to.
again() {
	# shellcheck disable=SC2016
	guest "g$1" sh -c 'while ! [ -e "$1" ]; do
		timeout 20 guest-jobs "$2" "$3" "$4" > "$5.last" 2>&1
		rc=$?
		echo "$rc $(grep -v "^ok" "$5.last" | head -n 1)" >> "$5"
		sleep 0.1
	done' sh "$tmp/enough" "$FW/work.elf" "$FW/wild.elf" "$FW/demo-edges.elf" "$tmp/runs$1"
	device=$domid
}
good_after() { [ "$(tail -n "+$(($1 + 1))" "$2" | grep -c '^0 ')" -ge 2 ]; }

for pass in 1 2; do
	pass_start $pass
	: > "$tmp/runs$pass"
	again $pass
	before=$(handles)
	coproc-attach --max-class realtime "$device" m4 > "$tmp/attach.out" 2>&1
	# Until two runs in a row are good and nothing failed meanwhile.
	turn=0 quiet=0
	while [ $turn -lt 60 ] && alive; do
		f=$(failures) r=$(wc -l < "$tmp/runs$pass")
		until_ good_after "$r" "$tmp/runs$pass"
		[ "$(failures)" = "$f" ] && good_after "$r" "$tmp/runs$pass" && quiet=1 && break
		turn=$((turn + 1))
	done
	is "pass $pass: coprocd goes on" "$(alive && echo yes)" yes
	is "pass $pass: after $(failures) failures its guest is served as ever" "$quiet" 1 \
		"$(tail -n 3 "$tmp/runs$pass")"
	[ "$quiet" = 1 ] || tail -n 20 "$tmp/coprocd.log" | sed 's/^/# /'
	touch "$tmp/enough"
	is "pass $pass: a number of places failed" "$([ "$(failures)" -gt 20 ] && echo yes)" yes
	coproc-detach "$device" > /dev/null 2>&1
	until_ sh -c '[ "$(coproc-loopback stats | awk "\$1 == 0 { print \$3, \$4, \$5, \$6 }")" = "$0" ]' "$before"
	is "pass $pass: and it holds what it held before the guest came" "$(handles)" "$before"
	coprocd_stop
	is "pass $pass: it ends when told to" $? 0
done
done_
