#!/bin/sh
# SPDX-License-Identifier: MIT
# Plots of what $out holds, as SVG.
set -u
command -v gnuplot > /dev/null || { echo "bench: no gnuplot, so no plots (Debian: gnuplot-nox)" >&2; exit 1; }

plot() {
	{
		echo "set terminal svg size 900,420 font 'sans,12' background '#ffffff'; set output '$out/$1.svg'"
		echo "set grid ytics; set key top right; set style fill solid 0.8; set datafile separator ','"
		cat
	} | gnuplot 2> "$out/gnuplot.err" || { cat "$out/gnuplot.err" >&2; return 1; }
	rm -f "$out/gnuplot.err"
}
# cells SET PLACE DEPTH LENGTH: name, median, lowest, highest in microseconds
cells() { awk -F, -v s="$1" -v p="$2" -v d="$3" -v l="$4" '$1 == s && $2 == p && $3 == d && $4 == l { printf "%s,%g,%g,%g\n", $5, $6 / 1000, $7 / 1000, $8 / 1000 }' "$out/cells.csv"; }

rc=0
place=two
[ ! -e "$out/cells.csv" ] || grep -q ^contest,two, "$out/cells.csv" || place=one
if [ -e "$out/cells.csv" ]; then
	for depth in 1 256; do
		cells contest $place $depth 0 > "$out/plot.csv"
		plot "transports-$depth" <<- END || rc=1
			set title 'Time for an empty job, $depth in flight, by turns in one run (median and range of rounds)'
			set ylabel 'us a job'; set logscale y; set style data histogram
			set style histogram errorbars gap 1 lw 1; unset key; set xtics rotate by -20
			plot '$out/plot.csv' using 2:3:4:xtic(1) linecolor rgb '#3b6ea5' title 'median and range of the rounds'
		END
	done
	: > "$out/plot.csv"
	for length in 10 100 1000; do
		for depth in 1 32; do
			cells overhead $place $depth $length | awk -F, -v l=$length -v d=$depth '
				{ v[$1] = $2 } END { if (v["native"]) print l "," d "," v["coprocd-cortex-m"] / v["native"] "," v["engine"] / v["native"] }'
		done
	done > "$out/plot.csv"
	[ ! -s "$out/plot.csv" ] || plot overhead <<- END || rc=1
		set title 'End to end beside the same firmware run natively (median of rounds)'
		set xlabel 'job, us'; set ylabel 'time, to native'; set logscale x; set yrange [0.9:*]
		plot '$out/plot.csv' using (\$2 == 32 ? \$1 : NaN):3 with linespoints lw 2 title 'coprocd, 32 in flight', \
		     '' using (\$2 == 1 ? \$1 : NaN):3 with linespoints lw 2 title 'coprocd, 1 in flight', \
		     '' using (\$2 == 1 ? \$1 : NaN):4 with linespoints lw 2 title 'engine alone', \
		     1.03 with lines dt 2 title 'bar from 100 us on'
	END
fi
[ ! -e "$out/decision.csv" ] || plot decision <<- END || rc=1
	set title 'A scheduling decision, all rounds'
	set xlabel 'domains'; set ylabel 'ns'; set logscale x 2; set yrange [0:*]
	plot '$out/decision.csv' every ::1 using 1:3 with points pt 7 title 'pick and charge', 150 with lines dt 2 title 'bar at 4096'
END
[ ! -e "$out/idle.csv" ] || plot idle <<- END || rc=1
	set title 'Memory of a connected, idle domain'
	set xlabel 'domains'; set ylabel 'KiB for each'; set logscale x; set yrange [0:*]
	plot '$out/idle.csv' every ::1 using 1:(\$2 / 1024) with linespoints lw 2 title 'coprocd, private', \
	     '' every ::1 using 1:(\$3 / 1024) with linespoints lw 2 title 'shared pages', \
	     '' every ::1 using 1:(\$4 / 1024) with linespoints lw 2 title 'worker process, private', 64 with lines dt 2 title 'bar'
END
rm -f "$out/plot.csv"
exit $rc
