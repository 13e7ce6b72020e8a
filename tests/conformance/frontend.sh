#!/bin/sh
# SPDX-License-Identifier: MIT
# libcoproc, tried by coproc-conform over loopback.  TAP, a line for each case.
#
#   tests/conformance/frontend.sh [OPTION...]       options of coproc-conform frontend
B=${B:-build}
case $B in /*) ;; *) B=$PWD/$B ;; esac
export B
exercise=${CONFORM_EXERCISE:-$B/test/conform-exercise}
"$B/bin/coproc-loopback" run -- "$B/bin/coproc-conform" frontend --domain 7 \
	--exerciser "exec '$B/bin/coproc-loopback' domain --domid 7 --name guest -- '$exercise'" "$@"
