# SPDX-License-Identifier: MIT
# awk -v json=FILE -v md=FILE -f report.awk bars results: joins each figure with
# its bar, writes both files, prints what misses a bar, and ends with status 1
# when a gate is missed.
FNR == 1 { file++ }
file == 1 && !/^#/ && NF > 5 {
	order[++bars] = $1
	unit[$1] = $2; sense[$1] = $3; bar[$1] = $4; gate[$1] = $5
	text_ = $0
	sub(/^[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +/, "", text_)
	text[$1] = text_
	next
}
file == 2 { if (!($1 in value)) figure[++figures] = $1; value[$1] = $2 }
# The line of the table that a figure is of.
function line_of(name,    i, stem) {
	if (name in unit) return name
	for (i = 1; i <= bars; i++) {
		stem = order[i]
		if (sub(/\*$/, "", stem) && index(name, stem) == 1) return order[i]
	}
	return ""
}
function good(name, line) {
	if (sense[line] == "<=") return value[name] <= bar[line] + 0
	if (sense[line] == ">=") return value[name] >= bar[line] + 0
	return 1
}
function quote(s) { gsub(/["\\]/, "\\\\&", s); return "\"" s "\"" }
function show(name,    line, met) {
	line = line_of(name)
	used[line] = 1
	met = good(name, line)
	printf "%s  {\"name\": %s, \"value\": %s, \"unit\": %s, \"bar\": %s, \"ok\": %s}", shown++ ? ",\n" : "",
		quote(name), value[name], quote(line == "" ? "" : unit[line]),
		sense[line] ~ /=/ ? bar[line] + 0 : "null", met ? "true" : "false" > json
	printf "| %s | %s | %s | %s | %s |\n", name, line == "" ? "" : text[line], value[name] " " unit[line],
		sense[line] ~ /=/ ? (sense[line] == "<=" ? "≤ " : "≥ ") bar[line] : "",
		sense[line] ~ /=/ ? (met ? "met" : "**missed**") : "" > md
	if (met) return
	printf "  %s %s: %s %s, bar %s %s (%s)\n", gate[line] == "yes" ? "FAILED" : "missed", name, value[name],
		unit[line], sense[line], bar[line], text[line]
	if (gate[line] == "yes") failed++
}
END {
	print "| figure | what | measured | bar | |\n|---|---|---|---|---|" > md
	printf "[\n" > json
	for (i = 1; i <= bars; i++)
		for (k = 1; k <= figures; k++)
			if (line_of(figure[k]) == order[i]) show(figure[k])
	for (k = 1; k <= figures; k++)
		if (line_of(figure[k]) == "") show(figure[k])
	printf "\n]\n" > json
	for (i = 1; i <= bars; i++)
		if (!(order[i] in used) && (gate[order[i]] == "yes" || all)) {
			printf "  FAILED %s: not measured (%s)\n", order[i], text[order[i]]
			failed++
		}
	printf "  %d figures, %d gates missed\n", figures, failed
	exit failed > 0
}
