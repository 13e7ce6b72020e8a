#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's libxenvchan and vchan-socket-proxy, unmodified, between two guests.
. tests/unit/tap.sh
export tmp
# The client's domain comes first: xenstored takes no account of a permission
# that was given to a domain before it existed, and the server gives one.
cat > "$tmp/ends.sh" << 'END'
client() { $L domain --domid 2 -- sh -c 'touch $tmp/up; exec "$@"' sh "$@"; }
server() { until [ -e "$tmp/up" ]; do sleep 0.01; done; $L domain --domid 1 -- "$@"; }
# The client has mapped the ring: before that a server waits for it, for ever.
joined() { until $L stats | awk '$1 == 2 { exit !($5 > 0) } END { if (NR < 4) exit 1 }'; do sleep 0.02; done; sleep 0.3; }
rm -f $tmp/up
END
in_world() { "$L" run -- sh -c ". $tmp/ends.sh; $1" 2>&1; }
after='for i in $(seq 100); do s=$($L stats | tail -n +2 | tr -s " "); [ "$s" = "$before" ] && break; sleep 0.02; done; [ "$s" = "$before" ] && echo as before || echo "left: $s"'
before='before=$($L stats | tail -n +2 | tr -s " ")'

out=$(in_world "$before"'
server $T/loopback-vchan server 2 data/vchan 20000000 &
client $T/loopback-vchan client 1 /local/domain/1/data/vchan 20000000; echo "client $?"
wait $!; echo "server $?"
'"$after")
like "libxenvchan carries 20 MB and a sum back" "$out" "sums agree"
like "its client ends well" "$out" "client 0"
like "its server ends well" "$out" "server 0"
like "and leaves no grant, mapping or channel" "$out" "as before"

for victim in 1 2; do
	out=$(in_world "$before"'
server $T/loopback-vchan server 2 data/vchan 4000000000 & s=$!
client $T/loopback-vchan client 1 /local/domain/1/data/vchan 4000000000 & c=$!
joined; $L destroy '$victim'
wait $s; echo "server $?"; wait $c; echo "client $?"
'"$after")
	[ $victim = 1 ] && like "the client sees its server killed" "$out" "client 1" ||
		like "the server sees its client killed" "$out" "server 1"
	like "and nothing is left of domain $victim's death" "$out" "as before"
done

proxy=$(ls /usr/lib/xen-*/bin/vchan-socket-proxy 2> /dev/null | tail -1)
if [ -z "$proxy" ]; then
	skip "vchan-socket-proxy" "Debian's package xen-utils-4.17 is not installed"
	done_
fi
export proxy
head -c 300000 /dev/urandom > "$tmp/a"
head -c 200000 /dev/urandom > "$tmp/b"
out=$(in_world "$before"'
(cat $tmp/a; sleep 0.5) | server $proxy --mode=server 2 /local/domain/1/data/vchan - > $tmp/from-b &
(cat $tmp/b; sleep 0.5) | client $proxy --mode=client 1 /local/domain/1/data/vchan - > $tmp/from-a
wait
'"$after")
cmp -s "$tmp/a" "$tmp/from-a" && ok "vchan-socket-proxy carries bytes from server to client" ||
	not_ok "vchan-socket-proxy carries bytes from server to client" "$out"
cmp -s "$tmp/b" "$tmp/from-b" && ok "and back" || not_ok "and back" "$out"
like "and leaves nothing" "$out" "as before"
done_
