#!/bin/sh
# SPDX-License-Identifier: MIT
# Time for each job, all contestants by turns: $out/contest.csv, $out/overhead.csv.
out=${out:-$PWD/build/bench}
. tests/bench/world.sh
inside "$@"
rounds=${BENCH_QUICK:+2}
rounds=${rounds:-9}
coprocd_start
agent null null
agent m4 m4
for mode in native engine; do
	mkfifo "$tmp/$mode.in" "$tmp/$mode.out"
	bench-native $mode "$tmp/$mode.in" "$tmp/$mode.out" 2> "$tmp/$mode.err" &
done

set_() {
	s_=$1
	shift
	bench-contest --set "$s_" ${BENCH_QUICK:+--quick} --rounds "$rounds" --out "$out/$s_.csv" "$@" || {
		for f_ in "$tmp"/*.err "$tmp/coprocd.log"; do sed "s,^,bench: ${f_##*/}: ," "$f_" | tail -n 5 >&2; done
		exit 1
	}
}
both_connected() { [ "$(grep -c event=connected "$tmp/coprocd.log")" -eq 2 ]; }
wait_for 60 both_connected || die "the guests do not connect: $(cat "$tmp/coprocd.log")"
# agent_of NAME UNIT PIPES: an argument for it
agent_of() { echo "--agent $1,$2,$tmp/$3.in,$tmp/$3.out"; }
set_ contest --backend "$coprocd,$(pids_of coproc-engine-n),$(pids_of coproc-engine-c)" \
	$(agent_of coprocd-null us null) $(agent_of coprocd-cortex-m turns m4) $(agent_of native turns native)
set_ overhead --backend "$coprocd,$(pids_of coproc-engine-c)" \
	$(agent_of coprocd-cortex-m turns m4) $(agent_of native turns native) $(agent_of engine turns engine)
coprocd_stop
