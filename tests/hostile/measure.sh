# SPDX-License-Identifier: MIT
# Sourced by floods.sh and rates.sh, in place of world.sh: what a neighbour gets
# done while somebody attacks, against what it gets done while nobody does, in
# turns within one run.
#
#   neighbour ARGUMENTS...   coprocd, and a guest-once that works; sets $calm.  With
#                            $endless=yes workers are not scheduled before others: a job
#                            that never ends would keep the processor from coprocd
#   neighbour_ends           and its jobs are looked at, and coprocd stopped
#   apart                    after conf: where nothing may be scheduled first, workers of
#                            attackers have their processor.  Beside a neighbour that
#                            waits for each job they would else be measured, and not coprocd
#   ends                     how many of its jobs have ended
#   rate LINE PERIOD_US      of its ends from this line of the trace on: those in the
#                            first half of each period to those in the second, percent
#   $here, $there            before a command: what is measured, and the attackers
#
# Where there are two processors the attacker has one for itself, at the lowest
# priority, and coprocd, workers and neighbour the other: measured is what coprocd
# and the device give, not who gets this machine.
#
# All of the world but the attackers is scheduled before other programs of this
# machine, where that is allowed: what is a hypercall on Xen is here a question
# to a process, and the loop must not wait for it because somebody compiles.
if [ -z "${IN_WORLD-}" ] && [ -z "${URGENT-}" ] && chrt -r 1 true 2> /dev/null; then
	URGENT=1 exec chrt -r 1 "$0" "$@"
fi
. tests/scenario/world.sh
inside "$@"
LEAST=90
here= there=
if [ "$(nproc)" -gt 1 ] && taskset -c 0 true && taskset -c 1 true; then
	here="taskset -c 1" there="taskset -c 0"
fi
[ -z "${URGENT-}" ] || there="chrt -o 0 $there"
ends() { grep -c "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl"; }
# The median over periods, without the edges of each half.
rate() {
	grep "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl" | tail -n "+$1" | awk -F '[:,.]' -v period="$2" '
		{ n_ = int($2 / period); at = ($2 % period) / period; if (!first) first = n_; last = n_ }
		at >= 0.02 && at < 0.48 { attacked[n_]++ }
		at >= 0.52 && at < 0.98 { calm[n_]++ }
		END {
			for (s = first + 1; s < last; s++) if (calm[s]) ratio[++n] = 100 * attacked[s] / calm[s]
			for (i = 2; i <= n; i++) for (j = i; j > 1 && ratio[j] < ratio[j - 1]; j--) {
				t = ratio[j]; ratio[j] = ratio[j - 1]; ratio[j - 1] = t }
			printf "%d", n ? ratio[int((n + 1) / 2)] : 0
		}'
}
apart() {
	[ -z "${URGENT-}" ] && [ -n "$there" ] || return 0
	mkdir "$tmp/engines"
	cat > "$tmp/engines/coproc-engine-cortex-m" <<- E
		#!/bin/sh
		[ "\$2" = "\$(cat "$tmp/calm.domid")" ] || set -- taskset -c 0 "$B/libexec/coproc-engine-cortex-m" "\$@"
		[ "\$1" = taskset ] || set -- "$B/libexec/coproc-engine-cortex-m" "\$@"
		exec "\$@"
	E
	chmod 755 "$tmp/engines" "$tmp/engines/coproc-engine-cortex-m"
	sed -i "1i engine-dir = \"$tmp/engines\"" "$tmp/coprocd.conf"
}
neighbour() {
	$here ${URGENT:+${endless:+chrt -R -r 1}} coprocd -c "$tmp/coprocd.conf" --trace "$tmp/trace.jsonl" 2>> "$tmp/coprocd.log" &
	coprocd=$!
	until_ grep -q event=serving "$tmp/coprocd.log"
	guest calm $here guest-once --firmware "$FW/work.elf" --until "$tmp/enough" "$@"
	calm=$domid
	attach "$calm" --max-class realtime
	until_ grep -q "\"ev\":\"end\",\"dom\":$calm," "$tmp/trace.jsonl"
}
neighbour_ends() {
	: > "$tmp/enough"
	is "the neighbour's jobs all ran, once" "$(guest_rc calm)" 0
	like "each result to the byte" "$(cat "$tmp/calm.out")" "fault=0 lost=0 cancelled=0 other=0 wrong=0 twice=0 strange=0"
	echo "# $(cat "$tmp/calm.out")"
	coprocd_stop
	is "coprocd ends when told to" $? 0
	coproc-loopback destroy "$calm"
	rm -f "$tmp/enough" "$tmp/calm.rc" "$tmp/trace.jsonl" "$tmp/coprocd.log"
}
