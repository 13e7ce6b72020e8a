# SPDX-License-Identifier: MIT
# nodes.tbl to C and to the page; `want` is "header", "source" or "page".
# Stops with a line number at the first row that makes no sense, so that a
# slip in the table never becomes code.

function fail(what) {
	printf "%s:%d: %s\n", FILENAME, FNR, what > "/dev/stderr"
	failed = 1
	exit 1
}

function upper(s) { s = toupper(s); gsub(/[^A-Z0-9]/, "_", s); return s }
function field(s) { gsub(/-/, "_", s); return s }

# Which of the four sets a node belongs to.
function set_of(d, w) {
	if (d == w) return d
	if (w == "toolstack") return d == "backend" ? "toolstack" : "link"
	fail("the " w " writes nothing in the " d "'s directory")
}

# One row of the C table: how the three columns type, range, default combine.
function is_string(t) { return t == "name" || t == "path" || t == "text" }

function range_of(i,    at, n, w, k) {
	words[i] = ""
	if (type[i] == "word") {
		n = split(range[i], w, "|")
		words[i] = range[i]; low[i] = 1; high[i] = n
		if (dflt[i] != "required") {
			for (k = 1; k <= n && w[k] != dflt[i]; k++)
				;
			if (k > n) fail("the default is not one of the words")
			absent[i] = k
		}
		return
	}
	at = index(range[i], "..")
	if (!at || range[i] !~ /^[0-9]+\.\.[0-9]+$/) fail("range is not LOW..HIGH")
	low[i] = substr(range[i], 1, at - 1); high[i] = substr(range[i], at + 2)
	if (low[i] + 0 > high[i] + 0) fail("range is empty")
	if (type[i] == "numbers" && high[i] + 0 > 31) fail("a list holds numbers to 31")
	if (dflt[i] == "required") return
	if (dflt[i] == "empty") {
		if (!is_string(type[i]) && type[i] != "numbers") fail("only strings and lists can be empty")
		return
	}
	if (dflt[i] !~ /^[0-9]+$/) fail("default is no number")
	if (dflt[i] + 0 < low[i] + 0 || dflt[i] + 0 > high[i] + 0) fail("default outside the range")
	absent[i] = dflt[i]
}

# Bytes a value may take as text, NUL included.
function room_of(i) {
	if (is_string(type[i])) return high[i] + 1
	if (type[i] == "numbers") return 96
	if (type[i] == "word") return length(range[i]) + 1
	return length(high[i]) + 1
}

BEGIN {
	split("u32 u64 bool domid gref port state word numbers name path text", t, " ")
	for (k in t) known[t[k]] = 1
	order[1] = "toolstack"; order[2] = "backend"; order[3] = "link"; order[4] = "frontend"
}

/^#/ || NF == 0 { next }

{
	if (NF < 9) fail("fewer columns than the heading names")
	i = ++rows
	dir[i] = $1; name[i] = $2; owner[i] = $3; writer[i] = $4; type[i] = $5
	range[i] = $6; dflt[i] = $7; since[i] = $8; absent[i] = 0
	text[i] = $9; for (k = 10; k <= NF; k++) text[i] = text[i] " " $k
	if (dir[i] != "backend" && dir[i] != "frontend") fail("no such directory")
	if (!(type[i] in known)) fail("no such type")
	if (name[i] !~ /^[a-z0-9]+(-[a-z0-9]+)*$/) fail("no name for a node")
	if ((dir[i], name[i]) in seen) fail("the node is there twice")
	seen[dir[i], name[i]] = 1
	if (owner[i] != writer[i]) fail("owner and writer differ: then a node has two masters")
	set[i] = set_of(dir[i], writer[i])
	range_of(i)
	id[i] = "COPROC_NODE_" upper(set[i]) "_" upper(name[i])
	dir_count[dir[i]]++
	if (type[i] != "state") { set_count[set[i]]++; set_pool[set[i]] += room_of(i) }
}

END {
	if (failed) exit 1
	for (s = 1; s <= 4; s++) {
		if (set_count[order[s]] > most) most = set_count[order[s]]
		if (set_pool[order[s]] > pool) pool = set_pool[order[s]]
	}
	if (want == "header") header()
	else if (want == "source") source()
	else if (want == "page") page()
	else { print "want what?" > "/dev/stderr"; exit 1 }
}

function banner(close_) {
	print "/*"
	print " * Made from nodes.tbl by xenstore-schema/generate; do not edit."
	print " */"
}

function c_type(i,    f) {
	f = field(name[i])
	if (is_string(type[i])) return "char " f "[" high[i] + 1 "]"
	return (type[i] == "u64" ? "uint64_t " : "uint32_t ") f
}

function header(    s, i) {
	print "/* SPDX-License-Identifier: GPL-2.0 OR MIT */"
	banner()
	print "#ifndef COPROC_SCHEMA_NODE_TABLE_H"
	print "#define COPROC_SCHEMA_NODE_TABLE_H"
	print ""
	print "#include \"node.h\""
	print ""
	print "enum coproc_node_id {"
	for (i = 1; i <= rows; i++) printf "\t%s,\n", id[i]
	print "\tCOPROC_NODES"
	print "};"
	print ""
	print "extern const struct coproc_node coproc_node[COPROC_NODES];"
	print ""
	print "/* Nodes of each directory, states included; they stand together in the table. */"
	printf "#define COPROC_DIR_BACKEND_NODES        %du\n", dir_count["backend"]
	printf "#define COPROC_DIR_FRONTEND_NODES       %du\n", dir_count["frontend"]
	print ""
	print "/* The largest set: nodes, and bytes of all its texts with their NULs. */"
	printf "#define COPROC_SET_NODES_MAX            %du\n", most
	printf "#define COPROC_SET_POOL_MAX             %du\n", pool
	for (s = 1; s <= 4; s++) {
		print ""
		printf "struct coproc_%s_nodes {\n", order[s]
		for (i = 1; i <= rows; i++)
			if (set[i] == order[s] && type[i] != "state") printf "\t%s;\n", c_type(i)
		print "};"
	}
	print ""
	print "#endif /* COPROC_SCHEMA_NODE_TABLE_H */"
}

function quoted(s) { return s == "" ? "NULL" : "\"" s "\"" }

function source(    s, i) {
	print "// SPDX-License-Identifier: GPL-2.0 OR MIT"
	banner()
	print "#include \"node-set.h\""
	print ""
	print "const struct coproc_node coproc_node[COPROC_NODES] = {"
	for (i = 1; i <= rows; i++) {
		printf "\t[%s] = {\n", id[i]
		printf "\t\t.name = \"%s\", .words = %s,\n", name[i], quoted(words[i])
		printf "\t\t.low = %sull, .high = %sull, .absent = %sull,\n", low[i], high[i], absent[i]
		printf "\t\t.type = COPROC_TYPE_%s, .dir = COPROC_DIR_%s,\n", upper(type[i]), upper(dir[i])
		printf "\t\t.owner = COPROC_PARTY_%s, .writer = COPROC_PARTY_%s,\n", upper(owner[i]), upper(writer[i])
		printf "\t\t.required = %d, .since = %s,\n", dflt[i] == "required", since[i]
		print "\t},"
	}
	print "};"
	for (s = 1; s <= 4; s++) {
		print ""
		printf "static const struct coproc_set_field %s_fields[] = {\n", order[s]
		for (i = 1; i <= rows; i++)
			if (set[i] == order[s] && type[i] != "state")
				printf "\t{ %s,\n\t  offsetof(struct coproc_%s_nodes, %s) },\n", id[i], order[s], field(name[i])
		print "};"
	}
	print ""
	print "const struct coproc_set_fields coproc_set_fields[4] = {"
	for (s = 1; s <= 4; s++)
		printf "\t[COPROC_SET_%s] = { %s_fields, %du },\n", upper(order[s]), order[s], set_count[order[s]]
	print "};"
}

# ---- The page ----

function allowed(i,    r) {
	if (type[i] == "word") { r = range[i]; gsub(/\|/, ", ", r); return r }
	if (is_string(type[i])) return low[i] " to " high[i] " bytes"
	if (type[i] == "numbers") return "list of " low[i] ".." high[i]
	return low[i] ".." high[i]
}

function absence(i) {
	if (dflt[i] == "required") return "refused"
	if (dflt[i] == "empty") return "empty"
	return "`" dflt[i] "`"
}

function title_of(s) {
	if (s == "toolstack") return "The toolstack, in the backend's directory"
	if (s == "backend") return "The backend, in its directory"
	if (s == "link") return "The toolstack, in the frontend's directory"
	return "The frontend, in its directory"
}

function page(    s, i) {
	print "<!-- SPDX-License-Identifier: MIT -->"
	print "<!-- Made from nodes.tbl by xenstore-schema/generate; do not edit. -->"
	print "# The xenstore nodes of a vcoproc device"
	print ""
	print "    backend's directory    /local/domain/<backend>/backend/vcoproc/<frontend>/<devid>"
	print "    frontend's directory   /local/domain/<frontend>/device/vcoproc/<devid>"
	print ""
	printf "A device has %d nodes in the one and %d in the other, whatever it does: no node is\n", dir_count["backend"], dir_count["frontend"]
	print "made per queue, job or buffer. Each node has one owner, who alone may write it"
	print "(beside domain 0); both domains may read. A guest reads its weight, cap, class and"
	print "quotas and can change none of them."
	print ""
	print "How values are written:"
	print ""
	print "| type | is |"
	print "|---|---|"
	print "| u32, u64, domid, gref, port, state | decimal digits, no sign, no space, no leading zero but in `0` itself |"
	print "| bool | `0` or `1` |"
	print "| word | one of the words named |"
	print "| numbers | comma list without spaces; tokens that are no number of the range are ignored |"
	print "| name | letters, digits, `_`, `.`, `-` |"
	print "| path | absolute xenstore path, no empty part, no slash at the end |"
	print "| text | for people; what is not printable ASCII is shown as `?` |"
	print ""
	print "Anything else is refused, with the node's name, what it said and what is allowed."
	for (s = 1; s <= 4; s++) {
		print ""
		print "## " title_of(order[s])
		print ""
		print "| node | type | allowed | absent | since | what it is |"
		print "|---|---|---|---|---|---|"
		for (i = 1; i <= rows; i++)
			if (set[i] == order[s])
				printf "| `%s` | %s | %s | %s | %s | %s |\n", name[i], type[i], allowed(i), absence(i), since[i], text[i]
	}
}
