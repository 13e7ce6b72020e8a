#!/bin/sh
# SPDX-License-Identifier: MIT
# What it costs that the coprocessor changes from one domain to another, with
# firmware and data: coprocd's own account of it, and the time for each job of
# two domains by turns beside that of one alone.
out=${out:-$PWD/build/bench}
. tests/bench/world.sh
inside "$@"
jobs=${BENCH_QUICK:+2000}
jobs=${jobs:-20000}

# One order each, and the nanoseconds for each job.
order_a() { echo "run 32 $jobs 0" >&4; }
order_b() { echo "run 32 $jobs 0" >&6; }
answer_a() { read -r line <&5 || die "guest a ended: $(cat "$tmp/a$engine.err")"; ns_a=${line%% *}; }
answer_b() { read -r line <&7 || die "guest b ended: $(cat "$tmp/b$engine.err")"; }

echo "engine,round,alone_ns,two_at_once_ns" > "$out/switch.csv"
for engine in null m4; do
	coprocd_start
	agent a$engine $engine
	agent b$engine $engine
	exec 4> "$tmp/a$engine.in" 5< "$tmp/a$engine.out" 6> "$tmp/b$engine.in" 7< "$tmp/b$engine.out"
	read -r line <&5
	read -r line <&7
	for round in 1 2 3 4 5 6 7 8 9; do
		order_a
		answer_a
		alone=$ns_a
		began=$(date +%s%N)
		order_a
		order_b
		answer_a
		answer_b
		both=$((($(date +%s%N) - began) / 2 / jobs))
		echo "$engine,$round,$alone,$both" >> "$out/switch.csv"
	done
	exec 4>&- 6>&- 5<&- 7<&-
	coprocd_stop
	awk -v engine=$engine '/event=stopped/ && $0 ~ "coprocessor=" engine " " {
		for (i = 1; i <= NF; i++) { split($i, f, "="); v[f[1]] = f[2] }
		printf "switch-%s-us %.3f\nswitch-%s-count %d\n", engine, v["switches"] ? v["switch_us"] / v["switches"] : 0, engine, v["switches"]
	}' "$tmp/coprocd.log" >> "$out/results"
	# What the jobs of two took longer than those of one, for each change.
	changes=$(awk -v n=switch-$engine-count '$1 == n { print $2 }' "$out/results")
	awk -F, -v engine=$engine '$1 == engine { print $4 - $3 }' "$out/switch.csv" | sort -g |
		awk -v engine=$engine -v jobs="$jobs" -v changes="${changes:-0}" '{ v[NR] = $1 }
			END { if (changes > jobs / 10) printf "switch-%s-extra-us %.3f\n", engine, v[int((NR + 1) / 2)] * 2 * jobs * NR / changes / 1000 }' >> "$out/results"
	rm -f "$tmp"/*.in "$tmp"/*.out
done
