#!/bin/sh
# SPDX-License-Identifier: MIT
# The documentation's page of a run, in Markdown, from what $out holds.
echo '<!-- SPDX-License-Identifier: MIT -->'
echo '<!-- Made by make bench; make -f build.mk bench-doc puts it here. -->'
echo '# Figures of one run'
echo
sed 's/^/- /' "$out/machine.txt"
echo
cat "$out/bars.md"
for name in transports-1 transports-256 overhead decision idle; do
	[ ! -e "$out/$name.svg" ] || printf '\n![%s](%s.svg)\n' "$name" "$name"
done
if [ -e "$out/ratios.csv" ]; then
	printf '\n## Ratios of the rounds\n\n| ratio | median | lowest | highest |\n|---|---|---|---|\n'
	awk -F, 'NR > 1 { printf "| %s | %s | %s | %s |\n", $1, $2, $3, $4 }' "$out/ratios.csv"
fi
if [ -e "$out/cells.csv" ]; then
	printf '\n## Time for each job, ns: median (range) of the rounds; notifications for each job\n'
	awk -F, '{ cell = $1 ", " $2 " processor" ($2 == "two" ? "s" : "") ", jobs of " $4 " us, " $3 " in flight" }
		cell != last { printf "\n%s\n\n| contestant | ns | notifications |\n|---|---|---|\n", cell; last = cell }
		{ printf "| %s | %.0f (%.0f to %.0f) | %s |\n", $5, $6, $7, $8, $5 == "pipe" || $5 == "native" || $5 == "engine" ? "" : $9 }' "$out/cells.csv"
fi
