#!/bin/sh
# SPDX-License-Identifier: MIT
# What other tests meet by chance: a worker that dies, refuses or lies, memory
# that is out, a guest that goes, each at a moment that moments*.c choose.
. tests/scenario/world.sh
inside "$@"
PUPPET_DIR=$tmp/puppet
export PUPPET_DIR
mkdir "$PUPPET_DIR"
{
	echo 'log-level = debug'
	echo 'coprocessor "m4" {'
	echo '  engine = "puppet"'
	echo '  firmware-any = true'
	echo '  kill-grace-us = 300000'
	echo '}'
} > "$tmp/coprocd.conf"
coprocd() {
	exec env FAULTY_SOON="$PUPPET_DIR/soon" FAULTY_ASKS="$PUPPET_DIR/asks" \
		coprocd-faulty -e "$B/libexec" "$@"
}
coprocd_start
backend-moments "$PUPPET_DIR" "$coprocd" hand &
hand=$!
# What a guest asks the toolstack for, by way of the hand.
class() {
	cat > "$PUPPET_DIR/$1" << END
#!/bin/sh
: > "$tmp/coprocd.log"
coproc-attach --update --max-class $1 $domid 0
until grep -q "event=share-changed dom=$domid .*max-class=$1" "$tmp/coprocd.log"; do sleep 0.01; done
END
	chmod +x "$PUPPET_DIR/$1"
}
for part in objects jobs rings; do
	guest $part backend-moments "$PUPPET_DIR" "$coprocd" $part
	class batch
	class realtime
	coproc-attach --max-class realtime "$domid" m4 > /dev/null
	is "moments of $part" "$(guest_rc $part 120)" 0
	results $part
	coproc-loopback destroy "$domid"
done

# ---- a second domain, with a puppet of its own ----
guest beside sh -c 'exec backend-moments "$1/$(cat "$1/beside")" "$2" beside' sh "$PUPPET_DIR" "$coprocd"
beside=$domid
mkdir "$PUPPET_DIR/$beside"
echo "$beside" > "$PUPPET_DIR/beside"
coproc-attach --max-class realtime "$beside" m4 > /dev/null
until_ test -e "$PUPPET_DIR/$beside/stay"
cat > "$PUPPET_DIR/leave" << END
#!/bin/sh
rm "$PUPPET_DIR/$beside/stay"
until grep -q event=coprocessor-stopped "$tmp/coprocd.log"; do sleep 0.01; done
END
chmod +x "$PUPPET_DIR/leave"
guest two backend-moments "$PUPPET_DIR" "$coprocd" two
coproc-attach --max-class realtime "$domid" m4 > /dev/null
is "moments of two domains" "$(guest_rc two 120)" 0
results two
is "the second one" "$(guest_rc beside)" 0
results beside
kill "$hand"
coprocd_stop
is "coprocd ends when told to" $? 0

# ---- xenstored does not take what it is told, so no connection can be closed ----
: > "$tmp/coprocd.log"
coprocd_start
guest left sh -c 'exec backend-moments "$1/$(cat "$1/beside")" "$2" beside' sh "$PUPPET_DIR" "$coprocd"
mkdir "$PUPPET_DIR/$domid"
echo "$domid" > "$PUPPET_DIR/beside"
coproc-attach --max-class realtime "$domid" m4 > /dev/null
until_ test -e "$PUPPET_DIR/$domid/stay"
worker=$(cat "$PUPPET_DIR/$domid/pid")
echo "xs_write hold" > "$PUPPET_DIR/soon"
coprocd_stop
is "xenstored takes nothing: coprocd ends all the same" $? 0
like "and says why it took so long" "$(cat "$tmp/coprocd.log")" event=store-stuck
is "and leaves no worker" "$(kill -0 "$worker" 2> /dev/null || echo gone)" gone
done_
