#!/bin/sh
# SPDX-License-Identifier: MIT
# coproc-conform finds what is wrong: coprocd with one defect at a time
# (broken.tbl) fails the rule, and the same cases pass without.  BROKEN=all: with
# every defect of the table, not only with those above its line.

# In two worlds at once, a half of the table each: most of it is waiting.
if [ -z "${1-}" ]; then
	. tests/unit/tap.sh
	"$0" 0 > "$tmp/0.tap" &
	"$0" 1 > "$tmp/1.tap"
	wait
	cat "$tmp/0.tap" "$tmp/1.tap" > "$tmp/all.tap"
	while read -r line; do
		case $line in
		"ok "*) ok "${line#* - }" ;;
		"not ok "*) not_ok "${line#* - }" ;;
		"# "*) echo "$line" ;;
		esac
	done < "$tmp/all.tap"
	is "both halves came to their end" "$(grep -c '^1\.\.' "$tmp/all.tap")" 2
	done_
fi
. tests/conformance/against.sh
inside "$@"

toolstack_start
tab=$(printf '\t')
printf 'an image' > "$tmp/null.image"
limits

# judged NAME COPROCD CASES PATIENCE: what never comes is waited for so long, so a
# defect is tried with little, and what must pass with much.
judged() {
	"$2" -c "$tmp/coprocd.conf" 2> "$tmp/$1.log" &
	daemon=$!
	until_ grep -q event=serving "$tmp/$1.log" || return
	# shellcheck disable=SC2046,SC2086  # words
	guest "$1" coproc-conform backend --patience "$4" \
		--toolstack "$tmp/toolstack" --program "$tmp/null.image" --entries 0-2 $(printf -- '--case %s ' $3)
	coproc-attach "$domid" m4 > "$tmp/attach.out" 2>&1
	rc=$(guest_rc "$1" 200)
	coproc-loopback destroy "$domid"
	kill "$daemon" 2> /dev/null
	wait "$daemon" 2> /dev/null
}

if [ "${BROKEN-}" = all ]; then cat tests/conformance/broken.tbl; else
	sed '/^# Those behind/,$d' tests/conformance/broken.tbl
fi | grep -v '^#' | awk -v half="$1" 'NR % 2 == half' > "$tmp/table"

# Every case that is used below, against the backend as it is.
cut -f4 "$tmp/table" | sort -u > "$tmp/cases"
judged sound "$B/bin/coprocd" "$(cat "$tmp/cases")" 30
is "without a defect all $(wc -l < "$tmp/cases") cases pass" "$rc" 0
grep -A 1 '^FAILED' "$tmp/sound.out" | sed 's/^/# /'

while IFS=$tab read -r name source rule case_ rest; do
	if [ ! -x "$B/broken/$name/coprocd" ]; then
		not_ok "$name: seeded into $source" "the sed script of broken.tbl changes nothing there any more"
		continue
	fi
	judged "$name" "$B/broken/$name/coprocd" "$case_" 2 < /dev/null
	failed=$(sed -n '/^Rules that FAILED/,/^$/p' "$tmp/$name.out" | awk '{ print $1 }' | grep -x -- "$rule")
	if [ "$rc" = 1 ] && [ "$failed" = "$rule" ]; then
		ok "$name in $source: $rule failed"
	else
		not_ok "$name in $source: $rule failed" "status $rc"
		sed 's/^/# /' "$tmp/$name.out" | head -n 20
	fi
done < "$tmp/table"
toolstack_stop
done_
