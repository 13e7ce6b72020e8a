#!/bin/sh
# SPDX-License-Identifier: MIT
# The table of README.md against what ran: each number has a line, each test that
# a line names exists, ran with this build, and said "ok" of that number.
B=${B:-build}
table=tests/hostile/README.md
n=0
result() { # result NAME WHAT-IS-WRONG
	n=$((n + 1))
	if [ -z "$2" ]; then echo "ok $n - $1"; else
		echo "not ok $n - $1"
		echo "# $2"
	fi
}
# ran ID SCRIPT: what is wrong with it
ran() {
	script=tests/hostile/$2
	log=$B/test-logs/hostile-$2.log
	[ -x "$script" ] || { echo "$script is not there"; return; }
	if [ -n "${SAN-}" ] && head -n 4 "$script" | grep -q '^# Not with sanitizers'; then return; fi
	[ -e "$log" ] || { echo "$2 did not run before this (make check runs it)"; return; }
	[ -z "$(find "$B/bin/coprocd" -newer "$log")" ] || { echo "$2 ran with an older coprocd"; return; }
	grep -q "^not ok .*\<$1: " "$log" && { echo "$2 failed for $1: see $log"; return; }
	grep "^ok .*\<$1: " "$log" | grep -qv '# *SKIP' || echo "$2 says nothing of $1"
}
row() { grep "^| $1 |" "$table"; }

ids=$(seq -f 'F%g' 1 20)
grep -q '^| B[0-9]' "$table" && ids="$ids $(seq -f 'B%g' 1 9)"
for id in $ids; do
	if [ "$(row "$id" | wc -l)" -ne 1 ]; then
		result "$id" "not one line in $table"
		continue
	fi
	tests=$(row "$id" | awk -F '|' '{ gsub(/[ `,]+/, " ", $5); print $5 }')
	wrong=
	for t in $tests; do
		w=$(ran "$id" "$t")
		wrong="$wrong${w:+$w; }"
	done
	[ -n "${tests# }" ] || wrong="no test is named"
	result "$id: $(echo $tests)" "$wrong"
done
others=$(grep -o '^| [A-Z][0-9]* |' "$table" | tr -d '| ' | while read -r id; do
	case " $(echo $ids) " in *" $id "*) ;; *) echo "$id" ;; esac
done)
result "no line of another number" "$others"
echo "1..$n"
