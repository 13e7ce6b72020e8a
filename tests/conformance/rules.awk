# SPDX-License-Identifier: MIT
# The rules of coprocif.md, and why some are not seen from outside (unseen.md),
# as C: what coproc-conform knows of rules is what the text says.
#
#	awk -f rules.awk coprocif.md unseen.md > rules.inc
function quoted(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	gsub(/\*\*/, "", s)
	return "\"" s "\""
}
# "- **F-X-1, B-X-1** text" -> names[], text
match($0, /^- \*\*[FB]-[A-Z]+-[0-9]+(, [FB]-[A-Z]+-[0-9]+)*\*\* /) {
	n = split(substr($0, 5, RLENGTH - 7), names, ", ")
	text = substr($0, RLENGTH + 1)
	for (i = 1; i <= n; i++) {
		if (FILENAME ~ /unseen/) {
			if (!(names[i] in says)) {
				print FILENAME ": " names[i] " is no rule of the text" > "/dev/stderr"
				bad = 1
			}
			why[names[i]] = text
		} else {
			order[++count] = names[i]
			says[names[i]] = text
		}
	}
}
END {
	if (!count) {
		print "no rule found" > "/dev/stderr"
		bad = 1
	}
	for (i = 1; i <= count; i++)
		printf "{ %s, %s, %s },\n", quoted(order[i]), quoted(says[order[i]]),
			order[i] in why ? quoted(why[order[i]]) : "NULL"
	exit bad
}
