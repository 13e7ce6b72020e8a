#!/bin/sh
# SPDX-License-Identifier: MIT
# The guest's part of run.sh: coproc-run, case by case.
set -u
run=$B/bin/coproc-run
dir=$RUN_DIR
fw=$dir/allowed.elf
failed=0
n=0

echo "1..19"
result() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		[ -e "$dir/err" ] && sed 's/^/# /' "$dir/err" >&2
		failed=1
	fi
}
# $1 what, $2 exit status expected, $3 what standard error must say, rest: arguments
expect() {
	what=$1 status=$2 says=$3
	shift 3
	"$run" "$@" > "$dir/out" 2> "$dir/err"
	got=$?
	echo "exit status $got, expected $status" >> "$dir/err"
	[ "$got" = "$status" ] && grep -q -- "$says" "$dir/err"
	result $? "$what"
}

# Waits until coproc-run $1 takes signals as requests: before that a SIGINT is
# lost, because a shell's background programs begin with it ignored.
await_running() {
	for try in $(seq 600); do
		blocked=$(sed -n 's/^SigBlk:[^0-9a-f]*//p' "/proc/$1/status" 2>> "$dir/err")
		[ $((0x${blocked:-0} & 2)) = 0 ] || return 0
		sleep 0.1
	done
	echo "coproc-run does not begin" >> "$dir/err"
	kill -KILL "$1"
}

while [ ! -e "$dir/attached" ]; do sleep 0.05; done
head -c 300001 /dev/urandom > "$dir/in"
: > "$dir/empty"

expect "one job without input" 0 "1 ok" --jobs 1 "$fw"
expect "a thousand jobs in flight together" 0 "1000 ok" --jobs 1000 --in-flight 256 "$fw"

expect "a file in pieces" 0 "74 ok" --entry 2 --chunk 4K "$fw" "$dir/in" "$dir/copy"
cmp -s "$dir/in" "$dir/copy"; result $? "what came out is what went in"
"$run" --quiet --entry 2 --chunk 64K --output-length result "$fw" - - < "$dir/in" \
	> "$dir/copy" 2> "$dir/err" && cmp -s "$dir/in" "$dir/copy"
result $? "through a pipe, with the length from the result"
"$run" --entry 2 --jobs 7 --class realtime --json "$fw" "$dir/in" "$dir/copy" > "$dir/json" \
	2> "$dir/err" && cmp -s "$dir/in" "$dir/copy" &&
	python3 -c 'import json, sys; d = json.load(open(sys.argv[1]))
assert d["status"] == {"ok": 7} and d["bytes_out"] == 300001 and d["device"]["kind"] == "null"' \
	"$dir/json" 2>> "$dir/err"
result $? "figures as JSON, seven pieces, class realtime"

expect "firmware that policy does not allow" 1 "sha256sum" "$dir/denied.elf"
expect "firmware that does not exist" 6 "No such file" "$dir/nothing.elf"
expect "an empty input" 2 "input is empty" --entry 2 "$fw" "$dir/empty" "$dir/copy"
expect "an entry point that the firmware has not" 1 "bad-field" --entry 77 "$fw"
expect "a full disk" 6 "No space left" --entry 2 --chunk 4K "$fw" "$dir/in" /dev/full
expect "a job that runs too long" 1 "timed-out" --entry 1 --immediate 5000000 \
	--run-limit 100000 "$fw"
expect "a timeout for everything" 4 "not finished in" --entry 1 --immediate 300000 --jobs 100 \
	--timeout 3 "$fw"
expect "wrong usage" 2 "must be one of" --class urgent "$fw"
expect "a device that is not there" 3 "called nonesuch" --device nonesuch "$fw"

"$run" --list > "$dir/out" 2> "$dir/err" && grep -q '^0 *box' "$dir/out"
result $? "a list of the devices"

"$run" --entry 1 --immediate 200000 --jobs 1000 "$fw" > "$dir/out" 2> "$dir/err" &
pid=$!
await_running "$pid"
sleep 0.5
kill -INT "$pid"
wait "$pid"
[ $? = 130 ] && grep -q cancelling "$dir/err"
result $? "Ctrl-C cancels and says so"

"$run" --entry 1 --immediate 100000 --jobs 1000 "$fw" > "$dir/out" 2> "$dir/err" &
pid=$!
await_running "$pid"
sleep 0.5
touch "$dir/restart"
wait "$pid"
[ $? = 5 ] && grep -q lost "$dir/err"
result $? "a backend that is killed: jobs are reported lost"
"$B/test/frontend-guest" real 2> "$dir/err"
result $? "libcoproc goes on after its backend was killed, three times"
exit $failed
