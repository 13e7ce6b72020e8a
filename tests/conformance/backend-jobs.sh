#!/bin/sh
# SPDX-License-Identifier: MIT
# The same where jobs really run: the rules of jobs, contexts and firmware, with
# Cortex-M.
. tests/conformance/against.sh
inside "$@"
toolstack_start
rules=
for rule in B-JOB-1 B-JOB-2 B-JOB-3 B-JOB-4 B-JOB-5 B-JOB-6 B-JOB-7 B-JOB-9 B-JOB-10 B-CTX-1 B-CTX-2 \
	B-CTX-3 B-TIME-1 B-TIME-3 B-TIME-4 B-CLASS-1 B-CLASS-2 B-CLASS-3 B-EVENT-1 B-EVENT-3 B-FW-1 \
	B-CANCEL-1 B-CANCEL-2 B-QCLOSE-1 B-QUEUE-2 B-CTRL-3; do
	rules="$rules --rule $rule"
done
# shellcheck disable=SC2086  # a list
conformance cortex-m cortex-m "$FW/conform.elf" 0-7 normal $rules
toolstack_stop
done_
