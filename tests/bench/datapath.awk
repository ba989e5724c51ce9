# datapath.awk [-v what=WHAT]: from the measurements of datapath
#   table    per variant, family, number of Services and operation the medians of each proxy, and what the agent's are
#            of the others
#   check    the budget, a row each for Services and for other traffic, with the worst way; fails if one is exceeded
#   plot     for gnuplot: "WAY NONE IPVS TRACKED AGENT" of the first group, one block for each operation
function median(name, services,   count, values, i, k, swap)
{
	count = split(all[name, services], values, " ")
	for (i = 2; i <= count; i++)
		for (k = i; k > 1 && values[k] + 0 < values[k - 1] + 0; k--) {
			swap = values[k]
			values[k] = values[k - 1]
			values[k - 1] = swap
		}
	return count ? sprintf("%.0f", values[int((count + 1) / 2)]) : ""
}

function cell(text)
{
	printf "  %-16s", (text == "" ? "-" : text)
}

function row(heading, prefix, services, operation, proxy,   i)
{
	printf "%-16s", heading
	for (i = 1; i <= way_count; i++)
		cell(median(prefix "." proxy "." operation "." ways[i], services))
	printf "\n"
}

function ratio_row(prefix, services, operation, floor,   i, value, base)
{
	printf "%-16s", "agent : " floor
	for (i = 1; i <= way_count; i++) {
		value = median(prefix ".agent." operation "." ways[i], services)
		base = median(prefix "." floor "." operation "." ways[i], services)
		cell(value && base ? sprintf("%.3f", value / base) : "")
	}
	printf "\n"
}

{
	split($1, part, ".")
	all[$1, $2] = all[$1, $2] " " $3
	if (!((part[1] "." part[2], $2) in seen)) {
		seen[part[1] "." part[2], $2] = 1
		groups[++group_count] = part[1] "." part[2] " " $2
	}
	if (part[3] == "agent" && !(part[5] in is_way)) {
		is_way[part[5]] = 1
		ways[++way_count] = part[5]
	}
}

# verdict GROUP OPERATION BESIDE LIMIT FLOOR WORDS: the worst of the ways, against a floor
function verdict(prefix, services, operation, beside, limit, floor, floor_words,   i, value, worst, way, words)
{
	for (i = 1; i <= way_count; i++) {
		if ((ways[i] ~ /-to-pod$/) != beside)
			continue
		value = median(prefix "." floor "." operation "." ways[i], services)
		value = value ? median(prefix ".agent." operation "." ways[i], services) / value : 0
		if (value > worst) {
			worst = value
			way = ways[i]
		}
	}
	if (!worst)
		return
	split(prefix, words, ".")
	printf "%-12s  %s of %s, %s, %s, %d Services, times %s: %.3f of %.2f (%s)\n",
		(worst <= limit ? "ok" : "EXCEEDED"), operation, (beside ? "other traffic" : "Services"), words[1], words[2],
		services, floor_words, worst, limit, way
	if (worst > limit)
		failed = 1
}

function verdicts(group, floor, floor_words,   part)
{
	split(group, part, " ")
	verdict(part[1], part[2], "conn", 0, 1.10, floor, floor_words)
	verdict(part[1], part[2], "rr", 0, 1.05, floor, floor_words)
	verdict(part[1], part[2], "udp", 0, 1.10, floor, floor_words)
	verdict(part[1], part[2], "conn", 1, 1.05, floor, floor_words)
	verdict(part[1], part[2], "rr", 1, 1.02, floor, floor_words)
	verdict(part[1], part[2], "udp", 1, 1.05, floor, floor_words)
}

function print_check(   g)
{
	for (g = 1; g <= group_count; g++) {
		verdicts(groups[g], "ipvs", "IPVS alone")
		verdicts(groups[g], "tracked", "IPVS with tracked connections")
	}
}

function print_plot(   o, i, part)
{
	split(groups[1], part, " ")
	for (o = 1; o <= 3; o++) {
		for (i = 1; i <= way_count; i++)
			print ways[i], median(part[1] ".none." operations[o] "." ways[i], part[2]) + 0,
				median(part[1] ".ipvs." operations[o] "." ways[i], part[2]),
				median(part[1] ".tracked." operations[o] "." ways[i], part[2]),
				median(part[1] ".agent." operations[o] "." ways[i], part[2])
		print "\n"
	}
}

function print_table(   g, o, i, part, words)
{
	for (g = 1; g <= group_count; g++) {
		split(groups[g], part, " ")
		split(part[1], words, ".")
		for (o = 1; o <= 3; o++) {
			printf "%s%s, %s, %d Services: %s\n%-16s", (g + o > 2 ? "\n" : ""), words[1], words[2], part[2],
				operations[o], ""
			for (i = 1; i <= way_count; i++)
				cell(ways[i])
			printf "\n"
			row("no proxy", part[1], part[2], operations[o], "none")
			row("IPVS alone", part[1], part[2], operations[o], "ipvs")
			row("IPVS, tracked", part[1], part[2], operations[o], "tracked")
			row("ipvsagent", part[1], part[2], operations[o], "agent")
			ratio_row(part[1], part[2], operations[o], "ipvs")
			ratio_row(part[1], part[2], operations[o], "tracked")
			ratio_row(part[1], part[2], operations[o], "none")
		}
	}
}

END {
	split("conn rr udp", operations, " ")
	if (what == "check")
		print_check()
	else if (what == "plot")
		print_plot()
	else
		print_table()
	exit failed
}
