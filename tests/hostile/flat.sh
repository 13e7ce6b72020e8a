#!/bin/sh
# SPDX-License-Identifier: MIT
# B7: a million jobs through coprocd and the engine that executes nothing (fewer
# with sanitizers): the heap of the guest and the memory of coprocd and its
# worker are what they were after the first fifth of them.
. tests/scenario/world.sh
inside "$@"
jobs=1000000
[ -z "${SAN-}" ] || jobs=20000
printf '\177ELF and what the null engine never looks at' > "$tmp/fw.elf"
cat > "$tmp/coprocd.conf" <<CONF
coprocessor "m4" {
	engine = "null"
	firmware-any = true
}
CONF
chmod 1777 "$tmp"
# anon PID: KiB of private memory, by the kernel's count
anon() { awk '/^RssAnon/ { print $2 }' "/proc/$1/status"; }
worker() { pgrep -P "$coprocd" -f -- '--domid [1-9]' | head -n 1; }
look() {
	i=0
	while [ ! -s "$tmp/$1" ] && [ $i -lt 2500 ]; do sleep 0.1; i=$((i + 1)); done
	heap=$(cut -d' ' -f1 "$tmp/$1") daemon=$(anon "$coprocd") engine=$(anon "$(worker)")
	: > "$tmp/$1-seen"
}
flat() { # flat WHAT EARLY LATE MORE
	if [ -n "$2" ] && [ -n "$3" ] && [ "$3" -le $(($2 + $4)) ]; then ok "B7: $1: $2, then $3"; else
		not_ok "B7: $1: $2, then $3"; fi
}
coprocd --engine-dir "$B/libexec" -c "$tmp/coprocd.conf" 2>> "$tmp/coprocd.log" &
coprocd=$!
until_ grep -q event=serving "$tmp/coprocd.log"
guest flat hostile-flat "$tmp/fw.elf" $jobs "$tmp"
attach "$domid"
look early
early_heap=$heap early_daemon=$daemon early_engine=$engine
look late
is "B7: $jobs jobs, each done" "$(guest_rc flat) $(cat "$tmp/flat.out")" "0 $jobs of $jobs"
flat "bytes in use in the guest's heap" "$early_heap" "$heap" 4096
# Not with sanitizers: what is freed waits in quarantine there.
[ -n "${SAN-}" ] || flat "KiB of coprocd's own memory" "$early_daemon" "$daemon" 256
[ -n "${SAN-}" ] || flat "KiB of its worker's" "$early_engine" "$engine" 256
coprocd_stop
is "coprocd ends when told to" $? 0
done_
