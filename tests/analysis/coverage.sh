#!/bin/sh
# SPDX-License-Identifier: MIT
# Each line of the ring, the messages, the nodes and the image parser is reached by
# a unit test or a vector, or argued.  `make coverage` does the same for all that is
# peer-facing, by all tests, which takes too long for here.
. tests/unit/tap.sh
dir=tests/analysis

# Counts are kept however a process ends.
export COV_DIR="$tmp/prof"
mkdir "$COV_DIR"
cat > "$tmp/end.c" << 'C'
#include <signal.h>
#include <unistd.h>
#include <sys/wait.h>
static int used(int how) {
	if (how == 1)
		return 1;
	if (how == 2)
		return 2;
	return 3;
}
int main(void) {
	if (!fork())
		_exit(used(1));
	wait(NULL);
	used(2);
	return kill(getpid(), SIGKILL);
}
C
"$dir/cov-cc" -O2 -c -o "$tmp/end.o" "$tmp/end.c" && "$dir/cov-cc" -o "$tmp/end" "$tmp/end.o"
"$tmp/end" 2> /dev/null
llvm-profdata merge "$COV_DIR"/*.profraw -o "$tmp/end.profdata" &&
	llvm-cov export -format=lcov -instr-profile "$tmp/end.profdata" "$tmp/end" > "$tmp/lcov"
count() { sed -n "s/^DA:$1,//p" "$tmp/lcov"; }
is "a line of a child that ends by _exit() counts" "$(count 6)" 1
is "a line of a process that is killed counts" "$(count 8)" 1
is "a line that did not run does not" "$(count 9)" 0
unset COV_DIR

B=$B $dir/coverage --units > "$tmp/out" 2> "$tmp/err"
rc=$?
sed 's/^/# /' "$tmp/out"
[ $rc = 0 ] || grep -E 'FAILED|error|coverage:' "$tmp/err" | tail -n 20 | sed 's/^/# /'
is "each peer-facing line is reached or argued, and no argument is too many" "$rc" 0
is "their lines were counted" "$(jq '.peer_facing.lines > 1500' "$B/coverage-units.json")" true
done_
