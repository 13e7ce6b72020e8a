# SPDX-License-Identifier: MIT
# TAP for shell scenarios.  Sourced, from the top of the tree; sets up $B, $L, $T
# (absolute: build directory, coproc-loopback, test programs) and $tmp.
B=${B:-build}
case $B in /*) ;; *) B=$PWD/$B ;; esac
L=$B/bin/coproc-loopback
T=$B/test
export L T
tmp=$(mktemp -d)
chmod 755 "$tmp"
trap 'rm -rf "$tmp"' EXIT
n=0 bad=0
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); bad=$((bad + 1)); echo "not ok $n - $1"; [ -z "${2-}" ] || echo "# $2"; }
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', expected '$3'"; fi; }
like() { case $2 in *"$3"*) ok "$1" ;; *) not_ok "$1" "got '$2', expected it to hold '$3'" ;; esac; }
# until_ true COMMAND...: waits for it to succeed, as long as a busy machine may take
until_() { i=0; while ! "$@" > /dev/null 2>&1; do i=$((i + 1)); [ $i -lt 1000 ] || return 1; sleep 0.02; done; }
done_() { echo "1..$n"; exit $((bad > 0)); }
