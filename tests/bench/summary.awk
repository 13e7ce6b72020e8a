# SPDX-License-Identifier: MIT
# Medians and ratios of the raw rounds: awk -f summary.awk contest.csv overhead.csv
# prints lines "name value"; -v table=FILE gets a line for each cell and contestant.
BEGIN { FS = "," }
FNR == 1 { set = FILENAME; sub(/.*\//, "", set); sub(/\.csv$/, "", set); next }
{
	cell = set SUBSEP $1 SUBSEP $2 SUBSEP $3
	ns[cell, $4, $5] = $6
	notifies[cell, $4, $5] = $7
	p50[cell, $4, $5] = $8
	p99[cell, $4, $5] = $9
	if ($4 + 1 > rounds[cell]) rounds[cell] = $4 + 1
	if (!((cell, $5) in seen)) { seen[cell, $5] = 1; who[cell, ++count[cell]] = $5 }
	if (!(cell in known)) { known[cell] = 1; cells[++n] = cell }
}
# Sorts v[1..k].
function sort(k,    i, j, x) {
	for (i = 2; i <= k; i++) {
		x = v[i]
		for (j = i - 1; j > 0 && v[j] > x; j--) v[j + 1] = v[j]
		v[j + 1] = x
	}
}
function middle(k) { sort(k); low = v[1]; high = v[k]; return v[int((k + 1) / 2)] }
function median(array, cell, name,    r, k) {
	for (r = 0; r < rounds[cell]; r++) v[++k] = array[cell, r, name]
	return middle(k)
}
# Median of the rounds' ratios, their range in low and high.
function ratio(cell, a, b,    r, k) {
	for (r = 0; r < rounds[cell]; r++)
		if (ns[cell, r, b] > 0) v[++k] = ns[cell, r, a] / ns[cell, r, b]
	return k ? middle(k) : 0
}
function id(set, place, depth, length_us) { return set SUBSEP place SUBSEP depth SUBSEP length_us }
function say(name, value) { if (value != "") printf "%s %.6g\n", name, value }
function say_ratio(name, cell, a, b) {
	if (!((cell, a) in seen) || !((cell, b) in seen)) return
	say(name, ratio(cell, a, b))
	printf "%s,%.3f,%.3f,%.3f\n", name, ratio(cell, a, b), low, high > ratios
}
END {
	if (ratios == "") ratios = "/dev/null"
	print "name,median,lowest,highest" > ratios
	split("one two", places, " ")
	for (i = 1; i <= 2; i++) {
		p = places[i]
		c = id("contest", p, 256, 0)
		say_ratio("ring-to-ring.h-" p "-256", c, "ring", "ring.h")
		say_ratio("queue-to-ring.h-" p "-256", c, "queue", "ring.h")
		say_ratio("checked-to-ring.h-" p "-256", c, "checked", "ring.h")
		say_ratio("vchan-to-checked-" p "-256", c, "vchan", "checked")
		say_ratio("vchan-batched-to-checked-" p "-256", c, "vchan-batched", "checked")
	}
	for (d = 32; d <= 256; d *= 8) {
		say("notifies-queue-" d, median(notifies, id("contest", "one", d, 0), "checked"))
		c = id("contest", id_two(), d, 0)
		say("notifies-coprocd-" d, median(notifies, c, "coprocd-null"))
	}
	c = id("contest", id_two(), 1, 0)
	say("latency-null-us", median(p50, c, "coprocd-null") / 1000)
	say("latency-null-p99-us", median(p99, c, "coprocd-null") / 1000)
	say("latency-cortex-m-us", median(p50, c, "coprocd-cortex-m") / 1000)
	for (l = 10; l <= 1000; l *= 10) {
		c = id("overhead", id_two(), 32, l)
		say_ratio("overhead-" l "us", c, "coprocd-cortex-m", "native")
		say_ratio("overhead-engine-" l "us", c, "engine", "native")
		say_ratio("overhead-coprocd-" l "us", c, "coprocd-cortex-m", "engine")
	}
	for (i = 1; i <= n; i++)
		for (j = 1; j <= count[cells[i]]; j++) {
			split(cells[i], f, SUBSEP)
			m = median(ns, cells[i], who[cells[i], j])
			printf "%s,%s,%s,%s,%s,%.1f,%.1f,%.1f,%.4f\n", f[1], f[2], f[3], f[4], who[cells[i], j],
				m, low, high, median(notifies, cells[i], who[cells[i], j]) > table
		}
}
# Where there is one processor only, it has to do.
function id_two() { return (id("contest", "two", 1, 0) in known) ? "two" : "one" }
