#!/bin/sh
# SPDX-License-Identifier: MIT
# The library's outside: what coproc.h declares is what the shared library
# exports, and an installed copy serves a program that knows pkg-config only.
set -u
B=${B:-build}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0
n=0
result() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}
echo "1..5"

${CC:-cc} -E -P -I. frontend/user/coproc.h | tr '\n' ' ' | tr ';' '\n' |
	grep -o 'coproc_[a-z_]*(' | tr -d '(' | sort -u > "$dir/declared"
nm -D --defined-only "$B/lib/libcoproc.so.0" | awk '$2 == "T" { sub("@.*", "", $3); print $3 }' |
	sort > "$dir/exported"
diff "$dir/declared" "$dir/exported" >&2
result $? "exported is what is declared"
nm -D --defined-only "$B/lib/libcoproc.so.0" | awk '$2 != "T" && $2 != "A"' | grep . >&2
result $((! $?)) "no data is exported"

# As `make install` does, into a place of this test.
make -s -f build.mk B="$B" DESTDIR="$dir/root" prefix=/usr install-frontend-user \
	> "$dir/log" 2>&1 || cat "$dir/log" >&2
export PKG_CONFIG_PATH="$dir/root/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$dir/root"
cat > "$dir/program.c" <<'PROGRAM'
#include <coproc/coproc.h>
#include <stdio.h>
int main(void)
{
	struct coproc_options options;
	coproc_options_init(&options);
	puts(coproc_version());
	return options.index != COPROC_INDEX_ANY;
}
PROGRAM
# A program without the sanitizers' runtime cannot load a library with it.
if [ -n "${SAN-}" ]; then
	for what in "a program with the installed shared library" \
			"a program with the installed archive"; do
		n=$((n + 1))
		echo "ok $n - $what # SKIP the library is built with sanitizers, the program is not"
	done
fi
pc() { PKG_CONFIG_LIBDIR=$PKG_CONFIG_PATH:$(pkg-config --variable pc_path pkg-config) pkg-config "$@"; }
cflags="-I$dir/root/usr/include"
[ -n "${SAN-}" ] || {
pc --exists coproc && ${CC:-cc} -std=c99 -pedantic -Wall -Werror $cflags "$dir/program.c" \
	-o "$dir/shared" -L"$dir/root/usr/lib" -lcoproc >&2 &&
	LD_LIBRARY_PATH=$dir/root/usr/lib "$dir/shared" > /dev/null
result $? "a program with the installed shared library"
libs=$(PKG_CONFIG_SYSROOT_DIR= pkg-config --libs xengnttab xenevtchn xenstore libsodium)
${CC:-cc} $cflags "$dir/program.c" -o "$dir/static" "$dir/root/usr/lib/libcoproc.a" $libs >&2 &&
	"$dir/static" > /dev/null
result $? "a program with the installed archive"
}
cp "$dir/program.c" "$dir/program.cc"
${CXX:-c++} -Wall -Werror $cflags -fsyntax-only "$dir/program.cc" >&2
result $? "the header is C++ too"
exit $failed
