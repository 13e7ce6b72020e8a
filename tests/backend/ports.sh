#!/bin/sh
# SPDX-License-Identifier: MIT
# Event channels under coprocd's loop, in domain 0 of a world.
. tests/scenario/world.sh
inside "$@"
backend-ports > "$tmp/ports.out" 2>&1
is "it came to its end" $? 0
results ports
done_
