# SPDX-License-Identifier: MIT
# Sourced: runs coproc-conform against a coprocd in a world of its own.
. tests/scenario/world.sh

# limits [ENGINE].  A job may run for longer than one of the cases takes on a busy machine.
limits() {
	cat > "$tmp/coprocd.conf" << EOT
engine-dir = "$B/libexec"
coprocessor "m4" {
  engine = "${1:-null}"
  firmware-any = true
  max-queues = 4
  max-ring-order = 7
  max-contexts = 16
  max-buffers = 64
  max-pages = 4096
  max-firmware = 8
  max-firmware-bytes = 1048576
  max-operands = 16
  max-run-limit-us = 10000000
}
EOT
}

# conformance NAME ENGINE PROGRAM ENTRIES CLASS [OPTION...]
conformance() {
	name=$1 engine=$2 program=$3 entries=$4 class=$5
	shift 5
	limits "$engine"
	: > "$tmp/coprocd.log"
	coprocd_start
	guest "$name" coproc-conform backend --device 0-15 --program "$program" --entries "$entries" \
		--toolstack "$tmp/toolstack" "$@"
	for i in $(seq 15 -1 0); do
		coproc-attach --devid $i --max-class "$class" "$domid" m4 > "$tmp/attach.out" 2>&1
	done
	rc=$(guest_rc "$name" 270)
	awk '/^passed / { print "ok - " $2 } /^FAILED / { print "not ok - " $2 }
		/^        |^n\/a / { print }' "$tmp/$name.out" > "$tmp/results.out"
	results results
	like "$name: all of it ran" "$(tail -n 1 "$tmp/$name.out")" " 0 failed"
	is "$name: its verdict" "$rc" 0
	coproc-loopback destroy "$domid"
	coprocd_stop
	is "$name: coprocd ends when told to" $? 0
}

# What a toolstack would do, asked for by a guest that may not: by a file.
toolstack_start() {
	cat > "$tmp/toolstack" << EOT
#!/bin/sh
printf '%s %s\n' "\$1" "\$2" > "$tmp/wish.new" && mv "$tmp/wish.new" "$tmp/wish"
i=0
while [ -e "$tmp/wish" ] && [ \$i -lt 250 ]; do sleep 0.02; i=\$((i + 1)); done
[ ! -e "$tmp/wish" ]
EOT
	chmod 755 "$tmp/toolstack"
	while sleep 0.02; do
		[ -e "$tmp/wish" ] || continue
		read -r node value < "$tmp/wish"
		xenstore-write "$node" "$value"
		rm -f "$tmp/wish"
	done > /dev/null 2>&1 &
	toolstack=$!
}

toolstack_stop() { kill "$toolstack"; }
