#!/bin/sh
# SPDX-License-Identifier: MIT
# The demonstration, as `make demo` runs it: all was right, and what it leaves
# is what it says it leaves.
. tests/unit/tap.sh
top=$(pwd)
B=$B "$top/demo/run" > "$tmp/out" 2>&1
is "make demo ends well" $? 0
[ $bad = 0 ] || sed 's/^/# /' "$tmp/out"
like "it says so" "$(tail -n 1 "$tmp/out")" "all was right"
out=$B/demo/out
like "the sound is a WAV file" "$(head -c 12 "$out/speech.wav" | tr -d '\0')" "WAVE"
like "the picture is a PNG" "$(head -c 4 "$out/bridge.png" | tail -c 3)" "PNG"
like "the timeline is one page" "$(tail -c 20 "$out/timeline.html")" "</html>"
is "and asks for nothing from outside" "$(grep -cE 'src=.?http|href=.?http|@import' "$out/timeline.html")" 0
if command -v jq > /dev/null; then
	is "the Perfetto trace is JSON with events" "$(jq '.traceEvents | length > 1000' "$out/trace-perfetto.json")" true
	is "each line of coprocd's trace is JSON" "$(jq -s 'length > 1000' "$out/trace.jsonl")" true
else
	skip "the Perfetto trace is JSON with events" "no jq"
	skip "each line of coprocd's trace is JSON" "no jq"
fi
done_
