#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests of this folder fail where they should: the product with one defect of
# broken.tbl at a time, and the test that has to find it.  Takes minutes, and is no
# part of a check.
#
#   tests/hostile/broken.sh [NAME...]      these defects; without one, all
#
# It works on a copy of the tree and of what is built, which has to be up to date
# (`make -f build.mk tests`).
. tests/unit/tap.sh
tree=$B/hostile-broken.$$
log=$B/hostile-broken.log
tab=$(printf '\t')
: > "$log"
trap 'rm -rf "$tmp" "$tree"' EXIT
mkdir -p "$tree/build"
git ls-files -z | xargs -0 cp --parents --preserve=timestamps -t "$tree" 2>> "$log"
# With their times, so that only what depends on a defect is built again.
for d in bin lib libexec obj test firmware; do cp -a "$B/$d" "$tree/build/"; done
rm -rf "$tree/build/test-logs"

# rebuild: what the tests here use, and nothing more
rebuild() {
	make -C "$tree" -f build.mk -j2 B=build all build/test/hostile build/test/hostile-victim build/test/hostile-flat \
		build/test/guest-once >> "$log" 2>&1
}

seeded() { # seeded NAME SOURCE MUST-FAIL COMMAND SED
	changed=yes
	for f in $2; do
		cp -p "$tree/$f" "$tmp/$(basename "$f")"
		sed "$5" "$tmp/$(basename "$f")" > "$tree/$f"
		cmp -s "$tmp/$(basename "$f")" "$tree/$f" && changed=
	done
	if [ -z "$changed" ]; then
		not_ok "$1: seeded into $2" "the sed script of broken.tbl changes nothing there any more"
	elif rebuild; then
		begin=$(date +%s)
		(cd "$tree" && B=build SAN= timeout -k 10 900 sh -c "$4") > "$tmp/$1.tap" 2>> "$log" < /dev/null
		found=$(grep -E "^not ok .*($3)" "$tmp/$1.tap" | head -n 1)
		if [ -n "$found" ]; then ok "$1 in $2: found by $4"; else
			not_ok "$1 in $2: found by $4" "nothing failed that says '$3'"; fi
		echo "# in $(($(date +%s) - begin)) s: ${found:-$(grep '^not ok' "$tmp/$1.tap" | head -n 3)}"
		{ echo "== $1"; cat "$tmp/$1.tap"; } >> "$log"
	else
		not_ok "$1: seeded into $2" "it does not compile any more: $log"
	fi
	for f in $2; do cp "$tmp/$(basename "$f")" "$tree/$f"; done
}

rebuild || { not_ok "the copy is built" "$(tail -n 3 "$log")"; done_; }
grep -v '^#' tests/hostile/broken.tbl > "$tmp/table"
while IFS=$tab read -r name source fails command script; do
	[ $# -eq 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
	seeded "$name" "$source" "$fails" "$command" "$script"
done < "$tmp/table"
[ "$n" -gt 0 ] || not_ok "broken.tbl has $*"
done_
