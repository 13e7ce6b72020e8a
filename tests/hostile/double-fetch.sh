#!/bin/sh
# SPDX-License-Identifier: MIT
# Not with sanitizers: the tracer is preloaded.
# The double-fetch tracer on real coprocd and on libcoproc (rule B-PAGE-3,
# F-PAGE-4, B-RING-5, F-RING-5; threat F1): at most one load of each byte that
# the peer can write, with every operation passing.  What it holds to, exactly,
# is at the head of trace-rules.c.  Then the same with double fetches seeded
# into copies of the sources, each of which has to be found.
. tests/scenario/world.sh
case $(uname -m) in x86_64) ;; *) echo "1..0 # SKIP the tracer decodes x86-64 instructions"; exit ;; esac
. "$B/test/hostile-seeds.env"
inside "$@"
chmod 1777 "$tmp"
conf "firmware-allow = { \"$(digest "$FW/work.elf")\" }" "max-run-limit-us = 4000000"
tracer=$B/test/hostile-trace.so
[ -e "$tracer" ] || { echo "1..0 # SKIP no tracer for this machine"; exit; }

# at MODULE+OFFSET: function and line of the source
at() {
	case $1 in
	*+0x*) addr2line -sfipe "${1%+*}" "${1##*+}" | sed 's/ (inlined by)/,/' | tr -d '\n' ;;
	*) echo "$1" ;;
	esac
}
breaches() {
	cat "$@" 2>/dev/null | grep '^BREACH' | head -20 | while IFS='	' read -r _ rule where first second; do
		echo "# $rule: $where"
		echo "#   first $(at "$first")"
		[ "$second" = - ] || echo "#   then  $(at "$second")"
	done
}
counts() { grep -h '^ring' "$1" | sed 's/^ring	/# /'; }
# traced COPROCD OPS [HOW]: both under the tracer; their reports are $tmp/trace.*
traced() {
	rm -f "$tmp"/trace.* "$tmp"/ops.*
	: > "$tmp/coprocd.log"
	COPROC_TRACE="$tmp/trace" COPROC_TRACE_PROGRAMS="$(basename "$1")" LD_PRELOAD=$tracer \
		"$1" -c "$tmp/coprocd.conf" --engine-dir "$B/libexec" 2>> "$tmp/coprocd.log" &
	coprocd=$!
	until_ grep -q event=serving "$tmp/coprocd.log"
	guest ops env COPROC_TRACE="$tmp/trace" COPROC_TRACE_PROGRAMS="$(basename "$2")" \
		LD_PRELOAD="$tracer" "$2" "$FW/work.elf" "$FW/wild.elf" $3
	coproc-attach --max-class realtime "$domid" m4 > /dev/null 2>&1
	ended=$(guest_rc ops 60)
	coproc-loopback destroy "$domid"
	kill "$coprocd"
	wait "$coprocd" 2> /dev/null
	cat "$tmp/coprocd.log" > "$tmp/trace.worker"
}

traced "$B/bin/coprocd" "$B/test/hostile-ops" ""
is "F1: every operation, traced" "$ended" 0
[ "$ended" = 0 ] || sed 's/^/# /' "$tmp/ops.out"
for who in coprocd hostile-ops; do
	report=$(ls "$tmp/trace.$who."* 2>/dev/null)
	is "F1: $who: its report is whole" "$(cut -f1 "$report" | grep -c '^breaches$')" 1
	counts "$report"
	is "F1: $who: no byte is loaded twice" "$(grep -c '^BREACH' "$report")" 0
	breaches "$report"
	is "F1: $who: each access was understood" "$(grep '^undecoded' "$report" | cut -f2)" 0
	is "F1: $who: every operation passed" "$(grep '^op' "$report" | cut -f2 | tr '\n' ' ')" \
		"1 2 3 4 5 6 7 8 9 10 11 12 16 "
	grep -q '^tables	[1-9]' "$report" && ok "F1: $who: operand tables passed" || not_ok "F1: $who: operand tables passed"
done
grep -q 'event ring	[1-9]' "$tmp"/trace.hostile-ops.* && ok "F1: events passed" || not_ok "F1: events passed"
grep '^copies' "$tmp"/trace.coprocd.* | cut -f3 | sed 's/^/# directories, tables and images: /'
is "F1: the worker touches no directory, table or image" "$(grep -c '^BREACH' "$tmp/trace.worker")" 0
breaches "$tmp/trace.worker"

# ---- each seeded double fetch is found ----
note() { sed -n "s/^# $2: //p" "$1"; }
# seeded SEED: $tmp/seeded/WHO is the program with the patched source, and links
# with all else as it was built
seeded() {
	source=$(note "$1" source)
	rm -rf "$tmp/seeded"
	mkdir -p "$tmp/seeded"
	cp -r libcoproc-ring "$tmp/seeded/"
	mkdir -p "$tmp/seeded/$(dirname "$source")"
	sed -f "$1" "$source" > "$tmp/seeded/$source"
	cmp -s "$source" "$tmp/seeded/$source" && { echo "it no longer fits $source"; return 1; }
	files=$source
	[ "${source%.h}" = "$source" ] || files="libcoproc-ring/ring.c libcoproc-ring/queue.c"
	objects=
	for file in $files; do
		eval "$COMPILE -w -iquote $(dirname "$file") -c -o $tmp/seeded/$(basename "$file").o $tmp/seeded/$file" 2>&1 || return 1
		objects="$objects $tmp/seeded/$(basename "$file").o"
	done
	case $who in
	coprocd) eval "$LINK -o $tmp/seeded/coprocd $COPROCD $objects $COPROCD_LIBS" 2>&1 ;;
	*) eval "$LINK -o $tmp/seeded/$who $OPS $objects $OPS_LIBS" 2>&1 ;;
	esac
}
for seed in tests/hostile/seeds/*.sed; do
	seed_=$(basename "$seed" .sed)
	who=$(note "$seed" into)
	why=$(seeded "$seed") || { not_ok "seeded $seed_: is built" "$why"; continue; }
	coprocd_=$B/bin/coprocd ops_=$B/test/hostile-ops
	if [ "$who" = coprocd ]; then coprocd_=$tmp/seeded/coprocd; else ops_=$tmp/seeded/hostile-ops; fi
	traced "$coprocd_" "$ops_" short
	if cat "$tmp/trace.$who."* 2> /dev/null | grep '^BREACH' | grep -q "$(note "$seed" "found as")"; then
		ok "F1: seeded $seed_: found"
		cat "$tmp/trace.$who."* | grep "$(note "$seed" "found as")" | head -n 1 > "$tmp/one"
		breaches "$tmp/one"
	else
		not_ok "F1: seeded $seed_: found" "guest ended $ended: $(tail -n 3 "$tmp/ops.out" "$tmp/coprocd.log")"
		breaches "$tmp/trace.$who."*
	fi
done
traced "$B/bin/coprocd" "$B/test/hostile-ops" touch
grep -q '^BREACH.*the engine' "$tmp/trace.worker" && ok "F1: a worker that touches what it has not to: found" ||
	not_ok "F1: a worker that touches what it has not to: found" "$(tail -n 30 "$tmp/trace.worker" "$tmp/ops.out")"
done_
