#!/bin/sh
# SPDX-License-Identifier: MIT
# The libraries' names, symbols and versions are those of Debian's.
. tests/unit/tap.sh
symbols() { readelf --dyn-syms -W "$1" | awk '$5 == "GLOBAL" && $7 != "UND" { print $8 }' | sort; }
real() { ldconfig -p | awk -v l="$1" '$1 == l { print $NF; exit }'; }
for l in libxengnttab.so.1 libxenevtchn.so.1 libxentoolcore.so.1; do
	symbols "$B/loopback/lib/$l" > "$tmp/ours"
	symbols "$(real $l)" > "$tmp/theirs"
	is "$l has Debian's symbols" "$(diff "$tmp/theirs" "$tmp/ours")" ""
done
l=libxenctrl.so.4.17
symbols "$B/loopback/lib/$l" > "$tmp/ours"
symbols "$(real $l)" > "$tmp/theirs"
is "$l has only symbols of Debian's" "$(comm -13 "$tmp/theirs" "$tmp/ours")" ""
for p in /usr/lib/xen-*/bin/xenstored /usr/lib/xen-*/bin/vchan-socket-proxy; do
	[ -e "$p" ] || continue
	out=$(LD_BIND_NOW=1 LD_LIBRARY_PATH=$B/loopback/lib ldd -r "$p" 2>&1 | grep -i undefined)
	is "every symbol of $(basename "$p") is found" "$out" ""
	is "in our libraries" "$(LD_LIBRARY_PATH=$B/loopback/lib ldd "$p" | awk '/xen(gnttab|evtchn|ctrl|toolcore)/ { print $3 }' | grep -cv "^$B/")" 0
done
done_
