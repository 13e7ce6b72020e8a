#!/bin/sh
# SPDX-License-Identifier: MIT
# Backends that lie (threats B1 to B6, B8, B9), against libcoproc in a guest.
#
#   tests/hostile/backend.sh [ATTACK...]    rings stalls pages storms, states, nodes, reconnects;
#                                           without one, the first four
. tests/scenario/world.sh
inside "$@"
[ $# -gt 0 ] || set -- rings stalls pages storms
export SAN
head -c 4096 /dev/zero > "$tmp/board"
chmod 666 "$tmp/board"
chmod 711 "$tmp"
coproc-loopback domain --detach --name victim -- \
	sh -c '"$0" "$1" > "$2" 2>&1; echo "ended $?" >> "$2"; exec sleep 600' \
	"$T/hostile-victim" "$tmp/board" "$tmp/victim.out" > "$tmp/domid" || exit 1
domid=$(cat "$tmp/domid")
for dev in 0 1; do
	until_ coproc-attach --max-class realtime --devid $dev "$domid" "test$dev"
done
"$T/hostile-liar" "$tmp/board" "$domid" "$@"
rc=$?
until_ grep -q '^ended' "$tmp/victim.out"
sed 's/^/# victim: /' "$tmp/victim.out"
grep -q '^ended 0$' "$tmp/victim.out" || rc=1
exit $rc
