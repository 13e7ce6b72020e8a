#!/bin/sh
# SPDX-License-Identifier: MIT
# coproc-run in a guest, against coprocd with the engine that executes nothing,
# over loopback.  TAP.
set -u
B=${B:-build}
export B
case ${1:-} in
'')	exec "$B/bin/coproc-loopback" run -- "$0" world ;;
world)	;;
guest)	exec tests/frontend/run-cases.sh ;;
esac

dir=$(mktemp -d) || exit 1
export RUN_DIR="$dir"
daemon=
trap 'kill $daemon 2>/dev/null; wait; rm -rf "$dir"' EXIT

printf '\177ELF and what the null engine never looks at' > "$dir/allowed.elf"
printf '\177ELF of somebody else' > "$dir/denied.elf"
digest=$(sha256sum "$dir/allowed.elf" | cut -d ' ' -f 1)
cat > "$dir/coprocd.conf" <<CONF
log-level = "info"
coprocessor "box" {
	engine = "null"
	firmware-allow = { "$digest" }
	max-run-limit-us = 20000000
}
CONF
start() {
	"$B/bin/coprocd" --config "$dir/coprocd.conf" --engine-dir "$B/libexec" \
		2>> "$dir/coprocd.log" &
	daemon=$!
	echo "$daemon" > "$dir/daemon"
}
start
"$B/bin/coproc-loopback" domain --domid 5 --name guest -- "$0" guest &
guest=$!
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	"$B/bin/coproc-attach" --max-class realtime 5 box > "$dir/attach" 2>&1 && break
	sleep 0.1
done
touch "$dir/attached"
# The guest cannot restart a backend: it asks for it.
while kill -0 "$guest" 2>/dev/null; do
	if [ -e "$dir/restart" ]; then
		rm "$dir/restart"
		kill -9 "$daemon"
		wait "$daemon" 2>/dev/null
		start
	fi
	sleep 0.05
done
wait "$guest"
status=$?
[ "$status" = 0 ] || sed 's/^/# /' "$dir/attach" "$dir/coprocd.log" >&2
exit "$status"
