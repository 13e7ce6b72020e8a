#!/bin/sh
# SPDX-License-Identifier: MIT
# User instructions that a job costs, counted one by one, and where they are:
# lines "name value" to $out/results, profiles to $out/profile-NAME.txt.
out=${out:-$PWD/build/bench}
. tests/bench/world.sh
jobs=512 times=4000 depths="1 32 256"
[ -z "${BENCH_QUICK-}" ] || jobs=64 times=300 depths="1 32"

record() { echo "$1 $2" >> "$out/results"; }

# profiled NAME COUNTS TIMES
profiled() {
	wait_for 60 grep -q end "$2" || die "the count of $1 did not come"
	bench-profile "$3" "$2" > "$out/profile-$1.txt" || die "no profile of $1"
	rm -f "$2"
	record "$1" "$(head -n 1 "$out/profile-$1.txt")"
}

# The ring and the queue, both sides in one thread: callgrind, as tests/ring/instructions.
ring() {
	rm -f "$out"/callgrind.*
	for rounds in 10 110; do
		valgrind --tool=callgrind --callgrind-out-file="$out/callgrind.$1.$rounds" "$T/ring-count" "$1" $rounds 2>&1 |
			awk '/Collected/ { print $NF }'
	done | awk '{ v[NR] = $1 } END { if (NR == 2) printf "%.1f\n", (v[2] - v[1]) / 100 / 256 }' > "$out/ring.count"
	callgrind_annotate "$out/callgrind.$1.110" > "$out/profile-instructions-$2.txt" 2> /dev/null
	[ -s "$out/ring.count" ] || die "callgrind did not count $1"
	record "instructions-$2" "$(cat "$out/ring.count")"
	rm -f "$out"/callgrind.* "$out/ring.count"
}

# A scheduling decision among so many domains.
decision() {
	BENCH_COUNT=$out/count.decision LD_PRELOAD=$T/bench-count.so "$T/bench-sched" --count "$1" $times > /dev/null ||
		die "bench-sched: no count"
	profiled "instructions-decision-$1" "$out/count.decision" $times
}

value() { awk -v n="$1" '$1 == n { print $2 }' "$out/results"; }

if [ -z "${IN_WORLD-}" ]; then
	ring steps ring
	[ -n "${BENCH_QUICK-}" ] || ring queue queue
	ring checked checked
	[ -e "$T/bench-count.so" ] || { echo "  the rest is counted on x86_64 only" >&2; exit 0; }
	decision 64
	decision 4096
	record instructions-decision-ratio "$(awk -v a="$(value instructions-decision-4096)" -v b="$(value instructions-decision-64)" 'BEGIN { print a / b }')"
	record instructions-checked-decision "$(awk -v a="$(value instructions-checked)" -v b="$(value instructions-decision-64)" 'BEGIN { print a + b }')"
fi
inside "$@"

export BENCH_COUNT="$tmp/count.coprocd"
coprocd_start "$T/bench-count.so"
BENCH_COUNT=$tmp/count.guest
agent counted null "$T/bench-count.so"
exec 7> "$tmp/counted.in" 8< "$tmp/counted.out"
read -r line <&8
[ "$line" = ready ] || die "the guest does not begin: $(cat "$tmp/counted.err")"

order() { echo "$*" >&7; read -r line <&8 || die "the guest ended: $(cat "$tmp/counted.err")"; }

# The signal that ends the count has to find coprocd at rest.
coprocd_counted() {
	kill -URG "$coprocd"
	order run "$2" "$3" 0
	sleep 0.3
	kill -URG "$coprocd"
	profiled "$1" "$tmp/count.coprocd" "$3"
}

order run 256 2000 0
for depth in $depths; do
	n=$jobs
	[ $depth -le "$n" ] || n=$((2 * depth))
	coprocd_counted instructions-coprocd-$depth $depth $n
	order count $depth $n 0
	profiled instructions-libcoproc-$depth "$tmp/count.guest" $n
done

# Beside a domain that is connected and does nothing: one job after another, so
# that each goes the same way.
agent neighbour null
exec 5> "$tmp/neighbour.in" 6< "$tmp/neighbour.out"
read -r line <&6
echo "run 1 100 0" >&5
read -r line <&6
coprocd_counted instructions-coprocd-neighbour 1 "$jobs"
record idle-tenant-instructions "$(awk -v a="$(value instructions-coprocd-neighbour)" -v b="$(value instructions-coprocd-1)" 'BEGIN { print a / b }')"
# Its clock goes on being slow: not to be waited for.  The world ends with us.
kill -9 "$coprocd"
