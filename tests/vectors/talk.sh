#!/bin/sh
# SPDX-License-Identifier: MIT
# Plays the talks of protocol/vectors against coprocd, with a coprocessor that
# executes nothing.
. tests/scenario/world.sh
inside "$@"

# What coprocd does not do yet, TALK:RULE.  A talk that passes while it stands
# here fails, so that this list cannot outlive its reasons.
known=""

gap() {
	for k in $known; do
		[ "${k%%:*}" != "$1" ] || echo "${k#*:}"
	done
}

cat > "$tmp/coprocd.conf" << EOT
log-level = debug
coprocessor "m4" {
  engine = "null"
  firmware-any = true
  max-queues = 4
  max-ring-order = 7
  max-contexts = 4
  max-buffers = 8
  max-pages = 64
  max-firmware = 4
}
EOT
coprocd_start
guest g talk protocol/vectors/objects.talk protocol/vectors/jobs.talk
attach "$domid"
rc=$(guest_rc g 300)
while read -r line; do
	talk=${line##*: }
	case $line in
	"ok "*)
		if [ -n "$(gap "$talk")" ]; then
			not_ok "${line#* - }" "passes now: take it off the list in $0"
		else
			ok "${line#* - }"
		fi ;;
	"not ok "*)
		if [ -n "$(gap "$talk")" ]; then
			skip "${line#* - }" "coprocd does not hold $(gap "$talk") yet"
		else
			not_ok "${line#* - }"
		fi ;;
	"# "*) echo "$line" ;;
	esac
done < "$tmp/g.out"
like "all talks were played" "$(cat "$tmp/g.out")" \
	"1..$(cat protocol/vectors/*.talk | grep -c '^talk ')"
case $rc in
0 | 1) ok "the frontend ended by itself" ;;
*) not_ok "the frontend ended by itself" "$rc" && tail -n 15 "$tmp/coprocd.log" | sed 's/^/# /' ;;
esac
coprocd_stop
is "coprocd ends when told to" $? 0
done_
