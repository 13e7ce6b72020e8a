#!/bin/sh
# SPDX-License-Identifier: MIT
# coproc-conform plays the messages and talks of protocol/vectors against
# coprocd, with a coprocessor that executes nothing: each with the limits that
# it is for.  Completions and events it plays against libcoproc, in a world of
# their own and meanwhile: most of that is waiting.  TAP.
. tests/scenario/world.sh
# each FILE: what coproc-conform says, as results
each() {
	awk '/^passed / { print "ok - " $2 } /^(FAILED|n\/a) / { print "not ok - " $2 } /^        / { print "# " $0 }' \
		"$1" > "$tmp/results.out"
	results results
}
if [ -z "${1-}" ]; then
	tests/conformance/frontend.sh --vectors protocol/vectors --case vectors-completion \
		--case vectors-completion-control --case vectors-event > "$tmp/frontend.out" 2>&1 &
	frontend=$!
	"$0" backend > "$tmp/backend.out"
	is "backend: all of it ran" $? 0
	sed 's/^\(.*ok\) [0-9]* /\1 /' "$tmp/backend.out" > "$tmp/against.out"
	results against
	wait "$frontend"
	is "frontend: the verdict" $? 0
	each "$tmp/frontend.out"
	is "frontend: all were played" "$(grep -c '^passed' "$tmp/frontend.out")" 3
	done_
fi
inside "$@"

# The files of a kind, as cases of coproc-conform.
messages() {
	for file in protocol/vectors/*.vec; do
		case $file in */completion.vec | */event.vec | */operand.vec) continue ;; esac
		basename "$file" .vec | tr _ - | sed 's/^/--case vectors-/'
	done
}
talks() { sed -n 's/^talk /--case talk-/p' protocol/vectors/*.talk; }

# limits PAGES LONGEST_RUN
limits() {
	cat > "$tmp/coprocd.conf" << EOT
coprocessor "m4" {
  engine = "null"
  firmware-any = true
  max-queues = 4
  max-ring-order = 7
  max-contexts = 16
  max-buffers = 64
  max-pages = $1
  max-firmware = 8
  max-firmware-bytes = 1048576
  max-operands = 16
  max-run-limit-us = $2
}
EOT
}

# played NAME PAGES LONGEST_RUN CASES: each case passes
played() {
	limits "$2" "$3"
	: > "$tmp/coprocd.log"
	coprocd_start
	# shellcheck disable=SC2086  # words
	guest "$1" coproc-conform backend --device 0-7 --vectors protocol/vectors --patience 30 $4
	for i in 7 6 5 4 3 2 1 0; do
		coproc-attach --devid $i "$domid" m4 > "$tmp/attach.out" 2>&1
	done
	rc=$(guest_rc "$1" 200)
	each "$tmp/$1.out"
	is "$1: all were played" "$(grep -c '^passed' "$tmp/$1.out")" "$(echo "$4" | wc -l)"
	is "$1: the verdict" "$rc" 0
	coproc-loopback destroy "$domid"
	coprocd_stop
	is "$1: coprocd ends when told to" $? 0
}

played messages 4096 1000000 "$(messages)"
played talks 64 60000000 "$(talks)"
done_
