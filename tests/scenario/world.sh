# SPDX-License-Identifier: MIT
# Sourced by scenarios: a world with coprocd in domain 0.
#
#   inside "$@"                run this very script inside a loopback world, once
#   coprocd_start              with $conf; its log is $tmp/coprocd.log
#   coprocd_halt               SIGSTOP, where nobody but it stands still
#   guest NAME COMMAND...      a domain that runs it once a device is attached, and
#                              stays; sets $domid; output in $tmp/NAME.out
#   attach DOMID [OPTION...]   to coprocessor m4
. tests/unit/tap.sh

export PATH="$B/bin:$B/test:$PATH"
FW=$B/firmware

inside() {
	[ -z "${IN_WORLD-}" ] || return 0
	export IN_WORLD=1
	rm -rf "$tmp"
	exec coproc-loopback run -- "$0" "$@"
}

digest() { sha256sum "$1" | cut -d' ' -f1; }

# conf [LINE...]: lines of the coprocessor's section
conf() {
	{
		echo 'log-level = debug'
		echo 'coprocessor "m4" {'
		echo '  engine = "cortex-m"'
		for line; do echo "  $line"; done
		echo '}'
	} > "$tmp/coprocd.conf"
}

coprocd_start() {
	coprocd -c "$tmp/coprocd.conf" --trace "$tmp/trace.jsonl" 2>> "$tmp/coprocd.log" &
	coprocd=$!
	until_ grep -q event=serving "$tmp/coprocd.log" || {
		not_ok "coprocd serves" "$(cat "$tmp/coprocd.log")"
		done_
	}
}

# Stops coprocd where xenstored goes on without it: a request of a socket's client
# is two writes, head and body, and Debian's xenstored answers nobody between them
# (loopback/README.md).  So it is asked, and coprocd goes on and is stopped anew.
coprocd_halt() {
	halts_=0
	while kill -STOP "$coprocd" && ! timeout 2 xenstore-list / > /dev/null; do
		kill -CONT "$coprocd"
		halts_=$((halts_ + 1))
		echo "# coprocd was stopped within a request to xenstored"
		[ $halts_ -lt 20 ] || { not_ok "xenstored answers while coprocd is stopped"; done_; }
		sleep 0.1
	done
}

# Return: coprocd's exit status; another when a sanitizer it was built with complains
coprocd_stop() {
	kill "$coprocd"
	wait "$coprocd"
	rc_=$?
	grep -E -A 20 'Sanitizer|runtime error' "$tmp/coprocd.log" | sed 's/^/# /' | grep . && rc_=99
	return $rc_
}

guest() {
	name=$1
	shift
	# To a file: the domain keeps its output open, so $() would wait for its end.
	coproc-loopback domain --detach --name "$name" -- \
		sh -c 'out=$1; rc=$2; shift 2
			until xenstore-exists device/vcoproc/0/state; do sleep 0.05; done
			"$@" > "$out" 2>&1; echo $? > "$rc"; exec sleep 600' \
		sh "$tmp/$name.out" "$tmp/$name.rc" "$@" > "$tmp/$name.domid" || {
		not_ok "domain $name starts" "$(cat "$tmp/$name.domid")"
		done_
	}
	domid=$(cat "$tmp/$name.domid")
}

connections() { grep -c "event=connected dom=$1 " "$tmp/coprocd.log"; }
more_than() { [ "$(connections "$2")" -gt "$1" ]; }

# Told by the log, not by `--wait`: a guest that ends at once may be gone again
# before that looks.
attach() {
	d=$1
	shift
	were=$(connections "$d")
	coproc-attach "$@" "$d" m4 > "$tmp/attach.out" 2>&1 &&
		{ until_ more_than "$were" "$d" || until_ more_than "$were" "$d"; } || {
		not_ok "domain $d is attached" "$(cat "$tmp/attach.out")"
		tail -n 20 "$tmp/coprocd.log" | sed 's/^/# /'
		done_
	}
}

# guest_rc NAME [SECONDS]: waits for the guest's command and prints its status
guest_rc() {
	i=0
	while ! [ -s "$tmp/$1.rc" ] && [ $i -lt $((${2:-60} * 10)) ]; do
		sleep 0.1
		i=$((i + 1))
	done
	cat "$tmp/$1.rc" 2>/dev/null || echo "did not end"
}

# results NAME: a guest's own "ok - ..." lines, numbered with ours
results() {
	while read -r line; do
		case $line in
		"ok - "*) ok "$1: ${line#ok - }" ;;
		"not ok - "*) not_ok "$1: ${line#not ok - }" ;;
		*) echo "# $line" ;;
		esac
	done < "$tmp/$1.out"
}

handles() { coproc-loopback stats | awk '$1 == 0 { print $3, $4, $5, $6 }'; }
