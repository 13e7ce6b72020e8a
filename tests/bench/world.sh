# SPDX-License-Identifier: MIT
# Sourced by the parts of the benchmark: a world with coprocd and guests that
# run jobs when told to.  Needs $B, and $out for what is kept.
B=${B:-build}
case $B in /*) ;; *) B=$PWD/$B ;; esac
T=$B/test
FW=$B/firmware
export B PATH="$B/bin:$T:$PATH"

die() { echo "bench: $*" >&2; exit 1; }

# inside "$@"                run this very script inside a loopback world, once
inside() {
	[ -z "${IN_WORLD-}" ] || { tmp=$(mktemp -d); chmod 755 "$tmp"; trap 'rm -rf "$tmp"' EXIT; return 0; }
	export IN_WORLD=1
	exec coproc-loopback run --max-ports 4000 -- "$0" "$@"
}

# wait_for SECONDS COMMAND...
wait_for() {
	tries_=$(($1 * 20))
	shift
	while ! "$@" > /dev/null 2>&1; do
		tries_=$((tries_ - 1))
		[ $tries_ -gt 0 ] || return 1
		sleep 0.05
	done
}

# coprocd_start [PRELOAD]: coprocessors "null" and "m4"; its process id in $coprocd
coprocd_start() {
	for engine_ in null cortex-m; do
		[ $engine_ = null ] && name_=null || name_=m4
		printf 'coprocessor "%s" {\n engine = "%s"\n firmware-any = true\n banks = %d\n' \
			$name_ $engine_ "${banks:-64}"
		printf ' slice-us = %d\n}\n' "${slice:-5000}"
	done > "$tmp/coprocd.conf"
	LD_PRELOAD=${1-} coprocd -c "$tmp/coprocd.conf" 2> "$tmp/coprocd.log" &
	coprocd=$!
	wait_for 60 grep -q event=serving "$tmp/coprocd.log" || die "coprocd does not serve: $(cat "$tmp/coprocd.log")"
}

coprocd_stop() {
	kill "$coprocd"
	wait "$coprocd" || die "coprocd ended badly: $(tail -n 5 "$tmp/coprocd.log")"
}

# agent NAME COPROCESSOR [PRELOAD]: a guest, attached; pipes $tmp/NAME.in and .out,
# domain in $domid
agent() {
	[ "$2" = null ] && engine_=null || engine_=cortex-m
	mkfifo "$tmp/$1.in" "$tmp/$1.out"
	coproc-loopback domain --detach --name "$1" -- sh -c '
		until xenstore-exists device/vcoproc/0/state; do sleep 0.05; done
		LD_PRELOAD=$1; export LD_PRELOAD; shift
		exec "$@"' sh "${3-}" bench-guest --engine $engine_ --firmware "$FW/work.elf" \
		--in "$tmp/$1.in" --out "$tmp/$1.out" > "$tmp/$1.domid" 2> "$tmp/$1.err" ||
		die "domain $1 does not start: $(cat "$tmp/$1.err")"
	domid=$(cat "$tmp/$1.domid")
	coproc-attach --weight 100 --max-class realtime "$domid" "$2" > "$tmp/attach.out" 2>&1 ||
		die "domain $1 is not attached: $(cat "$tmp/attach.out")"
}

# pids_of COMM: processes of that name (15 characters), of all domains
pids_of() { for p_ in /proc/[0-9]*; do read -r c_ < "$p_/comm" && [ "$c_" = "$1" ] && echo "${p_#/proc/}"; done 2> /dev/null; }
