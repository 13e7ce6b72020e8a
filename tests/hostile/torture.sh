#!/bin/sh
# SPDX-License-Identifier: MIT
# Honest and hostile guests at random, several at once, in a world in which the
# toolstack changes its mind and kills come as they may; then everything that
# must hold: results to the byte, nothing left of anybody, coprocd alive.
#
#   SEED=n TORTURE_SECONDS=m tests/hostile/torture.sh
#
# The same seed makes the same choices; the machine still decides who is first.
. tests/scenario/world.sh
SEED=${SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
export SEED
inside "$@"
SECONDS_=${TORTURE_SECONDS:-20}
echo "# SEED=$SEED TORTURE_SECONDS=$SECONDS_: the same again"
conf "firmware-any = true" "slice-us = 2000" "banks = 24" "max-run-limit-us = 20000000" "kill-grace-us = 5000000"

state_=$((SEED % 2147483646 + 1))
# pick COUNT: sets $r, 0 to COUNT - 1 (Lehmer's generator: the shell has 64 bits)
pick() { state_=$((state_ * 48271 % 2147483647)); r=$((state_ / 16 % $1)); }
# one WORD...: sets $w, one of them
one() { pick $#; shift $r; w=$1; }
engine() { pgrep -f "coproc-engine-cortex-m --domid $1 " | tail -n 1; }
# Memory of banks stays when it was made, for whoever is next.
holds() {
	echo "$(handles) fds $(ls -l "/proc/$coprocd/fd" | grep -vc memfd:coproc-bank) workers $(pgrep -c -f 'coproc-engine-cortex-m --domid')"
}
settled() {
	round_=0
	while [ "$(holds)" != "$base" ] && [ $round_ -lt 1500 ]; do
		sleep 0.02
		round_=$((round_ + 1))
	done
	[ "$(holds)" = "$base" ]
}
be() { echo "/local/domain/0/backend/vcoproc/$1/0/$2"; }

honest=0 hostile=0 strange= wrong= killed=0 changed=0 number=0 alive=
# "NAME:DOMID:KIND" of each guest that is there; KIND: honest, attack, doomed
begin() {
	number=$((number + 1))
	name=t$number
	one normal normal realtime batch
	class=$w
	one honest honest attack attack doomed
	kind=$w
	case $kind in
	honest)
		# Up to jobs of some milliseconds: a worker that is killed should have one.
		pick 6; bytes=$((256 << r * 2)); pick 8; flight=$((r + 1)); pick 300; jobs=$((r + 20))
		guest $name guest-once --firmware "$FW/work.elf" --jobs $jobs --bytes $bytes \
			--in-flight $flight --class $class
		honest=$((honest + 1)) ;;
	doomed)
		one open load context buffer queue submit wait close
		guest $name guest-once --firmware "$FW/work.elf" --jobs 5000 --bytes 4096 --die $w
		hostile=$((hostile + 1)) ;;
	attack)
		one rings grants nodes memory stale headers hoard order faults storm flap half race breaks connects
		case $w in
		storm | flap | breaks | connects) with=1 ;;
		race) with=300 ;;
		*) with=$FW/work.elf ;;
		esac
		kind=attack-$w
		guest $name hostile $w "$with"
		hostile=$((hostile + 1)) ;;
	esac
	pick 1000
	coproc-attach --max-class realtime --weight $((r + 1)) "$domid" m4 > /dev/null 2>&1
	alive="$alive $name:$domid:$kind"
}
# A guest whose device or worker was touched may say that something failed; that
# a result was wrong, or that a job ran twice, none may.
touched() { echo "$1" >> "$tmp/touched"; }
judge() { # judge NAME KIND
	out=$(cat "$tmp/$1.out" 2> /dev/null)
	case $out in
	*jobs=*)
		case $out in
		*" wrong=0 twice=0 strange=0 "*) ;;
		*) wrong="$wrong $1($2):$out" ;;
		esac ;;
	esac
	grep -qx "$1" "$tmp/touched" && return
	case $2 in
	honest) [ "$(cat "$tmp/$1.rc")" = 0 ] || strange="$strange $1($2):$out" ;;
	attack-*) [ "$(cat "$tmp/$1.rc")" = 0 ] || strange="$strange $1($2):$(grep '^not ok' "$tmp/$1.out")" ;;
	esac
}
# Ends: those that are done are judged and destroyed.
reap() {
	left_=
	for g in $alive; do
		name=${g%%:*} d=${g#*:}
		kind=${d#*:} d=${d%%:*}
		if [ -s "$tmp/$name.rc" ]; then
			judge "$name" "$kind"
			coproc-loopback destroy "$d"
		else
			left_="$left_ $g"
		fi
	done
	alive=$left_
}
# The toolstack, or fate, does something to one of them.
meddle() {
	[ -n "$alive" ] || return
	one $alive
	name=${w%%:*} d=${w#*:}
	d=${d%%:*}
	pick 11
	case $r in
	0 | 1) pick 1000; xenstore-write "$(be "$d" weight)" $((r + 1)) 2> /dev/null; changed=$((changed + 1)) ;;
	2) one 0 10 50; xenstore-write "$(be "$d" cap)" "$w" 2> /dev/null; changed=$((changed + 1)); touched "$name" ;;
	3) one realtime normal batch; touched "$name"
		xenstore-write "$(be "$d" max-class)" "$w" 2> /dev/null; changed=$((changed + 1)) ;;
	4 | 8 | 9 | 10) touched "$name"; pid=$(engine "$d"); [ -z "$pid" ] || kill -9 "$pid" 2> /dev/null; killed=$((killed + 1)) ;;
	5) touched "$name"; xenstore-write "$(be "$d" online)" 0 2> /dev/null; changed=$((changed + 1)) ;;
	6) touched "$name"; xenstore-rm "/local/domain/0/backend/vcoproc/$d" 2> /dev/null
		coproc-attach "$d" m4 > /dev/null 2>&1; changed=$((changed + 1)) ;;
	7) touched "$name"; coproc-loopback destroy "$d"; killed=$((killed + 1))
		alive=$(echo " $alive " | sed "s/ $name:[^ ]* / /") ;;
	esac
}

: > "$tmp/touched"
coprocd_start
guest calm guest-once --firmware "$FW/work.elf" --until "$tmp/enough" --bytes 1024 --in-flight 2 --pace 2000
calm=$domid
attach "$calm"
guest first guest-once --firmware "$FW/work.elf" --jobs 3
attach "$domid"
guest_rc first > /dev/null
coproc-loopback destroy "$domid"
until_ grep -q "event=disconnected dom=$domid" "$tmp/coprocd.log"
base=
until [ "$base" = "$(holds)" ]; do
	base=$(holds)
	sleep 0.7
done

end=$(($(date +%s) + SECONDS_))
while [ "$(date +%s)" -lt $end ] || [ $number -lt 12 ]; do
	[ "$(echo $alive | wc -w)" -ge 5 ] || begin
	pick 3
	[ $r -gt 0 ] || meddle
	pick 20
	sleep "0.$(printf %02d $((r + 1)))"
	reap
	kill -0 $coprocd 2> /dev/null || break
done
# Nobody begins any more: who can come to an end has a minute for it.
until_=$(($(date +%s) + 60))
while [ -n "$alive" ] && [ "$(date +%s)" -lt $until_ ] && kill -0 $coprocd; do
	untouched=
	for g in $alive; do grep -qx "${g%%:*}" "$tmp/touched" || untouched="$untouched $g"; done
	[ -n "$untouched" ] || break
	sleep 0.1
	reap
done
for g in $alive; do
	name=${g%%:*} d=${g#*:}
	grep -qx "$name" "$tmp/touched" || strange="$strange $g:did-not-end:$(tail -n 1 "$tmp/$name.out")"
	coproc-loopback destroy "${d%%:*}"
done
echo "# $honest honest guests, $hostile hostile ones, $killed kills, $changed changes of the toolstack"
kill -0 $coprocd 2> /dev/null
is "SEED=$SEED: coprocd is alive" $? 0
is "no result is wrong, no job ran twice or ended twice" "${wrong:-none}" none
is "those whom nobody touched ended as they should" "${strange:-none}" none
settled
is "nothing is left of all of them" "$(holds)" "$base"
scrubs=$(grep -c "event=scrub" "$tmp/coprocd.log")
is "each of $scrubs scrubs proved zero" "$(grep "event=scrub" "$tmp/coprocd.log" | grep -c "nonzero_after=0.*verified=zero")" "$scrubs"
# Who had a context had memory.
with=$(grep -o '"ev":"start","dom":[0-9]*' "$tmp/trace.jsonl" | sort -u | wc -l)
if [ "$scrubs" -ge $((with - 1)) ]; then ok "there were not fewer scrubs than domains that had jobs, but the neighbour"; else
	not_ok "there were not fewer scrubs than domains that had jobs, but the neighbour" "$with domains"; fi
# Whatever ended, ended once: no id of one connection twice.
twice=$(grep -c '"ev":"end"' "$tmp/trace.jsonl")
started=$(grep -c '"ev":"accept"' "$tmp/trace.jsonl")
if [ "$twice" -le "$started" ] && [ "$twice" -gt 0 ]; then ok "$started jobs were accepted, $twice ended: none more than was accepted"; else
	not_ok "no more jobs ended than were accepted" "$twice of $started"; fi
: > "$tmp/enough"
is "the neighbour's jobs all ran, once" "$(guest_rc calm)" 0
like "each result to the byte" "$(cat "$tmp/calm.out")" "fault=0 lost=0 cancelled=0 other=0 wrong=0 twice=0 strange=0"
echo "# $(cat "$tmp/calm.out")"
coprocd_stop
is "coprocd ends when told to" $? 0
[ $bad -eq 0 ] || cp "$tmp/coprocd.log" "$tmp/trace.jsonl" "$B/test-logs/" 2> /dev/null
done_
