# beside-kube-proxy.awk RECORDED MEASURED-THEN MEASUREMENTS: for beside-kube-proxy, which says what it does
# recorded[MODE, OPERATION, WAY], instructions

FNR == 1 {
	file++
}

# A table begins with the name of the operation and the ways, and a row with the name of the mode, in one word or two.
file == 1 && /^(conn|rr|udp) / {
	operation = $1
	way_count = NF - 1
	for (i = 1; i <= way_count; i++)
		ways[i] = $(i + 1)
	next
}

file == 1 && NF == 0 {
	operation = ""
}

file == 1 && operation {
	for (i = 1; i <= way_count; i++)
		recorded[$1 " " $2, operation, ways[i]] = $(NF - way_count + i)
	next
}

file > 1 && /^nft\.ipv4\.(ipvs|agent)\./ && $2 == 200 {
	split($1, part, ".")
	sum[file, part[3], part[4], part[5]] += $3
	count[file, part[3], part[4], part[5]]++
}

# Return: instructions of PROXY, in MEASURED-THEN (2) or MEASUREMENTS (3)
function mean(from, proxy, operation, way)
{
	return sum[from, proxy, operation, way] / count[from, proxy, operation, way]
}

function multiple(mode, operation, way,   there, here, alone)
{
	alone = mean(3, "ipvs", operation, way)
	if (mode == "agent")
		return mean(3, "agent", operation, way) / alone
	there = recorded["agent 311b2b4", operation, way] - recorded["IPVS alone", operation, way]
	here = mean(2, "agent", operation, way) - mean(2, "ipvs", operation, way)
	return 1 + (recorded[mode, operation, way] - recorded["IPVS alone", operation, way]) * here / there / alone
}

END {
	mode_count = split("agent,ipvs mode,iptables mode,nftables mode", modes, ",")
	operation_count = split("conn rr udp", operations, " ")
	for (o = 1; o <= operation_count; o++) {
		operation = operations[o]
		printf "%-18s", operation
		for (i = 1; i <= way_count; i++)
			printf "%18s", ways[i]
		printf "\n"
		for (m = 1; m <= mode_count; m++) {
			printf "%-18s", modes[m]
			for (i = 1; i <= way_count; i++) {
				if (recorded["agent 311b2b4", operation, ways[i]] + 0 == 0 || !((3, "agent", operation, ways[i]) in count))
					printf "%18s", "-"
				else
					printf "%18.2f", multiple(modes[m], operation, ways[i])
			}
			printf "\n"
		}
		printf "\n"
	}
}
