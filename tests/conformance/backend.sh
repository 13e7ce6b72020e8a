#!/bin/sh
# SPDX-License-Identifier: MIT
# coprocd keeps the rules, as coproc-conform sees them: all cases, with an
# engine that executes nothing.
. tests/conformance/against.sh
inside "$@"
toolstack_start
printf 'an image' > "$tmp/null.image"
conformance null null "$tmp/null.image" 0-2 realtime
toolstack_stop
done_
