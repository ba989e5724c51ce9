# What packets cost, from the lines of datapath.awk -v what=plot; datapath sets data and output.
set terminal svg size 1100,900 background "white"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8 border -1
set xtics rotate by -25
set yrange [0:*]
set grid ytics
set key outside top
set multiplot layout 3,1
set ylabel "conn, instructions"
plot data index 0 using 2:xtic(1) title "no proxy", "" index 0 using 3 title "IPVS alone", "" index 0 using 4 title "IPVS, tracked", "" index 0 using 5 title "ipvsagent"
set ylabel "rr, instructions"
plot data index 1 using 2:xtic(1) title "no proxy", "" index 1 using 3 title "IPVS alone", "" index 1 using 4 title "IPVS, tracked", "" index 1 using 5 title "ipvsagent"
set ylabel "udp, instructions"
plot data index 2 using 2:xtic(1) title "no proxy", "" index 2 using 3 title "IPVS alone", "" index 2 using 4 title "IPVS, tracked", "" index 2 using 5 title "ipvsagent"
unset multiplot
