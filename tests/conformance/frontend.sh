#!/bin/sh
# SPDX-License-Identifier: MIT
# libcoproc, tried by coproc-conform over loopback.  TAP, a line for each case.
#
#   tests/conformance/frontend.sh           all cases, as TAP
#   tests/conformance/frontend.sh OPTION... of coproc-conform frontend; its own output
B=${B:-build}
case $B in /*) ;; *) B=$PWD/$B ;; esac
export B
exercise=${CONFORM_EXERCISE:-$B/test/conform-exercise}
conform() {
	"$B/bin/coproc-loopback" run -- "$B/bin/coproc-conform" frontend --domain 7 \
		--exerciser "exec '$B/bin/coproc-loopback' domain --domid 7 --name guest -- '$exercise' 1000" \
		"$@"
}
if [ $# -gt 0 ]; then
	conform "$@"
	exit
fi
conform | awk '
/^(passed|FAILED|n\/a) / {
	n++
	not = /^FAILED/ ? "not " : ""
	bad += /^FAILED/
	skip = /^n\/a/ ? " # SKIP not applicable" : ""
	sub(/^[^ ]+ +/, "")
	name = $1
	$1 = ""
	print not "ok " n " - " name ":" $0 skip
	fflush()
	next
}
/^        / { print "#" $0 }
END { print "1.." n; exit !n || bad }'
