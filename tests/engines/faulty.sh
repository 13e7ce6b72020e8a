#!/bin/sh
# SPDX-License-Identifier: MIT
# Each call by which a worker closes itself in fails once: it must then end, and
# coprocd with it, before any guest's byte was in that process.
. tests/scenario/world.sh
inside "$@"
{
	echo 'coprocessor "m4" {'
	echo '  engine = "faulty"'
	echo '  firmware-any = true'
	echo '}'
} > "$tmp/coprocd.conf"

serving() { grep -q event=serving "$tmp/coprocd.log"; }
decided() { serving || ! kill -0 "$coprocd" 2> /dev/null; }

call=1 open='' silent='' told='' kinds=''
while :; do
	: > "$tmp/coprocd.log"
	FAULTY_CALL=$call coprocd -c "$tmp/coprocd.conf" -e "$B/libexec" >> "$tmp/coprocd.log" 2>&1 &
	coprocd=$!
	until_ decided || until_ decided
	kill "$coprocd" 2> /dev/null
	wait "$coprocd"
	rc=$?
	what=$(sed -n 's/^.*faulty: \([a-z0-9_]*\) fails.*/\1/p' "$tmp/coprocd.log" | head -n 1)
	[ -n "$what" ] || { serving && break; silent="$silent $call:nothing"; break; }
	kinds="$kinds $what"
	if serving; then
		# An initramfs cannot be pivoted away from: there is another way.
		grep -q "faulty: syscall" "$tmp/coprocd.log" || open="$open $call:$what"
		told="$told $call"
	else
		[ $rc = 5 ] || silent="$silent $call:$what:status=$rc"
		grep -q "sandbox: \|could not\|cannot\|event=engine-silent" "$tmp/coprocd.log" ||
			silent="$silent $call:$what"
	fi
	[ $call -lt 200 ] || break
	call=$((call + 1))
done
is "no worker serves whose sandbox is not whole ($((call - 1)) calls failed once)" "$open" ""
is "each failure is told" "$silent" ""
is "one of them had another way" "$(echo $told | wc -w)" 1
for k in unshare mount chdir setgroups setresgid setresuid setrlimit prctl seccomp_init seccomp_load \
	xengnttab_open; do
	like "$k was among them" "$kinds " " $k "
done
done_
