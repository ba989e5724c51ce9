# Cost against the number of Services, from the lines of `report plot`; run sets data and output.
set terminal svg size 760,520 background "white"
set logscale xy
set xlabel "Services of 10 endpoints"
set ylabel "seconds (median)"
set key left top
set grid
set datafile missing "?"
set xrange [70:15000]
plot data using 1:3 with linespoints title "first start, manifests", \
	data using 1:4 with linespoints title "first start, API server", \
	data using 1:6 with linespoints title "restart, API server", \
	data using 1:5 with linespoints title "of the first start: kernel operations", \
	data using 1:2 with linespoints dashtype 2 title "the kernel's floor of these", \
	data using 1:7 with linespoints title "one endpoint added, API server", \
	data using 1:8 with linespoints dashtype 2 title "the kernel's floor of that"
