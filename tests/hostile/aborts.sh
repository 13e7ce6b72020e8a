#!/bin/sh
# SPDX-License-Identifier: MIT
# F4: coprocd has no way to end itself on what a guest sent.  No source of it
# calls what ends a process, but where a process of ours is not to go on: before
# coprocd serves, after it stopped, and in a worker's child.  And the program
# does not import it.
: "${B:=build}"
n=0
result() {
	n=$((n + 1))
	if [ -z "$2" ]; then echo "ok $n - $1"; else
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}
sources="$(ls backend/*.[ch] backend/sched/*.[ch] libcoproc-ring/*.[ch] xenstore-schema/*.[ch])"
result "F4: no abort, assert or trap in coprocd's sources" "$(grep -nE \
	'(^|[^_a-zA-Z])(abort|assert|raise|__builtin_trap|__builtin_unreachable|BUG|BUG_ON|panic|err|errx|error_at_line) *\(' \
	$sources | grep -v '_Static_assert\|static_assert\|/\*\|^[^:]*:[0-9]*: \*')"
result "F4: exit only before it serves, after, or in a child" "$(grep -nE \
	'(^|[^a-zA-Z])_?exit *\(' $sources | grep -v '^backend/worker.c:\|^backend/coprocd.c:\|^backend/engine_probe.c:')"
if [ -z "${SAN-}" ]; then
	result "F4: the program imports neither" "$(nm -D --undefined-only "$B/bin/coprocd" |
		grep -E ' (abort|__assert_fail|__assert|raise)(@|$)')"
fi
echo "1..$n"
