#!/bin/sh
# SPDX-License-Identifier: MIT
# Static analysis of the product finds nothing that is not argued false.  Tests'
# own sources, and clang's search through paths: `make analyse`.
. tests/unit/tap.sh
dir=tests/analysis

B=$B $dir/analyse --quick > "$tmp/out" 2> "$tmp/err"
rc=$?
[ $rc = 0 ] || { sed 's/^/# /' "$tmp/out"; tail -n 20 "$tmp/err" | sed 's/^/# /'; }
is "no finding, and no argument too many" "$rc" 0
for t in gcc clang-tidy cppcheck; do
	is "$t: nothing that is not argued false" "$(jq --arg t "$t/" \
		'[.findings[] | select(.check | startswith($t))] | length' "$B/analyse-quick.json")" 0
done
is "all sources of the product were analysed" "$(git ls-files 2> /dev/null |
	grep -E '^(backend|demo|frontend|libcoproc-ring|loopback|xenstore-schema)/.*\.c$' |
	grep -v '/firmware/' | while read -r f; do
		[ -e "$B/analyse-quick/obj/${f%.c}.o.findings" ] ||
			[ -e "$B/analyse-quick/loopback/obj/$(basename "${f%.c}").o.findings" ] || echo "$f"
	done)" ""
done_
