# Rolling updates one after the other, from the lines of `report rolling`; run sets data and output.
set terminal svg size 760,420 background "white"
set xlabel "rolling update of a Service of 1,000 endpoints"
set ylabel "seconds (median, least to most)"
set key left top
set grid
set datafile missing "?"
set xrange [0:21]
set yrange [0:]
plot data using 1:2:3:4 with yerrorlines title "addresses never seen before", \
	data using 1:5:6:7 with yerrorlines dashtype 2 title "the kernel's floor of these", \
	data using 1:8:9:10 with yerrorlines title "addresses of the update before last", \
	data using 1:11:12:13 with yerrorlines dashtype 2 title "the kernel's floor of these"
