# SPDX-License-Identifier: MIT
# states.tbl to C and to the page; `want` is "source" or "page".  Every cell
# must be there exactly once, so that no pair of states is left to chance.

function fail(what) {
	printf "%s:%d: %s\n", FILENAME, FNR, what > "/dev/stderr"
	failed = 1
	exit 1
}

BEGIN {
	split("Unknown Initialising InitWait Initialised Connected Closing Closed Reconfiguring Reconfigured", t, " ")
	for (k = 1; k <= 9; k++) label[k - 1] = t[k]
	label[9] = "vanished"; label[10] = "late"
	split("UNKNOWN INITIALISING INIT_WAIT INITIALISED CONNECTED CLOSING CLOSED RECONFIGURING RECONFIGURED", t, " ")
	for (k = 1; k <= 9; k++) c_name[k - 1] = t[k]
	all = "0,1,2,3,4,5,6,7,8,v,l"
	split("backend frontend", side, " "); split("stay leave", wish, " ")
	split("NONE ADVERTISE MAP TEARDOWN REMOVE CLOSE FORGET", t, " ")
	for (k in t) may["backend", t[k]] = 1
	split("NONE RESET PUBLISH READY LOST CLOSE FORGET", t, " ")
	for (k in t) may["frontend", t[k]] = 1
}

function number(s) {
	if (s ~ /^[0-8]$/) return s + 0
	if (s == "v") return 9
	if (s == "l") return 10
	fail("no such state: " s)
}

/^#/ || NF == 0 { next }

{
	if (NF < 7) fail("fewer columns than the heading names")
	if ($1 != "backend" && $1 != "frontend") fail("no such side")
	if ($2 != "stay" && $2 != "leave") fail("no such wish")
	if (!(($1, $5) in may)) fail("the " $1 " has no action " $5)
	why = $7; for (k = 8; k <= NF; k++) why = why " " $k
	gsub(/"/, "'", why)
	mines = split($3, mine, ",")
	peers = split($4 == "*" ? all : $4, peer, ",")
	for (m = 1; m <= mines; m++) for (p = 1; p <= peers; p++) {
		a = number(mine[m]); b = number(peer[p])
		if (a > 8) fail("mine is a state")
		if (($1, $2, a, b) in act) fail("cell " $1 " " $2 " " a " " peer[p] " is there twice")
		act[$1, $2, a, b] = $5
		next_[$1, $2, a, b] = $6 == "=" ? a : number($6)
		said[$1, $2, a, b] = why
	}
	# For the page: one line per row of this table.
	r = ++rows
	row_side[r] = $1; row_wish[r] = $2; row_mine[r] = $3; row_peer[r] = $4
	row_act[r] = $5; row_next[r] = $6; row_why[r] = why
}

END {
	if (failed) exit 1
	for (s = 1; s <= 2; s++) for (w = 1; w <= 2; w++)
		for (a = 0; a <= 8; a++) for (b = 0; b <= 10; b++)
			if (!((side[s], wish[w], a, b) in act)) {
				printf "%s: no cell for %s %s, mine %s, peer %s\n", FILENAME, side[s], wish[w], label[a], label[b] > "/dev/stderr"
				exit 1
			}
	if (want == "source") source()
	else page()
}

function source(    s, w, a, b, k) {
	print "// SPDX-License-Identifier: GPL-2.0 OR MIT"
	print "/*"
	print " * Made from states.tbl by xenstore-schema/generate; do not edit."
	print " */"
	print "#include \"state-table.h\""
	print ""
	print "#define X(action, next, why) { COPROC_DO_##action, COPROC_STATE_##next, why }"
	print ""
	print "const struct coproc_step coproc_step_table[2][2][COPROC_STATES][COPROC_PEERS] = {"
	for (s = 1; s <= 2; s++) {
		printf "\t[COPROC_SIDE_%s] = {\n", toupper(side[s])
		for (w = 1; w <= 2; w++) {
			printf "\t\t[COPROC_WISH_%s] = {\n", toupper(wish[w])
			for (a = 0; a <= 8; a++) {
				printf "\t\t\t[COPROC_STATE_%s] = {\n", c_name[a]
				for (b = 0; b <= 10; b++) {
					k = side[s] SUBSEP wish[w] SUBSEP a SUBSEP b
					printf "\t\t\t\t/* %s */ X(%s, %s,\n\t\t\t\t\"%s\"),\n", label[b], act[k], c_name[next_[k]], said[k]
				}
				print "\t\t\t},"
			}
			print "\t\t},"
		}
		print "\t},"
	}
	print "};"
}

function names(list,    n, t, k, out) {
	if (list == "*") return "any"
	n = split(list, t, ",")
	for (k = 1; k <= n; k++) out = out (k > 1 ? ", " : "") label[number(t[k])]
	return out
}

function grid(s, w,    a, b) {
	printf "| mine \\ peer |"
	for (b = 0; b <= 10; b++) printf " %s |", label[b]
	printf "\n|---|"
	for (b = 0; b <= 10; b++) printf "---|"
	print ""
	for (a = 0; a <= 8; a++) {
		printf "| **%s** |", label[a]
		for (b = 0; b <= 10; b++) {
			k = s SUBSEP w SUBSEP a SUBSEP b
			if (act[k] == "NONE") printf " - |"
			else if (next_[k] == a) printf " %s |", act[k]
			else printf " %s %d |", act[k], next_[k]
		}
		print ""
	}
}

function page(    s, w, r, last) {
	print "<!-- SPDX-License-Identifier: MIT -->"
	print "<!-- Made from states.tbl by xenstore-schema/generate; do not edit. -->"
	print "# The connection's states"
	print ""
	print "For each side: what it wishes, its own state and its peer's give one action and the"
	print "state to write after it. The same table runs in every implementation and in the tests."
	print ""
	print "- *mine Unknown*: started, and no state written yet, whatever the node says; the node is a"
	print "  predecessor's word."
	print "- *peer vanished*: there is no state node, or no right to read it. *Late*: nothing moved"
	print "  until my own deadline."
	print "- A step is written in one transaction that reads the peer's state again and writes nothing"
	print "  if it moved. So a pair of states is a fact, never a memory."
	print "- A backend maps only when the frontend says Initialised, never when it says Connected: after"
	print "  a backend's restart those references are stale."
	print "- Closed by the backend means: start again. Closing means: not like this; the reason is in"
	print "  `error`, and only a restart of either side begins anew. So a refusal cannot turn into a"
	print "  loop of attempts."
	print "- What a backend cannot do for its own reasons (ADVERTISE fails) changes no state: its reason"
	print "  is in `error`, and it tries again when something of its own changed. What depends on the"
	print "  peer (PUBLISH, MAP, READY) and a broken ring end in Closing."
	print "- When a side's own directory has vanished, the device is over: it lets everything go and"
	print "  writes nothing (FORGET), in whatever state it was."
	print ""
	print "In the grids, `-` is: wait; a number is the state written after the action."
	for (s = 1; s <= 2; s++) for (w = 1; w <= 2; w++) {
		print ""
		printf "## The %s, wishing to %s\n\n", side[s], wish[w]
		grid(side[s], wish[w])
		print ""
		print "| mine | peer | action | next | why |"
		print "|---|---|---|---|---|"
		for (r = 1; r <= rows; r++)
			if (row_side[r] == side[s] && row_wish[r] == wish[w])
				printf "| %s | %s | %s | %s | %s |\n", names(row_mine[r]), names(row_peer[r]), row_act[r], row_next[r] == "=" ? "" : label[row_next[r]], row_why[r]
	}
}
