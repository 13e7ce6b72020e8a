#!/bin/sh
# SPDX-License-Identifier: MIT
# Worlds begin, end and break; nothing is left of them.
. tests/unit/tap.sh
# A name of our own for what runs in these worlds, so that we can look for it.
mark=86400.$$
gone() { ! pgrep -f "sleep $mark" > /dev/null; }
export TMPDIR=$tmp
dirs() { ls "$tmp" | grep -c '^coproc-loopback\.'; }
nothing_left() {
	if until_ gone && [ "$(dirs)" = 0 ]; then ok "$1: nothing is left"; else
		not_ok "$1: nothing is left" "$(pgrep -af "sleep $mark") $(ls "$tmp")"; fi
}
# Starts a world in the background with a guest in it; sets w, and broker and xs, by their pids.
world() {
	# A shell's background commands ignore SIGINT, and so would the world's.
	env --default-signal=INT "$L" run -- sh -c "$L domain --detach --name g -- sleep $mark; touch $tmp/up; exec sleep $mark" > "$tmp/out" 2>&1 &
	w=$!
	until_ test -e "$tmp/up" || echo "# the world did not come up: $(cat "$tmp/out")"
	rm -f "$tmp/up"
	broker=$(pgrep -P $w)
	xs=$(pgrep -P "$broker" xenstored)
}

"$L" run -- sh -c 'exit 7' 2> "$tmp/err"; is "a command's status is the world's" $? 7
"$L" run -- sh -c 'kill -9 $$' 2> "$tmp/err"; is "a command killed by a signal" $? 137
"$L" run -- "$tmp/nothing" 2> "$tmp/err"; is "a command that is not there" $? 127
like "and which one it was" "$(cat "$tmp/err")" "cannot run $tmp/nothing"
"$L" run -- "$tmp" 2> "$tmp/err"; is "a command that cannot be run" $? 126
"$L" run 2> "$tmp/err"; is "no command" $? 2
"$L" run --max-grants 3x true 2> "$tmp/err"; is "a bad number" $? 2
"$L" run --xenstored "$tmp/nothing" true 2> "$tmp/err"; is "no xenstored" $? 125
"$L" list 2> "$tmp/err"; is "outside any world" $? 125
like "says where it would work" "$(cat "$tmp/err")" "inside 'coproc-loopback run'"
is "standard input and output are the caller's" "$(echo hello | "$L" run -- cat)" hello
nothing_left "after worlds that ended"

in_world() { "$L" run -- sh -c "$1" 2>&1; }
is "a domain's status" "$(in_world '$L domain -- sh -c "exit 9"; echo $?')" 9
is "a domain's pipes" "$(in_world 'echo x | $L domain -- cat | tr x y')" y
is "its number and its name" "$(in_world '$L domain --domid 5 --name five -- sh -c "xenstore-read domid name"')" "5
five"
like "a number that is taken" "$(in_world '$L domain --domid 5 --detach -- sleep 9; $L domain --domid 5 -- true')" "that domid is taken"
like "a name that cannot be" "$(in_world '$L domain --name a/b -- true')" "without '/'"
like "a guest makes no domains" "$(in_world '$L domain -- $L domain -- true')" "only domain 0 may"
like "a guest lists none" "$(in_world '$L domain -- $L list')" "only domain 0 may"
like "a guest destroys none" "$(in_world '$L domain --domid 3 --detach -- sleep 9; $L domain -- $L destroy 3')" "only domain 0 may"
like "a world inside a world" "$(in_world '$L run -- true')" "inside a world already"
like "list" "$(in_world '$L domain --detach --name gg -- sleep 9; $L list')" "    1 gg                   running"
like "destroy" "$(in_world '$L domain --detach --name gg -- sleep 9; $L destroy 1; sleep 0.2; echo "[$($L list | grep -c gg)]"')" "[0]"
like "destroy what is not there" "$(in_world '$L destroy 9')" "there is no such domain"
is "stats as JSON" "$(in_world '$L stats --json' | grep -c '"domid": 0, "name": "Domain-0", "state": "running"')" 1
is "a guest sees its own directory only" "$(in_world '$L domain --detach -- sleep 9 > /dev/null; $L domain -- sh -c "ls \$XENSTORED_RUNDIR | xargs"')" "hv xenstored"
is "and puts nothing there" "$(in_world '$L domain -- sh -c "touch \$XENSTORED_RUNDIR/x 2>&1 | grep -c Read-only"')" 1
is "closed standard descriptors" "$("$L" run -- sh -c 'ls -l /proc/self/fd | grep -c /dev/null' <&- 2>&-)" 2
if [ "$(id -u)" = 0 ]; then
	is "and nothing below it, not even root" "$(in_world '$L domain -- sh -c "umount -l \$XENSTORED_RUNDIR 2>/dev/null; ls \$XENSTORED_RUNDIR | xargs"')" ""
	is "--user" "$(in_world '$L domain --user nobody -- sh -c "id -u; xenstore-read domid"' | xargs)" "65534 1"
else
	skip "and nothing below it, not even root" "not root"
	skip "--user" "not root"
fi
is "a guest's processes are its own" "$(in_world '$L domain -- sh -c "ps ax | grep -c xenstore[d]"')" 0
is "a worker may unshare and change its root" "$(in_world 'unshare -Urnpfm --propagation private chroot / id -u; $L domain -- unshare -Urnpfm --propagation private chroot / id -u' | xargs)" "0 0"
is "a domain ends with its asker" "$(in_world '$L domain -- sleep 99 & sleep 0.3; kill -9 $!; sleep 0.3; $L list | wc -l')" 2
is "a detached one does not" "$(in_world '$L domain --detach -- sleep 99 > /dev/null; sleep 0.2; $L list | wc -l')" 3
like "signals reach a domain's command" "$(in_world '$L domain -- sh -c "trap \"echo got; exit 3\" TERM; while :; do sleep 0.05; done" & sleep 0.5; kill $!; wait $!; echo $?' | xargs)" "got 3"
is "orphans of a domain die with it" "$(in_world "\$L domain -- sh -c 'setsid sleep $mark & sleep 0.1'"; sleep 0.2; pgrep -cf "sleep $mark")" 0
nothing_left "after worlds with domains"

world; kill -TERM $w; wait $w; is "SIGTERM ends a world" $? 143
nothing_left "after SIGTERM"
world; kill -INT $w; wait $w; is "SIGINT ends a world" $? 130
nothing_left "after SIGINT"
world; kill -9 $w; wait $w 2> /dev/null
nothing_left "after SIGKILL of coproc-loopback"
world; kill -9 "$broker"; wait $w; is "SIGKILL of the broker" $? 125
nothing_left "after it"
world; kill -9 $w "$broker"; wait $w 2> /dev/null; until_ gone
is "SIGKILL of both leaves no process" "$(pgrep -cf "sleep $mark")" 0
"$L" run -- true
nothing_left "and the next start removes the directory"

# From outside the world the sockets can be reached by root, or by the user whose
# world it is, but the broker does not know the caller.
world
out=$(for s in "/proc/$broker/root$(ls -d "$tmp"/coproc-loopback.*)"/d*/hv; do
	COPROC_LOOPBACK_SOCKET=$s LD_LIBRARY_PATH=$B/loopback/lib timeout 5 "$T/loopback-hostile" 1 2>&1 < /dev/null; done)
case $out in *lives*) not_ok "nobody is a domain from outside" "$out" ;; *) ok "nobody is a domain from outside" ;; esac
like "and the attempt is told" "$(sleep 0.1; cat "$tmp/out")" "a connection to domain 1 refused"
kill -TERM $w; wait $w

# xenstored dies: domains live, new ones are refused with the reason, then it is started again.
cat > "$tmp/xs.sh" << 'END'
$L domain --detach --name old -- sleep 99 > /dev/null
touch $1/up
until [ -e $1/killed ]; do sleep 0.02; done
sleep 0.2
$L domain -- true
echo "status $?"
$L list | grep -c old
$L xenstored; echo "again $?"
$L xenstored
for i in 1 2 3 4 5 6 7 8 9 10; do xenstore-read domid > /dev/null 2>&1 && break; sleep 0.05; done
$L domain --name new -- xenstore-read name
END
"$L" run -- sh "$tmp/xs.sh" "$tmp" > "$tmp/out" 2>&1 & w=$!
until_ test -e "$tmp/up"
kill -9 "$(pgrep -P "$(pgrep -P $w)" xenstored)"; touch "$tmp/killed"; wait $w
out=$(cat "$tmp/out")
like "xenstored's death is told" "$out" "xenstored has ended (status 137)"
like "no domain without it" "$out" "xenstored has died"
like "the old domain lives" "$out" "
1
"
like "it can be started again" "$out" "again 0"
like "once" "$out" "starting xenstored: it is running"
like "and serves new domains" "$out" "
new"

# F20: a stopped process holds nobody up.
is "a stopped guest stops nobody else" "$(in_world "timeout 20 sh -c '
\$L domain --domid 1 --detach -- sleep 99 > /dev/null
\$L domain --domid 2 -- sh -c \"kill -STOP \\\$\\\$\" & sleep 0.3
for i in 1 2 3; do \$L domain -- true || exit 1; done
\$L destroy 2; wait; echo through'")" through
is "messages that make no sense" "$(in_world '$L domain -- $T/loopback-hostile 20000')" "20000 messages, the broker lives"

like "nonsense for xenstore" "$(in_world '$L domain -- $T/loopback-hostile 20000 xenstore')" "20000 messages, xenstore lives"
is "nonsense from domain 0" "$(in_world '$T/loopback-hostile 20000' | tail -1)" "20000 messages, the broker lives"

user() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/ TMPDIR=/tmp "$@"; }
if [ "$(id -u)" != 0 ]; then
	skip "as an ordinary user" "these tests run as one already"
elif ! user unshare -Ur true 2> /dev/null; then
	skip "as an ordinary user" "user namespaces are forbidden here"
elif ! user test -x "$T/loopback-grants"; then
	skip "as an ordinary user" "that user cannot reach the build directory"
else
	for t in grants events xenstore; do
		out=$(user "$T/loopback-$t" 2>&1)
		is "as an ordinary user: $t" "$(echo "$out" | grep '^not ok'; echo "$out" | grep -c '^1\.\.')" 1
	done
fi
done_
