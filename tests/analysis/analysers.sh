#!/bin/sh
# SPDX-License-Identifier: MIT
# Static analysis: each analyser finds what was put there for it, and nothing is
# accepted but what is argued, line by line; and the first half of the analysis,
# of which analyse.sh has the result.
. tests/unit/tap.sh
dir=tests/analysis

for seed in "$dir"/seeds/*.c; do
	ANALYSE_CONFIG=.clang-tidy "$dir/cc" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -I. \
		-c -o "$tmp/seed.o" "$seed" 2> "$tmp/err" || echo "# $(cat "$tmp/err")"
	cut -f1,3 "$tmp/seed.o.findings" | tr '\t' / > "$tmp/found"
	for wanted in $(sed -n 's/.*finds: //p' "$seed"); do
		if grep -qxF "$wanted" "$tmp/found"; then
			ok "${seed##*/}: $wanted is found"
		else
			not_ok "${seed##*/}: $wanted is found" "found: $(tr '\n' ' ' < "$tmp/found")"
		fi
	done
done

# The list of what is argued: by text, by number, no longer than it is needed.
printf 'int a;\n\tint b;\nint b;\n' > "$tmp/x.c"
printf 't/c\t%s:1:1\tm\nt/c\t%s:2:1\tm\nt/c\t%s:3:1\tm\n' "$tmp/x.c" "$tmp/x.c" "$tmp/x.c" > "$tmp/found"
argued() { printf "$@" > "$tmp/list"; awk -f $dir/argued.awk -v list="$tmp/list" "$tmp/found" | cut -f1 | tr '\n' ' '; }
is "nothing argued, all is new" "$(argued '# nothing\n')" "new new new "
is "one line argued by its text" "$(argued 't/c %s\n\tint a;\n\t# why\n' "$tmp/x.c")" "argued new new "
is "one argument is for one line" "$(argued 't/c %s\n\tint b;\n\t# why\n' "$tmp/x.c")" "new argued new "
is "but for two when it says so" "$(argued 't/c %s 2\n\tint b;\n\t# why\n' "$tmp/x.c")" "new argued argued "
is "what is found only sometimes may be missing" "$(argued '? t/c %s\n\tint z;\n\t# why\n' "$tmp/x.c")" "new new new "
is "what is not found any more is stale" "$(argued 't/c %s\n\tint z;\n\t# why\n' "$tmp/x.c")" "new new new stale "
is "an argument needs a reason" "$(argued 't/c %s\n\tint a;\n' "$tmp/x.c")" "bad new new new "
is "another check's argument does not count" "$(argued 't/d %s\n\tint a;\n\t# why\n' "$tmp/x.c")" "new new new stale "

# Freestanding: what the kernel and a bare-metal frontend compile.
for target in 'gcc -m64' 'clang --target=aarch64-none-elf' 'clang --target=armv7m-none-eabi' \
	'clang --target=powerpc64-none-elf'; do
	bad_=
	for f in libcoproc-ring/*.c; do
		$target -std=c11 -ffreestanding -nostdinc -isystem "$(${target%% *} -print-file-name=include)" \
			-I. -Wall -Wextra -Wconversion -Wsign-conversion -Wcast-qual -Werror \
			-fsyntax-only "$f" > "$tmp/err" 2>&1 || bad_="$bad_ $f: $(head -n 3 "$tmp/err")"
	done
	is "libcoproc-ring compiles freestanding, without a warning: $target" "$bad_" ""
done

B=$B $dir/analyse --begin > "$tmp/out" 2> "$tmp/err"
rc=$?
[ $rc = 0 ] || tail -n 20 "$tmp/err" | sed 's/^/# /'
is "the first half of the product was analysed" "$rc" 0
done_
