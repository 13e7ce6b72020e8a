#!/bin/sh
# SPDX-License-Identifier: MIT
# Memory that connected, idle domains cost: shared pages, coprocd, workers.
# To $out/idle.csv, and as lines "name value" to $out/results.
#
# What takes time is xenstored, whose requests cost more the more domains there
# are: after $limit seconds no more are made, and those that there are measured.
# The loopback's broker holds 23 descriptors for each, and no more are begun than
# it may have; root may have more of them where it has CAP_SYS_RESOURCE.
out=${out:-$PWD/build/bench}
. tests/bench/world.sh
steps=${BENCH_IDLE:-${BENCH_QUICK:+"1 10"}}
steps=${steps:-1 100 1000}
limit=${BENCH_IDLE_SECONDS:-900}
banks=2000
(ulimit -n 100000) 2> /dev/null && ulimit -n 100000
inside "$@"
most=$((($(ulimit -H -n) - 300) / 23))
coprocd_start

# private PID: bytes that are the process's own
private() { awk '/^Private_/ { s += $2 } END { print s * 1024 }' "/proc/$1/smaps_rollup"; }
connected() { [ "$(grep -c event=connected "$tmp/coprocd.log")" -ge "$1" ]; }
# Pages that the domains grant to domain 0, xenstore's ring not among them.
granted() { coproc-loopback stats | awk 'NR > 1 && $1 > 0 { g += $4 - 1; n++ } END { print n ? g * 4096 / n : 0 }'; }
settled() { was_=$(granted); sleep 1; [ "$(granted)" = "$was_" ]; }
workers() {
	n_=0 s_=0
	for p_ in $(pids_of coproc-engine-n | head -n 20); do
		s_=$((s_ + $(private "$p_"))) n_=$((n_ + 1))
	done
	[ $n_ -gt 0 ] && echo $((s_ / n_)) || echo 0
}

start_one() {
	coproc-loopback domain --detach --name "idle$1" -- sh -c '
		until xenstore-exists device/vcoproc/0/state; do sleep 0.1; done
		exec bench-guest --firmware "$1" --idle' sh "$FW/work.elf" > "$tmp/domid" 2> "$tmp/domain.err" ||
		die "domain $1 of $last does not start: $(cat "$tmp/domain.err")"
	coproc-attach "$(cat "$tmp/domid")" null > "$tmp/attach.out" 2>&1 ||
		die "domain $1 of $last is not attached: $(cat "$tmp/attach.out")"
}

sleep 1
empty=$(private "$coprocd")
last=${steps##* }
have=0
echo "domains,coprocd_bytes_each,shared_bytes_each,worker_bytes_each" > "$out/idle.csv"
began=$(date +%s)
for n in $steps; do
	if [ "$n" -gt $most ]; then
		echo "  idle: descriptors for $most domains instead of $n (ulimit -H -n)" >&2
		n=$most
	fi
	while [ $have -lt "$n" ]; do
		if [ $(($(date +%s) - began)) -gt "$limit" ]; then
			echo "  idle: $limit s are over: $have domains instead of $n" >&2
			n=$have
			break
		fi
		have=$((have + 1))
		start_one $have
		[ $((have % 100)) -ne 0 ] || echo "  idle: $have of $last domains" >&2
		# Not further ahead than this of those that still connect.
		[ $((have % 20)) -ne 0 ] || wait_for 60 connected $((have - 20))
	done
	wait_for 120 connected "$n" || die "only $(grep -c event=connected "$tmp/coprocd.log") of $n domains connected: $(tail -n 2 "$tmp/coprocd.log")"
	# The buffer that firmware came in goes last.
	wait_for 60 settled
	each=$((($(private "$coprocd") - empty) / n))
	echo "$n,$each,$(granted),$(workers)" | tee -a "$out/idle.csv" |
		awk -F, '{ printf "idle-coprocd-bytes-%s %s\nidle-shared-bytes-%s %s\nidle-worker-bytes-%s %s\n", $1, $2, $1, $3, $1, $4 }' >> "$out/results"
done
awk -F, 'NR == 3 { few = $2 } NR > 2 { many = $2 } END { if (few > 0) printf "idle-coprocd-flat %.3f\n", many / few }' "$out/idle.csv" >> "$out/results"
kill -9 "$coprocd"
