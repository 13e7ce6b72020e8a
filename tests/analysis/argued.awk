# SPDX-License-Identifier: MIT
# Holds what a tool found against a list in which each accepted item has its
# reason, so that an item is accepted one by one, by its text and not by its
# line's number, and is dropped as soon as it is gone.
#
#   awk -f argued.awk -v list=LIST FOUND
#
# FOUND: key TAB file:line:column TAB text-of-the-tool.  The source line itself
# is read from the file.
# LIST: blocks, separated by empty lines:
#   [?] key file [n]   n: how many such lines, 1 unless said; ?: found only sometimes,
#                      so not stale when it is not
#   TAB the source line, without what stands before and after it
#   TAB # the reason, over one or more lines
#
# Prints   new TAB key TAB place TAB source line TAB tool's text
#          argued TAB (the same)
#          stale TAB list:line TAB entry
#          bad TAB list:line TAB what is wrong with the list
BEGIN { FS = "\t"; read_list() }

function trim(s) { gsub(/^[ \t]+|[ \t\r]+$/, "", s); return s }

function close_entry() {
	if (head == "")
		return
	if (code == "" || reason == "")
		print "bad\t" list ":" head_line "\t" (code == "" ? "no source line" : "no reason")
	else if ((head, code) in left)
		print "bad\t" list ":" head_line "\targued twice; give the number of lines instead"
	else {
		left[head, code] = times
		if (maybe)
			sometimes[head, code] = 1
		where[head, code] = head_line
		order[++entries] = head SUBSEP code
	}
	head = code = reason = ""
}

function read_list(    line, n, part) {
	while ((getline line < list) > 0) {
		n++
		if (line ~ /^[ \t]*$/) { close_entry(); continue }
		if (line ~ /^#/) continue
		if (line ~ /^\t#/) { reason = reason line; continue }
		if (line ~ /^\t/) { code = trim(line); continue }
		close_entry()
		maybe = sub(/^\? */, "", line)
		split(line, part, " ")
		head = part[1] " " part[2]
		times = part[3] ? part[3] : 1
		head_line = n
	}
	close_entry()
	close(list)
}

function source(file, number,    line, i) {
	if (file != open_file) {
		delete text
		i = 0
		while ((getline line < file) > 0)
			text[++i] = line
		close(file)
		open_file = file
	}
	return trim(text[number])
}

{
	split($2, at, ":")
	code = source(at[1], at[2])
	k = $1 " " at[1] SUBSEP code
	if (k in left && left[k] > 0) {
		left[k]--
		kind = "argued"
	} else
		kind = "new"
	print kind "\t" $1 "\t" $2 "\t" code "\t" $3
}

END {
	for (i = 1; i <= entries; i++)
		if (left[order[i]] > 0 && !(order[i] in sometimes)) {
			split(order[i], e, SUBSEP)
			print "stale\t" list ":" where[order[i]] "\t" e[1] ": " e[2]
		}
}
