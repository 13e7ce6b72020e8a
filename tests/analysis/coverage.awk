# SPDX-License-Identifier: MIT
# Reads llvm-cov's lcov; top: the tree's folder with a slash, patterns: the list
# of peer-facing files.  Prints, with tabs between:
#   file NAME PEER-FACING(0|1) LINES REACHED BRANCHES TAKEN
#   unreached FUNCTION file:line:1          (of peer-facing files)
BEGIN {
	FS = ":"
	while ((getline line < patterns) > 0) {
		if (line ~ /^#/ || line ~ /^[ \t]*$/)
			continue
		out[++n] = line ~ /^!/
		sub(/^!/, "", line)
		gsub(/\./, "\\.", line)
		gsub(/\*/, "[^/]*", line)
		re[n] = "^" line "$"
	}
}

function is_peer(name,    i, yes) {
	for (i = 1; i <= n; i++)
		if (name ~ re[i])
			yes = !out[i]
	return yes + 0
}

function read_source(name,    line, i) {
	delete text
	while ((getline line < (top name)) > 0)
		text[++i] = line
	close(top name)
}

$1 == "SF" {
	name = substr($0, 4)
	ours = index(name, top) == 1
	name = substr(name, length(top) + 1)
	ours = ours && name !~ /^(tests|build)\//
	peer = is_peer(name)
	lines = hit = branches = taken = starts = 0
	delete begin; delete fn; delete missed; misses = 0
}
$1 == "FN" && ours {
	split($2, part, ",")
	begin[++starts] = part[1] + 0
	# A static function is called file.c:function.
	fn[starts] = $NF
	sub(/^.*,/, "", fn[starts])
}
$1 == "DA" && ours {
	split($2, part, ",")
	lines++
	if (part[2] > 0)
		hit++
	else if (peer)
		missed[++misses] = part[1] + 0
}
$1 == "BRDA" && ours {
	branches++
	k = split($2, part, ",")
	if (part[k] != "-" && part[k] > 0)
		taken++
}
/^end_of_record/ && ours {
	print "file\t" name "\t" peer "\t" lines "\t" hit "\t" branches "\t" taken
	read_source(name)
	for (i = 1; i <= misses; i++) {
		# What says nothing by itself goes with its neighbours.
		if (text[missed[i]] ~ /^#|^[ \t]*([{}]*|}? *else *{?|[a-z_]+:|\);?)[ \t]*$/)
			continue
		best = "?"; at = 0
		for (j = 1; j <= starts; j++)
			if (begin[j] <= missed[i] && begin[j] > at) {
				at = begin[j]
				best = fn[j]
			}
		print "unreached\t" best "\t" name ":" missed[i] ":1"
	}
}
