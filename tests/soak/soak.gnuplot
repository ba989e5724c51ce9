# What the agent and the kernel hold over time, from the samples of `inside`; run sets data and output.
set terminal svg size 760,640 background "white"
set multiplot layout 2,1
set grid
set key outside top center horizontal
set xlabel "minutes"
set yrange [0:]
set ylabel "MiB"
plot data every ::1 using ($1/60):($2/1024) with lines title "resident memory", \
	data every ::1 using ($1/60):($3/1024) with lines title "of that anonymous"
set ylabel "objects"
plot data every ::1 using ($1/60):4 with lines title "descriptors", \
	data every ::1 using ($1/60):5 with lines title "netlink sockets", \
	data every ::1 using ($1/60):6 with lines title "virtual servers", \
	data every ::1 using ($1/60):7 with lines title "destinations", \
	data every ::1 using ($1/60):8 with lines title "of others, draining", \
	data every ::1 using ($1/60):9 with lines title "set members", \
	data every ::1 using ($1/60):10 with lines title "rules"
unset multiplot
