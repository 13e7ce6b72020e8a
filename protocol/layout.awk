# SPDX-License-Identifier: MIT
# Makes layout.md and coprocif-layout.h from layout.tbl, and compares the
# table with the structures of coprocif.h.
#
#   awk -v out=md -f layout.awk layout.tbl                tables for people
#   awk -v out=h -f layout.awk layout.tbl                 static assertions
#   awk -v out=check -f layout.awk layout.tbl coprocif.h  every structure is here
#
# Ends with status 1, and a line for each fault, when the table contradicts
# itself: a gap, an overlap, a size that is not its type's.

function fault(text) {
	print FILENAME ":" FNR ": " text > "/dev/stderr"
	faults++
}

# The words of the line from the n-th on.
function rest(n,    i, s) {
	s = ""
	for (i = n; i <= NF; i++)
		s = s (i > n ? " " : "") $i
	return s
}

function base(type) { sub(/\[.*/, "", type); return type }
function count(type) { return type ~ /\[/ ? substr(type, index(type, "[") + 1) + 0 : 1 }

function end_struct() {
	if (name != "" && end != size[name])
		fault("struct " name " ends at " end ", not at " size[name])
}

# ---- what goes before and after the structures

function begin_h() {
	print "/* SPDX-License-Identifier: MIT */"
	print "/*"
	print " * Made from layout.tbl by `make layout`; do not edit."
	print " *"
	print " * Including this file proves at compile time that the compiler lays out"
	print " * coprocif.h as the protocol says: each offset, each size, and no gaps,"
	print " * because each field begins where the one before it ends."
	print " */"
	print "#ifndef XENCOPROC_COPROCIF_LAYOUT_H"
	print "#define XENCOPROC_COPROCIF_LAYOUT_H"
	print ""
	print "#include \"coprocif.h\""
	print "#if defined(__KERNEL__)"
	print "#include <linux/stddef.h>"
	print "#else"
	print "#include <stddef.h>"
	print "#endif"
	print ""
	print "#if defined(__cplusplus)"
	print "#define XENCOPROC_LAYOUT(name, true_) static_assert(true_, #name)"
	print "#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L"
	print "#define XENCOPROC_LAYOUT(name, true_) _Static_assert(true_, #name)"
	print "#else"
	print "#define XENCOPROC_LAYOUT(name, true_) typedef char xencoproc_layout_##name[(true_) ? 1 : -1]"
	print "#endif"
	print ""
	print "#define XENCOPROC_LAYOUT_STRUCT(type, size) \\"
	print "\tXENCOPROC_LAYOUT(type, sizeof(struct xencoproc_##type) == (size))"
	print "#define XENCOPROC_LAYOUT_FIELD(type, field, offset, size) \\"
	print "\tXENCOPROC_LAYOUT(type##_##field, \\"
	print "\t\toffsetof(struct xencoproc_##type, field) == (offset) && \\"
	print "\t\tsizeof(((struct xencoproc_##type *)0)->field) == (size))"
	print "#define XENCOPROC_LAYOUT_ARRAY(type, field, offset, size, element) \\"
	print "\tXENCOPROC_LAYOUT_FIELD(type, field, offset, size); \\"
	print "\tXENCOPROC_LAYOUT(type##_##field##_element, \\"
	print "\t\tsizeof(((struct xencoproc_##type *)0)->field[0]) == (element))"
}

function end_h() {
	print ""
	print "#undef XENCOPROC_LAYOUT_ARRAY"
	print "#undef XENCOPROC_LAYOUT_FIELD"
	print "#undef XENCOPROC_LAYOUT_STRUCT"
	print "#undef XENCOPROC_LAYOUT"
	print ""
	print "#endif /* XENCOPROC_COPROCIF_LAYOUT_H */"
}

function begin_md() {
	print "<!-- SPDX-License-Identifier: MIT -->"
	print "<!-- Made from layout.tbl by `make layout`; do not edit. -->"
	print ""
	print "# Layout of coprocif structures"
	print ""
	print "Offsets and sizes are bytes. Every integer is unsigned and little-endian,"
	print "on every host. There are no gaps. The C names have the prefix `xencoproc_`."
}

BEGIN {
	width["u8"] = 1; width["u16"] = 2; width["u32"] = 4; width["u64"] = 8
	if (out == "h") begin_h()
	if (out == "md") begin_md()
}

# ---- coprocif.h, in check mode

out == "check" && FNR != NR {
	if ($1 == "struct" && $2 ~ /^xencoproc_/ && $3 == "{") {
		name = substr($2, 11)
		if (!(name in size))
			fault("struct " $2 " is not in the table")
		seen[name] = 1
	}
	next
}

# ---- layout.tbl

/^#/ || NF == 0 { next }

$1 == "struct" {
	end_struct()
	name = $2
	if (name in size)
		fault("struct " name " appears twice")
	size[name] = $3
	end = 0
	if (out == "h")
		printf "\nXENCOPROC_LAYOUT_STRUCT(%s, %d);\n", name, $3
	if (out == "md") {
		printf "\n## %s, %d bytes\n\n%s.\n\n", name, $3, rest(4)
		print "| offset | size | type | field | |"
		print "|---:|---:|---|---|---|"
	}
	next
}

{
	element = base($3) in width ? width[base($3)] : size[base($3)]
	if (name == "" || $1 !~ /^[0-9]+$/ || NF < 4 || element == 0)
		fault("neither a structure nor a field of a known type")
	else if (element * count($3) != $2)
		fault(name "." $4 ": " $3 " is not " $2 " bytes")
	if ($1 != end)
		fault(name "." $4 " begins at " $1 ", but " end " bytes come before it")
	# Natural alignment, so that no compiler adds padding on any target.
	if (base($3) in width && $1 % element != 0)
		fault(name "." $4 " is not aligned to its own size")
	end = $1 + $2
	if (out == "h" && $3 ~ /\[/)
		printf "XENCOPROC_LAYOUT_ARRAY(%s, %s, %d, %d, %d);\n", name, $4, $1, $2, element
	else if (out == "h")
		printf "XENCOPROC_LAYOUT_FIELD(%s, %s, %d, %d);\n", name, $4, $1, $2
	if (out == "md")
		printf "| %d | %d | %s | %s | %s |\n", $1, $2, $3, $4, rest(5)
}

END {
	if (out == "check") {
		for (name in size)
			if (!(name in seen))
				fault("struct " name " is not in coprocif.h")
	} else {
		end_struct()
	}
	if (out == "h") end_h()
	exit faults > 0
}
